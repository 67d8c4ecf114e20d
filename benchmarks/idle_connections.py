"""What does a connection cost that says nothing: a WebSocket, and HTTP's keep-alive?

Two figures in KB, each from a fresh process of each server (this one, the plain design
behind aiohttp, Starlette and Quart, and Socket.IO): the growth of its resident memory for
each of 5,000 idle connections, and what it holds for each of 1,000, as Python counts its
allocations (`traced.py`). The first is what the machine gives; it leaves out what the kernel
keeps for a socket and pages of files, and what a program had freed before, which its
connections take first: such a server seems to take less than it does, so look at the
larger figure. The WebSockets are those of one user for each 8, in all rooms; each HTTP
connection has asked for the health once. All are still open when it is read.

    python benchmarks/idle_connections.py --connections 5000 --json idle.json
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import facts, save
from launch import OURS, Server, present, started
from load import DEADLINE
from load import Line as HttpLine
from nexus_trio.experiment.wire import encode, parse_url
from processes import allow_files, anonymous
from ws import EACH, PEER, ROOMS
from ws_poll import Line, Poll, wire_of

SERVERS = {
    "WebSocket": (OURS, PEER, "python-socketio", "socket.io"),
    "HTTP keep-alive": (OURS, PEER, "starlette", "quart"),
}
GOAL_KB = {"WebSocket": 25.0, "HTTP keep-alive": 10.0}
WARM_UP = 50  # connections that are opened first and not counted: imports, caches, pages
SETTLE_S = 1.0
SETTINGS = {"NEXUS_DURABILITY": "memory"}


def websockets(server: Server, count: int) -> Callable[[], None]:
    """Opens them, and returns what closes them."""
    wire = wire_of(server.name)
    poll = Poll([])
    for number in range(count):
        user = f"idle-{count}-{number // EACH}"
        poll.add(Line(server.url, wire, user, ROOMS[number // EACH % 5]))
        if number % 100 == 0:
            poll.quiet(0)  # pings are answered meanwhile, and who came in is heard
    poll.quiet(SETTLE_S / 2)
    return poll.close


def keep_alives(server: Server, count: int) -> Callable[[], None]:
    """Opens them, and returns what makes sure that all are open still, and closes them."""
    address = parse_url(server.url)
    request = encode(address, "GET", "/bridge/health")
    lines = []
    for _ in range(count):
        lines.append(HttpLine(address, request))
        # Asked at once: many that nobody has accepted yet overflow the listener's backlog.
        if lines[-1].ask(request)[0] != 200:
            raise SystemExit(f"{server.name} is not well.")

    def close() -> None:
        for line in lines:
            line.socket.setblocking(False)
            try:
                closed = not line.socket.recv(1)
            except BlockingIOError:
                closed = False
            if closed:
                raise SystemExit(f"{server.name} closed an idle connection meanwhile.")
            line.socket.close()

    return close


KINDS = {"WebSocket": websockets, "HTTP keep-alive": keep_alives}


def resident_kb(name: str, kind: str, count: int) -> dict[str, float]:
    """What one fresh server grows by for each connection; milliseconds to open one."""
    with started(name, SETTINGS) as server:
        close_first = KINDS[kind](server, WARM_UP)
        before = anonymous(server.pid)
        began = time.perf_counter()
        close = KINDS[kind](server, count)
        took = time.perf_counter() - began
        time.sleep(SETTLE_S)
        after = anonymous(server.pid)
        close()
        close_first()
    return {"resident": (after - before) / count / 1024, "open_ms": took / count * 1e3}


def traced_kb(name: str, kind: str, count: int) -> dict[str, float]:
    """What another one, in Python, holds for each."""
    if name == "socket.io":
        return {}  # Node.js tells no such figure
    with tempfile.TemporaryDirectory(prefix="nexus-traced-") as folder:
        report = Path(folder, "held")
        with started(name, SETTINGS, traced=report) as server:
            close_first = KINDS[kind](server, WARM_UP)
            os.kill(server.pid, signal.SIGUSR1)
            before = told(server.pid, report)
            close = KINDS[kind](server, count)
            after = told(server.pid, report)
            close()
            close_first()
    return {"traced": (after - before) / count / 1024}


def told(pid: int, report: Path) -> int:
    """What a server under `traced.py` says that it holds, in bytes."""
    report.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR2)
    until = time.monotonic() + DEADLINE
    while not report.exists():
        if time.monotonic() > until:
            raise SystemExit("A traced server did not tell what it holds.")
        time.sleep(0.01)
    return int(report.read_text(encoding="ascii"))


def compare(given: argparse.Namespace) -> dict[str, Any]:
    """Both figures of each kind and server, each from a process of its own."""
    found: dict[str, Any] = {}
    for kind, servers in SERVERS.items():
        print(f"KB for each idle connection, {kind}; the goal is {GOAL_KB[kind]:g}")
        print(f"  {'':<12}{'resident':>10}{'traced':>10}{'ms to open':>12}", flush=True)
        for name in present(servers):
            row = resident_kb(name, kind, given.connections)
            row |= traced_kb(name, kind, given.traced)
            found.setdefault(kind, {})[name] = {key: round(row[key], 2) for key in row}
            traced = f"{row['traced']:.1f}" if "traced" in row else "-"
            shown = f"{row['resident']:>10.1f}{traced:>10}{row['open_ms']:>12.2f}"
            print(f"  {name:<12}{shown}", flush=True)
        print()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory of idle connections, side by side.")
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--traced", type=int, default=1000, help="of these, in a slower process")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    wanted = given.connections + WARM_UP + 200
    if allow_files(wanted) < wanted:
        raise SystemExit(f"Let a process open {wanted} files (ulimit -Hn), or ask for fewer.")
    report = {
        "connections": given.connections,
        "traced": given.traced,
        "kb": compare(given),
        "goal_kb": GOAL_KB,
        "environment": facts("memory"),
    }
    save(given.json, report)


if __name__ == "__main__":
    main()
