"""The checker agrees with brute force on all small histories, and its errors show where."""

from __future__ import annotations

import random
from itertools import chain, combinations, permutations
from math import inf
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_trio.testing.linear import Call, History, NotLinearizable, check_linearizable

State = tuple[str, ...]


def register(state: int, operation: tuple[str, int]) -> tuple[int, Any]:
    kind, value = operation
    match kind:
        case "write":
            return value, None
        case "add":
            return state + value, state + value
    return state, state


def queue(state: State, operation: tuple[str, str]) -> tuple[State, Any]:
    kind, value = operation
    if kind == "put":
        return (*state, value), None
    return state[1:], state[0] if state else None


def brute_force(calls: list[Call], initial: Any, apply: Any) -> bool:
    """Every order of the calls with an end, and of some of the others."""
    must = [call for call in calls if call.end != inf]
    may = [call for call in calls if call.end == inf]
    for some in chain.from_iterable(combinations(may, n) for n in range(len(may) + 1)):
        for order in permutations([*must, *some]):
            if all(
                order[later].end >= order[first].start
                for first in range(len(order))
                for later in range(first + 1, len(order))
            ) and plays(order, initial, apply):
                return True
    return False


def plays(order: tuple[Call, ...], state: Any, apply: Any) -> bool:
    for call in order:
        state, result = apply(state, call.operation)
        if call.end != inf and result != call.result:
            return False
    return True


def agrees(calls: list[Call], initial: Any, apply: Any) -> None:
    """The checker finds an order that explains them, or none and a beginning without one."""
    if brute_force(calls, initial, apply):
        order = check_linearizable(calls, initial, apply)
        assert plays(tuple(order), initial, apply)
        assert {call for call in calls if call.end != inf} <= set(order)
        return
    with pytest.raises(NotLinearizable) as wrong:
        check_linearizable(calls, initial, apply)
    assert not brute_force(list(wrong.value.prefix), initial, apply)


@st.composite
def histories(draw: st.DrawFn, operations: st.SearchStrategy[Any], results: Any) -> list[Call]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, 8))
        end = draw(st.integers(start, 9) | st.just(inf))
        result = draw(results) if end != inf else None
        found.append(Call(f"p{number}", draw(operations), start, end, result))
    return found


registers = st.tuples(st.sampled_from(["write", "add", "read"]), st.integers(0, 1))
puts = st.tuples(st.sampled_from(["put", "take"]), st.sampled_from("ab"))


@settings(max_examples=400, deadline=None)
@given(histories(registers, st.none() | st.integers(0, 2)))
def test_of_a_register_it_says_what_brute_force_says(calls: list[Call]) -> None:
    agrees(calls, 0, register)


@settings(max_examples=400, deadline=None)
@given(histories(puts, st.none() | st.sampled_from("ab")))
def test_of_a_queue_it_says_what_brute_force_says(calls: list[Call]) -> None:
    agrees(calls, (), queue)


def test_the_smallest_wrong_beginning_is_shown() -> None:
    calls = [
        Call("ada", ("write", 1), 1, 2),
        Call("bob", ("write", 2), 3, 6),
        Call("cyd", ("read", 0), 4, 5, 1),
        Call("cyd", ("read", 0), 7, 8, 1),
        Call("ada", ("write", 3), 9, 10),
        Call("dan", ("write", 4), 4),
        Call("eve", ("read", 0), 20, 30, 99),
    ]
    with pytest.raises(NotLinearizable) as wrong:
        check_linearizable(calls, 0, register)
    told = str(wrong.value)
    assert "up to time 8 " in told
    assert "[4, …] dan: ('write', 4) may have happened" in told
    assert "[7, 8] cyd: ('read', 0) -> 1, but would get 2" in told
    assert "99" not in told
    assert "('write', 3)" not in told
    assert {call.start for call in wrong.value.prefix} == {1, 3, 4, 7}


def test_what_has_no_end_may_have_happened_or_not() -> None:
    lost = Call("ada", ("write", 1), 1)
    for value in (0, 1):
        check_linearizable([lost, Call("bob", ("read", 0), 2, 3, value)], 0, register)
    both = [Call("bob", ("read", 0), 2, 3, 1), Call("bob", ("read", 0), 4, 5, 0)]
    with pytest.raises(NotLinearizable):
        check_linearizable([lost, *both], 0, register)
    with pytest.raises(NotLinearizable):  # nor can it come before it began
        check_linearizable([Call("bob", ("read", 0), 0, 0.5, 1), lost], 0, register)


def test_it_takes_long_histories_of_ten_processes() -> None:
    draw, state, times = random.Random(1), 0, [0.0] * 10
    calls, moments = list[Call](), []
    for process in range(10):
        for _ in range(300):
            start, moment, end = (times[process] + draw.random() * n for n in (1, 2, 3))
            start, moment, end = sorted((start, moment, end))
            times[process] = end
            moments.append((moment, start, end, f"p{process}"))
    for _, start, end, name in sorted(moments):
        operation = (draw.choice(["write", "add", "read"]), draw.randrange(9))
        state, result = register(state, operation)
        calls.append(Call(name, operation, start, end, result))
    assert len(check_linearizable(calls, 0, register)) == 3000


async def test_calls_are_noted_as_they_end() -> None:
    history = History()

    async def give(value: object) -> object:
        await trio.lowlevel.checkpoint()
        if isinstance(value, Exception):
            raise value
        return value

    assert await history.call("a", "one", lambda: give(1), seen=str) == 1
    with pytest.raises(OSError, match="lost"):
        await history.call("a", "two", lambda: give(OSError("lost")), unknown=(OSError,))
    with pytest.raises(ValueError, match="refused"):
        await history.call("a", "three", lambda: give(ValueError("refused")))
    with trio.CancelScope() as scope:
        scope.cancel()
        await history.call("a", "four", lambda: give(4))
    assert history.noted() == [
        Call("a", "one", 1, 2, "1"),
        Call("a", "two", 3, inf, None),
        Call("a", "four", 5, inf, None),
    ]
