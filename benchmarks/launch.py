"""Starts the servers that the benchmarks measure, each in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE / "peers"
LISTENING = re.compile(r"listening on (http://[^\s,]+)(?:, processes ([\d ]+))?")

# The peers in Python, each a file of `peers/` with its options.
PROGRAMS = {
    "aiohttp": "aiohttp_bridge.py",
    "aiohttp uvloop": "aiohttp_bridge.py --uvloop",
    "starlette": "starlette_bridge.py",
    "quart": "quart_bridge.py",
    "python-socketio": "python_socketio_bridge.py",
    "bare-trio": "bare_trio.py",
    "bare-ws": "bare_ws.py",
}

OURS = "nexus-trio"
SERVE = ("serve", "--port", "0", "--data")

# From SIGTERM to the end, in seconds: the servers drain, then they are killed.
GRACE = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and its process id for whoever reads its memory; `others` are its own."""

    name: str
    url: str
    pid: int
    others: tuple[int, ...] = ()


def program(name: str, data: str) -> list[str]:
    """The server `name` on a free port, without the Python that runs it."""
    if name == OURS:
        return ["-m", "nexus_trio", *SERVE, data]
    file, *options = PROGRAMS[name].split()
    return [str(PEERS / file), "--port", "0", *options]


def command(
    name: str, data: str, profile: Path | None = None, traced: Path | None = None
) -> list[str]:
    """How the server `name` is started; `profile` and `traced` as for `started`.

    `nexus-trio PART` is our server with that part altered (see `altered.py`).
    """
    if name == "socket.io":
        return ["node", str(PEERS / "socketio" / "server.js"), "--port", "0"]
    if name == "evennia":
        return [sys.executable, str(PEERS / "evennia_game.py"), str(evennia())]
    if traced is not None:
        return [sys.executable, str(HERE / "traced.py"), str(traced), *program(name, data)]
    if profile is not None:
        return [sys.executable, str(HERE / "sampled.py"), str(profile), *SERVE, data]
    if name.startswith(f"{OURS} "):
        altered = [str(HERE / "altered.py"), name.partition(" ")[2]]
        return [sys.executable, *altered, *SERVE, data]
    return [sys.executable, *program(name, data)]


def evennia() -> str | None:
    """The program `evennia`: that of the variable EVENNIA, or the one on the path."""
    return os.environ.get("EVENNIA") or shutil.which("evennia")


def missing(name: str) -> str | None:
    """Why a peer can't be started here, and what to do; None where it can."""
    if name == "evennia" and evennia() is None:
        return (
            "evennia is left out: install it in an environment of its own, "
            "and set EVENNIA to that one's bin/evennia to have it measured."
        )
    if name == "socket.io" and shutil.which("node") is None:
        return "socket.io is left out: install Node.js 18 or newer to have it measured."
    if name == "socket.io" and not (PEERS / "socketio" / "node_modules").is_dir():
        return "socket.io is left out: run npm ci in benchmarks/peers/socketio first."
    return None


def present(names: Iterable[str]) -> list[str]:
    """Those of the servers that can be started here; says why of the others."""
    found = []
    for name in names:
        reason = missing(name)
        if reason is None:
            found.append(name)
        else:
            print(reason, flush=True)
    return found


@contextmanager
def started(
    name: str,
    settings: dict[str, str] | None = None,
    profile: Path | None = None,
    traced: Path | None = None,
) -> Iterator[Server]:
    """The server `name`, ready, until the end of the block.

    `settings` are `NEXUS_*` variables for it. With `profile` it is our server
    under `sampled.py`, which writes there, and with `traced` any server in Python
    under `traced.py`. Exits with a plain line where it does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="nexus-bench-") as data,
        subprocess.Popen(
            command(name, data, profile, traced),
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_ENV": "production", **(settings or {})},
            cwd=data,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = LISTENING.search(line)
            if found is None:
                raise SystemExit(f"{name} did not start; it printed {line!r}.")
            others = tuple(map(int, (found[2] or "").split()))
            yield Server(name, found[1], process.pid, others)
        finally:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
