"""The crisis ledger's hand in the runtime: what is counted, and how it comes to the store.

What a turn or words said aloud bring is counted in their own commit, so each
exactly once. A notice in a refusal or in a command's answer has no commit: those
are gathered here and stored soon after; a crash may lose the last of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

import trio

from nexus_trio.crisis import LEXICON
from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import CrisisView
from nexus_trio.runtime.frames import Noticed
from nexus_trio.store.base import Count, LedgerAction, Store
from nexus_trio.store.patience import Patience

UNCOUNTED: Final = "experiment-"
"""How the ids of users begin who are no people."""

RETRY_S: Final = 5.0
"""How soon counts that the store did not take are offered again."""


def counts(
    user_id: str, view: CrisisView, day: date, *, delivered: bool = False
) -> tuple[Count, ...]:
    """What a message's verdict adds: its detection, and the notice where one is shown. Pure.

    `delivered`: that notice is in the hands of whoever waits for this answer.
    """
    if view.level == "none" or user_id.startswith(UNCOUNTED):
        return ()
    actions: list[LedgerAction] = ["detected"]
    if view.detected:
        actions += ["issued", "delivered"] if delivered else ["issued"]
    return tuple(_one(day, view.level, action, view.country) for action in actions)


def _one(day: date, level: str, action: LedgerAction, country: str) -> Count:
    return Count(day, level, action, jurisdiction=country, lexicon=LEXICON)


class Ledger:
    """Counts that wait for the store: a few numbers a day, however many are noted."""

    def __init__(self, store: Store, now: Callable[[], datetime], patience: Patience) -> None:
        self._store = store
        self._now = now
        self._patience = patience
        # One count of each kind, and how often it is to be added.
        self._waiting: Counter[Count] = Counter()
        self._noted = trio.Event()

    def today(self) -> date:
        """The day that counts go to, UTC."""
        return self._now().date()

    def counts(
        self, user_id: str, view: CrisisView, *, delivered: bool = False
    ) -> tuple[Count, ...]:
        """As the function of that name, for today: to go with the message's own commit."""
        if view.level == "none":  # as most are: no need to know what day it is
            return ()
        return counts(user_id, view, self.today(), delivered=delivered)

    def acknowledged(self, user_id: str, notices: Sequence[Noticed]) -> tuple[Count, ...]:
        """What the acknowledgement of these notices adds: to go with its commit."""
        if user_id.startswith(UNCOUNTED):
            return ()
        today = self.today()
        return tuple(_one(today, notice.level, "seen", notice.country) for notice in notices)

    def note(self, user_id: str, view: CrisisView | None, *, delivered: bool = False) -> None:
        """Count a verdict whose message is not stored. Never waits."""
        if view is not None:
            self._add(self.counts(user_id, view, delivered=delivered))

    def delivered(self, user_id: str, notice: Noticed) -> None:
        """Count that a reader has it. Never waits."""
        if not user_id.startswith(UNCOUNTED):
            self._add([_one(self.today(), notice.level, "delivered", notice.country)])

    def withheld(self, user_id: str, view: CrisisView, country: str) -> None:
        """Count a reply whose rest was withheld, with guidance in its place. Never waits."""
        if not user_id.startswith(UNCOUNTED):
            self._add([_one(self.today(), view.level, "withheld", country)])

    def _add(self, found: Iterable[Count]) -> None:
        for each in found:
            self._waiting[each] += 1
            self._noted.set()

    async def run(self) -> None:
        """Store what was noted, until cancelled."""
        while True:
            await self._noted.wait()
            self._noted = trio.Event()
            if not await self.flush():
                await trio.sleep(RETRY_S)
                self._noted.set()

    async def flush(self) -> bool:
        """Store what was noted so far; False where the store did not take it.

        Where it did not say so in time, it is not offered again: too few counted
        is better than the same ones twice.
        """
        taken, self._waiting = self._waiting, Counter()
        writes: Sequence[Count] = [replace(each, number=n) for each, n in taken.items()]
        try:
            with self._patience.shield():
                if writes:
                    await self._store.append(writes)
        except StoreUnavailable:
            self._waiting.update(taken)
            return False
        return True
