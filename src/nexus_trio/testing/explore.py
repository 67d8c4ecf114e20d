"""Run a program under many schedules, count, and keep the first failure, shrunk."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf

from nexus_trio.testing.play import CHOICES, Place, Run, play
from nexus_trio.testing.program import Program
from nexus_trio.testing.strategies import Strategy


@dataclass(slots=True)
class Tally:
    """What the runs came to.

    `interleavings` are runs; `schedules` those that differ; `seconds` are virtual,
    `cpu_seconds` this process's. `counts` says how often each check was evaluated.
    `spent` is true where the strategy had no more schedules to give.
    """

    interleavings: int = 0
    choices: int = 0
    steps: int = 0
    overlaps: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Run] = field(default_factory=list)
    spent: bool = False
    seen: set[str] = field(default_factory=set, repr=False)
    struck: set[Place] = field(default_factory=set, repr=False)
    """Where cancellations of the schedules hit: see `cancel`."""

    @property
    def schedules(self) -> int:
        """How many different ones there were."""
        return len(self.seen)

    def add(self, run: Run) -> None:
        """Count one run."""
        self.interleavings += 1
        self.choices += run.choices
        self.steps += run.steps
        self.overlaps += run.overlaps
        self.seconds += run.seconds
        self.counts += run.counts
        self.seen.add(run.digest)
        self.struck |= run.struck
        if run.error is not None:
            self.failures.append(run)

    def check(self) -> None:
        """Raise the first failure, if there was one, with the schedule that shows it."""
        if self.failures:
            run = self.failures[0]
            assert run.error is not None
            run.error.add_note(f"after {self.interleavings} runs; segments {run.segments}")
            raise run.error


def explore(
    program: Program,
    strategies: Strategy | Iterable[Strategy],
    *,
    runs: int | None = None,
    seconds: float | None = None,
    failures: int = 1,
    limit: int = CHOICES,
    watch: Callable[[Tally], None] | None = None,
) -> Tally:
    """Run the program under the schedules of the strategies, each in its turn, one run a time.

    Ends after `runs` runs, or `seconds` of real time, or so many `failures`, or when no
    strategy has more schedules: give one of the first two where a strategy is
    endless. `watch` is called after each run.
    """
    tally, began = Tally(), time.process_time()
    until = inf if seconds is None else time.monotonic() + seconds
    left = deque(strategies if isinstance(strategies, Iterable) else (strategies,))
    while left:
        chooser = left[0].next()
        if chooser is None:
            left.popleft()
            continue
        run = play(program, chooser, limit)
        left[0].ended(run)
        tally.add(run)
        tally.cpu_seconds = time.process_time() - began
        if watch is not None:
            watch(tally)
        if tally.interleavings == runs or len(tally.failures) >= failures:
            break
        if time.monotonic() >= until:
            break
        left.rotate(-1)
    tally.spent = not left
    return tally
