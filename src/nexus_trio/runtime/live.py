"""What a session's connections are told: notices, deltas, and how each message ended.

Synchronous throughout: nothing here waits, so what is told has one order for
all, and telling it can't delay the turn that it is about (I5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from nexus_trio.errors import NexusError
from nexus_trio.model.envelope import CrisisView, Position, Reply
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.frames import Answered, Delivery, Delta, Failed, Frame, Noticed
from nexus_trio.runtime.job import Job, Origin
from nexus_trio.runtime.outbox import Outbox


def hasten(outbox: Outbox, view: CrisisView, position: Position) -> None:
    """Tell a notice whose turn can't begin at once. It has no position of its own yet."""
    if view.notice is not None:
        outbox.offer(Noticed("crisis", view.notice, view.resources, position))


class Live:
    """One session's connections, and the turn that they hear."""

    def __init__(self, delivered: Callable[[Noticed], None]) -> None:
        # Told of each crisis notice when the first reader has it.
        self._delivered = delivered
        self.outboxes: list[Outbox] = []
        self.running: Job | None = None
        # The session's own, once it is open (`state.owed`).
        self.owed: deque[Noticed] = deque()

    def begin(self, job: Job, turn: Turn, position: Position) -> None:
        """A turn begins. Tells its notices, if any: `turn.ahead` of them, from `position` on."""
        job.number = turn.number
        self.running = job
        job.refs = {origin.outbox: origin.ref for origin in reversed(job.origins)}
        job.introduced = {origin.outbox for origin in job.origins}
        job.notices = tuple(self._counted(notice) for notice in noticed(turn, position))
        for outbox in self._audience(job) if job.notices else ():
            for notice in job.notices:
                outbox.offer(notice)
        if self.outboxes or job.lasting:
            # Until it is acknowledged: somebody's life may hang on it.
            self.owed.extend(notice for notice in job.notices if notice.kind == "crisis")

    def join(self, job: Job, origin: Origin) -> bool:
        """Tell all of the running turn so far to one more who asks for it; False where it waits.

        A connection has heard it already.
        """
        if self.running is not job:
            return False
        outbox = origin.outbox
        if outbox not in self.outboxes:
            job.introduced.add(outbox)
            outbox.preload((*job.notices, *self.retell(outbox)))
        return True

    def delta(self, job: Job, text: str) -> None:
        """Tell a piece of the reply."""
        if job.number is None or not text:
            return
        seq = len(job.deltas)
        job.deltas.append(text)
        for outbox in self._audience(job):
            outbox.offer(self._piece(job, outbox, seq))

    def retell(self, outbox: Outbox) -> list[Frame]:
        """The running turn's deltas from 0, for a connection that comes now."""
        job = self.running
        if job is None:
            return []
        return [self._piece(job, outbox, seq) for seq in range(len(job.deltas))]

    def end(self, job: Job, outcome: Reply | NexusError) -> None:
        """Tell how a message ended: each who asked, and where a turn was stored, all."""
        if self.running is job:
            self.running = None
        for origin in job.origins:
            if origin.ref is not None:
                origin.pending.pop(origin.ref, None)
            origin.outbox.offer(self._last(job, outcome, origin.ref, None))
        asked = {origin.outbox for origin in job.origins}
        # A turn that was refused in the end is over for those who heard it begin.
        others = self.outboxes if job.ended is not None else job.introduced
        for outbox in tuple(others):
            if outbox not in asked:
                outbox.offer(self._last(job, outcome, None, self._introduce(job, outbox)))

    def _counted(self, notice: Noticed) -> Noticed:
        if notice.kind != "crisis":
            return notice
        return replace(notice, delivery=Delivery(partial(self._delivered, notice)))

    def _audience(self, job: Job) -> list[Outbox]:
        """Who hears this turn: whoever asked, and all connections, each once."""
        return list(dict.fromkeys([*(o.outbox for o in job.origins), *self.outboxes]))

    def _piece(self, job: Job, outbox: Outbox, seq: int) -> Delta:
        introduction = self._introduce(job, outbox)
        ref = job.refs.get(outbox)
        return Delta(ref, job.number or 0, seq, job.deltas[seq], introduction)

    def _introduce(self, job: Job, outbox: Outbox) -> str | None:
        if outbox in job.introduced:
            return None
        job.introduced.add(outbox)
        return job.post.message

    def _last(
        self, job: Job, outcome: Reply | NexusError, ref: str | None, message: str | None
    ) -> Frame:
        if isinstance(outcome, Reply):
            return Answered(ref, outcome, message)
        position = None if job.ended is None else job.ended.position
        return Failed(ref, outcome, job.number, position, message)


def noticed(turn: Turn, first: Position) -> tuple[Noticed, ...]:
    """The notices that are events of their own, from the position `first` on; a crisis's first."""
    view, epoch, offset = turn.crisis, first.epoch, first.offset
    found = []
    if view.detected:
        text = view.notice or ""
        found.append(Noticed("crisis", text, view.resources, first, view.level, view.country))
    for notice in turn.notices:
        if notice.apart:
            place = Position(epoch, offset + len(found))
            found.append(Noticed(notice.kind, notice.text, (), place))
    return tuple(found)
