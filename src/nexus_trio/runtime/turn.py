"""One message, from the session's mailbox to its answer: `run_turn`, top to bottom.

The order is the guarantee. The watch is folded first, and synchronously. The
user's words and the verdict are committed before a slow responder is asked, so
that a model that hangs loses neither; a reply that is ready at once shares
that commit. From the last commit to the return there is no checkpoint, so what
is stored as answered is answered (I9, I17).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import trio

from nexus_trio import crisis
from nexus_trio.errors import Aborted, Conflict, ResponderFailed, StoreUnavailable, TurnTimeout
from nexus_trio.model.envelope import NO_CRISIS, CrisisView, Post, Reply
from nexus_trio.model.transcript import (
    REFERENCES_KEPT,
    Turn,
    TurnEvent,
    reference_outcome,
)
from nexus_trio.model.world import Room
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.runtime import care
from nexus_trio.runtime.mailbox import Slot
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.store.base import PutSession, PutTurn, Write


class Unsettled(StoreUnavailable):
    """A commit's outcome is unknown, or a received turn could not be ended.

    Only the store knows what is true: the session must be opened again from it.
    """


@dataclass(slots=True)
class Job:
    """A post on its way through its session. `slot` has any number of waiters.

    `crisis` is what the answer will say of the message, from the moment that
    the watch is folded; until then None. `heard` collects the reply's pieces.
    `hurry`, on trio's clock, is when the responder must have ended, because
    somebody in need waits behind this message, or it is they who wrote it.
    """

    post: Post
    verdict: crisis.Verdict
    slot: Slot[Reply] = field(default_factory=Slot)
    crisis: CrisisView | None = None
    heard: list[str] = field(default_factory=list, repr=False)
    scope: trio.CancelScope | None = None
    stopped: bool = False
    hurry: float = math.inf
    listening: trio.CancelScope | None = None

    def stop(self) -> None:
        """End the turn as aborted, unless its reply is with the store already."""
        self.stopped = True
        if self.scope is not None:
            self.scope.cancel()

    def finish_by(self, when: float) -> None:
        """Give the responder until `when` at the latest."""
        self.hurry = min(self.hurry, when)
        if self.listening is not None:
            self.listening.deadline = min(self.listening.deadline, when)


async def run_turn(
    state: SessionState, job: Job, known: Turn | None, room: Room, services: Services
) -> Reply:
    """The reply to `job`, stored. `known` is the turn that its reference named, if aborted.

    Raises `Aborted`, `ResponderFailed`, `TurnTimeout`,
    `StoreUnavailable`; after `Unsettled` the session must be opened again.
    Cancelled: the turn is stored as aborted with what was heard, then
    Cancelled goes on; once the reply is with the store, it is answered.
    """
    post = job.post
    before = state.watch
    if known is None:
        state.watch, job.crisis = care.assess(state.watch, job.verdict, _locale(post, services))
    else:
        # Sent again after an abort: the same words are not counted twice.
        job.crisis = known.crisis
    turn = Turn(
        state.turns + 1,
        services.now(),
        room.name,
        post.message,
        job.crisis,
        client_ref=post.client_ref,
        notices=care.notices(job.verdict, job.crisis, _locale(post, services)),
    )
    folded = state.watch
    try:
        return await _answer(state, job, turn, room, services)
    except Unsettled:
        raise
    except StoreUnavailable:
        # Nothing was stored, so nothing is folded; unless words said aloud
        # have been folded on top meanwhile: then the careful level stays.
        if state.watch is folded:
            state.watch = before
        raise


async def known_turn(state: SessionState, job: Job, services: Services) -> Turn | None:
    """The ended turn that the post's reference names; `Conflict` where its words are others."""
    post = job.post
    if post.client_ref is None:
        return None
    since = services.now() - REFERENCES_KEPT
    known = await services.read(services.store.reference(state.user_id, post.client_ref, since))
    status = None if known is None else known.status
    same = known is None or known.message == post.message
    if reference_outcome(status, same) == "conflict":
        raise Conflict("this client_ref was used for another message; use a new one")
    return known


