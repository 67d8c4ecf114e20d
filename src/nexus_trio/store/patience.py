"""How long the store is waited for, and that no such wait outlasts the server's end.

A commit is waited for behind a shield: who cancels its caller must not leave unknown what is
stored. But a disk that hangs would then hold up the end of the server by as many seconds as each
such wait has left; so all of them are known here, and cut short together.
"""

from __future__ import annotations

import math
from types import TracebackType
from typing import Final

import trio


class Shield:
    """One such wait. A class: every turn has one, and a generator costs several times as much."""

    __slots__ = ("_scope", "_waits")

    def __init__(self, scope: trio.CancelScope, waits: dict[trio.CancelScope, None]) -> None:
        self._scope = scope
        self._waits = waits

    def __enter__(self) -> trio.CancelScope:
        self._waits[self._scope] = None
        return self._scope.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        del self._waits[self._scope]
        return self._scope.__exit__(kind, error, trace)


class NoWait:
    """Stands for a shield where nothing is waited for."""

    __slots__ = ()
    cancelled_caught: Final = False

    def __enter__(self) -> NoWait:
        return self

    def __exit__(self, *raised: object) -> None:
        pass


NO_WAIT: Final = NoWait()


class Patience:
    """The waits for one store. `seconds` is what each of them has, until the end is near."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = math.inf
        # In the order of their beginning, so that a replay cuts them in one order.
        self._waits: dict[trio.CancelScope, None] = {}

    @property
    def ending(self) -> bool:
        """Whether `end_by` was called."""
        return not math.isinf(self._deadline)

    def left(self) -> float:
        """How many seconds a wait that begins now has; 0 or more."""
        return max(0.0, min(self._seconds, self._deadline - trio.current_time()))

    def shield(self) -> Shield:
        """A scope that only its deadline cancels: `cancelled_caught` says that it was too long."""
        deadline = trio.current_time() + self.left()
        return Shield(trio.CancelScope(deadline=deadline, shield=True), self._waits)

    def end_by(self, deadline: float) -> None:
        """No wait, begun or to come, goes on after `deadline`, on trio's clock. Never waits."""
        self._deadline = deadline
        for scope in self._waits:
            scope.deadline = min(scope.deadline, deadline)
