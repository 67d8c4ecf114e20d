"""WebSocket by hand (RFC 6455), on a blocking socket.

A codec of the tests' own: what is tested is built on wsproto, and the two must
not share a mistake.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Any

GUARD = 30.0  # seconds after which something that hangs counts as failed

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
USER = "resident"
"""Whom most cases are of: a user who is in its room already, so that no event comes between."""

MASK = bytes.fromhex("37fa213d")
KEY = base64.b64encode(b"sixteen bytes ok").decode()
ACCEPT = base64.b64encode(
    hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
).decode()


def masked(payload: bytes, mask: bytes = MASK) -> bytes:
    pad = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(pad)).to_bytes(len(payload))


def header(size: int, opcode: int, *, fin: bool = True, rsv: int = 0, mask: bool = True) -> bytes:
    """The first bytes of a frame that announces `size` bytes, without the mask's own."""
    first, bit = (0x80 if fin else 0) | rsv << 4 | opcode, 0x80 if mask else 0
    if size < 126:
        return bytes([first, bit | size])
    if size < 1 << 16:
        return struct.pack("!BBH", first, bit | 126, size)
    return struct.pack("!BBQ", first, bit | 127, size)


def frame(
    payload: bytes = b"",
    opcode: int = TEXT,
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = MASK,
    announced: int | None = None,
) -> bytes:
    """One frame of a client. `announced` stands in its header in place of its size."""
    size = len(payload) if announced is None else announced
    head = header(size, opcode, fin=fin, rsv=rsv, mask=mask is not None)
    return head + payload if mask is None else head + mask + masked(payload, mask)


def fragments(pieces: Iterable[bytes], opcode: int = TEXT) -> list[bytes]:
    """One message in as many frames as there are pieces."""
    parts = list(pieces)
    return [
        frame(part, CONTINUATION if index else opcode, fin=index == len(parts) - 1)
        for index, part in enumerate(parts)
    ]


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """`data` in pieces of `size` bytes."""
    return (data[at : at + size] for at in range(0, len(data), size))


def closing(code: int | None, reason: bytes = b"") -> bytes:
    """A client's close frame."""
    return frame(b"" if code is None else struct.pack("!H", code) + reason, CLOSE)


def request(**changed: str | None) -> bytes:
    """An opening handshake; `_` stands for `-` in a header's name, None leaves one out."""
    lines = {
        "Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec_WebSocket_Key": KEY, "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Protocol": "nexus.v1",
    } | changed  # fmt: skip
    given = [f"{k.replace('_', '-')}: {v}" for k, v in lines.items() if v is not None]
    return "\r\n".join(["GET /bridge/ws HTTP/1.1", *given, "", ""]).encode()


class RawSocket:
    """One connection. What the server sends is held to the rules for servers."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=GUARD)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def send(self, *frames: bytes, chop: int | None = None) -> None:
        """Send these bytes, in writes of `chop` bytes."""
        data = b"".join(frames)
        for piece in [data] if chop is None else cut(data, chop):
            self.sock.sendall(piece)

    def say(self, **fields: Any) -> None:
        """Send one frame of JSON."""
        self.send(frame(json.dumps(fields, ensure_ascii=False).encode()))

    def hello(self, user: str = USER, room: str = "Garden") -> None:
        """Say who this is, and be welcomed."""
        self.say(type="hello", user_id=user, room=room)
        assert self.answer()["type"] == "welcome"

    def upgrade(self, head: bytes | None = None) -> bytes:
        """Send an opening handshake; the head of the answer."""
        self.send(request() if head is None else head)
        while b"\r\n\r\n" not in self._left:
            self._more()
        answer, _, self._left = self._left.partition(b"\r\n\r\n")
        return answer

    def frame(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload. Raises `EOFError` at the end of the connection."""
        first, second = self._take(2)
        size = second & 0x7F
        if size >= 126:
            wide = {126: 2, 127: 8}[size]
            size = int.from_bytes(self._take(wide))
            assert size > {2: 125, 8: 65535}[wide], "the length is not in its shortest form"
        assert first & 0x70 == 0, "a reserved bit is set"
        assert first & 0x80, "the server fragments"
        assert second & 0x80 == 0, "the server masks"
        return first & 0x0F, self._take(size)

    def answer(self) -> dict[str, Any]:
        """The next frame of JSON."""
        opcode, payload = self.frame()
        assert opcode == TEXT, (opcode, payload)
        found: dict[str, Any] = json.loads(payload)
        return found

    def closed(self) -> int | None:
        """The code of the close frame that comes next; the connection then ends."""
        opcode, payload = self.frame()
        assert opcode == CLOSE, (opcode, payload)
        try:
            extra = self._take(1)
        except EOFError:
            return int.from_bytes(payload[:2]) if payload else None
        raise AssertionError(f"{extra!r} after the close frame")

    def reset(self) -> None:
        """Go away without a word (RST)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _take(self, size: int) -> bytes:
        while len(self._left) < size:
            self._more()
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def _more(self) -> None:
        piece = self.sock.recv(65536)
        if not piece:
            assert not self._left, "the connection ends within a frame"
            raise EOFError
        self._left += piece

    def __enter__(self) -> RawSocket:
        return self

    def __exit__(self, *error: object) -> None:
        self.sock.close()


def welcomed(port: int, user: str = USER, room: str = "Garden") -> RawSocket:
    """A connection after its welcome."""
    raw = RawSocket(port)
    assert raw.upgrade().startswith(b"HTTP/1.1 101 ")
    raw.hello(user, room)
    return raw
