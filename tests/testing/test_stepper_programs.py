"""Real trio programs under the stepper: channels, locks, nurseries, shields, system tasks."""

from __future__ import annotations

import functools
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
import trio
from trio.lowlevel import checkpoint

from nexus_trio.testing import Stepper


def test_memory_channels_and_back_pressure() -> None:
    got: list[int] = []

    async def produce(send: trio.MemorySendChannel[int]) -> None:
        async with send:
            for number in range(4):
                await send.send(number)

    async def consume(receive: trio.MemoryReceiveChannel[int]) -> None:
        async with receive:
            got.extend([number async for number in receive])

    with Stepper() as stepper:
        send, receive = trio.open_memory_channel[int](1)
        producer = stepper.start(produce, send)
        stepper.settle()
        assert stepper.runnable() == []  # blocked: the channel is full
        assert not producer.done
        stepper.start(consume, receive)
        stepper.settle()
        assert producer.done
        assert got == [0, 1, 2, 3]


def test_a_channel_can_be_fed_from_outside() -> None:
    with Stepper() as stepper:
        send, receive = trio.open_memory_channel[str](0)
        waiting = stepper.start(receive.receive, name="waiting")
        stepper.settle()
        send.send_nowait("hello")
        assert stepper.runnable() == ["waiting"]
        stepper.settle()
        assert waiting.result() == "hello"
        send.close()
        receive.close()


def test_a_lock_is_held_over_any_choice() -> None:
    lock = trio.Lock()
    inside: list[str] = []

    async def enter(name: str) -> None:
        async with lock:
            inside.append(name)
            assert len(inside) == 1
            await checkpoint()
            inside.remove(name)

    for seed in range(30):
        with Stepper() as stepper:
            operations = [stepper.start(enter, name, name=name) for name in ("ada", "bob", "cyd")]
            number = seed
            while stepper.runnable():
                stepper.step(number)
                number = number * 5 + 1
            for operation in operations:
                operation.result()


def test_children_have_stable_names_and_are_choices() -> None:
    async def child(task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        task_status.started("ready")
        await checkpoint()

    class Service:
        async def __call__(self) -> None:
            await checkpoint()

    async def parent() -> str:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            nursery.start_soon(child, name="by hand")
            nursery.start_soon(functools.partial(child))
            nursery.start_soon(Service().__call__)
            return str(await nursery.start(child))

    with Stepper() as stepper:
        operation = stepper.start(parent, name="ada:ask")
        stepper.step(0)
        names = ["child", "by hand", "child#2", "Service.__call__", "child#3"]
        assert stepper.runnable() == [f"ada:ask/{name}" for name in names]
        assert stepper.tasks() == ["ada:ask", *stepper.runnable()]
        stepper.settle()
        assert operation.result() == "ready"


def test_a_shield_holds_until_its_deadline() -> None:
    async def commit() -> str:
        with trio.move_on_after(2, shield=True):
            await trio.sleep_forever()
        return "committed"

    with Stepper() as stepper:
        operation = stepper.start(commit)
        stepper.settle()
        operation.cancel()
        stepper.settle()
        assert not operation.done
        stepper.jump()
        stepper.settle()
        assert operation.result() == "committed"  # cancelled too late: no checkpoint was left
        assert not operation.cancelled


def test_cancelling_an_operation_ends_its_children_and_nobody_else() -> None:
    ended: list[str] = []

    async def child(name: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append(name)

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            for name in ("one", "two"):
                nursery.start_soon(child, name, name=name)

    with Stepper() as stepper:
        other = stepper.start(child, "other")
        operation = stepper.start(parent)
        stepper.settle()
        operation.cancel()
        assert stepper.runnable() == ["parent/one", "parent/two"]
        stepper.step("parent/two")  # who hears of it first is a choice as well
        stepper.settle()
        assert operation.cancelled
        assert ended == ["two", "one"]
        assert not other.done


def test_system_tasks_and_callbacks_are_no_choices() -> None:
    heard: list[str] = []

    async def in_background() -> None:
        await checkpoint()
        heard.append("system task")

    async def ask() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(heard.append, "callback")
        trio.lowlevel.spawn_system_task(in_background)
        await checkpoint()

    with Stepper() as stepper:
        stepper.start(ask)
        stepper.step(0)
        assert sorted(heard) == ["callback", "system task"]
        assert stepper.runnable() == ["ask"]
        trio.lowlevel.current_trio_token().run_sync_soon(heard.append, "from outside")
        assert stepper.runnable() == ["ask"]
        assert heard[-1] == "from outside"


def test_a_system_task_that_never_blocks_is_stopped() -> None:
    stop = False

    async def spin() -> None:
        while not stop:
            await checkpoint()

    async def ask() -> None:
        trio.lowlevel.spawn_system_task(spin)
        await checkpoint()

    with Stepper() as stepper:
        stepper.start(ask)
        with pytest.raises(RuntimeError, match="goes round in circles"):
            stepper.step(0)
        stop = True


def test_async_generators_are_closed_with_the_run() -> None:
    closed: list[str] = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(10):
                await checkpoint()
                yield number
        finally:
            closed.append("closed")

    kept = numbers()

    async def read(stream: AsyncGenerator[int, None]) -> int:
        return await anext(stream)

    async def read_and_close() -> int:
        async with aclosing(numbers()) as stream:
            return await anext(stream)

    with Stepper() as stepper:
        first = stepper.start(read_and_close)
        second = stepper.start(read, kept)
        stepper.settle()
        assert (first.result(), second.result()) == (0, 0)
        assert closed == ["closed"]
    assert closed == ["closed", "closed"]


def test_input_that_has_arrived_wakes_its_reader() -> None:
    left, right = socket.socketpair()

    async def read() -> bytes:
        await trio.lowlevel.wait_readable(left)
        return left.recv(10)

    async def write() -> None:
        right.send(b"hello")

    with left, right, Stepper() as stepper:
        reading = stepper.start(read)
        stepper.settle()
        assert stepper.runnable() == []
        stepper.start(write)
        stepper.step("write")
        assert stepper.runnable() == ["read"]
        stepper.settle()
        assert reading.result() == b"hello"


def test_other_runs_keep_their_own_schedule() -> None:
    from trio._core import _run  # the very names that the stepper borrows

    before = _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING
    with Stepper() as stepper:
        stepper.start(checkpoint)
        stepper.settle()
        assert (_run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING) == before
    assert (_run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING) == before
