"""Search every scene for so many minutes, and print what was shown: `nox -s prove -- --minutes 5`.

Each scene gets its share of the time. Its runs go in turn to: all schedules with two
deviations; all with one cancellation, alone and then with one deviation; a random walk,
partial order sampling and PCT. A failure is shrunk, saved under `failures/`, and printed with the
command that replays it. Exits 1 if there was one, or if an invariant was never evaluated.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scenarios import SCENES

from nexus_trio.runtime import resume, room, session, turn
from nexus_trio.testing import replay
from nexus_trio.testing.cancel import missed
from nexus_trio.testing.explore import Tally, explore
from nexus_trio.testing.play import Place
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

EXPECTED = {f"I{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 18, 19, 22, 23, 24)}
"""The invariants that the scenes evaluate."""

FAILURES = Path("failures")

WIDTH = 140
"""Columns, where nobody watches: a log has room for the table."""


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


def search(minutes: float, seed: int, names: list[str], console: Console) -> dict[str, Tally]:
    """Every scene within its share of the time; with a bar where somebody watches."""
    share = 60 * minutes / len(names)
    found = {}
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for name in names:
            task = progress.add_task(name, total=share)

            def watch(tally: Tally, task: Any = task) -> None:
                if tally.interleavings % 50 == 0:
                    progress.update(task, completed=tally.cpu_seconds)

            found[name] = explore(named(name), strategies(seed), seconds=share, watch=watch)
            progress.update(task, completed=share)
    return found


def table(found: dict[str, Tally]) -> Table:
    """One row a scene, and the sum."""
    shown_as = Table("scene", *HEADS, title="searched")
    for name, tally in found.items():
        shown_as.add_row(name, *figures([tally]))
    shown_as.add_section()
    shown_as.add_row("all", *figures(list(found.values())))
    return shown_as


HEADS = (
    "interleavings",
    "schedules",
    "points of cancellation",
    "virtual hours",
    "a CPU minute",
    "failures",
)


def figures(tallies: list[Tally]) -> list[str]:
    runs = sum(tally.interleavings for tally in tallies)
    cpu = sum(tally.cpu_seconds for tally in tallies)
    struck = set().union(*(tally.struck for tally in tallies))
    return [
        f"{runs:,}",
        f"{sum(tally.schedules for tally in tallies):,}",
        f"{len(struck):,}",
        f"{sum(tally.seconds for tally in tallies) / 3600:,.0f}",
        f"{60 * runs / cpu:,.0f}" if cpu else "-",
        str(sum(len(tally.failures) for tally in tallies)),
    ]


def evaluations(found: dict[str, Tally]) -> Table:
    """How often each invariant was evaluated."""
    counts: Counter[str] = Counter()
    for tally in found.values():
        counts += tally.counts
    shown_as = Table("invariant", "evaluated", title="evaluations")
    for number in sorted(EXPECTED | set(counts), key=lambda number: int(number[1:])):
        shown_as.add_row(number, f"{counts[number]:,}")
    return shown_as


def report_failures(found: dict[str, Tally], seed: int, console: Console) -> None:
    for name, tally in found.items():
        for failed in tally.failures:
            program, run = shrink_program(named(name), failed, tries=300)
            path = replay.save(program, run, scene=name, seed=seed).write(FAILURES)
            console.print(f"[bold]{name}[/]: {run.error!r}", highlight=False)
            console.print(f"  {shown(run.segments)}", highlight=False)
            console.print(f"  {replay.command(path)}", highlight=False, soft_wrap=True)


def report_awaits(struck: set[Place], console: Console) -> None:
    left = missed(FUNCTIONS, struck)
    console.print(f"awaits of a turn, a session, a room and a resume not reached: {len(left)}")
    for each in left:
        console.print(f"  {each}", highlight=False, markup=False)


def main() -> int:
    parser = argparse.ArgumentParser("prove", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for all scenes together")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn by chance")
    parser.add_argument("--scene", choices=SCENES, action="append", help="only this one")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    found = search(given.minutes, given.seed, given.scene or list(SCENES), console)
    console.print(table(found))
    console.print(evaluations(found))
    report_awaits(set().union(*(tally.struck for tally in found.values())), console)
    report_failures(found, given.seed, console)
    counts: Counter[str] = sum((tally.counts for tally in found.values()), Counter())
    never = sorted(number for number in EXPECTED if not counts[number])
    if never and not given.scene:
        console.print(f"never evaluated: {', '.join(never)}")
    failed = any(tally.failures for tally in found.values())
    return 1 if failed or (never and not given.scene) else 0


if __name__ == "__main__":
    sys.exit(main())
