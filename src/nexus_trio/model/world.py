"""The world: rooms, their exits and their personas, as pure values.

A world is written as TOML and read by `parse_world`, which does no I/O: the
caller brings the text and says where it came from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

MAX_ROOMS: Final = 64
"""Each room is an actor and a line in every list of rooms; more is no longer a house."""
MAX_EXITS: Final = 16
MAX_TOPICS: Final = 128
MAX_LINES: Final = 64
TOPIC_CHARS: Final = 200
"""A topic may be a whole row of words that call it up."""
TITLE_CHARS: Final = 80
TEXT_CHARS: Final = 1000
NAME_CHARS: Final = 64
"""As long as a `username`, for the two share one space of names."""
LINE_CHARS: Final = 600
"""A scripted reply ends at 800 characters: a line leaves room for what goes round it."""

SLOTS: Final = frozenset({",name", "topic", "room", "persona", "fact", "exits"})
"""What a scripted line may leave open, in braces: `{topic}`, and `{,name}` for
a name with its comma, which vanishes where no name is known."""

_ROOM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}", re.ASCII)
_SLOT: Final = re.compile(r"\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Persona:
    """Who lives in a room. `lines` is the scripted responder's material, by topic."""

    name: str
    description: str
    lines: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Room:
    """A room as the world's author wrote it. Exits are scenery: `go` reaches every room."""

    name: str
    title: str
    description: str
    exits: dict[str, str]
    persona: Persona


@dataclass(frozen=True, slots=True)
class World:
    """All rooms, in the author's order, and the one where people arrive."""

    rooms: dict[str, Room]
    default: str
    persona_names: frozenset[str] = field(init=False, repr=False, compare=False)
    """The personas' names, casefolded: nobody else may go by one of them."""
    _by_name: dict[str, Room] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = frozenset(room.persona.name.casefold() for room in self.rooms.values())
        by_name = {name.casefold(): room for name, room in self.rooms.items()}
        # The one way to fill a derived field of a frozen dataclass.
        object.__setattr__(self, "persona_names", names)
        object.__setattr__(self, "_by_name", by_name)

    def lines(self) -> Iterator[str]:
        """What the personas have to say, as the author wrote it."""
        for room in self.rooms.values():
            yield from chain.from_iterable(room.persona.lines.values())

    def find(self, name: str) -> Room | None:
        """The room of that name in any case, or None."""
        return self._by_name.get(name.casefold())


