"""No wait for the store outlasts the end of the server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
import trio.testing

from nexus_trio.store.base import Write
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.patience import Patience
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import Names, open_fake_hub


async def test_a_wait_has_its_seconds_and_no_more(autojump_clock: trio.testing.MockClock) -> None:
    patience = Patience(5)
    with patience.shield() as scope:
        await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() == pytest.approx(5)
    assert patience.left() == 5


async def test_a_cancellation_does_not_reach_it(autojump_clock: trio.testing.MockClock) -> None:
    patience = Patience(5)
    with trio.CancelScope() as outer:
        outer.cancel()
        with patience.shield() as scope:
            await trio.sleep(3)
    assert not scope.cancelled_caught
    assert trio.current_time() == pytest.approx(3)


async def test_the_end_cuts_all_that_wait_and_all_that_come(
    autojump_clock: trio.testing.MockClock,
) -> None:
    patience, ends = Patience(100), list[float]()

    async def wait(begin: float) -> None:
        await trio.sleep(begin)
        with patience.shield() as scope:
            await trio.sleep_forever()
        assert scope.cancelled_caught
        ends.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        for begin in (0, 1, 6):
            nursery.start_soon(wait, begin)
        await trio.sleep(5)
        assert not patience.ending
        patience.end_by(7)
        assert patience.ending
    assert ends == pytest.approx([7, 7, 7])
    assert patience.left() == 0


async def test_the_end_makes_no_wait_longer(autojump_clock: trio.testing.MockClock) -> None:
    patience = Patience(2)
    with patience.shield():
        patience.end_by(50)
        await trio.sleep_forever()
    assert trio.current_time() == pytest.approx(2)
    assert patience.left() == 2


class Slower(MemoryStore):
    """Waits before it stores."""

    async def append(self, writes: Sequence[Write]) -> None:
        await trio.lowlevel.checkpoint()
        await super().append(writes)


class Counting(MemoryStore):
    """Stores as it is."""

    commits = 0


def test_only_a_store_that_waits_nowhere_says_so() -> None:
    assert MemoryStore(Names()).prompt
    assert Counting(Names()).prompt
    assert not Slower(Names()).prompt


async def test_a_commit_that_waits_is_shielded_and_one_that_does_not_need_not_be() -> None:
    for store, shielded in ((MemoryStore, False), (Slower, True)):
        async with open_fake_hub(FakeResponder(), store(names := Names()), names=names) as hub:
            with hub._services.shield() as shield:
                assert isinstance(shield, trio.CancelScope) is shielded
            assert (await hub.ask("ada", "hello")).turn == 1
