"""What the database file needs beside commits: its log folded, its unused bytes swept.

Two tasks, and one lock between them: who folds changes the file under a sweep.
Neither holds a lock that a commit needs, but for moments that are measured.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from typing import Final

import apsw
import trio

from nexus_trio.errors import StoreUnavailable
from nexus_trio.store.batch import T, fold_log
from nexus_trio.store.database import File, discard, empty_log
from nexus_trio.store.sweep import sweep, sweep_logged

log = logging.getLogger("nexus_trio")

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

RETRY_S: Final = 1.0
"""How soon a sweep that the disk did not let through is tried again."""

OnConnection = Callable[[Callable[[apsw.Connection], None]], Awaitable[None]]


class Upkeep:
    """Keeps the file.

    `exclusively` runs a call on the writer's connection, between two commits;
    `let_go` has the writer open the file anew for the next one.
    """

    def __init__(self, file: File, exclusively: OnConnection, let_go: Callable[[], None]) -> None:
        self._file = file
        self._exclusively = exclusively
        self._let_go = let_go
        # Held by whoever changes the file itself: folding, sweeping, the end.
        self.turnstile = trio.Lock()
        self._log_pages = 0
        self._folded_pages = 0
        self._fold_due = trio.Event()
        self._sweep_due = trio.Event()
        # Whoever waits for a sweep, in the order of coming; each has an event of its own.
        self._waiting: list[trio.Event] = []
        self._closing = False
        self._deadline = math.inf
        self._beside_scope = trio.CancelScope()

    def grown(self, pages: int) -> None:
        """A commit has made the log so long. From the writer's thread."""
        self._log_pages = pages

    def close(self, deadline: float) -> None:
        """Begin nothing more; what runs has until `deadline`, on trio's clock."""
        self._closing = True
        self._deadline = deadline
        self._beside_scope.deadline = deadline
        self._answer(len(self._waiting))

    async def swept(self) -> None:
        """Return once nothing that was deleted before this call is left in any byte.

        That may take as long as the disk is down; cancelling the wait changes
        nothing. Raises `StoreUnavailable` where the store closes before: the next
        start finishes it.
        """
        done = trio.Event()
        self._waiting.append(done)
        self._sweep_due.set()
        await done.wait()
        if self._closing:
            raise StoreUnavailable("the store closes; the next start finishes this")

    def _answer(self, number: int) -> None:
        for waiting in self._waiting[:number]:
            waiting.set()
        del self._waiting[:number]

    # --- the log ---

    async def keep_log_short(self) -> None:
        """See after a commit whether the log must be folded. Called by the writer alone."""
        if self._log_pages < self._folded_pages:
            self._folded_pages = 0  # the log has begun anew
        rest = self._log_pages - self._folded_pages
        full = self._log_pages >= FULL_PAGES
        if full and (rest <= REST_PAGES or self._log_pages >= MOST_PAGES):
            # While the file is swept it stays as it is, and the log grows.
            if not self.turnstile.locked():
                try:
                    await self._exclusively(self._fold_rest)
                except apsw.Error as error:
                    # What was committed is in the log, and stays there until it can be folded.
                    log.warning("the store's log could not be folded: %s", type(error).__name__)
        elif full or rest >= FOLD_PAGES:
            self._fold_due.set()

    def _fold_rest(self, connection: apsw.Connection) -> None:
        # All of it, as nobody writes meanwhile; so the next commit begins the
        # log anew.
        self._folded_pages = fold_log(connection, apsw.SQLITE_CHECKPOINT_PASSIVE)

    async def fold(self) -> None:
        """Fold the log into the database whenever it has grown, until cancelled."""
        while True:
            await self._fold_due.wait()
            async with self.turnstile:
                try:
                    await self._beside(self._fold_once)
                except apsw.Error as error:
                    log.warning("the store's log could not be folded: %s", type(error).__name__)
                self._fold_due = trio.Event()

    def _fold_once(self) -> None:
        # Passive: it takes no lock that a commit needs. A commit that finds one
        # taken asks again only after milliseconds.
        side = self._file.writer()
        try:
            self._folded_pages = fold_log(side, apsw.SQLITE_CHECKPOINT_PASSIVE)
        finally:
            discard(side)

    # --- the unused bytes ---

    async def sweep(self) -> None:
        """Sweep the file whenever something was deleted, until cancelled."""
        while True:
            await self._sweep_due.wait()
            self._sweep_due = trio.Event()
            # Whoever comes from here on waits for the next one.
            number = len(self._waiting)
            if await self._sweep_once():
                self._answer(number)
            else:
                await trio.sleep(RETRY_S)
                self._sweep_due.set()

    async def _sweep_once(self) -> bool:
        """Whether it went through. Commits wait while the log is emptied, at both ends of it."""
        async with self.turnstile:
            try:
                await self._beside(self._fold_once)
                await self._exclusively(empty_log)
                if not await self._beside(self._sweep_all):
                    return False
                await self._exclusively(self._sweep_rest)
            except apsw.Error as error:
                log.warning("the store could not be swept yet: %s", type(error).__name__)
                return False
        return True

    def _sweep_all(self) -> bool:
        return sweep(self._file, go_on=lambda: not self._closing)

    def _sweep_rest(self, connection: apsw.Connection) -> None:
        self._let_go()
        sweep_logged(self._file, connection)
        self._log_pages = self._folded_pages = 0

    async def _beside(self, call: Callable[[], T]) -> T | None:
        """Run `call` in a thread while commits go on; None where it was given up at the end.

        Shielded: a thread left behind would go on in a folder that its owner
        believes closed. `close` bounds it.
        """
        self._beside_scope = trio.CancelScope(shield=True, deadline=self._deadline)
        with self._beside_scope:
            return await trio.to_thread.run_sync(call, abandon_on_cancel=True)
        return None
