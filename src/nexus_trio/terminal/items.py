"""What is shown, one thing at a time: made of what the client tells, and clean by its type. Pure.

Every item says in words what it is, so that it reads the same without colours and aloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from nexus_trio.client import BridgeError, Reply, RoomEvent, RoomView
from nexus_trio.terminal.clean import clean, clean_line

Kind = Literal["own", "reply", "answer", "aloud", "moved", "notice", "told", "trouble"]
"""`own`: what the user wrote. `reply`: the persona's answer to it. `answer`: what a command
brought. `aloud`: heard by all. `moved`: who came and went. `notice`: must be shown. `told`: by
this program, of itself. `trouble`: something was not done."""

INDENT: Final = "  "
"""Before an item's further rows, so that each item's beginning is seen."""

SHOWN_PEOPLE: Final = 20
"""How many people a look names one by one; a longer list is a count, not a line."""

_NAME: Final = 64
"""Characters of a name; the server's own bound."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to show: who or what first, then the words.

    `machine` is the same for programs: plain fields, the words as they came.
    """

    kind: Kind
    text: str = field(repr=False)
    label: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text).strip("\n"))
        object.__setattr__(self, "label", clean_line(self.label))

    @property
    def line(self) -> str:
        """All of it as text. Further lines of somebody's words are indented: none can begin
        as another speaker's would."""
        if not self.label:
            return self.text
        text = self.text.replace("\n", f"\n{INDENT}")
        return f"{self.label}: {text}"


def own(text: str) -> Item:
    """What the user wrote, and nobody but the persona reads."""
    return Item("own", text, "you", {"type": "own", "text": text})


def reply(text: str, by: str, whole: Reply | None = None) -> Item:
    """The persona's answer, without its crisis notice; `whole` once it is all there."""
    machine: dict[str, Any] = {"type": "reply", "by": by, "text": text}
    if whole is not None:
        machine |= {
            "room": whole.room,
            "turn": whole.turn,
            "crisis": {"level": whole.crisis.level, "detected": whole.crisis.detected},
            "position": str(whole.position),
        }
        if whole.command is not None:
            return Item("answer", text, machine=machine | {"by": None, "command": whole.command})
    return Item("reply", text, by, machine)


def words_of(whole: Reply) -> str:
    """A reply's words without the crisis notice that they begin with."""
    return whole.text.removeprefix(whole.crisis.notice or "").lstrip("\n")


def stopped(text: str, by: str) -> Item:
    """As much of an answer as there was before it was stopped."""
    machine = {"type": "stopped", "by": by, "text": text}
    return Item("reply", f"{text} (stopped)" if text else "(stopped)", by, machine)


def elsewhere(message: str | None, answer: str, by: str) -> Item:
    """A turn of this user that another window asked for."""
    machine = {"type": "elsewhere", "message": message, "by": by, "text": answer}
    return Item("reply", answer, f"{by}, to you in another window", machine)


def happened(event: RoomEvent, user: str) -> Item | None:
    """An event of the room; None for what is not worth a line: one's own coming and going."""
    if event.user_id is None or event.event not in ("joined", "left", "said"):
        return None
    who, mine = name_of(event), event.user_id == user
    machine = {
        "type": event.event,
        "room": event.room,
        "user_id": event.user_id,
        "username": event.username,
    }
    if event.event == "said":
        label = "You say aloud" if mine else f"{who} says aloud"
        return Item("aloud", event.text or "", label, machine | {"text": event.text})
    if mine:
        return None
    verb = "comes in" if event.event == "joined" else "leaves"
    return Item("moved", clean_line(f"{who} {verb}."), machine=machine)


def name_of(event: RoomEvent) -> str:
    """A user's name, with the id that can't be feigned where it says something else."""
    who, name = event.user_id or "somebody", (event.username or "")[:_NAME]
    if who.startswith("persona:"):
        return name or who.removeprefix("persona:")
    return f"{name} ({who})" if name and name.casefold() != who.casefold() else who


def room(view: RoomView) -> Item:
    """A look at a room, as text that reads well aloud."""
    known = view.room.casefold() in view.title.casefold()
    lines = [f"{view.title}{'' if known else f' (room {view.room})'}. {view.description}"]
    if view.exits:
        ways = "; ".join(f"{phrase} to {target}" for phrase, target in view.exits.items())
        lines.append(f"Ways out: {ways}.")
    if view.persona:
        lines.append(f"{view.persona} lives here, an AI.")
    named = ", ".join(view.occupants[:SHOWN_PEOPLE]) or "nobody"
    more = len(view.occupants) - SHOWN_PEOPLE
    lines.append(f"Here now: {named}{f' and {more} more' if more > 0 else ''}.")
    machine = {
        "type": "room",
        "room": view.room,
        "title": view.title,
        "description": view.description,
        "exits": dict(view.exits),
        "persona": view.persona,
        "occupants": list(view.occupants),
    }
    return Item("answer", "\n".join(lines), machine=machine)


def notice(kind: str, text: str) -> Item:
    """Words that must be shown; `kind` is `crisis` or `disclosure`.

    That this is an AI is said once, calmly: a mark of alarm is for a crisis alone.
    """
    machine = {"type": "notice", "kind": kind, "text": text}
    return Item("told" if kind == "disclosure" else "notice", text, machine=machine)


def answer(text: str) -> Item:
    """What a command of this program brings."""
    return Item("answer", text, machine={"type": "answer", "text": text})


def told(text: str, **machine: Any) -> Item:
    """Something that this program says."""
    return Item("told", text, machine={"type": "told", "text": text} | machine)


def trouble(text: str, **machine: Any) -> Item:
    """Something that was not done, and what to do."""
    return Item("trouble", text, machine={"type": "error", "detail": text} | machine)


def refused(error: BridgeError) -> Item:
    """A call that the server answered with an error."""
    text = f"Not done: {error.detail}."
    if error.retry:
        text += " Trying again later may work."
    return trouble(text, code=error.code, retry=error.retry)
