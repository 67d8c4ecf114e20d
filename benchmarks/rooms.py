"""What does a room cost, beside a game engine made of rooms: `look` and `say`?

Round trips a second of five users in one room, each looking, or speaking to all of
them, as soon as the last answer is there. This server and the plain aiohttp design
over WebSockets, and Evennia, where it is installed, over telnet, its own wire; in
turns, medians over the rounds, ratios to aiohttp round by round. What is said is
screened by the first two, and stored by the first alone; Evennia runs two processes,
the portal and the server, and parses each line as one of its hundred commands. The
processor time is that of all of a server's processes.

    EVENNIA=/path/to/bin/evennia python benchmarks/rooms.py --rounds 3 --json rooms.json
"""

from __future__ import annotations

import argparse
import os
import socket
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from figures import facts, in_turns, ratio, save, spread, text
from launch import OURS, Server, present, started
from nexus_trio.experiment.wire import parse_url
from processes import processor_s
from ws_poll import DEADLINE, Line, Poll, wire_of

PEER, EVENNIA = "aiohttp", "evennia"
ROOM = "Garden"
WORDS = "good evening, everybody"
WARM_UP = 0.2  # seconds that are not counted
COME_IN_S = 60  # a guest's account and character are made first


class Telnet:
    """One guest of Evennia's."""

    __slots__ = ("socket", "tail", "wanted")

    def __init__(self, url: str) -> None:
        address = parse_url(url)
        self.socket = socket.create_connection((address.host, address.port), COME_IN_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tail, self.wanted = b"", 0
        self.socket.sendall(b"connect guest\r\n")
        while not self.receive(b"Limbo"):
            pass
        self.socket.settimeout(DEADLINE)

    def receive(self, mark: bytes) -> int:
        """Read once what has come; how often the mark is in it."""
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("Evennia closed a connection.")
        data = self.tail + data
        self.tail = data[1 - len(mark) :]
        return data.count(mark)


@dataclass(frozen=True, slots=True)
class Verb:
    """What is sent, and what its answer bears."""

    sent: bytes
    answered: bytes


def verbs(server: Server) -> dict[str, Verb]:
    """`look` and `say` as a server understands them."""
    if server.name == EVENNIA:
        return {
            "look": Verb(b"look\r\n", b"Limbo"),
            "say": Verb(f"say {WORDS}\r\n".encode(), b"You say, "),
        }
    wire = wire_of(server.name)
    look, said = (wire.replied.replace(b"reply", kind) for kind in (b"occupants", b"done"))
    return {
        "look": Verb(wire.send("look", ref="l"), look),
        "say": Verb(wire.send("say", ref="s", text=WORDS), said),
    }


def open_lines(server: Server, users: int) -> list[Any]:
    """The users, in one room."""
    if server.name == EVENNIA:
        return [Telnet(server.url) for _ in range(users)]
    wire = wire_of(server.name)
    return [Line(server.url, wire, f"room-{number}", ROOM) for number in range(users)]


def measure(server: Server, lines: list[Any], verb: Verb, seconds: float) -> dict[str, float]:
    """Each asks again as soon as it is answered."""
    poll = Poll(lines)
    poll.quiet(0.1)
    latencies = []
    busy = total(server)
    began = time.perf_counter()
    for line in lines:
        line.wanted = time.perf_counter()
        line.socket.sendall(verb.sent)
    waiting = len(lines)
    while waiting:
        for line in poll.ready():
            if not line.receive(verb.answered):
                continue
            now = time.perf_counter()
            latencies.append(now - line.wanted)
            if now - began < seconds:
                line.wanted = now
                line.socket.sendall(verb.sent)
            else:
                waiting -= 1
    took = time.perf_counter() - began
    busy = total(server) - busy
    poll.forget()
    return {
        "round trips/s": len(latencies) / took,
        "p50 ms": median(latencies) * 1e3,
        "CPU us each": busy / len(latencies) * 1e6,
    }


def total(server: Server) -> float:
    """Processor seconds of all processes of a server."""
    return sum(processor_s(pid) for pid in (server.others or (server.pid,)))


def compare(given: argparse.Namespace) -> dict[str, Any]:
    """Both verbs at every server, in turns."""
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        servers = {
            f"{OURS} {each}": stack.enter_context(started(OURS, {"NEXUS_DURABILITY": each}))
            for each in given.durability
        }
        for name in present((PEER, EVENNIA)):
            servers[name] = stack.enter_context(started(name))
        lines = {name: open_lines(server, given.users) for name, server in servers.items()}
        for verb in ("look", "say"):
            for name, server in servers.items():  # the first to be screened waits for the lexicon
                measure(server, lines[name], verbs(server)[verb], WARM_UP)
            came: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
            for name in in_turns(list(servers), given.rounds):
                server = servers[name]
                took = measure(server, lines[name], verbs(server)[verb], given.seconds)
                for figure, value in took.items():
                    came[name][figure].append(value)
            found[verb] = rows(came)
            show(verb, found[verb])
    return found


def rows(came: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    """The spreads, and the rates over the peer's."""
    rate = "round trips/s"
    return {
        name: {
            **{figure: asdict(spread(values)) for figure, values in figures.items()},
            "over_peer": asdict(ratio(figures[rate], came[PEER][rate])),
        }
        for name, figures in came.items()
    }


def show(verb: str, found: dict[str, Any]) -> None:
    """One row for each server."""
    print(f"{verb}; the load average is {os.getloadavg()[0]:.1f}")
    figures = [figure for figure in found[PEER] if figure != "over_peer"]
    print(" " * 24 + "".join(f"{figure:>15}" for figure in figures) + f"   over {PEER}")
    for name, row in found.items():
        cells = "".join(f"{row[figure]['median']:>15,.2f}" for figure in figures)
        print(f"  {name:<22}{cells}   {text(row['over_peer'])}")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Looking and speaking, side by side.")
    parser.add_argument("--users", type=int, default=5, help="in one room; Evennia has 9 guests")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument(
        "--durability", type=lambda value: value.split(","), default=["power", "memory"]
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    found = compare(given)
    save(given.json, {"verbs": found, "environment": facts(",".join(given.durability))})


if __name__ == "__main__":
    main()
