"""Failures become small, and stay the same failure."""

from __future__ import annotations

from functools import partial
from statistics import median

import pytest
import small_programs as small

from nexus_trio.testing.explore import explore
from nexus_trio.testing.play import Run, Script, play
from nexus_trio.testing.program import Broken, Named, Program
from nexus_trio.testing.segments import GO_ON
from nexus_trio.testing.shrink import kind, shrink, shrink_program
from nexus_trio.testing.strategies import RandomWalk

DEFECTS: dict[str, Program] = {
    "lost update": partial(small.lost_update, operations=["noise", "add", "noise", "add"]),
    "late answer": small.late_answer,
    "three in order": small.three_in_order,
    "dead lock": small.dead_lock,
}


def failures(program: Program, seeds: range) -> list[Run]:
    """The first failure of a random walk, from each seed."""
    return [explore(program, RandomWalk(seed), runs=3000).failures[0] for seed in seeds]


@pytest.mark.parametrize("program", DEFECTS.values(), ids=DEFECTS)
def test_a_schedule_by_chance_comes_down_to_the_deviations_that_matter(program: Program) -> None:
    sizes = []
    for failed in failures(program, range(7)):
        small_one = shrink(program, failed)
        assert failed.error is not None
        assert small_one.error is not None
        assert kind(small_one.error) == kind(failed.error)
        again = play(program, Script(small_one.segments, strict=True))
        assert again.digest == small_one.digest
        assert len(small_one.segments) <= len(failed.segments)
        sizes.append(len(small_one.segments))
    assert median(sizes) <= 4, sizes


def test_shrinking_takes_no_more_tries_than_it_is_given() -> None:
    runs = 0

    def counted(stepper: object) -> object:
        nonlocal runs
        runs += 1
        return small.late_answer(stepper)  # type: ignore[arg-type]

    failed = failures(small.late_answer, range(1))[0]
    shrink(counted, failed, tries=3)  # type: ignore[arg-type]
    assert 0 < runs <= 3


def test_operations_that_do_not_matter_are_left_out() -> None:
    named = Named(
        f"{__file__.rpartition('/')[0]}/small_programs.py:lost_update",
        {"operations": ["noise", "add", "noise", "add", "noise", "add"]},
    )
    fewer, run = shrink_program(named, failures(named, range(1))[0])
    assert fewer.arguments == {"operations": ["add", "add"]}
    assert isinstance(run.error, Broken)
    assert [who for who, _ in run.segments if who != GO_ON] == ["add#2"]
    alone = Named(named.name.replace("lost_update", "late_answer"))
    assert shrink_program(alone, failures(alone, range(1))[0])[0] == alone


def test_only_a_failure_shrinks() -> None:
    with pytest.raises(ValueError, match="nothing to shrink"):
        shrink(small.sound, play(small.sound))


def test_another_invariant_is_another_failure() -> None:
    assert kind(Broken("I1", "a")) == kind(Broken("I1", "b")) != kind(Broken("I2", "a"))
    assert kind(OSError()) == "OSError"
