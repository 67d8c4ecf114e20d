"""A consumer's queue: what is taken of it at once, and what stays."""

from __future__ import annotations

import pytest
import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from nexus_trio.model.envelope import RoomEvent
from nexus_trio.runtime.frames import OVERHEAD, Frame, Heard, Own
from nexus_trio.runtime.outbox import TOGETHER_BYTES, TOO_SLOW, Evicted, Outbox

KIB = 1024


def frames(count: int, size: int = 0) -> list[Own]:
    """As many, of `size` bytes each as the queue counts them."""
    return [Own("x" * max(0, size - OVERHEAD)) for _ in range(count)]


def filled(*waiting: Own, limit: int = 256) -> Outbox:
    outbox = Outbox(limit)
    for frame in waiting:
        outbox.offer(frame)
    return outbox


async def test_all_that_waits_comes_at_once_and_in_order() -> None:
    waiting = frames(20)
    outbox = filled(*waiting)
    assert await outbox.receive_some() == waiting
    assert len(outbox) == 0


async def test_one_batch_ends_with_the_frame_that_passes_its_bound() -> None:
    waiting = frames(10, 16 * KIB)
    outbox = filled(*waiting)
    assert await outbox.receive_some() == waiting[: TOGETHER_BYTES // (16 * KIB)]
    assert len(outbox) == 6
    assert await outbox.receive_some() == waiting[4:8]
    assert await outbox.receive_some() == waiting[8:]


async def test_what_was_missed_comes_before_what_is_new() -> None:
    missed, new = frames(2), frames(1)
    outbox = Outbox(256)
    outbox.preload(missed)
    outbox.offer(new[0])
    assert await outbox.receive_some() == [*missed, *new]


async def test_what_is_missed_and_put_there_later_comes_before_what_is_new_too() -> None:
    first, second, new = frames(2), frames(1), frames(256)
    outbox = filled(*new)
    outbox.preload(first)
    outbox.preload(second)
    assert not outbox.closed
    assert [await outbox.receive() for _ in range(len(outbox))] == [*first, *second, *new]
    outbox.offer(new[0])
    assert not outbox.closed  # what was taken has made room, in frames and bytes


def heard(count: int) -> list[Heard]:
    """As many events of a room."""
    return [Heard(RoomEvent("Tower", "said", "ada", None, str(n))) for n in range(count)]


async def test_an_event_is_sent_directly_where_it_would_be_the_only_one_that_waits() -> None:
    events, own = heard(5), frames(1)[0]
    went: list[object] = []
    outbox = Outbox(256)
    outbox.send_directly_by(went.append)
    outbox.offer(events[0])  # nobody waits for it yet
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_all, outbox, went)
        await wait_all_tasks_blocked()
        outbox.offer(events[1])
        assert went == [events[:1], events[1]]
        outbox.offer(own)  # no event of a room
        outbox.offer(events[2])  # would overtake it
        assert went == [events[:1], events[1]]
        await wait_all_tasks_blocked()
        outbox.offer(events[3])
        assert went == [events[:1], events[1], [own, events[2]], events[3]]
        outbox.close(TOO_SLOW)
        outbox.offer(events[4])
    assert went == [events[:1], events[1], [own, events[2]], events[3]]


@pytest.mark.parametrize("part", [False, True])
async def test_what_is_not_sent_directly_goes_by_the_queue(part: bool) -> None:
    event, rest, went = heard(1)[0], Own(""), list[object]()

    def direct(tried: Heard) -> Frame:
        return rest if part else tried

    outbox = Outbox(256)
    outbox.send_directly_by(direct)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_all, outbox, went)
        await wait_all_tasks_blocked()
        outbox.offer(event)
        assert len(outbox) == 1
        outbox.close(TOO_SLOW)
    assert went == [[rest if part else event]]


async def test_nothing_is_sent_directly_once_a_consumer_was_cancelled() -> None:
    went: list[object] = []
    outbox = Outbox(256)
    outbox.send_directly_by(went.append)
    with trio.move_on_after(0):
        await outbox.receive()
    outbox.offer(heard(1)[0])
    assert went == []
    assert len(outbox) == 1


async def take_all(outbox: Outbox, went: list[object]) -> None:
    """Note each batch that the queue gives, to its end."""
    try:
        while True:
            went.append(await outbox.receive_some())
    except Evicted:
        return


async def test_what_was_taken_makes_room() -> None:
    outbox = filled(*frames(256))
    await outbox.receive_some()
    for frame in frames(256):
        outbox.offer(frame)
    assert not outbox.closed
    outbox.offer(frames(1)[0])
    assert outbox.closed


async def test_the_end_comes_behind_what_waits() -> None:
    waiting = frames(3)
    outbox = filled(*waiting, limit=3)
    outbox.offer(frames(1)[0])
    assert await outbox.receive_some() == waiting
    with pytest.raises(Evicted) as evicted:
        await outbox.receive_some()
    assert evicted.value.code == TOO_SLOW


async def test_taking_gives_way_to_others_and_takes_nothing_when_cancelled() -> None:
    outbox = filled(*frames(3))
    with assert_checkpoints():
        await outbox.receive()
    with trio.CancelScope() as scope:
        scope.cancel()
        await outbox.receive_some()
    assert scope.cancelled_caught
    assert len(outbox) == 2


async def test_who_waits_is_woken_once_for_what_comes_together() -> None:
    outbox, got, waiting = Outbox(256), [], frames(5)

    async def consume() -> None:
        while True:
            got.append(await outbox.receive_some())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume)
        await wait_all_tasks_blocked()
        for frame in waiting:
            outbox.offer(frame)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert got == [waiting]
