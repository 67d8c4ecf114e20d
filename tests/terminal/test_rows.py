"""Rows are as wide as a terminal, cut at words, and stay when a text grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.terminal.clean import clean
from nexus_trio.terminal.rows import NARROWEST, rows_of, width_of

INDENT = "  "

LETTERS = st.characters(codec="utf-8") | st.sampled_from(
    "   \naé漢字かな한글🙂👩\u200d👩\u0301\u200c"
)
TEXTS = st.text(LETTERS, max_size=120).map(clean)
WIDTHS = st.integers(NARROWEST, 60)


def test_rows_end_at_words_and_go_on_indented() -> None:
    text = "Wyndal: the lamp is lit and the kettle sings"
    assert rows_of(text, 20, INDENT) == ["Wyndal: the lamp is", "  lit and the kettle", "  sings"]


def test_lines_stay_lines_and_an_empty_one_is_a_row() -> None:
    assert rows_of("one\n\ntwo", 40, INDENT) == ["one", "", "two"]


def test_a_word_longer_than_a_row_is_cut_where_the_row_is_full() -> None:
    assert rows_of("a " + "b" * 30, 14, INDENT) == [
        "a",
        "  " + "b" * 12,
        "  " + "b" * 12,
        "  bbbbbb",
    ]


def test_wide_characters_take_two_columns_and_may_begin_a_row() -> None:
    assert rows_of("bob: 漢字漢字漢字", 12) == ["bob: 漢字漢", "字漢字"]
    assert width_of("漢字") == 4


def test_a_word_that_lacks_room_for_its_space_alone_is_not_cut() -> None:
    assert rows_of("aaaaaa bbbbbb", 12) == ["aaaaaa", "bbbbbb"]


def test_spaces_within_a_row_are_kept_and_dropped_at_its_end() -> None:
    assert rows_of("    a  b", 20) == ["    a  b"]
    assert rows_of("aaaaaaaaaaaa      b", 12) == ["aaaaaaaaaaaa", "b"]


@given(TEXTS, WIDTHS)
def test_no_row_is_wider_than_the_terminal(text: str, width: int) -> None:
    for row in rows_of(text, width, INDENT):
        assert width_of(row) <= width


@given(TEXTS, WIDTHS)
def test_no_word_is_lost(text: str, width: int) -> None:
    shown = "".join(rows_of(text, width))
    assert shown.replace(" ", "") == text.replace(" ", "").replace("\n", "")


@given(TEXTS, TEXTS, WIDTHS)
def test_all_rows_but_the_last_stay_when_a_text_grows(text: str, more: str, width: int) -> None:
    before = rows_of(text, width, INDENT)
    assert rows_of(text + more, width, INDENT)[: len(before) - 1] == before[:-1]
