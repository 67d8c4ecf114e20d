"""Frames: notions near one another, in order or not, and what keeps them quiet."""

from typing import Any

import pytest

from nexus_trio.crisis.frames import Frames
from nexus_trio.crisis.spelling import Spelling, inflected, misspelt

SPELLING = Spelling({"dropped": [], "same": {"want to": ["wanna"]}, "sets": {}})
NOTIONS = {
    "negation": ["not"],
    "me": ["i"],
    "want": ["want to", "long for"],
    "rest": ["nap", "not wake"],
    "game": ["ludo"],
    "he": ["he"],
}


def frames(*patterns: str, **row: Any) -> Frames:
    frame = {"id": "one", "patterns": list(patterns), **row}
    made = Frames(SPELLING, {"level": "crisis", "notions": NOTIONS, "frame": [frame]})
    made.as_written(SPELLING.words)
    return made


def found(made: Frames, text: str) -> list[tuple[int, int]]:
    matches, left = made.look(["^", *text.split(), "$"], made.frames, 1000)
    assert left < 1000
    return [(start - 1, end - 1) for start, end, _ in matches]


@pytest.mark.parametrize(
    ("pattern", "text", "places"),
    [
        ("want > rest", "i want to nap", [(1, 4)]),
        ("want > rest", "i want to a b nap", [(1, 6)]),
        ("want > rest", "i want to a b c nap", []),
        ("want > rest", "nap i want to", []),
        ("want > rest", "i want to not nap", []),
        ("want > rest", "i want to not wake", [(1, 5)]),
        ("(me) > want > rest", "i want to nap", [(1, 4)]),
        ("(me) > want > rest", "want to nap", []),
        ("me > want > rest", "i want to nap", [(0, 4)]),
        ("want + rest", "nap i want to", [(0, 4)]),
        ("want + rest", "nap a b c d e f g i want to", []),
        ("rest", "a nap", [(1, 2)]),
        ("want > rest", "i want to nap at ludo", []),
        ("want > rest", "i want to he nap", []),
    ],
)
def test_where_a_frame_stands(pattern: str, text: str, places: list[tuple[int, int]]) -> None:
    made = frames(pattern, gap=2, window=8, unless=["game"], broken_by=["he"])
    assert found(made, text) == places


def test_a_notion_that_keeps_quiet_may_stand_inside_the_frames_own() -> None:
    made = frames("want > rest", unless=["negation"])
    assert found(made, "i want to not wake") == [(1, 5)]
    assert found(made, "not i want to nap") == []


@pytest.mark.parametrize("text", ["i wana nap", "i long for nap", "nap i want to"])
def test_no_frame_that_stands_is_passed_over(text: str) -> None:
    made = frames("want + rest")
    assert made.may_stand(set(text.split()))


@pytest.mark.parametrize("text", ["i nap", "i want nap", "for long", "he plays ludo"])
def test_what_has_no_word_of_a_notion_is_passed_over(text: str) -> None:
    made = frames("want + rest")
    assert not made.may_stand(set(text.split()))


def test_the_steps_that_are_left_bound_the_work() -> None:
    made = frames("want + rest")
    matches, left = made.look(["^", *["want", "to", "nap"] * 500, "$"], made.frames, 100)
    assert left <= 0
    assert matches == []


def test_a_notion_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="lost"):
        frames("want > lost")


def test_endings_and_slips() -> None:
    assert inflected("kill") == ("kill", "kills", "killed", "killing")
    assert inflected("overdose") == ("overdose", "overdoses", "overdosed", "overdosing")
    assert inflected("carry") == ("carry", "carries", "carried", "carrying")
    assert inflected("die") == ("die", "dies", "died", "dying")
    assert inflected("slash")[1] == "slashes"
    assert misspelt("self") == {"slf", "sef", "sel", "slef", "sefl"}
