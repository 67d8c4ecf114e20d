"""What the search of schedules has found in the runtime, each shown without it."""

from __future__ import annotations

import pytest
import trio

from nexus_trio.errors import Draining
from nexus_trio.model.envelope import CrisisView
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.frames import Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.store.base import PutSession, PutTurn, SessionRecord
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FaultyStore
from nexus_trio.testing.hubs import EPOCH, Names, open_fake_hub

CRISIS = "I want to die"


async def test_a_hub_that_was_cancelled_refuses_and_keeps_nobody_waiting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """I22. The first call raised an error, and every later one waited for ever."""
    held: list[Hub] = []
    with trio.CancelScope() as scope:
        async with open_fake_hub() as hub:
            held.append(hub)
            scope.cancel()
            await trio.sleep_forever()
    for _ in range(2):
        with trio.fail_after(60), pytest.raises(Draining):
            await held[0].ask("ada", "hello")
    with trio.fail_after(60), pytest.raises(Draining):
        async with held[0].connect("ada"):
            pass
    assert held[0].sessions() == ()


async def test_a_notice_of_a_turn_that_a_crash_cut_is_owed_still(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """I24. The turn's end after the restart counted its own notice, and older ones, as seen."""
    names = Names()
    store = MemoryStore(names)
    view = CrisisView("crisis", True, 1, "Call or text 988.")
    record = SessionRecord("ada", "session", "epoch", EPOCH, EPOCH)
    await store.append([PutSession(record), PutTurn("ada", Turn(1, EPOCH, "Tower", CRISIS, view))])
    for _ in range(2):  # until it is acknowledged, each time
        async with (
            open_fake_hub(store=store, names=names) as hub,
            hub.connect("ada") as connection,
        ):
            frame = await connection.outbox.receive()
            assert isinstance(frame, Noticed)
            assert "988" in frame.text
    async with open_fake_hub(store=store, names=names) as hub:
        async with hub.connect("ada") as connection:
            await connection.acknowledge(connection.position)
        async with hub.connect("ada") as connection:
            assert not any(isinstance(f, Noticed) for f in connection.outbox._frames)


async def test_who_wrote_in_need_is_told_of_help_before_a_restart_hangs_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """I24. The message was taken, its turn had yet to begin, and the connection was closed."""
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as connection:
        connection.message("m1", CRISIS)
        store.fault = "down"
        hub.refuse()
        told = await connection.outbox.receive_some()
        assert any(isinstance(frame, Noticed) and "988" in frame.text for frame in told)
        with pytest.raises(Evicted):
            await connection.outbox.receive()
