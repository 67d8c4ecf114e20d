"""One plan on the whole server, as a program of `nexus_trio.testing`, which chooses its schedules.

`whole` is what a saved failure names. Its arguments are the plan, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from sim_checks import judge, same_alone
from sim_client import Client, Talk, World
from sim_plan import Life, Op, Plan, planned
from sim_stack import Make, Stack

from nexus_trio.testing import Stepper
from nexus_trio.testing.play import Chooser, Point
from nexus_trio.testing.program import Broken, Checks, Named
from nexus_trio.testing.segments import CLOCK
from nexus_trio.testing.strategies import PartialOrder, Pct, RandomWalk, RunToBlock

STEPS = 5_000
"""What is no choice takes a few hundred; one that takes this many goes in circles."""

PATIENCE = 600.0
"""Virtual seconds: longer than all time-outs of the server in a row. Where no client has seen
anything for so long, one was forgotten. Where the clock runs ahead of those who could step, the
limit of the choices says so."""

LATER = 200.0
"""Virtual seconds: silence (30 s), presence (60 s) and a commit, and as much again."""


def whole(stepper: Stepper, operations: list[dict[str, Any]], **how: Any) -> Checks:
    """The plan of these arguments; see `Plan.arguments`."""
    return Ran(planned(operations, **how))(stepper)


def named(plan: Plan) -> Named:
    """The plan as a program that a saved failure can name."""
    return Named("tests/sim/sim_program.py:whole", plan.arguments())


class Patient:
    """Has a chooser choose, but for the clock: that moves where nobody can step.

    Else what somebody gets would depend on what times out, and be another thing in a crowd.
    """

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    def choose(self, point: Point) -> int | str:
        names = point.names
        if names[-1] == CLOCK and len(names) > 1:
            point = Point(point.index, names[:-1], point.default)
        return self._chooser.choose(point)


def chooser(plan: Plan) -> Chooser:
    """Who chooses the plan's steps, from its seed alone."""
    strategies = {
        "walk": RandomWalk(plan.seed),
        "pos": PartialOrder(plan.seed),
        "pct": Pct(plan.seed, 8, length=200),
        "block": RunToBlock(),
    }
    chosen = strategies[plan.strategy].next()
    assert chosen is not None
    return chosen if plan.hurry else Patient(chosen)


class Ran:
    """A plan that is run, once, and all that its clients saw."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.checks = Checks(self._nobody_is_forgotten, self.at_rest, self.at_end)
        self.seen: Counter[str] = Counter()
        """What was met, by name."""
        self.leaks: list[str] = []
        self.tasks_left: list[str] = []
        self.rest: dict[str, object] = {}
        self.crashes: dict[str, int] = {}
        self.stack: Stack
        self.world: World
        self.stopped_early = self.together = self._came_to_rest = False
        self.alone_steps = 0

    def __call__(self, stepper: Stepper) -> Checks:
        plan = self.plan
        self.stack = Stack(
            stepper,
            Make(plan.store, plan.responder, plan.transport, plan.pushes),
            self.leaks.append,
        )
        self.world = World(self.stack.connect, self._operate)
        self._start(*plan.lives)
        return self.checks

    def _start(self, *lives: Life) -> None:
        # All are known before one of them begins: who comes after another looks for it.
        clients = [Client(self.world, life) for life in lives]
        for client in clients:
            self.stack.stepper.start(client.run, name=client.life.name)

    def _operate(self, what: str) -> None:
        if what == "stop":
            self.stopped_early = True
            self.stack.stop()
        else:
            self.stack.store.fault = None if what == "up" else what

    def _nobody_is_forgotten(self) -> None:
        if not self.plan.hurry and self.stack.stepper.now > self.world.seen_at + PATIENCE:
            waiting = [operation.name for operation in self.stack.stepper.pending()]
            raise Broken("I22", f"forgotten: {waiting}")

    # --- when all clients have gone ---

    def at_rest(self) -> None:
        """What is left in the server and held by it; then its end."""
        stack = self.stack
        self.together = _together(list(self.world.talks.values()))
        self._look_at_rest()
        statistics = stack.hub.statistics()
        self.crashes = {
            "contained": stack.context.ledger.statistics().contained,
            "rooms crashed": statistics.room_crashes,
            "sessions crashed unasked": max(0, statistics.session_crashes - self._asked_to_crash()),
        }
        if not self.stopped_early:
            self._probe()
        stack.stop()
        while stack.ended_at is None and not stack.operation.done:
            stack.stepper.settle(STEPS)
            if stack.ended_at is None and stack.stepper.jump() is None:
                break
        self.tasks_left = [name for name in stack.stepper.tasks() if not name.startswith("server")]
        self._came_to_rest = True

    def _asked_to_crash(self) -> int:
        """How many sessions may crash: words say so to the stand-in, and to no real responder."""
        said = [op for life in self.plan.lives for op in life.ops if op.mode == "crash"]
        return len(said) if self.plan.responder == "moody" else 0

    def _look_at_rest(self) -> None:
        """Pools and semaphores when nothing is asked any more."""
        stack, stepper = self.stack, self.stack.stepper
        if self.stopped_early:
            return
        until = stepper.now + LATER
        while stepper.now < until and stepper.jump() is not None:
            stepper.settle(STEPS)
        self.rest = {
            "waiting": stack.hub.statistics().waiting,
            "connections": stack.context.ledger.statistics().open,
        }
        if self.plan.responder == "openai":
            of = stack.responder.statistics()
            self.rest |= {"running": of.running, "in line": of.waiting, "busy": of.busy_connections}
        else:
            self.rest["speaking"] = stack.responder.speaking

    def _probe(self) -> None:
        """What is held of everybody, and who is where, asked as anybody would."""
        ops = [op for life in self.plan.lives for op in life.ops]
        users = sorted({op.user for op in ops if op.kind in ("chat", "erase")})
        present = any(life.kind != "http" for life in self.plan.lives)
        asked = [Op("rooms", 90_000, "?", wait=False)] if present else []
        asked += [Op("history", 90_001 + i, user, wait=False) for i, user in enumerate(users)]
        self._start(Life("http", "probe", "proxy", tuple(asked)))
        self.stack.stepper.settle(STEPS, jump=True)

    # --- when the server has ended ---

    def at_end(self) -> None:
        """Judge it, and what its calm users got against what they get alone. Raises `Broken`."""
        if not hasattr(self, "stack"):
            return  # it could not even be made, and that is what the run tells
        self.stack.leave()
        if not self._came_to_rest:
            return
        judge(self)
        for user in sorted({life.user for life in self.plan.lives if life.calm}):
            alone = Ran(self.plan.only(user))
            alone.in_rounds()
            self.alone_steps += alone.stack.stepper.steps
            same_alone(user, self, alone)

    def in_rounds(self) -> None:
        """Run it, all tasks in turn: not to find a race, but to compare another run with it."""
        with Stepper() as stepper:
            self(stepper)
            try:
                stepper.settle(STEPS, jump=True)
            finally:
                self.stack.leave()


def _together(talks: list[Talk]) -> bool:
    spans = sorted((talk.begun, talk.ended) for talk in talks if talk.begun)
    return any(begun < ended for (_, ended), (begun, _) in pairwise(spans))
