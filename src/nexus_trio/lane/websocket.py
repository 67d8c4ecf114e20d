"""WebSocket as Hypercorn speaks it, held to RFC 6455 and bounded.

What can't be taken is answered with the code that says why: 1002 for what is
no frame, 1007 for text that is no UTF-8, 1009 for a message above the bound.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable
from time import time
from typing import Any, Protocol

import trio
from hypercorn.protocol.events import Data, Response, StreamClosed
from hypercorn.protocol.ws_stream import ASGIWebsocketState, WSStream
from hypercorn.typing import WebsocketAcceptEvent, WebsocketReceiveEvent
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping
from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

VERSION = b"13"
KEY_BYTES = 16

MANY = "websocket.send.many"
"""An extension of ASGI, and its message: `texts`, one frame each, in one send."""

AT_ONCE = "websocket.send.at_once"
"""Another: a function that sends a text, one frame, in this very step (`Socket.at_once`)."""

LISTS = (b"connection", b"sec-websocket-protocol")
"""Headers whose value is a list, and which may therefore come more than once."""

OFFER = [
    (b"sec-websocket-version", VERSION),
    (b"upgrade", b"websocket"),
    (b"connection", b"upgrade"),
]
"""What a refusal with 426 says (RFC 6455, section 4.4; RFC 9110, section 15.5.22)."""


def text_frame(payload: bytes) -> bytes:
    """A whole text frame of a server (RFC 6455, section 5.2). Pure."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 1 << 16:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), payload)


class Handshake(Protocol):
    """What is looked at of a request to become a WebSocket, whoever has parsed it."""

    @property
    def method(self) -> bytes:
        """As it came."""

    @property
    def http_version(self) -> bytes:
        """Such as 1.1."""

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Names in lower case."""


def asked_for(request: Handshake) -> bool:
    """Whether a request asks to be a WebSocket from here on. Pure."""
    tokens = b",".join(_values(request, b"connection")).lower().split(b",")
    return (
        request.method == b"GET"
        and b"websocket" in [value.lower() for value in _values(request, b"upgrade")]
        and b"upgrade" in [token.strip() for token in tokens]
    )


def fault(request: Handshake) -> int | None:
    """The status that refuses an opening handshake, or None where it may go on. Pure.

    426 for another version of WebSocket, or none; 400 for a key that is not one
    of 16 bytes, and for HTTP/1.0.
    """
    if request.http_version != b"1.1":
        return 400
    if _values(request, b"sec-websocket-version") != [VERSION]:
        return 426
    keys = _values(request, b"sec-websocket-key")
    return None if len(keys) == 1 and _is_key(keys[0]) else 400


def headers(request: Handshake) -> list[tuple[bytes, bytes]]:
    """The headers as Hypercorn is to read them, names in lower case. Pure.

    Without an offer to compress: 64 KiB off the wire may be 64 MiB once
    inflated, before any bound is asked. What is a list is in one line: it may
    come in several, of which Hypercorn reads the last.
    """
    apart = {b"sec-websocket-extensions", *LISTS}
    joined = [(name, b", ".join(_values(request, name))) for name in LISTS]
    return [
        *((name, value) for name, value in request.headers if name not in apart),
        *(pair for pair in joined if pair[1]),
    ]


def _values(request: Handshake, name: bytes) -> list[bytes]:
    return [value.strip() for found, value in request.headers if found == name]


def _is_key(value: bytes) -> bool:
    try:
        return len(b64decode(value, validate=True)) == KEY_BYTES
    except ValueError:
        return False


class Ceiling(Extension):
    """Refuses what would be too large by the header that announces it.

    Not an extension of the protocol: it is the one place where wsproto asks
    before it takes a payload. Control frames have a bound of their own.
    """

    name = "ceiling"

    def __init__(self, most: int) -> None:
        self._most = most
        # What the message under way may still announce behind its whole frames, in bytes.
        self._room = most
        # What the frame under way has announced of it: a control frame nothing.
        self._announced = 0
        self._control = False

    def enabled(self) -> bool:
        """Always."""
        return True

    def offer(self) -> bool:
        """Nothing is offered to anybody."""
        return False

    def frame_inbound_header(
        self,
        proto: FrameDecoder | FrameProtocol,
        opcode: Opcode,
        rsv: RsvBits,
        payload_length: int,
    ) -> CloseReason | RsvBits:
        """1009 where the message would pass its bound; reserved bits mean nothing here.

        wsproto asks again with each piece of a header that comes in pieces.
        """
        self._control = opcode.iscontrol()
        self._announced = 0 if self._control else payload_length
        if self._announced > self._room:
            return CloseReason.MESSAGE_TOO_BIG
        return RsvBits(False, False, False)

    def frame_inbound_complete(self, proto: FrameDecoder | FrameProtocol, fin: bool) -> None:
        """After its last frame, the next message has the whole bound."""
        if not self._control:
            self._room = self._most if fin else self._room - self._announced


class ContainedWebSocket(WSStream):
    """One WebSocket, from the request to upgrade on."""

    # Set when the app is started, and so before anything is accepted.
    app_put: Callable[[WebsocketReceiveEvent], Awaitable[None]]

    async def _accept(self, message: WebsocketAcceptEvent) -> None:
        self.state = ASGIWebsocketState.CONNECTED
        status, headers, _ = self.handshake.accept(
            message.get("subprotocol"), message.get("headers", [])
        )
        ceiling = Ceiling(self.config.websocket_max_message_size)
        self.connection = Connection(ConnectionType.SERVER, [ceiling])
        await self.send(Response(stream_id=self.stream_id, status_code=status, headers=headers))
        answered: Any = {"status": status, "headers": []}
        await self.config.log.access(self.scope, answered, time() - self.start_time)

    async def app_send(self, message: Any) -> None:
        """As ASGI has it, and `MANY`: the texts of several frames in one send."""
        if message is None or message["type"] != MANY:
            await super().app_send(message)
        elif not self.closed and self.connection.state is ConnectionState.OPEN:
            data = b"".join([text_frame(text.encode()) for text in message["texts"]])
            await self.send(Data(stream_id=self.stream_id, data=data))

    async def ping(self) -> bool:
        """Ask the client whether it is there; false before it was accepted."""
        if not self.handshake.accepted:
            return False
        await self._send_wsproto_event(Ping())
        return True

    async def _handle_events(self) -> None:
        """Take the frames that have come. One step for each: a flood is one task among many."""
        for event in self.connection.events():
            if self.closed:
                return
            if isinstance(event, Message):
                self.buffer.extend(event)
                if event.message_finished:
                    message: Any = self.buffer.to_message()
                    self.buffer.clear()
                    await self.app_put(message)
                    continue
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())
            elif isinstance(event, CloseConnection):
                await self._end(event)
                return
            await trio.lowlevel.checkpoint()

    async def _end(self, event: CloseConnection) -> None:
        """The client has closed, or has sent what can't be read: `event` has the code."""
        unreadable = self.connection.state is ConnectionState.OPEN
        # Without wsproto's reason, which may quote the client.
        answer = CloseConnection(code=event.code) if unreadable else event.response()
        await self._send_wsproto_event(answer)  # nothing, where our own close was first
        await self.send(StreamClosed(stream_id=self.stream_id))
