"""Turns without a session: screened and answered like every other, and nothing of them kept."""

from __future__ import annotations

import logging

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import (
    Aborted,
    Draining,
    InvalidRequest,
    RateLimited,
    ResponderFailed,
    TooLarge,
    TurnTimeout,
)
from nexus_trio.runtime.frames import Answered, Delta, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.stateless import AT_ONCE
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

WISH = "I want to die"


def nothing_of_it(hub: Hub, store: FaultyStore) -> bool:
    """Whether neither a session nor a presence nor a stored row came of it."""
    rooms = any(room.occupants for room in hub.rooms())
    return not (hub.sessions() or rooms or store.appends or hub.statistics().waiting)


@pytest.mark.parametrize("fault", [None, "down", "hang"])
@pytest.mark.parametrize("mode", ["ready", "stream"])
async def test_it_answers_and_keeps_nothing(mode: str, fault: str | None) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(FakeResponder(mode=mode), store) as hub:
        store.appends.clear()
        store.fault = fault
        stream = hub.stateless("look")
        reply = await stream.outcome()
        assert reply.response == "reply 1 to look"
        assert reply.command is None
        frames = [stream.outbox.take() for _ in range(len(stream.outbox))]
        assert "".join(f.text for f in frames if isinstance(f, Delta)) == reply.response
        assert isinstance(frames[-1], Answered)
        assert nothing_of_it(hub, store)


async def test_the_responder_is_told_of_nobody_and_of_the_newest_turns() -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder, history_window=2) as hub:
        earlier = [(f"m{n}", f"r{n}") for n in range(4)]
        await hub.stateless("and now?", earlier).outcome()
        await hub.stateless("and now?").outcome()
    first, second = responder.prompts
    assert [(e.message, e.response) for e in first.history] == [("m2", "r2"), ("m3", "r3")]
    assert (first.user_id, first.username, first.room.name, first.turn) == ("", None, "Tower", 1)
    assert second.history == ()


@pytest.mark.parametrize("mode", ["ready", "stream", "fail", "hang"])
async def test_a_crisis_has_its_notice_first_and_at_once(
    mode: str, autojump_clock: MockClock
) -> None:
    responder = FakeResponder(mode=mode)
    async with open_fake_hub(responder, crisis_patience_s=5) as hub:
        began = trio.current_time()
        stream = hub.stateless(WISH)
        with trio.fail_after(0.05):
            frame = await stream.outbox.receive()
        assert isinstance(frame, Noticed)
        reply = await stream.outcome()
        assert trio.current_time() - began <= 5
        assert reply.response.startswith(frame.text)
        assert (reply.response == frame.text) == (mode in ("fail", "hang"))
        assert responder.open_streams == 0


async def test_one_turn_knows_nothing_of_another() -> None:
    async with open_fake_hub() as hub:
        for _ in range(4):
            reply = await hub.stateless("I feel hopeless").outcome()
            assert (reply.crisis.level, reply.crisis.detected) == ("concern", False)


async def test_what_fails_is_told(autojump_clock: MockClock) -> None:
    for mode, error in (("fail", ResponderFailed), ("hang", TurnTimeout)):
        async with open_fake_hub(FakeResponder(mode=mode), turn_timeout_s=3) as hub:
            with pytest.raises(error) as failed:
                await hub.stateless("I feel hopeless").outcome()
            assert failed.value.crisis.level == "concern"
            assert failed.value.partial == "reply"
            assert hub.statistics().waiting == 0


async def test_a_crash_is_contained_and_the_words_have_their_help(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_fake_hub(FakeResponder(mode="crash")) as hub:
        with pytest.raises(Aborted) as failed:
            await hub.stateless(WISH).outcome()
        assert "988" in failed.value.crisis.notice
        await wait_all_tasks_blocked()
        assert hub.statistics().session_crashes == 1
        assert hub.statistics().waiting == 0
        assert WISH not in caplog.text


async def test_closed_early_it_ends() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        stream = hub.stateless("hello")
        await wait_all_tasks_blocked()
        assert (responder.open_streams, hub.statistics().waiting) == (1, 1)
        stream.close()
        await wait_all_tasks_blocked()
        assert (responder.open_streams, hub.statistics().waiting) == (0, 0)


async def test_a_crowd_is_refused_with_its_help() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        streams = [hub.stateless("hello") for _ in range(AT_ONCE)]
        with pytest.raises(RateLimited) as refused:
            hub.stateless(WISH)
        assert "988" in refused.value.crisis.notice
        streams[0].close()
        await wait_all_tasks_blocked()
        streams.append(hub.stateless("hello"))
        responder.release.set()
        for stream in streams[1:]:
            await stream.outcome()


@pytest.mark.parametrize(("message", "error"), [("", InvalidRequest), ("x" * 16_385, TooLarge)])
async def test_its_message_has_the_bounds_of_every_other(
    message: str, error: type[Exception]
) -> None:
    async with open_fake_hub() as hub:
        with pytest.raises(error):
            hub.stateless(message)


async def test_a_drain_waits_for_it_and_giving_up_ends_it(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        stream = hub.stateless("hello")
        await wait_all_tasks_blocked()
        hub.refuse()
        with pytest.raises(Draining) as refused:
            hub.stateless(WISH)
        assert "988" in refused.value.crisis.notice
        with trio.move_on_after(3) as patience:
            await hub.wait_idle()
        assert patience.cancelled_caught
        hub.give_up()
        with pytest.raises(Aborted) as aborted:
            await stream.outcome()
        assert aborted.value.partial == "reply"
        await hub.wait_idle()


async def test_the_hub_s_end_ends_it() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        stream = hub.stateless(WISH)
        await wait_all_tasks_blocked()
    assert responder.open_streams == 0
    with pytest.raises(Aborted) as aborted:
        await stream.outcome()
    assert "988" in aborted.value.crisis.notice
