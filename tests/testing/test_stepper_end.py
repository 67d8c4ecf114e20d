"""No error is lost, and a run ends whatever its tasks do."""

from __future__ import annotations

import gc
from contextlib import suppress

import pytest
import trio
from trio.lowlevel import checkpoint

from nexus_trio.testing import (
    Operation,
    OperationCancelled,
    OperationNotDone,
    Stepper,
    StillRunning,
)


class Boom(Exception):
    """The error of these tests."""


async def boom() -> None:
    await checkpoint()
    raise Boom


async def answer() -> int:
    await checkpoint()
    return 42


def assert_a_new_run_works() -> None:
    gc.collect()
    assert not trio.lowlevel.in_trio_run()
    with Stepper() as stepper:
        operation = stepper.start(answer)
        stepper.settle()
        assert operation.result() == 42
    assert trio.run(answer) == 42


def test_a_result_is_there_when_it_is_there() -> None:
    with Stepper() as stepper:
        operation = stepper.start(answer)
        with pytest.raises(OperationNotDone, match="answer"):
            operation.result()
        assert repr(operation) == "<Operation 'answer', running>"
        stepper.settle()
        assert operation.done
        assert operation.result() == operation.result() == 42
        assert repr(operation) == "<Operation 'answer', done>"


def test_an_error_is_raised_by_result_and_then_counts_as_seen() -> None:
    with Stepper() as stepper:
        failing, looked_at = stepper.start(boom), stepper.start(boom)
        other = stepper.start(answer)
        stepper.settle()
        with pytest.raises(Boom):
            failing.result()
        assert isinstance(looked_at.error, Boom)
        assert other.result() == 42  # a failing operation harms no other


def test_an_error_that_nobody_saw_is_raised_at_the_end() -> None:
    stepper = Stepper()
    stepper.start(boom)
    stepper.settle()
    with pytest.raises(Boom):
        stepper.close()
    stepper.close()  # twice does nothing
    assert_a_new_run_works()


def test_an_error_is_not_seen_by_looking_too_early() -> None:
    stepper = Stepper()
    failing = stepper.start(boom)
    assert failing.error is None
    stepper.settle()
    with pytest.raises(Boom):
        stepper.close()


def test_several_errors_come_as_a_group() -> None:
    stepper = Stepper()
    stepper.start(boom, background=True)
    stepper.start(boom)
    stepper.settle()
    with pytest.RaisesGroup(Boom, Boom):
        stepper.close()


def test_the_error_of_the_block_comes_first() -> None:
    def block() -> None:
        with Stepper() as stepper:
            stepper.start(boom)
            stepper.settle()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        block()
    assert any("Boom" in note for note in caught.value.__notes__)
    assert_a_new_run_works()


def test_an_error_on_the_way_out_is_not_lost() -> None:
    async def bad_clean_up() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom

    stepper = Stepper()
    stepper.start(bad_clean_up)
    stepper.settle()
    with pytest.raises(Boom):
        stepper.close()


def test_a_child_that_fails_fails_its_operation() -> None:
    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(boom)
            nursery.start_soon(trio.sleep_forever)

    with Stepper() as stepper:
        operation = stepper.start(parent)
        stepper.settle()
        with pytest.RaisesGroup(Boom):
            operation.result()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, pytest.fail.Exception])
def test_what_is_no_exception_is_raised_by_the_step_itself(kind: type[BaseException]) -> None:
    async def interrupted() -> None:
        await checkpoint()
        raise kind

    with Stepper() as stepper:
        stepper.start(interrupted)
        stepper.step(0)
        with pytest.raises(kind):
            stepper.step(0)
        assert stepper.tasks() == []


def test_what_is_no_exception_is_not_lost_on_the_way_out() -> None:
    async def interrupted() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise KeyboardInterrupt

    stepper = Stepper()
    stepper.start(interrupted)
    stepper.settle()
    with pytest.raises(KeyboardInterrupt):
        stepper.close()
    assert_a_new_run_works()


