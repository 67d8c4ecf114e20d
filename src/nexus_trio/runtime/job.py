"""A message on its way through its session, and who over a connection waits for it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import trio

from nexus_trio import crisis
from nexus_trio.model.envelope import CrisisView, Post, Reply
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.frames import Noticed
from nexus_trio.runtime.mailbox import Slot
from nexus_trio.runtime.outbox import Outbox


@dataclass(slots=True, eq=False)
class Origin:
    """A connection that asked: where its answer goes, and under which `ref`.

    `pending` are the refs of that connection that have no answer yet. `lasting`
    is false for a call that streams its one answer and can't come back.
    """

    outbox: Outbox
    ref: str | None
    pending: dict[str, Job]
    lasting: bool = True


@dataclass(slots=True, eq=False)
class Job:
    """A post on its way through its session. `slot` has any number of waiters.

    `crisis` is what the answer will say of the message, from the moment that
    the watch is folded; until then None. `heard` collects the reply's pieces,
    `deltas` what was told of them. `number` is set when its turn begins, `ended`
    when the turn's end is stored. `hurry`, on trio's clock, is when the responder
    must have ended, because somebody in need waits behind this message, or it is
    they who wrote it.
    """

    post: Post
    verdict: crisis.Verdict
    slot: Slot[Reply] = field(default_factory=Slot)
    crisis: CrisisView | None = None
    heard: list[str] = field(default_factory=list, repr=False)
    scope: trio.CancelScope | None = None
    stopped: bool = False
    origins: list[Origin] = field(default_factory=list)
    # Callers without a stream: their disconnect is never seen as a stop.
    plain: bool = False
    # Whether a connection that may come back asked for it, be it gone meanwhile.
    lasting: bool = False
    number: int | None = None
    ended: Turn | None = None
    notices: tuple[Noticed, ...] = ()
    deltas: list[str] = field(default_factory=list, repr=False)
    # Under which ref a connection hears the turn; one that is not here: None.
    refs: dict[Outbox, str | None] = field(default_factory=dict)
    # Connections that were told the user's message, or know it.
    introduced: set[Outbox] = field(default_factory=set)
    # Whether its verdict has gone into the crisis ledger, with its own commit.
    counted: bool = False
    # The country of a reply whose rest was withheld, until that is counted.
    withheld: str | None = None
    hurry: float = math.inf
    listening: trio.CancelScope | None = None

    def handed_over(self) -> None:
        """Its outcome, with its notices in it, was given to a caller who waited for it."""
        for notice in self.notices:
            if notice.delivery is not None:
                notice.delivery.happened()

    def stop(self) -> None:
        """End the turn as aborted, unless its reply is with the store already."""
        self.stopped = True
        if self.scope is not None:
            self.scope.cancel()

    def leave(self, outbox: Outbox, *, stop: bool) -> None:
        """Whoever reads `outbox` does not wait any more; with `stop`, end where nobody does."""
        self.origins = [origin for origin in self.origins if origin.outbox is not outbox]
        if stop and not (self.origins or self.plain):
            self.stop()

    def finish_by(self, when: float) -> None:
        """Give the responder until `when` at the latest."""
        self.hurry = min(self.hurry, when)
        if self.listening is not None:
            self.listening.deadline = min(self.listening.deadline, when)
