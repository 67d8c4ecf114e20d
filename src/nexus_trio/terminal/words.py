"""What a typed line asks for, and what could complete it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

Verb = Literal["help", "go", "look", "say", "stop", "quit"]

COMMANDS: Final[dict[Verb, tuple[str, str]]] = {
    "help": ("/help", "what can be typed"),
    "look": ("/look", "the room, its ways out, and who is here"),
    "go": ("/go ROOM", "go to another room"),
    "say": ("/say WORDS", "say something aloud; all in the room hear it"),
    "stop": ("/stop", "end the answer that is being written"),
    "quit": ("/quit", "leave"),
}
"""How each command is written, and what it does."""

KEYS: Final[dict[str, str]] = {
    "Enter": "send",
    "Up and Down": "what you wrote before",
    "Tab": "complete a command, a room or a name",
    "Ctrl-C": "stop the answer; when none is being written, leave",
    "Ctrl-D": "leave",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A message to the persona."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Do:
    """A command of this program, with what followed it."""

    verb: Verb
    argument: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Neither: `why` says what to type instead."""

    why: str


def parse(line: str) -> Ask | Do | Wrong | None:
    """What `line` asks for; None where it is blank.

    A first `/` is a command's, unless it comes twice (`//` sends one).
    """
    text = line.strip()
    if not text:
        return None
    if text.startswith("//"):
        return Ask(text[1:])
    if not text.startswith("/"):
        return Ask(text)
    word, _, rest = text[1:].partition(" ")
    argument = rest.strip()
    for verb in COMMANDS:
        if word.lower() == verb:
            if verb in ("go", "say") and not argument:
                return Wrong(f"Type {COMMANDS[verb][0]}.")
            return Do(verb, argument)
    if word.lower() in ("exit", "q"):
        return Do("quit")
    return Wrong("No such command; /help lists them. To send words that begin so, type // first.")


def help_text(rooms: Sequence[str], *, keys: bool) -> str:
    """What `/help` shows; `keys` where there are any to press."""
    lines = ["Write anything to talk with the persona of your room, an AI; only you see it."]
    lines += [f"{written}: {does}" for written, does in COMMANDS.values()]
    if keys:
        lines += [f"{key}: {does}" for key, does in KEYS.items()]
    if rooms:
        lines.append(f"Rooms: {', '.join(rooms)}.")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` stands in place of the last `over` characters; `choices` where several are left."""

    over: int = 0
    text: str = ""
    choices: tuple[str, ...] = ()


def complete(before: str, rooms: Collection[str], people: Collection[str]) -> Completion:
    """What Tab makes of the text before the cursor.

    The first word may be a command, `/go` is followed by a room, all else may
    be somebody's name. One choice is completed with a space behind it; of
    several, what they have in common, and they are listed.
    """
    word = before.rpartition(" ")[2]
    if before.startswith("/") and " " not in before:
        return _among(word, [f"/{verb}" for verb in COMMANDS])
    verb, space, rest = before.partition(" ")
    if space and verb.lower() == "/go":
        return _among(rest.lstrip(), rooms)
    return _among(word, people) if word else Completion()


def _among(begun: str, names: Collection[str]) -> Completion:
    found = sorted({name for name in names if name.casefold().startswith(begun.casefold())})
    if len(found) == 1:
        return Completion(len(begun), found[0] + " ")
    common = _common(found)
    if len(common) > len(begun):
        return Completion(len(begun), common, tuple(found))
    return Completion(choices=tuple(found))


def _common(words: Sequence[str]) -> str:
    """What all of the words begin with."""
    first, last = min(words, default=""), max(words, default="")
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[:same]
