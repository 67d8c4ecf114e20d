"""One transaction of many appends: what the writer does in its thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import apsw
import trio

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]

# What a caller did wrong: it fails alone. All else is the disk's doing.
OWN_FAULTS: Final = (
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.TooBigError,
    ValueError,
    TypeError,
    OverflowError,
)


@dataclass(slots=True, eq=False)
class Job:
    """One append on its way. `work` may be called twice, the first time being taken back.

    `done` is set when it is answered, `decided` once it is committed or refused.
    """

    work: Work[Any]
    done: trio.Event = field(default_factory=trio.Event)
    decided: bool = False
    result: Any = None
    error: Exception | None = None


def commit_all(connection: apsw.Connection, jobs: Sequence[Job]) -> None:
    """Do all of them in one transaction; each finds its result or its error in itself.

    A bad one fails alone: then what was done is taken back and done again with a
    savepoint around each. Only then: a savepoint costs as much as the rest of an append.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in jobs:
            job.result = job.work(connection)
    except OWN_FAULTS:
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            _do_alone(connection, job)
    connection.execute("COMMIT")


def _do_alone(connection: apsw.Connection, job: Job) -> None:
    connection.execute("SAVEPOINT one")
    try:
        job.result = job.work(connection)
    except OWN_FAULTS as error:
        connection.execute("ROLLBACK TO one")
        job.error = ValueError(f"an append that can't be: {type(error).__name__}")
        job.error.__cause__ = error
    connection.execute("RELEASE one")


def beat(connection: apsw.Connection) -> None:
    """The smallest write there is."""
    connection.execute("UPDATE run SET beats = beats + 1")


def fold_log(connection: apsw.Connection, mode: int) -> int:
    """Checkpoint and return how many pages of the log are folded; 0 where others were at work."""
    try:
        return max(connection.wal_checkpoint(mode=mode)[1], 0)
    except apsw.BusyError:
        return 0
