"""One suite that every store must pass: what `store/base.py` promises, and no more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from nexus_trio.model.envelope import Position
from nexus_trio.store.base import PutTurn, Store
from nexus_trio.testing.contracts.store_age import StoreAge
from nexus_trio.testing.contracts.store_answers import StoreAnswers
from nexus_trio.testing.contracts.store_rooms import StoreRooms
from nexus_trio.testing.contracts.store_turns import StoreTurns
from nexus_trio.testing.contracts.values import NOW, answer, fill, received, tell

OpenAgain = Callable[[], AbstractAsyncContextManager[Store]]


class StoreContract(StoreTurns, StoreRooms, StoreAnswers, StoreAge):
    """Inherit it, and give it a fixture `store`: an empty one, open for one test."""


class DurableStoreContract:
    """Beside that. Give it a fixture `open_again`: a function that opens the same store anew."""

    async def test_all_of_it_is_there_again_after_a_reopening(self, open_again: OpenAgain) -> None:
        async with open_again() as store:
            await fill(store, 3)
            await store.append([PutTurn("ada", received(4, ref="r"))])
            await tell(store, "joined", "ada")
            said = await answer(store, "ada", "bob", "cyd")
            tail = await store.room_tail("Tower")
            before = await store.load("ada", 9)
        async with open_again() as store:
            assert await store.load("ada", 9) == before
            assert await store.room_tail("Tower") == tail
            assert await store.occupants("Tower") == {"ada": "Ada"}
            assert (await store.room_events("Tower", Position(tail.epoch, 1), 9)) == (said,)
            assert await store.reference("ada", "r", NOW) == received(4, ref="r")
