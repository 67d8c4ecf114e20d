"""Where the time of a turn goes, in each durability.

One user, one turn behind the other, each stage with all that stands before it:
the words screened; a turn in the hub of this process with its store; the same
over HTTP, from a process of its own. What a stage adds is the difference of the
medians.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import trio

from launch import started
from load import MESSAGE, measure
from nexus_trio import open_hub
from nexus_trio.crisis import screen
from nexus_trio.experiment.environment import environment
from nexus_trio.settings import Settings

DURABILITIES = ("memory", "process", "power")


def screening(turns: int) -> float:
    """Microseconds to screen the message."""
    taken = []
    for _ in range(turns):
        began = time.perf_counter()
        screen(MESSAGE)
        taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


async def in_process(durability: str, turns: int) -> float:
    """Microseconds of a turn asked of a hub in this process."""
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as data:
        async with open_hub(Settings(durability=durability, data=data)) as hub:
            taken = []
            for _ in range(turns):
                began = time.perf_counter()
                await hub.ask("ada", MESSAGE)
                taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


def over_http(durability: str, seconds: float) -> float:
    """Microseconds of a turn over one connection."""
    with started("nexus-trio", {"NEXUS_DURABILITY": durability}) as server:
        return trio.run(measure, server.url, 1, seconds).p50_ms * 1e3


def sync() -> float:
    """Microseconds of a 4 KiB write and its fdatasync."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for number in range(200):
            began = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(4096), number * 4096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="Where the time of a turn goes.")
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    screened = screening(given.turns)
    found: dict[str, Any] = {"screen_us": round(screened), "fdatasync_us": round(sync())}
    hub = {name: trio.run(in_process, name, given.turns) for name in DURABILITIES}
    http = {name: over_http(name, given.seconds) for name in DURABILITIES}
    print(f"{'µs, medians':<34}" + "".join(f"{name:>10}" for name in DURABILITIES))
    rows = {
        "screening": dict.fromkeys(DURABILITIES, screened),
        "mailbox, watch, responder, reply": dict.fromkeys(DURABILITIES, hub["memory"] - screened),
        "commit": {n: hub[n] - hub["memory"] for n in DURABILITIES},
        "HTTP, framework, transport": {n: http[n] - hub[n] for n in DURABILITIES},
        "a turn over HTTP": http,
    }
    for title, row in rows.items():
        found[title] = {name: round(value) for name, value in row.items()}
        print(f"{title:<34}" + "".join(f"{row[name]:>10,.0f}" for name in DURABILITIES))
    print(f"a write and its fdatasync: {found['fdatasync_us']} µs")
    if given.json:
        report = {"found": found, "environment": environment("", {}, "each")}
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
