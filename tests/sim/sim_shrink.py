"""Make a failing plan small, and its schedule; and save it as a file that replays anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from sim_plan import Plan
from sim_program import Ran, chooser, named

from nexus_trio.testing import replay
from nexus_trio.testing.play import Chooser, Run, Script, play
from nexus_trio.testing.program import Broken
from nexus_trio.testing.schedule import StepLimitExceeded
from nexus_trio.testing.shrink import kind, shrink

TRIES: Final = 150
"""Runs in which the schedule is made shorter, before and behind; some 15 ms each."""

SEARCH: Final = ("walk", "pos", "pct", "walk", "pos", "block")
"""What chooses the steps of a smaller plan, each from another seed, until it fails the same way:
without an operation, the schedule that showed the failure is another one."""


def number(error: BaseException) -> str:
    """The invariant that is broken: who waits, or goes on, for ever, was forgotten."""
    if isinstance(error, Broken):
        return error.number
    return "I22" if type(error).__name__ in FOR_EVER else type(error).__name__


FOR_EVER: Final = ("NeverEnds", StepLimitExceeded.__name__)


def shrunk(plan: Plan, run: Run) -> tuple[Plan, Run]:
    """A plan and a schedule, both smaller, that fail in the same way."""
    run = shrink(named(plan), run, TRIES)
    again = True
    while again:
        again = False
        for smaller in smaller_plans(plan):
            found = same_failure(smaller, run)
            if found is not None:
                plan, run, again = smaller, found, True
                break
    return plan, shrink(named(plan), run, 2 * TRIES)


def same_failure(plan: Plan, failed: Run) -> Run | None:
    assert failed.error is not None
    for how in _schedules(plan, failed):
        run = play(Ran(plan), how)
        if run.error is not None and kind(run.error) == kind(failed.error):
            return run
    return None


def _schedules(plan: Plan, failed: Run) -> Iterator[Chooser]:
    yield Script(failed.segments)
    for seed, strategy in enumerate(SEARCH):
        yield chooser(replace(plan, seed=seed, strategy=strategy))


def smaller_plans(plan: Plan) -> Iterator[Plan]:
    """Without a whole life; then without one operation."""
    if len(plan.lives) > 1:
        for i in range(len(plan.lives)):
            yield replace(plan, lives=plan.lives[:i] + plan.lives[i + 1 :])
    for i, life in enumerate(plan.lives):
        for j in range(len(life.ops)):
            less = (*plan.lives[:i], life.without(j), *plan.lives[i + 1 :])
            yield replace(plan, lives=less)


def saved(plan: Plan, run: Run, folder: Path) -> Path:
    """Write it into the folder; `nexus_trio.testing.replay` plays it, in any process."""
    return replay.save(named(plan), run, strategy=plan.strategy, seed=plan.seed).write(folder)
