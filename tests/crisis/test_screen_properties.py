"""What holds of `screen` for every text: totality, monotony, padding, bounded work."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis import Verdict, at_least, highest, screen
from nexus_trio.crisis.levels import LEVELS
from nexus_trio.crisis.normalise import LIMIT, normalise
from nexus_trio.crisis.phrasebook import load
from nexus_trio.crisis.screen import BOOK

ANY_TEXT = st.text(st.characters(), max_size=400)  # lone surrogates too
# Words of the lexicon in any order: far more likely to meet cues and guards.
WORDS = sorted({*BOOK.cues, *BOOK.guards} - {"^", "$", "*", "#"})
SALAD = st.lists(
    st.sampled_from(
        [*WORDS, "kill", "die", "self", "to", "want", ".", ",", "not", "suicidal", "pills"]
    ),
    max_size=40,
).map(" ".join)
EXPLICIT = st.sampled_from(["I want to die", "I want to kill myself", "i wish i was dead", "kms"])


@given(ANY_TEXT | SALAD)
def test_any_text_has_a_sound_verdict(text: str) -> None:
    verdict = screen(text)
    assert verdict.level in LEVELS
    assert bool(verdict.because) == (verdict.level != "none" or verdict.about_other)
    assert len(set(verdict.because)) == len(verdict.because)
    assert screen(text) == verdict


@given(ANY_TEXT | SALAD, EXPLICIT)
def test_an_explicit_clause_more_never_lowers(text: str, explicit: str) -> None:
    before = screen(text).level
    after = screen(f"{text}. {explicit}").level
    assert at_least(after, highest(before, "crisis"))


@given(ANY_TEXT | SALAD, EXPLICIT)
def test_an_explicit_clause_first_is_seen(text: str, explicit: str) -> None:
    assert at_least(screen(f"{explicit}. {text}").level, "crisis")


@given(st.sampled_from([" ", "\n", "\u200b", "la ", "haha ", ". ", "\u0301", "x"]), EXPLICIT)
def test_padding_hides_neither_head_nor_tail(pad: str, explicit: str) -> None:
    padding = pad * (70_000 // len(pad))
    for text in (f"{explicit}. {padding}", f"{padding}. {explicit}"):
        assert at_least(screen(text).level, "crisis")


@given(EXPLICIT, st.text(string.ascii_letters, max_size=40), st.integers(0, 40))
def test_letters_in_between_can_be_invisible(explicit: str, seed: str, step: int) -> None:
    gaps = ["\u200b", "\u0301", "\u00ad", ""]
    hidden = "".join(c + gaps[(i * step + len(seed)) % 4] for i, c in enumerate(explicit))
    assert at_least(screen(hidden).level, "crisis")


def test_the_middle_of_a_text_beyond_the_limit_is_not_read() -> None:
    text = "quiet words " * LIMIT + "I want to die. " + "quiet words " * LIMIT
    assert screen(text) == Verdict("none", (), False)


class CountingDict(dict[str, object]):
    """A node of the tree that counts how often it is asked."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        CountingDict.asked += 1
        return super().__contains__(key)

    def get(self, key: str, default: object = None) -> object:
        CountingDict.asked += 1
        return super().get(key, default)


def _counting(node: object, seen: dict[int, object]) -> object:
    if not isinstance(node, dict):
        return node
    if id(node) not in seen:
        seen[id(node)] = copy = CountingDict()
        copy.update({key: _counting(child, seen) for key, child in node.items()})
    return seen[id(node)]


@pytest.mark.parametrize(
    "piece",
    [
        "i ",
        "i a a a ",
        "not ",
        "they a b c ",
        "i want to die ",
        "i want to die, ",
        "he told me to ",
        "how many ",
        "i have a gun ",
        "i can not go on any more ",
        "my friend is ",
    ],
)
def test_the_work_grows_no_faster_than_the_text(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in questions to the tree: four times the text, at most some four times the work."""
    seen: dict[int, object] = {}
    monkeypatch.setattr(BOOK, "cues", _counting(BOOK.cues, seen))
    monkeypatch.setattr(BOOK, "guards", _counting(BOOK.guards, seen))
    work: list[int] = []
    for size in (LIMIT // 8, LIMIT // 2):
        CountingDict.asked = 0
        screen(piece * (size // len(piece)))
        work.append(CountingDict.asked)
    assert work[0] > 0
    assert work[1] <= 4.5 * work[0] + 200
    assert work[1] <= 60 * len(normalise(piece * (LIMIT // 2 // len(piece)))) + 200


def test_the_lexicon_is_sound() -> None:
    book = load()
    levels = {entry.level for entry in book.entries.values() if entry.kind == "cue"}
    assert levels == {"concern", "crisis", "imminent"}
    for entry in book.entries.values():
        assert (entry.kind == "cue") == (entry.level != "none"), entry.id
        assert (entry.kind == "guard") == (entry.place != ""), entry.id
