"""Sessions and rooms over a hub: the rows of the three tables, under virtual time."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import (
    Aborted,
    Conflict,
    Draining,
    InvalidRequest,
    MailboxFull,
    NexusError,
    NotFound,
    ResponderFailed,
    StoreUnavailable,
    TurnTimeout,
)
from nexus_trio.model.envelope import Erased, Position, Reply, RoomEvent
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted, Outbox
from nexus_trio.server import drain
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

WISH = "I want to die"


async def ask_later(
    nursery: trio.Nursery, hub: Hub, *args: str, **kwargs: str
) -> list[Reply | NexusError]:
    """Start an ask and let it get as far as it can; its outcome comes in the list."""
    got: list[Reply | NexusError] = []

    async def run() -> None:
        try:
            got.append(await hub.ask(*args, **kwargs))
        except NexusError as error:
            got.append(error)

    nursery.start_soon(run)
    await wait_all_tasks_blocked()
    return got


# --- a turn ---


async def test_a_turn_is_answered_numbered_and_stored() -> None:
    async with open_fake_hub() as hub:
        first = await hub.ask("ada", "hello")
        second = await hub.ask("ada", "again")
        assert (first.text, first.turn, first.session_messages) == ("reply 1 to hello", 1, 1)
        assert (second.turn, second.session_messages) == (2, 2)
        assert first.position == Position(first.position.epoch, 1)
        assert second.position == Position(first.position.epoch, 2)
        assert (first.room, first.crisis.level) == ("Tower", "none")
        page = await hub.history("ada")
        assert [(t.number, t.message, t.status) for t in page.turns] == [
            (1, "hello", "answered"),
            (2, "again", "answered"),
        ]
        assert page.next is None


async def test_two_users_have_nothing_in_common() -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder) as hub:
        await hub.ask("ada", "mine")
        await hub.ask("bob", "his")
        await hub.ask("ada", "mine too")
        ada, bob = await hub.session("ada"), await hub.session("bob")
        assert ada.session_id != bob.session_id
        assert [t.message for t in (await hub.history("bob")).turns] == ["his"]
        assert [e.message for e in responder.prompts[-1].history] == ["mine"]


async def test_a_slow_reply_is_received_before_it_is_answered() -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store) as hub, trio.open_nursery() as nursery:
        got = await ask_later(nursery, hub, "ada", "hello")
        loaded = await store.load("ada", 5)
        assert loaded is not None
        assert loaded.unfinished is not None
        assert loaded.unfinished.message == "hello"
        assert (await hub.session("ada")).session_messages == 1
        assert (await hub.history("ada")).turns == ()
        responder.release.set()
        await wait_all_tasks_blocked()
        assert isinstance(got[0], Reply)
        assert got[0].text == "reply 1 to hello"


async def test_a_ready_reply_shares_one_commit() -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        before = len(store.appends)
        await hub.ask("ada", "again")
        assert len(store.appends) == before + 1


async def test_stop_ends_a_turn_as_aborted_with_what_was_heard() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        got = await ask_later(nursery, hub, "ada", "hello", client_ref="r1")
        assert hub.stop("ada", "r1")
        await wait_all_tasks_blocked()
        error = got[0]
        assert isinstance(error, Aborted)
        assert error.partial == "reply"
        assert responder.open_streams == 0
        turn = (await hub.history("ada")).turns[0]
        assert (turn.status, turn.response, turn.number) == ("aborted", "reply", 1)
        assert turn.position is not None
        assert turn.position.offset == 1
        assert (await hub.session("ada")).session_messages == 1
        assert not hub.stop("ada", "r1")


class CountingResponder(FakeResponder):
    """Counts the streams that were ever opened."""

    opened = 0

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        self.opened += 1
        return super().stream(prompt)


async def test_stop_of_a_waiting_message_aborts_it_in_its_turn() -> None:
    responder = CountingResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        first = await ask_later(nursery, hub, "ada", "one", client_ref="r1")
        second = await ask_later(nursery, hub, "ada", "two", client_ref="r2")
        assert hub.stop("ada", "r2")
        responder.release.set()
        await wait_all_tasks_blocked()
        assert isinstance(first[0], Reply)
        assert isinstance(second[0], Aborted)
        statuses = [(t.message, t.status) for t in (await hub.history("ada")).turns]
        assert statuses == [("one", "answered"), ("two", "aborted")]
        assert responder.opened == 1


@pytest.mark.parametrize(("mode", "kind"), [("fail", ResponderFailed), ("hang", TurnTimeout)])
async def test_a_failing_or_hanging_responder_aborts_the_turn(
    mode: str, kind: type[NexusError], autojump_clock: MockClock
) -> None:
    responder = FakeResponder(mode=mode)
    async with open_fake_hub(responder) as hub:
        with pytest.raises(kind) as caught:
            await hub.ask("ada", "hello")
        assert caught.value.partial == "reply"
        assert caught.value.retry
        assert [t.status for t in (await hub.history("ada")).turns] == ["aborted"]
        responder.mode = "ready"
        assert (await hub.ask("ada", "again")).turn == 2


@pytest.mark.parametrize("mode", ["fail", "hang"])
async def test_in_a_crisis_the_notice_alone_is_the_answer(
    mode: str, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(FakeResponder(mode=mode)) as hub:
        began = trio.current_time()
        reply = await hub.ask("ada", WISH)
        assert trio.current_time() - began <= 5.001
        assert reply.crisis.detected
        assert reply.text == reply.crisis.notice
        assert "988" in reply.text
        assert [t.status for t in (await hub.history("ada")).turns] == ["answered"]


async def test_a_waiter_that_goes_away_changes_nothing() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        async with trio.open_nursery() as nursery:
            await ask_later(nursery, hub, "ada", "hello")
            nursery.cancel_scope.cancel()
        responder.release.set()
        await wait_all_tasks_blocked()
        turn = (await hub.history("ada")).turns[0]
        assert (turn.status, turn.response) == ("answered", "reply 1 to hello")
        assert hub.statistics().waiting == 0


async def test_the_mailbox_is_bounded_and_full_is_an_answer() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder, mailbox=2) as hub, trio.open_nursery() as nursery:
        for number in range(3):
            await ask_later(nursery, hub, "ada", f"m{number}")
        with pytest.raises(MailboxFull) as caught:
            await hub.ask("ada", "one too many")
        assert caught.value.crisis is None
        with pytest.raises(MailboxFull) as caught:
            await hub.ask("ada", WISH)
        assert "988" in caught.value.crisis.notice
        assert (await hub.ask("bob", "/help")).command == "help"
        responder.release.set()
        await wait_all_tasks_blocked()
        messages = [t.message for t in (await hub.history("ada")).turns]
        assert messages == ["m0", "m1", "m2"]
        assert (await hub.session("ada")).crisis_level == "none"


# --- references ---


async def test_a_reference_in_flight_waits_for_that_turn() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        first = await ask_later(nursery, hub, "ada", "hello", client_ref="r")
        second = await ask_later(nursery, hub, "ada", "hello", client_ref="r")
        other = await ask_later(nursery, hub, "ada", "else", client_ref="r")
        bob = await ask_later(nursery, hub, "bob", "else", client_ref="r")
        assert isinstance(other[0], Conflict)
        responder.release.set()
        await wait_all_tasks_blocked()
        assert first[0] == second[0]
        assert isinstance(bob[0], Reply)
        assert (await hub.session("ada")).session_messages == 1


async def test_a_reference_answered_gives_the_same_reply_for_a_day(
    autojump_clock: MockClock,
) -> None:
    async with open_fake_hub() as hub:
        first = await hub.ask("ada", "hello", client_ref="r")
        await hub.ask("ada", "between")
        assert await hub.ask("ada", "hello", client_ref="r") == first
        with pytest.raises(Conflict):
            await hub.ask("ada", "else", client_ref="r")
        await trio.sleep(24 * 3600 + 1)
        assert (await hub.ask("ada", "hello", client_ref="r")).turn == 3


async def test_a_reference_aborted_is_a_new_turn_that_folds_nothing_again() -> None:
    responder = FakeResponder(mode="fail")
    async with open_fake_hub(responder) as hub:
        low = "I feel hopeless"
        with pytest.raises(ResponderFailed) as caught:
            await hub.ask("ada", low, client_ref="r")
        assert caught.value.crisis.turns == 1
        responder.mode = "ready"
        again = await hub.ask("ada", low, client_ref="r")
        assert (again.turn, again.crisis.turns) == (2, 1)
        assert (await hub.ask("ada", low)).crisis.turns == 2


# --- the store ---


async def test_a_store_that_is_down_refuses_and_still_helps() -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "down"
        for user in ("ada", "bob"):
            with pytest.raises(StoreUnavailable) as caught:
                await hub.ask(user, WISH)
            assert "988" in caught.value.crisis.notice
        store.fault = None
        reply = await hub.ask("ada", "back")
        assert (reply.turn, reply.crisis.level) == (2, "none")
        assert (await hub.session("ada")).crisis_level == "none"
        with pytest.raises(NotFound):
            await hub.session("bob")


async def test_a_store_that_hangs_is_given_up_and_asked_again(autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "hang"
        with pytest.raises(StoreUnavailable):
            await hub.ask("ada", "lost")
        store.fault = None
        assert (await hub.ask("ada", "back")).turn == 2


async def test_a_turn_cut_by_a_restart_is_aborted_when_its_session_reopens() -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store) as hub, trio.open_nursery() as nursery:
        await ask_later(nursery, hub, "ada", "cut")
        store.fault = "down"  # so that the end of this hub can't store the abort
        nursery.cancel_scope.cancel()
    store.fault = None
    async with open_fake_hub(store=store) as hub:
        reply = await hub.ask("ada", "next")
        assert (reply.turn, reply.position.offset) == (2, 2)
        turns = (await hub.history("ada")).turns
        assert [(t.message, t.status) for t in turns] == [
            ("cut", "aborted"),
            ("next", "answered"),
        ]


# --- crashes are contained ---


async def test_a_crash_of_one_session_ends_only_that_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder) as hub:
        await hub.ask("bob", "hello")
        responder.mode = "crash"
        caplog.set_level(logging.ERROR)
        with pytest.raises(Aborted) as caught:
            await hub.ask("ada", f"{WISH} canary-1234")
        await wait_all_tasks_blocked()
        assert "988" in caught.value.crisis.notice
        assert "canary-1234" not in caplog.text
        assert "ZeroDivisionError" in caplog.text
        responder.mode = "ready"
        statistics = hub.statistics()
        assert (statistics.session_crashes, statistics.waiting) == (1, 0)
        assert (await hub.ask("bob", "still here")).turn == 2
        assert (await hub.ask("ada", "back")).turn == 1
        assert hub.look("Tower").occupants == ("ada", "bob")


# --- rooms ---


async def test_presence_over_http_like_calls(autojump_clock: MockClock) -> None:
    async with open_fake_hub() as hub:
        with pytest.raises(NotFound):
            await hub.session("ada")
        assert hub.look("Tower").occupants == ()
        await hub.ask("ada", "hello")
        assert hub.look("Tower").occupants == ("ada",)
        await hub.ask("ada", "hello", room="garden")
        assert hub.look("Tower").occupants == ()
        assert (await hub.session("ada")).room == "Garden"
        await trio.sleep(59)
        assert hub.look("Garden").occupants == ("ada",)
        await trio.sleep(2)
        assert hub.look("Garden").occupants == ()
        assert (await hub.session("ada")).room is None
        assert (await hub.ask("ada", "back")).room == "Garden"
        await hub.leave("ada", "Garden")
        assert (await hub.session("ada")).room is None
        assert (await hub.ask("ada", "and again")).room == "Tower"


async def test_an_idle_session_goes_and_comes_back_as_it_was(autojump_clock: MockClock) -> None:
    async with open_fake_hub() as hub:
        first = await hub.ask("ada", "hello", username="Ada")
        await trio.sleep(1861)
        assert hub.statistics().sessions == 0
        assert hub.sessions() == ()
        stored = await hub.session("ada")
        assert (stored.session_messages, stored.connections, stored.room) == (1, 0, None)
        again = await hub.ask("ada", "me again")
        assert (again.turn, again.session_id) == (2, first.session_id)
        assert again.position.epoch == first.position.epoch


async def test_commands_leave_the_counts_alone() -> None:
    async with open_fake_hub() as hub:
        await hub.ask("bob", "hello")
        look = await hub.ask("ada", "look")
        assert (look.command, look.occupants, look.turn) == ("look", ("ada", "bob"), 0)
        assert look.position.offset == 0
        go = await hub.ask("ada", "go garden")
        assert (go.command, go.occupants, go.room) == ("go", ("ada",), "Garden")
        lost = await hub.ask("ada", "/go nowhere")
        assert (lost.command, lost.room) == ("go", "Garden")
        assert "Tower" in lost.text
        assert (await hub.ask("ada", "/who")).occupants == ("ada",)
        assert (await hub.ask("ada", "HELP")).command == "help"
        assert (await hub.session("ada")).session_messages == 0
        assert (await hub.history("ada")).turns == ()


async def test_what_is_said_aloud_is_screened_folded_and_heard() -> None:
    async with open_fake_hub() as hub, hub.attach("bob") as outbox:
        await next_event(outbox)
        said = await hub.say("ada", "tower", "I feel hopeless")
        assert (said.crisis.level, said.crisis.turns) == ("concern", 1)
        assert said.view.occupants == ("ada", "bob")
        joined, spoken = await next_event(outbox), await next_event(outbox)
        assert (joined.event, joined.user_id) == ("joined", "ada")
        assert (spoken.event, spoken.text) == ("said", "I feel hopeless")
        assert spoken.position == said.room_position
        assert (await hub.ask("ada", "I feel hopeless")).crisis.turns == 2
        assert (await hub.ask("bob", "I feel hopeless")).crisis.turns == 1
        aloud = await hub.ask("ada", f"/say {WISH}")
        assert "988" in aloud.text
        assert (aloud.crisis.level, aloud.crisis.detected) == ("crisis", True)
        assert (await next_event(outbox)).text == WISH
        assert aloud.command == "say"


async def next_event(outbox: Outbox) -> RoomEvent:
    with trio.fail_after(1):
        while True:
            frame = await outbox.receive()
            if isinstance(frame, RoomEvent):
                return frame


async def test_nothing_is_heard_after_leaving() -> None:
    async with open_fake_hub() as hub, hub.attach("bob") as outbox:
        await next_event(outbox)
        await hub.leave("bob", "Tower")
        assert (await next_event(outbox)).event == "left"
        await hub.say("ada", "Tower", "anyone?")
        assert len(outbox) == 0
        await hub.join("bob", "Tower")
        assert (await next_event(outbox)).user_id == "bob"


async def test_a_connection_keeps_its_user_in_the_room(autojump_clock: MockClock) -> None:
    async with open_fake_hub() as hub:
        async with hub.attach("ada", "Garden"):
            await trio.sleep(7200)
            assert hub.look("Garden").occupants == ("ada",)
            assert hub.sessions()[0].connections == 1
        await trio.sleep(59)
        assert hub.look("Garden").occupants == ("ada",)
        await trio.sleep(2)
        assert hub.look("Garden").occupants == ()


async def test_a_slow_consumer_is_evicted_alone() -> None:
    async with (
        open_fake_hub(outbox_frames=3) as hub,
        hub.attach("slow") as slow,
        hub.attach("quick") as quick,
    ):
        for number in range(4):
            await hub.say("ada", "Tower", f"{number}")
            while len(quick):
                await quick.receive()
        heard = [(await next_event(slow)).user_id for _ in range(4)]
        assert heard == ["slow", "quick", "ada", "ada"]
        with pytest.raises(Evicted) as caught:
            await slow.receive()
        assert caught.value.code == 4429
        assert not quick.closed


async def test_the_oldest_of_too_many_connections_goes() -> None:
    async with (
        open_fake_hub(connections_per_user=1) as hub,
        hub.attach("ada") as first,
        hub.attach("ada") as second,
    ):
        while len(first):
            await first.receive()
        with pytest.raises(Evicted) as caught:
            await first.receive()
        assert caught.value.code == 4409
        assert not second.closed
        assert hub.sessions()[0].connections == 1


# --- erasing, draining, wrong use ---


async def test_erase_removes_everything_and_the_next_session_is_new() -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder) as hub, hub.attach("bob") as outbox:
        first = await hub.ask("ada", "hello", client_ref="r")
        await hub.say("ada", "Tower", "aloud")
        responder.mode = "hang"
        async with trio.open_nursery() as nursery:
            running = await ask_later(nursery, hub, "ada", "running")
            erased = await hub.erase("ada")
            assert isinstance(running[0], Aborted)
        assert (erased.turns, erased.events) == (2, 3)
        assert hub.look("Tower").occupants == ("bob",)
        with pytest.raises(NotFound):
            await hub.history("ada")
        with pytest.raises(NotFound):
            await hub.erase("ada")
        heard = [await next_event(outbox) for _ in range(4)]
        assert [event.event for event in heard] == ["joined", "joined", "said", "left"]
        responder.mode = "ready"
        again = await hub.ask("ada", "hello", client_ref="r")
        assert (again.turn, again.session_messages) == (1, 1)
        assert again.session_id != first.session_id
        assert again.position.epoch != first.position.epoch


class SlowToErase(FaultyStore):
    """Erases when told."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.begun, self.go = trio.Event(), trio.Event()

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        self.begun.set()
        await self.go.wait()
        return await super().erase(user_id)


