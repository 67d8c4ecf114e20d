"""Strategies reach the schedules that they promise, and play again exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
import small_programs as small
import trio

from nexus_trio.testing import StepLimitExceeded, Stepper
from nexus_trio.testing.explore import Tally, explore
from nexus_trio.testing.play import Point, Script, Unplayable, play
from nexus_trio.testing.program import Broken, Checks, NeverEnds, Program
from nexus_trio.testing.segments import CLOCK, GO_ON, Segment, shown, tidy
from nexus_trio.testing.strategies import (
    Exhaustive,
    PartialOrder,
    Pct,
    RandomWalk,
    RunToBlock,
    Strategy,
)

LOST: Program = partial(small.lost_update, operations=["add", "noise", "add", "noise"])
DEFECTS: dict[str, Program] = {
    "lost update": LOST,
    "late answer": small.late_answer,
    "three in order": partial(small.three_in_order, noise=1),
    "dead lock": small.dead_lock,
}
CHANCE: dict[str, Callable[[int], Strategy]] = {
    "walk": RandomWalk,
    "partial order": PartialOrder,
    "pct": partial(Pct, depth=4),
}


@pytest.mark.parametrize("program", DEFECTS.values(), ids=DEFECTS)
def test_run_to_block_order_finds_none_of_them(program: Program) -> None:
    tally = explore(program, RunToBlock())
    assert (tally.interleavings, tally.failures, tally.spent) == (1, [], True)


@pytest.mark.parametrize("name", DEFECTS)
def test_few_deviations_find_each_of_them(name: str) -> None:
    depth = 3 if name == "three in order" else 1
    assert explore(DEFECTS[name], Exhaustive(depth - 1)).spent
    tally = explore(DEFECTS[name], Exhaustive(depth), runs=5000)
    assert len(tally.failures) == 1
    assert not tally.spent
    with pytest.raises((Broken, NeverEnds)):
        tally.check()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("strategy", CHANCE.values(), ids=CHANCE)
@pytest.mark.parametrize("program", DEFECTS.values(), ids=DEFECTS)
def test_chance_finds_each_of_them(
    program: Program, strategy: Callable[[int], Strategy], seed: int
) -> None:
    assert explore(program, strategy(seed), runs=1500).failures


@pytest.mark.parametrize("program", [*DEFECTS.values(), small.sound], ids=[*DEFECTS, "sound"])
@pytest.mark.parametrize("strategy", [Exhaustive, *CHANCE.values()], ids=["all", *CHANCE])
def test_every_run_plays_again_exactly(
    program: Program, strategy: Callable[[int], Strategy]
) -> None:
    runs, chosen = [], strategy(1)
    for _ in range(60):
        chooser = chosen.next()
        if chooser is None:
            break
        runs.append(play(program, chooser))
        chosen.ended(runs[-1])
    assert runs
    for run in runs:
        again = play(program, Script(run.segments, strict=True))
        assert (again.digest, again.segments) == (run.digest, run.segments)
        assert repr(again.error) == repr(run.error)


# --- all with few deviations is all of them, each once ---


class Forced:
    """Plays what it is told, choice by choice, and notes what there was to choose."""

    def __init__(self, told: list[int]) -> None:
        self.told, self.seen = told, list[tuple[int, int]]()

    def choose(self, point: Point) -> int:
        self.seen.append((len(point.names), point.default))
        return self.told[point.index] if point.index < len(self.told) else point.default


def all_schedules(program: Program, most: int) -> set[str]:
    """By brute force: every list of choices there is, of which those with few deviations count."""
    found: set[str] = set()

    def follow(told: list[int], deviations: int) -> None:
        chooser = Forced(told)
        run = play(program, chooser)
        if len(chooser.seen) <= len(told):
            found.add(run.digest)
            return
        names, default = chooser.seen[len(told)]
        for choice in range(names):
            if deviations + (choice != default) <= most:
                follow([*told, choice], deviations + (choice != default))

    follow([], 0)
    return found


@pytest.mark.parametrize("deviations", [0, 1, 2])
@pytest.mark.parametrize(
    "program",
    [partial(small.sound, tasks=3, steps=2), small.late_answer, partial(LOST, operations=["add"])],
    ids=["three tasks", "a clock", "one task"],
)
def test_all_with_few_deviations_are_all_of_them_each_once(
    program: Program, deviations: int
) -> None:
    tally = explore(program, Exhaustive(deviations), failures=10_000)
    assert tally.spent
    assert tally.interleavings == tally.schedules
    assert tally.seen == all_schedules(program, deviations)


def test_fewer_deviations_come_first() -> None:
    strategy, sizes = Exhaustive(2), list[int]()
    while (chooser := strategy.next()) is not None:
        run = play(small.sound, chooser)
        strategy.ended(run)
        sizes.append(sum(who != GO_ON for who, _ in run.segments))
    assert all(before <= after for before, after in pairwise(sizes))
    assert sizes[-1] == 2


# --- what a run is ---


def test_a_run_is_in_run_to_block_order_if_nothing_else_is_said() -> None:
    order: list[str] = []

    def program(stepper: Stepper) -> Checks:
        gate = trio.Event()

        async def wait() -> None:
            order.append("wait")
            await gate.wait()
            order.append("woken")

        async def wake() -> None:
            gate.set()
            for number in range(3):
                await trio.lowlevel.checkpoint()
                order.append(f"wake {number}")

        stepper.start(wait)
        stepper.start(wake)
        return Checks()

    run = play(program)
    assert (run.segments, run.error) == ([], None)
    assert order == ["wait", "wake 0", "wake 1", "wake 2", "woken"]


def test_the_clock_moves_by_itself_only_where_all_are_blocked() -> None:
    run = play(small.late_answer)
    assert (run.error, run.seconds) == (None, 0)
    tally = explore(small.late_answer, Exhaustive(1))
    assert tally.failures[0].segments[-1] == (CLOCK, 1)
    assert tally.failures[0].seconds == 5


def test_a_script_in_words_and_in_fewer_segments() -> None:
    segments: list[Segment] = [(GO_ON, 2), ("a", 1), ("a", 2), (CLOCK, 1), ("b", 0), (GO_ON, 4)]
    assert tidy(segments) == [(GO_ON, 2), ("a", 3), (CLOCK, 1)]
    told = shown([*tidy(segments), (CLOCK, 2), ("b", 1), ("@cancel a/b", 1), ("@end a", 1)])
    assert told == (
        "2 in order, a takes 3 steps, the clock jumps, the clock jumps 2 times, b takes 1 step, "
        "the scope around a/b is cancelled, a is cancelled, and on in order"
    )


def test_a_strict_script_does_not_play_another_program() -> None:
    run = play(small.sound, Script([("nobody", 2)], strict=True))
    assert isinstance(run.error, Unplayable)
    assert "'nobody' can't go on here; these can: ['task0', 'task1', 'task2']" in str(run.error)
    assert play(small.sound, Script([("nobody", 2)])).error is None


def test_an_operation_is_cancelled_from_outside_and_a_scope_from_within() -> None:
    seen: list[str] = []

    def program(stepper: Stepper) -> Checks:
        async def work() -> None:
            with trio.CancelScope() as scope:
                await trio.sleep(1)
            seen.append("inner" if scope.cancelled_caught else "slept")
            await trio.sleep(1)
            seen.append("done")

        stepper.start(work, name="ada")
        return Checks()

    for segments, expected in (
        ([], ["slept", "done"]),
        ([(GO_ON, 1), ("@cancel ada", 1)], ["inner", "done"]),
        ([(GO_ON, 1), ("@end ada", 1)], []),
        ([("@end nobody", 1), ("@cancel nobody", 1)], ["slept", "done"]),
    ):
        seen.clear()
        run = play(program, Script(segments))
        assert (run.error, seen) == (None, expected)


def test_what_goes_wrong_is_in_the_run() -> None:
    def crash(stepper: Stepper) -> Checks:
        async def work() -> None:
            raise ZeroDivisionError("planned")

        stepper.start(work)
        return Checks()

    assert isinstance(play(crash).error, ZeroDivisionError)

    def endless(stepper: Stepper) -> Checks:
        async def work() -> None:
            while True:
                await trio.lowlevel.checkpoint()

        stepper.start(work)
        return Checks()

    assert isinstance(play(endless, limit=50).error, StepLimitExceeded)

    def waits(stepper: Stepper) -> Checks:
        stepper.start(trio.sleep_forever, name="ada")
        return Checks()

    wrong = play(waits).error
    assert isinstance(wrong, NeverEnds)
    assert "['ada']" in str(wrong)


def test_the_end_is_checked_too_and_what_came_first_counts() -> None:
    def program(stepper: Stepper, first: bool) -> Checks:
        checks = Checks()
        checks.at_rest = lambda: checks.require("rest", not first, "")
        checks.at_end = lambda: checks.require("end", False, "")
        return checks

    assert str(play(partial(program, first=True)).error).startswith("rest")
    assert str(play(partial(program, first=False)).error).startswith("end")


def test_everything_is_counted() -> None:
    tally = explore(small.sound, [RunToBlock(), RandomWalk(1)], runs=20)
    assert tally.interleavings == 20
    assert 2 < tally.schedules <= 20
    assert tally.choices == tally.steps == 20 * 9
    assert tally.counts["always"] == tally.choices
    assert tally.overlaps > 0
    watched: list[int] = []
    explore(small.sound, RandomWalk(1), runs=3, watch=lambda t: watched.append(t.interleavings))
    assert watched == [1, 2, 3]


def test_a_seed_gives_one_series_of_schedules() -> None:
    def series(strategy: Strategy) -> list[str]:
        found = list[str]()

        def watch(tally: Tally) -> None:
            found.append(str(sorted(tally.seen)))

        explore(LOST, strategy, runs=25, failures=99, watch=watch)
        return found

    for make in CHANCE.values():
        assert series(make(7)) == series(make(7)) != series(make(8))


@pytest.mark.parametrize("seed", range(5))
def test_pct_moves_no_clock_before_a_task_that_fell_behind(seed: int) -> None:
    chooser = Pct(seed, 40).next()
    for index in range(200):
        # Each falls behind at some of these choices: the clock where it is alone, too.
        chooser.choose(Point(index, [CLOCK] if index % 2 else ["ada", CLOCK], 0))
    assert [chooser.choose(Point(200 + n, ["ada", CLOCK], 0)) for n in range(9)] == [0] * 9


@pytest.mark.parametrize("make", [lambda: Exhaustive(-1), lambda: Pct(1, 0)])
def test_what_can_not_be_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="or more"):
        make()
