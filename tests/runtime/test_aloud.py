"""The sentences of an answer aloud: whole, few, and the same words as were released."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.runtime.aloud import ENOUGH, LONG, MOST_CHARS, Aloud

TALK = st.lists(
    st.sampled_from(["rain", "falls.", "Where?", "lamp", "No.", "5", "\n", "", "x" * 90, "so!)"])
).map(" ".join)


def spoken(pieces: list[str]) -> list[str]:
    aloud, said = Aloud(), []
    for piece in pieces:
        said += aloud.hear(piece)
        if aloud.over:
            break
    return said + aloud.end()


@given(TALK, st.lists(st.integers(0, 5000), max_size=20))
def test_pieces_become_the_same_words_and_no_more_than_can_be_read(
    text: str, cuts: list[int]
) -> None:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    said = spoken([text[a:b] for a, b in itertools.pairwise(places)])
    assert all(sentence == sentence.strip() != "" for sentence in said)
    assert all(len(sentence) <= LONG for sentence in said)
    assert sum(map(len, said)) <= MOST_CHARS
    words, whole = " ".join(said).split(), text.split()
    assert words == whole[: len(words)]
    if len(" ".join(whole)) < MOST_CHARS - LONG:
        assert words == whole


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Rain on slate all day long. Then sun.", ["Rain on slate all day long.", "Then sun."]),
        ("No. 5 is the blue door over there.", ["No. 5 is the blue door over there."]),
        ("   \n ", []),
        ("Wait for the tide to turn. Kill yourself.", ["Wait for the tide to turn.", ENOUGH]),
        ("Well, kill yourself. I mean it.", [ENOUGH]),
    ],
)
def test_where_it_is_cut(text: str, sentences: list[str]) -> None:
    assert spoken([text]) == sentences
    assert spoken(list(text)) == sentences
