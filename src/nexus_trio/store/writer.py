"""The one writer: takes what has queued, commits it as one transaction, answers each.

One thread hop and one sync carry all that has queued meanwhile, and what comes
in the same few milliseconds, so the more callers there are, the less each of
them costs. A task of its own folds the log into the database, so that no commit
waits for that.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import apsw
import trio

from nexus_trio.errors import StoreUnavailable
from nexus_trio.store.batch import Job, T, Work, beat, commit_all
from nexus_trio.store.database import File, discard, end_run
from nexus_trio.store.thread import WriterThread
from nexus_trio.store.upkeep import Upkeep

log = logging.getLogger("nexus_trio")

QUEUE: Final = 4096
"""Appends that may wait: some seconds of a busy disk; behind that, refusing is kinder."""

BATCH: Final = 512
"""Appends in one transaction, so that the first of them does not wait for thousands."""

GATHERING_S: Final = 0.005
"""How long a transaction may wait for those who are about to append: a few syncs of a disk."""

PROBE_S: Final = 1.0
"""How often a disk that failed is asked whether it takes writes again."""

CLOSING_S: Final = 5.0
"""How long the end waits for the disk; then the last commits' outcome is unknown."""


class Writer:
    """The queue of appends, and the tasks that empty it.

    In seconds: `patience` with a commit before the disk counts as not healthy, `closing`
    with the disk at the end.
    """

    def __init__(
        self, file: File, patience: float, queue: int = QUEUE, closing: float = CLOSING_S
    ) -> None:
        self._file = file
        self._patience = patience
        self._limit = queue
        self._closing_s = closing
        self.commits = 0
        """Transactions committed: what callers share."""
        self._connection: apsw.Connection | None = None
        self._queue: deque[Job] = deque()
        # Appends whose caller has gone: until they are decided, no read may
        # say what is true. Ordered, so that a replay waits in one order.
        self._in_doubt: dict[Job, None] = {}
        self._settled = trio.Event()
        self._wake = trio.Event()
        self._closing = False
        self._ended = trio.Event()
        self._scope = trio.CancelScope(shield=True)
        self._thread = WriterThread()
        self._down = False
        self._busy_since = math.inf
        self.upkeep = Upkeep(file, self._exclusively, self._let_go)

    @property
    def healthy(self) -> bool:
        """Whether the last commit went well and the present one is not overdue."""
        return not self._down and trio.current_time() - self._busy_since <= self._patience

    async def submit(self, work: Work[T]) -> T:
        """Have `work` done in a transaction and return its result once it is committed.

        Raises `StoreUnavailable` where nothing was stored, the queue being full
        included, and `ValueError` where `work` can't be done (`batch.OWN_FAULTS`).
        A caller that is cancelled takes nothing back.
        """
        if self._closing:
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= self._limit:
            raise StoreUnavailable("the store can't keep up; try again in a moment")
        job = Job(work)
        self._queue.append(job)
        self._wake.set()
        try:
            await job.done.wait()
        except trio.Cancelled:
            if not job.decided:
                self._in_doubt[job] = None
            raise
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    async def settle(self) -> None:
        """Return once every append whose caller has gone is decided.

        Raises `StoreUnavailable` where that takes longer than the patience.
        """
        with trio.move_on_after(self._patience):
            while self._in_doubt:
                await self._settled.wait()
            return
        raise StoreUnavailable("the store is slow and its last commits are open; try again")

    # --- the tasks ---

    async def run(self) -> None:
        """Commit until closed and empty; a cancellation from outside does not reach it.

        Whoever opened it has promised to close it. Once closed it gives the
        disk `closing` seconds.
        """
        try:
            with self._scope:
                while await self._work_waits():
                    await self._commit(at_hand=await self._gather())
                async with self.upkeep.turnstile:
                    await self._hop(self._end)
        finally:
            self._closing = True
            self._ended.set()
            self._answer(self._queue, StoreUnavailable("the store is closed"))

    async def close(self) -> None:
        """Take nothing more; return when what was taken is committed, or given up."""
        self._closing = True
        self._scope.deadline = trio.current_time() + self._closing_s
        self.upkeep.close(self._scope.deadline)
        self._wake.set()
        with trio.CancelScope(shield=True):
            await self._ended.wait()

    async def _work_waits(self) -> bool:
        """True when there is something to do; False when closed and empty."""
        while not self._queue:
            if self._closing:
                return False
            self._wake = trio.Event()
            wait = PROBE_S if self._down else math.inf
            with trio.move_on_after(wait) as waiting:
                await self._wake.wait()
            if waiting.cancelled_caught:
                return True
        return True

    async def _gather(self) -> bool:
        """Wait until two rounds of the scheduler have brought no other append; whether they have.

        A hop to the thread costs as much as a whole turn, shared or not. Two, as a
        message that one round reads comes here in the next.
        """
        until = trio.current_time() + GATHERING_S
        calm = 0
        while calm < 2 and len(self._queue) < BATCH and trio.current_time() < until:
            before = len(self._queue)
            await trio.lowlevel.checkpoint()
            calm = calm + 1 if len(self._queue) == before else 0
        return calm == 2

    async def _commit(self, *, at_hand: bool) -> None:
        """One transaction: of what has queued, or of nothing to see how the disk is."""
        jobs = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        self._busy_since = trio.current_time()
        try:
            await self._hop(self._transact, jobs or [Job(beat)], at_hand=at_hand)
        except apsw.Error as error:
            self._failed(error)
            self._answer(jobs, StoreUnavailable("the store can't write; try again later"))
        except BaseException:
            self._answer(jobs, StoreUnavailable("the store has ended"))
            raise
        else:
            self._works()
            self.commits += 1
            self._answer(jobs)
            await self.upkeep.keep_log_short()
        finally:
            self._busy_since = math.inf

    def _answer(self, jobs: Iterable[Job], error: Exception | None = None) -> None:
        for job in tuple(jobs):
            job.error = error or job.error
            job.done.set()
            job.decided = True
            self._in_doubt.pop(job, None)
        if not self._in_doubt:
            self._settled.set()
            self._settled = trio.Event()

    def _failed(self, error: apsw.Error) -> None:
        if not self._down:
            log.error("the store can't write (%s); refusing until it can", type(error).__name__)
        self._down = True

    def _works(self) -> None:
        if self._down:
            log.warning("the store writes again")
        self._down = False

    async def _hop(
        self, call: Callable[..., None], *arguments: object, at_hand: bool = False
    ) -> None:
        # Left behind only at the end, when the disk hangs: see `close`.
        await self._thread.run(call, *arguments, at_hand=at_hand)

    async def _exclusively(self, call: Callable[[apsw.Connection], None]) -> None:
        await self._hop(lambda: call(self._open()))

    def _let_go(self) -> None:
        self._connection = None

    # --- in the writer's thread ---

    def _transact(self, jobs: list[Job]) -> None:
        connection = self._open()
        try:
            commit_all(connection, jobs)
        except apsw.Error:
            # A connection that has seen an error is not trusted with the next.
            self._connection = None
            discard(connection)
            raise

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._file.writer()
            self._connection.set_wal_hook(self._grown)
        return self._connection

    def _grown(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self.upkeep.grown(pages)
        return apsw.SQLITE_OK

    def _end(self) -> None:
        connection, self._connection = self._open(), None
        try:
            end_run(connection)
        except apsw.Error as error:
            log.warning("the store was not closed in good order: %s", type(error).__name__)
        finally:
            discard(connection)
