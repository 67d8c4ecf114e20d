"""Power cuts: every write and sync is recorded, and what a torn disk could show is rebuilt.

SQLite runs on a file layer of ours, the very engine that ships. Of what was
written since a file's last sync, an image holds any part: whole writes, none of
them, or some of their sectors, in any order. In every image what was
acknowledged before the cut must be stored once, all else once or not at all.

`python tests/crash/power_cut.py --minutes 2` prints what it saw and exits 1 if
anything acknowledged was lost under durability `power`, if `process` lost
nothing, or if a store that acknowledges too early did not: then this could not
have seen a loss.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import apsw
import mutant
import trio

from nexus_trio.broker.local import LocalBroker
from nexus_trio.model.envelope import NO_CRISIS, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store import reading, upkeep
from nexus_trio.store.base import PutSession, PutTurn, SessionRecord
from nexus_trio.store.database import Durability, File, prepare
from nexus_trio.store.patience import Patience
from nexus_trio.store.sqlite import SqliteStore, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECTOR = 512
USERS = 6
TURNS = 25
TURNS_OF_ERASED = 10
ERASED = f"user-{USERS - 1}"
"""Erased when it has said all that it has to say, while the others go on."""


@dataclass(frozen=True, slots=True)
class Op:
    """One thing that happened: to a file, or an acknowledgement to a caller."""

    kind: Literal["write", "truncate", "sync", "acknowledged", "said", "erasing", "erased"]
    file: str
    offset: int = 0
    data: bytes = b""


class Recorder(apsw.VFS):
    """SQLite's file layer, with a log of what changes files."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.log: list[Op] = []
        # The log has one order: that in which things were true on the disk.
        self.lock = threading.Lock()

    def xOpen(  # noqa: N802 - SQLite's name, as below
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return _Recorded(self, name, flags)

    def add(self, op: Op) -> None:
        with self.lock:
            self.log.append(op)


class _Recorded(apsw.VFSFile):
    def __init__(
        self, recorder: Recorder, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__("", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        # Temporary files have no name, and nothing to survive.
        self.named = os.path.basename(path) if path else None
        self.recorder = recorder

    def _add(
        self, kind: Literal["write", "truncate", "sync"], at: int = 0, data: bytes = b""
    ) -> None:
        if self.named is not None:
            self.recorder.add(Op(kind, self.named, at, bytes(data)))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - see above
        super().xWrite(data, offset)
        self._add("write", offset, data)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - see above
        super().xTruncate(newsize)
        self._add("truncate", newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - see above
        # What is written while the sync runs may miss it: the sync counts for
        # what was in the log when it began.
        with self.recorder.lock:
            began = len(self.recorder.log)
        super().xSync(flags)
        self._add("sync", began)


# A connection that is closed late must find its file layer: none is ever let go.
RECORDERS: list[Recorder] = []


@dataclass
class Tally:
    """What was seen over all images."""

    images: int = 0
    acknowledged: int = 0
    lost: int = 0
    erased: int = 0
    """Images after an erasure was acknowledged."""
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"images {self.images}, acknowledged turns in them {self.acknowledged}, "
            f"lost {self.lost}, after an erasure {self.erased}, otherwise wrong {len(self.wrong)}"
        )


async def record(folder: Path, durability: Durability) -> tuple[list[Op], int]:
    """The log of one run, with small checkpoints in it, and where in it serving began."""
    recorder = Recorder(f"recorder-{folder.parent.name}")
    RECORDERS.append(recorder)
    usual = upkeep.FOLD_PAGES, upkeep.FULL_PAGES, upkeep.REST_PAGES, upkeep.MOST_PAGES
    upkeep.FOLD_PAGES, upkeep.FULL_PAGES, upkeep.REST_PAGES, upkeep.MOST_PAGES = 30, 90, 10, 200
    try:
        async with open_store(folder, durability, lambda: "e", vfs=recorder.name) as store:
            served = len(recorder.log)
            broker = LocalBroker(store, Patience(60), lambda: NOW)
            async with trio.open_nursery() as nursery:
                for number in range(USERS):
                    nursery.start_soon(caller, store, broker, recorder, f"user-{number}")
            ended = len(recorder.log)
    finally:
        upkeep.FOLD_PAGES, upkeep.FULL_PAGES, upkeep.REST_PAGES, upkeep.MOST_PAGES = usual
    start = recorder.log[:served]
    synced = synced_by(start)
    for index, op in enumerate(start):
        if op.kind == "write" and op.file == "nexus.db":
            assert index < synced.get(op.file, 0), "served before all of the start was on disk"
    return recorder.log[:ended], served


async def caller(store: SqliteStore, broker: LocalBroker, recorder: Recorder, user: str) -> None:
    # Who is to be erased is done first, so that others write meanwhile.
    for number in range(1, (TURNS if user != ERASED else TURNS_OF_ERASED) + 1):
        turn = message(user, number)
        record = SessionRecord(user, f"s-{user}", "e", NOW, NOW)
        if number % 3 == 0:  # received first, as with a slow responder
            received = Turn(
                number, NOW, "Tower", turn.message, NO_CRISIS, client_ref=turn.client_ref
            )
            await store.append([PutSession(record), PutTurn(user, received)])
        await store.append([PutSession(record), PutTurn(user, turn)])
        recorder.add(Op("acknowledged", user, number))
        if number % 4 == 0:
            said = RoomEvent("Tower", "said", user, None, aloud(user, number))
            position = await broker.publish(said)
            recorder.add(Op("said", user, position.offset, aloud(user, number).encode()))
    if user == ERASED:
        recorder.add(Op("erasing", user))
        await store.erase(user)
        recorder.add(Op("erased", user))


def message(user: str, number: int) -> Turn:
    """The turn that `user` has with that number; nobody has another one like it."""
    words = f"{user} says {number}. " * (1 + number * 7 % 40)
    turn = Turn(number, NOW, "Tower", words, NO_CRISIS, client_ref=f"ref-{number}")
    return turn.ended("answer", words.upper(), Position("e", number))


def aloud(user: str, number: int) -> str:
    """What `user` says to all in the room behind that turn."""
    return f"{user} says {number} aloud. " * (1 + number)


def synced_by(log: list[Op]) -> dict[str, int]:
    """By file: before which place in the log its writes are on the disk."""
    synced: dict[str, int] = {}
    for op in log:
        if op.kind == "sync":
            # Two may sync one file at once: the one that ends last began first.
            synced[op.file] = max(synced.get(op.file, 0), op.offset)
    return synced


def image(log: list[Op], served: int, cut: int, rng: random.Random) -> dict[str, bytearray]:
    """The files after a power cut behind `log[:cut]`, as one torn disk could show them.

    A start has synced all that it wrote before anything is served.
    """
    synced = synced_by(log[:cut])
    mood = rng.choice(("none", "all", "some", "torn", "newest first"))
    found: dict[str, bytearray] = {}
    for index, op in enumerate(log[:cut]):
        if op.kind not in ("write", "truncate"):
            continue
        content = found.setdefault(op.file, bytearray())
        safe = index < max(synced.get(op.file, 0), served)
        if op.kind == "truncate":
            if safe or mood == "all" or (mood != "none" and rng.random() < 0.5):
                del content[op.offset :]
        elif safe or mood == "all":
            put(content, op.offset, op.data)
        elif mood == "newest first":
            if cut - index < rng.randrange(1, 12):
                put(content, op.offset, op.data)
        elif mood != "none" and rng.random() < 0.6:
            put_torn(content, op, rng) if mood == "torn" else put(content, op.offset, op.data)
    return found


def put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def put_torn(content: bytearray, op: Op, rng: random.Random) -> None:
    """Only some of the sectors that the write touched."""
    for start in range(0, len(op.data), SECTOR):
        if rng.random() < 0.7:
            put(content, op.offset + start, op.data[start : start + SECTOR])


@dataclass
class Told:
    """What callers were told before a cut.

    `turns`: by user, how many; `said`: by offset in the room, who said what;
    `erasure` is `erasing` once it was asked for, `erased` once it was acknowledged.
    """

    turns: dict[str, int] = field(default_factory=dict)
    said: dict[int, tuple[str, str]] = field(default_factory=dict)
    erasure: str | None = None

    @classmethod
    def by(cls, log: list[Op]) -> Told:
        told = cls()
        for op in log:
            match op.kind:
                case "acknowledged":
                    told.turns[op.file] = op.offset
                case "said":
                    told.said[op.offset] = (op.file, op.data.decode())
                case "erasing" | "erased":
                    told.erasure = op.kind
        return told


def examine(files: dict[str, bytearray], told: Told, tally: Tally) -> None:
    """Open the image as a start would, and compare with what callers were told."""
    erasure = told.erasure
    tally.images += 1
    if erasure == "erased" and any(ERASED.encode() in content for content in files.values()):
        tally.wrong.append("words of the erased are in a file")
    with tempfile.TemporaryDirectory(prefix="nexus-image-") as folder:
        for name in ("nexus.db", "nexus.db-wal"):
            if name in files:
                (Path(folder) / name).write_bytes(files[name])
        file = File(Path(folder) / "nexus.db", "power")
        prepare(file, "boot", lambda: "new")
        connection = file.reader()
        try:
            if connection.pragma("quick_check", 1) != "ok":
                tally.wrong.append("the database is damaged")
            for user in (f"user-{number}" for number in range(USERS)):
                if erasure is None or user != ERASED:
                    compare(connection, user, told.turns.get(user, 0), tally)
                elif (there := stored(connection, user)) and erasure == "erased":
                    tally.wrong.append("the erased is there")
                elif there:  # asked for and not acknowledged: all of it, or nothing
                    tally.lost += TURNS_OF_ERASED - there
            compare_said(connection, told, tally)
        finally:
            connection.close()


def compare_said(connection: apsw.Connection, told: Told, tally: Tally) -> None:
    tail = reading.room_tail(connection, "Tower") or Position("e", 0)
    start = Position(tail.epoch, 0)
    events = reading.room_events(connection, "Tower", start, 10**6) if tail.offset else ()
    if [e.position and e.position.offset for e in events] != list(range(1, tail.offset + 1)):
        tally.wrong.append("the room's stream has a gap")
    tally.acknowledged += len(told.said)
    tally.lost += max(max(told.said, default=0) - tail.offset, 0)
    for offset, (user, text) in told.said.items():
        # Of the erased, a tombstone; while it is being erased, either.
        maybe = user == ERASED and told.erasure is not None
        found = events[offset - 1] if offset <= tail.offset else None
        if found and found.text != text and not (maybe and found.event == "erased"):
            tally.wrong.append(f"{user} said something else")


def stored(connection: apsw.Connection, user: str) -> int:
    page = reading.history(connection, user, None, TURNS + 1)
    return 0 if page is None else len(page.turns)


def compare(connection: apsw.Connection, user: str, told: int, tally: Tally) -> None:
    page = reading.history(connection, user, None, TURNS + 1)
    turns = page.turns if page is not None else ()
    tally.acknowledged += told
    tally.lost += max(told - len(turns), 0)
    for number, turn in enumerate(turns, start=1):
        if turn.position is None or replace(
            turn, position=Position("e", turn.position.offset)
        ) != message(user, number):
            tally.wrong.append(f"{user} has another turn {number}")
    if len(turns) < told and any(t.position and t.position.epoch == "e" for t in turns):
        tally.wrong.append(f"{user} lost turns and kept its epoch")
    if len(turns) > told + 1:
        tally.wrong.append(f"{user} has turns that it never sent")
    for number in range(1, TURNS + 1):
        # Sent again with its reference, it is found if and only if it is stored.
        known = reading.reference(connection, user, f"ref-{number}", NOW)
        if (known is not None and known.status == "answered") != (number <= len(turns)):
            tally.wrong.append(f"{user}: the reference of turn {number} misleads")


def cut_everywhere(log: list[Op], served: int, images: int, seed: int) -> Tally:
    """Examine so many images, cut at random, and right before and after syncs."""
    rng = random.Random(seed)
    tally = Tally()
    edges = [
        at + d
        for at, op in enumerate(log)
        for d in (0, 1, 2)
        if at > served and op.kind not in ("write", "truncate") and at + d <= len(log)
    ]
    for _ in range(images):
        cut = rng.choice(edges) if rng.random() < 0.7 else rng.randrange(served, len(log) + 1)
        told = Told.by(log[:cut])
        tally.erased += told.erasure == "erased"
        examine(image(log, served, cut, rng), told, tally)
    return tally


def run(durability: Durability, images: int, seed: int) -> Tally:
    """One recorded run, and so many images of it."""
    with tempfile.TemporaryDirectory(prefix="nexus-power-") as folder:
        log, served = trio.run(record, Path(folder) / "data", durability)
    return cut_everywhere(log, served, images, seed)


def main() -> int:
    parser = argparse.ArgumentParser(description="Power cuts; nothing may be lost.")
    parser.add_argument("--minutes", type=float, default=1)
    given = parser.parse_args()
    failed = False
    for durability in ("power", "process"):
        total = Tally()
        until = time.monotonic() + given.minutes * (50 if durability == "power" else 10)
        seed = 0
        while seed == 0 or time.monotonic() < until:
            seed += 1
            seen = run("power" if durability == "power" else "process", 100, seed)
            total.images += seen.images
            total.acknowledged += seen.acknowledged
            total.lost += seen.lost
            total.erased += seen.erased
            total.wrong += seen.wrong
        print(f"{durability}: {total.line()}", flush=True)
        failed |= bool(total.wrong) or (total.lost > 0) == (durability == "power")
    with mutant.acknowledging_early():
        seen = run("power", 300, 1)
    print(f"a store that acknowledges before it commits: {seen.line()}", flush=True)
    print(f"power cuts: the mutant was {'caught' if seen.lost else 'NOT caught'}", flush=True)
    return int(failed or not seen.lost)


if __name__ == "__main__":
    sys.exit(main())
