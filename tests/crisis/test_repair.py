"""Phrases put together again: where they are, and where they only seem to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.repair import Repair

REPAIR = Repair(["want to die", "kill myself", "suicide", "i want to die", "end it all"])


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("iwanttodie", "i want to die"),
        ("k i l l m y s e l f", "kil myself"),
        ("i want to kil lmyself", "i want to kil myself"),
        ("s.u.i.c.i.d.e", "suicide"),
        ("sui cide", "suicide"),
        ("so i want. to. die now", "so i want. to. die now"),
        ("I. Want. To. Die.", "i want to die ."),
        ("ohwanttodienow", "oh want to die now"),
        ("he is fine, iwanttodie. bye", "he is fine , i want to die . bye"),
    ],
)
def test_mended(written: str, mended: str) -> None:
    assert REPAIR(normalise(written)) == mended


@pytest.mark.parametrize(
    "written",
    [
        "i want to die",
        "a skill myself and others have",
        "they want to diet",
        "suicides rose",
        "blend it allowing for time",
        "the end, it all began again",
        "",
    ],
)
def test_what_stands_as_it_should_is_the_very_same(written: str) -> None:
    plain = normalise(written)
    assert REPAIR(plain) is plain


@given(st.text("kilmyseftowandu .,x", max_size=60))
def test_a_second_time_changes_nothing(text: str) -> None:
    once = REPAIR(normalise(text))
    assert REPAIR(once) == once


@given(st.text("kilmyseftowandu .,x", max_size=60))
def test_only_gaps_change(text: str) -> None:
    plain = normalise(text)
    letters = "".join(c for c in REPAIR(plain) if c.isalpha())
    # A double letter across a gap may become one, as everywhere.
    assert normalise(letters) == normalise("".join(c for c in plain if c.isalpha()))
