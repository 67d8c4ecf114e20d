"""Runs a plan: the stack, the clients, the schedule, then the end of the server.

    python sim_run.py SOURCE KIND EXAMPLES SEED...

in a process of its own, on the source that PYTHONPATH names. Prints one JSON
line a seed: what broke (null for nothing), after how many examples and seconds,
how large the plan was before and after it was cut down, and the digest of all
that was done and seen.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from sim_checks import Broken, judge, same_alone
from sim_client import Client, Talk, World
from sim_plan import Draw, Life, Op, Plan
from sim_stack import Make, Stack

import nexus_trio
from nexus_trio.testing import StepLimitExceeded

STEPS = 60_000
"""A plan takes hundreds to a few thousand steps; one that takes this many goes in circles."""

PATIENCE = 600.0
"""Virtual seconds: longer than all time-outs of the server in a row. Who waits so long, while
nobody could run, was forgotten."""

LATER = 200.0
"""Virtual seconds: silence (30 s), presence (60 s) and a commit, and as much again."""

Choose = Callable[[list[str]], int]


@dataclass
class Tally:
    """What a whole run came to."""

    counts: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    examples: int = 0
    steps: int = 0
    overlaps: int = 0
    together: int = 0
    """Plans in which two connections or more were open at once."""
    trace: hashlib._Hash = field(default_factory=hashlib.sha256)

    def table(self) -> str:
        rows = sorted(self.counts.items(), key=lambda row: int(row[0][1:]))
        rows += [
            (name, getattr(self, name)) for name in ("examples", "steps", "overlaps", "together")
        ]
        rows += sorted(self.seen.items())
        return "\n".join(f"{name:30} {count:>10,}" for name, count in rows)


def _together(talks: list[Talk]) -> bool:
    spans = sorted((talk.begun, talk.ended) for talk in talks if talk.begun)
    return any(begun < ended for (_, ended), (begun, _) in pairwise(spans))


class Ran:
    """A plan that was run, and all that its clients saw."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.leaks: list[str] = []
        self.stack = Stack(Make(plan.store, plan.responder, plan.pushes), self.leaks.append)
        self.world = World(self.stack.connect, self._operate)
        self.stopped_early = False
        self.rng = random.Random(plan.seed)
        self.tasks_left: list[str] = []
        self.at_rest: dict[str, object] = {}
        self.occupants: dict[str, tuple[str, ...]] = {}
        self.overlaps = 0

    def _operate(self, what: str) -> None:
        if what == "stop":
            self.stopped_early = True
            self.stack.stop()
        else:
            self.stack.store.fault = None if what == "up" else what

    def run(self) -> None:
        """All of it, down to the end of the server."""
        stack, stepper = self.stack, self.stack.stepper
        try:
            choose = CHOICES[self.plan.strategy](self.plan.seed)
            self._go(self.plan.lives, self._hurried(choose))
            self.overlaps = stepper.overlaps
            self.together = _together(list(self.world.talks.values()))
            self.rest = self._rest()
            self.crashes = {
                "contained": stack.context.ledger.statistics().contained,
                "rooms crashed": stack.hub.statistics().room_crashes,
            }
            if not self.stopped_early:
                self._probe()
            stack.stop()
            while stack.ended_at is None and not stack.operation.done:
                stepper.settle(STEPS, choose)
                if stack.ended_at is None and stepper.jump() is None:
                    break
            self.tasks_left = [name for name in stepper.tasks() if not name.startswith("server")]
        finally:
            stack.close()

    def _hurried(self, choose: Choose) -> Choose:
        hurry, rng, stepper = self.plan.hurry, self.rng, self.stack.stepper
        if not hurry:
            return choose

        def hurried(names: list[str]) -> int:
            if rng.random() < hurry:
                stepper.jump()
            return choose(names)

        return hurried

    def _go(self, lives: tuple[Life, ...], choose: Choose | None) -> None:
        stepper = self.stack.stepper
        clients = [Client(self.world, life) for life in lives]
        for client in clients:
            stepper.start(client.run, name=client.life.name)
        waited = 0.0
        while True:
            stepper.settle(STEPS, choose)
            waiting = [
                client for client in clients if not self.world.over[client.life.name].is_set()
            ]
            if not waiting:
                return
            # Heartbeats go on for ever: who waits for an answer is given so long, and no longer.
            passed = stepper.jump()
            waited += passed or 0.0
            if passed is None or waited > PATIENCE:
                self.world.forgotten += [repr(client) for client in waiting]
                return

    def _rest(self) -> dict[str, object]:
        """Pools and semaphores when nothing is asked any more."""
        stack = self.stack
        if self.stopped_early:
            return {}
        until = stack.stepper.now + LATER
        while stack.stepper.now < until and stack.stepper.jump() is not None:
            stack.stepper.settle(STEPS)
        statistics = stack.hub.statistics()
        found: dict[str, object] = {
            "waiting": statistics.waiting,
            "connections": stack.context.ledger.statistics().open,
        }
        if self.plan.responder == "openai":
            of = stack.responder.statistics()
            found |= {"running": of.running, "in line": of.waiting, "busy": of.busy_connections}
        else:
            found["speaking"] = stack.responder.speaking
        return found

    def _probe(self) -> None:
        """What is held of everybody, and who is where, asked as anybody would."""
        users = sorted(
            {op.user for life in self.plan.lives for op in life.ops if op.kind == "chat"}
        )
        ops = [Op("rooms", 90_000, "?")]
        ops += [Op("history", 90_001 + i, user) for i, user in enumerate(users)]
        self._go((Life("http", "probe", "proxy", tuple(ops)),), None)


