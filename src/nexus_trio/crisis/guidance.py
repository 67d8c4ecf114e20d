"""The words that are shown, and the lines that are named, by level and country.

What a notice must hold (California Business and Professions Code 22602: refer
the user to crisis services): a line at any hour, the emergency number for
immediate danger, a word on distance from whatever could be used, a person who
is trusted, and that this is an AI. It scolds nobody, promises no secrecy and
names no method. A second notice in one session is shorter and worded otherwise,
and holds the same numbers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from nexus_trio.crisis.levels import Level

DEFAULT_COUNTRY: Final = "US"
"""The country of a locale that names none; whoever runs the server may set another."""

# Language, perhaps a script, a region of two letters (BCP 47), "-" or "_" between.
_LOCALE: Final = re.compile(
    r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?(?![A-Za-z0-9])"
)
_LONGEST_LOCALE: Final = 35  # BCP 47, 4.4.1: no registered tag needs more


@dataclass(frozen=True, slots=True)
class Resource:
    """One line of help.

    `country` is an ISO 3166 code in capitals, `EU` or empty for anywhere; `kind`
    is `line`, `emergency` or `directory`. `verified_on` (YYYY-MM-DD) is the day
    on which it was seen on a page of its own, empty while it is to be verified.
    """

    name: str
    country: str
    contact: str
    url: str
    kind: str
    verified_on: str


@dataclass(frozen=True, slots=True)
class Guidance:
    """The text to show, and the lines it names, in its order."""

    text: str
    resources: tuple[Resource, ...]


class Helplines:
    """Which lines there are, and which country a locale points to. Read-only."""

    def __init__(
        self, rows: tuple[Resource, ...], languages: Mapping[str, str], union: frozenset[str]
    ) -> None:
        self.rows = rows
        self._languages = languages
        self._union = union

    def country_of(self, locale: str, default_country: str = DEFAULT_COUNTRY) -> str:
        """The country that `locale` names (`en-US`, `de_AT`, `fr`), else `default_country`.

        Any string is accepted; at most 35 characters of it are read.
        """
        found = _LOCALE.match(locale[:_LONGEST_LOCALE].strip())
        if found is None:
            return default_country
        if found[2] is not None:
            return "GB" if (region := found[2].upper()) == "UK" else region
        return self._languages.get(found[1].lower(), default_country)

    def home(self, locale: str) -> str:
        """The country whose lines stand in for those that we don't know: that of `locale`.

        Or `DEFAULT_COUNTRY`, where we know no line of that one either.
        """
        country = self.country_of(locale)
        return country if self._rows(country, "line") else DEFAULT_COUNTRY

    def of(self, country: str, default_country: str = DEFAULT_COUNTRY) -> tuple[Resource, ...]:
        """The lines of `country`, then its emergency number.

        Where we know no line of it: what holds in the European Union, if it is part
        of it, the directory of all countries, and the lines of `default_country`,
        whose country the text then names.
        """
        own = self._rows(country, "line"), self._rows(country, "emergency")
        union = country in self._union
        emergency = own[1] or (self._rows("EU", "emergency") if union else ())
        if own[0]:
            return own[0] + emergency
        lines = self._rows("EU", "line") if union else ()
        directory = tuple(row for row in self.rows if row.kind == "directory")
        default = self._rows(default_country, "line") + self._rows(default_country, "emergency")
        return lines + emergency + directory + default

    def _rows(self, country: str, kind: str) -> tuple[Resource, ...]:
        return tuple(row for row in self.rows if row.country == country and row.kind == kind)

    def overridden(self, text: str) -> Helplines:
        """These, but for the countries of which `text` has rows: of those, only what it has.

        `text` is TOML with tables `[[resource]]` of `name`, `country` (ISO 3166, two
        capitals), `contact`, `kind` (`line` or `emergency`), and perhaps `url` and
        `verified_on`. Raises `ValueError` that says what is wrong in it.
        """
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"it is not valid TOML: {error}") from None
        found = table.pop("resource", None)
        if table or not isinstance(found, list) or not found:
            raise ValueError("it has tables [[resource]], at least one, and nothing else")
        own = tuple(_own_row(number, row) for number, row in enumerate(found, 1))
        named = {row.country for row in own}
        kept = tuple(row for row in self.rows if row.country not in named)
        return Helplines(own + kept, self._languages, self._union)


_NEEDED: Final = ("name", "country", "contact", "kind")
_LONGEST_FIELD: Final = 200  # a line that is read aloud


def _own_row(number: int, row: object) -> Resource:
    """A row of an operator's own. Raises `ValueError`."""
    fields = dict.fromkeys(("url", "verified_on"), "") | (row if isinstance(row, dict) else {})
    known = {*_NEEDED, "url", "verified_on"}
    if not (fields.keys() == known and all(isinstance(v, str) for v in fields.values())):
        raise ValueError(f"resource {number} has {', '.join(_NEEDED)}, each a text, perhaps url")
    for name, value in fields.items():
        printable = value.isprintable() and len(value) <= _LONGEST_FIELD
        if not printable or (name in _NEEDED and not value.strip()):
            raise ValueError(f"resource {number}: {name} is one line of 1 to {_LONGEST_FIELD}")
    if not re.fullmatch("[A-Z]{2}", fields["country"]):
        raise ValueError(f"resource {number}: country is a code of two capitals (ISO 3166)")
    if fields["kind"] not in ("line", "emergency"):
        raise ValueError(f"resource {number}: kind is line or emergency")
    if fields["url"] and not fields["url"].startswith("https://"):
        raise ValueError(f"resource {number}: url begins with https://")
    return Resource(**fields)


