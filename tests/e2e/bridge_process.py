"""The real program in a process of its own, by either entry, and plain clients of it."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
ENTRIES = ("serve", "command")
GUARD = 60.0  # seconds after which something that hangs counts as failed

LISTENING = re.compile(r"(?:listening on|Running on) http://([\d.]+):(\d+)")


@dataclass
class Bridge:
    """A running server, and how to talk with it."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]
    folder: tempfile.TemporaryDirectory[str] | None
    port: int = 0

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    def wait(self) -> int:
        return self.process.wait(timeout=GUARD)

    def resident(self) -> int:
        """Bytes of memory that it and its workers hold (Linux)."""
        pid = self.process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pages = [Path(f"/proc/{each}/statm").read_text().split()[1] for each in (pid, *workers)]
        return sum(map(int, pages)) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """Kill it if it still runs, and remove what was its own."""
        with suppress(ProcessLookupError):
            # The whole group: the command's worker would outlive its parent.
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()
        self.log.close()
        if self.folder is not None:
            self.folder.cleanup()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=GUARD)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """One call on a connection of its own: the status, and the decoded body."""
        connection = self.connect()
        try:
            return call(connection, method, path, body, headers)
        finally:
            connection.close()

    def chat(self, user: str, message: str, **more: str) -> Any:
        status, reply = self.call(
            "POST", "/bridge/chat", {"user_id": user, "message": message, **more}
        )
        assert status == 200, reply
        return reply


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} if data is not None else {}
    connection.request(method, path, data, {**kind, **(headers or {})})
    response = connection.getresponse()
    raw = response.read()
    typed = response.headers.get_content_type()
    return response.status, json.loads(raw) if typed.endswith("json") else raw


def spawn(
    entry: str,
    *options: str,
    app: str = "nexus_trio.asgi:app",
    program: tuple[str, ...] = ("-m", "nexus_trio"),
    data: Path | None = None,
    **env: str,
) -> Bridge:
    """Start it; not ready yet. What it says on both its outputs goes to one log.

    `data` is its folder; without, it gets one of its own.
    """
    folder = tempfile.TemporaryDirectory(prefix="nexus-test-") if data is None else None
    if entry == "serve":
        port = () if "--port" in options else ("--port", "0")
        command = [*program, "serve", *port, *options]
    else:
        bind = () if "--bind" in options else ("--bind", "127.0.0.1:0")
        command = ["-m", "hypercorn", "--worker-class", "trio", *bind, *options, app]
    log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *command],
        stdout=log,
        stderr=log,
        cwd=HERE,
        start_new_session=True,  # a group of its own, for the end of all of it
        env=os.environ
        | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(HERE)}
        | {"NEXUS_DATA": folder.name if folder is not None else str(data)}
        # Disclosures, which take positions, are asked for where they are tested.
        | {"NEXUS_JURISDICTIONS": "none"}
        | env,
    )
    return Bridge(process, log, folder)


@contextmanager
def bridge(entry: str, *options: str, **how: Any) -> Iterator[Bridge]:
    """A server that takes work (`how` as for `spawn`), killed at the end if it still runs."""
    server = spawn(entry, *options, **how)
    try:
        server.port = _port(server)
        yield server
    finally:
        server.close()


def _port(server: Bridge) -> int:
    """The port from the log, once the server has said that it listens."""
    deadline = time.monotonic() + GUARD
    while time.monotonic() < deadline:
        found = LISTENING.search(server.said())
        if found:
            return int(found[2])
        if server.process.poll() is not None:
            break
        # A log has no event to wait for; the process's end would be one.
        select.select([], [], [], 0.02)
    raise AssertionError(f"the server did not start: {server.said()}")
