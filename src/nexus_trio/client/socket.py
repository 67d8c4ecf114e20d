"""A WebSocket (RFC 6455, by wsproto) on a trio stream: bounded, without tasks of its own.

What is to be sent is put into a buffer at once and leaves with `flush`, so that a pong
never waits for whoever sends, and a caller that is cancelled tears no frame.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Final

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

PATH: Final = "/bridge/ws"
SUBPROTOCOL: Final = "nexus.v1"

MOST_CHARS: Final = 1024 * 1024
"""Of one message: the server lets no more than that wait for a connection."""
MOST_UNSENT: Final = 16 * 1024 * 1024
"""Bytes that may wait for a server which does not read: twice all calls of the client, be each of
them the largest frame that the server takes."""
CHUNK: Final = 65536
"""One read takes an ordinary frame whole."""


class SocketError(Exception):
    """What came is no WebSocket, or is out of its bounds."""


class SocketRefused(SocketError):
    """The upgrade was answered with another status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The WebSocket was refused with status {status}.")
        self.status = status


class SocketClosed(SocketError):
    """The other side closed; `code` as on the wire, 1006 without a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The server closed the WebSocket with code {code}.")
        self.code = code


class Socket:
    """One WebSocket. Any task may put and flush; one task receives."""

    def __init__(self, stream: trio.abc.Stream, host: str, path: str = PATH) -> None:
        self.stream = stream
        self.proto = WSConnection(ConnectionType.CLIENT)
        self.subprotocol: str | None = None
        self.pings = 0
        # When bytes came last, on trio's clock.
        self.heard_at = trio.current_time()
        self._host = host
        self._path = path
        self._open = False
        self._messages: deque[str | SocketClosed] = deque()
        self._parts: list[str] = []
        self._chars = 0
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._sending = False
        # A send was cut: the other side has half a frame, and nothing can follow it.
        self._torn = False

    async def shake_hands(
        self,
        subprotocols: list[str] | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Upgrade the connection. Raises `SocketError` where that is refused, or cut."""
        offered = [SUBPROTOCOL] if subprotocols is None else subprotocols
        self._put(
            Request(
                host=self._host,
                target=self._path,
                subprotocols=offered,
                extra_headers=headers or [],
            )
        )
        await self.flush()
        while not self._open:
            await self._read()
            if self._messages and not self._open:
                raise SocketClosed(1006)

    def put(self, text: str) -> None:
        """Have a text message sent by the next `flush`. Raises `SocketError` where too much waits,
        `SocketClosed` after the close."""
        self._put(TextMessage(data=text))

    def put_ping(self) -> None:
        """The same with a ping, which any WebSocket answers."""
        self._put(Ping())

    async def flush(self) -> None:
        """Send what waits. Cancelled, the connection is of no use any more: close it.

        Where another task is at it, that one sends this too.
        """
        if self._sending:
            return
        self._sending = self._torn = True
        try:
            while self._unsent:
                data = b"".join(self._unsent)
                self._unsent.clear()
                self._unsent_bytes = 0
                await self.stream.send_all(data)
            self._torn = False
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise SocketClosed(1006) from None
        finally:
            self._sending = False

    async def receive_text(self) -> str:
        """The next message. Raises `SocketClosed`, again and again; `SocketError`. Cancel-safe."""
        while not self._messages:
            await self._read()
        if isinstance(self._messages[0], SocketClosed):
            raise SocketClosed(self._messages[0].code)
        message = self._messages.popleft()
        assert isinstance(message, str)
        return message

    async def _read(self) -> None:
        try:
            data = await self.stream.receive_some(CHUNK)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            data = b""
        if not data:
            self._messages.append(SocketClosed(1006))
            return
        self.heard_at = trio.current_time()
        try:
            self.proto.receive_data(bytes(data))
            for event in self.proto.events():
                self._take(event)
        except ProtocolError as error:
            raise SocketError(f"The answer is no WebSocket: {error}.") from error
        if self._unsent:
            # Where that fails, what was read comes first, a goodbye above all, and then the end.
            with contextlib.suppress(SocketClosed):
                await self.flush()

    def _take(self, event: Event) -> None:
        match event:
            case AcceptConnection():
                self._open, self.subprotocol = True, event.subprotocol
            case RejectConnection():
                raise SocketRefused(event.status_code)
            case TextMessage():
                self._gather(event.data, event.message_finished)
            case BytesMessage():
                raise SocketError("The server sent a binary message, which nexus.v1 has none of.")
            case Ping():
                self.pings += 1
                self._put(event.response())
            case CloseConnection():
                with contextlib.suppress(SocketError):
                    self._put(event.response())
                self._messages.append(SocketClosed(int(event.code)))

    def _gather(self, text: str, finished: bool) -> None:
        self._chars += len(text)
        if self._chars > MOST_CHARS:
            raise SocketError(f"The server sent a message of more than {MOST_CHARS} characters.")
        if text:
            self._parts.append(text)
        if finished:
            self._messages.append("".join(self._parts))
            self._parts.clear()
            self._chars = 0

    def _put(self, event: Event) -> None:
        try:
            data = self.proto.send(event)
        except ProtocolError:
            raise SocketClosed(1006) from None
        if self._unsent_bytes + len(data) > MOST_UNSENT:
            raise SocketError("The server does not read what is sent to it.")
        self._unsent.append(data)
        self._unsent_bytes += len(data)

    async def close(self, patience: float = 1.0) -> None:
        """Say goodbye, within `patience` seconds, and close. Never raises but `Cancelled`."""
        try:
            with trio.move_on_after(patience), contextlib.suppress(SocketError):
                if not self._torn:
                    self._put(CloseConnection(code=1000))
                    await self.flush()
        finally:
            await trio.aclose_forcefully(self.stream)
