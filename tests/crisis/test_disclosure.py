"""When it is due to say that this is an AI: the table of the laws, and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis.disclosure import DAY, RULES, due, interval, jurisdictions, words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMES = tuple(RULES)
SUBSETS = [names for n in range(1, len(NAMES) + 1) for names in combinations(NAMES, n)]


@pytest.mark.parametrize(
    ("names", "adults", "minors"),
    [
        ("us-ca", 24, 3),
        ("us-ny", 3, 3),
        ("us-wa", 3, 1),
        ("eu", 24, 24),
        ("us-ca,eu", 24, 3),
        ("us-ca,us-ny", 3, 3),
        ("us-ca, us-ny, us-wa, eu", 3, 1),
    ],
)
def test_the_longest_time_between_two(names: str, adults: int, minors: int) -> None:
    chosen = jurisdictions(names)
    assert interval(chosen, minors=False) == adults * HOUR
    assert interval(chosen, minors=True) == minors * HOUR


@pytest.mark.parametrize("names", SUBSETS, ids=",".join)
def test_one_more_law_never_asks_for_less(names: tuple[str, ...]) -> None:
    for minors in (False, True):
        whole = interval(names, minors=minors)
        assert whole is not None
        for name in names:
            alone = interval((name,), minors=minors)
            assert alone is not None
            assert whole <= alone


def test_none_asks_for_nothing() -> None:
    assert jurisdictions("none") == ()
    assert interval((), minors=True) is None
    assert due(None, None, NOW) is None


@pytest.mark.parametrize("text", ["", "us", "none,eu", "eu,none", "us-ca;us-ny", "EU"])
def test_a_name_without_a_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is none of us-ca"):
        jurisdictions(text)


@pytest.mark.parametrize(
    ("ago", "kind"),
    [
        (None, "start"),
        (0 * HOUR, None),
        (3 * HOUR - timedelta(microseconds=1), None),
        (3 * HOUR, "again"),
        (DAY - timedelta(microseconds=1), "again"),
        (DAY, "start"),
        (-HOUR, "start"),  # the clock was set back
    ],
)
def test_when_it_is_due(ago: timedelta | None, kind: str | None) -> None:
    last = None if ago is None else NOW - ago
    assert due(3 * HOUR, last, NOW) == kind


@given(
    st.sampled_from([timedelta(hours=n) for n in (1, 3, 24)]),
    st.lists(st.timedeltas(timedelta(0), 30 * HOUR), min_size=1, max_size=30),
)
def test_no_two_are_further_apart_than_the_law_allows(
    every: timedelta, waits: list[timedelta]
) -> None:
    """Whenever messages come: none is answered with the last disclosure longer ago than that."""
    now, last, told = NOW, None, 0
    for wait in waits:
        now += wait
        if due(every, last, now) is not None:
            assert last is None or now - last >= every  # and nobody is told too often
            last, told = now, told + 1
        assert last is not None
        assert now - last < every
    assert told >= 1


@pytest.mark.parametrize("kind", ["start", "again"])
def test_the_words_say_what_it_is(kind: str) -> None:
    for minors in (False, True):
        text = words(kind, minors=minors)  # type: ignore[arg-type]  # one of the two
        assert "an AI, not with a person" in text
        assert ("grown-up" in text) is minors
    assert "break" in words("again", minors=True)
