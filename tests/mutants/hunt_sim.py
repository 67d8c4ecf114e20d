"""The level `sim`: the whole server under drawn plans.

What is found is a plan under the schedule that its seed draws. That schedule is written down
as segments, so it is shrunk and saved as any other failure of `nexus_trio.testing` is.
"""

from __future__ import annotations

import copyreg
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any, Final

import sim_run
from fresh import broken_again, fresh
from sim_checks import Broken, judge, same_alone
from sim_plan import Life, Op, Plan
from sim_run import CHOICES, Ran, Tally, drawn

from nexus_trio.testing import StepLimitExceeded, replay
from nexus_trio.testing.play import Run
from nexus_trio.testing.program import Named
from nexus_trio.testing.segments import CLOCK, GO_ON, Recorder, Segment
from nexus_trio.testing.shrink import kind as kind_of
from nexus_trio.testing.shrink import shrink

PROGRAM: Final = "tests/mutants/hunt_sim.py:served"

TRIES: Final = 80
"""Runs in which a plan, and then its schedule, is made small."""

Failed = tuple[Plan, Run]

copyreg.pickle(Broken, broken_again)


class Played(Ran):
    """A plan under the schedule that its seed draws, or, given `segments`, under these."""

    def __init__(self, plan: Plan, segments: Sequence[Segment] | None) -> None:
        super().__init__(plan)
        self.recorder = Recorder()
        self.chosen: list[str] = []
        self._left = None if segments is None else [list(each) for each in reversed(segments)]
        self._drawn = CHOICES[plan.strategy](plan.seed)
        self._last = ""

    def run(self) -> None:
        CHOICES["played"] = lambda seed: self._choose
        drawn_by, self.plan = self.plan, replace(self.plan, strategy="played")
        try:
            super().run()
        finally:
            self.plan = drawn_by

    def _hurried(self, choose: sim_run.Choose) -> sim_run.Choose:
        hurry, rng = self.plan.hurry, self.rng

        def hurried(names: list[str]) -> int:
            if self._left is None and hurry and rng.random() < hurry:
                self._jump()
            return choose(names)

        return hurried

    def _jump(self) -> None:
        self.stack.stepper.jump()
        self.recorder.note(CLOCK, "")
        self.chosen.append(CLOCK)

    def _choose(self, names: list[str]) -> int:
        default = self._in_order(names)
        which = (
            self._drawn(names) % len(names) if self._left is None else self._said(names, default)
        )
        self._last = names[which]
        self.recorder.note(self._last, names[default])
        self.chosen.append(self._last)
        return which

    def _in_order(self, names: list[str]) -> int:
        if self._last in names:
            return names.index(self._last)
        return self.stack.stepper.choices()[1] % len(names)

    def _said(self, names: list[str], default: int) -> int:
        """What the segments say; where a task can't go on, the rest of its segment is left out."""
        left = self._left
        while left:
            segment = left[-1]
            who = segment[0]
            if segment[1] <= 0 or not (who in names or who in (GO_ON, CLOCK)):
                left.pop()
                continue
            segment[1] -= 1
            if who == CLOCK:
                self._jump()
                continue
            return default if who == GO_ON else names.index(who)
        return default


def play(plan: Plan, segments: Sequence[Segment] | None = None) -> Run:
    """Run the plan once and judge it; without segments, under its own schedule."""
    tally, error = Tally(), None  # type: Tally, Broken | None
    ran = Played(plan, segments)
    try:
        ran.run()
        judge(ran, tally)
        for user in sorted({life.user for life in plan.lives if life.calm}):
            alone = Ran(plan.only(user))
            alone.run()
            same_alone(user, ran, alone, tally)
    except StepLimitExceeded as wrong:
        error = Broken("I22", str(wrong))
    except Broken as wrong:
        error = wrong
    stepper = ran.stack.stepper
    return Run(
        ran.recorder.segments(),
        sha256("\n".join(ran.chosen).encode()).hexdigest()[:16],
        len(ran.chosen),
        stepper.steps,
        ran.overlaps,
        stepper.now,
        tally.counts,
        error,
    )


