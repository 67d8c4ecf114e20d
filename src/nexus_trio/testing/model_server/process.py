"""The model server in a process of its own, and how a test speaks with it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import trio

GUARD = 30.0
"""Seconds after which something that hangs counts as failed."""

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)/v1")


@dataclass(frozen=True)
class Running:
    """A model server that runs. Its plain methods block, for a millisecond or so."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self.port}/v1"

    def counts(self) -> dict[str, Any]:
        """Open calls and connections, and how many there were."""
        found: dict[str, Any] = self._call("GET", "/control")
        return found

    def tell(self, **told: Any) -> dict[str, Any]:
        """Give it `orders` for all calls, or `release` what hangs."""
        found: dict[str, Any] = self._call("POST", "/control", told)
        return found

    def calls(self, match: str) -> list[dict[str, Any]]:
        """The records of calls whose message holds `match`."""
        found: list[dict[str, Any]] = self._call("POST", "/control/calls", {"match": match})
        return found

    async def wait(self, match: str, state: str = "begun") -> dict[str, Any]:
        """The first such record, once there is one that has `begun`, or `ended`."""
        told = {"match": match, "wait": state}
        found = await trio.to_thread.run_sync(self._call, "POST", "/control/calls", told)
        first: dict[str, Any] = found[0]
        return first

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=GUARD)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


@contextmanager
def running(port: int = 0) -> Iterator[Running]:
    """A model server, on a free port unless one is given; ended with the block, or with us."""
    command = [sys.executable, "-W", "error", "-m", "nexus_trio.testing.model_server"]
    command += ["--port", str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = _LISTENING.search(line := process.stdout.readline())
            if found is None:
                raise RuntimeError(f"the model server did not start; it printed {line!r}")
            yield Running(process, int(found[1]))
        finally:
            process.kill()
