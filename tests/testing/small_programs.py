"""Small programs with known defects, one a kind of race; explored by several tests here."""

from __future__ import annotations

import trio
from trio.lowlevel import checkpoint

from nexus_trio.testing import Stepper
from nexus_trio.testing.program import Checks


async def idle(steps: int) -> None:
    for _ in range(steps):
        await checkpoint()


def lost_update(stepper: Stepper, operations: list[str]) -> Checks:
    """`add` reads, waits, and writes; `noise` only takes steps."""
    total = [0]

    async def add() -> None:
        was = total[0]
        await checkpoint()
        total[0] = was + 1

    for name in operations:
        if name == "add":
            stepper.start(add, name=name)
        else:
            stepper.start(idle, 4, name=name)
    checks, wanted = Checks(), operations.count("add")
    checks.at_rest = lambda: checks.require("sum", total[0] == wanted, f"{total[0]} of {wanted}")
    return checks


def late_answer(stepper: Stepper) -> Checks:
    """A caller's time runs out while the answer is there and could be read."""
    answers: list[str] = []
    gate = trio.Event()

    async def answer() -> None:
        await idle(2)
        gate.set()

    async def ask() -> None:
        with trio.move_on_after(5):
            await gate.wait()
            await checkpoint()
            answers.append("read")

    stepper.start(ask, name="ask")
    stepper.start(answer, name="answer")
    checks = Checks()
    checks.at_rest = lambda: checks.require("answer", answers, "never read")
    return checks


def three_in_order(stepper: Stepper, noise: int = 2) -> Checks:
    """Broken only if `b` steps between two steps of `a`, and `c` between two of `b`: depth 3."""
    state = {"a": 0, "b": 0, "c": 0}
    wrong: list[str] = []

    async def a() -> None:
        state["a"] = 1
        await checkpoint()
        if state["c"] == 1:
            wrong.append("c came while a was inside")
        state["a"] = 2

    async def b() -> None:
        if state["a"] == 1:
            state["b"] = 1
        await checkpoint()

    async def c() -> None:
        if state["b"] == 1:
            state["c"] = 1
        await checkpoint()

    for number, fn in enumerate((c, b, a)):
        stepper.start(fn, name=fn.__name__)
        if number < noise:
            stepper.start(idle, 4, name="noise")
    checks = Checks()
    checks.at_rest = lambda: checks.require("order", not wrong, str(wrong))
    return checks


def dead_lock(stepper: Stepper) -> Checks:
    """Two locks, taken in two orders."""
    one, two = trio.Lock(), trio.Lock()

    async def both(first: trio.Lock, second: trio.Lock) -> None:
        async with first:
            await checkpoint()
            async with second:
                await checkpoint()

    stepper.start(both, one, two, name="ada")
    stepper.start(both, two, one, name="bob")
    return Checks()


def sound(stepper: Stepper, tasks: int = 3, steps: int = 2) -> Checks:
    """Nothing is wrong with it."""
    for number in range(tasks):
        stepper.start(idle, steps, name=f"task{number}")
    checks = Checks()
    checks.after_step = lambda: checks.require("always", True, "")
    return checks
