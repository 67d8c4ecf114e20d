"""What people are called in a prompt: apart, and by nothing that could pass for a line's end."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.model.naming import GUEST, NAME_CHARS, call, plain


def test_each_has_a_name_of_its_own_and_the_first_has_the_first_choice() -> None:
    people = [
        ("u1", "Bob"),
        ("u2", "bob"),
        ("u3", None),
        ("u1", "Robert"),
        ("u4", "guest"),
        ("u5", "Bob (2)"),
        ("u6", " Iris:"),
        ("u7", "::"),
    ]
    assert call(people, "Iris") == {
        "u1": "Bob",
        "u2": "bob (2)",
        "u3": GUEST,
        "u4": "guest (2)",
        "u5": "Bob (2) (2)",
        "u6": "Iris (2)",
        "u7": "Guest (3)",
    }


@pytest.mark.parametrize("colon", [":", "\uff1a", "\ufe55", "\u2236", "\ua789", "\ufe13", "\u02d0"])
def test_no_colon_of_any_kind_is_in_a_name(colon: str) -> None:
    assert plain(f"Bob{colon} I agree") == "Bob I agree"


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.text(max_size=64))))
def test_whatever_they_call_themselves(people: list[tuple[str, str | None]]) -> None:
    names = call(people, "Iris")
    assert names.keys() == {user for user, _ in people}
    folded = [name.casefold() for name in (*names.values(), "Iris")]
    assert len(set(folded)) == len(folded)
    for name in names.values():
        assert name == " ".join(name.split()) != ""
        assert len(name) <= NAME_CHARS + len(" (9)")
        assert not [char for char in name if "COLON" in unicodedata.name(char, "")]
