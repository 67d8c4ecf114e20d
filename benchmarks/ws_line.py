"""A WebSocket client as light as it can be, so that the client is not what is measured.

It masks with zeros, which RFC 6455 (section 5.3) allows, knows text frames,
answers pings, and looks at a frame's `type` alone.
"""

from __future__ import annotations

import json
from typing import Any

import trio

from nexus_trio.experiment.wire import WireError, parse_url

UPGRADE = (
    b"GET /bridge/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: nexus.v1\r\n\r\n"
)

TEXT, PING = 1, 9


def frame(**fields: Any) -> bytes:
    """One text frame with an object in it, masked with zeros."""
    return text_frame(json.dumps(fields).encode())


def text_frame(data: bytes) -> bytes:
    """One text frame of up to 64 KiB, masked with zeros."""
    if len(data) < 126:
        return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


class Line:
    """One WebSocket."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.left = b""

    async def texts(self) -> list[bytes]:
        """What text came, one message or more."""
        found: list[bytes] = []
        while not found:
            data = await self.stream.receive_some(65536)
            if not data:
                raise WireError("The server closed the WebSocket.")
            self.left += bytes(data)
            frames = self._frames()
            found = [content for code, content in frames if code == TEXT]
            for code, content in frames:
                if code == PING:
                    await self.stream.send_all(
                        bytes([0x8A, 0x80 | len(content)]) + bytes(4) + content
                    )
        return found

    def _frames(self) -> list[tuple[int, bytes]]:
        found, at, left = [], 0, self.left
        while len(left) - at >= 2:
            size, head = left[at + 1], 2
            if size >= 126:
                head = 4 if size == 126 else 10
                if len(left) - at < head:
                    break
                size = int.from_bytes(left[at + 2 : at + head], "big")
            if len(left) - at < head + size:
                break
            found.append((left[at] & 15, left[at + head : at + head + size]))
            at += head + size
        self.left = left[at:]
        return found

    async def count(self, kind: bytes, most: int) -> None:
        """Read until `most` frames of a type have come."""
        mark = b'"type":"' + kind + b'"'
        while most > 0:
            most -= sum(mark in text.replace(b": ", b":")[:40] for text in await self.texts())


async def open_line(url: str, user: str, room: str = "Tower") -> Line:
    """A WebSocket of `user`, welcomed. Raises `WireError`."""
    address = parse_url(url)
    stream = await trio.open_tcp_stream(address.host, address.port)
    await stream.send_all(UPGRADE)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await stream.receive_some(4096)
        if not piece:
            raise WireError("The upgrade was not answered.")
        head += bytes(piece)
    if not head.startswith(b"HTTP/1.1 101"):
        raise WireError(f"The upgrade was refused: {head[:12]!r}.")
    line = Line(stream)
    line.left = head.partition(b"\r\n\r\n")[2]
    await stream.send_all(frame(type="hello", user_id=user, room=room))
    await line.count(b"welcome", 1)
    return line


async def drain(line: Line, scope: trio.CancelScope) -> None:
    """Read and forget, until cancelled; a server that closes ends `scope`."""
    try:
        while True:
            await line.texts()
    except WireError:
        scope.cancel()
