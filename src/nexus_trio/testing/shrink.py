"""Make a failure small: a shorter schedule, fewer operations, the same thing found wrong.

Delta debugging over segments: whole stretches of deviations are left out, or played in
run-to-block order, as long as the run still fails in the same way. What is left
are the deviations that matter. Each try is one run, so the time it takes is bounded by
`tries`; the result depends on nothing but the failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

FEW: Final = 4
"""So many segments are read at a glance: two deviations, each with the way to it. A failure
that still takes more is searched for once more, in twice as many runs as it was given tries."""

Apart = Callable[..., Run | None]
"""How each try is called: `apart(call, *arguments)` returns what `call(*arguments)` does. Give one
that calls in a fresh process where runs may leave something behind in this one."""


def _here(call: Callable[..., Run | None], *arguments: object) -> Run | None:
    return call(*arguments)


def kind(error: BaseException) -> str:
    """What counts as the same failure: the type, and, as `Broken` has it, the `number` of it."""
    return f"{type(error).__name__} {getattr(error, 'number', '')}".strip()


def shrink(
    program: Program,
    failed: Run,
    tries: int = TRIES,
    limit: int = CHOICES,
    *,
    apart: Apart = _here,
) -> Run:
    """The same failure under a schedule with fewer, and then shorter, segments.

    Raises `ValueError` where the run is no failure.
    """
    if failed.error is None:
        raise ValueError("this run found nothing wrong: there is nothing to shrink")
    return _Shrinker(program, failed, tries, limit, apart).shrunk()


def shrink_program(
    named: Named, failed: Run, tries: int = TRIES, *, apart: Apart = _here
) -> tuple[Named, Run]:
    """As `shrink`, and also without the operations that the failure does not need.

    Operations are the items of the argument called `operations`; without one, only the
    schedule shrinks. What still needs many segments then is searched for under all
    schedules with few deviations, which have few.
    """
    best, at = shrink(named, failed, tries, apart=apart), 0
    while at < len(operations := _operations(named)) and len(operations) > 1:
        fewer = [*operations[:at], *operations[at + 1 :]]
        smaller = replace(named, arguments={**named.arguments, "operations": fewer})
        found = _same_failure(smaller, best, min(SEARCH, tries), apart)
        if found is None:
            at += 1
        else:
            named, best = smaller, shrink(smaller, found, tries, apart=apart)
    return named, _in_fewer_segments(named, best, tries, apart)


def _operations(named: Named) -> list[object]:
    operations = named.arguments.get("operations", ())
    return operations if isinstance(operations, list) else []


def _same_failure(program: Program, failed: Run, runs: int, apart: Apart) -> Run | None:
    again = apart(_played, program, failed.segments, CHOICES)
    if _same(again, failed):
        return again
    return _searched_again(program, failed, runs, apart)


def _in_fewer_segments(program: Program, failed: Run, tries: int, apart: Apart) -> Run:
    if len(failed.segments) <= FEW:
        return failed
    found = _searched_again(program, failed, 2 * tries, apart)
    if found is None:
        return failed
    found = shrink(program, found, tries, apart=apart)
    return found if _size(found.segments) < _size(failed.segments) else failed


def _searched_again(program: Program, failed: Run, runs: int, apart: Apart) -> Run | None:
    """The same failure in another schedule; played once more, for it may lean on a run before."""
    found = apart(_searched, program, failed, runs)
    if found is None:
        return None
    again = apart(_played, program, found.segments, CHOICES)
    return again if _same(again, failed) else None


def _searched(program: Program, failed: Run, runs: int) -> Run | None:
    struck = any(not is_choice(who) for who, _ in failed.segments)
    search = Exhaustive(1, cancellations=1) if struck else Exhaustive(2)
    tally = explore(program, search, runs=runs, failures=runs)
    return next((run for run in tally.failures if _same(run, failed)), None)


def _played(program: Program, segments: Sequence[Segment], limit: int) -> Run:
    return play(program, Script(segments), limit)


def _same(run: Run | None, failed: Run) -> bool:
    assert failed.error is not None
    return run is not None and run.error is not None and kind(run.error) == kind(failed.error)


class _Shrinker:
    def __init__(self, program: Program, failed: Run, tries: int, limit: int, apart: Apart) -> None:
        self._program, self._best, self._limit, self._apart = program, failed, limit, apart
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
        run = self._apart(_played, self._program, candidate, self._limit)
        if run is None or not _same(run, self._best):
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
