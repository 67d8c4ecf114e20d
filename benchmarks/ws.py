"""What does a WebSocket cost: a round trip, a listener, an idle connection?

Round trips a second over 1 and 64 connections, one message at a time and 16
deep; one speaker to 1, 10, 100 and 1,000 listeners; bytes of the server's
memory for each of 2,000 idle connections (of 250 users, 8 each, in all rooms).
This server and the plain aiohttp design, in turns; medians over the rounds.

    python benchmarks/ws.py --rounds 3 --seconds 1 --json ws.json
    python benchmarks/ws.py --profile

The second says instead where the time of this server goes, layer by layer, from
when all connections are open (`sampled.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import trio

from launch import Server, started
from nexus_trio.experiment.environment import environment
from nexus_trio.experiment.wire import WireError
from ws_line import Line, frame, open_line

SERVERS = ("nexus-trio", "aiohttp")
ROOMS = ("Tower", "Chapel", "Library", "Garden", "Dungeon")
MESSAGE = "Tell me about the oldest thing in this room, please; I have come a long way to see it."


def nothing() -> None:
    """What is done when all connections are open, where nobody asks for more."""


async def round_trips(
    url: str, connections: int, deep: int, seconds: float, ready: Callable[[], None] = nothing
) -> float:
    """Replies a second. Each connection keeps `deep` messages under way."""
    lines = [
        await open_line(url, f"bench-{number}", ROOMS[number % 5]) for number in range(connections)
    ]
    done = 0

    async def talk(line: Line, until: float) -> None:
        nonlocal done
        message = b"".join(
            frame(type="message", ref=f"m{number}", message=MESSAGE) for number in range(deep)
        )
        while time.perf_counter() < until:
            await line.stream.send_all(message)
            await line.count(b"reply", deep)
            done += deep

    ready()
    began = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for line in lines:
            nursery.start_soon(talk, line, began + seconds)
    took = time.perf_counter() - began
    for line in lines:
        await trio.aclose_forcefully(line.stream)
    return done / took


async def fan_out(
    url: str, listeners: int, words: int, ready: Callable[[], None] = nothing
) -> float:
    """Deliveries a second, from one speaker to all who listen."""
    users = -(-listeners // 8)  # a user may have 8 connections
    speaker = await open_line(url, "speaker", "Dungeon")
    lines = [speaker]
    heard: list[trio.Event] = []

    async def hear(line: Line, begun: trio.Event) -> None:
        while b'"ready"' not in b"".join(await line.texts()):
            pass
        begun.set()
        await line.count(b"room", words)

    async with trio.open_nursery() as outer:
        outer.start_soon(drain, speaker, outer.cancel_scope)
        async with trio.open_nursery() as nursery:
            for number in range(listeners):
                lines.append(await open_line(url, f"hear-{number % users}", "Dungeon"))
                heard.append(trio.Event())
                nursery.start_soon(hear, lines[-1], heard[-1])
            await speaker.stream.send_all(frame(type="say", ref="r", text="ready"))
            for event in heard:
                await event.wait()
            ready()
            began = time.perf_counter()
            for number in range(words):
                await speaker.stream.send_all(frame(type="say", ref=f"s{number}", text=MESSAGE))
        took = time.perf_counter() - began
        outer.cancel_scope.cancel()
    for line in lines:
        await trio.aclose_forcefully(line.stream)
    return words * listeners / took


async def drain(line: Line, scope: trio.CancelScope) -> None:
    """Read and forget, until cancelled; a server that closes ends `scope`."""
    try:
        while True:
            await line.texts()
    except WireError:
        scope.cancel()


def resident(pid: int) -> int:
    """The resident memory of a process in bytes (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def idle(server: Server, connections: int) -> float:
    """Bytes of the server's memory for each idle connection."""
    lines = [await open_line(server.url, "warm", "Tower")]
    before = resident(server.pid)
    async with trio.open_nursery() as nursery:
        for number in range(connections):
            user = f"idle-{number // 8}"
            line = await open_line(server.url, user, ROOMS[number // 8 % 5])
            nursery.start_soon(drain, line, nursery.cancel_scope)
            lines.append(line)
        await trio.sleep(1)
        after = resident(server.pid)
        nursery.cancel_scope.cancel()
    for line in lines:
        await trio.aclose_forcefully(line.stream)
    return (after - before) / connections


def compare(given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Every case at both servers, in turns."""
    found: dict[str, dict[str, float]] = {}
    with started(SERVERS[0]) as ours, started(SERVERS[1]) as peer:
        both = (ours, peer)
        for connections, deep in ((1, 1), (1, 16), (64, 1), (64, 16)):
            name = f"round trips/s, {connections} connections, {deep} deep"
            found[name] = turns(both, given, round_trips, connections, deep, given.seconds)
        for listeners in (1, 10, 100, 1000):
            name = f"deliveries/s, 1 speaker to {listeners}"
            words = max(10, min(200, 10_000 // listeners))
            found[name] = turns(both, given, fan_out, listeners, words)
    for name in SERVERS:
        with started(name) as server:
            case = found.setdefault(f"bytes for each of {given.idle} idle", {})
            case[name] = round(trio.run(idle, server, given.idle))
    return found


def profile(given: argparse.Namespace) -> dict[str, Any]:
    """Where the time goes, for round trips and for a speaker to few and to many."""
    cases = {
        "round trips, 64 connections": (round_trips, 64, 1, 5 * given.seconds),
        "1 speaker to 1": (fan_out, 1, 1000),
        "1 speaker to 100": (fan_out, 100, 400),
        "1 speaker to 1000": (fan_out, 1000, 100),
    }
    found = {}
    with tempfile.TemporaryDirectory(prefix="nexus-profile-") as folder:
        report = Path(folder, "profile.json")
        for name, (case, *how) in cases.items():
            with started(SERVERS[0], profile=report) as server:
                begin = partial(os.kill, server.pid, signal.SIGUSR1)
                trio.run(case, server.url, *how, begin)
            found[name] = json.loads(report.read_text(encoding="utf-8"))
    return found


def show(found: dict[str, Any]) -> None:
    """The share of each layer, the largest first."""
    for name, report in found.items():
        print(f"{name}: {report['samples']} samples")
        for layer, count in sorted(report["layers"].items(), key=lambda item: -item[1]):
            print(f"  {count / report['samples']:6.1%}  {layer}")


def turns(both: tuple[Server, ...], given: argparse.Namespace, case: Any, *how: Any) -> Any:
    """The medians of one case over the rounds, each beginning with another server."""
    came: dict[str, list[float]] = {name: [] for name in SERVERS}
    for number in range(given.rounds):
        for server in both if number % 2 == 0 else reversed(both):
            came[server.name].append(trio.run(case, server.url, *how))
    return {name: round(median(values), 1) for name, values in came.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="WebSockets, side by side.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    given = parser.parse_args()
    if given.profile:
        found = profile(given)
        show(found)
    else:
        found = compare(given)
        for name, row in found.items():
            ours, peer = (row[server] for server in SERVERS)
            print(f"{name}: {ours:,.0f}; aiohttp {peer:,.0f}; ratio {ours / peer:.2f}")
    if given.json:
        report = {"cases": found, "environment": environment("", {}, "default")}
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
