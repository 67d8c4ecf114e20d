"""The watch of one session: the table, turn by turn, and what holds of every run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis import Assessment, Level, Verdict, Watch, at_least, fold
from nexus_trio.crisis.levels import LEVELS, RANK
from nexus_trio.crisis.watch import FADE_TURNS, FIRES_AT

LETTER: dict[str, Level] = {"-": "none", "c": "concern", "X": "crisis", "!": "imminent"}
RUNS = st.text("-cX!", max_size=40)


def verdict(letter: str) -> Verdict:
    level = LETTER[letter]
    return Verdict(level, () if level == "none" else ("an.entry",), False)


def run(turns: str, watch: Watch | None = None) -> tuple[Watch, list[Assessment]]:
    watch = watch or Watch()
    seen: list[Assessment] = []
    for letter in turns:
        watch, assessment = fold(watch, verdict(letter))
        seen.append(assessment)
    return watch, seen


@pytest.mark.parametrize(
    ("turns", "detected"),
    [
        ("---", "..."),
        ("ccc", "..F"),
        ("cccccc", "..F..F"),
        ("cc-c", "...."),  # 1, 1.8, 1.44, 2.152
        ("cc-cc", "....F"),
        ("c-c-c-c-c-", "........F."),  # the sum nears 1 / (1 - 0.64)
        ("c--" * 9, "..." * 9),  # nears 1 / (1 - 0.512), below 2.4,
        ("X", "F"),
        ("ccX", "..F"),
        ("ccXcc", "..F.."),  # the explicit turn cleared the score
        ("ccXccc", "..F..F"),
        ("!", "F"),
        ("-X-!", ".F.F"),
    ],
)
def test_which_turn_fires(turns: str, detected: str) -> None:
    _, seen = run(turns)
    assert "".join(".F"[a.detected] for a in seen) == detected


def test_the_third_turn_of_concern_is_accumulated_crisis() -> None:
    watch, seen = run("ccc")
    assert [(a.level, a.turns, a.accumulated) for a in seen] == [
        ("concern", 1, False),
        ("concern", 2, False),
        ("crisis", 3, True),
    ]
    assert watch == Watch(score=0.0, streak=3, level="crisis", calm=0, notices=1)


def test_an_explicit_turn_is_not_accumulated() -> None:
    _, seen = run("cc!")
    assert seen[-1] == Assessment("imminent", 3, True, False, 0)


def test_turns_count_in_a_row_and_repeat_counts_notices() -> None:
    _, seen = run("cX-X!")
    assert [a.turns for a in seen] == [1, 2, 0, 1, 2]
    assert [a.repeat for a in seen] == [0, 0, 1, 1, 2]


def test_hello_after_a_crisis_is_no_crisis() -> None:
    watch, seen = run("X-")
    assert seen[-1] == Assessment("none", 0, False, False, 1)
    assert watch.level == "crisis"


@pytest.mark.parametrize(
    ("turns", "own"),
    [
        ("!" + "-" * (FADE_TURNS - 1), "imminent"),
        ("!" + "-" * FADE_TURNS, "crisis"),
        ("!" + "-" * 2 * FADE_TURNS, "concern"),
        ("!" + "-" * 3 * FADE_TURNS, "none"),
        ("!" + "-" * 99, "none"),
        ("!" + "-" * (FADE_TURNS - 1) + "!" + "-" * (FADE_TURNS - 1), "imminent"),
        ("!" + "-c" * (FADE_TURNS // 2) + "-" * (FADE_TURNS % 2), "crisis"),
        ("c" + "-" * (FADE_TURNS - 1), "concern"),
        ("c" + "-" * FADE_TURNS, "none"),
        ("-cX", "crisis"),
    ],
)
def test_the_own_level_rises_at_once_and_fades_by_turns(turns: str, own: str) -> None:
    assert run(turns)[0].level == own


@given(RUNS)
def test_what_holds_of_every_run(turns: str) -> None:
    watch, seen = run(turns)
    assert watch.notices == sum(a.detected for a in seen)
    assert 0 <= watch.score < FIRES_AT
    assert 0 <= watch.calm < FADE_TURNS
    for letter, assessment in zip(turns, seen, strict=True):
        assert assessment.detected == at_least(assessment.level, "crisis")
        assert at_least(assessment.level, LETTER[letter])
        assert assessment.accumulated == (assessment.level != LETTER[letter])
        assert (assessment.turns == 0) == (letter == "-")


@given(RUNS)
def test_the_own_level_never_jumps_down(turns: str) -> None:
    watch = Watch()
    for letter in turns:
        after, assessment = fold(watch, verdict(letter))
        assert RANK[after.level] >= RANK[watch.level] - 1
        assert at_least(after.level, assessment.level)
        watch = after


@given(RUNS, RUNS)
def test_only_the_own_words_count(mine: str, theirs: str) -> None:
    """Two sessions folded in turns come to what each comes to alone (I4)."""
    alone, other = run(mine), run(theirs)
    a, b = Watch(), Watch()
    seen_a: list[Assessment] = []
    seen_b: list[Assessment] = []
    for at in range(max(len(mine), len(theirs))):
        if at < len(mine):
            a, assessment = fold(a, verdict(mine[at]))
            seen_a.append(assessment)
        if at < len(theirs):
            b, assessment = fold(b, verdict(theirs[at]))
            seen_b.append(assessment)
    assert ((a, seen_a), (b, seen_b)) == (alone, other)


@given(RUNS, RUNS)
def test_a_stored_watch_goes_on_as_it_was(before: str, after: str) -> None:
    watch, _ = run(before)
    again = Watch.from_tuple(watch.to_tuple())
    assert again == watch
    assert run(after, again) == run(after, watch)


@pytest.mark.parametrize("level", LEVELS)
def test_worry_about_somebody_else_is_a_quiet_turn(level: Level) -> None:
    worried = Verdict("none", ("other.at_risk",), True)
    quiet = Verdict("none", (), False)
    watch = Watch(level=level)
    assert fold(watch, worried) == fold(watch, quiet)


@pytest.mark.parametrize(
    "stored",
    [
        (),
        (0.0, 0, "none", 0),
        (0.0, 0, "grave", 0, 0),
        (float("nan"), 0, "none", 0, 0),
        (-1.0, 0, "none", 0, 0),
        (9.0, 0, "none", 0, 0),
        (0.0, -1, "none", 0, 0),
        (0.0, 0, "none", FADE_TURNS, 0),
        ("0", 0, "none", 0, 0),
    ],
)
def test_what_is_no_stored_watch_is_refused(stored: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="stored watch"):
        Watch.from_tuple(stored)
