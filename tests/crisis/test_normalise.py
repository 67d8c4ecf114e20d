"""One spelling: what is undone, that it is done once for all, and its bounds."""

import itertools
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis.normalise import LIMIT, collapse, normalise, rejoin

ANY_TEXT = st.text(st.characters(), max_size=300)  # lone surrogates too
CROOKED = st.text(
    "aAbik1!3$@*'.,;: \u0131\u200b\u0301\u0456\u0430\uff2b\U0001d424\ufdfa\ud800", max_size=60
)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Hello,  THERE", "helo, there"),
        ("don\u2019t don't don\u00b4t dont", "dont dont dont dont"),
        ("wa\u200bnt to d\u00adie", "want to die"),
        ("\uff57\uff41\uff4e\uff54", "want"),
        ("\U0001d430\U0001d41a\U0001d427\U0001d42d", "want"),
        ("w\u0430nt t\u043e d\u0456\u0435", "want to die"),
        ("w\u0338a\u0335n\u0336t\u0301", "want"),
        ("caf\u00e9", "cafe"),
        ("k1ll mys3lf", "kil myself"),
        ("$ad and d!e", "sad and die"),
        ("it is 20 km, at 3 pm", "it is 20 km, at 3 pm"),
        ("we11 mad3 4ever l8 go1d3n", "wel made 4ever l8 goiden"),
        ("hat3s hate3! h8te35s", "hates hate. h8tes"),
        ("@ll $o a$ a@ 5o !x", "al so a a 5o .x"),
        ("9$ad .@ll 2@a", "9 ad . l 2 a"),
        ("diiiiie nooooow", "die now"),
        ("one\ntwo\r\n\tthree", "one two thre"),
        ("stop! why? now; yes: go", "stop. why. now. yes, go"),
        ("k*ll", "kl"),
        ("\u9053 tower", "tower"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_one_spelling(written: str, plain: str) -> None:
    assert normalise(written) == plain


@given(ANY_TEXT | st.text("ab z{`A.. \u00e9\u2003", max_size=80))
def test_runs_of_small_letters_collapse_and_nothing_else(text: str) -> None:
    for many in (text, text * 9, f"{text}{'quiet words ' * 9}{text}"):
        assert collapse(many) == re.sub(r"([a-z])\1+", r"\1", many)


@given(ANY_TEXT | CROOKED)
def test_a_second_time_changes_nothing(text: str) -> None:
    plain = normalise(text)
    assert normalise(plain) == plain


@given(ANY_TEXT | CROOKED)
def test_the_result_is_plain(text: str) -> None:
    plain = normalise(text)
    assert set(plain) <= set("abcdefghijklmnopqrstuvwxyz0123456789., ")
    assert "  " not in plain
    assert all(a != b or not a.isalpha() for a, b in itertools.pairwise(plain))


@pytest.mark.parametrize(
    "piece", ["a b c ", "\ufdfa", "e\u0301\u0316", "\u200b", "ab1!", ".", "\ud800"]
)
def test_at_most_the_limit_is_kept_and_it_is_stable(piece: str) -> None:
    plain = normalise(piece * (65536 // len(piece)))
    assert len(plain) <= LIMIT
    assert normalise(plain) == plain


def test_head_and_tail_of_a_long_text_are_kept_apart() -> None:
    plain = normalise("begin want to " + "x y " * 20_000 + " die end")
    assert plain.startswith("begin want to")
    assert plain.endswith("die end")
    assert " . " in plain


def test_marks_never_reach_the_decomposition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorting a long run of marks is quadratic, so they are removed before it."""
    seen: list[str] = []

    def spy(form: str, text: str) -> str:
        seen.append(text)
        return real(form, text)

    real = unicodedata.normalize
    monkeypatch.setattr(unicodedata, "normalize", spy)
    normalise("a" + "\u0316\u0301" * 5000)
    assert seen
    assert all(unicodedata.category(c) != "Mn" for text in seen for c in text)


@pytest.mark.parametrize(
    ("plain", "joined"),
    [
        ("i want to d i e", "i want to die"),
        ("k i l l", "kil"),
        ("k.m.s", "kms"),
        ("d.i.e now", "die now"),
        ("plan a b", "plan a b"),
        ("so do i. a b", "so do i. a b"),
    ],
)
def test_letters_apart_are_joined(plain: str, joined: str) -> None:
    assert rejoin(plain) == joined


def test_nothing_to_join_gives_the_same_object() -> None:
    plain = normalise("a quiet day in the garden, i think")
    assert rejoin(plain) is plain
