"""What holds of `screen` for every text: totality, monotony, padding, bounded work."""

import importlib
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis import Verdict, at_least, highest, reading, screen
from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.frames import Frames
from nexus_trio.crisis.levels import LEVELS, Level
from nexus_trio.crisis.needs import FRAME, PHRASE, WHOLE, Needs
from nexus_trio.crisis.normalise import LIMIT
from nexus_trio.crisis.phrasebook import load
from nexus_trio.crisis.screen import STEPS, lexicon

SCREEN = importlib.import_module("nexus_trio.crisis.screen")  # of its name is a function, too

ANY_TEXT = st.text(st.characters(), max_size=400)  # lone surrogates too
# Words of the lexicon in any order: far more likely to meet cues and guards.
WORDS = sorted({*lexicon().book.cues, *lexicon().book.guards} - {"^", "$", "*", "#"})
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
        "i want ",
        "i die a a a ",
        "not want to die ",
        "they kill a b c self ",
        "i want to die ",
        "i want to die, ",
        "he told me to kill ",
        "how many pills ",
        "i have a gun ",
        "i can not go on any more ",
        "my friend is suicidal ",
    ],
)
def test_the_work_grows_no_faster_than_the_text(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in questions to the tree: four times the text, at most some four times the work."""
    monkeypatch.setattr(reading, "GLANCE", 0)
    seen: dict[int, object] = {}
    monkeypatch.setattr(lexicon().book, "cues", _counting(lexicon().book.cues, seen))
    monkeypatch.setattr(lexicon().book, "guards", _counting(lexicon().book.guards, seen))
    work: list[int] = []
    for size in (LIMIT // 8, LIMIT // 2):
        CountingDict.asked = 0
        screen(piece * (size // len(piece)))
        work.append(CountingDict.asked)
    assert work[0] > 0
    # Where the steps are used up, the guards of what is then found by rote come on top.
    assert work[1] <= 4.5 * work[0] + 4 * STEPS


@pytest.mark.parametrize("seed", range(8))
def test_no_words_cost_more_than_the_steps_that_are_allowed(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of the lexicon at random, 64 KB of them: what is asked stays below a fixed number."""
    seen: dict[int, object] = {}
    monkeypatch.setattr(lexicon().book, "cues", _counting(lexicon().book.cues, seen))
    monkeypatch.setattr(lexicon().book, "guards", _counting(lexicon().book.guards, seen))
    draw = random.Random(seed)
    CountingDict.asked = 0
    screen(" ".join(draw.choice(WORDS) for _ in range(12_000)))
    # A step asks four times, a token at which nothing begins five times, in two trees.
    assert 0 < CountingDict.asked <= 2 * (4 * STEPS + 5 * LIMIT)


@pytest.mark.parametrize("piece", ["i want to die, ", "not want to die ", "i feel hopeless. "])
def test_the_steps_that_are_allowed_bound_the_work(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, object] = {}
    monkeypatch.setattr(lexicon().book, "cues", _counting(lexicon().book.cues, seen))
    monkeypatch.setattr(lexicon().book, "guards", _counting(lexicon().book.guards, seen))
    asked: list[int] = []
    for steps in (50, STEPS):
        monkeypatch.setattr(SCREEN, "STEPS", steps)
        CountingDict.asked = 0
        screen(piece * (LIMIT // len(piece)))
        asked.append(CountingDict.asked)
    assert 5 * asked[0] < asked[1]


def test_what_is_left_when_the_steps_are_used_up_is_found_by_rote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SCREEN, "STEPS", 50)
    text = "i feel hopeless, " * 20
    assert screen(text).level == "concern"
    assert screen(f"{text}. Really, I want to die.").level == "crisis"
    assert screen(f"{text}. I do not want to die.").level == "crisis"  # held by no guard


@given(
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=8),
    st.sampled_from([" ", ", ", ". "]),
    EXPLICIT,
)
def test_words_that_are_there_to_be_slow_hide_nothing(
    words: list[str], gap: str, explicit: str
) -> None:
    slow = gap.join(words) + gap
    padding = slow * (3000 // len(slow))
    assert at_least(screen(f"{explicit}. {padding}").level, "crisis")
    assert at_least(screen(f"{padding}. {explicit}").level, "crisis")


@given(SALAD | ANY_TEXT)
def test_clauses_that_are_passed_over_have_no_cue(text: str) -> None:
    quick = screen(text)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("two", "paired"):
            patch.setattr(Needs, name, lambda self, words: True)
        patch.setattr(Needs, "likely", lambda self, words, looks: PHRASE | FRAME | WHOLE)
        patch.setattr(Frames, "may_stand", lambda self, spoken, over=False: self.frames)
        assert screen(text) == quick


@given(SALAD)
def test_what_is_passed_over_at_a_glance_would_change_no_verdict(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCREEN, "STEPS", 1_000_000)
        quick = screen(text)
        patch.setattr(reading, "GLANCE", 0)
        assert screen(text) == quick


@pytest.mark.parametrize(
    ("end", "level"),
    [
        ("Let it end, it all bores me.", "none"),  # no walk goes over a comma, rote does
        ("I do not want to die.", "none"),  # nor is what it finds held by a guard
        ("I feel hopeless.", "concern"),  # and this it does not find
    ],
)
def test_what_is_passed_over_uses_up_no_steps(
    monkeypatch: pytest.MonkeyPatch, end: str, level: Level
) -> None:
    """What comes behind many sentences without a cue is read as if they were not there."""
    monkeypatch.setattr(SCREEN, "STEPS", 400)
    text = "What's the best part? " * 30 + end
    assert screen(text).level == level
    monkeypatch.setattr(reading, "GLANCE", 0)
    assert screen(text).level != level


@given(SALAD)
def test_no_guard_raises_a_level(text: str) -> None:
    guarded = screen(text).level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Entry, "lowers", lambda self, cue: False)
        unguarded = screen(text).level
    assert at_least(unguarded, guarded)


@given(
    st.sampled_from(["kill myself", "end my life", "want to die", "end it all"]),
    st.sampled_from([" ", ".", "-", "_", " . ", "\u200b", ", "]),
)
def test_letters_set_apart_do_not_hide(phrase: str, gap: str) -> None:
    apart = gap.join(phrase.replace(" ", ""))
    assert at_least(screen(f"i {apart}").level, "crisis")


def test_the_lexicon_is_sound() -> None:
    book = load()
    levels = {entry.level for entry in book.entries.values() if entry.kind == "cue"}
    assert levels == {"concern", "crisis", "imminent"}
    for entry in book.entries.values():
        assert (entry.kind == "cue") == (entry.level != "none"), entry.id
        assert (entry.kind == "guard") == (entry.place != ""), entry.id
