"""A schedule as a few segments: how a run is written down, and played again.

A segment is `(who, how often)`. `who` is the name of a task, which takes so many
steps; or one of

- `@on`: so many choices in run-to-block order: who stepped last goes on, else the
  next in the order of spawning, and the clock jumps where all are blocked;
- `@clock`: so many jumps of the clock to the next deadline;
- `@cancel TASK`: the innermost scope that the task is in is cancelled;
- `@end OPERATION`: the operation is cancelled from outside.

Behind the last segment a run goes on in run-to-block order to its end. So what is
written down is where a run deviates from that order, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

Segment = tuple[str, int]

GO_ON: Final = "@on"
CLOCK: Final = "@clock"
CANCEL: Final = "@cancel "
END: Final = "@end "


def is_choice(who: str) -> bool:
    """Whether it takes a step or moves the clock; a cancellation is neither."""
    return not who.startswith((CANCEL, END))


class Recorder:
    """Writes down choices one by one, as segments."""

    def __init__(self) -> None:
        self._segments: list[list[str | int]] = []
        self._last: list[str | int] = ["", 0]

    def note(self, who: str, default: str) -> None:
        """One more: `who` was chosen, and `default` would have been in run-to-block order."""
        last = self._last
        if who == last[0] or (who == default and last[0] == GO_ON):
            last[1] += 1  # type: ignore[operator]  # the count
        else:
            self._last = [GO_ON if who == default else who, 1]
            self._segments.append(self._last)

    def segments(self) -> list[Segment]:
        """What was noted; a last `@on` is left out, for it says nothing."""
        found = [(str(who), int(count)) for who, count in self._segments]
        if found and found[-1][0] == GO_ON:
            found.pop()
        return found


def tidy(segments: Iterable[Segment]) -> list[Segment]:
    """The same schedule in fewer segments: neighbours that are alike become one."""
    found: list[Segment] = []
    for who, count in segments:
        if count <= 0:
            continue
        if found and found[-1][0] == who:
            found[-1] = (who, found[-1][1] + count)
        else:
            found.append((who, count))
    while found and found[-1][0] == GO_ON:
        found.pop()
    return found


def shown(segments: Sequence[Segment]) -> str:
    """For people: `12 in order, bob:say 3 steps, clock 1`."""
    words = []
    for who, count in segments:
        if who == GO_ON:
            words.append(f"{count} in order")
        elif who == CLOCK:
            words.append("the clock jumps" + (f" {count} times" if count > 1 else ""))
        elif who.startswith(CANCEL):
            words.append(f"the scope around {who.removeprefix(CANCEL)} is cancelled")
        elif who.startswith(END):
            words.append(f"{who.removeprefix(END)} is cancelled")
        else:
            words.append(f"{who} takes {count} step" + ("s" if count > 1 else ""))
    return ", ".join([*words, "and on in order"])