def test_a_crash_of_the_run_is_raised_at_the_end() -> None:
    async def crash_trio() -> None:
        trio.lowlevel.spawn_system_task(boom)
        await trio.sleep_forever()

    stepper = Stepper()
    operation = stepper.start(crash_trio)
    bystander = stepper.start(trio.sleep_forever)
    stepper.settle()
    assert operation.cancelled
    assert bystander.cancelled
    with pytest.raises(RuntimeError, match="is over"):
        stepper.start(answer)
    with pytest.raises(trio.TrioInternalError):
        stepper.close()
    assert_a_new_run_works()


def test_closing_cancels_and_runs_clean_ups_to_their_end() -> None:
    cleaned: list[str] = []

    async def careful() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(10, shield=True):
                await trio.sleep(3)
                cleaned.append("slowly")

    async def never_started() -> None:
        await checkpoint()
        cleaned.append("never")

    with Stepper() as stepper:
        operation = stepper.start(careful)
        stepper.settle()
        unstarted = stepper.start(never_started)
    assert cleaned == ["slowly"]
    assert operation.cancelled
    assert unstarted.cancelled
    assert stepper.tasks() == stepper.runnable() == []
    with pytest.raises(OperationCancelled, match="careful"):
        operation.result()


def test_after_the_end_nothing_can_be_started() -> None:
    with Stepper() as stepper:
        pass
    for call in (stepper.settle, stepper.jump, lambda: stepper.start(answer)):
        with pytest.raises(RuntimeError, match="is over"):
            call()


async def shielded() -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()


async def deaf() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(deaf_child)


async def deaf_child() -> None:
    while True:
        with suppress(trio.Cancelled):  # on purpose: this is what the stepper must survive
            await trio.sleep_forever()


async def deaf_to_everything() -> None:
    while True:
        with suppress(BaseException):  # on purpose, as above
            await checkpoint()


@pytest.mark.parametrize(
    ("stubborn", "names"),
    [
        (shielded, r"\['shielded'\]"),
        (deaf, r"\['deaf', 'deaf/deaf_child'\]"),
        (deaf_to_everything, r"\['deaf_to_everything'\]"),
    ],
)
def test_tasks_that_do_not_end_are_named_and_ended(stubborn: object, names: str) -> None:
    stepper = Stepper()
    stepper.start(stubborn)  # type: ignore[arg-type]  # any of the three
    polite = stepper.start(trio.sleep_forever)
    for _ in range(8):
        stepper.step(0)
    with pytest.raises(StillRunning, match=names):
        stepper.close(100)
    assert polite.cancelled or stubborn is deaf_to_everything
    assert_a_new_run_works()


def test_ending_by_force_still_runs_clean_ups() -> None:
    cleaned: list[str] = []

    async def stuck() -> None:
        try:
            await shielded()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            cleaned.append("stuck")

    stepper = Stepper()
    stepper.start(stuck)
    stepper.settle()
    with pytest.raises(StillRunning, match="stuck"):
        stepper.close()
    assert cleaned == ["stuck"]


async def test_a_cancellation_from_further_out_is_passed_on() -> None:
    operation: Operation[None] = Operation("inner", background=False)
    with trio.CancelScope() as outer:
        outer.cancel()
        await operation.conduct(trio.sleep_forever)
    assert outer.cancelled_caught
    assert operation.cancelled


def test_a_task_left_before_its_first_step_is_ended_too() -> None:
    stepper = Stepper()
    stepper.start(answer, name="unstarted")
    with pytest.raises(StillRunning, match="unstarted"):
        stepper.close(0)
    assert_a_new_run_works()


def test_two_runs_can_not_be_open_at_once() -> None:
    with Stepper(), pytest.raises(RuntimeError, match="open in this thread already"):
        Stepper()
    assert_a_new_run_works()


async def test_not_for_async_tests() -> None:
    with pytest.raises(RuntimeError, match="plain `def` test"):
        Stepper()
