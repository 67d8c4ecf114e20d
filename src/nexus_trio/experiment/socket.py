"""The client's WebSocket, frame by frame, beside the light client for HTTP.

The client itself (`nexus_trio.client`) would hide what is measured and checked here: it holds
deltas against each other, drops what comes twice and asks again what was cut.
"""

from __future__ import annotations

import json
from typing import Any

import trio
from wsproto.events import BytesMessage

from nexus_trio.client import socket
from nexus_trio.client.socket import SocketClosed, SocketError
from nexus_trio.experiment.wire import DEADLINE, Address, WireError

__all__ = ["Socket", "SocketClosed", "SocketError", "open_socket"]


class Socket(socket.Socket):
    """One WebSocket. Sending and receiving may be two tasks; each is one at a time."""

    async def send(self, **frame: Any) -> None:
        """Send one frame."""
        await self.send_text(json.dumps(frame))

    async def send_text(self, text: str) -> None:
        """Send one text message, of whatever content."""
        self.put(text)
        await self.flush()

    async def send_bytes(self, data: bytes) -> None:
        """Send one binary message."""
        await self.stream.send_all(self.proto.send(BytesMessage(data=data)))

    async def receive(self) -> dict[str, Any]:
        """The next frame. Raises `SocketClosed`."""
        found: dict[str, Any] = json.loads(await self.receive_text())
        return found

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The next frames, up to and with the first one of these types."""
        got = [await self.receive()]
        while got[-1]["type"] not in kinds:
            got.append(await self.receive())
        return got

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
    except (OSError, trio.TooSlowError, SocketError) as error:
        raise WireError(f"No WebSocket at {where}: {error}.") from error
