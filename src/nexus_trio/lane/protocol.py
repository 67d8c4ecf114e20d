"""HTTP/1.1 and WebSocket as Hypercorn speaks them, without what must not pass."""

from __future__ import annotations

import h11
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Data, Request
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol, H11WSConnection

from nexus_trio.lane import websocket
from nexus_trio.lane.websocket import ContainedWebSocket

REQUEST_TIMEOUT = 408
BAD_REQUEST = 400
UPGRADE_REQUIRED = 426


class RefusedRequest(Exception):
    """A request that can't be trusted or taken: it is answered once, then closed."""

    def __init__(self, status: int = BAD_REQUEST) -> None:
        super().__init__(status)
        self.status = status


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
        except RefusedRequest as refused:
            await self._answer_and_close(refused.status)
        if self.stream is not None and self.stream.closed:
            # A handshake that was refused: Hypercorn has answered, and would
            # now wait for the client to close.
            await self.send(Closed())

    async def stream_send(self, event: StreamEvent) -> None:
        """Send what the app or the WebSocket asks for."""
        if self._refused:
            return  # the answer was ours; the app may still think that it is its own
        if isinstance(event, Data):
            await self.send(RawData(event.data))
        else:
            await super().stream_send(event)

    async def ping(self) -> bool:
        """Ask the client of a WebSocket whether it is there; false before it was accepted."""
        return isinstance(self.stream, ContainedWebSocket) and await self.stream.ping()

    async def say_goodbye(self) -> None:
        """Nothing: HTTP/1.1 ends with its connection."""

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
        return isinstance(self.stream, ContainedWebSocket)

    async def _answer_and_close(self, status: int) -> None:
        self._refused = True
        if self._h11.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            headers += websocket.OFFER if status == UPGRADE_REQUIRED else []
            headers += self.config.response_headers("h11")
            await self._send_h11_event(h11.Response(status_code=status, headers=headers))
            await self._send_h11_event(h11.EndOfMessage())
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
        return isinstance(self.stream, ContainedWebSocket) and not self.stream.handshake.accepted

    async def _create_stream(self, request: h11.Request) -> None:
        if not websocket.asked_for(request):
            await super()._create_stream(request)
            return
        status = BAD_REQUEST if self._h11.trailing_data[0] else websocket.fault(request)
        if status is not None:
            raise RefusedRequest(status)  # before the app was asked
        self.stream = ContainedWebSocket(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        self.connection = H11WSConnection(self._h11)
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=websocket.headers(request),
                http_version=request.http_version.decode(),
                method="GET",
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        await self.context.mark_request()