def walk(seed: int) -> Choose:
    """Any that can step, each as likely as the others."""
    rng = random.Random(seed)
    return lambda names: rng.randrange(len(names)) if len(names) > 1 else 0


def pos(seed: int) -> Choose:
    """Partial order sampling: each step of a task has a priority, drawn when it comes up."""
    steps: Counter[str] = Counter()
    ranks: dict[str, int] = {}

    def choose(names: list[str]) -> int:
        best, which = -1, 0
        for i, name in enumerate(names):
            rank = ranks.get(name)
            if rank is None:
                rank = ranks[name] = zlib.crc32(f"{seed} {name} {steps[name]}".encode())
            if rank > best:
                best, which = rank, i
        steps[names[which]] += 1
        del ranks[names[which]]
        return which

    return choose


def pct(seed: int) -> Choose:
    """Priorities of tasks, a few of which change on the way: some tasks starve for long."""
    rng, step, changed = random.Random(seed), 0, Counter[str]()
    at = {rng.randrange(1500) for _ in range(12)}

    def choose(names: list[str]) -> int:
        nonlocal step
        step += 1
        ranked = [zlib.crc32(f"{seed} {name} {changed[name]}".encode()) for name in names]
        which = ranked.index(max(ranked))
        if step in at or step % 400 == 0:
            changed[names[which]] += 1
        return which

    return choose


def turns(seed: int) -> Choose:
    """One after the other."""
    count = 0

    def choose(names: list[str]) -> int:
        nonlocal count
        count += 1
        return count % len(names)

    return choose


CHOICES: dict[str, Callable[[int], Choose]] = {"walk": walk, "pos": pos, "pct": pct, "turns": turns}


def simulate(plan: Plan, tally: Tally) -> None:
    """Run it and judge it. Raises `Broken`."""
    ran = Ran(plan)
    try:
        ran.run()
    except StepLimitExceeded as error:
        raise Broken("I22", str(error)) from None
    tally.examples += 1
    tally.steps += ran.stack.stepper.steps
    tally.overlaps += ran.overlaps
    tally.together += ran.together
    tally.trace.update(repr(ran.stack.stepper.trace).encode())
    for name, talk in ran.world.talks.items():
        tally.trace.update(name.encode() + talk.raw)
    judge(ran, tally)
    if any(life.calm for life in plan.lives):
        for user in sorted({life.user for life in plan.lives if life.calm}):
            alone = Ran(plan.only(user))
            alone.run()
            tally.examples += 1
            same_alone(user, ran, alone, tally)


def drawn(seed: int, kind: str = "mixed") -> Iterator[Plan]:
    """Plans without end, from one seed."""
    rng = random.Random(seed)
    while True:
        each = rng.randrange(1 << 40)
        draw, which = Draw(each), rng.random() if kind == "mixed" else 1.0
        if kind == "calm" or which < 0.2:
            yield draw.calm()
        elif kind == "crowd" or which < 0.28:
            yield draw.crowd()
        elif kind == "sockets" or which < 0.34:
            yield draw.sockets()
        elif kind == "stops" or which < 0.4:
            yield draw.stops()
        elif kind == "care" or which < 0.46:
            yield draw.care()
        elif kind == "ending" or which < 0.48:
            yield draw.ending()
        else:
            yield draw.plan(kind)


def shrunk(plan: Plan, number: str, most: int = 60) -> Plan:
    """A smaller plan that breaks the same, as far as so many tries get."""
    tries = 0

    def still(smaller: Plan) -> bool:
        nonlocal tries
        tries += 1
        try:
            simulate(smaller, Tally())
        except Broken as broken:
            return broken.number == number
        return False

    again = True
    while again and tries < most:
        again = False
        for smaller in _smaller(plan):
            if tries >= most:
                break
            if still(smaller):
                plan, again = smaller, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for i in range(len(plan.lives)):
        yield replace(plan, lives=plan.lives[:i] + plan.lives[i + 1 :])
    for i, life in enumerate(plan.lives):
        for j in range(len(life.ops)):
            less = (*plan.lives[:i], life.without(j), *plan.lives[i + 1 :])
            yield replace(plan, lives=less)


def search(seed: int, examples: int, kind: str, *, shrink: bool = True) -> dict[str, object]:
    """Examples from one seed; the first failure ends it."""
    tally, began, found = Tally(), time.process_time(), None
    size = None
    for plan in drawn(seed, kind):
        try:
            simulate(plan, tally)
        except Broken as broken:
            found = broken
            seconds = time.process_time() - began
            size = shrunk(plan, broken.number).size if shrink else plan.size
            break
        if tally.examples >= examples:
            seconds = time.process_time() - began
            break
    return {
        "seed": seed,
        "broke": None if found is None else found.number,
        "what": None if found is None else str(found)[:300],
        "examples": tally.examples,
        "overlaps": tally.overlaps,
        "seconds": round(seconds, 1),
        "size": size,
        "digest": tally.trace.hexdigest(),
    }


def main() -> None:
    source, kind, examples, *seeds = sys.argv[1:]
    if not Path(nexus_trio.__file__).is_relative_to(Path(source).resolve()):
        sys.exit(f"imported {nexus_trio.__file__}, which is not in {source}")
    for seed in seeds:
        print(
            json.dumps(search(int(seed), int(examples), kind, shrink=seed == seeds[0])), flush=True
        )


if __name__ == "__main__":
    main()
