"""A light WebSocket client (RFC 6455, by wsproto) on a trio socket, beside the one for HTTP."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from typing import Any

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from nexus_trio.experiment.wire import CHUNK, DEADLINE, Address, WireError

PATH = "/bridge/ws"
SUBPROTOCOL = "nexus.v1"


class SocketClosed(WireError):
    """The server closed the connection; `code` as on the wire, 1006 without a close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The server closed the WebSocket with code {code}.")
        self.code = code


class Socket:
    """One WebSocket. Sending and receiving may be two tasks; each is one at a time."""

    def __init__(self, stream: trio.abc.Stream, host: str) -> None:
        self.stream = stream
        self.proto = WSConnection(ConnectionType.CLIENT)
        self.subprotocol: str | None = None
        self._host = host
        self._frames: deque[Any] = deque()
        self._parts: list[str] = []
        self._open = False
        self.pings = 0

    async def shake_hands(
        self,
        subprotocols: list[str] | None = None,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Upgrade the connection. Raises `WireError` where it is refused."""
        offered = [SUBPROTOCOL] if subprotocols is None else subprotocols
        request = Request(
            host=self._host, target=PATH, subprotocols=offered, extra_headers=headers or []
        )
        await self.stream.send_all(self.proto.send(request))
        while not self._open:
            await self._read()

    async def send(self, **frame: Any) -> None:
        """Send one frame."""
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        """Send one text message, of whatever content."""
        await self.stream.send_all(self.proto.send(TextMessage(data=text)))

    async def send_bytes(self, data: bytes) -> None:
        """Send one binary message."""
        await self.stream.send_all(self.proto.send(BytesMessage(data=data)))

    async def receive(self) -> dict[str, Any]:
        """The next frame. Raises `SocketClosed`."""
        while not self._frames:
            await self._read()
        frame = self._frames.popleft()
        if isinstance(frame, SocketClosed):
            self._frames.append(frame)
            raise frame
        found: dict[str, Any] = json.loads(frame)
        return found

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The next frames, up to and with the first one of these types."""
        got = [await self.receive()]
        while got[-1]["type"] not in kinds:
            got.append(await self.receive())
        return got

    async def _read(self) -> None:
        try:
            data = await self.stream.receive_some(CHUNK)
        except trio.BrokenResourceError:
            data = b""
        if not data:
            self._frames.append(SocketClosed(1006))
            self._open = True
            return
        try:
            self.proto.receive_data(bytes(data))
            for event in self.proto.events():
                await self._take(event)
        except ProtocolError as error:
            raise WireError(f"The answer is no WebSocket: {error}.") from error

    async def _take(self, event: Any) -> None:
        match event:
            case AcceptConnection():
                self._open, self.subprotocol = True, event.subprotocol
            case RejectConnection():
                raise WireError(f"The WebSocket was refused with status {event.status_code}.")
            case TextMessage():
                self._parts.append(event.data)
                if event.message_finished:
                    self._frames.append("".join(self._parts))
                    self._parts.clear()
            case Ping():
                self.pings += 1
                await self.stream.send_all(self.proto.send(event.response()))
            case CloseConnection():
                self._frames.append(SocketClosed(int(event.code)))

    async def close(self) -> None:
        """Say goodbye and close; an error on the way is none any more."""
        with trio.move_on_after(1):
            with contextlib.suppress(
                trio.BrokenResourceError, trio.ClosedResourceError, ProtocolError
            ):
                await self.stream.send_all(self.proto.send(CloseConnection(code=1000)))
        await trio.aclose_forcefully(self.stream)

    async def __aenter__(self) -> Socket:
        return self

    async def __aexit__(self, *error: object) -> None:
        await trio.aclose_forcefully(self.stream)


async def open_socket(address: Address, **how: Any) -> Socket:
    """A WebSocket of the server at `address`, open; `how` as for `Socket.shake_hands`.

    Raises `WireError` where nobody listens or the upgrade is refused.
    """
    where = f"{address.host}:{address.port}"
    try:
        with trio.fail_after(DEADLINE):
            stream = await trio.open_tcp_stream(address.host, address.port)
            found = Socket(stream, where)
            try:
                await found.shake_hands(**how)
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise
            return found
    except (OSError, trio.TooSlowError, trio.BrokenResourceError) as error:
        raise WireError(f"No WebSocket at {where}: {error}.") from error
