"""The one writer: takes what has queued, commits it as one transaction, answers each.

One thread hop and one sync carry all that has queued meanwhile, so the more
callers there are, the less each of them costs. A task of its own folds the log
into the database, so that no commit waits for that.
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
from nexus_trio.store.batch import Job, T, Work, beat, commit_all, fold_log
from nexus_trio.store.database import File, discard, end_run, scrub

log = logging.getLogger("nexus_trio")

QUEUE: Final = 4096
"""Appends that may wait: some seconds of a busy disk; behind that, refusing is kinder."""

BATCH: Final = 512
"""Appends in one transaction, so that the first of them does not wait for thousands."""

FOLD_PAGES: Final = 4000
"""Pages of the log (4 KiB each) from which it is folded into the database. While that
goes on commits are slower: measured, at 1000 that is one in a hundred, at 4000 not one in
a thousand, and above it nothing is won."""

FULL_PAGES: Final = 4 * FOLD_PAGES
"""Where the log never came to rest, the writer folds the rest itself: 64 MiB."""

MOST_PAGES: Final = 4 * FULL_PAGES
"""Where the disk is too slow to fold in time, the writer waits for it after all: 256 MiB."""

REST_PAGES: Final = 500
"""What the writer folds itself at most, nobody being able to commit meanwhile: some
milliseconds. It is what has come while the task beside it folded all before."""

PROBE_S: Final = 1.0
"""How often a disk that failed is asked whether it takes writes again."""

CLOSING_S: Final = 5.0
"""How long the end waits for the disk; then the last commits' outcome is unknown."""