async def _answer(
    state: SessionState, job: Job, turn: Turn, room: Room, services: Services
) -> Reply:
    prompt = _prompt(state, job, turn, room)
    text = None if job.stopped else services.responder.ready(prompt)
    if text is not None:
        return await _end(state, turn, "answer", text, services)
    await _commit(state, turn, services)
    state.turns = turn.number
    with trio.CancelScope() as job.scope:
        if job.stopped:
            job.scope.cancel()
        try:
            event = await _listen(job, prompt, _patience(turn, services), services)
        except trio.Cancelled:
            # Stop, erasure or shutdown: what was heard is stored as it is.
            await _end(state, turn, "stop", "".join(job.heard), services)
            raise
    if job.scope.cancelled_caught:
        raise Aborted("the turn was stopped", partial="".join(job.heard))
    return await _conclude(state, job, turn, event, services)


async def _listen(
    job: Job, prompt: Prompt, patience: float, services: Services
) -> Literal["answer", "fail", "time_out"]:
    """Hear the responder out into `job.heard`, for at most `patience` seconds."""
    try:
        with trio.move_on_after(patience) as job.listening:
            job.finish_by(job.hurry)
            async with services.responder.stream(prompt) as pieces:
                async for piece in pieces:
                    job.heard.append(piece)
            return "answer"
    except ResponderFailed:
        return "fail"
    return "time_out"


async def _conclude(
    state: SessionState, job: Job, turn: Turn, event: TurnEvent, services: Services
) -> Reply:
    heard = "".join(job.heard)
    if event == "answer":
        return await _end(state, turn, "answer", heard, services)
    if turn.crisis.detected:
        # The responder failed someone in need: the notice alone is the answer.
        return await _end(state, turn, "answer", "", services)
    await _end(state, turn, event, heard, services)
    if event == "fail":
        raise ResponderFailed("the responder failed; try again", partial=heard)
    raise TurnTimeout("the responder took too long; try again", partial=heard)


async def _end(
    state: SessionState, turn: Turn, event: TurnEvent, text: str, services: Services
) -> Reply:
    """Commit the turn's end. Nothing awaits behind that commit."""
    response = _with_notices(turn, text) if event == "answer" else text
    ended = turn.ended(event, response, state.next_position)
    try:
        await _commit(state, ended, services)
    except StoreUnavailable as error:
        if state.turns == turn.number:  # received, and now without an end
            raise Unsettled(error.detail) from None
        raise
    state.turns = turn.number
    state.offset += 1
    if ended.status == "answered":
        state.window.append(Exchange(turn.message, text))
    return state.reply(ended)


async def _commit(state: SessionState, turn: Turn, services: Services) -> None:
    """Store `turn` and the session's row. Shielded: a commit is not cut in half.

    Raises `StoreUnavailable` where nothing was stored, `Unsettled` where the
    store did not say so in time.
    """
    state.last_active = services.now()
    writes: tuple[Write, ...] = (PutSession(state.record()), PutTurn(state.user_id, turn))
    with trio.move_on_after(services.patience(), shield=True) as scope:
        await services.store.append(writes)
    if scope.cancelled_caught:
        raise Unsettled("the store took too long; try again")


async def abort_unfinished(state: SessionState, turn: Turn, services: Services) -> None:
    """End a turn that a crash or a restart left as received."""
    # It was counted when it was received; its end takes one offset.
    await _end(state, turn, "restart", "", services)


def _prompt(state: SessionState, job: Job, turn: Turn, room: Room) -> Prompt:
    return Prompt(
        state.user_id,
        state.username,
        room,
        turn.number,
        turn.message,
        turn.crisis.level,
        tuple(state.window),
    )


def _patience(turn: Turn, services: Services) -> float:
    settings = services.settings
    return settings.crisis_patience_s if turn.crisis.detected else settings.turn_timeout_s


def _with_notices(turn: Turn, text: str) -> str:
    """The response as it is shown: the crisis notice first, then other words, then the reply."""
    if turn.crisis.notice is None and not turn.notices:
        return text
    parts = [turn.crisis.notice, *(notice.text for notice in turn.notices), text]
    return "\n\n".join(part for part in parts if part)


def _locale(post: Post, services: Services) -> str:
    return post.locale or services.settings.locale


def crisis_or_none(job: Job) -> CrisisView | None:
    """What an error must carry of the message's verdict."""
    return None if job.crisis is None or job.crisis == NO_CRISIS else job.crisis