def parse_world(text: str, source: str) -> World:
    """The world written in `text` (TOML 1.0); `source` names it in errors.

    Raises `ValueError` whose message names the source, the table and what to
    do. Unknown keys are refused, so that a misspelt one is not lost silently.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{source}: this is not valid TOML: {error}; correct the file") from error
    return _Reader(source).world(raw)


class _Reader:
    """Walks the tables of one source; every complaint starts with that source."""

    def __init__(self, source: str) -> None:
        self._source = source

    def _fail(self, where: str, problem: str) -> ValueError:
        return ValueError(f"{self._source}: {where}: {problem}")

    def world(self, raw: Mapping[str, Any]) -> World:
        """Check the whole, then what only the whole can tell."""
        self._keys(raw, "the top level", {"default", "rooms"})
        tables = self._table(raw, "rooms", "the top level")
        if not 1 <= len(tables) <= MAX_ROOMS:
            problem = f"it holds {len(tables)} rooms; write 1 to {MAX_ROOMS} [rooms.NAME] tables"
            raise self._fail("[rooms]", problem)
        rooms = {name: self._room(name, self._table(tables, name, "[rooms]")) for name in tables}
        default = self._text(raw, "default", "the top level", 32)
        if default not in rooms:
            choices = ", ".join(rooms)
            problem = f"the default room {default!r} does not exist; name one of: {choices}"
            raise self._fail("the top level", problem)
        self._unique(rooms)
        return World(rooms, default)

    def _unique(self, rooms: Mapping[str, Room]) -> None:
        """Names that differ only in case could not be told apart by `find`."""
        names: dict[str, str] = {}
        personas: dict[str, str] = {}
        for name, room in rooms.items():
            where = f"[rooms.{name}]"
            if (other := names.setdefault(name.casefold(), name)) != name:
                raise self._fail(where, f"the name differs from {other!r} only in case; rename one")
            key = room.persona.name.casefold()
            if (other := personas.setdefault(key, name)) != name:
                problem = f"{room.persona.name!r} lives in {other!r} already; rename one"
                raise self._fail(f"[rooms.{name}.persona]", problem)
            for phrase, target in room.exits.items():
                if target not in rooms:
                    problem = f"{phrase!r} leads to {target!r}, which is no room; add or correct it"
                    raise self._fail(f"[rooms.{name}.exits]", problem)

    def _room(self, name: str, raw: Mapping[str, Any]) -> Room:
        where = f"[rooms.{name}]"
        if not _ROOM_NAME.fullmatch(name):
            problem = (
                "a room's name is 1 to 32 ASCII letters, digits, '_' or '-' and starts with"
                " a letter; rename it"
            )
            raise self._fail(where, problem)
        self._keys(raw, where, {"title", "description", "exits", "persona"})
        return Room(
            name=name,
            title=self._text(raw, "title", where, TITLE_CHARS),
            description=self._text(raw, "description", where, TEXT_CHARS),
            exits=self._exits(raw, name) if "exits" in raw else {},
            persona=self._persona(self._table(raw, "persona", where), name),
        )

    def _exits(self, raw: Mapping[str, Any], name: str) -> dict[str, str]:
        where = f"[rooms.{name}.exits]"
        exits = self._table(raw, "exits", f"[rooms.{name}]")
        if len(exits) > MAX_EXITS:
            raise self._fail(where, f"it holds {len(exits)} exits; keep at most {MAX_EXITS}")
        for phrase in exits:
            self._printable(phrase, f"{where} the phrase {phrase!r}", NAME_CHARS)
        return {phrase: self._text(exits, phrase, where, 32) for phrase in exits}

    def _persona(self, raw: Mapping[str, Any], name: str) -> Persona:
        where = f"[rooms.{name}.persona]"
        self._keys(raw, where, {"name", "description", "lines"})
        return Persona(
            name=self._text(raw, "name", where, NAME_CHARS),
            description=self._text(raw, "description", where, TEXT_CHARS),
            lines=self._lines(raw, name) if "lines" in raw else {},
        )

    def _lines(self, raw: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
        where = f"[rooms.{name}.persona.lines]"
        topics = self._table(raw, "lines", f"[rooms.{name}.persona]")
        if len(topics) > MAX_TOPICS:
            raise self._fail(where, f"it holds {len(topics)} topics; keep at most {MAX_TOPICS}")
        lines: dict[str, tuple[str, ...]] = {}
        for topic, values in topics.items():
            place = f"{where} {topic!r}"
            self._printable(topic, place, TOPIC_CHARS)
            if not isinstance(values, list) or not 1 <= len(values) <= MAX_LINES:
                raise self._fail(place, f"write an array of 1 to {MAX_LINES} strings")
            for value in values:
                self._line(topic, value, place)
            lines[topic] = tuple(values)
        return lines

    def _line(self, topic: str, value: object, place: str) -> None:
        self._printable(value, place, LINE_CHARS)
        line = str(value)
        for slot in _SLOT.finditer(line):
            if slot[1] not in SLOTS:
                allowed = ", ".join(sorted("{" + name + "}" for name in SLOTS))
                raise self._fail(place, f"{slot[0]!r} is no slot; use one of {allowed}, or none")
        if topic == "riddle" and not all(part.strip() for part in _halves(line)):
            raise self._fail(place, "write a riddle as 'question => answer'")

    def _keys(self, raw: Mapping[str, Any], where: str, known: set[str]) -> None:
        if unknown := sorted(raw.keys() - known):
            expected = ", ".join(sorted(known))
            problem = f"unknown key {unknown[0]!r}; remove it or use one of: {expected}"
            raise self._fail(where, problem)

    def _table(self, raw: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
        value = raw.get(key)
        if not isinstance(value, dict):
            raise self._fail(where, f"the table {key!r} is missing or no table; write it")
        return value

    def _text(self, raw: Mapping[str, Any], key: str, where: str, most: int) -> str:
        if key not in raw:
            raise self._fail(where, f"{key!r} is missing; add a string of 1 to {most} characters")
        value = raw[key]
        self._printable(value, f"{where} {key!r}", most)
        return str(value)

    def _printable(self, value: object, place: str, most: int) -> None:
        if not isinstance(value, str) or not 1 <= len(value) <= most or value.isspace():
            raise self._fail(place, f"write a string of 1 to {most} characters that is not blank")
        if not value.isprintable() or value != value.strip():
            problem = "write it on one line, without control characters or spaces at its ends"
            raise self._fail(place, problem)


def _halves(riddle: str) -> tuple[str, str]:
    question, _, answer = riddle.partition(" => ")
    return question, answer
