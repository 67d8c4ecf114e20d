"""Positions, and coming back from one, at a server in a process of its own."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import trio
from bridge_process import GUARD, Bridge
from live_clients import (
    WISH,
    Talk,
    ended_turns,
    epoch,
    fresh,
    joined,
    offset,
    talking,
    until_gone,
)


def rest_of(frames: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """The events among the frames: type and offset."""
    return [(f["type"], offset(f["position"])) for f in frames if "position" in f]


async def say(ws: Talk, text: str) -> dict[str, Any]:
    await ws.send(type="say", ref="say", text=text)
    return (await ws.until("done"))[-1]


# --- positions ---


async def test_offsets_rise_by_one_and_a_command_has_none(calm: Bridge) -> None:
    async with talking(calm, fresh("offsets")) as ws, talking(calm, fresh("other")) as other:
        await ws.settled()
        frames = await ws.turn("m1", "hello")
        frames += await ws.turn("m2", WISH)
        seen = [each for each in rest_of(frames) if each[0] != "room"]
        assert seen == [("reply", 1), ("notice", 2), ("reply", 3)]
        look = (await ws.turn("m3", "look"))[-1]
        assert (look["command"], offset(look["position"])) == ("look", 3)
        await ws.send(type="ack", ref="a", position=look["position"])
        assert offset((await ws.until("done"))[-1]["position"]) == 3
        before = (await other.settled())[-1]
        for number in range(1, 4):
            done = await say(ws, f"aloud {number}")
            assert epoch(done["position"]) == epoch(before["position"])
            heard = (await other.until("room"))[-1]
            assert heard["position"] == done["position"]
            assert offset(heard["position"]) == offset(before["position"]) + number


async def test_every_stream_has_an_epoch_of_its_own(calm: Bridge) -> None:
    rooms = [room["room"] for room in calm.call("GET", "/bridge/rooms")[1]["rooms"]]
    shown = [calm.chat(fresh("epochs"), "hello") for _ in range(3)]
    shown += [calm.call("GET", f"/bridge/rooms/{room}")[1] for room in rooms]
    epochs = [epoch(each["position"]) for each in shown]
    assert len(set(epochs)) == 8
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in epochs)


async def test_after_is_exclusive_and_without_it_a_stream_starts_now(calm: Bridge) -> None:
    user = fresh("after")
    replies = [calm.chat(user, f"message {n}") for n in range(3)]
    history = f"/bridge/sessions/{user}/history"
    for query, turns in (("", [1, 2, 3]), (f"?after={replies[0]['position']}", [2, 3])):
        page = calm.call("GET", history + query)[1]["turns"]
        assert [t["turn"] for t in page] == turns
    async with talking(calm, user) as ws:
        assert ws.welcome["position"] == replies[2]["position"]
        assert ws.welcome["recovered"]
        assert await ws.settled() == []
    async with talking(calm, user, after=replies[0]["position"]) as ws:
        assert ws.welcome["position"] == replies[0]["position"]
        assert rest_of(await ws.settled()) == [("reply", 2), ("reply", 3)]


# --- coming back ---


async def test_what_was_missed_comes_once_and_in_order(calm: Bridge) -> None:
    user, room = fresh("missed"), "Library"
    async with (
        talking(calm, fresh("speaker"), room=room) as speaker,
        talking(calm, user, room=room) as first,
    ):
        await first.settled()
        reply = (await first.turn("m", "here"))[-1]
        room_after = (await say(speaker, "heard"))["position"]
        await first.settled()
        await first.close()
        calm.chat(user, "two")
        calm.chat(user, WISH)
        status, _ = calm.call("POST", "/bridge/chat", {"user_id": user, "message": "(fail)"})
        assert status == 502
        for word in ("one", "two"):
            await say(speaker, word)
        async with talking(calm, user, after=reply["position"], room_after=room_after) as back:
            assert back.welcome["recovered"]
            assert back.welcome["position"] == reply["position"]
            assert back.welcome["room_position"] == room_after
            await say(speaker, "new")
            frames = await back.until("room")
            while frames[-1]["text"] != "new":
                frames += await back.until("room")
            turns = [f for f in frames if f["type"] != "room"]
            assert rest_of(turns) == [("reply", 2), ("notice", 3), ("reply", 4), ("error", 5)]
            assert [f["ref"] for f in turns if "ref" in f] == [None] * 3
            assert [f["message"] for f in turns if "ref" in f] == ["two", WISH, "(fail)"]
            assert turns[-1]["code"] == "aborted"
            heard = [f for f in frames if f["type"] == "room"]
            assert [f["text"] for f in heard] == ["one", "two", "new"]
            start = offset(room_after)
            assert [offset(f["position"]) for f in heard] == [start + n for n in (1, 2, 3)]
            # A notice comes again until it was acknowledged; nothing else does.
            assert await back.settled() == []


@pytest.mark.parametrize("where", ["after", "room_after"])
@pytest.mark.parametrize("what", ["unknown epoch", "beyond the tail"])
async def test_what_can_not_be_had_whole_is_said_and_left_out(
    calm: Bridge, where: str, what: str
) -> None:
    user = fresh("lost")
    calm.chat(user, "one")
    latest = {
        "after": calm.chat(user, "two")["position"],
        "room_after": calm.call("GET", "/bridge/rooms/Tower")[1]["position"],
    }
    wrong = "ffff:1" if what == "unknown epoch" else f"{epoch(latest[where])}:99999999"
    async with talking(calm, user, **{where: wrong}) as ws:
        assert not ws.welcome["recovered"]
        assert ws.welcome["position"] == latest["after"]
        assert await ws.settled() == []
        assert (await ws.turn("m", "three"))[-1]["turn"] == 3


async def test_a_thousand_missed_events_come_and_one_more_does_not(hasty: Bridge) -> None:
    user, room = fresh("away"), "Library"
    async with (
        talking(hasty, fresh("speaker"), room=room) as speaker,
        talking(hasty, user, room=room) as stays,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(stays.until, "what never comes")
        start = (await say(speaker, "start"))["position"]
        for number in range(1000):
            await say(speaker, f"{number}")
        async with talking(hasty, user, room_after=start) as back:
            assert back.welcome["recovered"]
            heard = [f for f in await back.settled() if f["type"] == "room"]
            assert [f["text"] for f in heard] == [f"{n}" for n in range(1000)]
        await say(speaker, "one more")
        async with talking(hasty, user, room_after=start) as back:
            assert not back.welcome["recovered"]
            assert await back.settled() == []
        nursery.cancel_scope.cancel()


async def test_a_room_is_never_recovered_behind_the_latest_arrival(calm: Bridge) -> None:
    user = fresh("coming")
    async with talking(calm, fresh("speaker"), room="Dungeon") as speaker:
        async with talking(calm, user, room="Dungeon") as ws:
            room_after = (await ws.until("room"))[-1]["position"]
        calm.call("POST", "/bridge/rooms/Dungeon/leave", {"user_id": user})
        await say(speaker, "behind their back")
        async with talking(calm, user, room="Dungeon", room_after=room_after) as ws:
            assert not ws.welcome["recovered"]
            assert await ws.settled() == []
        # From the arrival on it is theirs.
        arrival = ws.welcome["room_position"]
        await say(speaker, "to their face")
        async with talking(calm, user, room_after=arrival) as ws:
            assert ws.welcome["recovered"]
            assert [f["text"] for f in await ws.settled()] == ["to their face"]


async def test_what_was_erased_is_a_tombstone_for_who_comes_back(calm: Bridge) -> None:
    user, erased = fresh("reader"), fresh("regretful")
    async with talking(calm, user, room="Chapel") as ws:
        room_after = (await ws.until("room"))[-1]["position"]
    async with talking(calm, erased, room="Chapel", username="Regretful") as ws:
        await say(ws, "canary aloud")
    assert calm.call("DELETE", f"/bridge/sessions/{erased}")[0] == 200
    calm.call("POST", "/bridge/rooms/Chapel/say", {"user_id": user, "text": "still here"})
    async with talking(calm, user, room_after=room_after) as ws:
        assert ws.welcome["recovered"]
        frames = await ws.settled()
    assert [f["event"] for f in frames] == ["erased", "erased", "erased", "said"]
    assert [offset(f["position"]) - offset(room_after) for f in frames] == [1, 2, 3, 4]
    for frame in frames[:3]:
        assert (frame["user_id"], frame["username"]) == (None, None)
        assert "text" not in frame


async def test_a_running_turn_comes_again_from_its_first_delta(calm: Bridge) -> None:
    user = fresh("running")
    async with talking(calm, user) as asker:
        await asker.settled()
        await asker.send(type="message", ref="m", message=f"{WISH} (hang)")
        begun = await asker.until("delta")
        async with talking(calm, user, after=asker.welcome["position"]) as back:
            assert back.welcome["recovered"]
            again = await back.until("delta")
            assert again[0] == begun[0]
            assert begun[0]["type"] == "notice"
            assert again[-1]["ref"] is None
            assert (again[-1]["seq"], again[-1]["turn"]) == (0, 1)
            assert again[-1]["message"] == f"{WISH} (hang)"
            calm.chat("friend", f"(release {user})")
            frames = again + await back.outcome(None)
            asked = begun + await asker.outcome("m")
        assert joined(frames) == joined(asked)
        assert {**frames[-1], "ref": "m"} == asked[-1]
        assert asked[-1]["response"] == f"{begun[0]['text']}\n\n{joined(asked)}"


# --- several connections ---


@pytest.mark.parametrize("mood", ["", "(stream)", "(fail)"])
async def test_a_turn_of_another_connection_has_no_ref_but_turn_and_message(
    calm: Bridge, mood: str
) -> None:
    user, message = fresh("devices"), f"hello {mood}"
    async with talking(calm, user) as one, talking(calm, user) as two:
        asked = await one.turn("m", message)
        told = [f for f in await two.outcome(None) if f["type"] != "room"]
        asked = [f for f in asked if f["type"] != "room"]
        assert {f["ref"] for f in asked} == {"m"}
        assert {f["ref"] for f in told} == {None}
        assert {f["turn"] for f in told} == {1}
        assert [f.get("message") for f in told] == [message] + [None] * (len(told) - 1)
        assert [{**f, "message": 0, "ref": 0} for f in told] == [
            {**f, "message": 0, "ref": 0} for f in asked
        ]


async def test_the_ninth_connection_ends_the_oldest_alone(calm: Bridge) -> None:
    user = fresh("tabs")
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(talking(calm, user)) for _ in range(9)]
        bye = await tabs[0].ended()
        assert (bye["code"], bye["reconnect"]) == (4409, False)
        assert calm.call("GET", f"/bridge/sessions/{user}")[1]["connections"] == 8
        await tabs[8].turn("m", "hello")
        for tab in tabs[1:8]:
            assert (await tab.outcome(None))[-1]["turn"] == 1


@asynccontextmanager
async def deaf(server: Bridge, user: str) -> AsyncIterator[Talk]:
    """A WebSocket whose client has little room for what it does not read."""
    sock = trio.socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with trio.fail_after(GUARD):
        await sock.connect(("127.0.0.1", server.port))
        async with Talk(trio.SocketStream(sock), f"127.0.0.1:{server.port}") as ws:
            await ws.shake_hands()
            await ws.say_hello(user)
            yield ws


async def test_who_is_too_slow_gets_what_waits_and_resumes_behind_it(calm: Bridge) -> None:
    user, said = fresh("slow"), 0
    async with (
        talking(calm, fresh("speaker")) as speaker,
        talking(calm, user) as quick,
        deaf(calm, user) as slow,
    ):
        while calm.call("GET", f"/bridge/sessions/{user}")[1]["connections"] == 2:
            for _ in range(20):
                said += 1
                await say(speaker, f"{said} {'x' * 16_000}")
                await quick.until("room")
        frames = await slow.until("bye")
        assert (frames[-1]["code"], frames[-1]["reconnect"]) == (4429, True)
        heard = [f for f in frames if f["type"] == "room" and f["event"] == "said"]
        last = heard[-1]["position"]
        async with talking(calm, user, room_after=last) as back:
            assert back.welcome["recovered"]
            heard += await back.settled()
        assert [int(f["text"].split()[0]) for f in heard] == list(range(1, said + 1))


async def test_a_turn_goes_on_without_its_connection_and_is_missed(calm: Bridge) -> None:
    user = fresh("left")
    async with talking(calm, user) as ws:
        await ws.send(type="message", ref="m", message="(hang) on")
        await ws.until("delta")
    await until_gone(calm, user)
    calm.chat("friend", f"(release {user})")
    async with talking(calm, user, after=ws.welcome["position"]) as back:
        reply = (await back.outcome(None))[-1]
        assert reply["response"] == "reply 1 to (hang) on"
    assert ended_turns(calm, user) == [("(hang) on", "answered", 1)]
