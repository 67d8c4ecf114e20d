"""Who may call the model server now: so many at once, and the others in turn, user by user.

First come, first served would let one user with many calls put everybody else
behind them. Here each user who waits has a queue of their own, and a place
that becomes free goes to the next user, not to the next call.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import trio


class GateFull(Exception):
    """As many calls wait as may. An answer, given at once."""


@dataclass(frozen=True, slots=True)
class GateStatistics:
    """`inside` calls hold a place now, `waiting` ones want one."""

    inside: int
    waiting: int


class _Waiter:
    __slots__ = ("admitted", "called")

    def __init__(self) -> None:
        self.called = trio.Event()
        self.admitted = False


class Gate:
    """`places` calls inside at once (1 or more), at most `waiting` others (0 or more) in line.

    A place that is given back is handed to a waiter in the same step: it is
    never free while somebody waits, so nobody who comes later can take it.
    """

    def __init__(self, places: int, waiting: int) -> None:
        self._places = places
        self._most_waiting = waiting
        self._inside = 0
        self._waiting = 0
        # Whoever's turn it is next comes first. A user is in it exactly while
        # at least one call of theirs waits.
        self._lines: dict[str, deque[_Waiter]] = {}

    def statistics(self) -> GateStatistics:
        """What the gate counts now."""
        return GateStatistics(self._inside, self._waiting)

    async def enter(self, user: str) -> None:
        """Take a place, after waiting for one if need be. Every return wants one `leave`.

        Raises `GateFull` at once. Atomic with respect to cancellation: a
        cancelled call holds no place and stands in no line.
        """
        if self._inside < self._places:
            self._inside += 1
            return
        if self._waiting >= self._most_waiting:
            raise GateFull
        waiter = _Waiter()
        self._lines.setdefault(user, deque()).append(waiter)
        self._waiting += 1
        try:
            await waiter.called.wait()
        except BaseException:
            self._withdraw(user, waiter)
            raise

    def leave(self) -> None:
        """Give a place back: to the first call of the next user who waits. Never waits."""
        if not self._lines:
            self._inside -= 1
            return
        user = next(iter(self._lines))
        line = self._lines.pop(user)
        waiter = line.popleft()
        if line:
            self._lines[user] = line  # behind all the others
        self._waiting -= 1
        waiter.admitted = True
        waiter.called.set()

    def _withdraw(self, user: str, waiter: _Waiter) -> None:
        if waiter.admitted:
            # The place came in the moment of the cancellation: on to the next.
            self.leave()
            return
        line = self._lines[user]
        line.remove(waiter)
        if not line:
            del self._lines[user]
        self._waiting -= 1
