"""Durable appends a second, and what a checkpoint does to the slowest of them.

At the store's own level, without HTTP: one append is what a turn writes, its
session's row and the turn, of some 600 bytes. Each figure stands beside the
machine's own fdatasync, measured right before it on the same file system.
`--large` and `--many` measure reads, the start and an erasure on large databases.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import trio

from nexus_trio.experiment.environment import environment
from nexus_trio.model.envelope import NO_CRISIS, Position
from nexus_trio.model.transcript import Turn
from nexus_trio.server import open_hub
from nexus_trio.settings import Settings
from nexus_trio.store import rows
from nexus_trio.store.base import PutSession, PutTurn, SessionRecord, Write
from nexus_trio.store.database import Durability, File, prepare
from nexus_trio.store.sqlite import SqliteStore, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = "some words of a conversation. " * 6
EPOCH = "0123456789abcdef"


def writes(user: str, number: int) -> list[Write]:
    """What one answered turn appends."""
    turn = Turn(number, NOW, "Tower", WORDS, NO_CRISIS, client_ref=f"ref-{number}")
    ended = turn.ended("answer", WORDS * 2, Position(EPOCH, number))
    record = SessionRecord(
        user, f"session-{user}", EPOCH, NOW, NOW, user, "Tower", (0, 0, "none", 0, 0)
    )
    return [PutSession(record), PutTurn(user, ended)]


@contextmanager
def folder(at: str | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nexus-bench-", dir=at) as made:
        yield Path(made)


def shares(values: list[float]) -> dict[str, float]:
    """p50, p99, p99.9 and the longest, in milliseconds."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999}
    found = {name: ordered[int(len(ordered) * q)] * 1e3 for name, q in at.items()}
    return {name: round(ms, 3) for name, ms in (found | {"max": ordered[-1] * 1e3}).items()}


