"""The store's writer under every schedule with few deviations, each task cancelled at each await.

Its thread is stood in for by a moment before and a moment behind the call, so the steps of
the real writer are choices; the connection is a real one, in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import apsw
import pytest
import trio

from nexus_trio.errors import StoreUnavailable
from nexus_trio.store.upkeep import MOST_PAGES, Upkeep
from nexus_trio.store.writer import Writer
from nexus_trio.testing import Operation, Stepper
from nexus_trio.testing.cancel import missed
from nexus_trio.testing.explore import explore
from nexus_trio.testing.program import Checks
from nexus_trio.testing.strategies import Exhaustive, PartialOrder, RandomWalk


class Memory:
    """Stands for the file. `broken`: how many transactions fail, as of a full disk."""

    def __init__(self, broken: int) -> None:
        self.connection = apsw.Connection(":memory:")
        self.connection.execute("CREATE TABLE run (beats, ended)")
        self.connection.execute("CREATE TABLE kept (name)")
        self.broken = broken

    def writer(self) -> apsw.Connection:
        return self.connection

    def kept(self) -> list[str]:
        return [str(name) for (name,) in self.connection.execute("SELECT name FROM kept")]


class SteppedWriter(Writer):
    """The writer without its thread and its fault: a hop is a moment, the call, and a moment."""

    async def _hop(
        self, call: Callable[..., None], *arguments: object, at_hand: bool = False
    ) -> None:
        await trio.lowlevel.checkpoint()
        call(*arguments)
        await trio.lowlevel.checkpoint()

    def _transact(self, jobs: list[Any]) -> None:
        if self._file.broken:  # type: ignore[attr-defined]  # it is a `Memory`
            self._file.broken -= 1  # type: ignore[attr-defined]  # as above
            raise apsw.FullError("told to be full")
        super()._transact(jobs)

    def _end(self) -> None:
        self._connection = None  # the connection stays, to be looked at


def keep(name: str, connection: apsw.Connection) -> str:
    if name == "bad":
        raise ValueError("told to be bad")
    connection.execute("INSERT INTO kept VALUES (?)", (name,))
    return name


async def go_away(append: Operation[str]) -> None:
    append.cancel()


def writer_program(
    stepper: Stepper,
    names: tuple[str, ...],
    broken: int = 0,
    gone: bool = False,
    log_pages: int = 0,
) -> Checks:
    """Each name is an append, whose first caller may be `gone` before it is answered.

    One more waits until what is in doubt is decided; then the writer closes. `log_pages` is
    how long the log is said to be.
    """
    file, checks = Memory(broken), Checks()
    writer = SteppedWriter(file, patience=5)  # type: ignore[arg-type]  # all that it uses of a file
    writer.upkeep.grown(log_pages)
    stepper.start(writer.run, name="writer", background=True)
    appends = [stepper.start(writer.submit, partial(keep, n), name=n) for n in names]
    settled: list[list[str]] = []

    async def settle() -> None:
        await writer.settle()
        settled.append(sorted(file.kept()))

    if gone:
        stepper.start(go_away, appends[0], name="go away")
    settling = stepper.start(settle, name="settle")
    closing = stepper.start(writer.close, name="close")

    def at_rest() -> None:
        kept = file.kept()
        checks.require("I17", len(kept) == len(set(kept)), f"stored twice: {kept}")
        for append, name in zip(appends, names, strict=True):
            error = append.error
            if append.cancelled:
                continue
            if error is None:
                checks.require("I17", name in kept, f"{name} was acknowledged, and is not there")
                checks.require("I2", append.result() == name, f"{name} got another one's answer")
            else:
                kinds = (StoreUnavailable, ValueError) if name == "bad" else StoreUnavailable
                checks.require("I17", isinstance(error, kinds), f"{name} ended with {error!r}")
                # Given up at the end, the outcome of the last commit is unknown.
                absent = name not in kept or writer._scope.cancelled_caught
                checks.require("I17", absent, f"{name} was refused, and is there")
        checks.require("I11", not writer._in_doubt, "something is in doubt for ever")
        checks.require("I22", writer._ended.is_set() or not closing.done, "closed, and it runs on")
        _ = settling.error, stepper.operations[0].error

    checks.at_rest = at_rest
    return checks


THREE = partial(writer_program, names=("a", "bad", "b"))
BROKEN = partial(writer_program, names=("a", "b"), broken=1)
SLOW = partial(writer_program, names=("a", "b"), broken=3)
GONE = partial(writer_program, names=("a", "b"), gone=True)
FULL = partial(writer_program, names=("a", "b"), log_pages=MOST_PAGES)
ALL = (THREE, BROKEN, SLOW, GONE, FULL)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand disks that are full are no news."""
    caplog.set_level(logging.CRITICAL, "nexus_trio")


def test_what_is_acknowledged_is_stored_once_under_every_schedule() -> None:
    for program in ALL:
        tally = explore(program, [Exhaustive(2), RandomWalk(1), PartialOrder(1)], runs=120)
        tally.check()
        assert tally.counts["I17"] > tally.interleavings
        assert tally.overlaps > tally.interleavings


def test_it_holds_with_every_await_cancelled() -> None:
    struck = set()
    for program in ALL:
        # What is in doubt is waited for only where a caller goes away before: a deviation more.
        runs = 450 if program is GONE else 150
        tally = explore(program, Exhaustive(1, cancellations=1), runs=runs)
        tally.check()
        struck |= tally.struck
    parts = [Writer.submit, Writer.settle, Writer.run, Writer.close]
    parts += [Writer._work_waits, Writer._gather, Writer._commit]
    parts += [Writer._exclusively, Upkeep.keep_log_short]
    assert not missed(parts, struck)
