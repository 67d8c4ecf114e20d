"""Short calls are waited for where one stands; one that hangs holds up nobody but its caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from nexus_trio.store import thread
from nexus_trio.store.thread import WriterThread

AGES_S = 20.0  # for a call that is to be waited for in place, however slow the machine


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """What calls wait for that hang; let go in the end."""
    event = threading.Event()
    yield event
    event.set()


async def steps_of(
    writer: WriterThread, call: Callable[[], object], *, at_hand: bool = True
) -> int:
    """How many steps another task has had when the call was over."""
    steps = 0

    async def count() -> None:
        nonlocal steps
        while True:
            await trio.lowlevel.checkpoint()
            steps += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await trio.lowlevel.checkpoint()
        before = steps
        await writer.run(call, at_hand=at_hand)
        nursery.cancel_scope.cancel()
        return steps - before


async def test_a_short_call_costs_no_step_of_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "AT_HAND_S", AGES_S)
    writer, made = WriterThread(), []
    assert await steps_of(writer, lambda: made.append(threading.current_thread())) == 0
    assert made != [threading.main_thread()]
    assert await steps_of(writer, lambda: None, at_hand=False) > 0


async def test_while_a_call_hangs_the_others_go_on(held: threading.Event) -> None:
    writer = WriterThread()
    over = trio.Event()

    async def hang() -> None:
        await writer.run(held.wait, at_hand=True)
        over.set()

    async with trio.open_nursery() as nursery:
        begun = time.perf_counter()
        nursery.start_soon(hang)
        await wait_all_tasks_blocked()
        assert time.perf_counter() - begun < AGES_S / 2
        assert not over.is_set()
        held.set()
    assert over.is_set()


async def test_a_disk_that_was_slow_is_not_stood_for_until_it_is_quick_again(
    held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = WriterThread()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: writer.run(held.wait, at_hand=True))
        await wait_all_tasks_blocked()
        held.set()
    monkeypatch.setattr(thread, "AT_HAND_S", AGES_S)
    assert await steps_of(writer, lambda: None) > 0, "the one before was slow"
    assert await steps_of(writer, lambda: None) == 0, "that one was quick"


@pytest.mark.parametrize("patience", [0.0, thread.AT_HAND_S, AGES_S])
async def test_what_a_call_raises_comes_out(
    patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "AT_HAND_S", patience)
    writer = WriterThread()

    def fail() -> None:
        raise KeyError("told to fail")

    for at_hand in (True, False, True):
        with pytest.raises(KeyError, match="told to fail"):
            await writer.run(fail, at_hand=at_hand)


async def test_calls_are_made_one_at_a_time_also_behind_one_left_behind(
    held: threading.Event,
) -> None:
    writer, made = WriterThread(), []

    def slow() -> None:
        held.wait()
        made.append("first")

    async with trio.open_nursery() as nursery:
        with trio.move_on_after(0.01) as scope:
            await writer.run(slow, at_hand=True)
        assert scope.cancelled_caught
        for at_hand in (True, False):
            nursery.start_soon(
                lambda h: writer.run(lambda: made.append("later"), at_hand=h), at_hand
            )
        await wait_all_tasks_blocked()
        assert made == []
        held.set()
    assert made == ["first", "later", "later"]


async def test_in_time_or_not_every_call_is_answered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two threads race for who takes the answer: here both win."""
    made = 0

    def call() -> None:
        nonlocal made
        made += 1
        time.sleep(0.0002 * (made % 3))  # in its thread, within the bound or above it

    monkeypatch.setattr(thread, "AT_HAND_S", 0.0003)
    writer, quick = WriterThread(), set()
    for _ in range(300):
        writer._quick = True
        with trio.fail_after(AGES_S):
            await writer.run(call, at_hand=True)
        quick.add(writer._quick)
    assert quick == {True, False}
    assert made == 300
    assert writer._limiter.borrowed_tokens == 0
