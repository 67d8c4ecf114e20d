"""What others write can give a terminal no orders, and looks like what it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.terminal.clean import MARK, clean, clean_line

ORDERS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]
UNSEEN = (
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff\u2060"
)
ANY = st.text(st.characters(codec=None) | st.sampled_from([*ORDERS, *UNSEEN]))  # surrogates, too


@given(ANY)
def test_nothing_is_left_that_a_terminal_obeys_or_a_reader_does_not_see(text: str) -> None:
    for char in clean(text):
        assert char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert char not in UNSEEN
    assert "\n" not in clean_line(text)


@given(ANY)
def test_what_is_clean_stays_and_can_be_written(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    clean(text).encode()


@given(st.text(st.characters(categories=("L", "N", "P", "S", "M"), codec="utf-8")))
def test_words_are_left_alone(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", f"{MARK}[31mred{MARK}[0m"),
        ("\x9b2Jgone", f"{MARK}2Jgone"),
        ("\x1b]0;title\x07", f"{MARK}]0;title{MARK}"),
        ("pay \u202e001 euro\u202c", "pay 001 euro"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\tb\xa0c", "a    b c"),
        ("\ud83d", MARK),
        ("\u0645\u06cc\u200c 👩\u200d🚀", "\u0645\u06cc\u200c 👩\u200d🚀"),
    ],
)
def test_by_example(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_name_is_one_line() -> None:
    assert clean_line("ada\nWyndal: lies") == "ada Wyndal: lies"