def hunt(
    seed: int, examples: int, kind: str, skip: int = 0
) -> tuple[dict[str, Any], Failed | None]:
    """Examples from one seed behind those to skip, until one fails: the figures, the failure."""
    began, done, overlaps, failed = time.process_time(), 0, 0, None
    for plan in drawn(seed, kind):
        done += 1
        if done > skip:
            run = play(plan)
            overlaps += run.overlaps
            if run.error is not None:
                failed = (plan, run)
                break
        if done >= examples:
            break
    figures = {
        "seed": seed,
        "how": f"plan, {failed[0].strategy}" if failed else "",
        "examples": done,
        "overlaps": overlaps,
        "seconds": time.process_time() - began,
    }
    return figures, failed


def confirmed(failed: Failed) -> Failed | None:
    """The same failure in a fresh process, where it is one there too."""
    run = fresh(play, failed[0])
    assert failed[1].error is not None
    same = run.error is not None and kind_of(run.error) == kind_of(failed[1].error)
    return (failed[0], run) if same else None


def small(failed: Failed) -> Failed:
    """The failure with few connections and operations, and few segments."""
    return _Smaller(*failed).done()


class _Smaller:
    """Cuts a plan down, under its own schedule or, as soon as it fails there, in order."""

    def __init__(self, plan: Plan, run: Run) -> None:
        assert run.error is not None
        self.plan, self.run, self.kind = plan, run, kind_of(run.error)
        self.segments: list[Segment] | None = None
        self.left = TRIES

    def done(self) -> Failed:
        self._still(self.plan, [])
        self._cut()
        if self.segments is None:
            self.left = TRIES
            self._still(self.plan, self.run.segments)
        if self.segments:
            self._shrink_schedule()
            self._cut()
            self._shrink_schedule()
        return self.plan, self.run

    def _still(self, plan: Plan, segments: list[Segment] | None) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        run = fresh(play, plan, segments)
        if run.error is None or kind_of(run.error) != self.kind:
            return False
        self.plan, self.run = plan, run
        self.segments = None if segments is None else run.segments
        return True

    def _cut(self) -> None:
        before = -1
        while before != self.plan.size and self.left > 0:
            before = self.plan.size
            for part in (_without_life, _without_op):
                at = 0
                while (plan := part(self.plan, at)) is not None:
                    if not (self._still(plan, self.segments) or self._in_order(plan)):
                        at += 1

    def _in_order(self, plan: Plan) -> bool:
        return self.segments != [] and self._still(plan, [])

    def _shrink_schedule(self) -> None:
        plan = self.plan

        def again(call: object, program: object, segments: list[Segment], limit: int) -> Run:
            return fresh(play, plan, segments)

        self.run = shrink(served, self.run, TRIES, apart=again)
        self.segments = self.run.segments


def _without_life(plan: Plan, at: int) -> Plan | None:
    if at >= len(plan.lives):
        return None
    return replace(plan, lives=plan.lives[:at] + plan.lives[at + 1 :])


def _without_op(plan: Plan, at: int) -> Plan | None:
    for index, life in enumerate(plan.lives):
        if at < len(life.ops):
            less = (*plan.lives[:index], life.without(at), *plan.lives[index + 1 :])
            return replace(plan, lives=less)
        at -= len(life.ops)
    return None


def served(stepper: object, **arguments: Any) -> Any:
    """The name of the program in a file. It makes a stepper of its own: `replayed` plays it."""
    raise LookupError("a plan is replayed by tests/mutants/mutant_replay.py")


def size(failed: Failed) -> tuple[int, int]:
    """How many operations, of which each coming of a connection is one, and how many segments."""
    return failed[0].size, len(failed[1].segments)


def saved(failed: Failed, seed: int, how: str) -> replay.Saved:
    plan, run = failed
    return replay.save(Named(PROGRAM, {"plan": asdict(plan)}), run, seed=seed, how=how)


def replayed(saved: replay.Saved) -> Run:
    """The saved plan once more, under the saved segments."""
    plan = dict(saved.program.arguments["plan"])
    lives = tuple(_life(dict(life)) for life in plan.pop("lives"))
    return play(Plan(lives=lives, **plan), saved.segments)


def _life(life: dict[str, Any]) -> Life:
    ops = tuple(Op(**op) for op in life.pop("ops"))
    return Life(ops=ops, pieces=tuple(life.pop("pieces")), **life)
