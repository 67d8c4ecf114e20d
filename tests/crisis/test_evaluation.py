"""Labelled rows: what is one, what it comes to, and how the counts are made."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis.evaluation import BadRow, Evaluation, Row, judge, read_row, wilson

WISH, LOW, CALM = "I want to kill myself", "I feel hopeless", "what a lovely tower"


def line(**values: Any) -> str:
    return json.dumps(values)


def row(label: str, *turns: str, source: str = "ours", whole: bool = False) -> Row:
    return Row("7", source, label, turns, whole)  # type: ignore[arg-type]  # a label


@pytest.mark.parametrize(
    "written",
    [
        {"turns": ["a", "b"]},
        {"turns": [{"role": "user", "text": "a"}, {"role": "user", "text": "b"}]},
        {"turns": ["a", {"role": "assistant", "text": WISH}, {"role": "user", "text": "b"}]},
        {"turns": [{"role": "user", "content": "a"}, {"role": "Therapist", "content": WISH}, "b"]},
        {"messages": [{"role": "system", "content": WISH}, {"role": "user", "content": "a"}, "b"]},
        {"dialogue": [{"speaker": "patient", "utterance": "a", "n": 1}, "b"]},
        {"turns": [{"from": "gpt", "value": WISH}, {"from": "human", "value": "a"}, "b"]},
        {"turns": [{"role": "user", "text": "a"}, {"role": " Counselor ", "text": WISH}, "b"]},
    ],
)
def test_a_dialogue_is_what_the_person_says(written: dict[str, Any]) -> None:
    found = read_row(line(id="a", label="benign", **written), "file")
    assert found == Row("a", "file", "benign", ("a", "b"), True)
    assert judge(found).level == "none"


def test_a_dialogue_of_one_side_alone_is_quiet() -> None:
    found = read_row(
        line(id="a", label="benign", turns=[{"role": "assistant", "text": WISH}]), "file"
    )
    assert (found.turns, found.whole) == ((), True)
    assert judge(found).level == "none"


def test_a_row_is_a_text_or_turns() -> None:
    assert read_row(line(id="a", text="hi", label="benign"), "file") == Row(
        "a", "file", "benign", ("hi",)
    )
    assert read_row(line(id=3, turns=["a", "b"], label="crisis", source="s", more=1), "f") == Row(
        "3", "s", "crisis", ("a", "b"), True
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "deep"),
        ("[1]", "object"),
        (line(text="hi", label="benign"), "id"),
        (line(id=True, text="hi", label="benign"), "id"),
        (line(id="a", text="hi"), "label"),
        (line(id="a", text="hi", label="grave"), "label"),
        (line(id="a", text="hi", label=["crisis"]), "label"),
        (line(id="a", label="crisis"), "either"),
        (line(id="a", label="crisis", text="a", turns=["a"]), "either"),
        (line(id="a", label="crisis", text=7), "string"),
        (line(id="a", label="crisis", turns="abc"), "no list"),
        (line(id="a", label="crisis", turns=["a"], messages=["a"]), "either"),
        (line(id="a", label="crisis", turns=[["user", "a"]]), "role"),
        (line(id="a", label="crisis", turns=[{"text": "a"}]), "role"),
        (line(id="a", label="crisis", turns=[{"role": 1, "text": "a"}]), "role"),
        (line(id="a", label="crisis", turns=[{"role": "user", "text": None}]), "role"),
        (line(id="a", label="crisis", turns=["a", None]), "string"),
        (line(id="a", label="crisis", text="a", source=1), "source"),
    ],
)
def test_what_is_no_row_is_said(written: str, said: str) -> None:
    with pytest.raises(BadRow, match=said):
        read_row(written, "file")


def test_no_error_and_no_repr_holds_the_words() -> None:
    assert "canary" not in repr(row("crisis", "canary"))
    with pytest.raises(BadRow) as error:
        read_row(line(id="a", label="canary", text="canary"), "f")
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("turns", "level", "turn"),
    [
        ([], "none", 0),
        ([CALM], "none", 0),
        ([LOW], "concern", 0),
        ([LOW, LOW], "concern", 0),
        ([LOW, LOW, LOW], "crisis", 3),
        ([LOW, CALM, LOW, LOW], "concern", 0),
        ([CALM, WISH, CALM], "crisis", 2),
        ([WISH, "I will kill myself tonight"], "imminent", 1),
    ],
)
def test_the_watch_is_folded_over_the_turns(turns: list[str], level: str, turn: int) -> None:
    outcome = judge(row("crisis", *turns, whole=True))
    assert (outcome.level, outcome.turn, outcome.detected) == (level, turn, turn > 0)


def test_two_rows_share_no_watch() -> None:
    result = Evaluation()
    for _ in range(6):
        result.add(row("benign", LOW))
    assert result.total.report()["false_alarms"]["hits"] == 0


def test_the_reasons_are_those_of_the_turn_that_fired() -> None:
    assert (
        judge(row("crisis", LOW, WISH, "I will end my life tonight"))
        .because[0]
        .startswith("suicide")
    )
    assert judge(row("crisis", CALM, LOW, CALM)).because == ("hopeless",)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [  # by hand, from the formula, and as tables of it have them
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (8, 100, 0.0411, 0.1500),
    ],
)
def test_intervals(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share(counts: tuple[int, int]) -> None:
    hits, of = counts
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1


def test_the_counts() -> None:
    result = Evaluation()
    wrong = [
        result.add(row("crisis", WISH, source="a")),
        result.add(row("crisis", CALM, source="a")),
        result.add(row("benign", WISH, source="a")),
        result.add(row("benign", CALM, source="b")),
        result.add(row("benign", LOW, source="b")),
        result.add(row("distress", LOW, source="b")),
        result.add(row("distress", WISH, source="b")),
    ]
    found = result.report()
    every = found["all"]
    assert every["rows"] == 7
    assert [every["recall"][key] for key in ("hits", "of", "share")] == [1, 2, 0.5]
    assert [every["false_alarms"][key] for key in ("hits", "of", "share")] == [1, 3, 0.3333]
    assert [every["precision"][key] for key in ("hits", "of")] == [1, 2]
    assert [every["distress_fired"][key] for key in ("hits", "of")] == [1, 2]
    assert every["levels"]["benign"] == {"none": 1, "concern": 1, "crisis": 1, "imminent": 0}
    assert list(found["sources"]) == ["a", "b"]
    assert found["sources"]["b"]["recall"]["share"] is None
    assert [bool(mistake) for mistake in wrong] == [False, True, True, *[False] * 4]
    assert [name for name, _ in result.named()] == ["a", "b", "all"]


def test_a_mistake_says_what_and_why() -> None:
    result = Evaluation()
    assert result.add(row("benign", CALM, WISH, whole=True)) == {
        "id": "7",
        "source": "ours",
        "label": "benign",
        "error": "false_alarm",
        "level": "crisis",
        "turn": 2,
        "because": ["suicide.meaning", "suicide.self"],
        "turns": [CALM, WISH],
    }
    missed = result.add(row("crisis", LOW))
    assert missed is not None
    assert (missed["error"], missed["turn"], missed["text"]) == ("miss", None, LOW)
