"""The load: some users, each sending its next turn as soon as the last one is answered.

It runs in the benchmark's own process; what it can do at most is measured
beside, against a server that does next to nothing.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass

import trio

from nexus_trio.experiment.result import percentile
from nexus_trio.experiment.wire import Address, Connection, encode, parse_url

MESSAGE = "Tell me about the oldest thing in this room, please; I have come a long way to see it."
WARM_UP = 0.15  # seconds that are sent and not counted: connections, caches, first sessions


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: turns a second, latencies in milliseconds, answers that were not 200."""

    turns: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int


def message_of(address: Address, user: str) -> bytes:
    """One user's turn as bytes; the same each time."""
    body = json.dumps({"user_id": user, "message": MESSAGE}).encode()
    return encode(address, "POST", "/bridge/chat", body)


async def measure(url: str, users: int, seconds: float, turns: int | None = None) -> Sample:
    """Lets `users` send for `seconds`, or until `turns` were sent in all; then erases them.

    Raises `WireError` where a call comes to no answer: a benchmark of a server
    that breaks connections means nothing.
    """
    load = Load(parse_url(url), users, turns)
    async with trio.open_nursery() as nursery:
        for _ in range(users):
            nursery.start_soon(load.user, seconds)
    return load.sample()


class Load:
    """What the users of one measurement share."""

    def __init__(self, address: Address, users: int, turns: int | None) -> None:
        self.address = address
        self.left = turns
        self.latencies: list[float] = []
        self.errors = 0
        self.waiting = users
        self.ready = trio.Event()
        self.began = 0.0
        self.ended = 0.0

    async def user(self, seconds: float) -> None:
        """One user: warms up, waits until all have, sends, and is erased."""
        name = f"bench-{secrets.token_hex(6)}"
        request = message_of(self.address, name)
        line = Connection(self.address)
        try:
            until = time.perf_counter() + WARM_UP
            while time.perf_counter() < until:
                await line.send(request)
            await self.together()
            await self.send(line, request, self.began + seconds)
            await line.request("DELETE", f"/bridge/sessions/{name}")
        finally:
            line.close()

    async def together(self) -> None:
        self.waiting -= 1
        if not self.waiting:
            self.began = time.perf_counter()
            self.ready.set()
        await self.ready.wait()

    async def send(self, line: Connection, request: bytes, until: float) -> None:
        clock, latencies = time.perf_counter, self.latencies
        sent = clock()
        while (self.left is None and sent < until) or self.left:
            if self.left:
                self.left -= 1
            answer = await line.send(request)
            done = clock()
            latencies.append(done - sent)
            self.errors += answer.status != 200
            sent = done
        self.ended = max(self.ended, sent)

    def sample(self) -> Sample:
        ordered = sorted(latency * 1000 for latency in self.latencies)
        return Sample(
            turns=len(ordered),
            per_second=round(len(ordered) / (self.ended - self.began), 1),
            p50_ms=percentile(ordered, 50),
            p95_ms=percentile(ordered, 95),
            p99_ms=percentile(ordered, 99),
            errors=self.errors,
        )


async def open_sessions(url: str, count: int, lines: int = 16) -> None:
    """Opens `count` sessions with one turn each, over a few connections."""
    address = parse_url(url)
    names = iter([f"idle-{secrets.token_hex(6)}" for _ in range(count)])

    async def some() -> None:
        line = Connection(address)
        try:
            for name in names:
                answer = await line.send(message_of(address, name))
                if answer.status != 200:
                    raise SystemExit(f"A session could not be opened: status {answer.status}.")
        finally:
            line.close()

    async with trio.open_nursery() as nursery:
        for _ in range(lines):
            nursery.start_soon(some)


async def sessions_open(url: str) -> int:
    """How many sessions the server says are live."""
    line = Connection(parse_url(url))
    try:
        return int(json.loads((await line.request("GET", "/bridge/health")).body)["sessions"])
    finally:
        line.close()
