"""Are these calls, which overlapped, explained by some order of calls that did not?

A history is linearizable if each call can be thought to have happened at one moment
between its start and its end, such that a plain sequential object would have given the
same answers. The object is a function `apply(state, operation) -> (state, result)`, pure,
its states and operations hashable.

A call without an end (cancelled, refused with an unknown outcome, still under way) may have
happened at any moment behind its start, or not at all.

The search is Wing and Gong's with Lowe's memory of what was tried: ten processes of 300
calls take a blink as long as few calls overlap at a time and few are without an end.
Histories of objects that have nothing to do with each other are best checked one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Final, Generic, TypeVar

import trio

S = TypeVar("S", bound=Hashable)
T = TypeVar("T")

SHOWN: Final = 12
"""How many calls an error shows: the last ones, which is where it goes wrong."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one process. `end` infinite: it has no end, and `result` says nothing.

    Times are any numbers that grow; of two calls, one is before the other if it ended
    at an earlier time than the other one's start.
    """

    process: str
    operation: Hashable
    start: float
    end: float = inf
    result: Any = None

    def __str__(self) -> str:
        answer = "may have happened" if self.end == inf else f"-> {self.result!r}"
        end = "…" if self.end == inf else f"{self.end:g}"
        return f"[{self.start:g}, {end}] {self.process}: {self.operation!r} {answer}"


class NotLinearizable(AssertionError):
    """No order explains the history. `prefix` is its smallest beginning that none explains."""

    def __init__(self, message: str, prefix: tuple[Call, ...]) -> None:
        super().__init__(message)
        self.prefix = prefix


@dataclass
class History:
    """Calls as they happen, each begin and each end at a time of its own."""

    calls: list[Call] = field(default_factory=list)
    _time: int = 0

    def now(self) -> int:
        """A new time, behind all others."""
        self._time += 1
        return self._time

    async def call(
        self,
        process: str,
        operation: Hashable,
        do: Callable[[], Awaitable[T]],
        *,
        unknown: tuple[type[Exception], ...] = (),
        seen: Callable[[T], Any] = lambda result: result,
    ) -> T:
        """Await `do()`, and note it with what `seen` makes of its result.

        Where it raises one of `unknown`, or is cancelled, it is noted as one without an end:
        it may have happened, then or later. Any other exception leaves no note. All are raised.
        """
        at, start = len(self.calls), self.now()
        self.calls.append(Call(process, operation, start))
        try:
            result = await do()
        except BaseException as error:
            if not isinstance(error, (trio.Cancelled, *unknown)):
                self.calls[at] = Call(process, _NOTHING, start)
            raise
        self.calls[at] = Call(process, operation, start, self.now(), seen(result))
        return result

    def noted(self) -> list[Call]:
        """The calls, without those that failed cleanly."""
        return [call for call in self.calls if call.operation is not _NOTHING]


_NOTHING: Final = object()


def check_linearizable(
    calls: Sequence[Call], initial: S, apply: Callable[[S, Any], tuple[S, Any]]
) -> list[Call]:
    """The calls in an order that explains them; those without an end only where they count.

    Raises `NotLinearizable`, which shows the smallest beginning that no order explains.
    """
    found = _Search(calls, initial, apply)
    if found.explained():
        return [call for call, _ in found.order()]
    raise _told(calls, initial, apply)


def _until(calls: Sequence[Call], time: float) -> list[Call]:
    """The history as it stood at that time: what was under way has no end yet."""
    begun = (call for call in calls if call.start <= time)
    return [call if call.end <= time else replace(call, end=inf, result=None) for call in begun]


def _told(
    calls: Sequence[Call], initial: S, apply: Callable[[S, Any], tuple[S, Any]]
) -> NotLinearizable:
    # What begins well may end badly, never the other way round: so halving finds the end
    # that is the first one too many.
    ends = sorted({call.end for call in calls if call.end != inf})
    first = bisect_left(
        ends, True, key=lambda end: not _Search(_until(calls, end), initial, apply).explained()
    )
    prefix = _until(calls, ends[first])
    search = _Search(prefix, initial, apply)
    search.explained()
    order = search.order()
    happened = {id(call) for call, _ in order}
    left = [call for call in prefix if call.end != inf and id(call) not in happened]
    soonest = min(call.end for call in left)
    state = order[-1][1] if order else initial
    lines = [f"no order explains these calls, up to time {ends[first]:g} of the history:"]
    if len(prefix) > SHOWN:
        lines.append(f"  … and {len(prefix) - SHOWN} before")
    lines += [f"  {call}" for call in sorted(prefix, key=lambda call: call.start)[-SHOWN:]]
    lines.append("the order that explains most of them ends so:")
    lines += [f"  {call}  => {after!r}" for call, after in order[-SHOWN:]]
    lines.append(f"with the state {state!r}; there, none of these can come next:")
    lines += [
        f"  {call}, but would get {apply(state, call.operation)[1]!r}"
        for call in left
        if call.start <= soonest
    ]
    return NotLinearizable("\n".join(lines), tuple(prefix))


class _Search(Generic[S]):
    """Depth first over (which calls have happened, state), each pair tried once."""

    def __init__(
        self, calls: Sequence[Call], initial: S, apply: Callable[[S, Any], tuple[S, Any]]
    ) -> None:
        self._calls = sorted(calls, key=lambda call: call.start)
        self._initial, self._apply = initial, apply
        self._must = sum(1 << at for at, call in enumerate(self._calls) if call.end != inf)
        # The order that explains most: which call, and the state after it.
        self._best: list[tuple[int, S]] = []

    def order(self) -> list[tuple[Call, S]]:
        """The order found that explains most, with the state after each call."""
        return [(self._calls[at], state) for at, state in self._best]

    def explained(self) -> bool:
        """Whether some order explains all calls that have an end."""
        path: list[tuple[int, S]] = []
        tried: set[tuple[int, S]] = set()
        ways = [self._next(0, 0, self._initial)]
        happened, most = [0], 0
        if not self._must:
            return True
        while ways:
            step = next(ways[-1], None)
            if step is None:
                ways.pop()
                happened.pop()
                if path:
                    path.pop()
                continue
            at, state = step
            now = happened[-1] | 1 << at
            if (now, state) in tried:
                continue
            tried.add((now, state))
            path.append(step)
            explained = (now & self._must).bit_count()
            if explained > most:
                most, self._best = explained, path.copy()
                if now & self._must == self._must:
                    return True
            ways.append(self._next(now, _first_left(now), state))
            happened.append(now)
        return False

    def _next(self, happened: int, first: int, state: S) -> Iterator[tuple[int, S]]:
        """The calls that may come next, and the state that each would leave."""
        bound = inf  # the earliest end of a call that has not happened: it is before all later
        may: list[int] = []
        for at in range(first, len(self._calls)):
            call = self._calls[at]
            if call.start > bound:
                break
            if not happened >> at & 1:
                may.append(at)
                bound = min(bound, call.end)
        # Who ends first is tried first: most histories are nearly in that order.
        for at in sorted(may, key=lambda at: self._calls[at].end):
            call = self._calls[at]
            after, result = self._apply(state, call.operation)
            if call.end == inf:
                if after != state:  # what changes nothing need not have happened
                    yield at, after
            elif call.start <= bound and result == call.result:
                yield at, after


def _first_left(happened: int) -> int:
    """The lowest bit that is not set."""
    return (~happened & happened + 1).bit_length() - 1
