"""The gate: places, a fair and bounded line, and no place lost to a cancellation (I11, I20)."""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_trio.responders.openai.gate import Gate, GateFull, GateStatistics
from nexus_trio.testing import Stepper


class Stand:
    """Calls of users through one gate, each held inside until it is let go."""

    def __init__(self, stepper: Stepper, gate: Gate) -> None:
        self.stepper = stepper
        self.gate = gate
        self.entered: list[str] = []
        self.inside: list[trio.Event] = []
        self.refused = 0

    def call(self, user: str) -> None:
        self.stepper.start(self._call, user, name=user)

    async def _call(self, user: str) -> None:
        try:
            await self.gate.enter(user)
        except GateFull:
            self.refused += 1
            return
        go = trio.Event()
        self.entered.append(user)
        self.inside.append(go)
        try:
            await go.wait()
        finally:
            if go in self.inside:
                self.inside.remove(go)
            self.gate.leave()

    def let_go(self, number: int) -> None:
        if self.inside:
            self.inside.pop(number % len(self.inside)).set()


def test_users_take_turns_whoever_came_first() -> None:
    with Stepper() as stepper:
        stand = Stand(stepper, Gate(1, 100))
        for user in ("a", "a", "a", "a", "b", "b", "c"):
            stand.call(user)
        stepper.settle()
        while stand.inside:
            stand.let_go(0)
            stepper.settle()
        # The first call of a had the place; then each user in turn, as long as they wait.
        assert stand.entered == ["a", "a", "b", "c", "a", "b", "a"]


def test_a_full_line_refuses_at_once_and_nobody_else() -> None:
    with Stepper() as stepper:
        stand = Stand(stepper, Gate(2, 3))
        for number in range(7):
            stand.call(f"u{number}")
        stepper.settle()
        assert (stand.refused, stand.gate.statistics()) == (2, GateStatistics(2, 3))
        while stand.inside:
            stand.let_go(0)
            stepper.settle()
        assert len(stand.entered) == 5


def test_no_line_at_all_may_be_wanted() -> None:
    with Stepper() as stepper:
        stand = Stand(stepper, Gate(1, 0))
        stand.call("a")
        stand.call("b")
        stepper.settle()
        assert (len(stand.inside), stand.refused) == (1, 1)


acts = st.tuples(st.sampled_from("csgx"), st.integers(0, 7))


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 3), st.integers(0, 4), st.lists(acts, max_size=60))
def test_no_order_of_events_loses_a_place(
    places: int, line: int, acts: list[tuple[str, int]]
) -> None:
    with Stepper() as stepper:
        gate = Gate(places, line)
        stand = Stand(stepper, gate)
        for act, number in acts:
            if act == "c":
                stand.call(f"u{number % 3}")
            elif act == "s":
                stepper.step(number)
            elif act == "g":
                stand.let_go(number)
            else:
                stepper.cancel(number)
            now = gate.statistics()
            assert 0 <= now.inside <= places
            assert 0 <= now.waiting <= line
            # Nobody waits for a place that is free.
            assert now.inside == places or not now.waiting
        while stepper.pending():
            stepper.settle()
            stand.let_go(0)
        assert gate.statistics() == GateStatistics(0, 0)
        assert not gate._lines  # nothing is kept of a user who has gone


@pytest.mark.parametrize("many", [1, 50])
def test_one_user_with_many_calls_holds_up_another_for_one_call(many: int) -> None:
    with Stepper() as stepper:
        stand = Stand(stepper, Gate(1, 1000))
        for _ in range(many + 1):
            stand.call("greedy")
        stepper.settle()
        stand.call("late")
        stepper.settle()
        stand.let_go(0)
        stepper.settle()
        stand.let_go(0)
        stepper.settle()
        assert Counter(stand.entered)["late"] == 1
        assert len(stand.entered) <= 3
