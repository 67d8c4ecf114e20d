"""What does this server add to a model's stream?

Some users have replies streamed at a person's reading pace, one after another:
once straight from a model server, once through this server in front of it. The
model server (`nexus_trio.testing.model_server`, a process of its own) writes into
each token when the request came and when the token was sent, on the clock that
all processes share. So what is measured of a token is its way alone: from the
client's request to the model server, and from its sending to the client's reading.
Added is what that takes through this server more than straight.

    python benchmarks/stream.py --streams 1,50,200 --rounds 3 --json stream.json

A single stream has shorter replies, for enough first tokens. Beside the times stands
what a token costs the server's processor, which other work on the machine blurs least.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import trio

from launch import Server, started
from nexus_trio.experiment.environment import environment
from nexus_trio.experiment.result import percentile
from nexus_trio.testing.model_server import Running, running
from processes import resident
from ws_line import frame, open_line

STAMP = re.compile(rb"zq([a-j]+)zq([a-j]+)zq")
DIGITS = bytes.maketrans(b"abcdefghij", b"0123456789")
GOAL_MS = {"p50": 3.0, "p99": 15.0}
"""Added to the first token, with 50 streams."""


@dataclass
class Seen:
    """Milliseconds on the way, of first tokens and of all others."""

    first: list[float] = field(default_factory=list)
    token: list[float] = field(default_factory=list)
    replies: int = 0
    tokens: int = 0

    def row(self) -> dict[str, float]:
        found: dict[str, float] = {"replies": self.replies}
        for name in ("first", "token"):
            ordered = sorted(getattr(self, name))
            found |= {f"{name}_p{p}_ms": percentile(ordered, p) for p in (50, 99)}
        return found


@dataclass(frozen=True)
class Load:
    """`streams` users at once for `seconds`: replies of `words` tokens, `pace` seconds apart."""

    streams: int
    words: int
    pace: float
    seconds: float

    def message(self) -> str:
        return f"Go on, please. !mode=stamp !words={self.words} !pace={self.pace}"


class Http:
    """One HTTP/1.1 connection that posts, and reads what comes in whatever pieces."""

    def __init__(self, port: int, path: str, end: bytes) -> None:
        self.port = port
        self.path = path
        self.end = end

    async def open(self, user: str) -> None:
        self.user = user
        self.stream = await trio.open_tcp_stream("127.0.0.1", self.port)

    def body(self, message: str) -> dict[str, Any]:
        return {"user_id": self.user, "message": message}

    async def ask(self, message: str) -> AsyncIterator[bytes]:
        data = json.dumps(self.body(message)).encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        await self.stream.send_all(head.encode() + data)
        tail, told = b"", True
        while not tail.endswith(self.end):
            piece = bytes(await self.stream.receive_some(65536))
            if not piece:
                raise SystemExit("a connection was closed in the middle of a reply")
            # The last event of this server has the whole reply once more.
            at = (tail + piece).find(b"event: reply")
            if told:
                yield piece if at < 0 else piece[: max(0, at - len(tail))]
            told = told and at < 0
            tail = (tail + piece)[-64:]

    async def close(self) -> None:
        await trio.aclose_forcefully(self.stream)


class Direct(Http):
    """Straight to the model server."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "/v1/chat/completions", b"0\r\n\r\n")

    def body(self, message: str) -> dict[str, Any]:
        told = [{"role": "user", "content": message}]
        return {"model": "m", "messages": told, "stream": True}


class Socket:
    """A WebSocket of this server."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def open(self, user: str) -> None:
        self.line = await open_line(self.url, user)

    async def ask(self, message: str) -> AsyncIterator[bytes]:
        await self.line.stream.send_all(frame(type="message", ref="m", message=message))
        while True:
            texts = await self.line.texts()
            for text in texts:
                kind = text.replace(b": ", b":")[:40]
                if b'"type":"delta"' in kind:
                    yield text
                elif b'"type":"reply"' in kind:
                    return
                elif b'"type":"error"' in kind:
                    raise SystemExit(f"a reply failed: {text[:200]!r}")

    async def close(self) -> None:
        await trio.aclose_forcefully(self.line.stream)


async def one_user(client: Any, load: Load, seen: Seen, until: float) -> None:
    await client.open(f"bench-{secrets.token_hex(6)}")
    # Nobody begins in step with anybody else.
    await trio.sleep(random.random() * load.words * load.pace)
    while time.perf_counter() < until:
        await one_reply(client, load, seen)
    await client.close()


async def one_reply(client: Any, load: Load, seen: Seen) -> None:
    asked, found, left = time.monotonic_ns(), 0, b""
    async for piece in client.ask(load.message()):
        now, data = time.monotonic_ns(), left + piece
        end = 0
        for stamp in STAMP.finditer(data):
            came, sent = (int(each.translate(DIGITS)) for each in stamp.groups())
            if found:
                seen.token.append((now - sent) / 1e6)
            else:
                seen.first.append((came - asked + now - sent) / 1e6)
            found, end = found + 1, stamp.end()
        left = data[end:][-64:]
    if found != load.words:
        raise SystemExit(f"a reply had {found} tokens of {load.words}")
    seen.replies += 1
    seen.tokens += found


async def measure(make: Any, load: Load) -> Seen:
    """All users at once. Replies that run at the end are finished."""
    seen = Seen()
    until = time.perf_counter() + load.words * load.pace + load.seconds
    async with trio.open_nursery() as nursery:
        for _ in range(load.streams):
            nursery.start_soon(one_user, make(), load, seen, until)
    return seen


def ways(server: Server, model: Running, transport: str) -> dict[str, Any]:
    port = int(server.url.rpartition(":")[2])
    through = {
        "ws": lambda: Socket(server.url),
        "sse": lambda: Http(port, "/bridge/chat", b"0\r\n\r\n"),
    }
    return {"direct": lambda: Direct(model.port), "through": through[transport]}


def compare(given: argparse.Namespace, model: Running) -> list[dict[str, Any]]:
    """A row for each number of streams: medians over the rounds, which take turns."""
    rows = []
    with started("nexus-trio", settings(model)) as server:
        both = ways(server, model, given.transport)
        for streams in given.streams:
            words = given.words if streams > 1 else 4
            load = Load(streams, words, given.pace, given.seconds)
            came: dict[str, list[dict[str, float]]] = {name: [] for name in both}
            trio.run(measure, both["through"], Load(streams, 2, 0.01, 0.1))  # warm
            for number in range(given.rounds):
                for name in both if number % 2 == 0 else reversed(both):
                    before = processor_s(server.pid)
                    seen = trio.run(measure, both[name], load)
                    spent = (processor_s(server.pid) - before) / seen.tokens * 1e6
                    came[name].append({**seen.row(), "server_us_per_token": spent})
            rows.append({"streams": streams, **summary(came)})
            print_row(rows[-1])
    return rows


def processor_s(pid: int) -> float:
    """Seconds of processor that a process has had (Linux)."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def settings(model: Running) -> dict[str, str]:
    return {
        "NEXUS_RESPONDER": "openai",
        "NEXUS_OPENAI_BASE_URL": model.url,
        "NEXUS_OPENAI_MODEL": "m",
        "NEXUS_OPENAI_CONCURRENCY": "4096",
    }


