"""Puts plain phrases together again where their letters were set apart or their words run together.

`ki ll my se lf`, `s.u.i.c.i.d.e`, `iwanttodie`, `I. want. to. die` become what
they say. All gaps are taken out, and what is left is searched for the phrases
that `lexicon/spelling.toml` lists as `glued`. A phrase is put in only where it
begins and ends with words of the text, or stands inside one: `skill myself`
holds no phrase. What was written with the usual gaps is left as it is.
"""

from __future__ import annotations

from typing import Final

from nexus_trio.crisis.normalise import collapse, normalise

_GAPS: Final = str.maketrans("", "", " .,")
_CORE: Final = 6  # letters of what a text is looked through for; no phrase may be shorter


class Repair:
    """Mends the plain text that `normalise` gives; made once, and called with every message."""

    def __init__(self, phrases: list[str]) -> None:
        """`phrases`: each as it should stand. The longest one that is found goes first."""
        plain = sorted({normalise(p) for p in phrases}, key=lambda p: (-len(p), p))
        self._phrases = [(collapse(p.translate(_GAPS)), p.split()) for p in plain]
        # Every phrase holds one of these, so that most texts are looked through just for them.
        # With its double letters, too, as the gaps leave them: most texts need no collapsing.
        self._cores = _cores(
            [glued for glued, _ in self._phrases] + ["".join(p.split()) for p in plain]
        )

    def __call__(self, plain: str) -> str:
        """`plain` with its phrases mended; the very same object where there is nothing to mend.

        The work is linear in the length of `plain`.
        """
        bare = collapse(plain.translate(_GAPS))
        for core in self._cores:
            if core in bare:
                return self._mend(plain, bare)
        return plain

    def _mend(self, plain: str, bare: str) -> str:
        words = plain.replace(".", " . ").replace(",", " , ").split()
        starts, ends = _places(words)
        taken = [False] * len(words)
        mended: dict[int, tuple[int, str]] = {}
        for glued, spoken in self._phrases:
            at = bare.find(glued)
            while at >= 0:
                found = _words_of(at, at + len(glued), starts, ends)
                at = bare.find(glued, at + len(glued))
                if found is None or any(taken[found[0] : found[1] + 1]):
                    continue
                first, last = found
                text = _as_spoken(words[first : last + 1], glued, spoken)
                if text is not None:
                    mended[first] = last, text
                # What stands as it should is taken, too: no shorter phrase is sought in it.
                taken[first : last + 1] = [True] * (last - first + 1)
        return _put_in(words, mended) if mended else plain


def _cores(phrases: list[str]) -> list[str]:
    """A few pieces of phrases, of which every phrase holds one: those that most have, first."""
    left, found = set(phrases), []
    while left:
        counts: dict[str, int] = {}
        for phrase in left:
            for at in range(len(phrase) - _CORE + 1):
                piece = phrase[at : at + _CORE]
                counts[piece] = counts.get(piece, 0) + 1
        core = min(counts, key=lambda piece: (-counts[piece], piece))
        found.append(core)
        left = {phrase for phrase in left if core not in phrase}
    return found


def _places(words: list[str]) -> tuple[dict[int, int], dict[int, int]]:
    """Which word begins, and which one ends, at each place of the bare text."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at, last = 0, ""
    for number, word in enumerate(words):
        if word in ".,":
            continue
        # A letter that the word before ended with is one letter in the bare text.
        begin = at - 1 if word[0] == last and last.isalpha() else at
        at, last = begin + len(word), word[-1]
        starts[begin] = starts.get(begin, number)
        ends[at] = number
    return starts, ends


def _words_of(
    begin: int, end: int, starts: dict[int, int], ends: dict[int, int]
) -> tuple[int, int] | None:
    """The first and the last word of what stands from `begin` to `end`; None for parts of words."""
    if begin in starts and end in ends and starts[begin] <= ends[end]:
        return starts[begin], ends[end]
    # Inside one word: the nearest start before is followed by no end before `end`.
    for back in range(begin, max(begin - 24, -1), -1):
        if back in starts:
            number = starts[back]
            for on in range(end, end + 24):
                if on in ends:
                    return (number, number) if ends[on] == number else None
            return None
    return None


def _as_spoken(words: list[str], glued: str, spoken: list[str]) -> str | None:
    """What to put in the place of these words; None where they are what they should be."""
    plain = [word for word in words if word not in ".,"]
    gaps = len(words) - len(plain)
    if plain == spoken and gaps < len(spoken) - 1:
        return None
    if len(plain) == 1 and plain[0] != glued:
        if len(spoken) == 1:
            return None  # a word with an ending
        before, _, after = plain[0].partition(glued)
        return " ".join(filter(None, (before, *spoken, after)))
    return " ".join(spoken)


def _put_in(words: list[str], mended: dict[int, tuple[int, str]]) -> str:
    out: list[str] = []
    at = 0
    while at < len(words):
        if at in mended:
            last, text = mended[at]
            out.append(text)
            at = last + 1
        else:
            out.append(words[at])
            at += 1
    return " ".join(out)
