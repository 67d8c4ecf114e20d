"""Crisis notices: each is shown, and once."""

from __future__ import annotations

from collections import deque

from nexus_trio.client import CrisisView, Notice, Position
from nexus_trio.terminal import items
from nexus_trio.terminal.view import View


class Care:
    """A notice is told by its turn and by the events, and again after a reconnect.

    It is the same one where its position is the same. What the reply or the
    refusal carries stands right before its turn (contract, section 3).
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._shown: deque[Position] = deque(maxlen=64)

    @property
    def last(self) -> Position | None:
        """The notice that was shown last; None where none was."""
        return self._shown[-1] if self._shown else None

    async def told(self, notice: Notice) -> None:
        """Show it, unless it was."""
        if notice.position not in self._shown:
            self._shown.append(notice.position)
            await self._view.show(items.notice(notice.kind, notice.text))

    async def of_turn(self, crisis: CrisisView | None, turn: Position | None) -> None:
        """Show the notice of a turn that ended at `turn`, unless it was. None: it has no place."""
        if crisis is None or crisis.notice is None:
            return
        if turn is None:
            await self._view.show(items.notice("crisis", crisis.notice))
        else:
            at = Position(turn.epoch, turn.offset - 1)
            await self.told(Notice("crisis", crisis.notice, crisis.resources, at))
