"""A room's commands: `look`, `who`, `help`, `go` and `say`, as pure values and plain texts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from nexus_trio.model.world import Room, World

Kind = Literal["look", "who", "help", "go", "say"]

SHOWN: Final = 20
"""How many people a text names one by one; a longer list is a count, not a line."""

_BARE: Final[dict[str, Kind]] = {"look": "look", "who": "who", "help": "help"}
_WITH_ARGUMENT: Final[dict[str, Kind]] = {"/go": "go", "/say": "say"}
_LONGEST_WORD: Final = len("/look")


@dataclass(frozen=True, slots=True)
class Command:
    """What a message asks of the room. `argument` is the user's own words, so repr hides it.

    `go`: the room's name as it was typed (it may name no room); `say`: the
    text. Either may be empty, where nothing followed: the caller then explains
    the usage. Empty for every other kind.
    """

    kind: Kind
    argument: str = field(default="", repr=False)


def parse_command(message: str, rooms: Collection[str] | World) -> Command | None:
    """The command that `message` is, or None where it is a turn with the persona.

    `rooms` holds the names that `go ROOM` without a slash may name, in any
    case; with a slash, an unknown room is still a command. Whitespace around
    the message, and any amount of it before an argument, is ignored.
    """
    text = message.strip()
    if len(text) <= _LONGEST_WORD:
        bare = _BARE.get(text.lower().removeprefix("/"))
        if bare is not None:
            return Command(bare)
    # Only the first word is cut off: what `/say` carries keeps its inner spaces.
    word = (text[: _LONGEST_WORD + 1].split(maxsplit=1) or [""])[0].lower()
    argument = text[len(word) :].strip()
    if word in _WITH_ARGUMENT:
        return Command(_WITH_ARGUMENT[word], argument)
    if word == "go" and argument and _names_room(argument, rooms):
        return Command("go", argument)
    return None


def spoken(message: str) -> str:
    """The person's own words in `message`: those behind `/say`, else all of it.

    A verdict is of these: "/say I …" is not what somebody says that another said.
    """
    parts = message.split(None, 1)
    return parts[1] if len(parts) == 2 and parts[0].lower() == "/say" else message


def is_folded(message: str, rooms: Collection[str] | World) -> bool:
    """Whether a session's watch folds the words: a command's it does not, but for what is said."""
    command = parse_command(message, rooms)
    return command is None or command.kind == "say"


def _names_room(name: str, rooms: Collection[str] | World) -> bool:
    if isinstance(rooms, World):
        return rooms.find(name) is not None
    wanted = name.casefold()
    return any(room.casefold() == wanted for room in rooms)


def describe_room(room: Room, occupants: Sequence[str]) -> str:
    """The reply to `look` and `go`: the room, its ways out, and who is there.

    `occupants` are user ids, sorted; the persona is named apart, for it is no
    occupant.
    """
    parts = [room.title, room.description]
    if room.exits:
        ways = "; ".join(f"{phrase} to {target}" for phrase, target in room.exits.items())
        parts.append(f"Ways out: {ways}.")
    parts.append(f"{room.persona.name} lives here, an AI.")
    parts.append(list_people(occupants))
    return "\n".join(parts)


def list_people(occupants: Sequence[str]) -> str:
    """The reply to `who`: at most `SHOWN` user ids by name, then how many more."""
    if not occupants:
        return "Nobody is here."
    named = ", ".join(occupants[:SHOWN])
    more = len(occupants) - SHOWN
    return f"Here now: {named} and {more} more." if more > 0 else f"Here now: {named}."


def help_text(world: World) -> str:
    """The reply to `help`: every command with what it does, and the rooms."""
    return "\n".join(
        (
            "Write anything to talk with the persona of your room: an AI, and only you see it.",
            "look: see the room and who is in it. who: see who is here. help: this text.",
            "/go ROOM: go to another room. /say TEXT: say something aloud to all in the room.",
            f"Rooms: {', '.join(world.rooms)}.",
        )
    )
