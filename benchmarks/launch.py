"""Starts the servers that the benchmarks measure, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE / "peers"
LISTENING = re.compile(r"listening on (http://\S+)")

# From SIGTERM to the end, in seconds: the servers drain, then they are killed.
GRACE = 15


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and its process id for whoever reads its memory."""

    name: str
    url: str
    pid: int


def command(name: str, data: str, profile: Path | None = None) -> list[str]:
    """How the server `name` is started on a free port; `profile` as for `started`.

    `nexus-trio PART` is our server with that part altered (see `altered.py`).
    """
    if name.startswith("nexus-trio "):
        altered = [str(HERE / "altered.py"), name.partition(" ")[2]]
        return [sys.executable, *altered, "serve", "--port", "0", "--data", data]
    if name == "nexus-trio":
        sampled = [str(HERE / "sampled.py"), str(profile)]
        program = ["-m", "nexus_trio"] if profile is None else sampled
        return [sys.executable, *program, "serve", "--port", "0", "--data", data]
    files = {"aiohttp": "aiohttp_bridge.py", "bare-trio": "bare_trio.py"}
    return [sys.executable, str(PEERS / files[name]), "--port", "0"]


@contextmanager
def started(
    name: str, settings: dict[str, str] | None = None, profile: Path | None = None
) -> Iterator[Server]:
    """The server `name`, ready, until the end of the block.

    `settings` are `NEXUS_*` variables for it. With `profile` it is our server
    under `sampled.py`, which writes there. Exits with a plain line where it does
    not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="nexus-bench-") as data,
        subprocess.Popen(
            command(name, data, profile),
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(settings or {})},
            cwd=data,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = LISTENING.search(line)
            if found is None:
                raise SystemExit(f"{name} did not start; it printed {line!r}.")
            yield Server(name, found[1], process.pid)
        finally:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
