"""The table of a turn under virtual time: each row with all of its columns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import trio
from bridge_client import Bridge, serving
from live_wire import Wire, open_wire
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.store.base import PutTurn, Write
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names

LOW, WISH = "I feel hopeless", "I want to die"


@dataclass
class Stand:
    """A bridge with two connections of ada."""

    bridge: Bridge
    responder: FakeResponder
    store: FaultyStore
    one: Wire
    two: Wire

    async def ask(self, ref: str, message: str, **more: str) -> dict[str, Any]:
        """A message of the first connection, and its outcome."""
        await self.one.send(type="message", ref=ref, message=message, **more)
        return await outcome(self.one, ref)

    async def next(self) -> list[Any]:
        """A calm responder's next turn of low distress: number, offset, messages, watch."""
        self.responder.mode = "ready"
        self.responder.release.set()
        reply = (await self.bridge.chat(user_id="ada", message=LOW)).json
        return [
            reply["turn"],
            int(reply["position"].partition(":")[2]),
            reply["session_messages"],
            reply["crisis"]["turns"],
        ]

    async def ended(self) -> list[tuple[str, str, int]]:
        """The history: message, status and offset."""
        turns = (await self.bridge.get("/bridge/sessions/ada/history")).json["turns"]
        return [(t["message"], t["status"], int(t["position"].partition(":")[2])) for t in turns]


async def outcome(wire: Wire, ref: str | None) -> dict[str, Any]:
    """The one outcome of that ref. What comes before it is passed over."""
    while (last := (await wire.until("reply", "error"))[-1])["ref"] != ref:
        pass
    return last


@asynccontextmanager
async def standing(
    mode: str = "ready", store: FaultyStore | None = None, **settings: Any
) -> AsyncIterator[Stand]:
    responder, store = FakeResponder(mode=mode), store or FaultyStore(Names())
    async with serving(responder, store, **settings) as bridge, trio.open_nursery() as nursery:
        wires = []
        for _ in range(2):
            wires.append(await open_wire(nursery, bridge.app))
            assert (await wires[-1].hello())["type"] == "welcome"
        yield Stand(bridge, responder, store, *wires)
        nursery.cancel_scope.cancel()


# --- how a turn ends ---

Act = Callable[[Stand], Awaitable[dict[str, Any]]]


async def just_asked(stand: Stand) -> dict[str, Any]:
    return await stand.ask("m", LOW)


async def stopped(stand: Stand) -> dict[str, Any]:
    await stand.one.send(type="message", ref="m", message=LOW)
    await stand.one.until("delta")
    await stand.one.send(type="stop", ref="s", target="m")
    return await outcome(stand.one, "m")


async def cut(stand: Stand) -> dict[str, Any]:
    await stand.one.send(type="message", ref="m", message=LOW)
    await stand.one.until("delta")
    stand.one.cut()
    return await outcome(stand.two, None)


@pytest.mark.parametrize(
    ("mode", "policy", "act", "status", "code"),
    [
        ("ready", "keep", just_asked, "answered", None),
        ("stream", "keep", just_asked, "answered", None),
        ("hang", "keep", stopped, "aborted", "aborted"),
        ("hang", "abort", cut, "aborted", "aborted"),
        ("fail", "keep", just_asked, "aborted", "responder_failed"),
        ("hang", "keep", just_asked, "aborted", "turn_timeout"),
    ],
    ids=["ready", "streamed", "stop", "disconnect", "failed", "timed out"],
)
async def test_every_end_of_a_turn_takes_a_number_an_offset_and_is_folded(
    mode: str, policy: str, act: Act, status: str, code: str | None, autojump_clock: MockClock
) -> None:
    async with standing(mode, on_disconnect=policy) as stand:
        last = await act(stand)
        assert (last["turn"], last["position"].partition(":")[2]) == (1, "1")
        assert (last["type"], last.get("code")) == ("error" if code else "reply", code)
        assert last.get("partial") == ("reply" if code else None)
        assert last["crisis"]["turns"] == 1
        assert await stand.next() == [2, 2, 2, 2]
        assert await stand.ended() == [(LOW, status, 1), (LOW, "answered", 2)]


@pytest.mark.parametrize("mode", ["fail", "hang"])
async def test_in_a_crisis_a_responder_that_breaks_leaves_the_notice_as_answer(
    mode: str, autojump_clock: MockClock
) -> None:
    async with standing(mode) as stand:
        began = trio.current_time()
        reply = await stand.ask("m", WISH)
        assert trio.current_time() - began <= 5.001
        assert (reply["type"], reply["turn"]) == ("reply", 1)
        assert reply["response"] == reply["crisis"]["notice"]
        assert await stand.next() == [2, 3, 2, 2]
        assert await stand.ended() == [(WISH, "answered", 2), (LOW, "answered", 3)]


