"""The store that survives: SQLite in one folder, one writer, readers beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar

import apsw
import trio

from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import Erased, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store import reading, rows
from nexus_trio.store.base import (
    Count,
    Expired,
    LoadedSession,
    Page,
    StoredSession,
    Write,
)
from nexus_trio.store.batch import Work
from nexus_trio.store.database import Durability, File, discard, prepare
from nexus_trio.store.folder import claim, this_boot
from nexus_trio.store.sweep import sweep_if_due
from nexus_trio.store.writer import CLOSING_S, QUEUE, Writer

T = TypeVar("T")

READERS: Final = 4
"""Reads at a time: a few threads keep a disk busy, more would only take turns."""

ERASED_AT_ONCE: Final = 500
"""Turns, or rows of room events, that one commit of an erasure takes: some milliseconds."""


class SqliteStore:
    """`Store` on a database file. Made by `open_store`.

    Reads run in threads, each on a connection of its own and in one snapshot:
    a slow disk delays those who read, and never the event loop.
    """

    def __init__(self, file: File, writer: Writer, new_epoch: Callable[[], str]) -> None:
        self._file = file
        self._writer = writer
        self._new_epoch = new_epoch
        self._readers = trio.CapacityLimiter(READERS)
        # Used from threads; `append` and `pop` of a list are atomic.
        self._idle: list[apsw.Connection] = []

    @property
    def healthy(self) -> bool:
        """Whether the disk takes writes, as far as is known."""
        return self._writer.healthy

    @property
    def prompt(self) -> bool:
        return False

    @property
    def commits(self) -> int:
        """How many transactions it has committed; appends that met share one."""
        return self._writer.commits

    async def append(self, writes: Sequence[Write]) -> None:
        """Commit `writes` as one, together with what others append meanwhile."""
        await self._writer.submit(lambda connection: rows.write(connection, writes))

    async def load(self, user_id: str, window: int) -> LoadedSession | None:
        return await self._read(lambda c: reading.load(c, user_id, window))

    async def history(self, user_id: str, after: Position | None, limit: int) -> Page | None:
        return await self._read(lambda c: reading.history(c, user_id, after, limit))

    async def sessions(self, after: str | None, limit: int) -> tuple[StoredSession, ...]:
        return await self._read(lambda c: reading.sessions(c, after, limit))

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Turn | None:
        return await self._read(lambda c: reading.reference(c, user_id, client_ref, since))

    async def room_tail(self, room: str) -> Position:
        tail = await self._read(lambda c: reading.room_tail(c, room))
        if tail is None:
            epoch = self._new_epoch()
            await self._writer.submit(lambda c: rows.open_room(c, room, epoch))
            tail = await self._read(lambda c: reading.room_tail(c, room))
        # Two may have begun the stream at once; the first one's epoch stands.
        return tail or Position(epoch, 0)

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        return await self._read(lambda c: reading.room_events(c, room, after, limit))

    async def occupants(self, room: str) -> Mapping[str, str | None]:
        return await self._read(lambda c: reading.occupants(c, room))

    async def ledger(self, since: date, until: date) -> tuple[Count, ...]:
        return await self._read(lambda c: reading.ledger(c, since, until))

    async def rooms_of(self, user_id: str) -> Mapping[str, str | None]:
        return await self._read(lambda c: reading.rooms_of(c, user_id))

    async def events_of(
        self, user_id: str, after: RoomEvent | None, limit: int
    ) -> tuple[RoomEvent, ...]:
        return await self._read(lambda c: reading.events_of(c, user_id, after, limit))

    async def traces(self, user_id: str) -> bool:
        return await self._read(lambda c: reading.traces(c, user_id))

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        turns = events = 0
        while True:
            # Others' commits wait for each of these some milliseconds, and not for all.
            some = await self._writer.submit(lambda c: rows.erase_some(c, user_id, ERASED_AT_ONCE))
            turns, events = turns + some.turns, events + some.events
            if not some.turns and not some.events:
                break
        rest = await self._writer.submit(lambda c: rows.erase(c, user_id))
        if sweep:
            await self.sweep()
        return Erased(turns + rest.turns, events + rest.events)

    async def expire(self, before: datetime, limit: int) -> Expired:
        return await self._writer.submit(lambda c: rows.expire(c, before, limit))

    async def inactive(self, before: datetime, after: str, limit: int) -> tuple[str, ...]:
        return await self._read(lambda c: reading.inactive(c, before, after, limit))

    async def sweep(self) -> None:
        await self._writer.upkeep.swept()

    async def aclose(self) -> None:
        """Finish what was taken. The context that opened the store closes the files."""
        await self._writer.close()

    async def _read(self, work: Work[T]) -> T:
        await self._writer.settle()
        try:
            # A caller that goes away leaves the thread to end by itself.
            return await trio.to_thread.run_sync(
                self._snapshot, work, limiter=self._readers, abandon_on_cancel=True
            )
        except apsw.Error as error:
            raise StoreUnavailable(f"the store can't read ({type(error).__name__})") from None

    def _snapshot(self, work: Work[T]) -> T:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._file.reader()
        try:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("ROLLBACK")
                self._idle.append(connection)
        except apsw.Error:
            discard(connection)  # not trusted with the next read
            raise

    def close_readers(self) -> None:
        """Close the connections that no thread uses."""
        while self._idle:
            discard(self._idle.pop())


@asynccontextmanager
async def open_store(
    folder: Path,
    durability: Durability,
    new_epoch: Callable[[], str],
    *,
    patience: float = 5.0,
    closing: float = CLOSING_S,
    queue: int = QUEUE,
    vfs: str | None = None,
) -> AsyncIterator[SqliteStore]:
    """The store in `folder`, which is made where it is missing, until the context ends.

    `power`: what was acknowledged survives a power cut, `process`: the death of
    the process. `patience` is how many seconds a commit may take before the
    store counts as not healthy, `vfs` as for `File`. What was appended before the end is committed;
    a disk that hangs is given `closing` seconds. Raises `SettingsError`
    where the folder can't be used.
    """
    hold = claim(folder)
    path = await trio.to_thread.run_sync(hold.__enter__)
    try:
        file = File(path, durability, vfs)
        await trio.to_thread.run_sync(prepare, file, this_boot(), new_epoch)
        await trio.to_thread.run_sync(sweep_if_due, file)
        writer = Writer(file, patience, queue, closing)
        store = SqliteStore(file, writer, new_epoch)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.run)
            nursery.start_soon(writer.upkeep.fold)
            nursery.start_soon(writer.upkeep.sweep)
            try:
                yield store
            finally:
                await store.aclose()
                store.close_readers()
                nursery.cancel_scope.cancel()
    finally:
        hold.__exit__(None, None, None)
