"""What connections are told while a turn runs, and what they get when they come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
import trio
from checked_frames import checked
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import Conflict, MailboxFull, NotFound, ResponderFailed
from nexus_trio.model.envelope import Position
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard, Noticed
from nexus_trio.runtime.outbox import Evicted, Outbox
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub
from nexus_trio.web import live

WISH = "I want to die"


def waiting(outbox: Outbox) -> list[Frame]:
    """All that waits now, each checked as it goes over the wire; room events left out."""
    frames = [outbox.take() for _ in range(len(outbox))]
    for frame in frames:
        checked(live.encoded(frame))
    return [f for f in frames if not isinstance(f, Heard)]


async def told(connection: Connection) -> list[Frame]:
    """All that this connection is told once nothing moves any more."""
    await wait_all_tasks_blocked()
    return waiting(connection.outbox)


def deltas(frames: list[Frame]) -> str:
    found = [f for f in frames if isinstance(f, Delta)]
    assert [f.seq for f in found] == list(range(len(found)))
    return "".join(f.text for f in found)


@pytest.mark.parametrize("mode", ["ready", "stream"])
async def test_a_turn_is_told_piece_by_piece_and_ends_once(mode: str) -> None:
    async with (
        open_fake_hub(FakeResponder(mode=mode)) as hub,
        hub.connect("ada") as one,
        hub.connect("ada") as two,
        hub.connect("bob") as bob,
    ):
        one.message("m1", "hello there")
        mine, other = await told(one), await told(two)
        last = mine[-1]
        assert isinstance(last, Answered)
        assert deltas(mine) == last.reply.response == "reply 1 to hello there"
        assert {f.ref for f in mine if isinstance(f, Delta | Answered)} == {"m1"}
        assert {getattr(f, "message", None) for f in mine} == {None}
        assert deltas(other) == "reply 1 to hello there"
        assert [getattr(f, "ref", 0) for f in other] == [None] * len(other)
        messages = [getattr(f, "message", 0) for f in other]
        assert messages == ["hello there"] + [None] * (len(other) - 1)
        assert await told(bob) == []


async def test_a_turn_over_a_call_is_told_to_the_connections() -> None:
    async with open_fake_hub(FakeResponder(mode="stream")) as hub, hub.connect("ada") as one:
        reply = await hub.ask("ada", "hello")
        frames = await told(one)
        assert deltas(frames) == reply.response
        assert isinstance(frames[-1], Answered)
        assert frames[-1].reply == reply


async def test_a_crisis_notice_is_told_before_any_commit(autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(FakeResponder(mode="hang"), store) as hub, hub.connect("ada") as one:
        store.fault = "hang"
        one.message("m1", WISH)
        (notice,) = await told(one)
        assert isinstance(notice, Noticed)
        assert "988" in notice.text
        assert notice.position.offset == 1


async def test_a_crisis_reply_is_notice_and_deltas() -> None:
    async with open_fake_hub(FakeResponder(mode="stream")) as hub, hub.connect("ada") as one:
        one.message("m1", WISH)
        frames = await told(one)
        notice, last = frames[0], frames[-1]
        assert isinstance(notice, Noticed)
        assert isinstance(last, Answered)
        assert last.reply.response == f"{notice.text}\n\n{deltas(frames)}"
        assert (notice.position.offset, last.reply.position.offset) == (1, 2)
        assert sum(isinstance(f, Answered | Failed) for f in frames) == 1


async def test_other_words_of_a_reply_are_deltas() -> None:
    message = "my friend wants to kill herself"
    async with open_fake_hub(FakeResponder(mode="stream")) as hub, hub.connect("ada") as one:
        one.message("m1", message)
        frames = await told(one)
        last = frames[-1]
        assert isinstance(last, Answered)
        assert last.reply.notices
        assert deltas(frames) == last.reply.response


@pytest.mark.parametrize("fault", ["queue", "slow reference"])
async def test_a_notice_waits_for_nothing(fault: str, autojump_clock: MockClock) -> None:
    responder, store = FakeResponder(mode="hang"), SlowReferences(Names())
    async with open_fake_hub(responder, store) as hub, hub.connect("ada") as one:
        if fault == "queue":
            one.message("m1", "first")
        one.message("m2", WISH, client_ref="r")
        began = trio.current_time()
        with trio.fail_after(0.05):
            while not isinstance(await one.outbox.receive(), Noticed):
                pass
        assert trio.current_time() - began <= 0.05


class SlowReferences(MemoryStore):
    """A store whose look-up of references takes a second."""

    async def reference(self, user_id, client_ref, since):  # type: ignore[no-untyped-def]  # as above
        await trio.sleep(1)
        return await super().reference(user_id, client_ref, since)


async def test_stop_by_ref_closes_the_stream_and_tells_all() -> None:
    responder = FakeResponder(mode="hang")
    async with (
        open_fake_hub(responder) as hub,
        hub.connect("ada") as one,
        hub.connect("ada") as two,
    ):
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        with pytest.raises(NotFound):
            two.stop("m1")
        one.stop("m1")
        last, other = (await told(one))[-1], (await told(two))[-1]
        assert responder.open_streams == 0
        for frame, ref in ((last, "m1"), (other, None)):
            assert isinstance(frame, Failed)
            assert (frame.ref, frame.error.code, frame.error.partial) == (ref, "aborted", "reply")
            assert frame.position == Position(one.welcome.position.epoch, 1)
        one.stop("m1")  # late: it has lost, and is no error


async def test_a_pending_ref_is_a_conflict_and_help_comes_all_the_same() -> None:
    async with open_fake_hub(FakeResponder(mode="hang")) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        with pytest.raises(Conflict) as caught:
            one.message("m1", WISH)
        assert "988" in caught.value.crisis.notice


async def test_one_client_ref_under_two_refs_is_one_turn() -> None:
    responder = FakeResponder(mode="hang")
    async with (
        open_fake_hub(responder) as hub,
        hub.connect("ada") as one,
        hub.connect("ada") as two,
    ):
        one.message("m1", "hello", client_ref="r")
        two.message("x", "hello", client_ref="r")
        await wait_all_tasks_blocked()
        responder.release.set()
        first, second = (await told(one))[-1], (await told(two))[-1]
        assert isinstance(first, Answered)
        assert isinstance(second, Answered)
        assert (first.ref, second.ref) == ("m1", "x")
        assert first.reply == second.reply


async def test_who_asks_again_in_a_call_is_told_all_of_a_running_turn() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        first = await hub.stream("ada", WISH, client_ref="r")
        await wait_all_tasks_blocked()
        second = await hub.stream("ada", WISH, client_ref="r")
        responder.release.set()
        await wait_all_tasks_blocked()
        told_first, told_second = waiting(first.outbox), waiting(second.outbox)
        first.close()
        second.close()
        assert told_first[0].text == told_second[0].text  # type: ignore[union-attr]  # notices
        assert deltas(told_first) == deltas(told_second) == f"reply 1 to {WISH}"
        for frames in (told_first, told_second):
            assert isinstance(frames[-1], Answered)
            assert sum(isinstance(f, Answered | Failed) for f in frames) == 1
            assert {getattr(f, "message", None) for f in frames} == {None}


async def test_who_asks_again_for_a_waiting_message_has_its_notice_at_once() -> None:
    async with open_fake_hub(FakeResponder(mode="hang")) as hub:
        before = await hub.stream("ada", "first")
        await wait_all_tasks_blocked()
        streams = [await hub.stream("ada", WISH, client_ref="r") for _ in range(2)]
        assert [type(f) for s in streams for f in waiting(s.outbox)] == [Noticed, Noticed]
        for stream in (before, *streams):
            stream.close()


async def test_a_notice_is_owed_to_who_asked_over_a_connection_and_was_gone_when_it_came(
    autojump_clock: MockClock,
) -> None:
    """Until it is acknowledged, and not only as long as the one connection was there (I24)."""
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        async with hub.connect("ada") as one:
            one.message("m1", "first")
            one.message("m2", WISH)
            await told(one)
            responder.mode = "fail"
            one.gone()
        responder.release.set()
        await trio.sleep(60)  # the first has ended, and so has the second, with nobody there
        for _ in range(2):
            async with hub.connect("ada") as again:
                frames = await told(again)
                (notice,) = [f for f in frames if isinstance(f, Noticed)]
                assert "988" in notice.text
        async with hub.connect("ada") as last:
            await last.acknowledge(notice.position)
        async with hub.connect("ada") as after:
            assert await told(after) == []


async def test_a_connection_that_asks_again_has_heard_it_already() -> None:
    responder = FakeResponder(mode="hang")
    async with (
        open_fake_hub(responder) as hub,
        hub.connect("ada") as one,
        hub.connect("ada") as two,
    ):
        one.message("m1", WISH, client_ref="r")
        heard = await told(two)
        assert [type(f) for f in heard] == [Noticed, Delta]
        two.message("x1", WISH, client_ref="r")
        assert await told(two) == []


async def test_refusals_reach_only_who_asked() -> None:
    responder = FakeResponder(mode="hang")
    async with (
        open_fake_hub(responder, mailbox=1) as hub,
        hub.connect("ada") as one,
        hub.connect("ada") as two,
    ):
        one.message("m1", "a")
        await wait_all_tasks_blocked()
        one.message("m2", "b")
        with pytest.raises(MailboxFull):
            one.message("m3", "c")
        assert len(await told(two)) == 1  # the first delta of m1


async def test_an_erased_session_tells_the_abort_and_then_the_end() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        await hub.erase("ada")
        frames = await told(one)
        assert isinstance(frames[-1], Failed)
        assert frames[-1].error.code == "aborted"
        with pytest.raises(Evicted) as caught:
            await one.outbox.receive()
        assert caught.value.code == 4410


async def test_who_is_erased_before_the_first_word_has_an_empty_part() -> None:
    class Silent(FakeResponder):
        async def _words(self, prompt: Prompt) -> AsyncIterator[str]:
            await trio.sleep_forever()
            yield ""

    async with open_fake_hub(Silent(mode="hang")) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        one.message("m2", "waits")
        await hub.erase("ada")
        begun, waits = await told(one)
        assert isinstance(begun, Failed)
        assert isinstance(waits, Failed)
        assert (begun.error.partial, begun.turn) == ("", 1)
        assert (waits.error.partial, waits.turn) == (None, None)


@pytest.mark.parametrize(("policy", "status"), [("keep", "answered"), ("abort", "aborted")])
async def test_a_disconnect_keeps_or_ends_the_turn(policy: str, status: str) -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder, on_disconnect=policy) as hub:
        async with hub.connect("ada") as one:
            one.message("m1", "hello")
            await wait_all_tasks_blocked()
            one.gone()
        responder.release.set()
        await wait_all_tasks_blocked()
        assert [t.status for t in (await hub.history("ada")).turns] == [status]


async def test_who_else_waits_for_a_turn_keeps_it() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder, on_disconnect="abort") as hub:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: hub.ask("ada", "hello", client_ref="r"))
            await wait_all_tasks_blocked()
            async with hub.connect("ada") as one:
                one.message("m1", "hello", client_ref="r")
                one.gone()
            responder.release.set()
        assert [t.status for t in (await hub.history("ada")).turns] == ["answered"]


async def test_a_streamed_call_is_told_its_own_turn_alone() -> None:
    async with open_fake_hub(FakeResponder(mode="stream")) as hub:
        stream = await hub.stream("ada", "hello")
        await hub.ask("ada", "another")
        frames = waiting(stream.outbox)
        stream.close()
        assert deltas(frames) == "reply 1 to hello"
        assert isinstance(frames[-1], Answered)


async def test_a_failed_turn_is_one_error() -> None:
    async with open_fake_hub(FakeResponder(mode="fail")) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        frames = await told(one)
        assert [type(f) for f in frames] == [Delta, Failed]
        assert isinstance(frames[-1], Failed)
        assert isinstance(frames[-1].error, ResponderFailed)


# --- bounds ---


async def test_an_outbox_is_bounded_by_bytes_too() -> None:
    async with (
        open_fake_hub(outbox_bytes=4096) as hub,
        hub.connect("slow") as slow,
        hub.connect("ada") as ada,
    ):
        await ada.say("x" * 3000)
        assert not slow.outbox.closed
        await ada.say("x" * 3000)
        assert slow.outbox.closed
        assert hub.look("Tower").occupants == ("ada", "slow")


async def test_an_eviction_drops_no_crisis_notice() -> None:
    async with open_fake_hub(outbox_frames=2) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        one.message("m2", WISH)
        await wait_all_tasks_blocked()
        assert one.outbox.closed
        assert [type(f) for f in await told(one)] == [Delta, Answered, Noticed]
        with pytest.raises(Evicted):
            await one.outbox.receive()


async def test_a_room_event_is_one_object_for_all() -> None:
    async with open_fake_hub() as hub, AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(hub.connect(f"u{n}")) for n in range(5)]
        for listener in listeners:
            while len(listener.outbox):
                listener.outbox.take()
        await listeners[0].say("good evening")
        assert len({id(listener.outbox.take()) for listener in listeners}) == 1


async def test_an_evicted_connection_costs_no_other_its_place() -> None:
    async with (
        open_fake_hub(outbox_frames=2, connections_per_user=2) as hub,
        hub.connect("ada") as oldest,
        hub.connect("ada") as slow,
    ):
        for word in ("one", "two", "three"):
            await hub.say("bob", "Tower", word)
            waiting(oldest.outbox)
        assert slow.outbox.closed
        async with hub.connect("ada") as back:
            assert not oldest.outbox.closed
            assert not back.outbox.closed
            assert hub.sessions()[0].connections == 2
            async with hub.connect("ada"):
                assert oldest.outbox.closed


# --- coming back ---


async def test_a_reply_cut_in_the_middle_comes_again_from_the_start() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        async with hub.connect("ada") as one:
            one.message("m1", "hello")
            await wait_all_tasks_blocked()
            assert deltas(await told(one)) == "reply"
        async with hub.connect("ada", after=one.welcome.position) as two:
            responder.release.set()
            frames = await told(two)
        assert two.welcome.recovered
        assert deltas(frames) == "reply 1 to hello"
        assert getattr(frames[0], "message", None) == "hello"
        assert isinstance(frames[-1], Answered)


async def test_a_resume_gives_what_was_missed_once_and_in_order() -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder) as hub:
        async with hub.connect("ada") as one:
            start = one.welcome.position
        await hub.ask("ada", "one")
        await hub.ask("ada", WISH)
        responder.mode = "fail"
        with pytest.raises(ResponderFailed):
            await hub.ask("ada", "three")
        async with hub.connect("ada", after=start) as two:
            frames = await told(two)
        assert [type(f) for f in frames] == [Answered, Noticed, Answered, Failed]
        offsets = [getattr(f, "position", None) or f.reply.position for f in frames]  # type: ignore[union-attr]  # as listed
        assert [p.offset for p in offsets] == [1, 2, 3, 4]
        assert [getattr(f, "message", "") for f in frames] == ["one", "", WISH, "three"]
        async with hub.connect("ada", after=offsets[2]) as three:
            assert [type(f) for f in await told(three)] == [Failed]


@pytest.mark.parametrize("where", ["epoch", "ahead", "room epoch", "room ahead"])
async def test_what_can_not_be_had_whole_is_said(where: str) -> None:
    async with open_fake_hub() as hub:
        await hub.ask("ada", "one")
        position = (await hub.ask("ada", "two")).position
        room = hub.look("Tower").position
        positions = {
            "epoch": {"after": Position("other", 1)},
            "ahead": {"after": Position(position.epoch, 9)},
            "room epoch": {"room_after": Position("other", 1)},
            "room ahead": {"room_after": Position(room.epoch, 9)},
        }[where]
        async with hub.connect("ada", **positions) as one:
            assert not one.welcome.recovered
            assert one.welcome.position == position
            assert len(one.outbox) == 0


async def test_a_room_is_resumed_from_memory_and_behind_it_from_the_store(
    autojump_clock: MockClock,
) -> None:
    async with open_fake_hub() as hub, hub.connect("ada") as ada:
        start = hub.look("Tower").position
        await ada.say("one")
        await trio.sleep(601)
        await ada.say("two")
        for after, words in ((start, ["one", "two"]), (Position(start.epoch, 2), ["two"])):
            async with hub.connect("ada", room_after=after) as one:
                frames = [one.outbox.take() for _ in range(len(one.outbox))]
                assert [f.event.text for f in frames if isinstance(f, Heard)] == words
                assert one.welcome.recovered


async def test_a_room_is_not_heard_from_before_the_latest_arrival() -> None:
    async with open_fake_hub() as hub, hub.connect("bob") as bob:
        async with hub.connect("ada") as one:
            room = one.welcome.room_position
        await hub.leave("ada", "Tower")
        await bob.say("behind her back")
        async with hub.connect("ada", room="Tower", room_after=room) as two:
            assert not two.welcome.recovered
            assert len(two.outbox) == 0
        await hub.leave("ada", "Tower")
        async with hub.connect("ada", room="Tower") as three:
            (heard,) = [three.outbox.take() for _ in range(len(three.outbox))]
            assert isinstance(heard, Heard)
            assert (heard.event.event, heard.event.user_id) == ("joined", "ada")


async def test_an_erased_users_words_are_tombstones_for_who_resumes() -> None:
    async with open_fake_hub() as hub, hub.connect("bob") as bob:
        room = hub.look("Tower").position
        await hub.say("ada", "Tower", "mine")
        await hub.erase("ada")
        async with hub.connect("bob", room_after=room) as two:
            frames = [two.outbox.take() for _ in range(len(two.outbox))]
        events = [f.event for f in frames if isinstance(f, Heard)]
        assert [e.event for e in events] == ["erased"] * 3
        assert {(e.user_id, e.text) for e in events} == {(None, None)}
        assert bob.welcome.recovered


async def test_a_notice_comes_again_until_it_is_acknowledged() -> None:
    async with open_fake_hub() as hub:
        async with hub.connect("ada") as one:
            one.message("m1", WISH)
            frames = await told(one)
            notice, reply = frames[0], frames[-1]
            assert isinstance(notice, Noticed)
            assert isinstance(reply, Answered)
        for after in (None, reply.reply.position):
            async with hub.connect("ada", after=after) as two:
                assert await told(two) == [notice]
        async with hub.connect("ada") as three:
            await three.acknowledge(Position("other", 9))
            await three.acknowledge(Position(notice.position.epoch, 0))
            assert await told(three) == [notice]
            await three.acknowledge(notice.position)
        async with hub.connect("ada") as four:
            assert await told(four) == []


async def test_a_notice_whose_commit_failed_keeps_its_position_to_itself() -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        store.fault = "down"
        one.message("m1", WISH)
        notice, error = await told(one)
        assert isinstance(notice, Noticed)
        assert isinstance(error, Failed)
        assert error.error.code == "store_unavailable"
        store.fault = None
        reply = await hub.ask("ada", "hello")
        assert reply.position.offset == notice.position.offset + 1


@pytest.mark.parametrize("how", ["refused", "unsettled"])
async def test_a_position_that_was_shown_is_nobody_elses_in_the_next_session(
    how: str, autojump_clock: MockClock
) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        async with hub.connect("ada") as one:
            store.fault = "down" if how == "refused" else "hang"
            one.message("m1", WISH)
            await trio.sleep(6)
            notice, error = waiting(one.outbox)
            assert isinstance(notice, Noticed)
            assert isinstance(error, Failed)
            store.fault = None
        await trio.sleep(1900)
        assert hub.sessions() == ()
        reply = await hub.ask("ada", "hello")
        assert reply.position == replace(notice.position, offset=notice.position.offset + 1)
        async with hub.connect("ada", after=notice.position) as two:
            assert two.welcome.recovered
            again, _ = await told(two)
            assert isinstance(again, Noticed)
            assert (again.position, again.text) == (notice.position, notice.text)
            await two.acknowledge(again.position)
        async with hub.connect("ada", after=notice.position) as three:
            assert [type(f) for f in await told(three)] == [Answered]


@pytest.mark.parametrize(("message", "end"), [(WISH, 2), ("hello", 2)])
async def test_a_turn_ended_by_the_next_session_has_the_position_that_was_left_for_it(
    message: str, end: int, autojump_clock: MockClock
) -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store, turn_timeout_s=1, crisis_patience_s=1) as hub:
        async with hub.connect("ada") as one:
            if message != WISH:
                store.fault = "down"
                one.message("m0", WISH)  # its notice is shown, and nothing is stored
                await wait_all_tasks_blocked()
                store.fault = None
            one.message("m1", message)
            await wait_all_tasks_blocked()
            store.fault = "hang"
            await trio.sleep(10)
            store.fault = None
        async with hub.connect("ada") as two:
            assert two.welcome.position.offset == end
        (turn,) = (await hub.history("ada")).turns
        assert (turn.message, turn.status) == (message, "aborted")
        assert turn.position == Position(one.welcome.position.epoch, end)


async def test_after_a_restart_a_cut_turn_has_its_end_and_its_notice() -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store) as hub, hub.connect("ada") as one:
        one.message("m1", WISH)
        await wait_all_tasks_blocked()
        store.fault = "down"
    store.fault = None
    async with (
        open_fake_hub(store=store) as hub,
        hub.connect("ada", after=one.welcome.position) as two,
    ):
        frames = await told(two)
        assert [type(f) for f in frames] == [Noticed, Failed]
        assert two.welcome.recovered
