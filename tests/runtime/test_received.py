"""The responder is asked while the user's words are stored, and nothing of it is told before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import Aborted, StoreUnavailable
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.store.base import Write
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

WISH = "I want to die"


class GatedStore(FaultyStore):
    """Stores nothing before `opened`."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.opened = trio.Event()
        self.opened.set()

    async def append(self, writes: Sequence[Write]) -> None:
        await self.opened.wait()
        await super().append(writes)


async def told(connection: Connection) -> list[Frame]:
    await wait_all_tasks_blocked()
    outbox = connection.outbox
    frames = [outbox.take() for _ in range(len(outbox))]
    return [frame for frame in frames if not isinstance(frame, Heard)]


@pytest.mark.parametrize("mode", ["stream", "hang"])
async def test_it_is_asked_meanwhile_and_heard_afterwards(mode: str) -> None:
    store, responder = GatedStore(), FakeResponder(mode=mode)
    async with open_fake_hub(responder, store=store) as hub, hub.connect("ada") as one:
        await told(one)
        store.opened = trio.Event()
        one.message("m1", "hello")
        assert await told(one) == []
        assert responder.open_streams == 1
        store.opened.set()
        frames = await told(one)
        assert isinstance(frames[0], Delta)
        assert isinstance(frames[-1], Answered) is (mode == "stream")
        responder.release.set()


async def test_a_notice_waits_for_neither() -> None:
    store, responder = GatedStore(), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store=store) as hub, hub.connect("ada") as one:
        await told(one)
        store.opened = trio.Event()
        one.message("m1", WISH)
        assert [type(frame) for frame in await told(one)] == [Noticed]
        store.opened.set()


@pytest.mark.parametrize("fault", ["down", "hang"])
@pytest.mark.parametrize("mode", ["stream", "hang", "fail"])
async def test_where_they_can_not_be_stored_nothing_is_told(
    fault: str, mode: str, autojump_clock: MockClock
) -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode=mode)
    async with open_fake_hub(responder, store=store) as hub, hub.connect("ada") as one:
        await told(one)
        store.fault = fault
        one.message("m1", "hello")
        await trio.sleep(hub.settings.store_timeout_s + 1)
        frames = [frame for frame in await told(one) if isinstance(frame, Delta | Failed)]
        assert [type(frame) for frame in frames] == [Failed]
        assert isinstance(frames[0], Failed)
        assert isinstance(frames[0].error, StoreUnavailable)
        assert responder.open_streams == 0
        store.fault = None
        responder.mode = "ready"
        # Where the store said no, nothing is there; where it said nothing, the turn is no ghost.
        reply = await hub.ask("ada", "again")
        assert reply.turn == 1
        assert [turn.status for turn in (await hub.history("ada")).turns] == ["answered"]


async def test_a_refusal_by_the_store_comes_at_once_though_the_responder_hangs() -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store=store) as hub:
        await hub.join("ada", "Tower")
        store.fault = "down"
        with pytest.raises(StoreUnavailable):
            await hub.ask("ada", "hello")
        assert responder.open_streams == 0


@pytest.mark.parametrize("fault", [None, "down"])
async def test_a_stop_meanwhile_ends_the_call_and_waits_for_the_words(fault: str | None) -> None:
    store, responder = GatedStore(), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store=store) as hub, hub.connect("ada") as one:
        await told(one)
        store.opened = trio.Event()
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        one.stop("m1")
        assert await told(one) == []
        assert responder.open_streams == 0
        store.fault = fault
        store.opened.set()
        (failed,) = await told(one)
        assert isinstance(failed, Failed)
        assert type(failed.error) is (Aborted if fault is None else StoreUnavailable)
        store.fault = None
        turns = (await hub.history("ada")).turns
        assert [(turn.message, turn.status) for turn in turns] == (
            [("hello", "aborted")] if fault is None else []
        )


class InNursery(FakeResponder):
    """Waits inside a nursery, as connecting does: a cancellation comes out of it in a group."""

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        async with trio.open_nursery():
            await trio.sleep_forever()
        yield aiter(())  # type: ignore[call-overload]  # never comes here


@pytest.mark.parametrize("how", ["stop", "erase", "close"])
async def test_a_stop_ends_a_turn_whose_responder_waits_in_a_nursery(how: str) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(InNursery(mode="stream"), store=store) as hub:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(aborted, hub)
            await wait_all_tasks_blocked()
            if how == "stop":
                assert hub.stop("ada", "r")
            elif how == "close":
                hub.give_up()
            else:
                await hub.erase("ada")
        if how == "erase":
            return
        turns = (await hub.history("ada")).turns
        assert [(turn.message, turn.status) for turn in turns] == [("hello", "aborted")]


async def aborted(hub: Hub) -> None:
    with pytest.raises(Aborted):
        await hub.ask("ada", "hello", client_ref="r")


async def test_a_responder_that_breaks_meanwhile_leaves_a_turn_that_is_ended() -> None:
    class Broken(FakeResponder):
        def stream(self, prompt):  # type: ignore[no-untyped-def,override]  # it breaks its seam
            raise ZeroDivisionError

    store = GatedStore()
    async with open_fake_hub(Broken(mode="stream"), store=store) as hub:
        with pytest.raises(Aborted):
            await hub.ask("ada", "hello")
        await hub.join("ada", "Tower")  # opens the next session
        turns = await hub.history("ada")
        assert [(turn.message, turn.status) for turn in turns.turns] == [("hello", "aborted")]
