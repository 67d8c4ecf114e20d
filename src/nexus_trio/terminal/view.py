"""The seam between a conversation and what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nexus_trio.terminal.items import Item


@dataclass(frozen=True, slots=True)
class Place:
    """Where the user is, for the prompt, and what names could be completed here."""

    user: str
    room: str | None = None
    rooms: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class View(Protocol):
    """Shows what happens, in the order of the calls.

    Each call returns when it is shown, so whoever tells more than can be shown
    waits, and nothing queues. Cancelled, it may be shown or not.
    """

    async def show(self, item: Item) -> None:
        """One more thing, below all that was shown."""

    async def grow(self, item: Item | None) -> None:
        """The answer that is being written, as far as it is; None where it is void."""

    async def settle(self, item: Item) -> None:
        """The whole answer, in place of what grew."""

    async def status(self, text: str) -> None:
        """What is waited for; empty for nothing. It replaces the last one, and is not kept."""

    def place(self, place: Place) -> None:
        """Where the user is now. Never waits."""
