"""A Hypothesis machine finds a race by its choices, shrinks it, and passes what is right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import trio
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from trio.lowlevel import checkpoint

from nexus_trio.testing import Stepper

SETTINGS = settings(
    max_examples=150,
    stateful_step_count=40,
    database=None,
    derandomize=True,
    deadline=None,  # what a real clock says is no verdict
    phases=(Phase.generate, Phase.shrink),
)


class Bank:
    """Withdrawals that check, wait, and act: two can pass the check before one is booked."""

    def __init__(self) -> None:
        self.balance = 100

    async def withdraw(self, amount: int) -> bool:
        if self.balance < amount:  # check …
            return False
        await checkpoint()
        self.balance -= amount  # … then act
        return True


class LockedBank(Bank):
    def __init__(self) -> None:
        super().__init__()
        self.lock = trio.Lock()

    async def withdraw(self, amount: int) -> bool:
        async with self.lock:
            return await super().withdraw(amount)


class SlowBank(Bank):
    """Wrong only when a timeout beats a task that could run: the money goes twice."""

    async def withdraw(self, amount: int) -> bool:
        granted = False
        with trio.move_on_after(10):
            await checkpoint()
            granted = self.balance >= amount
            if granted:
                self.balance -= amount
            await checkpoint()
            return granted
        if granted:
            self.balance -= amount  # takes a timeout for a refusal, and books again
        return False


class BankMachine(RuleBasedStateMachine):
    bank_class = Bank
    examples = overlaps = cancels = jumps = 0

    def __init__(self) -> None:
        super().__init__()
        self.bank = self.bank_class()
        self.granted = 0
        self.stepper = Stepper()

    async def withdraw(self, amount: int) -> None:
        if await self.bank.withdraw(amount):
            self.granted += amount

    @precondition(lambda self: len(self.stepper.pending()) < 8)
    @rule(amount=st.sampled_from([10, 60, 100]))
    def start(self, amount: int) -> None:
        self.stepper.start(self.withdraw, amount)

    @rule(choice=st.integers(0, 7))
    def step(self, choice: int) -> None:
        self.stepper.step(choice)

    @rule(choice=st.integers(0, 7))
    def cancel(self, choice: int) -> None:
        type(self).cancels += self.stepper.cancel(choice) is not None

    @rule()
    def jump(self) -> None:
        type(self).jumps += self.stepper.jump() is not None

    @invariant()
    def nobody_is_overdrawn(self) -> None:
        assert self.bank.balance >= 0

    def teardown(self) -> None:
        # One task after the other: no race may come from here. And no second
        # assertion, which after a failed rule would count as another failure.
        with self.stepper:
            self.stepper.settle(choose=lambda names: 0, jump=True)
        cls = type(self)
        cls.examples += 1
        cls.overlaps += self.stepper.overlaps


# A search that must find something stops there; its budget is for the worst
# order of draws.
SEARCH = settings(SETTINGS, max_examples=3000)


def run(bank: type[Bank], how: settings = SEARCH) -> type[BankMachine]:
    machine = type("Machine", (BankMachine,), {"bank_class": bank})
    run_state_machine_as_test(machine, settings=how)
    return machine


def shrunk_rules(error: BaseException) -> list[str]:
    notes = "\n".join(getattr(error, "__notes__", []))
    return re.findall(r"^state\.(\w+)\(", notes, flags=re.MULTILINE)


def acts(rules: list[str]) -> list[str]:
    return [name for name in rules if name not in ("teardown", "nobody_is_overdrawn")]


def found(bank: type[Bank]) -> list[str]:
    """The rules of the shrunk failure; none where nothing was found."""
    try:
        run(bank)
    except AssertionError as error:
        return shrunk_rules(error)
    return []


def found_alone(bank: type[Bank]) -> list[str]:
    """As `found`, in a process of its own: what is drawn depends on which modules are loaded."""
    module = Path(__file__).stem
    script = f"import json, {module} as m; print(json.dumps(m.found(m.{bank.__name__})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    rules: list[str] = json.loads(done.stdout)
    return rules


def test_the_race_is_found_and_shrunk() -> None:
    rules = found_alone(Bank)
    assert rules.count("start") == 2
    assert len(acts(rules)) <= 6, rules  # two starts, two checks, two bookings


def test_a_failure_leaves_no_run_behind() -> None:
    assert found(Bank)
    assert not trio.lowlevel.in_trio_run()


def test_a_timeout_that_beats_a_runnable_task_is_found() -> None:
    rules = found_alone(SlowBank)
    assert "jump" in rules
    assert len(acts(rules)) <= 6, rules


def test_the_right_bank_passes_and_operations_did_overlap() -> None:
    machine = run(LockedBank, SETTINGS)
    assert machine.examples >= 100
    assert machine.overlaps > 100
    assert machine.cancels > 100
