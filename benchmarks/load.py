"""The load: some users, each sending its next turn as soon as the last one is answered.

Sockets and epoll, and no event loop above them: a generator on trio or asyncio
takes longer for a request than a fast server does, and every ratio is drawn
towards 1. What this one can do at most is measured beside, against a server
that does next to nothing (`peers/bare_trio.py`).
"""

from __future__ import annotations

import json
import re
import secrets
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from nexus_trio.experiment.result import percentile
from nexus_trio.experiment.wire import Address, encode, parse_url
from processes import processor_s

MESSAGE = "Tell me about the oldest thing in this room, please; I have come a long way to see it."
WARM_UP = 0.15  # seconds that are sent and not counted: connections, caches, first sessions
DEADLINE = 30.0  # seconds for any answer: no server takes so long over a turn
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: turns a second, latencies in milliseconds, answers that were not 200.

    `cpu_us` is the server's processor time for a turn in microseconds, 0 where
    its process was not given.
    """

    turns: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    cpu_us: float


class Line:
    """One keep-alive connection with one request under way at most."""

    __slots__ = ("left", "request", "sent", "socket")

    def __init__(self, address: Address, request: bytes) -> None:
        self.socket = socket.create_connection((address.host, address.port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.left = b""
        self.sent = 0.0

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(self.request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body, where what has come is an answer; None where more must come.

        Exits where the server closed, or gives no length: such a benchmark means nothing.
        """
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("The server closed a connection before its answer was whole.")
        if self.left:
            data = self.left + data
        head = data.find(b"\r\n\r\n")
        if head >= 0:
            length = LENGTH.search(data, 0, head)
            if length is None:
                raise SystemExit(f"An answer has no length: {data[:head]!r}.")
            if len(data) == head + 4 + int(length[1]):
                self.left = b""
                return int(data[9:12]), data[head + 4 :]
        self.left = data
        return None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """One request, waiting for its answer; the socket's deadline holds."""
        self.request = request
        self.send()
        while (answer := self.receive()) is None:
            pass
        return answer


def exchange(lines: Iterable[Line], answered: Callable[[Line, int], bool]) -> None:
    """Sends each line's request, and again while `answered(line, status)` says so."""
    by_file = {line.socket.fileno(): line for line in lines}
    with select.epoll() as poll:
        for file, line in by_file.items():
            poll.register(file, select.EPOLLIN)
            line.send()
        open_lines = len(by_file)
        while open_lines:
            ready = poll.poll(DEADLINE)
            if not ready:
                raise SystemExit(f"No answer within {DEADLINE:g} s.")
            for file, _ in ready:
                line = by_file[file]
                answer = line.receive()
                if answer is None:
                    continue
                if answered(line, answer[0]):
                    line.send()
                else:
                    open_lines -= 1


def message_of(address: Address, user: str) -> bytes:
    """One user's turn as bytes; the same each time."""
    body = json.dumps({"user_id": user, "message": MESSAGE}).encode()
    return encode(address, "POST", "/bridge/chat", body)


def measure(
    url: str, users: int, seconds: float, turns: int | None = None, pid: int | None = None
) -> Sample:
    """Lets `users` send for `seconds`, or until `turns` were sent in all; then erases them.

    Exits where a call comes to no answer: a benchmark of a server that breaks
    connections means nothing.
    """
    address = parse_url(url)
    names = [f"bench-{secrets.token_hex(6)}" for _ in range(users)]
    lines = [Line(address, message_of(address, name)) for name in names]
    warm = time.perf_counter() + WARM_UP
    exchange(lines, lambda *_: time.perf_counter() < warm)
    load = Load(seconds, None if turns is None else turns - users)
    busy = processor_s(pid) if pid else 0.0
    exchange(lines, load.answered)
    busy = processor_s(pid) - busy if pid else 0.0
    for name, line in zip(names, lines, strict=True):
        line.ask(encode(address, "DELETE", f"/bridge/sessions/{name}"))
        line.socket.close()
    return load.sample(busy)


class Load:
    """What was answered in one measurement."""

    def __init__(self, seconds: float, left: int | None) -> None:
        self.left = left
        self.latencies: list[float] = []
        self.errors = 0
        self.began = self.ended = time.perf_counter()
        self.until = self.began + seconds

    def answered(self, line: Line, status: int) -> bool:
        """Count an answer; whether this line shall send again."""
        self.ended = time.perf_counter()
        self.latencies.append(self.ended - line.sent)
        self.errors += status != 200
        if self.left is None:
            return self.ended < self.until
        self.left -= 1
        return self.left >= 0

    def sample(self, busy_s: float) -> Sample:
        ordered = sorted(latency * 1000 for latency in self.latencies)
        return Sample(
            turns=len(ordered),
            per_second=round(len(ordered) / (self.ended - self.began), 1),
            p50_ms=percentile(ordered, 50),
            p95_ms=percentile(ordered, 95),
            p99_ms=percentile(ordered, 99),
            errors=self.errors,
            cpu_us=round(busy_s / len(ordered) * 1e6, 1),
        )


def open_sessions(url: str, count: int, lines: int = 16) -> None:
    """Opens `count` sessions with one turn each, over a few connections."""
    address = parse_url(url)
    names = iter([f"idle-{secrets.token_hex(6)}" for _ in range(count)])

    def answered(line: Line, status: int) -> bool:
        if status != 200:
            raise SystemExit(f"A session could not be opened: status {status}.")
        name = next(names, None)
        if name is not None:
            line.request = message_of(address, name)
        return name is not None

    first = list(islice(names, lines))
    opened = [Line(address, message_of(address, name)) for name in first]
    exchange(opened, answered)
    for line in opened:
        line.socket.close()


def sessions_open(url: str) -> int:
    """How many sessions the server says are live."""
    address = parse_url(url)
    line = Line(address, encode(address, "GET", "/bridge/health"))
    try:
        return int(json.loads(line.ask(line.request)[1])["sessions"])
    finally:
        line.socket.close()
