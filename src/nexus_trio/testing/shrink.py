"""Make a failure small: a shorter schedule, fewer operations, the same thing found wrong.

Delta debugging over segments: whole stretches of deviations are left out, or played in
run-to-block order, as long as the run still fails in the same way. What is left
are the deviations that matter. Each try is one run, so the time it takes is bounded by
`tries`; the result depends on nothing but the failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nexus_trio.testing.explore import explore
from nexus_trio.testing.play import CHOICES, Run, Script, play
from nexus_trio.testing.program import Named, Program
from nexus_trio.testing.segments import GO_ON, Segment, is_choice, tidy
from nexus_trio.testing.strategies import Exhaustive

TRIES: Final = 800
"""Runs that one shrinking may take: of small scenarios some two seconds."""

SEARCH: Final = 150
"""Runs in which a program with an operation less is searched for the same failure."""


def kind(error: BaseException) -> str:
    """What counts as the same failure: the type, and, as `Broken` has it, the `number` of it."""
    return f"{type(error).__name__} {getattr(error, 'number', '')}".strip()


def shrink(program: Program, failed: Run, tries: int = TRIES, limit: int = CHOICES) -> Run:
    """The same failure under a schedule with fewer, and then shorter, segments.

    Raises `ValueError` where the run is no failure.
    """
    if failed.error is None:
        raise ValueError("this run found nothing wrong: there is nothing to shrink")
    return _Shrinker(program, failed, tries, limit).shrunk()


def shrink_program(named: Named, failed: Run, tries: int = TRIES) -> tuple[Named, Run]:
    """As `shrink`, and also without the operations that the failure does not need.

    Operations are the items of the argument called `operations`; without one, only the
    schedule shrinks.
    """
    best, at = shrink(named, failed, tries), 0
    while at < len(operations := _operations(named)) and len(operations) > 1:
        fewer = [*operations[:at], *operations[at + 1 :]]
        smaller = replace(named, arguments={**named.arguments, "operations": fewer})
        found = _same_failure(smaller, best)
        if found is None:
            at += 1
        else:
            named, best = smaller, shrink(smaller, found, tries)
    return named, best


def _operations(named: Named) -> list[object]:
    operations = named.arguments.get("operations", ())
    return operations if isinstance(operations, list) else []


def _same_failure(program: Named, failed: Run) -> Run | None:
    assert failed.error is not None
    wanted = kind(failed.error)
    again = play(program, Script(failed.segments))
    if again.error is not None and kind(again.error) == wanted:
        return again
    struck = any(not is_choice(who) for who, _ in failed.segments)
    search = Exhaustive(1, cancellations=1) if struck else Exhaustive(2)
    tally = explore(program, search, runs=SEARCH, failures=SEARCH)
    found = (run for run in tally.failures if run.error and kind(run.error) == wanted)
    return next(found, None)


class _Shrinker:
    def __init__(self, program: Program, failed: Run, tries: int, limit: int) -> None:
        assert failed.error is not None
        self._program, self._best, self._limit = program, failed, limit
        self._kind = kind(failed.error)
        self._left = tries
        self._tried: set[tuple[Segment, ...]] = {tuple(failed.segments)}

    def shrunk(self) -> Run:
        while self._left > 0:
            before = _size(self._best.segments)
            self._cut_the_end()
            self._leave_out()
            self._shorten()
            if _size(self._best.segments) == before:
                break
        return self._best

    def _still(self, segments: Sequence[Segment]) -> bool:
        """Whether these fail in the same way and are smaller; then they are the best so far."""
        candidate = tidy(segments)
        if tuple(candidate) in self._tried or self._left <= 0:
            return False
        self._tried.add(tuple(candidate))
        self._left -= 1
        run = play(self._program, Script(candidate), self._limit)
        if run.error is None or kind(run.error) != self._kind:
            return False
        if _size(run.segments) >= _size(self._best.segments):
            return False
        self._best = run
        return True

    def _cut_the_end(self) -> None:
        """Often all behind some point is noise: run-to-block order does as well."""
        keep = 0
        while keep < len(self._best.segments):
            if self._still(self._best.segments[:keep]):
                return
            keep = keep * 2 or 1

    def _leave_out(self) -> None:
        size = max(1, len(self._best.segments) // 2)
        while True:
            at = 0
            while at < len(self._best.segments):
                if not self._drop(at, size):
                    at += size
            if size == 1:
                return
            size //= 2

    def _drop(self, at: int, size: int) -> bool:
        segments = self._best.segments
        before, gone, behind = segments[:at], segments[at : at + size], segments[at + size :]
        # Left out; or the same number of choices in order, so that what follows stays in place.
        on = (GO_ON, sum(count for _, count in gone))
        return self._still([*before, *behind]) or self._still([*before, on, *behind])

    def _shorten(self) -> None:
        for at in range(len(self._best.segments)):
            if at >= len(self._best.segments):
                return
            self._shorten_one(at)

    def _shorten_one(self, at: int) -> None:
        step = self._best.segments[at][1] // 2
        while step >= 1 and at < len(self._best.segments):
            segments = self._best.segments
            who, count = segments[at]
            shorter = [*segments[:at], (who, count - step), *segments[at + 1 :]]
            if count <= step or not self._still(shorter):
                step //= 2


def _size(segments: Sequence[Segment]) -> tuple[int, int]:
    return len(segments), sum(count for _, count in segments)
