"""What a store promises of answers that a persona gave aloud, and of whom they were made."""

from __future__ import annotations

from datetime import timedelta

from nexus_trio.store.base import Store
from nexus_trio.testing.contracts.values import NOW, answer, beginning, tell


class StoreAnswers:
    """Part of `StoreContract`."""

    async def test_erasing_takes_the_answers_that_were_made_of_a_users_words(
        self, store: Store
    ) -> None:
        start = await store.room_tail("Tower")
        told = [
            await answer(store, "ada"),
            await answer(store, "ada", "bob", "cyd"),
            await answer(store, "bob", "ada"),
            await answer(store, "cyd", "dan"),
        ]
        elsewhere = await answer(store, "dan", "bob", "eve", room="Garden")
        assert await store.room_events("Tower", start, 10) == tuple(told)
        # What others were answered is theirs, whoever was heard for it.
        assert await store.events_of("bob", None, 10) == (told[2],)
        assert await store.events_of("ada", None, 10) == tuple(told[:2])
        assert (await store.erase("bob")).events == 3
        assert await store.room_events("Tower", start, 10) == (
            told[0], told[1].buried(), told[2].buried(), told[3],
        )  # fmt: skip
        assert await store.room_events("Garden", await beginning(store, "Garden"), 10) == (
            elsewhere.buried(),
        )
        # Of whom else they were made is forgotten with them.
        for user, events in (("eve", 0), ("cyd", 1), ("dan", 0), ("ada", 1)):
            assert await store.traces(user) == bool(events)
            assert (await store.erase(user)).events == events

    async def test_traces_are_a_users_events_and_what_was_made_of_its_words(
        self, store: Store
    ) -> None:
        await tell(store, "said", "ada", "hello")
        await answer(store, "bob", "cyd")
        assert [await store.traces(user) for user in ("ada", "bob", "cyd", "dan")] == [
            True, True, True, False,
        ]  # fmt: skip
        await store.erase("cyd")
        assert [await store.traces(user) for user in ("ada", "bob", "cyd")] == [True, False, False]

    async def test_what_an_answer_was_made_of_goes_when_it_is_old(self, store: Store) -> None:
        await answer(store, "ada", "bob", days=9)
        await answer(store, "ada", "cyd", days=8)
        young = await answer(store, "ada", "dan", days=1)
        expired = await store.expire(NOW - timedelta(days=5), 9)
        assert dict(expired.rooms) == {"Tower": 2}
        users = ("ada", "bob", "cyd", "dan")
        assert [await store.traces(user) for user in users] == [True, False, False, True]
        assert await store.events_of("ada", None, 9) == (young,)

    async def test_erasing_somebody_who_was_heard_much_takes_all_of_it(self, store: Store) -> None:
        start = await store.room_tail("Tower")
        others = [f"user{number}" for number in range(9)]
        for number in range(900):
            await answer(store, "ada" if number % 2 else "ben", "cleo", *others)
        assert (await store.erase("cleo")).events == 900
        assert {e.event for e in await store.room_events("Tower", start, 2000)} == {"erased"}
        for user in ("ada", "ben", "cleo", *others):
            assert not await store.traces(user)
