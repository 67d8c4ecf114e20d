"""Turns that belong to no session: screened like every other, and nothing of them kept.

Each is a turn as `run_turn` tells it, with a session of its own that ends with
it and a store that forgets. So notices, time-outs and a responder's failure are
what they are elsewhere, while nothing is stored and nobody is in any room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from nexus_trio import crisis
from nexus_trio.alert.base import Nobody
from nexus_trio.errors import Aborted, NexusError, RateLimited
from nexus_trio.model.envelope import CrisisView, Post, Reply
from nexus_trio.responders.base import Exchange
from nexus_trio.runtime.job import Job, Origin
from nexus_trio.runtime.ledger import Ledger
from nexus_trio.runtime.live import Live
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.runtime.turn import run_turn
from nexus_trio.store.base import LoadedSession, SessionRecord, Store, Write

AT_ONCE = 64
"""Turns under way at once: there is no mailbox of a session to hold a crowd back, and a
front end asks for a title or some tags now and then."""

NOBODY = ""
"""Whose turns they are: no user has this name."""


Earlier = tuple[str, str]
"""A turn before this one, as whoever asks tells it: the user's words and the reply."""


class _Nowhere:
    """Takes every commit and keeps none. A turn asks nothing else of its store.

    The crisis ledger's counts go the same way: a front end's own prompts repeat
    words that have been counted where their user said them.
    """

    prompt = True

    async def append(self, writes: Sequence[Write]) -> None:
        """Forget `writes`."""


class Stateless:
    """The turns under way that belong to no session. The hub runs each, contained."""

    def __init__(self, services: Services) -> None:
        nowhere = cast(Store, _Nowhere())
        ledger = Ledger(nowhere, services.now, services.patience)
        self._services = replace(services, store=nowhere, ledger=ledger, alerts=Nobody())
        self._jobs: set[Job] = set()

    def take(self, post: Post, verdict: crisis.Verdict, origin: Origin) -> Job:
        """Take a message; `run` must follow. Raises `RateLimited` at once."""
        if len(self._jobs) >= AT_ONCE:
            raise RateLimited("too many messages without a session at once; try again")
        job = Job(post, verdict, origins=[origin])
        self._jobs.add(job)
        self._services.load.begin()
        return job

    async def run(self, job: Job, history: Sequence[Earlier]) -> None:
        """Answer `job`, given the earlier turns; its slot and origins have the outcome.

        Cancelled, the responder's stream is closed, and whoever waits is told `Aborted`.
        """
        services = self._services
        live = Live(partial(services.ledger.delivered, NOBODY))
        state = SessionState(_unknown(services), services.settings.history_window)
        state.window.extend(Exchange(*turn) for turn in history)
        room = services.rooms[services.world.default].spec
        outcome: Reply | NexusError = Aborted("the turn ended before it was answered; try again")
        try:
            outcome = await run_turn(state, job, None, room, services, live)
        except NexusError as error:
            outcome = error
        finally:
            if isinstance(outcome, Reply):
                job.slot.set(outcome)
            else:
                outcome.crisis = outcome.crisis or self._help(job)
                job.slot.fail(outcome)
            live.end(job, outcome)
            self._jobs.discard(job)
            services.load.end()

    def gone(self, jobs: Iterable[Job], outbox: Outbox, *, stop: bool = False) -> None:
        """Whoever asked went away: nobody else can ever have the answer, so it ends."""
        for job in tuple(jobs):
            job.leave(outbox, stop=True)

    def give_up(self) -> None:
        """End every turn as aborted. Never waits."""
        for job in tuple(self._jobs):
            job.stop()

    def _help(self, job: Job) -> CrisisView | None:
        return self._services.care.help_for(None, job.verdict, job.post.locale)


def _unknown(services: Services) -> LoadedSession:
    """A session of nobody, as it would be stored."""
    now = services.now()
    ident, epoch = services.new_id(), services.new_id()
    # Its answers are for a front end's own prompts: no user reads a disclosure there.
    record = SessionRecord(NOBODY, ident, epoch, now, now, disclosed_at=now)
    return LoadedSession(record, 0, 0, ())
