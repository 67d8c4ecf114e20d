"""What a connection missed: the events behind a position, whole or not at all (I18).

Whoever asks has subscribed before, and gives the streams' tails of that very
moment: what is read here ends at the tail, and what is heard live begins behind
it. So nothing comes twice and nothing is left out, whatever is committed while
the store is read.
"""

from __future__ import annotations

from collections.abc import Sequence

from nexus_trio.errors import Aborted, NexusError, NotFound
from nexus_trio.model.envelope import Position
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.frames import Answered, Failed, Frame, Heard, Noticed
from nexus_trio.runtime.live import noticed
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.store.base import Store

MOST = 1000
"""Events of one stream that a resume gives; who missed more reads the history."""


def _reachable(after: Position, tail: Position) -> bool:
    return after.epoch == tail.epoch and 0 <= tail.offset - after.offset <= MOST


async def unacknowledged(state: SessionState, services: Services) -> list[Noticed]:
    """The crisis notices that stand in turns behind what was acknowledged, oldest first."""
    behind = max(state.seen, state.offset - MOST)
    if behind >= state.offset:
        return []
    after = Position(state.epoch, behind)
    page = await services.read(services.store.history(state.user_id, after, MOST))
    frames = (_events(state, turn) for turn in (() if page is None else page.turns))
    notices = (frame for events in frames for frame in events.values())
    return [
        notice
        for notice in notices
        if isinstance(notice, Noticed)
        and notice.kind == "crisis"
        and notice.position.offset > state.seen
    ]


async def missed_turns(
    state: SessionState,
    store: Store,
    after: Position,
    tail: Position,
    notices: Sequence[Noticed],
) -> list[Frame] | None:
    """The session's events behind `after` up to `tail`; None where they can't be had whole.

    `notices` are those that may stand in no ended turn yet.
    """
    if not _reachable(after, tail):
        return None
    if after.offset == tail.offset:
        return []
    found: dict[int, Frame] = {}
    try:
        page = await store.history(state.user_id, after, MOST)
    except NotFound:
        return None
    for turn in () if page is None else page.turns:
        found |= _events(state, turn)
    # The very ones that are owed: their delivery is counted, once.
    found |= {notice.position.offset: notice for notice in notices}
    wanted = range(after.offset + 1, tail.offset + 1)
    if any(offset not in found for offset in wanted):
        return None
    return [found[offset] for offset in wanted]


def _events(state: SessionState, turn: Turn) -> dict[int, Frame]:
    """The events that a stored turn is: its notices, if any, stand right before its end."""
    position = turn.position
    if position is None:
        return {}
    found: dict[int, Frame] = {position.offset: turn_frame(state, turn, position)}
    first = Position(position.epoch, position.offset - turn.ahead)
    return found | {notice.position.offset: notice for notice in noticed(turn, first)}


def turn_frame(state: SessionState, turn: Turn, position: Position) -> Frame:
    """An ended turn as whoever did not ask for it is told."""
    if turn.status == "answered":
        return Answered(None, state.reply(turn), turn.message)
    crisis = None if turn.crisis.level == "none" else turn.crisis
    error = Aborted("the turn was ended before it was answered", crisis=crisis)
    error.partial = turn.response
    return Failed(None, error, turn.number, position, turn.message)


async def missed_room(
    room: RoomActor, store: Store, after: Position, tail: Position, arrival: Position | None
) -> list[Frame] | None:
    """The room's events behind `after` up to `tail`; None where they can't be had whole.

    Never from before `arrival`, the session's latest: what was said while it was
    not there is not for it (I16).
    """
    if not _reachable(after, tail) or (arrival is not None and after.offset < arrival.offset - 1):
        return None
    if after.offset == tail.offset:
        return []
    recent = room.since(after.offset, tail.offset)
    if recent is not None:
        return list(recent)
    try:
        events = await store.room_events(room.spec.name, after, MOST)
    except NexusError:
        return None
    wanted = [e for e in events if e.position is not None and e.position.offset <= tail.offset]
    return [Heard(e) for e in wanted] if len(wanted) == tail.offset - after.offset else None
