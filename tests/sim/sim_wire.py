"""Reading the wire: HTTP answers, frames of a WebSocket and event streams, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
MASK = b"\x11\x22\x33\x44"


class Unasked(AssertionError):
    """Bytes that answer nothing, or that are no HTTP."""


@dataclass
class Answer:
    """One answer of HTTP, as far as it has come."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False


class HttpReader:
    """Bytes in, answers out: chunked, of a length, or up to the end of the connection."""

    def __init__(self) -> None:
        self._waiting = b""
        self.answer: Answer | None = None
        self._left = 0
        self._chunked = False

    def feed(self, data: bytes) -> Iterator[Answer]:
        """Each answer that is complete now; `answer` is the one that has begun."""
        self._waiting += data
        while True:
            if self.answer is None and not self._head():
                return
            assert self.answer is not None
            if not (self._chunk() if self._chunked else self._rest()):
                return
            done, self.answer = self.answer, None
            done.complete = True
            yield done

    def rest(self) -> bytes:
        """What stands behind the last answer."""
        rest, self._waiting = self._waiting, b""
        return rest

    def _head(self) -> bool:
        head, found, rest = self._waiting.partition(b"\r\n\r\n")
        if not found:
            return False
        lines = head.decode("latin-1").split("\r\n")
        if not lines[0].startswith("HTTP/1.1 "):
            raise Unasked(f"no status line: {lines[0][:40]!r}")
        pairs = (line.split(":", 1) for line in lines[1:])
        headers = {name.lower(): value.strip() for name, value in pairs}
        self.answer = Answer(int(lines[0].split(" ")[1]), headers)
        self._waiting = rest
        self._chunked = headers.get("transfer-encoding") == "chunked"
        self._left = int(headers.get("content-length", 0))
        return True

    def _rest(self) -> bool:
        assert self.answer is not None
        some = self._waiting[: self._left]
        self.answer.body += some
        self._waiting = self._waiting[len(some) :]
        self._left -= len(some)
        return self._left == 0

    def _chunk(self) -> bool:
        assert self.answer is not None
        while True:
            line, found, rest = self._waiting.partition(b"\r\n")
            if not found:
                return False
            size = int(line, 16)
            if len(rest) < size + 2:
                return False
            self.answer.body += rest[:size]
            self._waiting = rest[size + 2 :]
            if size == 0:
                return True


class FrameReader:
    """Bytes in, frames of a WebSocket out: opcode and payload."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        self._waiting += data
        while len(self._waiting) >= 2:
            size, at = self._waiting[1] & 127, 2
            if size == 126:
                size, at = int.from_bytes(self._waiting[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(self._waiting[2:10], "big"), 10
            if len(self._waiting) < at + size:
                return
            opcode, payload = self._waiting[0], self._waiting[at : at + size]
            self._waiting = self._waiting[at + size :]
            if opcode & 0x70 or not opcode & 0x80:
                raise Unasked(f"a frame that begins with {opcode:#x}")
            yield opcode & 15, payload


def masked(opcode: int, payload: bytes) -> bytes:
    """A whole frame of a client."""
    size = len(payload)
    head = bytes([0x80 | opcode])
    head += bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return head + MASK + bytes(b ^ MASK[i & 3] for i, b in enumerate(payload))


def events(body: bytes) -> list[dict[str, Any]]:
    """The whole events of a stream, with `id` beside the data where there is one."""
    found = []
    for block in body.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            found.append({**json.loads(fields["data"]), "event_id": fields.get("id")})
    return found
