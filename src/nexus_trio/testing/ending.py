"""How a run that is driven by hand comes to its end, whatever its tasks do."""

from __future__ import annotations

from typing import Final

import outcome
import trio

from nexus_trio.testing.task_book import TaskBook
from nexus_trio.testing.trio_internals import Abandoned, HandRun

# A task may catch `Abandoned` once, in a clean-up; one that catches it each time is given up.
_ABANDON_ROUNDS: Final = 3


class StillRunning(AssertionError):
    """Tasks that did not end although they were cancelled; the message has their names."""


def end_run(run: HandRun, book: TaskBook, may_end: trio.Event, limit: int) -> list[BaseException]:
    """End a run whose operations are cancelled already, and return what went wrong.

    Tasks that are left after `limit` steps and jumps, or that wait for what
    never comes, are named in a `StillRunning` and then ended by force. After
    this the run is over in every case.
    """
    problems: list[BaseException] = []
    if left := _run_out(run, book, limit):
        problems.append(
            StillRunning(
                f"these tasks did not end when they were cancelled: {left}; look for a shield "
                "without a deadline, or for a loop that catches Cancelled"
            )
        )
        _force(run, book, limit)
    if book.entries:
        run.give_up()
        return problems
    may_end.set()
    run.housekeep()
    if isinstance(run.outcome, outcome.Error):
        problems.append(run.outcome.error)
    return problems


def without_abandoned(error: BaseException) -> BaseException | None:
    """The error without the exceptions that ended tasks by force; None if nothing is left."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(Abandoned)[1]
    return None if isinstance(error, Abandoned) else error


def _run_out(run: HandRun, book: TaskBook, limit: int) -> list[str]:
    # Step and jump until no task of the program lives; returns the names of those that do.
    for _ in range(limit):
        run.housekeep()
        if not book.entries:
            break
        if run.runnable():
            run.tick_all()
        elif (deadline := run.next_deadline()) is not None:
            run.move_clock(deadline)
        else:
            break
    return book.names()


def _force(run: HandRun, book: TaskBook, limit: int) -> None:
    for _ in range(_ABANDON_ROUNDS):
        for task in list(book.entries):
            run.throw_into(task)
        if not _run_out(run, book, limit):
            return
