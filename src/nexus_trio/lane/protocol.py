"""HTTP/1.1 and WebSocket as Hypercorn speaks them, without what must not pass."""

from __future__ import annotations

from typing import Any

import h11
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.protocol.ws_stream import FrameTooLargeError, WebsocketBuffer, WSStream
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

REQUEST_TIMEOUT = 408
BAD_REQUEST = 400


class RefusedRequest(Exception):
    """A request whose framing can't be trusted: it is answered once, then closed."""


class FrameBuffer(WebsocketBuffer):
    """One message under way, bounded in octets.

    Hypercorn's own stores a piece before it measures it, counts text in
    characters, and goes on storing after the bound was passed.
    """

    def __init__(self, max_length: int) -> None:
        super().__init__(max_length)
        self.exceeded = False
        self._octets = 0

    def extend(self, event: Message[Any]) -> None:
        """Add a piece. Raises `FrameTooLargeError`, with nothing added."""
        data = event.data
        self._octets += len(data.encode()) if isinstance(data, str) else len(data)
        if self._octets > self.max_length:
            self.exceeded = True
            raise FrameTooLargeError
        super().extend(event)

    def clear(self) -> None:
        """The message was handed over."""
        super().clear()
        self._octets = 0


class ContainedProtocol(H11Protocol):
    """One connection's protocol: HTTP/1.0, HTTP/1.1, and WebSocket after an upgrade.

    HTTP/2 in clear text never begins: `Upgrade: h2c` is ignored, as RFC 9110,
    section 7.8, allows; its preface is refused like any foreign version.
    """

    config: Config
    _refused = False

    async def handle(self, event: Event) -> None:
        """Take what was read, or that the client is gone."""
        if isinstance(event, RawData) and event.data and self._too_early:
            await self._answer_and_close(BAD_REQUEST)
            return
        try:
            await super().handle(event)
        except RefusedRequest:
            await self._answer_and_close(BAD_REQUEST)
        if isinstance(self.stream, WSStream) and self._exceeded(self.stream):
            # 1009 was sent. Waiting for the client's own close frame would mean
            # reading as much as it likes to send.
            await self._maybe_recycle()
        elif self.stream is not None and self.stream.closed:
            # A handshake that was refused: Hypercorn has answered, and would
            # now wait for the client to close.
            await self.send(Closed())

    async def stream_send(self, event: StreamEvent) -> None:
        """Send what the app or the WebSocket asks for."""
        if self._refused:
            return  # the answer was ours; the app may still think that it is its own
        if isinstance(event, StreamClosed) and isinstance(self.stream, WSStream):
            await self._close_frame(self.stream)
        await super().stream_send(event)

    async def ping(self) -> bool:
        """Ask the client of a WebSocket whether it is there; false before it was accepted."""
        if not isinstance(self.stream, WSStream) or not self.stream.handshake.accepted:
            return False
        await self.stream._send_wsproto_event(Ping())
        return True

    async def time_out(self) -> None:
        """The client stopped halfway: 408 if a request was not answered yet, then the end."""
        await self._answer_and_close(REQUEST_TIMEOUT)

    @property
    def awaits_body(self) -> bool:
        """Whether the client has begun a request and owes the rest of its body."""
        return self.connection.their_state is h11.SEND_BODY

    @property
    def is_websocket(self) -> bool:
        """Whether the connection was handed over to a WebSocket, accepted or not."""
        return isinstance(self.stream, WSStream)

    async def _answer_and_close(self, status: int) -> None:
        self._refused = True
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            await self._send_error_response(status)
        await self.send(Closed())

    async def _check_protocol(self, event: h11.Request) -> None:
        names = {name for name, _ in event.headers}
        if event.http_version not in (b"1.0", b"1.1"):
            raise RefusedRequest
        if b"transfer-encoding" in names and (
            # Two lengths for one body: whoever stands in front may have chosen
            # the other, and what follows would be a smuggled request (RFC 9112,
            # section 6.1, which has 1.0 with Transfer-Encoding faulty as well).
            b"content-length" in names or event.http_version == b"1.0"
        ):
            raise RefusedRequest

    @property
    def _h11(self) -> h11.Connection:
        if isinstance(self.connection, H11WSConnection):
            return self.connection.h11_connection
        return self.connection

    @property
    def _too_early(self) -> bool:
        # A client waits for the answer to its upgrade before it sends a frame
        # (RFC 6455, section 4.1).
        return isinstance(self.stream, WSStream) and not self.stream.handshake.accepted

    async def _create_stream(self, request: h11.Request) -> None:
        if (b"upgrade", b"websocket") in _lowered(request) and self._h11.trailing_data[0]:
            raise RefusedRequest  # before the app was asked
        await super()._create_stream(_without_extensions(request))
        if isinstance(self.stream, WSStream):
            self.stream.buffer = FrameBuffer(self.config.websocket_max_message_size)

    async def _close_frame(self, stream: WSStream) -> None:
        # Still open where the client's frames could not be read: RFC 6455,
        # section 7.1.7, then wants a close frame, which Hypercorn leaves out.
        if stream.handshake.accepted and stream.connection.state is ConnectionState.OPEN:
            await stream._send_wsproto_event(CloseConnection(code=CloseReason.PROTOCOL_ERROR))

    @staticmethod
    def _exceeded(stream: WSStream) -> bool:
        return isinstance(stream.buffer, FrameBuffer) and stream.buffer.exceeded


def _lowered(request: h11.Request) -> list[tuple[bytes, bytes]]:
    return [(name, value.strip().lower()) for name, value in request.headers]


def _without_extensions(request: h11.Request) -> h11.Request:
    """The request without its offer to compress WebSocket messages.

    64 KiB off the wire may be 64 MiB once inflated, before any bound is asked.
    """
    kept = [pair for pair in request.headers if pair[0] != b"sec-websocket-extensions"]
    if len(kept) == len(request.headers):
        return request
    return h11.Request(
        method=request.method,
        target=request.target,
        headers=kept,
        http_version=request.http_version,
    )
