"""The choices are real: exactly one task steps, and the caller says which."""

from __future__ import annotations

import threading

import pytest
import trio
from trio.lowlevel import checkpoint

from nexus_trio.testing import StepLimitExceeded, Stepper


class Counter:
    """Read, checkpoint, write: the smallest race there is."""

    def __init__(self) -> None:
        self.value = 0

    async def add(self) -> None:
        seen = self.value
        await checkpoint()
        self.value = seen + 1


async def spin() -> None:
    while True:
        await checkpoint()


def run_adds(choices: list[int]) -> tuple[int, list[tuple[str, int]]]:
    counter = Counter()
    with Stepper() as stepper:
        stepper.start(counter.add, name="ada")
        stepper.start(counter.add, name="bob")
        for choice in choices:
            stepper.step(choice)
        assert stepper.runnable() == []
        return counter.value, stepper.trace


def test_an_interleaving_loses_an_update() -> None:
    value, trace = run_adds([0, 1, 0, 0])
    assert value == 1
    assert trace == [("ada", 1), ("bob", 1), ("ada", 2), ("bob", 2)]


def test_the_other_order_keeps_both_updates() -> None:
    value, trace = run_adds([0, 0, 0, 0])
    assert value == 2
    assert trace == [("ada", 1), ("ada", 2), ("bob", 1), ("bob", 2)]


def test_a_choice_counts_modulo_the_runnable_tasks() -> None:
    assert run_adds([0, 1, 0, 0]) == run_adds([200, -1, 98, 7])


def test_nothing_runs_before_a_step() -> None:
    counter = Counter()
    with Stepper() as stepper:
        stepper.start(counter.add)
        stepper.start(spin)
        stepper.advance(3)
        assert stepper.jump() is None
        assert stepper.runnable() == ["Counter.add", "spin"]
        assert (stepper.steps, stepper.trace) == (0, [])
        assert stepper.step("spin") == "spin"
        assert counter.value == 0


def test_step_says_when_nothing_can_step() -> None:
    with Stepper() as stepper:
        assert stepper.step(3) is None
        with pytest.raises(LookupError, match="no task 'ada'"):
            stepper.step("ada")


def test_a_runnable_task_starves_for_as_long_as_the_caller_likes() -> None:
    counter = Counter()
    with Stepper() as stepper:
        stepper.start(counter.add, name="starved")
        stepper.start(spin, name="spin")
        stepper.start(spin, name="spin")
        stepper.step("starved")
        for number in range(100):
            stepper.step("spin" if number % 2 else "spin#2")
        assert stepper.runnable() == ["starved", "spin", "spin#2"]
        assert counter.value == 0
        stepper.step("starved")
        assert counter.value == 1
        assert stepper.steps == 102


def test_a_timeout_fires_although_its_task_could_run() -> None:
    async def ask(reply: trio.Event) -> str:
        with trio.move_on_after(5):
            await reply.wait()
            await checkpoint()
            return "answered"
        return "timed out"

    def play(*, starve: bool) -> str:
        reply = trio.Event()
        with Stepper() as stepper:
            ask_op = stepper.start(ask, reply)
            stepper.settle()
            reply.set()  # from here on the task is runnable, well before its deadline
            assert stepper.runnable() == ["ask"]
            if starve:
                assert stepper.jump() == 5
                assert stepper.now == 5
            stepper.settle()
            return ask_op.result()

    assert play(starve=False) == "answered"
    assert play(starve=True) == "timed out"


def test_the_clock_stops_at_each_deadline() -> None:
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await trio.sleep(seconds)
        woken.append(trio.current_time())

    with Stepper() as stepper:
        for seconds in (0.3, 0.1, 0.1, 1000.0):
            stepper.start(sleeper, seconds)
        stepper.settle()
        assert stepper.runnable() == []
        assert stepper.jump() == 0.1
        assert len(stepper.runnable()) == 2  # equal deadlines come together
        stepper.settle()
        stepper.jump()
        assert stepper.now == 0.3
        stepper.settle()
        stepper.advance(999.6)
        assert stepper.runnable() == []
        stepper.advance(0.2)
        stepper.settle()
        assert stepper.jump() is None
    assert woken == [0.1, 0.1, 0.3, pytest.approx(1000.1)]


def test_time_does_not_go_back() -> None:
    with Stepper() as stepper:
        for wrong in (-1.0, float("nan")):
            with pytest.raises(ValueError, match="0 or more"):
                stepper.advance(wrong)


def test_a_deadline_that_is_moved_into_the_past_takes_effect_at_once() -> None:
    scope = trio.CancelScope()

    async def waiter() -> bool:
        with scope:
            await trio.sleep_forever()
        return scope.cancelled_caught

    with Stepper() as stepper:
        waiting = stepper.start(waiter)
        stepper.advance(10)
        stepper.settle()
        scope.deadline = 9
        assert len(stepper.runnable()) == 1
        stepper.settle()
        assert waiting.result() is True


