"""The room actor on its own, over a broker that waits when told."""

from __future__ import annotations

from datetime import UTC, datetime

import trio
from trio.testing import wait_all_tasks_blocked

from nexus_trio.broker.local import LocalBroker
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.room import Ask, RoomActor
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.patience import Patience
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
