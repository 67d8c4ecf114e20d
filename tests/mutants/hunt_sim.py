"""The level `sim`: the whole server under drawn plans, each under the schedule that its seed draws.

A plan is a program of `nexus_trio.testing`, so what is found is shrunk, saved and replayed as any
failure is; each run of it in a process of its own.
"""

from __future__ import annotations

import copyreg
import time
from typing import Any, Final

from fresh import apart, broken_again, told
from sim_plan import Plan
from sim_program import named
from sim_run import Tally, drawn, simulate
from sim_shrink import same_failure, smaller_plans

from nexus_trio.testing import replay
from nexus_trio.testing.play import Run, Script, play
from nexus_trio.testing.program import Broken
from nexus_trio.testing.shrink import kind as kind_of
from nexus_trio.testing.shrink import shrink

TRIES: Final = 80
"""Runs in which a schedule is made shorter."""

Failed = tuple[Plan, Run]

copyreg.pickle(Broken, broken_again)


def hunt(
    seed: int, examples: int, kind: str, skip: int = 0
) -> tuple[dict[str, Any], Failed | None]:
    """Examples from one seed behind those to skip, until one fails: the figures, the failure."""
    began, tally, failed, done = time.process_time(), Tally(), None, 0
    for plan in drawn(seed, kind):
        done += 1
        if done > skip:
            run = simulate(plan, tally)
            if run.error is not None:
                failed = (plan, told(run))
                break
        if done >= examples:
            break
    figures = {
        "seed": seed,
        "how": f"plan, {failed[0].strategy}" if failed else "",
        "examples": done,
        "overlaps": tally.overlaps,
        "seconds": time.process_time() - began,
    }
    return figures, failed


def confirmed(failed: Failed) -> Failed | None:
    """The same failure in a fresh process, where it is one there too."""
    plan, run = failed
    again = apart(play, named(plan), Script(run.segments))
    assert run.error is not None
    assert again is not None
    same = again.error is not None and kind_of(again.error) == kind_of(run.error)
    return (plan, again) if same else None


def small(failed: Failed) -> Failed:
    """The failure with few connections and operations, and few segments."""
    plan, run = failed
    run = shrink(named(plan), run, TRIES, apart=apart)
    while (smaller := _smaller(plan, run)) is not None:
        plan, run = smaller
    return plan, shrink(named(plan), run, TRIES, apart=apart)


def _smaller(plan: Plan, run: Run) -> Failed | None:
    for smaller in smaller_plans(plan):
        found = apart(same_failure, smaller, run)
        if found is not None:
            again = confirmed((smaller, found))
            if again is not None:
                return again
    return None


def size(failed: Failed) -> tuple[int, int]:
    """How many operations, of which each coming of a connection is one, and how many segments."""
    return failed[0].size, len(failed[1].segments)


def saved(failed: Failed, seed: int, how: str) -> replay.Saved:
    plan, run = failed
    return replay.save(named(plan), run, seed=seed, how=how)


def replayed(saved: replay.Saved) -> Run:
    """The saved plan once more, under the saved segments."""
    return saved.play()