def fdatasync(where: Path, times: int = 200) -> dict[str, float]:
    """What one 4 KiB write and its fdatasync take here."""
    taken = []
    handle = os.open(where / "probe", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.write(handle, bytes(1 << 20))
        os.fsync(handle)
        for number in range(times):
            os.pwrite(handle, os.urandom(4096), number % 256 * 4096)
            began = time.perf_counter()
            os.fdatasync(handle)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(handle)
    return shares(taken)


async def appends(durability: Durability, callers: int, seconds: float, at: str | None) -> Any:
    """Each caller appends to a session of its own, one turn behind the other."""
    taken: list[float] = []
    with folder(at) as where:
        sync = fdatasync(where)
        async with open_store(where / "data", durability, lambda: EPOCH) as store:
            began = time.perf_counter()
            async with trio.open_nursery() as nursery:
                for number in range(callers):
                    nursery.start_soon(caller, store, f"user-{number}", began + seconds, taken)
            elapsed = time.perf_counter() - began
            commits = store.commits
            size = (where / "data" / "nexus.db").stat().st_size
    found = {"per_second": round(len(taken) / elapsed), "appends": len(taken), **shares(taken)}
    per_commit = round(len(taken) / commits, 1)
    return found | {"fdatasync_ms": sync, "per_commit": per_commit, "database": size}


async def caller(store: SqliteStore, user: str, until: float, taken: list[float]) -> None:
    number = 0
    while time.perf_counter() < until:
        number += 1
        began = time.perf_counter()
        await store.append(writes(user, number))
        taken.append(time.perf_counter() - began)


def fill(where: Path, sessions: int, turns: int) -> None:
    """A database with that many turns in all, made without a server."""
    where.mkdir()
    path = where / "nexus.db"
    path.touch()
    file = File(path, "power")
    prepare(file, "boot", lambda: EPOCH)
    connection = file.writer("process")  # only while it is filled
    connection.wal_autocheckpoint(4000)
    # One turn of each session after the other, as people talk: a session's turns lie far apart.
    each = turns // sessions
    order = ((f"user-{user}", turn) for turn in range(1, each + 1) for user in range(sessions))
    for some in batched(order, 10_000):
        with connection:
            for user, turn in some:
                rows.write(connection, writes(user, turn))
    connection.close()


def batched(order: Iterator[tuple[str, int]], size: int) -> Iterator[list[tuple[str, int]]]:
    while some := list(islice(order, size)):
        yield some


async def large(sessions: int, turns: int, at: str | None) -> Any:
    """The start, opening a session, a page from anywhere, and an erasure in the midst of turns."""
    with folder(at) as where:
        fill(where / "data", sessions, turns)
        size = (where / "data" / "nexus.db").stat().st_size
        found: dict[str, Any] = {"turns": turns, "sessions": sessions, "database": size}
        found |= started(where / "data")
        empty = started(where / "empty")["resident"]
        found["resident_over_empty"] = round(found["resident"] / empty, 3)
        async with open_store(where / "data", "power", lambda: EPOCH) as store:
            found |= await reads(store, sessions, turns // sessions)
            found |= await erasure(store)
        return found


def started(data: Path) -> dict[str, Any]:
    """How long a process takes to open a hub on that folder, and its resident memory then."""
    command = [sys.executable, __file__, "--started", str(data)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


async def start(data: str) -> None:
    began = time.perf_counter()
    async with open_hub(Settings(data=data)) as hub:
        took = round((time.perf_counter() - began) * 1e3, 1)
        assert hub.ready
        print(json.dumps({"start_ms": took, "resident": resident()}))


async def reads(store: SqliteStore, sessions: int, each: int) -> dict[str, Any]:
    pages, loads = [], []
    for number in range(200):
        user = f"user-{number % sessions}"
        after = Position(EPOCH, number * each // 200)
        began = time.perf_counter()
        page = await store.history(user, after, 50)
        pages.append(time.perf_counter() - began)
        assert page is not None
        assert page.turns[0].number == after.offset + 1
        began = time.perf_counter()
        assert await store.load(user, 20) is not None
        loads.append(time.perf_counter() - began)
    return {"page_of_50_ms": shares(pages), "open_session_ms": shares(loads)}


async def erasure(store: SqliteStore) -> dict[str, Any]:
    """How long one takes, and what others' appends take before and meanwhile."""
    taken: list[float] = []
    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(caller, store, f"other-{number}", math.inf, taken)
        await trio.sleep(2)
        before, began = len(taken), time.perf_counter()
        await store.erase("user-0")
        erased = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    found = {"erase_s": round(erased, 2), "others_before_ms": shares(taken[:before])}
    return found | {"others_meanwhile_ms": shares(taken[before:])}


def resident() -> int:
    """The resident memory of this process in bytes (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def line(title: str, found: Any) -> None:
    sync = found["fdatasync_ms"]
    print(
        f"{title}: {found['per_second']:,} appends/s; p50 {found['p50']} ms, p99 {found['p99']}, "
        f"p99.9 {found['p99_9']}, max {found['max']}; fdatasync p50 {sync['p50']} ms, "
        f"p99 {sync['p99']}; {found['per_commit']} appends a commit",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Durable appends a second.")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement")
    parser.add_argument("--callers", default="1,64", help="such as 1,64")
    parser.add_argument("--dir", help="measure on the file system of this folder")
    parser.add_argument("--large", action="store_true", help="also 100,000 turns in one session")
    parser.add_argument("--many", action="store_true", help="also 1,000,000 turns in 10,000")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--started", metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.started:
        trio.run(start, given.started)
        return
    found: dict[str, Any] = {}
    durabilities: tuple[Durability, ...] = ("power", "process")
    for durability in durabilities:
        for callers in (int(each) for each in given.callers.split(",")):
            title = f"{durability}, {callers} callers"
            found[title] = trio.run(appends, durability, callers, given.seconds, given.dir)
            line(title, found[title])
    for wanted, sessions, turns in ((given.large, 1, 100_000), (given.many, 10_000, 1_000_000)):
        if wanted:
            title = f"{turns:,} turns in {sessions:,} sessions"
            found[title] = trio.run(large, sessions, turns, given.dir)
            print(f"{title}: {json.dumps(found[title])}", flush=True)
    facts = environment("", {}, "each")
    for key in ("endpoint", "server_version", "transport"):
        facts.pop(key, None)
    if given.json:
        report = {"seconds": given.seconds, "found": found, "environment": facts}
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
