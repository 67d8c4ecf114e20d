"""One message, from the session's mailbox to its answer: `run_turn`, top to bottom.

The order is the guarantee. The watch is folded first, and synchronously. The
user's words and the verdict are committed before anything that a slow responder
says is told, so that a model that hangs loses neither; a reply that is ready at
once shares that commit. From the last commit to the return there is no
checkpoint, so what is stored as answered is answered (I9, I17).
"""

from __future__ import annotations

from typing import Literal

import trio

from nexus_trio.errors import Aborted, Conflict, ResponderFailed, StoreUnavailable, TurnTimeout
from nexus_trio.model.envelope import Reply
from nexus_trio.model.transcript import (
    REFERENCES_KEPT,
    Turn,
    TurnEvent,
    reference_outcome,
)
from nexus_trio.model.world import Room
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.runtime.job import Job
from nexus_trio.runtime.live import Live, hasten
from nexus_trio.runtime.released import Released
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.store.base import PutSession, PutTurn, Write


class Unsettled(StoreUnavailable):
    """A commit's outcome is unknown, or a received turn could not be ended.

    Only the store knows what is true: the session must be opened again from it.
    """


HURRY_S = 0.02
"""How long a crisis notice waits for the look-up of a reference: well within the 50 ms that
a person may notice."""


async def run_turn(
    state: SessionState,
    job: Job,
    known: Turn | None,
    room: Room,
    services: Services,
    live: Live,
) -> Reply:
    """The reply to `job`, stored; notice and deltas are told to `live` on the way.

    `known` is the turn that its reference named, if that was aborted.

    Raises `Aborted`, `ResponderFailed`, `TurnTimeout`,
    `StoreUnavailable`; after `Unsettled` the session must be opened again.
    Cancelled: the turn is stored as aborted with what was heard, then
    Cancelled goes on; once the reply is with the store, it is answered.
    """
    post = job.post
    before = state.watch
    if known is None:
        state.watch, job.crisis = services.care.assess(state.watch, job.verdict, post.locale)
        services.alert(state.user_id, state.session_id, job.crisis.level)
    else:
        # Sent again after an abort: the same words are not counted twice.
        job.crisis = known.crisis
    now, told = services.now(), state.disclosed_at
    # A crisis notice says itself that this is an AI, and has nothing beside it: the next
    # answer without one does.
    disclosure = () if job.crisis.detected else services.care.disclosure(told, now)
    turn = Turn(
        state.turns + 1,
        now,
        room.name,
        post.message,
        job.crisis,
        client_ref=post.client_ref,
        notices=(*disclosure, *services.care.notices(job.verdict, job.crisis, post.locale)),
    )
    if disclosure:
        state.disclosed_at = now
    folded = state.watch
    # At once, and before anything that may wait: a notice waits for no commit.
    live.begin(job, turn, state.next_position)
    if turn.ahead:
        # They have taken their offsets, even should nothing of this turn be stored:
        # a position that was shown once is never that of another event.
        state.offset += turn.ahead
        state.unstored = state.offset
    try:
        return await _answer(state, job, turn, room, services, live)
    except Unsettled:
        raise
    except StoreUnavailable:
        state.disclosed_at = told
        # Nothing was stored, so nothing is folded; unless words said aloud
        # have been folded on top meanwhile: then the careful level stays.
        if state.watch is folded:
            state.watch = before
        raise


async def known_turn(state: SessionState, job: Job, services: Services, live: Live) -> Turn | None:
    """The ended turn that the post's reference names; `Conflict` where its words are others.

    Where the store is slow to say, a crisis notice goes out meanwhile.
    """
    if job.post.client_ref is None:
        return None
    urgent = services.care.help_for(state.watch, job.verdict, job.post.locale)
    if urgent is None or not urgent.detected:
        return await _known(state, job, job.post.client_ref, services)
    with trio.move_on_after(HURRY_S):
        return await _known(state, job, job.post.client_ref, services)
    for origin in job.origins:
        hasten(origin.outbox, urgent, state.position)
    return await _known(state, job, job.post.client_ref, services)


