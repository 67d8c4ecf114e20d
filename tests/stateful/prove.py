"""Search every scene for so many minutes, and print what was shown: `nox -s prove -- --minutes 5`.

Each scene gets its share of the time. Its runs go in turn to: all schedules with one
cancellation; all with two deviations; both of these together with one of each; a random walk,
partial order sampling and PCT. With `--exhaustive` there is no share: every scene is searched until
no schedule with two deviations, and none with one cancellation, is left. A failure is shrunk, saved
under `failures/`, and printed with the command that replays it. Exits 1 if there was one, or if an
invariant was never evaluated.

The seed is a fresh one each time, if none is given; it stands above the table.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scenarios import SCENES

from nexus_trio.runtime import resume, room, session, turn
from nexus_trio.testing import replay
from nexus_trio.testing.cancel import Await, missed
from nexus_trio.testing.explore import Tally, explore
from nexus_trio.testing.play import play
from nexus_trio.testing.program import Named
from nexus_trio.testing.segments import shown
from nexus_trio.testing.shrink import shrink_program
from nexus_trio.testing.strategies import (
    Exhaustive,
    PartialOrder,
    Pct,
    RandomWalk,
    Strategy,
)

EXPECTED = {f"I{n}" for n in range(1, 25) if n not in (6, 12, 17)}
"""The invariants that the scenes evaluate."""

FAILURES = Path("failures")

COLLECTED = 200
"""After so many runs what they left in cycles is collected, and at no other time: by itself Python
would do it in the middle of one, and look through all that the process has loaded each time."""

WIDTH = 140
"""Columns, where nobody watches: a log has room for the table."""

SHOWN = 400
"""Characters of a failing schedule that are printed; the file has all of it."""


def coroutines(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """The async functions and methods that stand in that module."""
    for found in vars(module).values():
        if getattr(found, "__module__", "") == module.__name__:
            inner = vars(found).values() if inspect.isclass(found) else (found,)
            yield from (each for each in inner if inspect.iscoroutinefunction(each))


FUNCTIONS = [each for module in (turn, session, room, resume) for each in coroutines(module)]
"""Of a turn, a session's loop, a room and a resume: where a task is to be cancelled everywhere."""


def named(name: str) -> Named:
    """The scene as a program that a saved failure can name."""
    return Named("tests/stateful/scenarios.py:scene", SCENES[name])


def strategies(seed: int) -> list[Strategy]:
    """Each gives a run in its turn."""
    return [
        Exhaustive(0, cancellations=1),
        Exhaustive(2),
        Exhaustive(1, cancellations=1),
        RandomWalk(seed),
        PartialOrder(seed),
        Pct(seed, 3),
    ]


def exhaustive(seed: int) -> list[Strategy]:
    """All with few deviations; nothing by chance."""
    return [Exhaustive(0, cancellations=1), Exhaustive(2)]


@dataclass(frozen=True)
class Part:
    """What the search of one scene came to, in the process that made it."""

    name: str
    interleavings: int
    schedules: int
    struck: int
    """Places where a task waited when it was cancelled."""
    hours: float
    """Virtual ones."""
    cpu_seconds: float
    spent: bool
    counts: Counter[str]
    missed: frozenset[Await]
    failures: list[str]
    """Each with the command that replays it."""


def search(
    name: str, seed: int, seconds: float | None, how: Callable[[int], list[Strategy]]
) -> Part:
    """One scene, for so many seconds of real time, or until nothing is left."""
    play(named(name))  # what is made once in a process is no part of a run
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        tally = explore(named(name), how(seed), seconds=seconds, watch=collect)
    finally:
        gc.enable()
    return Part(
        name,
        tally.interleavings,
        tally.schedules,
        len(tally.struck),
        tally.seconds / 3600,
        tally.cpu_seconds,
        tally.spent,
        tally.counts,
        frozenset(missed(FUNCTIONS, tally.struck)),
        list(failures(name, seed, tally)),
    )


def collect(tally: Tally) -> None:
    """Free what the runs have left, at times."""
    if tally.interleavings % COLLECTED == 0:
        gc.collect()


