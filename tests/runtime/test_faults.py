"""What the hub keeps when the store fails, hangs or answers late, and when sessions end midway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import Aborted, NexusError, StoreUnavailable, TurnTimeout
from nexus_trio.model.envelope import Position, Reply, RoomEvent
from nexus_trio.runtime.hub import Hub
from nexus_trio.store.base import PutRoomEvent, Write
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

WISH = "I want to die"


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore(Names())


def later(nursery: trio.Nursery, call: Callable[..., Awaitable[Any]], *args: str) -> list[Any]:
    """Start a call; its answer, or its error, comes in the list."""
    got: list[Any] = []

    async def run() -> None:
        try:
            got.append(await call(*args))
        except NexusError as error:
            got.append(error)

    nursery.start_soon(run)
    return got


async def stream_of(store: FaultyStore, hub: Hub, room: str) -> list[RoomEvent]:
    start = Position(hub.look(room).position.epoch, 0)
    return list(await store.room_events(room, start, 1000))


# --- no ghosts ---


async def test_all_who_leave_while_the_store_is_down_are_gone(store: FaultyStore) -> None:
    async with open_fake_hub(store=store) as hub:
        for user in ("ada", "bob", "cyd"):
            await hub.ask(user, "hello")
        store.fault = "down"
        for user in ("ada", "bob"):
            with pytest.raises(StoreUnavailable):
                await hub.leave(user, "Tower")
        assert hub.look("Tower").occupants == ("cyd",)
        assert hub.counts()["Tower"] == 1
        store.fault = None
        await hub.say("cyd", "Tower", "anyone?")
        told = [(e.event, e.user_id) for e in await stream_of(store, hub, "Tower")]
        assert told[3:] == [("left", "ada"), ("left", "bob"), ("said", "cyd")]
        assert (await hub.join("ada", "Tower")).occupants == ("ada", "cyd")


async def test_a_room_that_crashes_in_a_leave_keeps_nobody(
    store: FaultyStore, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "crash"
        await trio.sleep(61)
        assert hub.look("Tower").occupants == ()
        assert hub.statistics().room_crashes == 1
        assert (await hub.ask("ada", "back")).room == "Tower"
        told = [e.event for e in await stream_of(store, hub, "Tower")]
        assert told == ["joined", "left", "joined"]


@pytest.mark.parametrize("next_call", ["another speaks", "join elsewhere"])
async def test_who_could_not_leave_hears_of_it_before_all_else(
    store: FaultyStore, next_call: str
) -> None:
    async with (
        open_fake_hub(store=store) as hub,
        hub.connect("ada") as ada,
        hub.connect("bob") as bob,
    ):
        store.fault = "down"
        with pytest.raises(StoreUnavailable):
            await hub.join("ada", "Garden")
        store.fault = None
        if next_call == "another speaks":
            await bob.say("anyone?")
        else:
            await hub.join("ada", "Garden")
        heard = [ada.outbox.take() for _ in range(len(ada.outbox))]
        events = [(f.event.room, f.event.event, f.event.user_id) for f in heard]  # type: ignore[union-attr]  # room events
        last = [("Garden", "joined", "ada")] if next_call == "join elsewhere" else []
        assert events[2:] == [("Tower", "left", "ada"), *last]
        told = [(e.event, e.user_id) for e in await stream_of(store, hub, "Tower")]
        assert told[2] == ("left", "ada")


class LateJoin(FaultyStore):
    """Stores the join of ada in the Garden, and never says so."""

    async def append(self, writes: Sequence[Write]) -> None:
        event = writes[0].event if isinstance(writes[0], PutRoomEvent) else None
        if event and (event.event, event.user_id, event.room) == ("joined", "ada", "Garden"):
            self.fault = "late"
        await super().append(writes)


async def test_a_join_that_was_stored_too_late_leaves_no_ghost(autojump_clock: MockClock) -> None:
    store = LateJoin(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("bob", "hi", room="Garden")
        with pytest.raises(StoreUnavailable):
            await hub.join("ada", "Garden")
        store.fault = None
        await hub.join("ada", "Tower")
        await hub.say("bob", "Garden", "hi")
        assert hub.look("Tower").occupants == ("ada",)
        assert hub.look("Garden").occupants == ("bob",)
        told = [(e.event, e.user_id) for e in await stream_of(store, hub, "Garden")]
        assert told == [("joined", "bob"), ("joined", "ada"), ("left", "ada"), ("said", "bob")]


async def test_a_leave_that_was_stored_too_late_is_told_once(
    store: FaultyStore, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hi")
        store.fault = "late"
        with pytest.raises(StoreUnavailable):
            await hub.leave("ada", "Tower")
        store.fault = None
        await hub.join("bob", "Tower")
        told = [(e.event, e.user_id) for e in await stream_of(store, hub, "Tower")]
        assert told == [("joined", "ada"), ("left", "ada"), ("joined", "bob")]
        assert hub.counts()["Tower"] == 1


# --- nobody waits for ever ---


@pytest.mark.parametrize("fault", ["hang", "down"])
async def test_a_new_user_in_need_is_answered_though_the_store_is_not_there(
    store: FaultyStore, fault: str, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(store=store) as hub:
        store.fault = fault
        with trio.fail_after(6), pytest.raises(StoreUnavailable) as caught:
            await hub.ask("ada", WISH)
        assert "988" in caught.value.crisis.notice


async def test_a_reference_that_can_not_be_looked_up_is_refused(
    store: FaultyStore, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "hang"
        with trio.fail_after(6), pytest.raises(StoreUnavailable):
            await hub.ask("ada", "again", client_ref="r")
        for read in (hub.history, hub.session):
            store.fault = "hang"
            with trio.fail_after(6), pytest.raises((StoreUnavailable, TypeError)):
                await read("bob")
        store.fault = None
        assert (await hub.ask("ada", "again", client_ref="r")).turn == 2


@pytest.mark.parametrize("steps", range(14))
@pytest.mark.parametrize("verb", ["join", "say", "leave"])
async def test_a_move_is_answered_though_its_session_is_erased(verb: str, steps: int) -> None:
    async with open_fake_hub() as hub, trio.open_nursery() as nursery:
        await hub.ask("ada", "hello")
        words = (WISH,) if verb == "say" else ()
        got = later(nursery, getattr(hub, verb), "ada", "Garden", *words)
        for _ in range(steps):
            await trio.lowlevel.checkpoint()
        await hub.erase("ada")
        await wait_all_tasks_blocked()
        assert len(got) == 1
        if isinstance(got[0], NexusError) and verb == "say":
            assert "988" in got[0].crisis.notice


async def test_whoever_retries_at_once_after_a_crash_gets_the_next_session() -> None:
    responder = FakeResponder(mode="crash")
    async with open_fake_hub(responder) as hub:
        with pytest.raises(Aborted):
            await hub.ask("ada", "hello")
        responder.mode = "ready"
        assert (await hub.ask("ada", "hello")).turn == 1


async def test_in_need_nobody_waits_behind_a_hanging_responder(
    autojump_clock: MockClock,
) -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        before = [later(nursery, hub.ask, "ada", f"m{n}") for n in range(3)]
        await wait_all_tasks_blocked()
        began = trio.current_time()
        reply = await hub.ask("ada", WISH)
        assert trio.current_time() - began <= 5.001
        assert reply.text == reply.crisis.notice
        await wait_all_tasks_blocked()
        assert all(isinstance(got[0], TurnTimeout) for got in before)
        statuses = [t.status for t in (await hub.history("ada")).turns]
        assert statuses == ["aborted"] * 3 + ["answered"]


async def test_the_hurry_ends_with_the_message_of_whoever_was_in_need(
    autojump_clock: MockClock,
) -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        await hub.ask("ada", WISH)
        later_on = later(nursery, hub.ask, "ada", "a slow one")
        await trio.sleep(60)
        assert later_on == []
        responder.release.set()
        await wait_all_tasks_blocked()
        assert isinstance(later_on[0], Reply)
        assert later_on[0].turn == 2


# --- once is once ---


async def test_words_that_were_heard_are_not_refused_afterwards(store: FaultyStore) -> None:
    class DownAfterSpeech(FaultyStore):
        async def append(self, writes: Sequence[Write]) -> None:
            await super().append(writes)
            if isinstance(writes[0], PutRoomEvent) and writes[0].event.event == "said":
                self.fault = "down"

    frail = DownAfterSpeech(Names())
    async with open_fake_hub(store=frail) as hub:
        await hub.ask("ada", "hello")
        said = await hub.say("ada", "Tower", WISH)
        assert "988" in said.crisis.notice
        frail.fault = None
        assert [e.event for e in await stream_of(frail, hub, "Tower")] == ["joined", "said"]


async def test_a_command_sent_again_is_done_once(store: FaultyStore) -> None:
    async with open_fake_hub(store=store) as hub:
        first = await hub.ask("ada", "/say hi", client_ref="r")
        assert await hub.ask("ada", "/say hi", client_ref="r") == first
        with pytest.raises(NexusError, match="client_ref"):
            await hub.ask("ada", "/say other", client_ref="r")
        assert [e.event for e in await stream_of(store, hub, "Tower")] == ["joined", "said"]
        for number in range(40):
            await hub.ask("ada", "look", client_ref=f"r{number}")
        assert (await hub.ask("ada", "/say hi", client_ref="r")).command == "say"


async def test_a_turn_sent_again_moves_nobody() -> None:
    async with open_fake_hub() as hub:
        first = await hub.ask("ada", "hello", room="Garden", client_ref="r")
        await hub.ask("ada", "go tower")
        assert await hub.ask("ada", "hello", room="Garden", client_ref="r") == first
        assert hub.look("Tower").occupants == ("ada",)


# --- erasing while things go wrong ---


async def test_an_erasure_is_not_done_while_a_room_still_owes_the_leaving(
    store: FaultyStore,
) -> None:
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello", username="Ada Secret")
        await hub.ask("bob", "hello")
        store.fault = "down"
        with pytest.raises(StoreUnavailable, match="erase again"):
            await hub.erase("ada")
        store.fault = None
        await hub.say("bob", "Tower", "hm")
        assert (await hub.erase("ada")).turns == 1
        await hub.say("bob", "Tower", "hm")
        assert all("ada" not in (e.user_id or "") for e in await stream_of(store, hub, "Tower"))


async def test_words_that_still_waited_are_not_said_after_an_erasure(
    store: FaultyStore, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(store=store) as hub:
        for user in ("ada", "bob", "cyd"):
            await hub.ask(user, "hello")
        store.fault = "hang"
        async with trio.open_nursery() as nursery:
            for user in ("bob", "cyd", "ada"):
                later(nursery, hub.say, user, "Tower", f"words of {user}")
                await wait_all_tasks_blocked()
            erased = later(nursery, hub.erase, "ada")
            await trio.sleep(5.5)
            store.fault = None
        for _ in range(2):
            if isinstance(erased[0], StoreUnavailable):
                await hub.say("bob", "Tower", "go on")
                erased = [await hub.erase("ada")]
        told = [(e.event, e.user_id, e.text) for e in await stream_of(store, hub, "Tower")]
        assert ("said", "ada", "words of ada") not in told
        assert all(user != "ada" for _, user, _ in told)


# --- the end ---


@pytest.mark.parametrize("running", [False, True])
async def test_the_hub_closes_within_its_share_though_the_store_hangs(
    store: FaultyStore, running: bool, autojump_clock: MockClock
) -> None:
    async with trio.open_nursery() as nursery:
        async with open_fake_hub(FakeResponder(mode="hang"), store) as hub:
            if running:
                later(nursery, hub.ask, "ada", "hello")
            else:
                await hub.join("ada", "Tower")
            await trio.sleep(1)
            store.fault = "hang"
            began = trio.current_time()
        assert trio.current_time() - began <= 1.001
        nursery.cancel_scope.cancel()


async def test_giving_up_answers_whoever_waits() -> None:
    async with open_fake_hub(FakeResponder(mode="hang")) as hub, trio.open_nursery() as nursery:
        got = later(nursery, hub.ask, "ada", WISH)
        await wait_all_tasks_blocked()
        hub.refuse()
        hub.give_up()
        await hub.wait_idle()
        await wait_all_tasks_blocked()
        assert isinstance(got[0], Aborted)
        assert "988" in got[0].crisis.notice


async def test_draining_waits_for_moves_too(store: FaultyStore) -> None:
    async with open_fake_hub(store=store) as hub, trio.open_nursery() as nursery:
        await hub.ask("ada", "hello")
        store.fault = "hang"
        later(nursery, hub.say, "ada", "Tower", "on its way")
        await wait_all_tasks_blocked()
        idle = later(nursery, hub.wait_idle)
        await wait_all_tasks_blocked()
        assert idle == []
        nursery.cancel_scope.cancel()


# --- what is shown ---


async def test_a_call_of_any_kind_is_activity_and_a_new_name_is_heard(
    autojump_clock: MockClock,
) -> None:
    async with open_fake_hub() as hub, hub.attach("bob") as outbox:
        await hub.say("ada", "Tower", "one", username="Ada")
        await trio.sleep(10)
        await hub.say("ada", "Tower", "two", username="Lady Ada")
        assert ((await hub.session("ada")).last_active - hub.now()).total_seconds() == 0
        names = []
        while len(outbox):
            frame = await outbox.receive()
            if isinstance(frame, RoomEvent) and frame.event == "said":
                names.append(frame.username)
        assert names == ["Ada", "Lady Ada"]


async def test_an_evicted_connection_keeps_nobody_in_the_room(autojump_clock: MockClock) -> None:
    async with open_fake_hub(outbox_frames=1) as hub, hub.attach("ada") as outbox:
        await hub.say("bob", "Tower", "one")
        await hub.say("bob", "Tower", "two")
        assert outbox.closed
        assert [s.connections for s in hub.sessions()] == [0, 0]
        await trio.sleep(125)
        assert hub.look("Tower").occupants == ()


async def test_go_and_say_without_more_explain_themselves() -> None:
    async with open_fake_hub() as hub:
        assert "/go ROOM" in (await hub.ask("ada", "/go")).text
        assert "/say TEXT" in (await hub.ask("ada", "/say")).text


async def test_help_is_in_a_refusal_of_words_in_the_wrong_wrapping() -> None:
    async with open_fake_hub() as hub:
        wrong: Any = [WISH]
        with pytest.raises(NexusError) as caught:
            await hub.ask("ada", wrong)
        assert "988" in caught.value.crisis.notice


async def test_a_join_that_waits_when_its_session_ends_is_never_done(
    store: FaultyStore, autojump_clock: MockClock
) -> None:
    """Else it would come behind the leaving, while the next session is elsewhere (I13)."""
    async with open_fake_hub(store=store) as hub, trio.open_nursery() as nursery:
        for user in ("bob", "cyd", "ada"):
            await hub.join(user, "Tower")
            await hub.leave(user, "Tower")
        before = hub.look("Tower").position
        store.fault = "hang"
        # Each waits for its five seconds in the room, one after the other; ada comes last.
        for user in ("bob", "cyd", "ada"):
            later(nursery, hub.join, user, "Tower")
            await wait_all_tasks_blocked()
        later(nursery, hub.erase, "ada")
        await trio.sleep(9.9)
        store.fault = None
        await hub.join("ada", "Garden")
        await trio.sleep(30)
        assert hub.look("Garden").occupants == ("ada",)
        events = await store.room_events("Tower", before, 100)
        assert "ada" not in [event.user_id for event in events]
