"""How many bytes does an idle session hold?

Opens a hub in a fresh process, gives each of 10,000 users one turn, and reads
the process's resident memory before and after. A second fresh process does the
same under tracemalloc, which counts what Python allocated and costs memory of
its own: the two figures are never taken from one run. `--durability` chooses
the store, in a temporary data folder.

    python benchmarks/idle_sessions.py --sessions 10000 --json idle.json
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import trio

from nexus_trio import Settings, open_hub
from nexus_trio.experiment.environment import environment

# Sessions opened first and not counted: imports, caches, first pages of the heap.
WARM_UP = 50


def resident() -> int:
    """The resident memory of this process in bytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def fill(sessions: int, durability: str | None, traced: bool) -> dict[str, Any]:
    """One process's measurement: bytes before and after, per session."""
    settings = Settings(durability=durability) if durability else Settings()
    async with open_hub(settings) as hub:
        for number in range(WARM_UP):
            await hub.ask(f"warm-{number}", "hello")
        gc.collect()
        if traced:
            tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0] if traced else resident()
        for number in range(sessions):
            await hub.ask(f"user-{number}", "hello")
        gc.collect()
        after = tracemalloc.get_traced_memory()[0] if traced else resident()
        return {
            "before": before,
            "after": after,
            "bytes_per_session": round((after - before) / sessions),
            "tasks": trio.lowlevel.current_statistics().tasks_living,
        }


def child(given: argparse.Namespace) -> None:
    """The fresh process: prints its measurement as JSON."""
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as data:
        os.chdir(data)  # the data folder is a relative path by default
        found = trio.run(fill, given.sessions, given.durability, given.child == "traced")
        os.chdir("/")
    print(json.dumps(found))


def measured(given: argparse.Namespace, kind: str) -> dict[str, Any]:
    """Runs a child and returns what it printed."""
    argv = [sys.executable, str(Path(__file__).resolve()), "--child", kind]
    argv += ["--sessions", str(given.sessions)]
    if given.durability:
        argv += ["--durability", given.durability]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Bytes per idle session.")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--durability", help="without it, the default of the settings")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--child", choices=("resident", "traced"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given)
        return
    facts = environment("", {}, given.durability or "default")
    for key in ("endpoint", "server_version", "transport"):
        del facts[key]
    report = {
        "sessions": given.sessions,
        "resident": measured(given, "resident"),
        "traced": measured(given, "traced"),
        "environment": facts,
    }
    for kind in ("resident", "traced"):
        each = report[kind]
        print(
            f"{kind}: {each['bytes_per_session']:,} bytes per idle session "
            f"({each['before']:,} -> {each['after']:,} bytes, {given.sessions:,} sessions, "
            f"{each['tasks']:,} tasks)"
        )
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