async def _known(state: SessionState, job: Job, ref: str, services: Services) -> Turn | None:
    since = services.now() - REFERENCES_KEPT
    known = await services.read(services.store.reference(state.user_id, ref, since))
    status = None if known is None else known.status
    same = known is None or known.message == job.post.message
    if reference_outcome(status, same) == "conflict":
        raise Conflict("this client_ref was used for another message; use a new one")
    return known


async def _answer(
    state: SessionState, job: Job, turn: Turn, room: Room, services: Services, live: Live
) -> Reply:
    prompt = _prompt(state, job, turn, room)
    text = None if job.stopped else services.responder.ready(prompt)
    if text is not None:
        if not services.glance.harmless(text):
            text = _screened(state, job, turn, text, services)
        reply = await _end(state, job, turn, "answer", text, services)
        _tell(live, job, turn, text)
        return reply
    released = _released(state, job, turn, services)
    receipt = _Receipt()
    event: TurnEvent | None = None
    with trio.CancelScope() as job.scope:
        if job.stopped:
            job.scope.cancel()
        try:
            async with trio.open_nursery() as nursery:
                # Beside the responder: a model's first words take longer than a commit.
                nursery.start_soon(_receive, state, turn, services, job, receipt, nursery)
                try:
                    # The commit begins. Stopped while it waited: nobody is asked for a reply.
                    await trio.lowlevel.checkpoint()
                    event = await _listen(job, turn, prompt, released, services, live, receipt)
                # In a group, too: a responder may wait in a nursery, as connecting does.
                except* trio.Cancelled:
                    event = "stop"  # or erasure, or shutdown
                    raise
        finally:
            if receipt.refused is not None:
                raise receipt.refused
            if event == "stop":
                # What was heard is stored as it is.
                await _end(state, job, turn, "stop", "".join(job.heard), services)
    if event == "stop":
        raise Aborted("the turn was stopped", partial="".join(job.heard))
    assert event is not None
    _note_withheld(job, released, services)
    return await _conclude(state, job, turn, event, services)


class _Receipt:
    """Whether the user's words are stored yet, or why they can't be."""

    def __init__(self) -> None:
        self.stored = trio.Event()
        self.refused: StoreUnavailable | None = None


async def _receive(
    state: SessionState,
    turn: Turn,
    services: Services,
    job: Job,
    receipt: _Receipt,
    nursery: trio.Nursery,
) -> None:
    """Store `turn` as received; where that can't be, end what runs beside it."""
    try:
        await _commit(state, turn, services, job)
    except StoreUnavailable as error:
        receipt.refused = error
        nursery.cancel_scope.cancel()
        return
    state.turns = turn.number
    receipt.stored.set()


async def _listen(
    job: Job,
    turn: Turn,
    prompt: Prompt,
    released: Released,
    services: Services,
    live: Live,
    receipt: _Receipt,
) -> Literal["answer", "fail", "time_out"]:
    """Hear the responder out, within its time, into `job.heard`: what is released of its words.

    It is told as it comes, and nothing before the user's own words are stored. Where the
    rest is withheld, the responder is heard no further.
    """
    try:
        with trio.move_on_after(_patience(turn, services)) as job.listening:
            job.finish_by(job.hurry)
            async with services.responder.stream(prompt) as pieces:
                async for piece in pieces:
                    if not receipt.stored.is_set():
                        await receipt.stored.wait()
                    _release(live, job, turn, released.hear(piece))
                    if released.withheld:
                        break
            await receipt.stored.wait()
            _release(live, job, turn, released.end())
            _tell(live, job, turn, "")  # of a reply without words, the notices
            return "answer"
    except ResponderFailed:
        return "fail"
    return "time_out"


def _release(live: Live, job: Job, turn: Turn, text: str) -> None:
    if text:
        job.heard.append(text)
        _tell(live, job, turn, text)


