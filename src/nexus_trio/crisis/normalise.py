"""One spelling for what people write in many, before it is looked up.

Disguises that `normalise` undoes: zero-width and combining marks, fullwidth,
circled and mathematical letters, Cyrillic and Greek look-alikes, digits and
signs inside words (`k1ll`), stretched letters (`diiie`), new lines, any kind of
apostrophe. `rejoin` undoes spaced and dotted letters (`d i e`, `d.i.e`).

Runs of one letter become that letter, everywhere: `kill` becomes `kil`. The
lexicon goes through the same function, so both sides agree, and the commonest
misspellings (`dissapear`, `hopless`) fall together with the right ones.

The result is ASCII: `a-z`, digits, single spaces, `.` for the end of a sentence
and `,` for a pause. The lexicon is English; a letter with no Latin look-alike
becomes a space.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LIMIT: Final = 8192
"""Characters that are looked at: the first and the last 4 KB of a longer text.

A message may be 16 KiB, a pasted one far more. What is meant stands at the
start or at the end; a fixed bound keeps the cost of hostile text fixed too.
"""

_HALF: Final = LIMIT // 2 - 2

# ' in its other shapes: quotation marks, primes, accents, the fullwidth one.
_APOSTROPHES = (0x2018, 0x2019, 0x201B, 0x2BC, 0x2B9, 0x2032, 0xB4, 0xFF07)
_CYRILLIC = "абвгдезікмнорсԁһјӏѕтухуԛѡп", "abbrdezikmhopcdhjlstyxyqwn"
_GREEK = "αβγδεζηικλνορτυχωσς", "abydezniklvoptuxwos"
_LATIN = "€¢ıłøđħðþɑɡɩʟʀʏɪɴɢʙʜᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱ", "ecilodhdpagilryingbhacdejkmoptuvwzs"


# Signs that stand for a word of this matter.
_SIGNS_OF_DEATH = (
    *((sign, "skull") for sign in "\U0001f480\u2620"),
    *((sign, "coffin") for sign in "\u26b0\U0001faa6"),
    ("\U0001f52b", "gun"),
    ("\U0001f48a", "pills"),
    ("\U0001f52a", "knife"),
)


def _invisible_and_marks() -> dict[int, str | None]:
    """Code points that carry no letter: marks, format characters, controls."""
    planes = (*range(0x80, 0x1F000), *range(0xE0000, 0xE1000))
    return {cp: None for cp in planes if unicodedata.category(chr(cp)) in {"Mn", "Me", "Cf", "Cc"}}


def _look_alikes() -> dict[int, str | None]:
    table: dict[int, str | None] = {}
    for strange, plain in (_CYRILLIC, _GREEK, _LATIN):
        for a, b in zip(strange, plain, strict=True):
            table[ord(a)] = b
            if len(upper := a.upper()) == 1 and not upper.isascii():
                table.setdefault(ord(upper), b)
    for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6):  # squared, circled, flags
        table.update({first + n: chr(97 + n) for n in range(26)})
    table.update(dict.fromkeys(_APOSTROPHES, None))
    table.update({0x3164: None, 0x115F: None, 0x1160: None, 0xFFA0: None})  # blank "letters"
    table.update({0x3002: ".", 0x2026: ".", 0xFF01: ".", 0xFF1F: ".", 0xFF0C: ",", 0x3001: ","})
    table.update({ord(sign): f" {word} " for sign, word in _SIGNS_OF_DEATH})
    table.update({0x85: " ", 0x2028: " ", 0x2029: " "})  # line ends
    return table


_FOLD: Final = _invisible_and_marks() | _look_alikes()
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]")


def _ascii_table() -> dict[int, str | None]:
    """Every ASCII character: kept, lowered, made a mark or a space, or removed."""
    table: dict[int, str | None] = dict.fromkeys(range(128), " ")
    # Removed, not spaced: they stand inside words (`don't`, `k*ll`, a stray NUL).
    table.update(dict.fromkeys([*range(32), 127, *map(ord, "'`*")], None))
    table.update(dict.fromkeys(map(ord, "\t\n\v\f\r"), " "))
    table.update({ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
    table.update({ord(c): c for c in "abcdefghijklmnopqrstuvwxyz0123456789@$!.,"})
    table.update({ord("?"): ".", ord(";"): ".", ord(":"): ","})
    return table


_ASCII: Final = _ascii_table()
_SIGNS: Final = str.maketrans("@$!", "  .")
_LEET_SIGNS: Final = "013457@$!"
_LEET: Final = str.maketrans(_LEET_SIGNS, "oieastasi")
# It begins with what it may begin with: the engine leaps to the next of these signs.
_LEET_RUN: Final = re.compile(
    r"""[013457@$!] (?:
        (?<=[a-z].) (?: [013457@$!]*+ (?=[a-z])  # inside a word
                      | (?<=[013457]) [013457]*+ (?![0-9a-z]) )  # at its end: digits alone
      | (?<=[@$]) (?<![^ ].) (?=[a-z]) )  # a sign in front of it""",
    re.VERBOSE,
)
_DOUBLES: Final = tuple((c * 2, c) for c in "abcdefghijklmnopqrstuvwxyz")
_DENSE: Final = 8  # where one character in so many is as the one before it, all are done at once
_A, _Z = b"az"