async def test_a_restart_in_between_is_an_abort_with_one_offset() -> None:
    store = FaultyStore(Names())
    async with standing("hang", store) as stand:
        await stand.one.send(type="message", ref="m", message=LOW)
        await stand.one.until("delta")
        store.fault = "down"  # so that this hub can't store the end
    store.fault = None
    async with standing("ready", store) as stand:
        assert await stand.next() == [2, 2, 2, 2]
        assert await stand.ended() == [(LOW, "aborted", 1), (LOW, "answered", 2)]


class GatedStore(FaultyStore):
    """Holds every answered turn back until it is let through."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.held, self.gate = trio.Event(), trio.Event()

    async def append(self, writes: Sequence[Write]) -> None:
        if any(isinstance(w, PutTurn) and w.turn.status == "answered" for w in writes):
            self.held.set()
            await self.gate.wait()
        await super().append(writes)


@pytest.mark.parametrize("mode", ["ready", "stream"])
@pytest.mark.parametrize("what", ["stop", "disconnect"])
async def test_once_with_the_store_a_reply_wins(mode: str, what: str) -> None:
    store = GatedStore()
    async with standing(mode, store, on_disconnect="abort") as stand:
        await stand.one.send(type="message", ref="m", message=LOW)
        await store.held.wait()
        if what == "stop":
            await stand.one.send(type="stop", ref="s", target="m")
            await stand.one.until("done")
        else:
            stand.one.cut()
            await stand.one.over.wait()
        await wait_all_tasks_blocked()
        store.gate.set()
        reply = await outcome(stand.two, None)
        assert reply["response"] == f"reply 1 to {LOW}"
        assert await stand.ended() == [(LOW, "answered", 1)]


# --- what is refused ---


@pytest.mark.parametrize("message", [LOW, WISH, "hello"])
@pytest.mark.parametrize("why", ["mailbox_full", "draining", "store_unavailable"])
async def test_what_is_refused_is_not_stored_not_folded_and_has_its_help(
    why: str, message: str
) -> None:
    store = FaultyStore(Names())
    async with standing("hang", store, mailbox=1) as stand:
        await stand.one.send(type="message", ref="running", message="hello")
        await stand.one.until("delta")
        if why == "mailbox_full":
            await stand.one.send(type="message", ref="waiting", message="hello")
        elif why == "draining":
            stand.bridge.hub.refuse()
        else:
            stand.responder.release.set()
            await outcome(stand.one, "running")
            store.fault = "down"
        if why == "draining":  # its connections are told to come back; a call is answered
            error = (await stand.bridge.chat(user_id="ada", message=message)).json
        else:
            error = await stand.ask("m", message)
        assert (error["code"], error["retry"]) == (why, True)
        level = error.get("crisis", {"level": "none"})["level"]
        assert level == {LOW: "concern", WISH: "crisis", "hello": "none"}[message]
        assert ("crisis" in error) == (message != "hello")
        if message == WISH:
            assert "988" in error["crisis"]["notice"]
        store.fault = None
    async with standing("ready", store) as stand:
        number, _, messages, turns = await stand.next()
        # Only the one that ran is there; what still waited at the end never began.
        assert (number, messages, turns) == (2, 2, 1)
        assert [m for m, _, _ in await stand.ended()] == ["hello", LOW]


# --- references ---


async def test_a_reference_in_flight_has_that_turns_outcome() -> None:
    async with standing("hang") as stand:
        await stand.one.send(type="message", ref="m", message=LOW, client_ref="r")
        await stand.one.until("delta")
        await stand.two.send(type="message", ref="x", message=LOW, client_ref="r")
        await stand.two.send(type="message", ref="y", message="other", client_ref="r")
        assert (await outcome(stand.two, "y"))["code"] == "conflict"
        stand.responder.release.set()
        first, second = await outcome(stand.one, "m"), await outcome(stand.two, "x")
        assert {**first, "ref": 0} == {**second, "ref": 0}
        assert await stand.next() == [2, 2, 2, 2]


async def test_a_reference_answered_is_that_reply() -> None:
    async with standing() as stand:
        first = await stand.ask("m", LOW, client_ref="r")
        assert await stand.ask("m", LOW, client_ref="r") == first
        assert (await stand.ask("m", "other", client_ref="r"))["code"] == "conflict"
        assert await stand.next() == [2, 2, 2, 2]


async def test_a_reference_aborted_is_a_new_turn_and_not_folded_again() -> None:
    async with standing("fail") as stand:
        assert (await stand.ask("m", LOW, client_ref="r"))["crisis"]["turns"] == 1
        assert (await stand.ask("x", "other", client_ref="r"))["code"] == "conflict"
        stand.responder.mode = "ready"
        again = await stand.ask("m", LOW, client_ref="r")
        assert (again["turn"], again["crisis"]["turns"]) == (2, 1)
        assert await stand.next() == [3, 3, 3, 2]
        assert [s for _, s, _ in await stand.ended()] == ["aborted", "answered", "answered"]