def failures(name: str, seed: int, tally: Tally) -> Iterator[str]:
    """Shrink and save each, and say how to replay it."""
    for failed in tally.failures:
        program, run = shrink_program(named(name), failed, tries=300)
        path = replay.save(program, run, scene=name, seed=seed).write(FAILURES)
        schedule = shown(run.segments)
        if len(schedule) > SHOWN:
            schedule = f"{schedule[:SHOWN]} … ({len(run.segments)} segments)"
        yield f"{name}: {str(run.error)[:SHOWN]}\n  {schedule}\n  {replay.command(path)}"


def search_all(
    names: list[str], jobs: int, console: Console, one: Callable[[str], Part]
) -> list[Part]:
    """Every scene, `jobs` at a time; with a bar where somebody watches."""
    found = []
    with (
        # Spawned: a fork would bring along what the other searches of this process have left.
        ProcessPoolExecutor(jobs, get_context("spawn"), max_tasks_per_child=1) as pool,
        Progress(console=console, disable=not console.is_terminal) as progress,
    ):
        bar = progress.add_task("scenes", total=len(names))
        for each in as_completed([pool.submit(one, name) for name in names]):
            found.append(each.result())
            progress.update(bar, advance=1, description=each.result().name)
    return sorted(found, key=lambda part: names.index(part.name))


HEADS = (
    "interleavings",
    "schedules",
    "points of cancellation",
    "virtual hours",
    "a CPU minute",
    "left",
    "failures",
)


def table(found: list[Part], seed: int) -> Table:
    """One row a scene, and the sum."""
    rows = Table("scene", *HEADS, title=f"searched, seed {seed}")
    for part in found:
        rows.add_row(part.name, *figures([part]))
    rows.add_section()
    rows.add_row("all", *figures(found))
    return rows


def figures(parts: list[Part]) -> list[str]:
    runs = sum(part.interleavings for part in parts)
    cpu = sum(part.cpu_seconds for part in parts)
    return [
        f"{runs:,}",
        f"{sum(part.schedules for part in parts):,}",
        f"{sum(part.struck for part in parts):,}",
        f"{sum(part.hours for part in parts):,.0f}",
        f"{60 * runs / cpu:,.0f}",
        "none" if all(part.spent for part in parts) else "some",
        str(sum(len(part.failures) for part in parts)),
    ]


def evaluations(counts: Counter[str]) -> Table:
    """How often each invariant was evaluated."""
    rows = Table("invariant", "evaluated", title="evaluations")
    for number in sorted(EXPECTED | set(counts), key=lambda number: int(number[1:])):
        rows.add_row(number, f"{counts[number]:,}")
    return rows


def report(found: list[Part], seed: int, console: Console) -> bool:
    """Print it all; whether it is as it should be, of those scenes."""
    counts: Counter[str] = sum((part.counts for part in found), Counter())
    console.print(table(found, seed))
    console.print(evaluations(counts))
    left = frozenset.intersection(*(part.missed for part in found))
    console.print(f"awaits of a turn, a session, a room and a resume not reached: {len(left)}")
    for each in sorted(left, key=str):
        console.print(f"  {each}", highlight=False, markup=False)
    failed = [words for part in found for words in part.failures]
    for words in failed:
        console.print(words, highlight=False, markup=False, soft_wrap=True)
    never = sorted(number for number in EXPECTED if not counts[number])
    if len(found) < len(SCENES):
        never = []
    if never:
        console.print(f"never evaluated: {', '.join(never)}")
    return not failed and not never


def main() -> int:
    parser = argparse.ArgumentParser("prove", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for all scenes together")
    parser.add_argument("--seed", type=int, help="of what is drawn by chance")
    parser.add_argument("--scene", choices=SCENES, action="append", help="only this one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time")
    parser.add_argument("--exhaustive", action="store_true", help="all with two deviations")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    names = given.scene or list(SCENES)
    jobs = max(1, min(given.jobs, len(names)))
    share = None if given.exhaustive else 60 * given.minutes * jobs / len(names)
    how = exhaustive if given.exhaustive else strategies
    found = search_all(names, jobs, console, partial(search, seed=seed, seconds=share, how=how))
    return 0 if report(found, seed, console) else 1


if __name__ == "__main__":
    sys.exit(main())