async def test_a_message_during_an_erasure_starts_the_new_session() -> None:
    store = SlowToErase()
    async with open_fake_hub(store=store) as hub, trio.open_nursery() as nursery:
        await hub.ask("ada", "old")
        nursery.start_soon(hub.erase, "ada")
        await store.begun.wait()
        got = await ask_later(nursery, hub, "ada", "new")
        assert got == []
        assert (await hub.ask("bob", "meanwhile")).turn == 1
        store.go.set()
        await wait_all_tasks_blocked()
        assert isinstance(got[0], Reply)
        assert got[0].turn == 1
        assert [t.message for t in (await hub.history("ada")).turns] == ["new"]


async def test_an_erasure_that_takes_too_long_says_so(autojump_clock: MockClock) -> None:
    store = SlowToErase()
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "old")
        with pytest.raises(StoreUnavailable):
            await hub.erase("ada")
        store.go.set()
        assert (await hub.erase("ada")).turns == 1


async def test_an_erasure_that_hangs_does_not_outlast_the_end(autojump_clock: MockClock) -> None:
    store = SlowToErase()
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "old")
        async with trio.open_nursery() as nursery:
            caller = trio.CancelScope()
            nursery.start_soon(erase_in_vain, hub, caller)
            await store.begun.wait()
            began = trio.current_time()
            caller.cancel()
            hub.refuse()
            with trio.move_on_after(2):
                await hub.wait_idle()
            hub.give_up()
        assert trio.current_time() - began == 2


