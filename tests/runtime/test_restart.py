"""A hub that ends without a word and opens again on the same store: contract of a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from trio.testing import wait_all_tasks_blocked

from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import NO_CRISIS, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import PutRoomEvent, PutSession, PutTurn, SessionRecord, Store
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["memory", "process"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(request.param, tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Store]:
    if kind == "memory":
        yield FaultyStore(Names())
        return
    async with open_store(folder / "data", "process", Names()) as durable:
        yield durable


async def left_behind(store: Store, users: int = 2) -> Position:
    """What a crash leaves: people in rooms, and a turn without an end."""
    tail = await store.room_tail("Tower")
    for number in range(1, users + 1):
        position = Position(tail.epoch, number)
        event = RoomEvent("Tower", "joined", f"user-{number}", f"Name {number}", None, position)
        await store.append([PutRoomEvent(event)])
    record = SessionRecord("user-1", "session", "epoch", NOW, NOW, back="Garden")
    turn = Turn(1, NOW, "Tower", "cut", NO_CRISIS, client_ref="r")
    await store.append([PutSession(record), PutTurn("user-1", turn)])
    return tail


async def test_a_responder_is_shown_the_same_before_and_after_a_restart() -> None:
    store, responder = FaultyStore(Names()), FakeResponder()
    async with open_fake_hub(responder, store) as hub:
        for words in ("hello", "I want to die", "my friend wants to die", "how are you?"):
            await hub.ask("ada", words)
        await hub.ask("ada", "before")
    async with open_fake_hub(responder, store) as hub:
        await hub.ask("ada", "after")
    before, after = (prompt.history for prompt in responder.prompts[-2:])
    assert after[:-1] == before
    assert not any("988" in exchange.response for exchange in after)


async def test_rooms_start_empty_and_say_who_has_left(store: Store) -> None:
    tail = await left_behind(store)
    async with open_fake_hub(store=store) as hub:
        view = hub.look("Tower")
        assert view.occupants == ()
        assert hub.counts()["Tower"] == 0
        assert view.position == Position(tail.epoch, 4)
        log = await store.room_events("Tower", Position(tail.epoch, 2), 9)
        assert [(e.event, e.user_id, e.username) for e in log] == [
            ("left", "user-1", "Name 1"),
            ("left", "user-2", "Name 2"),
        ]
        await hub.join("user-1", "Tower")
        assert hub.look("Tower").occupants == ("user-1",)
    async with open_fake_hub(store=store) as hub:
        # This one ended in good order: nobody was left behind.
        assert hub.look("Tower").position == Position(tail.epoch, 6)


async def test_a_crowd_is_signed_off_in_order_without_a_gap(store: Store) -> None:
    tail = await left_behind(store, 600)
    async with open_fake_hub(store=store) as hub:
        assert hub.look("Tower").position == Position(tail.epoch, 1200)
        assert await store.occupants("Tower") == {}
        log = await store.room_events("Tower", Position(tail.epoch, 600), 1000)
        assert len({event.user_id for event in log}) == 600


async def test_a_session_comes_back_and_its_open_turn_is_aborted(store: Store) -> None:
    await left_behind(store)
    async with open_fake_hub(store=store) as hub:
        stored = await hub.session("user-1")
        assert (stored.session_id, stored.session_messages, stored.room) == ("session", 1, None)
        reply = await hub.ask("user-1", "next")
        assert (reply.turn, reply.session_id, reply.room) == (2, "session", "Garden")
        assert reply.position == Position("epoch", 2)
        turns = (await hub.history("user-1")).turns
        assert [(t.message, t.status) for t in turns] == [("cut", "aborted"), ("next", "answered")]
        again = await hub.ask("user-1", "cut", client_ref="r")
        assert again.turn == 3
        assert await hub.ask("user-1", "cut", client_ref="r") == again


async def test_a_reply_is_the_same_after_a_restart(store: Store) -> None:
    async with open_fake_hub(store=store) as hub:
        first = await hub.ask("ada", "I want to die", client_ref="r", username="Ada")
        level = (await hub.session("ada")).crisis_level
    async with open_fake_hub(FakeResponder(lambda _: "another"), store) as hub:
        assert await hub.ask("ada", "I want to die", client_ref="r") == first
        assert (await hub.session("ada")).crisis_level == level == "crisis"


async def test_the_signing_off_waits_for_a_store_that_is_down() -> None:
    store = FaultyStore(Names())
    tail = await left_behind(store)
    store.fault = "down"
    async with open_fake_hub(store=store) as hub:
        assert hub.look("Tower").occupants == ()
        assert not hub.ready
        with pytest.raises(StoreUnavailable):
            await hub.ask("bob", "hello")
        store.fault = None
        await hub.join("bob", "Tower")
        log = await store.room_events("Tower", replace(tail, offset=2), 9)
        assert [(e.event, e.user_id) for e in log] == [
            ("left", "user-1"),
            ("left", "user-2"),
            ("joined", "bob"),
        ]


async def test_who_left_while_the_store_was_down_is_erased_whole() -> None:
    """The `left` that a room still owes would name the user after the erasure."""
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "down"
        session = hub._roster.live["ada"]
        session.close()
        await session.ended.wait()
        store.fault = None
        await hub.erase("ada")
        await hub.join("bob", "Tower")
        await wait_all_tasks_blocked()
        tail = await store.room_tail("Tower")
        log = await store.room_events("Tower", replace(tail, offset=0), 99)
        assert "ada" not in {event.user_id for event in log}
        assert [event.event for event in log] == ["erased", "erased", "joined"]