class Writer:
    """The queue of appends, and the tasks that empty it. `patience` is in seconds."""

    def __init__(self, file: File, patience: float, queue: int = QUEUE) -> None:
        self._file = file
        self._patience = patience
        self._limit = queue
        self.commits = 0
        """Transactions committed: what callers share."""
        self._connection: apsw.Connection | None = None
        self._queue: deque[Job] = deque()
        # Appends whose caller has gone: until they are decided, no read may
        # say what is true. Ordered, so that a replay waits in one order.
        self._in_doubt: dict[Job, None] = {}
        self._settled = trio.Event()
        # Erased, but perhaps not gone from the file yet.
        self._to_scrub: list[Job] = []
        self._wake = trio.Event()
        self._fold = trio.Event()
        self._folding = trio.Lock()
        self._closing = False
        self._ended = trio.Event()
        self._scope = trio.CancelScope(shield=True)
        self._fold_scope = trio.CancelScope(shield=True)
        self._threads = trio.CapacityLimiter(1)
        self._log_pages = 0
        self._folded_pages = 0
        self._down = False
        self._busy_since = math.inf

    @property
    def healthy(self) -> bool:
        """Whether the last commit went well and the present one is not overdue."""
        return not self._down and trio.current_time() - self._busy_since <= self._patience

    async def submit(self, work: Work[T], *, scrub: bool = False) -> T:
        """Have `work` done in a transaction and return its result once it is committed.

        Raises `StoreUnavailable` where nothing was stored, the queue being full
        included, and `ValueError` where `work` can't be done (`batch.OWN_FAULTS`).
        A caller that is cancelled takes nothing back.
        """
        if self._closing:
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= self._limit:
            raise StoreUnavailable("the store can't keep up; try again in a moment")
        job = Job(work, scrub)
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
        disk `CLOSING_S` seconds.
        """
        try:
            with self._scope:
                while await self._work_waits():
                    await self._commit()
                async with self._folding:
                    await self._hop(self._end)
        finally:
            self._closing = True
            self._answer((*self._queue, *self._to_scrub), StoreUnavailable("the store is closed"))
            self._ended.set()

    async def close(self) -> None:
        """Take nothing more; return when what was taken is committed, or given up."""
        self._closing = True
        self._scope.deadline = trio.current_time() + CLOSING_S
        self._fold_scope.deadline = self._scope.deadline
        self._wake.set()
        with trio.CancelScope(shield=True):
            await self._ended.wait()

    async def fold(self) -> None:
        """Fold the log into the database whenever it has grown, until cancelled."""
        while True:
            await self._fold.wait()
            async with self._folding:
                self._fold_scope = trio.CancelScope(
                    shield=True, deadline=self._scope.deadline if self._closing else math.inf
                )
                try:
                    # Shielded: a thread left behind would go on in a folder that
                    # its owner believes closed. `close` bounds it.
                    with self._fold_scope:
                        await trio.to_thread.run_sync(self._fold_once, abandon_on_cancel=True)
                except apsw.Error as error:
                    log.warning("the store's log could not be folded: %s", type(error).__name__)
                self._fold = trio.Event()

    async def _work_waits(self) -> bool:
        """True when there is something to do; False when closed and empty."""
        while not self._queue:
            if self._closing:
                return False
            self._wake = trio.Event()
            wait = PROBE_S if self._down or self._to_scrub else math.inf
            with trio.move_on_after(wait) as waiting:
                await self._wake.wait()
            if waiting.cancelled_caught:
                return True
        return True

    async def _commit(self) -> None:
        """One transaction: of what has queued, or of nothing to see how the disk is."""
        jobs = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        self._busy_since = trio.current_time()
        try:
            await self._hop(self._transact, jobs or [Job(beat)])
        except apsw.Error as error:
            self._failed(error)
            self._answer(jobs, StoreUnavailable("the store can't write; try again later"))
        except BaseException:
            self._answer(jobs, StoreUnavailable("the store has ended"))
            raise
        else:
            self._works()
            self.commits += 1
            self._decide(jobs)
            self._to_scrub += [job for job in jobs if job.scrub and job.error is None]
            self._answer(job for job in jobs if job not in self._to_scrub)
            if self._to_scrub:
                await self._scrub()
            await self._keep_log_short()
        finally:
            self._busy_since = math.inf

    async def _keep_log_short(self) -> None:
        if self._log_pages < self._folded_pages:
            self._folded_pages = 0  # the log has begun anew
        rest = self._log_pages - self._folded_pages
        full = self._log_pages >= FULL_PAGES
        if full and (rest <= REST_PAGES or self._log_pages >= MOST_PAGES):
            await self._hop(self._fold_rest)
        elif full or rest >= FOLD_PAGES:
            self._fold.set()

    async def _scrub(self) -> None:
        async with self._folding:
            try:
                await self._hop(self._scrub_once)
            except apsw.Error as error:
                self._failed(error)  # and tried again with the next commit or probe
                return
        self._answer(self._to_scrub)
        self._to_scrub = []

    def _answer(self, jobs: Iterable[Job], error: Exception | None = None) -> None:
        for job in tuple(jobs):
            job.error = error or job.error
            job.done.set()
            self._decide((job,))

    def _decide(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
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

    async def _hop(self, call: Callable[..., None], *arguments: object) -> None:
        # Abandoned only at the end, when the disk hangs: see `close`.
        await trio.to_thread.run_sync(
            call, *arguments, limiter=self._threads, abandon_on_cancel=True
        )

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
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _scrub_once(self) -> None:
        scrub(self._open())

    def _fold_once(self) -> None:
        # Passive: it takes no lock that a commit needs. A commit that finds one
        # taken asks again only after milliseconds.
        side = self._file.writer()
        try:
            self._folded_pages = fold_log(side, apsw.SQLITE_CHECKPOINT_PASSIVE)
        finally:
            discard(side)

    def _fold_rest(self) -> None:
        # All of it, as nobody writes meanwhile; so the next commit begins the
        # log anew.
        self._folded_pages = fold_log(self._open(), apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _end(self) -> None:
        connection, self._connection = self._open(), None
        try:
            end_run(connection)
        except apsw.Error as error:
            log.warning("the store was not closed in good order: %s", type(error).__name__)
        finally:
            discard(connection)
