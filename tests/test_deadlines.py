"""Deadlines that one task keeps: each is called when it is due, and none that was dropped."""

from __future__ import annotations

from functools import partial

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.deadlines import GRAIN, Deadlines


async def test_each_is_called_when_it_is_due(autojump_clock: MockClock) -> None:
    called: list[tuple[str, float]] = []

    def over(name: str) -> None:
        called.append((name, trio.current_time()))

    kept = Deadlines()
    kept.set("before it runs", 2.0, partial(over, "before it runs"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(kept.run)
        await wait_all_tasks_blocked()
        for name, when in (("late", 9.0), ("soon", 1.0), ("dropped", 3.0), ("moved", 4.0)):
            kept.set(name, when, partial(over, name))
        kept.set("moved", 6.0, partial(over, "moved"))
        kept.drop("dropped")
        kept.drop("never set")
        await trio.sleep(5)
        kept.set("at once", trio.current_time(), partial(over, "at once"))
        await trio.sleep(20)
        assert len(kept) == 0
        nursery.cancel_scope.cancel()
    assert called == [
        ("soon", 1.0),
        ("before it runs", 2.0),
        ("at once", 5.0),
        ("moved", 6.0),
        ("late", 9.0),
    ]


async def test_what_is_due_together_is_called_in_one_order(autojump_clock: MockClock) -> None:
    called: list[int] = []
    kept = Deadlines()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(kept.run)
        for number in (3, 1, 2):
            kept.set(number, 1.0, partial(called.append, number))
        await trio.sleep(2)
        nursery.cancel_scope.cancel()
    assert called == [3, 1, 2]


async def test_many_that_end_one_behind_the_other_are_gone_through_now_and_then(
    autojump_clock: MockClock,
) -> None:
    called: list[tuple[float, float]] = []
    looks: set[float] = set()

    def over(when: float) -> None:
        called.append((when, trio.current_time()))
        looks.add(trio.current_time())

    kept = Deadlines()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(kept.run)
        for number in range(2000):
            kept.set(number, 1 + number / 1000, partial(over, 1 + number / 1000))
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert [when for when, _ in called] == [1 + number / 1000 for number in range(2000)]
    assert all(0 <= at - when <= GRAIN + 1e-9 for when, at in called)
    assert len(looks) <= 2 / GRAIN + 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["set", "drop", "sleep"]),
            st.integers(0, 3),
            st.integers(0, 8),
        ),
        max_size=30,
    )
)
def test_it_is_as_a_scope_of_its_own_for_each(steps: list[tuple[str, int, int]]) -> None:
    called: list[tuple[int, float]] = []

    async def main() -> None:
        model: dict[int, float] = {}
        expected: list[tuple[int, float]] = []
        kept = Deadlines()

        def over(wait: int) -> None:
            called.append((wait, trio.current_time()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(kept.run)
            for step, wait, number in [*steps, ("sleep", 0, 100)]:
                if step == "set":
                    model[wait] = trio.current_time() + 1 + number
                    kept.set(wait, model[wait], partial(over, wait))
                elif step == "drop":
                    model.pop(wait, None)
                    kept.drop(wait)
                else:
                    await trio.sleep(number)
                    due = [each for each, when in model.items() if when <= trio.current_time()]
                    expected += [(each, model.pop(each)) for each in due]
                    await wait_all_tasks_blocked()
            assert sorted(called) == sorted(expected)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))
