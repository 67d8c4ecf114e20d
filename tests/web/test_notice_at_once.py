"""A notice needs no time at all, whatever hangs: on a clock that stands still (I23).

Over a real socket it takes what the machine takes (`benchmarks/notices.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from bridge_client import Bridge, serving
from live_wire import Chat, Wire, open_wire
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.runtime.turn import HURRY_S
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names

WISH = "I want to die"
LOW = "I feel so hopeless"
HANGS = ("responder", "disk", "both")

Frames = list[dict[str, Any]]


class Scene:
    """A server whose parts hang when told, and clients of it."""

    def __init__(self, bridge: Bridge, store: FaultyStore, nursery: trio.Nursery) -> None:
        self.bridge = bridge
        self.store = store
        self._nursery = nursery

    async def wire(self, user: str) -> Wire:
        """A WebSocket of that user, who has come in."""
        wire = await open_wire(self._nursery, self.bridge.app)
        await wire.hello(user)
        await wait_all_tasks_blocked()
        wire.arrived()
        return wire

    async def chat(self, user: str, message: str, **more: str) -> Frames:
        """What there is of a chat's answer in events, without any time passing."""
        call = Chat(self.bridge.app)
        self._nursery.start_soon(lambda: call.run(user_id=user, message=message, **more))
        await wait_all_tasks_blocked()
        return call.arrived()

    async def says(self, wire: Wire, ref: str, message: str, **more: str) -> Frames:
        """What there is of the answer to a message, without any time passing."""
        await wire.send(type="message", ref=ref, message=message, **more)
        await wait_all_tasks_blocked()
        return wire.arrived()


@asynccontextmanager
async def scene(hangs: str, **settings: Any) -> AsyncIterator[Scene]:
    """`hangs`: which part will, the disk from the moment that its `fault` is set."""
    responder = FakeResponder(mode="ready" if hangs == "disk" else "hang")
    store = FaultyStore(Names())
    async with serving(responder, store, **settings) as bridge, trio.open_nursery() as nursery:
        yield Scene(bridge, store, nursery)
        # What hangs is given up in time, which passes again.
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, MockClock)
        clock.autojump_threshold = 0
        nursery.cancel_scope.cancel()


def notice_of(frames: Frames) -> dict[str, Any]:
    """The first frame, which is the notice."""
    assert frames, "nothing came"
    assert (frames[0]["type"], frames[0]["kind"]) == ("notice", "crisis")
    assert "988" in frames[0]["text"]
    return frames[0]


def assert_no_time_has_passed(clock: MockClock) -> None:
    """On the clock that the server had: it stands still, so what waited for it is not there."""
    assert (clock.rate, trio.current_time()) == (0, clock.current_time())
    assert clock.current_time() == 0


@pytest.mark.parametrize("hangs", HANGS)
async def test_over_a_websocket(hangs: str, mock_clock: MockClock) -> None:
    async with scene(hangs) as at:
        wire = await at.wire("ada")
        at.store.fault = "hang" if hangs != "responder" else None
        notice_of(await at.says(wire, "m1", WISH))
        assert_no_time_has_passed(mock_clock)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("hangs", HANGS)
async def test_over_events(hangs: str, known: bool, mock_clock: MockClock) -> None:
    """Of a user without a session, too, whose row can't be read."""
    async with scene(hangs) as at:
        if known:
            await at.bridge.hub.join("ada", "Tower")
        at.store.fault = "hang" if hangs != "responder" else None
        notice_of(await at.chat("ada", WISH))
        assert_no_time_has_passed(mock_clock)


@pytest.mark.parametrize("hangs", HANGS)
async def test_behind_messages_that_wait(hangs: str, mock_clock: MockClock) -> None:
    async with scene(hangs) as at:
        wire = await at.wire("ada")
        at.store.fault = "hang" if hangs != "responder" else None
        for number in range(3):
            await at.says(wire, f"m{number}", "hello")
        assert [f["type"] for f in await at.says(wire, "w", WISH)] == ["notice"]
        # And to a second client of the same user, by the other transport.
        notice_of(await at.chat("ada", WISH))
        assert_no_time_has_passed(mock_clock)


@pytest.mark.parametrize("hangs", HANGS)
async def test_where_the_mailbox_is_full_it_is_in_the_refusal(
    hangs: str, mock_clock: MockClock
) -> None:
    async with scene(hangs, mailbox=1) as at:
        wire = await at.wire("ada")
        at.store.fault = "hang" if hangs != "responder" else None
        for number in range(2):
            await at.says(wire, f"m{number}", "hello")
        (refused,) = await at.says(wire, "w", WISH)
        (problem,) = await at.chat("ada", WISH)
        assert (refused["type"], problem["type"][:6]) == ("error", "/docs#")
        for each in (refused, problem):
            assert each["code"] == "mailbox_full"
            assert "988" in each["crisis"]["notice"]
        assert_no_time_has_passed(mock_clock)


@pytest.mark.parametrize("hangs", HANGS)
async def test_for_the_third_message_of_low_distress(hangs: str, mock_clock: MockClock) -> None:
    async with scene(hangs) as at:
        wire = await at.wire("ada")
        at.store.fault = "hang" if hangs != "responder" else None
        for number in range(2):
            came = await at.says(wire, f"m{number}", LOW)
            assert not [frame for frame in came if frame["type"] == "notice"]
        notice_of(await at.says(wire, "m3", LOW))
        assert_no_time_has_passed(mock_clock)


@pytest.mark.parametrize("hangs", HANGS)
async def test_one_with_a_reference_waits_for_its_look_up_a_moment_at_most(
    hangs: str, mock_clock: MockClock
) -> None:
    """It may have been answered already, and then has the same reply."""
    async with scene(hangs) as at:
        wire = await at.wire("ada")
        at.store.fault = "hang" if hangs != "responder" else None
        came = await at.says(wire, "m1", WISH, client_ref="r")
        if hangs != "responder":
            assert came == []
            mock_clock.jump(HURRY_S)
            await wait_all_tasks_blocked()
            came = wire.arrived()
        notice_of(came)
        assert HURRY_S <= 0.02
