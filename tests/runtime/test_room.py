"""The room actor on its own, over a broker that waits when told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import trio
from trio.testing import wait_all_tasks_blocked

from nexus_trio.broker.local import LocalBroker
from nexus_trio.errors import NexusError, NotFound, StoreUnavailable
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.room import Ask, RoomActor
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.patience import Patience
from nexus_trio.testing.fakes import FaultyStore
from nexus_trio.testing.hubs import Names, small_world


async def test_words_on_their_way_come_before_their_speaker_is_gone() -> None:
    """A session that ended meanwhile must not be seen as gone, and then be heard."""
    store = MemoryStore(Names())
    go, append = trio.Event(), store.append

    async def slow(writes: object) -> None:
        await go.wait()
        await append(writes)  # type: ignore[arg-type]  # as it came

    room = RoomActor(
        small_world().rooms["Tower"],
        LocalBroker(store, Patience(60), lambda: datetime(2026, 1, 1, tzinfo=UTC)),
    )
    await room.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.run)
        await room.ask(Ask("join", "ada"))
        store.append = slow  # type: ignore[method-assign]  # from here on
        said: list[Position] = []

        async def say() -> None:
            said.append(await room.ask(Ask("say", "ada", text="hello")))

        nursery.start_soon(say)
        await wait_all_tasks_blocked()
        room.disown("ada", None)
        assert room.owes("ada")
        assert room.holds("ada"), "its words are on their way"
        go.set()
        await wait_all_tasks_blocked()
        assert len(said) == 1
        assert not room.holds("ada")
        assert room.owes("ada")
        await room.ask(Ask("join", "ben"))
        assert not room.owes("ada")
        events = await store.room_events("Tower", Position(said[0].epoch, 0), 9)
        assert [(e.event, e.user_id) for e in events] == [
            ("joined", "ada"),
            ("said", "ada"),
            ("left", "ada"),
            ("joined", "ben"),
        ]
        nursery.cancel_scope.cancel()


class Busy:
    """A room whose store is slow, so that what it is asked waits. `found`: what came of each."""

    def __init__(self) -> None:
        self.store = FaultyStore(Names())
        self.broker = LocalBroker(
            self.store, Patience(60), lambda: datetime(2026, 1, 1, tzinfo=UTC)
        )
        self.room = RoomActor(small_world().rooms["Tower"], self.broker)
        self.found: dict[str, int | type[NexusError]] = {}
        self.details: set[str] = set()

    async def ask(self, ask: Ask) -> None:
        name = ask.text or f"{ask.user_id} leaves"
        try:
            position = await self.room.ask(ask)
            self.found[name] = position.offset
        except NexusError as error:
            self.found[name] = type(error)
            self.details.add(error.detail)

    async def events(self) -> list[tuple[str, str | None]]:
        tail = self.room.position
        events = await self.store.room_events("Tower", Position(tail.epoch, 0), 99)
        return [(event.event, event.text or event.user_id) for event in events]


@asynccontextmanager
async def busy(*asked: Ask, fault: str | None = None) -> AsyncIterator[Busy]:
    """Ada and ben are in the room, which is at some words; then all of that was `asked`."""
    here = Busy()
    await here.room.open()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(here.room.run)
        for user in ("ada", "ben"):
            await here.room.ask(Ask("join", user))
        here.store.fault = "slow"
        nursery.start_soon(here.ask, Ask("say", "ada", text="first"))
        await wait_all_tasks_blocked()
        for ask in asked:
            nursery.start_soon(here.ask, ask)
            await wait_all_tasks_blocked()
        here.store.appends.clear()
        here.store.fault = fault
        await trio.sleep(60)
        yield here
        nursery.cancel_scope.cancel()


def said(user: str, text: str) -> Ask:
    return Ask("say", user, text=text)


async def test_words_that_wait_share_a_commit_and_each_has_its_own_answer(
    autojump_clock: trio.testing.MockClock,
) -> None:
    asked = (said("ben", "b"), said("cyd", "c"), said("ada", "a"), said("ben", "d"))
    async with busy(*asked) as here:
        assert here.found == {"first": 3, "c": NotFound, "b": 4, "a": 5, "d": 6}
        assert [len(writes) for writes in here.store.appends] == [1, 3]
        assert (await here.events())[2:] == [("said", text) for text in ("first", "b", "a", "d")]


async def test_who_leaves_behind_words_leaves_behind_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """And words behind a leaving are not said, though they waited with others."""
    asked = (said("ada", "a"), Ask("leave", "ada"), said("ada", "late"), said("ben", "b"))
    async with busy(*asked) as here:
        assert here.found == {"first": 3, "a": 4, "ada leaves": 5, "late": NotFound, "b": 6}
        assert (await here.events())[3:] == [("said", "a"), ("left", "ada"), ("said", "b")]


async def test_where_the_store_refuses_all_that_waited_together_are_refused(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with busy(said("ada", "a"), said("ben", "b"), fault="down") as here:
        assert here.found == {"first": 3, "a": StoreUnavailable, "b": StoreUnavailable}
        assert here.details == {"the fake store is down"}
        here.store.fault = None
        await here.ask(said("ada", "again"))
        assert here.found["again"] == 4


async def test_words_that_were_taken_back_are_not_said(
    autojump_clock: trio.testing.MockClock,
) -> None:
    back = said("ada", "no")
    back.slot.fail(StoreUnavailable("taken back"))
    async with busy(said("ben", "b"), back, said("ben", "d")) as here:
        assert (await here.events())[3:] == [("said", "b"), ("said", "d")]


async def test_all_whose_words_are_on_their_way_are_disowned_behind_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with busy() as here:
        here.store.fault = "slow"
        async with trio.open_nursery() as nursery:
            for ask in (said("ada", "x"), said("ada", "a"), said("ben", "b")):
                nursery.start_soon(here.ask, ask)
                await wait_all_tasks_blocked()
            await trio.sleep(2.5)  # each commit takes two seconds
            for user in ("ada", "ben"):
                here.room.disown(user, None)
                assert here.room.holds(user), "its words are on their way"
        for user in ("ada", "ben"):
            assert not here.room.holds(user)
            assert here.room.owes(user)


async def test_a_room_that_closes_answers_what_stood_behind_words(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with busy() as here, trio.open_nursery() as nursery:
        here.store.fault = "slow"
        for ask in (said("ada", "x"), said("ada", "a"), Ask("leave", "ben"), Ask("leave", "ada")):
            nursery.start_soon(here.ask, ask)
            await wait_all_tasks_blocked()
        await trio.sleep(1.5)
        here.store.fault = "hang"
        await trio.sleep(1)
        assert here.found.keys() == {"first", "x"}
        assert here.room.queue_length() == 2
        here.room.close()
        await wait_all_tasks_blocked()
        gone = {name: here.found.get(name) for name in ("ben leaves", "ada leaves")}
        assert set(gone.values()) == {StoreUnavailable}, gone
        nursery.cancel_scope.cancel()