def _cut(text: str) -> str:
    """Head and tail of a long text, as two sentences; at most `LIMIT` characters."""
    if len(text) <= LIMIT:
        return text
    return text[:_HALF].rstrip() + " . " + text[-_HALF:].lstrip()


def _to_ascii(text: str) -> str:
    # Marks go before the decomposition: sorting a long run of them is quadratic.
    text = _cut(unicodedata.normalize("NFKD", text.translate(_FOLD)))
    if text.isascii():
        return text
    return _FOREIGN.sub(" ", text.translate(_FOLD).casefold().translate(_FOLD))


def collapse(text: str) -> str:
    """Runs of one small letter as that letter."""
    # As a number, beside itself one character on: a byte is 0 where both have the same. That
    # is four times as quick as to ask for 26 doubles, of which a text has a few.
    plain = text.encode("ascii", "replace")
    number = int.from_bytes(plain, "big")
    same = (number ^ (number >> 8)).to_bytes(len(plain), "big")
    if same.count(0) * _DENSE > len(same):
        return _collapse_all(text)
    kept, begun, at = "", 0, same.find(0)
    while at >= 0:
        if _A <= plain[at] <= _Z:
            kept += text[begun:at]
            begun = at + 1
        at = same.find(0, at + 1)
    return kept + text[begun:] if begun else text


def _collapse_all(text: str) -> str:
    """The same, where so much is doubled that one after the other would take long."""
    for double, single in _DOUBLES:
        while double in text:  # halves every run, so the work is linear in all
            text = text.replace(double, single)
    return text


def normalise(text: str) -> str:
    """`text` in the one spelling that the lexicon is kept in.

    Any string is accepted, lone surrogates too; nothing is raised. The result
    has at most `LIMIT` characters, and normalising it again changes nothing.
    The work is linear in `LIMIT`, whatever the length.
    """
    text = _cut(text)
    if not text.isascii():
        text = _to_ascii(text)
    text = text.translate(_ASCII)
    for sign in _LEET_SIGNS:  # each asked for by itself: that is quicker than a pattern of all
        if sign in text:
            text = _LEET_RUN.sub(_unleet, text).translate(_SIGNS)
            break
    text = collapse(text)
    return _cut(" ".join(text.split()) if "  " in text else text.strip())


def _unleet(found: re.Match[str]) -> str:
    return found[0].replace("11", "ll").translate(_LEET)  # a 1 is an i, two are `ki11`'s


# Three letters or more that stand alone, with one and the same kind of gap.
_APART: Final = re.compile(
    r"(?<![a-z0-9])[a-z](?:(?: [a-z](?![a-z0-9])){2,}+|(?:[.,][a-z](?![a-z0-9])){2,}+)"
)
_WHITE: Final = str.maketrans("", "", " .,")


def rejoin(plain: str) -> str:
    """`plain` (a result of `normalise`) with letters that stand alone put together.

    Returns the very same object where there is nothing to join. `k i l l` and
    `k.i.l.l` become one word; fewer than three letters are left as they are.
    """
    if _APART.search(plain) is None:
        return plain
    return collapse(_APART.sub(_join, plain))


def _join(found: re.Match[str]) -> str:
    return found[0].translate(_WHITE)
