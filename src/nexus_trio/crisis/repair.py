"""Puts plain phrases together again where their letters were set apart or their words run together.

`ki ll my se lf`, `s.u.i.c.i.d.e`, `iwanttodie`, `I. want. to. die` become what
they say. All gaps are taken out, and what is left is searched for the phrases
that `lexicon/spelling.toml` lists as `glued`. A phrase is put in only where it
begins and ends with words of the text, or stands inside one: `skill myself`
holds no phrase. What was written with the usual gaps is left as it is.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from nexus_trio.crisis.normalise import collapse, normalise

_CORE: Final = 5  # letters of what a text is looked through for; no phrase may be shorter

_Phrase: TypeAlias = tuple[int, str, list[str]]  # its turn, its letters alone, its words


class Repair:
    """Mends the plain text that `normalise` gives; made once, and called with every message."""

    def __init__(self, phrases: list[str]) -> None:
        """`phrases`: each as it should stand. The longest one that is found goes first."""
        plain = sorted({normalise(p) for p in phrases}, key=lambda p: (-len(p), p))
        glued = [(turn, collapse(_bare(p)), p.split()) for turn, p in enumerate(plain)]
        # Every phrase holds one of these, so that most texts are looked through just for them.
        self._cores: list[tuple[str, list[_Phrase]]] = []
        while glued:
            core = _commonest([letters for _, letters, _ in glued])
            self._cores.append((core, [phrase for phrase in glued if core in phrase[1]]))
            glued = [phrase for phrase in glued if core not in phrase[1]]

    def __call__(self, plain: str) -> str:
        """`plain` with its phrases mended; the very same object where there is nothing to mend.

        The work is linear in the length of `plain`.
        """
        bare = collapse(_bare(plain))
        found: list[_Phrase] = []
        for core, phrases in self._cores:
            if core in bare:
                found += [phrase for phrase in phrases if phrase[1] in bare]
        return _mend(plain, bare, sorted(found)) if found else plain


def _bare(plain: str) -> str:
    """Plain text without its gaps."""
    return plain.replace(" ", "").replace(".", "").replace(",", "")


def _commonest(phrases: list[str]) -> str:
    """The piece that most of the phrases have in them."""
    counts: dict[str, int] = {}
    for phrase in phrases:
        for at in range(len(phrase) - _CORE + 1):
            piece = phrase[at : at + _CORE]
            counts[piece] = counts.get(piece, 0) + 1
    return min(counts, key=lambda piece: (-counts[piece], piece))


def _mend(plain: str, bare: str, phrases: list[_Phrase]) -> str:
    words = plain.replace(".", " . ").replace(",", " , ").split()
    starts, ends = _places(words)
    taken = bytearray(len(words))
    mended: dict[int, tuple[int, str]] = {}
    for _, glued, spoken in phrases:
        at = bare.find(glued)
        while at >= 0:
            end = at + len(glued)
            first, last = starts.get(at), ends.get(end)
            if first is None or last is None or first > last:
                first = last = _word_around(at, end, starts, ends)
            at = bare.find(glued, end)
            if first is None or last is None or taken.find(1, first, last + 1) >= 0:
                continue
            written = words[first : last + 1]
            if written != spoken or len(spoken) == 1:
                text = _as_spoken(written, glued, spoken)
                if text is not None:
                    mended[first] = last, text
            # What stands as it should is taken, too: no shorter phrase is sought in it.
            taken[first : last + 1] = b"\1" * len(written)
    return _put_in(words, mended) if mended else plain


def _places(words: list[str]) -> tuple[dict[int, int], dict[int, int]]:
    """Which word begins, and which one ends, at each place of the bare text."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at, last = 0, ""
    for number, word in enumerate(words):
        first = word[0]
        if first in ".,":
            continue
        if first == last and last.isalpha():
            at -= 1  # a letter that the word before ended with is one letter in the bare text
        starts.setdefault(at, number)
        at += len(word)
        ends[at] = number
        last = word[-1]
    return starts, ends


def _word_around(begin: int, end: int, starts: dict[int, int], ends: dict[int, int]) -> int | None:
    """The one word that has all from `begin` to `end` in it; None where parts of two do."""
    # The nearest start before is followed by no end before `end`.
    for back in range(begin, max(begin - 24, -1), -1):
        if back in starts:
            number = starts[back]
            for on in range(end, end + 24):
                if on in ends:
                    return number if ends[on] == number else None
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
