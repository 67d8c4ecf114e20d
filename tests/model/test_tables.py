"""The three state machines, row by row, and what no row allows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.model.envelope import NO_CRISIS, Position, RoomEvent
from nexus_trio.model.presence import Presence, step
from nexus_trio.model.room_state import (
    RoomState,
    apply,
    decide_answer,
    decide_join,
    decide_leave,
    decide_say,
)
from nexus_trio.model.transcript import TURN_TABLE, Turn, TurnEnded, reference_outcome

AT = datetime(2026, 1, 1, tzinfo=UTC)
START = Position("e", 0)


def turn() -> Turn:
    return Turn(1, AT, "Tower", "hello", NO_CRISIS)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("answer", "answered"),
        ("stop", "aborted"),
        ("fail", "aborted"),
        ("time_out", "aborted"),
        ("restart", "aborted"),
        ("erase", "aborted"),
    ],
)
def test_a_received_turn_ends_by_the_table(event: str, status: str) -> None:
    ended = turn().ended(event, "words", Position("e", 1))
    assert (ended.status, ended.response, ended.position) == (status, "words", Position("e", 1))


@pytest.mark.parametrize("first", [event for _, event in TURN_TABLE])
@pytest.mark.parametrize("second", [event for _, event in TURN_TABLE])
def test_a_turn_ends_once(first: str, second: str) -> None:
    ended = turn().ended(first, "", Position("e", 1))
    with pytest.raises(TurnEnded):
        ended.ended(second, "", Position("e", 2))


@pytest.mark.parametrize(
    ("known", "same", "outcome"),
    [
        (None, True, "new"),
        ("received", True, "wait"),
        ("answered", True, "repeat"),
        ("aborted", True, "again"),
        ("received", False, "conflict"),
        ("answered", False, "conflict"),
        ("aborted", False, "conflict"),
    ],
)
def test_a_reference_by_the_table(known: str | None, same: bool, outcome: str) -> None:
    assert reference_outcome(known, same) == outcome


@pytest.mark.parametrize(
    ("before", "event", "room", "after"),
    [
        (Presence(), "call", None, Presence("Tower", "Tower")),
        (Presence(None, "Garden"), "call", None, Presence("Garden", "Garden")),
        (Presence("Garden", "Garden"), "call", None, Presence("Garden", "Garden")),
        (Presence("Garden", "Garden"), "go", "Chapel", Presence("Chapel", "Chapel")),
        (Presence(), "go", "Chapel", Presence("Chapel", "Chapel")),
        (Presence(None, "Garden"), "go", "Chapel", Presence("Chapel", "Chapel")),
        (Presence("Garden", "Garden"), "leave", None, Presence()),
        (Presence(None, "Garden"), "leave", None, Presence()),
        (Presence("Garden", "Garden"), "grace", None, Presence(None, "Garden")),
        (Presence(), "grace", None, Presence()),
    ],
)
def test_presence_by_the_table(
    before: Presence, event: str, room: str | None, after: Presence
) -> None:
    assert step(before, event, "Tower", room) == after


def test_go_needs_a_room() -> None:
    with pytest.raises(ValueError, match="room"):
        step(Presence(), "go", "Tower")


def publish(state: RoomState, event: RoomEvent | None) -> None:
    """What a broker does: the next offset, then delivery."""
    if event is None:
        return
    position = Position(state.position.epoch, state.position.offset + 1)
    numbered = RoomEvent(
        event.room, event.event, event.user_id, event.username, event.text, position
    )
    assert apply(state, numbered).tell == numbered


OPERATIONS = st.sampled_from(["join", "leave", "say", "answer"])


@given(st.lists(st.tuples(OPERATIONS, st.sampled_from("abc"))))
def test_occupancy_is_a_set_with_positions(operations: list[tuple[str, str]]) -> None:
    state, model, events = RoomState("Tower", START), set(), 0
    for kind, user in operations:
        if kind == "join":
            event = decide_join(state, user, None)
            assert (event is None) == (user in model)
            model.add(user)
        elif kind == "leave":
            event = decide_leave(state, user)
            assert (event is None) == (user not in model)
            model.discard(user)
        elif kind == "say":
            event = decide_say(state, user, None, "words")
            assert (event is None) == (user not in model)
        else:
            event = decide_answer(state, "Iris", "words", user, frozenset({"gone"}))
            assert (event is None) == (user not in model)
            assert event is None or (event.about, event.heard) == (user, {"gone"})
        events += event is not None
        publish(state, event)
        assert set(state.occupants) == model
        assert state.position == Position("e", events)


@pytest.mark.parametrize(
    "event",
    [
        RoomEvent("Tower", "joined", "ada"),
        RoomEvent("Tower", "joined", "ada", position=Position("e", 2)),
        RoomEvent("Garden", "joined", "ada", position=Position("e", 1)),
    ],
)
def test_a_gap_or_a_foreign_event_is_refused(event: RoomEvent) -> None:
    with pytest.raises(ValueError, match="event"):
        apply(RoomState("Tower", START), event)


def test_a_double_is_refused() -> None:
    after = RoomState("Tower", Position("e", 1))
    double = RoomEvent("Tower", "joined", "ada", position=Position("e", 1))
    with pytest.raises(ValueError, match="event"):
        apply(after, double)
