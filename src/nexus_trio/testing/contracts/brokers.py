"""What every broker guarantees: `broker/base.py`, as tests."""

from __future__ import annotations

import pytest
import trio

from nexus_trio.broker.base import Broker
from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.testing.fakes import FaultyStore


def said(text: str, room: str = "Tower") -> RoomEvent:
    """Words that have no position yet."""
    return RoomEvent(room, "said", "ada", "Ada", text)


def nobody(event: RoomEvent) -> None:
    """Hears, and does nothing."""


class BrokerContract:
    """Inherit it, and give it the fixtures `broker`, a new one, and `store`, which is under it.

    The store is a `FaultyStore`. Tests run on the clock of pytest-trio, `autojump_clock`.
    """

    async def test_it_is_delivered_where_it_stands_before_publish_returns(
        self, broker: Broker, autojump_clock: trio.testing.MockClock
    ) -> None:
        heard: list[RoomEvent] = []
        start = await broker.subscribe("Tower", heard.append)
        assert start.offset == 0
        for offset, text in enumerate("abc", start=1):
            assert await broker.publish(said(text)) == Position(start.epoch, offset)
            assert (heard[-1].text, heard[-1].position) == (text, Position(start.epoch, offset))
            assert heard[-1].at is not None

    async def test_it_is_stored_before_it_is_delivered(
        self, broker: Broker, store: FaultyStore, autojump_clock: trio.testing.MockClock
    ) -> None:
        stored: list[int] = []
        await broker.subscribe("Tower", lambda event: stored.append(len(store.appends)))
        await broker.publish(said("a"))
        tail = await store.room_tail("Tower")
        assert tail.offset == 1
        assert len(stored) == 1

    async def test_all_hear_one_order_however_many_speak_at_once(
        self, broker: Broker, store: FaultyStore, autojump_clock: trio.testing.MockClock
    ) -> None:
        store.fault = "slow"
        one: list[RoomEvent] = []
        other: list[RoomEvent] = []
        await broker.subscribe("Tower", one.append)
        await broker.subscribe("Tower", other.append)
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(broker.publish, said(str(number)))
        assert one == other
        assert [e.position.offset for e in one if e.position] == [*range(1, 21)]

    async def test_rooms_have_orders_of_their_own(
        self, broker: Broker, autojump_clock: trio.testing.MockClock
    ) -> None:
        heard: list[RoomEvent] = []
        await broker.subscribe("Tower", heard.append)
        await broker.publish(said("there", "Garden"))
        assert (await broker.publish(said("here"))).offset == 1
        assert [event.text for event in heard] == ["here"]

    async def test_who_comes_later_hears_what_follows(
        self, broker: Broker, autojump_clock: trio.testing.MockClock
    ) -> None:
        first: list[RoomEvent] = []
        late: list[RoomEvent] = []
        await broker.subscribe("Tower", first.append)
        await broker.publish(said("a"))
        assert (await broker.subscribe("Tower", late.append)).offset == 1
        broker.unsubscribe("Tower", first.append)
        broker.unsubscribe("Tower", nobody)  # an unknown one
        await broker.publish(said("b"))
        assert [event.text for event in late] == ["b"]
        assert [event.text for event in first] == ["a"]

    async def test_several_are_published_as_one(
        self, broker: Broker, store: FaultyStore, autojump_clock: trio.testing.MockClock
    ) -> None:
        heard: list[RoomEvent] = []
        await broker.subscribe("Tower", heard.append)
        found = await broker.publish_all("Tower", [said("a"), said("b")])
        assert [position.offset for position in found] == [1, 2]
        assert [(e.text, e.position and e.position.offset) for e in heard] == [("a", 1), ("b", 2)]
        store.fault = "down"
        with pytest.raises(StoreUnavailable):
            await broker.publish_all("Tower", [said("c"), said("d")])
        store.fault = None
        assert (await broker.publish(said("e"))).offset == 3
        assert [event.text for event in heard] == ["a", "b", "e"]

    async def test_what_is_refused_is_neither_stored_nor_heard(
        self, broker: Broker, store: FaultyStore, autojump_clock: trio.testing.MockClock
    ) -> None:
        heard: list[RoomEvent] = []
        await broker.subscribe("Tower", heard.append)
        store.fault = "down"
        with pytest.raises(StoreUnavailable):
            await broker.publish(said("a"))
        store.fault = None
        await broker.catch_up("Tower")  # nothing is in doubt
        assert (await broker.publish(said("b"))).offset == 1
        assert [event.text for event in heard] == ["b"]

    @pytest.mark.parametrize("fault", ["late", "hang"])
    async def test_a_commit_in_doubt_is_settled_before_anything_else(
        self,
        broker: Broker,
        store: FaultyStore,
        fault: str,
        autojump_clock: trio.testing.MockClock,
    ) -> None:
        """Stored and not said so, or not stored: each is heard once, or never, in its place."""
        heard: list[RoomEvent] = []
        await broker.subscribe("Tower", heard.append)
        store.fault = fault
        with pytest.raises(StoreUnavailable):
            await broker.publish(said("a"))
        assert heard == []
        store.fault = None
        await broker.catch_up("Tower")
        there = ["a"] if fault == "late" else []
        assert [event.text for event in heard] == there
        await broker.publish(said("b"))
        assert [event.text for event in heard] == [*there, "b"]
        assert [e.position.offset for e in heard if e.position] == [*range(1, len(heard) + 1)]

    async def test_who_goes_away_does_not_cut_an_event_in_half(
        self, broker: Broker, store: FaultyStore, autojump_clock: trio.testing.MockClock
    ) -> None:
        heard: list[RoomEvent] = []
        await broker.subscribe("Tower", heard.append)
        store.fault = "slow"
        for seconds in (0.5, 1.5):  # before it is stored, and behind
            with trio.move_on_after(seconds):
                await broker.publish(said(f"{seconds}"))
            tail = await store.room_tail("Tower")
            assert tail.offset == len(heard)
        assert (await broker.publish(said("next"))).offset == len(heard)

    async def test_occupants_are_those_of_the_stream(
        self, broker: Broker, autojump_clock: trio.testing.MockClock
    ) -> None:
        await broker.subscribe("Tower", nobody)
        for kind, user in (("joined", "ada"), ("joined", "bob"), ("left", "ada")):
            await broker.publish(RoomEvent("Tower", kind, user, user.title()))  # type: ignore[arg-type]  # as listed
        assert dict(await broker.occupants("Tower")) == {"bob": "Bob"}
