"""WebSockets over epoll, with no event loop above: a client for thousands of listeners.

A task for each listener costs more than a fast server takes to send to it, and
the client would be what is measured. What this one can do is measured beside,
against a server that does next to nothing (`peers/bare_ws.py`). It masks with
zeros, which RFC 6455 (section 5.3) allows, and looks at the marks of frames alone.
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from nexus_trio.experiment.wire import parse_url
from ws_line import UPGRADE, frame, text_frame

MESSAGE = "Tell me about the oldest thing in this room, please; I have come a long way to see it."
DEADLINE = 30.0  # seconds without a single frame: then the measurement has failed

TEXT, CLOSE, PING = 1, 8, 9
ENGINE_PING, ENGINE_PONG = ord("2"), text_frame(b"3")  # Engine.IO's own, in text frames


@dataclass(frozen=True, slots=True)
class Wire:
    """How one kind of server is spoken to, and what its frames bear that are waited for."""

    path: Callable[[str, str], str]
    hello: Callable[[str, str], bytes]
    send: Callable[..., bytes]
    welcomed: bytes
    replied: bytes
    heard: bytes
    subprotocol: bool = True

    def message(self, ref: str) -> bytes:
        return self.send("message", ref=ref, message=MESSAGE)

    def say(self, ref: str) -> bytes:
        return self.send("say", ref=ref, text=MESSAGE)

    def upgrade(self, user: str, room: str) -> bytes:
        head = UPGRADE.replace(b"/bridge/ws", self.path(user, room).encode())
        protocol = b"Sec-WebSocket-Protocol: nexus.v1\r\n"
        return head if self.subprotocol else head.replace(protocol, b"")


def nexus(space: bytes) -> Wire:
    """`nexus.v1` as a server writes it that has `space` behind the colons of its JSON."""

    def hello(user: str, room: str) -> bytes:
        return frame(type="hello", user_id=user, room=room)

    def send(kind: str, **fields: Any) -> bytes:
        return frame(type=kind, **fields)

    return Wire(
        path=lambda *_: "/bridge/ws",
        hello=hello,
        send=send,
        welcomed=b'"type":' + space + b'"welcome"',
        replied=b'"type":' + space + b'"reply"',
        heard=b'"event":' + space + b'"said"',
    )


def _socket_io_path(user: str, room: str) -> str:
    query = {"EIO": 4, "transport": "websocket", "user_id": user, "room": room}
    return f"/socket.io/?{urlencode(query)}"


def _socket_io_send(kind: str, **fields: Any) -> bytes:
    return text_frame(b"42" + json.dumps([kind, fields]).encode())


SOCKET_IO = Wire(
    path=_socket_io_path,
    hello=lambda *_: text_frame(b"40"),
    send=_socket_io_send,
    welcomed=b'42["welcome"',
    replied=b'42["reply"',
    heard=b'"event":"said"',
    subprotocol=False,
)


def wire_of(server: str) -> Wire:
    """The wire that a server of `launch.py` speaks."""
    if server in ("socket.io", "python-socketio"):
        return SOCKET_IO
    return nexus(b" " if server.startswith("aiohttp") else b"")


class Line:
    """One WebSocket; exits with a plain line where the server closes it."""

    __slots__ = ("left", "socket", "wanted")

    def __init__(self, url: str, wire: Wire, user: str, room: str) -> None:
        address = parse_url(url)
        self.socket = socket.create_connection((address.host, address.port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wanted = 0
        self.socket.sendall(wire.upgrade(user, room))
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(4096)
            if not piece:
                raise SystemExit("The upgrade was not answered.")
            head += piece
        if not head.startswith(b"HTTP/1.1 101"):
            raise SystemExit(f"The upgrade was refused: {head[:12]!r}.")
        self.left = head.partition(b"\r\n\r\n")[2]
        self.socket.sendall(wire.hello(user, room))
        while not self.receive(wire.welcomed):
            pass

    def receive(self, mark: bytes) -> int:
        """Read once what has come; how many of its frames bear the mark. Answers pings."""
        data = self.socket.recv(262144)
        if not data:
            raise SystemExit("The server closed a WebSocket.")
        if self.left:
            data = self.left + data
        at, end, found = 0, len(data), 0
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size >= 126:
                start = at + 4 if size == 126 else at + 10
                if start > end:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            if start + size > end:
                break
            code = data[at] & 15
            if code == TEXT and data.find(mark, start, start + size) >= 0:
                found += 1
            elif code != TEXT or (size == 1 and data[start] == ENGINE_PING):
                self._control(code, data[start : start + size])
            at = start + size
        self.left = data[at:]
        return found

    def _control(self, code: int, content: bytes) -> None:
        if code == CLOSE:
            raise SystemExit(f"The server closed a WebSocket: {content!r}.")
        if code == PING:
            self.socket.sendall(bytes([0x8A, 0x80 | len(content)]) + bytes(4) + content)
        if code == TEXT:
            self.socket.sendall(ENGINE_PONG)


class Poll:
    """Many lines that are read as soon as something has come, for as long as is asked."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines: dict[int, Line] = {}
        self._poll = select.epoll()
        for line in lines:
            self.add(line)

    def add(self, line: Line) -> None:
        """One line more."""
        self._lines[line.socket.fileno()] = line
        self._poll.register(line.socket.fileno(), select.EPOLLIN)

    def ready(self) -> list[Line]:
        """Those where something has come; waits for it."""
        found = self._poll.poll(DEADLINE)
        if not found:
            raise SystemExit(f"No frame came within {DEADLINE:g} s.")
        return [self._lines[file] for file, _ in found]

    def quiet(self, seconds: float) -> None:
        """Read and forget until nothing has come for so long."""
        while found := self._poll.poll(seconds):
            for file, _ in found:
                self._lines[file].receive(b"\0")

    def forget(self) -> None:
        """Leave the lines open, and no longer wait for them."""
        self._poll.close()

    def close(self) -> None:
        """Close all lines."""
        self.forget()
        for line in self._lines.values():
            line.socket.close()
