"""Where a user is, at a server in a process of its own whose graces are short."""

from __future__ import annotations

import time
from typing import Any

import pytest
import trio
from bridge_process import GUARD, Bridge
from live_clients import Talk, following, fresh, talking

GRACE, IDLE, SILENCE = 0.3, 1.0, 1.5
"""As in the fixture `hasty`."""


def live(server: Bridge) -> dict[str, Any]:
    """The live sessions by user."""
    return {s["user_id"]: s for s in server.call("GET", "/bridge/sessions")[1]["sessions"]}


def rooms_with(server: Bridge, user: str) -> list[str]:
    rooms = [r["room"] for r in server.call("GET", "/bridge/rooms")[1]["rooms"]]
    looks = [server.call("GET", f"/bridge/rooms/{room}")[1] for room in rooms]
    return [look["room"] for look in looks if user in look["occupants"]]


def look_around(server: Bridge, user: str) -> None:
    """Every call that only looks."""
    for path in ("", "/history"):
        server.call("GET", f"/bridge/sessions/{user}{path}")
    server.call("GET", "/bridge/sessions")
    server.call("GET", "/bridge/rooms")
    server.call("GET", "/bridge/rooms/Garden")
    assert server.call("HEAD", f"/bridge/events?user_id={user}")[0] == 200


async def until_event(ws: Talk, event: str, user: str) -> dict[str, Any]:
    """The next event of that kind about that user, which `ws` hears."""
    while True:
        heard = (await ws.until("room"))[-1]
        if (heard["event"], heard["user_id"]) == (event, user):
            return heard


@pytest.mark.parametrize("way", ["chat", "join", "say", "hello", "events"])
async def test_what_makes_a_session_and_that_looking_makes_none(calm: Bridge, way: str) -> None:
    user = fresh("maker")
    look_around(calm, user)
    assert calm.call("GET", f"/bridge/sessions/{user}")[0] == 404
    assert user not in live(calm)
    body = {"user_id": user, "text": "good evening"}
    if way == "chat":
        calm.chat(user, "hello")
    elif way == "hello":
        async with talking(calm, user):
            assert live(calm)[user]["connections"] == 1
    elif way == "events":
        async with following(calm, user) as came:
            await came.until("welcome")
            assert live(calm)[user]["connections"] == 1
    else:
        assert calm.call("POST", f"/bridge/rooms/Tower/{way}", body)[0] == 200
    assert live(calm)[user]["room"] == "Tower"
    assert calm.call("GET", f"/bridge/sessions/{user}")[1]["session_messages"] == (way == "chat")


async def test_in_one_room_or_after_leaving_in_none(calm: Bridge) -> None:
    user = fresh("roamer")
    async with talking(calm, user, room="Garden") as ws:
        assert ws.welcome["room"] == "Garden"
        assert rooms_with(calm, user) == ["Garden"]
        calm.call("POST", "/bridge/rooms/Garden/leave", {"user_id": user})
        await until_event(ws, "left", user)
        assert rooms_with(calm, user) == []
        assert live(calm)[user]["room"] is None
        await ws.send(type="look", ref="l")
        assert (await ws.until("error"))[-1]["code"] == "not_found"
        # Leaving a room that it is not in changes nothing.
        calm.call("POST", "/bridge/rooms/Chapel/leave", {"user_id": user})
        frames = await ws.turn("m", "hello")
        assert frames[-1]["room"] == "Tower"
        assert [f["event"] for f in frames if f["type"] == "room"] == ["joined"]
        assert rooms_with(calm, user) == ["Tower"]


async def test_room_in_a_chat_a_hello_or_a_go_moves_and_all_are_told(calm: Bridge) -> None:
    user = fresh("mover")
    async with talking(calm, fresh("witness"), room="Library") as witness:
        for move in ("chat", "hello", "go"):
            if move == "chat":
                calm.chat(user, "hello", room="Library")
            elif move == "hello":
                async with talking(calm, user, room="library") as ws:
                    assert ws.welcome["room"] == "Library"
            else:
                calm.chat(user, "/go Library")
            await until_event(witness, "joined", user)
            assert rooms_with(calm, user) == ["Library"]
            calm.chat(user, "hello", room="Chapel")
            await until_event(witness, "left", user)
            assert rooms_with(calm, user) == ["Chapel"]


async def test_the_grace_after_a_call_and_after_a_connection(hasty: Bridge) -> None:
    there, gone = fresh("there"), fresh("gone")
    async with (
        talking(hasty, fresh("witness"), room="Garden") as witness,
        talking(hasty, there, room="Garden") as stays,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(stays.until, "what never comes")  # answers pings
        began = time.monotonic()
        hasty.chat(gone, "hello", room="Garden")
        await until_event(witness, "left", gone)
        assert time.monotonic() - began >= GRACE
        # Connected, and silent for longer than the other: still there.
        assert rooms_with(hasty, there) == ["Garden"]
        look_around(hasty, gone)
        assert rooms_with(hasty, gone) == []
        assert hasty.call("GET", f"/bridge/sessions/{gone}")[1]["room"] is None
        assert hasty.chat(gone, "I am back")["room"] == "Garden"
        await until_event(witness, "joined", gone)
        nursery.cancel_scope.cancel()
    async with talking(hasty, fresh("witness"), room="Garden") as witness:
        async with talking(hasty, there, room="Garden"):
            began = time.monotonic()
        await until_event(witness, "left", there)
        assert time.monotonic() - began >= GRACE


async def test_a_connection_that_answers_no_ping_is_none(hasty: Bridge) -> None:
    deaf = fresh("deaf")
    async with talking(hasty, fresh("witness"), room="Dungeon") as witness:
        began = time.monotonic()
        async with talking(hasty, deaf, room="Dungeon"):  # reads nothing more
            await until_event(witness, "left", deaf)
            assert time.monotonic() - began >= SILENCE + GRACE
            assert live(hasty).get(deaf, {"connections": 0})["connections"] == 0
        assert witness.pings > 0  # and has answered them


async def test_an_idle_session_goes_and_what_is_stored_stays(hasty: Bridge) -> None:
    user = fresh("idle")
    began = time.monotonic()
    first = hasty.chat(user, "hello", room="Chapel")
    with trio.fail_after(GUARD):
        while user in live(hasty):  # noqa: ASYNC110 - nothing tells of it
            await trio.sleep(0.02)
    assert time.monotonic() - began >= IDLE
    stored = hasty.call("GET", f"/bridge/sessions/{user}")[1]
    assert (stored["session_messages"], stored["room"]) == (1, None)
    again = hasty.chat(user, "hello again")
    assert again["session_id"] == first["session_id"]
    assert (again["turn"], again["room"]) == (2, "Chapel")
    assert again["position"] == first["position"].replace(":1", ":2")


async def test_occupants_are_people(calm: Bridge) -> None:
    async with talking(calm, fresh("person"), room="Chapel"):
        people = set(live(calm))
        for room in calm.call("GET", "/bridge/rooms")[1]["rooms"]:
            occupants = calm.call("GET", f"/bridge/rooms/{room['room']}")[1]["occupants"]
            assert len(occupants) == room["occupants"]
            assert set(occupants) <= people
