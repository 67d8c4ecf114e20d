"""What a store promises of rooms, and of erasing."""

from __future__ import annotations

import pytest

from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import (
    Position,
    RoomEvent,
    RoomEventKind,
)
from nexus_trio.store.base import (
    PutRoomEvent,
    PutSession,
    PutTurn,
    Store,
)
from nexus_trio.testing.contracts.values import NOW, answered, fill, session, tell


def place_of(event: RoomEvent) -> tuple[str, int]:
    assert event.position is not None
    return event.room, event.position.offset


class StoreRooms:
    """Part of `StoreContract`."""

    async def test_a_room_begins_at_nought_and_keeps_its_epoch(self, store: Store) -> None:
        tail = await store.room_tail("Tower")
        assert tail.offset == 0
        assert await store.room_tail("Tower") == tail
        assert (await store.room_tail("Garden")).epoch != tail.epoch
        assert await store.room_events("Tower", tail, 5) == ()

    async def test_events_come_behind_a_position_in_order(self, store: Store) -> None:
        start = await store.room_tail("Tower")
        for text in ("a", "b", "c"):
            await tell(store, "said", "ada", text)
        await tell(store, "said", "bob", "elsewhere", "Garden")
        everything = await store.room_events("Tower", start, 10)
        assert [(e.text, e.position) for e in everything] == [
            ("a", Position(start.epoch, 1)),
            ("b", Position(start.epoch, 2)),
            ("c", Position(start.epoch, 3)),
        ]
        assert everything[0] == RoomEvent(
            "Tower", "said", "ada", "Ada", "a", Position(start.epoch, 1)
        )
        assert await store.room_events("Tower", start, 2) == everything[:2]
        assert await store.room_events("Tower", Position(start.epoch, 2), 10) == everything[2:]
        for gone in (Position("other", 0), Position(start.epoch, 4)):
            with pytest.raises(NotFound):
                await store.room_events("Tower", gone, 10)

    async def test_occupants_are_those_who_joined_and_did_not_leave(self, store: Store) -> None:
        assert await store.occupants("Tower") == {}
        await tell(store, "joined", "ada")
        await tell(store, "joined", "bob")
        await tell(store, "said", "bob", "hello")
        await tell(store, "left", "ada")
        await tell(store, "joined", "cy", room="Garden")
        assert await store.occupants("Tower") == {"bob": "Bob"}
        assert await store.occupants("Garden") == {"cy": "Cy"}
        await store.erase("bob")
        assert await store.occupants("Tower") == {}

    async def test_a_users_events_come_page_by_page_and_nobody_elses(self, store: Store) -> None:
        assert await store.events_of("ada", None, 5) == ()
        kinds: list[RoomEventKind] = ["joined", "said", "left"]
        told = []
        for room in ("Tower", "Garden", "Tower", "Chapel"):
            for kind in kinds:
                text = f"{kind} in {room}" if kind == "said" else None
                position = await tell(store, kind, "ada", text, room)
                told.append(RoomEvent(room, kind, "ada", "Ada", text, position))
                await tell(store, "said", "bob", "between", room)
        seen: list[RoomEvent] = []
        while page := await store.events_of("ada", seen[-1] if seen else None, 2):
            assert len(page) == min(2, len(told) - len(seen))
            seen += page
        assert sorted(map(place_of, seen)) == sorted(map(place_of, told))
        assert set(seen) == set(told)
        for room in ("Tower", "Garden", "Chapel"):
            mine = [at for name, at in map(place_of, seen) if name == room]
            assert mine == sorted(mine)
        assert await store.events_of("ada", None, 100) == tuple(seen)
        await store.erase("ada")
        assert await store.events_of("ada", None, 5) == ()
        assert len(await store.events_of("bob", None, 100)) == 12

    async def test_a_users_rooms_are_those_joined_and_not_left(self, store: Store) -> None:
        assert await store.rooms_of("ada") == {}
        await tell(store, "joined", "ada")
        await tell(store, "joined", "bob")
        await tell(store, "joined", "ada", room="Garden")
        assert await store.rooms_of("ada") == {"Tower": "Ada", "Garden": "Ada"}
        await tell(store, "left", "ada")
        assert await store.rooms_of("ada") == {"Garden": "Ada"}
        await store.erase("ada")
        assert await store.rooms_of("ada") == {}
        assert await store.rooms_of("bob") == {"Tower": "Bob"}

    async def test_erasing_takes_one_user_and_leaves_tombstones(self, store: Store) -> None:
        start = await store.room_tail("Tower")
        await fill(store, 3)
        await fill(store, 2, "bob")
        await tell(store, "joined", "ada")
        await tell(store, "joined", "bob")
        await tell(store, "said", "ada", "aloud")
        erased = await store.erase("ada")
        assert (erased.turns, erased.events) == (3, 2)
        assert await store.load("ada", 5) is None
        events = await store.room_events("Tower", start, 10)
        assert [(e.event, e.user_id, e.username, e.text) for e in events] == [
            ("erased", None, None, None),
            ("joined", "bob", "Bob", None),
            ("erased", None, None, None),
        ]
        assert [e.position.offset for e in events if e.position] == [1, 2, 3]
        bob = await store.load("bob", 5)
        assert bob is not None
        assert bob.turns == 2
        again = await store.erase("ada")
        assert (again.turns, again.events) == (0, 0)
        assert (await tell(store, "said", "bob", "still")).offset == 4
        await fill(store, 1)
        back = await store.load("ada", 5)
        assert back is not None
        assert back.turns == 1

    async def test_erasing_takes_the_answers_that_a_user_was_given(self, store: Store) -> None:
        start = await store.room_tail("Tower")
        await fill(store, 1)
        for offset, about in enumerate(("ada", "bob", "ada"), start=1):
            position = Position(start.epoch, offset)
            answer = RoomEvent("Tower", "said", "persona:Iris", "Iris", "hm", position, NOW, about)
            await store.append([PutRoomEvent(answer)])
            assert (await store.room_events("Tower", start, 10))[-1] == answer
        assert (await store.erase("ada")).events == 2
        events = await store.room_events("Tower", start, 10)
        assert [(e.event, e.user_id, e.text, e.about) for e in events] == [
            ("erased", None, None, None),
            ("said", "persona:Iris", "hm", "bob"),
            ("erased", None, None, None),
        ]
        assert await store.occupants("Tower") == {}

    async def test_erasing_much_takes_all_of_it(self, store: Store) -> None:
        await fill(store, 1203)
        await fill(store, 3, "ben")
        tail = await store.room_tail("Tower")
        for offset in range(1, 1102):
            user = "ben" if offset % 2 else "ada"
            event = RoomEvent("Tower", "said", user, user, "hi", Position(tail.epoch, offset))
            await store.append([PutRoomEvent(event)])
        erased = await store.erase("ada")
        # The memory store keeps the newest 1,000 events of a room.
        assert (erased.turns, erased.events) in ((1203, 550), (1203, 500))
        assert await store.load("ada", 1) is None
        ben = await store.load("ben", 1)
        assert ben is not None
        assert ben.turns == 3
        events = await store.room_events("Tower", Position(tail.epoch, 200), 2000)
        assert {event.user_id for event in events} == {"ben", None}

    async def test_answers_given_aloud_are_among_the_events_of_whom_they_answer(
        self, store: Store
    ) -> None:
        await store.append([PutSession(session()), PutTurn("ada", answered())])
        said = await tell(store, "said", "ada", "what is this?")
        answer = RoomEvent(
            "Tower", "said", "persona:Iris", "Iris", "a tower", Position(said.epoch, 2), NOW, "ada"
        )
        await store.append([PutRoomEvent(answer)])
        await tell(store, "said", "ben", "hm")
        found = await store.events_of("ada", None, 9)
        assert [event.text for event in found] == ["what is this?", "a tower"]
        assert found[1] == answer
        assert await store.events_of("ada", found[0], 9) == (answer,)
        assert (await store.erase("ada")).events == 2
        assert await store.events_of("ada", None, 9) == ()
