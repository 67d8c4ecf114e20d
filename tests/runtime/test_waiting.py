"""Waiting for an answer: for as long as it takes, or for a while and then again."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import Aborted, ResponderFailed
from nexus_trio.model.envelope import Reply
from nexus_trio.runtime.mailbox import Slot
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub


async def test_a_nudge_is_no_answer(autojump_clock: MockClock) -> None:
    slot: Slot[str] = Slot()
    got: list[str] = []

    async def wait() -> None:
        got.append(await slot.wait())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        for _ in range(3):
            await wait_all_tasks_blocked()
            slot.nudge()
        await wait_all_tasks_blocked()
        assert got == []
        assert not slot.done
        slot.set("done")
        slot.nudge()
        slot.fail(Aborted("too late"))
    assert got == ["done"]
    assert await slot.wait() == "done"


async def test_who_waits_for_a_while_waits_again_and_nobody_else_is_told(
    autojump_clock: MockClock,
) -> None:
    made = FakeResponder(mode="hang")
    seen: list[tuple[float, Reply | None]] = []
    async with open_fake_hub(made) as hub, trio.open_nursery() as nursery:
        job = await hub.take("ada", "hello")

        async def for_long() -> None:
            seen.append((trio.current_time(), await hub.outcome(job)))

        nursery.start_soon(for_long)
        for seconds in (1.0, 0.25, 2.0):
            began = trio.current_time()
            assert await hub.outcome_within(job, seconds) is None
            assert trio.current_time() - began == pytest.approx(seconds, abs=0.05)
        assert seen == []
        made.release.set()
        reply = await hub.outcome_within(job, 1.0)
        # What is there already is had without a wait.
        assert await hub.outcome_within(job, 0.0) == reply
    assert reply is not None
    assert reply.turn == 1
    assert [found for _, found in seen] == [reply]


async def test_two_who_wait_for_different_whiles_each_have_their_own(
    autojump_clock: MockClock,
) -> None:
    made = FakeResponder(mode="hang")
    ends: dict[float, float] = {}
    async with open_fake_hub(made) as hub:
        job = await hub.take("ada", "hello")

        async def for_a_while(seconds: float) -> None:
            assert await hub.outcome_within(job, seconds) is None
            ends[seconds] = trio.current_time()

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for seconds in (3.0, 1.0, 2.0):
                nursery.start_soon(for_a_while, seconds)
        made.release.set()
    assert list(ends) == [1.0, 2.0, 3.0]
    for seconds, end in ends.items():
        assert end - began == pytest.approx(seconds, abs=0.05)


async def test_an_error_is_raised_and_counted(autojump_clock: MockClock) -> None:
    async with open_fake_hub(FakeResponder(mode="fail")) as hub:
        job = await hub.take("ada", "hello")
        with pytest.raises(ResponderFailed):
            await hub.outcome_within(job, 5.0)
        assert hub.statistics().refused == 1


async def test_a_wait_that_is_cancelled_leaves_the_turn_and_no_deadline(
    autojump_clock: MockClock,
) -> None:
    made = FakeResponder(mode="hang")
    async with open_fake_hub(made) as hub:
        job = await hub.take("ada", "hello")
        with trio.move_on_after(1) as scope:
            await hub.outcome_within(job, 50.0)
        assert scope.cancelled_caught
        assert len(hub._deadlines) == 0
        made.release.set()
        assert (await hub.outcome(job)).turn == 1
