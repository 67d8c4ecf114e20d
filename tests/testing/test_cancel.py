"""Every await is hit once, what was never hit is named, and clean-ups that forget are found."""

from __future__ import annotations

import trio
from trio.lowlevel import checkpoint

from nexus_trio.testing import Stepper
from nexus_trio.testing.cancel import awaits, missed
from nexus_trio.testing.explore import explore
from nexus_trio.testing.program import Checks
from nexus_trio.testing.segments import CANCEL
from nexus_trio.testing.strategies import Exhaustive


class Pool:
    """One connection; `use` forgets to give it back where it is cancelled while it waits."""

    def __init__(self) -> None:
        self.free = 1

    async def use(self, *, careful: bool) -> None:
        self.free -= 1
        if careful:
            try:
                await checkpoint()
            finally:
                self.free += 1
        else:
            await checkpoint()
            self.free += 1
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            for _ in range(2):
                await checkpoint()

    async def never(self) -> None:
        await trio.sleep(1)  # nobody calls this


def program(careful: bool) -> object:
    def start(stepper: Stepper) -> Checks:
        pool, checks = Pool(), Checks()
        stepper.start(lambda: pool.use(careful=careful), name="ada")
        checks.at_rest = lambda: checks.require("I11", pool.free == 1, "a connection is lost")
        return checks

    return start


def test_a_clean_up_that_forgets_is_found() -> None:
    tally = explore(program(False), Exhaustive(0, cancellations=1))  # type: ignore[arg-type]
    assert tally.failures[0].segments[-1] == (CANCEL + "ada", 1)
    assert explore(program(False), Exhaustive(2)).spent  # type: ignore[arg-type]


def test_a_careful_one_is_hit_at_each_await_and_holds() -> None:
    tally = explore(program(True), Exhaustive(0, cancellations=1))  # type: ignore[arg-type]
    assert tally.spent
    assert not tally.failures
    left = missed([Pool.use, Pool.never], tally.struck)
    assert [each.function for each in left] == ["Pool.use", "Pool.never"]
    assert left[0].source == "await checkpoint()"  # of the careless branch


def test_the_awaits_of_a_function_are_found_with_their_lines() -> None:
    found = awaits(Pool.use)
    assert [each.source.split()[0] for each in found] == ["await", "await", "async", "await"]
    first = Pool.use.__code__.co_firstlineno
    assert [each.first - first for each in found] == [4, 8, 10, 13]
    assert str(found[0]) == f"Pool.use, line {first + 4}: await checkpoint()"


def test_one_cancellation_pairs_with_a_preemption_before_and_behind() -> None:
    def two(stepper: Stepper) -> Checks:
        async def steps() -> None:
            for _ in range(3):
                await checkpoint()

        stepper.start(steps, name="a")
        stepper.start(steps, name="b")
        return Checks()

    alone = explore(two, Exhaustive(0, cancellations=1))
    paired = explore(two, Exhaustive(1, cancellations=1), failures=99)
    assert alone.interleavings == 8  # none, and one behind each of eight steps but the last
    assert alone.seen < paired.seen
    assert paired.interleavings == paired.schedules > 30
    assert paired.spent


def test_a_sleep_is_cancelled_and_not_made_shorter() -> None:
    slept: list[str] = []

    def sleeper(stepper: Stepper) -> Checks:
        async def sleep() -> None:
            with trio.CancelScope():
                await trio.sleep(10)
                slept.append("whole")
            slept.append("over")

        stepper.start(sleep)
        stepper.start(checkpoint, name="other")
        return Checks()

    slept.clear()
    explore(sleeper, Exhaustive(0, cancellations=1))
    assert slept.count("over") > slept.count("whole") > 0
