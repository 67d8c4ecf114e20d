"""What does a WebSocket cost: a turn, one after another or many under way, and a listener?

Turns a second over 5 connections, one message at a time and 16 deep, and over 64;
one speaker to 10 and to 1,000 listeners: how long until the last one has a
sentence, and how many deliveries a second when ten are said at once. This server,
the plain design behind aiohttp (on asyncio's loop and on uvloop's) and behind
python-socketio, Socket.IO on Node.js where it is installed, and a bare server with
canned frames: the most that the client can do. Socket.IO's turns are less work: its
screen is a short list of phrases. In turns; medians over the rounds, ratios round by
round, above 1 where it is better than the peer. The processor time is the server's own.
What an idle connection costs is asked by `idle_connections.py`.

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
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from figures import facts, in_turns, ratio, save, spread, text
from launch import OURS, Server, present, started
from processes import allow_files, processor_s
from ws_poll import Line, Poll, wire_of

PEER, CEILING = "aiohttp", "bare-ws"
OTHERS = ("aiohttp uvloop", "python-socketio", "socket.io")
ROOMS = ("Tower", "Chapel", "Library", "Garden", "Dungeon")
EACH = 8  # connections that a user may have
WARM_UP = 0.1  # seconds of turns that are not counted
BURST = 10  # sentences said at once

Figures = dict[str, float]


def nothing() -> None:
    """What is done when all connections are open, where nobody asks for more."""


def turns(
    server: Server,
    connections: int,
    deep: int,
    seconds: float,
    ready: Callable[[], None] = nothing,
) -> Figures:
    """Each connection sends `deep` messages, and as many again when all are answered."""
    wire = wire_of(server.name)
    lines = [Line(server.url, wire, f"bench-{n}", ROOMS[n % 5]) for n in range(connections)]
    messages = b"".join(wire.message(f"m{number}") for number in range(deep))
    poll = Poll(lines)

    def talk(seconds: float) -> tuple[int, float]:
        """Turns, and the seconds that they took."""
        began = time.perf_counter()
        for line in lines:
            line.wanted = deep
            line.socket.sendall(messages)
        done, waiting = 0, connections
        while waiting:
            for line in poll.ready():
                line.wanted -= line.receive(wire.replied)
                if line.wanted > 0:
                    continue
                done += deep
                if time.perf_counter() - began < seconds:
                    line.wanted = deep
                    line.socket.sendall(messages)
                else:
                    waiting -= 1
        return done, time.perf_counter() - began

    talk(WARM_UP)
    ready()
    busy = processor_s(server.pid)
    done, took = talk(seconds)
    busy = processor_s(server.pid) - busy
    poll.close()
    return {"turns/s": done / took, "CPU us/turn": busy / done * 1e6}


def fan_out(
    server: Server, listeners: int, words: int, ready: Callable[[], None] = nothing
) -> Figures:
    """One speaks, all hear: one sentence after another, then a few at once."""
    wire = wire_of(server.name)
    users = -(-listeners // EACH)
    speaker = Line(server.url, wire, "speaker", "Dungeon")
    lines = [Line(server.url, wire, f"hear-{n % users}", "Dungeon") for n in range(listeners)]
    poll = Poll([speaker, *lines])

    def say(sentences: int) -> float:
        """Seconds until the last listener has the last of the sentences."""
        said = b"".join(wire.say(f"s{number}") for number in range(sentences))
        left = sentences * listeners
        began = time.perf_counter()
        speaker.socket.sendall(said)
        while left:
            for line in poll.ready():
                heard = line.receive(wire.heard)
                left -= heard if line is not speaker else 0
        return time.perf_counter() - began

    poll.quiet(0.2)
    say(1)
    poll.quiet(0.05)
    ready()
    last = [say(1) for _ in range(words)]
    poll.quiet(0.05)
    busy = processor_s(server.pid)
    burst = [say(BURST) for _ in range(max(2, words // BURST))]
    busy = processor_s(server.pid) - busy
    poll.close()
    return {
        "ms to the last": median(last) * 1e3,
        "deliveries/s": BURST * listeners / median(burst),
        "CPU us/delivery": busy / (BURST * listeners * len(burst)) * 1e6,
    }


def compare(given: argparse.Namespace) -> dict[str, Any]:
    """Every case at every server, in turns."""
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        servers = {
            f"{OURS} {durability}": stack.enter_context(
                started(OURS, {"NEXUS_DURABILITY": durability})
            )
            for durability in given.durability
        }
        for name in present((PEER, *OTHERS, CEILING)):
            servers[name] = stack.enter_context(started(name))
        for connections, deep in ((5, 1), (5, 16), (64, 1), (64, 16)):
            title = f"{connections} connections, {deep} deep"
            found |= case(servers, given, title, turns, connections, deep, given.seconds)
        for listeners in (10, given.listeners):
            title = f"1 speaker to {listeners}"
            words = max(20, min(100, 20_000 // listeners))
            found |= case(servers, given, title, fan_out, listeners, words)
    return found


def case(
    servers: dict[str, Server],
    given: argparse.Namespace,
    title: str,
    measure: Callable[..., Figures],
    *how: Any,
) -> dict[str, Any]:
    """One case over the rounds: for each of its figures the servers, and how they compare."""
    came: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name in in_turns(list(servers), given.rounds):
        for figure, value in measure(servers[name], *how).items():
            came[figure][name].append(value)
    found = {
        f"{title}: {figure}": {
            "servers": {name: asdict(spread(values[name])) for name in servers},
            "over_peer": {name: better(figure, values[name], values[PEER]) for name in servers},
        }
        for figure, values in came.items()
    }
    print(f"{title}; the load average is {os.getloadavg()[0]:.1f}")
    print(" " * 24 + "".join(f"{figure:>15}   {'over ' + PEER:<17}" for figure in came))
    for name in servers:
        shown = "bare server (ceiling)" if name == CEILING else name
        cells = [(each["servers"][name], each["over_peer"][name]) for each in found.values()]
        row = "".join(f"{own['median']:>15,.1f}   {text(over):<17}" for own, over in cells)
        print(f"  {shown:<22}{row}")
    print(flush=True)
    return found


def better(figure: str, ours: list[float], theirs: list[float]) -> dict[str, float]:
    """How much better than the peer: rates over rates, and times the other way round."""
    return asdict(ratio(ours, theirs) if figure.endswith("/s") else ratio(theirs, ours))


def profile(given: argparse.Namespace) -> dict[str, Any]:
    """Where the time goes, for round trips and for a speaker to few and to many."""
    cases = {
        "turns, 5 connections": (turns, 5, 1, 5 * given.seconds),
        "turns, 5 connections, 16 deep": (turns, 5, 16, 5 * given.seconds),
        "1 speaker to 1": (fan_out, 1, 1000),
        "1 speaker to 100": (fan_out, 100, 400),
        "1 speaker to 1000": (fan_out, 1000, 100),
    }
    found = {}
    with tempfile.TemporaryDirectory(prefix="nexus-profile-") as folder:
        report = Path(folder, "profile.json")
        for name, (case, *how) in cases.items():
            with started(OURS, profile=report) as server:
                begin = partial(os.kill, server.pid, signal.SIGUSR1)
                case(server, *how, begin)
            found[name] = json.loads(report.read_text(encoding="utf-8"))
    return found


def show(found: dict[str, Any]) -> None:
    """The share of each layer, the largest first."""
    for name, report in found.items():
        print(f"{name}: {report['samples']} samples")
        for layer, count in sorted(report["layers"].items(), key=lambda item: -item[1]):
            print(f"  {count / report['samples']:6.1%}  {layer}")


def main() -> None:
    parser = argparse.ArgumentParser(description="WebSockets, side by side.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument(
        "--durability",
        type=lambda value: value.split(","),
        default=["power", "memory"],
        help="of this server, such as power,memory",
    )
    parser.add_argument("--listeners", type=int, default=1000, help="of the larger fan-out")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    given = parser.parse_args()
    allow_files(2 * given.listeners + 200)
    if given.profile:
        found = profile(given)
        show(found)
    else:
        found = compare(given)
    save(given.json, {"cases": found, "environment": facts(",".join(given.durability))})


if __name__ == "__main__":
    main()