def summary(came: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Medians of each way, and what is added: p50 over p50, and p99 over the p50 of straight,
    which is more than p99 over p99 would say."""
    mid = {
        name: {key: round(median(row[key] for row in rows), 2) for key in rows[0]}
        for name, rows in came.items()
    }
    added: dict[str, Any] = {}
    for part in ("first", "token"):
        straight = [row[f"{part}_p50_ms"] for row in came["direct"]]
        for p in ("p50", "p99"):
            through = [row[f"{part}_{p}_ms"] for row in came["through"]]
            each = [a - b for a, b in zip(through, straight, strict=True)]
            added[f"{part}_{p}_ms"] = round(median(each), 2)
            added[f"{part}_{p}_range_ms"] = [round(min(each), 2), round(max(each), 2)]
    return {**mid, "added": added}


def print_row(row: dict[str, Any]) -> None:
    cells = [f"{row['streams']}", f"{row['through']['replies']:.0f}"]
    for part in ("first", "token"):
        for p in ("p50", "p99"):
            key, added = f"{part}_{p}_ms", row["added"]
            low, high = added[f"{part}_{p}_range_ms"]
            cells.append(f"{added[key]:.2f} ({low:.2f}-{high:.2f})")
    cells.append(f"{row['through']['server_us_per_token']:.0f}")
    print("| " + " | ".join(cells) + " |", flush=True)


async def halted(server: Server, model: Running, streams: int, transport: str) -> float:
    """Bytes of the server's memory for each reply that runs."""
    make = ways(server, model, transport)["through"]
    clients = [make() for _ in range(streams)]

    async def talk(client: Any, message: str) -> None:
        async for _ in client.ask(message):
            pass

    for number, client in enumerate(clients):
        await client.open(f"halt-{number}")
        await talk(client, "hello")
    before = resident(server.pid)
    async with trio.open_nursery() as nursery:
        for client in clients:
            nursery.start_soon(talk, client, "Some words. !mode=halt !words=100")
        while model.counts()["open"] < streams:
            await trio.lowlevel.checkpoint()
        await trio.sleep(1)  # until what was sent is read
        after = resident(server.pid)
        model.tell(release=True)
    for client in clients:
        await client.close()
    return (after - before) / streams


def main() -> None:
    parser = argparse.ArgumentParser(description="What this server adds to a model's stream.")
    parser.add_argument("--streams", type=lambda text: [int(n) for n in text.split(",")])
    parser.set_defaults(streams=[1, 50, 200])
    parser.add_argument("--transport", choices=("ws", "sse"), default="ws")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--words", type=int, default=20, help="tokens in a reply")
    parser.add_argument("--pace", type=float, default=0.05, help="seconds between two tokens")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    rate = round(1 / given.pace)
    print(f"added by this server over {given.transport}, in ms; {rate} tokens/s a stream")
    print(
        "| streams | replies | first token p50 | p99 | each further p50 | p99 | server µs/token |"
    )
    print("|---|---|---|---|---|---|---|")
    with running() as model:
        rows = compare(given, model)
        with started("nexus-trio", settings(model)) as server:
            most = max(given.streams)
            memory = trio.run(halted, server, model, most, given.transport)
    print(f"memory: {memory:,.0f} bytes for each of {most} replies that run")
    for row in rows:
        if row["streams"] == 50:
            met = all(row["added"][f"first_{p}_ms"] <= most_ms for p, most_ms in GOAL_MS.items())
            print(f"goal at 50 streams, p50 3 ms and p99 15 ms: {'met' if met else 'not met'}")
    if given.json:
        report = {"rows": rows, "bytes_per_running_reply": round(memory)}
        report["environment"] = environment("", {}, given.transport)
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