async def erase_in_vain(hub: Hub, caller: trio.CancelScope) -> None:
    with caller, pytest.raises(StoreUnavailable):
        await hub.erase("ada")


async def test_no_erasure_begins_once_all_has_been_drained() -> None:
    """It is shielded, and would hold up the end for as long as a disk hangs."""
    async with open_fake_hub() as hub:
        await hub.ask("ada", "hello")
        await drain(hub, 5)
        with pytest.raises(Draining):
            await hub.erase("ada")
        assert (await hub.session("ada")).session_messages == 1


async def test_a_hub_that_is_cancelled_waits_for_no_disk_that_hangs(
    autojump_clock: MockClock,
) -> None:
    store = FaultyStore(Names())
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery, open_fake_hub(store=store, grace_s=4) as hub:
            await hub.ask("ada", "hello")
            store.fault = "hang"
            nursery.start_soon(hub.ask, "ada", "and now?")
            await wait_all_tasks_blocked()
            began = trio.current_time()
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() - began <= 0.4  # a tenth of the grace period


async def test_draining_refuses_new_and_finishes_old() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        got = await ask_later(nursery, hub, "ada", "running")
        hub.refuse()
        assert not hub.ready
        with pytest.raises(Draining) as caught:
            await hub.ask("bob", WISH)
        assert "988" in caught.value.crisis.notice
        responder.release.set()
        await hub.wait_idle()
        await wait_all_tasks_blocked()
        assert isinstance(got[0], Reply)


async def test_a_hub_that_closes_stores_what_ran_as_aborted() -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with trio.open_nursery() as nursery, open_fake_hub(responder, store) as hub:
        got = await ask_later(nursery, hub, "ada", "running")
    assert isinstance(got[0], Aborted)
    page = await store.history("ada", None, 5)
    assert page is not None
    assert [(t.message, t.status) for t in page.turns] == [("running", "aborted")]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"user_id": "no spaces"}, "user_id"),
        ({"message": ""}, "message"),
        ({"username": "Iris"}, "username"),
        ({"username": 5}, "username"),
        ({"room": "Nowhere"}, "room"),
        ({"room": 5}, "room"),
        ({"client_ref": "a b"}, "client_ref"),
        ({"locale": "!"}, "locale"),
    ],
)
async def test_every_field_has_a_bound(arguments: dict[str, object], field: str) -> None:
    async with open_fake_hub() as hub:
        valid: dict[str, object] = {"user_id": "ada", "message": WISH}
        with pytest.raises(InvalidRequest, match=field) as caught:
            await hub.ask(**(valid | arguments))
        if "message" not in arguments:
            assert "988" in caught.value.crisis.notice
        assert hub.statistics().sessions == 0