def _load() -> Helplines:
    path = resources.files("nexus_trio.crisis") / "resources.toml"
    data = tomllib.loads(path.read_text("utf-8"))
    rows = tuple(
        Resource(**{key: value for key, value in row.items() if key != "note"})
        for row in data["resource"]
    )
    return Helplines(rows, data["languages"], frozenset(data["union"]["countries"]))


HELPLINES: Final = _load()
"""The lines that ship with the program."""

RESOURCES: Final = HELPLINES.rows


_OPENING: Final[dict[tuple[str, bool], str]] = {
    ("crisis", False): (
        "I'm really glad you told me, and I'm sorry that it hurts this much. You deserve to have "
        "a person beside you in this. I'm an AI and can't be that person, but people are there "
        "for you:"
    ),
    ("crisis", True): "I'm still here, and I'm an AI, so please let a person in as well:",
    ("imminent", False): (
        "Thank you for telling me. Your safety comes first now, and you don't have to get "
        "through this minute alone. I'm an AI and can't come to you, but people can:"
    ),
    ("imminent", True): "Please reach a person now; I'm an AI and can't come to you:",
}

_CLOSING: Final[dict[bool, str]] = {
    False: (
        "If something near you could be used to hurt yourself, please move away from it, or "
        "ask someone to take it from you. And is there somebody you trust whom you could call "
        "or sit with? We can keep talking here, too."
    ),
    True: ("Please stay away from anything that could be used, and let someone you trust be near."),
}

_FOR_FRIEND: Final = (
    "It's good that you care about them, and it's hard to carry that worry. I'm an AI, but here "
    "is what helps: ask them directly whether they are thinking of suicide (asking doesn't put "
    "the idea there), listen without judging, stay with them or keep in touch, and help them "
    "move away from anything that could be used. Don't promise to keep it to yourself; bring in "
    "someone you both trust. These lines are for you as well as for them:"
)


_INSTEAD: Final = (
    "I stopped there, because what came next could hurt somebody, and I won't say it. I'm an AI. "
    "If you are thinking about dying or about hurting yourself, you deserve a person beside you, "
    "and people are there for you at any hour:"
)


def guidance(
    level: Level,
    locale: str = "",
    repeat: int = 0,
    *,
    default_country: str = DEFAULT_COUNTRY,
    lines: Helplines = HELPLINES,
) -> Guidance:
    """The notice for `crisis` or `imminent`.

    `repeat` is the number of notices that the session had before; from 1 on the
    text is shorter. At `imminent` the emergency number stands first. `locale`
    may be any string. Raises `ValueError` for a level that has no notice.
    """
    if level not in ("crisis", "imminent"):
        raise ValueError(f"there is no notice at the level {level!r}: ask from crisis on")
    again = repeat > 0
    country = lines.country_of(locale, default_country)
    rows = lines.of(country, default_country)
    if level == "imminent":
        rows = tuple(sorted(rows, key=lambda row: not _is_emergency_of(country, row)))
    listed = "\n".join(_line(row, country) for row in rows)
    return Guidance(_around(_OPENING[level, again], listed, _CLOSING[again]), rows)


def for_friend(
    locale: str = "",
    *,
    default_country: str = DEFAULT_COUNTRY,
    lines: Helplines = HELPLINES,
) -> Guidance:
    """How to help somebody else, for one who worries about them. `locale` may be any string."""
    country = lines.country_of(locale, default_country)
    rows = lines.of(country, default_country)
    listed = "\n".join(_line(row, country, "they are") for row in rows)
    return Guidance(_around(_FOR_FRIEND, listed), rows)


def instead(
    locale: str = "",
    *,
    default_country: str = DEFAULT_COUNTRY,
    lines: Helplines = HELPLINES,
) -> Guidance:
    """What stands where the rest of a reply was withheld. `locale` may be any string."""
    country = lines.country_of(locale, default_country)
    rows = lines.of(country, default_country)
    listed = "\n".join(_line(row, country) for row in rows)
    return Guidance(_around(_INSTEAD, listed, _CLOSING[True]), rows)


def _around(*parts: str) -> str:
    """Paragraphs. Without the empty lines, what shows Markdown makes one item of the last
    line and the words behind it, and a screen reader reads them as one."""
    return "\n\n".join(parts)


def _is_emergency_of(country: str, row: Resource) -> bool:
    return row.kind == "emergency" and row.country in (country, "EU")


def _line(row: Resource, country: str, who: str = "you are") -> str:
    """One line of the text. It names the country where that is not the reader's."""
    where = "" if row.country in (country, "EU", "") else f" ({row.country})"
    if row.kind == "emergency":
        return f"- In immediate danger, or if {who} already hurt: call {row.contact} now{where}"
    if row.kind == "directory":
        return f"- Lines in every country: {row.contact}"
    chat = f", or chat at {row.url.removeprefix('https://')}" if row.url else ""
    return f"- {row.name}: {row.contact}{chat}{where}"
