"""References for repeated calls: kept for a while, and never more than so many."""

from __future__ import annotations

from itertools import count

import trio
from trio.testing import MockClock

from nexus_trio.model import fields
from nexus_trio.web.openai_retries import KEPT_S, LIMIT, Key, Retries, given


def fresh() -> Retries:
    numbers = count(1)
    return Retries(lambda: f"id{next(numbers)}")


CALL: Key = ("ada", "hello", 100)


async def test_a_repetition_has_the_reference_of_the_first_call() -> None:
    retries = fresh()
    first = retries.reference(CALL, "0")
    fields.client_ref(first)
    assert retries.reference(CALL, "1") == first
    assert retries.reference(CALL, "2") == first
    for other in (("bob", "hello", 100), ("ada", "hello!", 100), ("ada", "hello", 101)):
        assert retries.reference(other, "1") != first


async def test_a_new_message_has_a_new_reference() -> None:
    retries = fresh()
    first = retries.reference(CALL, "0")
    second = retries.reference(CALL, "0")
    assert first != second
    assert retries.reference(CALL, "1") == second
    # The first call's answer ends nothing of the second's.
    retries.delivered(CALL, first)
    assert retries.reference(CALL, "2") == second
    retries.delivered(CALL, second)
    assert retries.reference(CALL, "3") not in (first, second)
    retries.delivered(("eve", "hello", 1), "unknown")


async def test_a_reference_is_forgotten_in_time(autojump_clock: MockClock) -> None:
    retries = fresh()
    first = retries.reference(CALL, "0")
    await trio.sleep(KEPT_S - 1)
    assert retries.reference(CALL, "1") == first
    await trio.sleep(KEPT_S)
    assert retries.reference(CALL, "2") != first


async def test_the_oldest_of_too_many_is_forgotten() -> None:
    retries = fresh()
    calls: list[Key] = [("ada", "hello", size) for size in range(LIMIT + 1)]
    refs = [retries.reference(call, "0") for call in calls]
    assert retries.reference(calls[1], "1") == refs[1]
    assert retries.reference(calls[0], "1") != refs[0]


def test_a_client_s_own_key_is_its_reference_where_it_may_be_one() -> None:
    assert given("k-1") == "k-1"
    for key in ("x" * 65, "a b", "ä", "\ud800", ""):
        assert given(key) != key
        fields.client_ref(given(key))
    assert given("a b") == given("a b") != given("a c")
