"""How far a resume reaches: what memory keeps of a room, the store behind it, and where it ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.runtime.frames import Answered, Frame, Heard
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.store.base import Write
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

MOST = 1000


class CountingStore(MemoryStore):
    """Counts how often a room was read from it."""

    room_reads = 0

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        self.room_reads += 1
        return await super().room_events(room, after, limit)


def all_of(outbox: Outbox) -> list[Frame]:
    return [outbox.take() for _ in range(len(outbox))]


async def missed(hub: Hub, after: Position) -> list[str | None] | None:
    """What was said behind that place in the Tower, for ada; None where it is not recovered."""
    async with hub.connect("ada", room_after=after) as back:
        frames = all_of(back.outbox)
        return [f.event.text for f in frames if isinstance(f, Heard)] if frames else None


async def test_memory_keeps_the_newest_thousand_events_of_a_room() -> None:
    async with open_fake_hub() as hub:
        for number in range(1200):
            await hub.say("ada", "Tower", f"{number}")
        tower, tail = hub._services.rooms["Tower"], hub.look("Tower").position.offset
        kept = tower.since(tail - MOST, tail)
        assert kept is not None
        assert [each.event.text for each in kept] == [f"{n}" for n in range(200, 1200)]
        assert tower.since(tail - MOST - 1, tail) is None


async def test_memory_keeps_ten_minutes_of_a_room_and_the_store_has_the_rest(
    autojump_clock: MockClock,
) -> None:
    store = CountingStore(Names())
    async with open_fake_hub(store=store) as hub, hub.connect("ada"):
        start = hub.look("Tower").position
        store.room_reads = 0  # but for what a start reads
        await hub.say("ada", "Tower", "old")
        await trio.sleep(300)
        await hub.say("ada", "Tower", "newer")
        await trio.sleep(300)
        await hub.say("ada", "Tower", "new")
        assert await missed(hub, start) == ["old", "newer", "new"]
        assert store.room_reads == 0
        await trio.sleep(1)
        await hub.say("ada", "Tower", "newest")  # and with it what is older than that goes
        assert await missed(hub, start) == ["old", "newer", "new", "newest"]
        assert store.room_reads == 1
        behind_old = Position(start.epoch, start.offset + 1)
        assert await missed(hub, behind_old) == ["newer", "new", "newest"]
        assert store.room_reads == 1


async def test_a_thousand_missed_events_of_a_room_and_one_more() -> None:
    async with open_fake_hub() as hub, hub.connect("ada"):
        start = hub.look("Tower").position
        for number in range(MOST):
            await hub.say("ada", "Tower", f"{number}")
        assert await missed(hub, start) == [f"{n}" for n in range(MOST)]
        await hub.say("ada", "Tower", "one more")
        assert await missed(hub, start) is None


async def test_a_thousand_missed_turns_and_one_more() -> None:
    async with open_fake_hub(FakeResponder(lambda prompt: f"{prompt.turn}")) as hub:
        start = (await hub.ask("ada", "hello")).position
        for _ in range(MOST):
            await hub.ask("ada", "hello")
        async with hub.connect("ada", after=start) as back:
            assert back.welcome.recovered
            told = [f.reply.response for f in all_of(back.outbox) if isinstance(f, Answered)]
            assert told == [f"{n}" for n in range(2, MOST + 2)]
        await hub.ask("ada", "one more")
        async with hub.connect("ada", after=start) as back:
            assert not back.welcome.recovered
            assert not [f for f in all_of(back.outbox) if isinstance(f, Answered)]


async def test_every_stream_has_an_epoch_of_its_own() -> None:
    async with open_fake_hub() as hub:
        positions = [(await hub.ask(user, "hello")).position for user in ("ada", "bob")]
        positions += [hub.look(room).position for room in ("Tower", "Garden")]
        assert len({position.epoch for position in positions}) == 4
        assert not any(set(":,") & set(position.epoch) for position in positions)


class GatedStore(FaultyStore):
    """Stores nothing until it is let."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.gate = trio.Event()
        self.gate.set()

    async def append(self, writes: Sequence[Write]) -> None:
        await self.gate.wait()
        await super().append(writes)


@pytest.mark.parametrize("what", ["turn", "words"])
async def test_nothing_is_told_before_it_is_stored(what: str) -> None:
    store = GatedStore()
    async with (
        open_fake_hub(store=store) as hub,
        hub.connect("ada") as ada,
        hub.connect("bob") as bob,
        trio.open_nursery() as nursery,
    ):
        all_of(ada.outbox)
        all_of(bob.outbox)
        store.gate = trio.Event()
        if what == "turn":
            ada.message("m", "hello")
        else:
            nursery.start_soon(ada.say, "good evening")
        await wait_all_tasks_blocked()
        assert len(ada.outbox) == len(bob.outbox) == 0
        store.gate.set()
        await wait_all_tasks_blocked()
        told = all_of(ada.outbox if what == "turn" else bob.outbox)
        assert isinstance(told[-1], Answered if what == "turn" else Heard)
