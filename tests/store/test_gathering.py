"""Appends that come at nearly the same time share a transaction; none waits for ever for more."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import trio
import trio.testing

from nexus_trio.store.database import File
from nexus_trio.store.writer import GATHERING_S, Writer


class Placed(Writer):
    """The writer without its thread; a transaction is its list of works, done at once."""

    def __init__(self) -> None:
        super().__init__(File(Path("none"), "process"), patience=5)
        self.sizes: list[int] = []

    async def _hop(
        self, call: Callable[..., None], *arguments: object, at_hand: bool = False
    ) -> None:
        for jobs in arguments:
            assert isinstance(jobs, list)
            self.sizes.append(len(jobs))
        await trio.lowlevel.checkpoint()


@asynccontextmanager
async def running() -> AsyncIterator[Placed]:
    writer = Placed()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        try:
            yield writer
        finally:
            await writer.close()


def nothing(connection: apsw.Connection) -> None:
    raise AssertionError("nobody does it here")


async def test_who_comes_a_round_later_shares_the_transaction() -> None:
    async def one(rounds: int) -> None:
        for _ in range(rounds):
            await trio.lowlevel.checkpoint()
        await writer.submit(nothing)

    async with running() as writer:
        # Which of the second one and the writer goes first is trio's choice, again each time.
        for _ in range(30):
            await trio.testing.wait_all_tasks_blocked()
            async with trio.open_nursery() as callers:
                callers.start_soon(one, 0)
                callers.start_soon(one, 1)
    assert writer.sizes == [2] * 30


async def test_one_alone_waits_for_two_rounds_of_the_scheduler() -> None:
    async with running() as writer, trio.open_nursery() as nursery:
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(writer.submit, nothing)
        for _ in range(5):  # it comes, the writer wakes, looks round twice, and begins
            await trio.lowlevel.checkpoint()
        assert writer.sizes == [1]


async def test_an_unbroken_stream_of_others_holds_nobody_up(
    mock_clock: trio.testing.MockClock,
) -> None:
    async with running() as writer, trio.open_nursery() as nursery:
        begun = trio.current_time()
        for rounds in itertools.count():
            nursery.start_soon(writer.submit, nothing)
            await trio.lowlevel.checkpoint()
            mock_clock.jump(GATHERING_S / 10)
            if writer.sizes or rounds > 100:
                break
        assert 5 < rounds < 20
        assert trio.current_time() - begun < 2 * GATHERING_S