def _released(state: SessionState, job: Job, turn: Turn, services: Services) -> Released:
    """The screen of this turn's reply: more careful where the talk is, or was, of a crisis."""
    careful = turn.crisis.level != "none" or state.watch.level != "none"
    return Released(services.care.instead(job.post.locale), careful=careful)


def _screened(state: SessionState, job: Job, turn: Turn, text: str, services: Services) -> str:
    """What may be told of a reply that was ready as a whole."""
    released = _released(state, job, turn, services)
    text = released.hear(text) + released.end()
    _note_withheld(job, released, services)
    return text


def _note_withheld(job: Job, released: Released, services: Services) -> None:
    """To be counted with the commit of the turn's end."""
    if released.withheld:
        job.withheld = services.care.country(job.post.locale)


def _tell(live: Live, job: Job, turn: Turn, piece: str) -> None:
    """Tell what is released. Other words than the crisis notice are part of what is joined."""
    within = [notice.text for notice in turn.notices if not notice.apart]
    if within and not job.deltas:
        live.delta(job, "\n\n".join(within))
    if within and piece and len(job.deltas) == 1:
        piece = f"\n\n{piece}"  # the first that is not empty
    live.delta(job, piece)


async def _conclude(
    state: SessionState, job: Job, turn: Turn, event: TurnEvent, services: Services
) -> Reply:
    heard = "".join(job.heard)
    if event == "answer":
        return await _end(state, job, turn, "answer", heard, services)
    if turn.crisis.detected:
        # The responder failed someone in need: the notice alone is the answer.
        return await _end(state, job, turn, "answer", "", services)
    await _end(state, job, turn, event, heard, services)
    if event == "fail":
        raise ResponderFailed("the responder failed; try again", partial=heard)
    raise TurnTimeout("the responder took too long; try again", partial=heard)


async def _end(
    state: SessionState,
    job: Job | None,
    turn: Turn,
    event: TurnEvent,
    text: str,
    services: Services,
) -> Reply:
    """Commit the turn's end. Nothing awaits behind that commit."""
    response = _with_notices(turn, text) if event == "answer" else text
    ended = turn.ended(event, response, state.next_position)
    try:
        await _commit(state, ended, services, job)
    except StoreUnavailable as error:
        if state.turns == turn.number:  # received, and now without an end
            raise Unsettled(error.detail) from None
        raise
    state.turns = turn.number
    state.offset += 1
    state.unstored = 0
    if job is not None:
        job.ended = ended
        # Not for a turn that a crash left: what is owed of it, and of those before it, has
        # yet to be read, and would count as seen (I24).
        state.advance()
    if ended.status == "answered":
        state.window.append(Exchange(turn.message, text, turn.number))
    return state.reply(ended)


async def _commit(
    state: SessionState, turn: Turn, services: Services, job: Job | None = None
) -> None:
    """Store `turn` and the session's row. Shielded: a commit is not cut in half.

    The first one of a turn counts its verdict in the crisis ledger, the last one what
    was withheld.

    Raises `StoreUnavailable` where nothing was stored, `Unsettled` where the
    store did not say so in time.
    """
    state.last_active = services.now()
    writes: tuple[Write, ...] = (PutSession(state.record()), PutTurn(state.user_id, turn))
    if job is not None and not job.counted:
        writes += services.ledger.counts(state.user_id, turn.crisis)
    if job is not None and job.withheld is not None:
        writes += services.ledger.withheld(state.user_id, turn.crisis, job.withheld)
    with services.shield() as scope:
        await services.store.append(writes)
    if scope.cancelled_caught:
        raise Unsettled("the store took too long; try again")
    if job is not None:
        job.counted, job.withheld = True, None


async def abort_unfinished(state: SessionState, turn: Turn, services: Services) -> None:
    """End a turn that a crash or a restart left as received."""
    # It was counted when it was received, and so were its notices; its end takes
    # one offset.
    state.offset += turn.ahead
    await _end(state, None, turn, "restart", "", services)


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
    within = (notice.text for notice in turn.notices if not notice.apart)
    parts = [turn.crisis.notice, *within, text]
    return "\n\n".join(part for part in parts if part)