def test_cancel_is_a_choice_and_takes_no_step() -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        await checkpoint()
        done.append(name)

    with Stepper() as stepper:
        operations = [stepper.start(work, name, name=name) for name in ("ada", "bob", "cyd")]
        assert stepper.cancel(4) is operations[1]
        assert stepper.steps == 0
        assert not operations[1].done
        stepper.settle()
        assert done == ["ada", "cyd"]
        assert [operation.cancelled for operation in operations] == [False, True, False]
        assert stepper.cancel(0) is None


def test_settle_takes_turns_or_asks() -> None:
    def play(**how: object) -> list[str]:
        counter = Counter()
        with Stepper() as stepper:
            for name in ("ada", "bob"):
                stepper.start(counter.add, name=name)
            assert stepper.settle(**how) == 4  # type: ignore[arg-type]  # two shapes of one call
            return [name for name, _ in stepper.trace]

    assert play() == ["ada", "bob", "ada", "bob"]
    assert play(choose=lambda names: names.index(max(names))) == ["bob", "bob", "ada", "ada"]


def test_a_round_is_a_step_of_each() -> None:
    counter = Counter()
    with Stepper() as stepper:
        for name in ("ada", "bob", "cyd"):
            stepper.start(counter.add, name=name)
        stepper.step("bob")
        assert stepper.round() == 3
        assert [name for name, _ in stepper.trace] == ["bob", "ada", "bob", "cyd"]
        assert (stepper.round(), stepper.round()) == (2, 0)
        assert stepper.steps == 6
        assert stepper.overlaps == 5  # the first step had one operation begun


def test_take_lets_the_task_step_that_was_named() -> None:
    counter = Counter()
    with Stepper() as stepper:
        for name in ("ada", "bob"):
            stepper.start(counter.add, name=name)
        names, _, _ = stepper.choices()
        assert stepper.take(names.index("bob")) == "bob"
        names, going_on, _ = stepper.choices()
        assert (names, going_on) == (["ada", "bob"], 1)


def test_spawned_rises_with_each_task_that_comes_or_goes() -> None:
    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(checkpoint)

    with Stepper() as stepper:
        before = stepper.spawned
        stepper.start(parent)
        assert stepper.spawned == before + 1
        stepper.settle()
        assert stepper.spawned == before + 4
        assert stepper.tasks() == []


def test_settle_with_jumps_ends_when_the_operations_have_ended() -> None:
    beats: list[float] = []

    async def heartbeat() -> None:
        while True:
            await trio.sleep(1)
            beats.append(trio.current_time())

    with Stepper() as stepper:
        stepper.start(heartbeat, background=True)
        nap = stepper.start(trio.sleep, 3.5)
        stepper.settle()
        assert not nap.done
        stepper.settle(jump=True)
        assert nap.done
        assert beats == [1, 2, 3]
        stepper.start(trio.Event().wait)
        with pytest.raises(StepLimitExceeded, match="heartbeat"):
            stepper.settle(100, jump=True)


def test_a_program_without_rest_is_stopped() -> None:
    with Stepper() as stepper:
        stepper.start(spin, name="round and round")
        with pytest.raises(StepLimitExceeded, match="round and round"):
            stepper.settle(50)
        assert stepper.steps == 50


def test_a_thousand_steps_by_choice_are_the_same_each_time() -> None:
    def play() -> list[tuple[str, int]]:
        with Stepper() as stepper:
            for _ in range(7):
                stepper.start(spin)
            for number in range(1_000):
                stepper.step(number * number)
            return stepper.trace

    first = play()
    assert len(first) == 1_000
    assert len({name for name, _ in first}) > 1
    assert play() == first


def test_overlap_is_counted_only_where_operations_overlap() -> None:
    counter = Counter()
    with Stepper() as stepper:
        for _ in range(2):
            stepper.start(counter.add)
            stepper.settle()
        assert stepper.overlaps == 0
        stepper.start(spin, background=True)
        stepper.step("spin")
        stepper.start(counter.add, name="ada")
        stepper.start(counter.add, name="bob")
        stepper.step("ada")
        stepper.step("spin")
        assert stepper.overlaps == 0
        stepper.step("bob")
        stepper.step("ada")
        assert stepper.overlaps == 2
        stepper.step("bob")
        assert stepper.overlaps == 2


def test_no_thread_is_started() -> None:
    before = threading.enumerate()
    with Stepper() as stepper:
        stepper.start(trio.sleep, 100)
        stepper.start(trio.sleep_forever)
        stepper.settle()
        stepper.jump()
        assert threading.enumerate() == before
    assert threading.enumerate() == before
