"""What a persona has in its ears: bounded, in the room's order, nothing of whom it must forget."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.runtime.earshot import KEPT_CHARS, MOST_HEARD, WINDOW, Earshot, Known, Words


class Room:
    """A room's stream, and what its persona hears of it."""

    def __init__(self) -> None:
        self.earshot = Earshot("Iris")
        self.events: list[RoomEvent] = []

    def say(self, user: str, text: str = "", name: str | None = None) -> Words:
        words = self.earshot.hear(self._next(user, name or user.title(), text or f"by {user}"))
        assert words is not None
        return words

    def answer(self, words: Words, most: int = WINDOW) -> Known:
        """The persona answers these words, with all in it that it was told."""
        known = self.earshot.before(words, most)
        shown = " ".join([words.text, *(f"{e.message} {e.response}" for e in known.history)])
        text = " ".join(sorted(set(shown.split())))
        event = self._next("persona:Iris", "Iris", text, words.user_id, known.heard)
        assert self.earshot.hear(event, words) is None
        return known

    def _next(
        self,
        user: str,
        name: str,
        text: str,
        about: str | None = None,
        heard: frozenset[str] = frozenset(),
    ) -> RoomEvent:
        position = Position("e", len(self.events) + 1)
        event = RoomEvent("Tower", "said", user, name, text, position, about=about, heard=heard)
        self.events.append(event)
        return event


def told(known: Known) -> list[tuple[str | None, str, bool]]:
    return [(e.speaker, e.message, bool(e.response)) for e in known.history]


def test_all_is_in_the_rooms_order_and_only_what_came_before() -> None:
    room = Room()
    first = room.say("ada", "one")
    room.say("bob", "two")
    asked = room.say("ada", "three")
    room.say("bob", "four")
    room.answer(first)
    known = room.answer(asked)
    assert told(known) == [(None, "one", True), ("Bob", "two", False)]
    assert (known.username, known.heard, known.since, known.turn) == ("Ada", {"bob"}, 1, 2)


def test_people_are_called_by_names_of_their_own() -> None:
    room = Room()
    room.say("u1", "one", "Bob: yes")
    room.say("u2", "two", "Bob yes")
    asked = room.say("u3", "three", "Iris.")
    room.say("u1", "four", "Later")
    known = room.earshot.before(asked, 9)
    assert known.username == "Iris."
    assert [e.speaker for e in known.history] == ["Bob yes (2)", "Bob yes"]


def test_the_nameless_are_guests_and_no_id_is_told() -> None:
    room = Room()
    for user in ("u1", "u2"):
        event = RoomEvent("Tower", "said", user, None, "hi", Position("e", 1))
        words = room.earshot.hear(event)
    assert words is not None
    words.offset = 2
    known = room.earshot.before(words, 9)
    assert (known.username, [e.speaker for e in known.history]) == (None, ["Guest (2)"])


@pytest.mark.parametrize("most", [0, 1, 3, WINDOW])
def test_of_what_was_said_the_newest_is_told(most: int) -> None:
    room = Room()
    for number in range(WINDOW + 20):
        room.say("ada", f"word {number}")
    known = room.earshot.before(room.say("bob", "x" * 9999), most)
    newest = min(most, WINDOW - 1)
    assert [e.message for e in known.history] == [
        f"word {n}" for n in range(WINDOW + 20 - newest, WINDOW + 20)
    ]
    assert known.heard == ({"ada"} if most else set())
    again = room.earshot.before(room.say("bob"), 1)
    assert [len(e.message) for e in again.history] == [KEPT_CHARS]


def test_an_answer_is_made_of_all_that_the_answers_before_it_were_made_of() -> None:
    room = Room()
    room.say("ada")
    room.answer(room.say("bob"), most=1)
    known = room.answer(room.say("cyd"), most=1)
    assert told(known) == [("Bob", "by bob", True)]
    assert known.heard == {"ada", "bob"}
    assert room.answer(room.say("dan"), most=1).heard == {"ada", "bob", "cyd"}


def test_an_answer_made_of_too_many_peoples_words_is_left_out_and_peoples_words_are_not() -> None:
    room, made_of = Room(), []
    for number in range(MOST_HEARD + 10):
        known = room.answer(room.say(f"user{number}"), most=1)
        made_of.append(len(known.heard))
        assert [e.message for e in known.history] == [f"by user{number - 1}"][: min(number, 1)]
        assert bool(known.history and known.history[0].response) == (number not in (0, MOST_HEARD))
    assert made_of == [*range(MOST_HEARD), *range(1, 11)]


def test_more_people_than_an_answer_may_be_made_of_end_what_it_is_told() -> None:
    room = Room()
    for number in range(MOST_HEARD + 10):
        room.say(f"user{number}")
    known = room.earshot.before(room.say("ada"), WINDOW)
    assert len(known.heard) == len(known.history) == MOST_HEARD - 1
    assert known.history[-1].message == f"by user{MOST_HEARD + 9}"
    assert known.since == 12


STEPS = st.lists(
    st.tuples(st.sampled_from(["say", "answer", "erase", "expire", "restart"]), st.integers(0, 5)),
    max_size=60,
)


@given(STEPS, st.integers(0, 6))
def test_of_whom_it_forgot_nothing_is_ever_told(
    steps: Sequence[tuple[str, int]], most: int
) -> None:
    """Every life of a user has a mark of its own: where it shows, the user must be known."""
    room, lives, gone = Room(), [0] * 6, set[str]()
    for step, number in steps:
        user = f"u{number}"
        mark = f"<{user}-{lives[number]}>"
        match step:
            case "say":
                room.say(user, mark)
            case "answer":
                known = room.answer(room.say(user, mark), most)
                shown = repr([(e.message, e.response, e.speaker) for e in known.history])
                for other in range(6):
                    if other != number and f"<u{other}-" in shown:
                        assert f"u{other}" in known.heard
                assert not [each for each in gone if each in shown]
                assert user not in known.heard
            case "erase":
                gone.add(mark)
                lives[number] += 1
                room.events = [e.buried() if e.made_of(user) else e for e in room.events]
                assert mark not in "".join(event.text or "" for event in room.events)
                room.earshot.forget(user)
            case "expire":
                room.earshot.expired(len(room.events) // 2)
                half = len(room.events) // 2
                room.events[:half] = [event.buried() for event in room.events[:half]]
            case "restart":
                room.earshot = Earshot("Iris")
                room.earshot.recall(room.events[-WINDOW:], len(room.events))
