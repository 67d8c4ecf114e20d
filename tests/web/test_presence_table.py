"""Where a user is, under virtual time, as the wires show it."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from bridge_client import Bridge, serving
from live_wire import Follow, open_wire
from trio.testing import MockClock, wait_all_tasks_blocked


async def live(bridge: Bridge) -> dict[str, Any]:
    """The live sessions by user."""
    listed = (await bridge.get("/bridge/sessions")).json["sessions"]
    return {session["user_id"]: session for session in listed}


async def occupants(bridge: Bridge) -> dict[str, list[str]]:
    names = [room["room"] for room in (await bridge.get("/bridge/rooms")).json["rooms"]]
    return {name: (await bridge.get(f"/bridge/rooms/{name}")).json["occupants"] for name in names}


async def look_around(bridge: Bridge, user: str) -> None:
    """Every call that only looks."""
    for path in (
        "/bridge/sessions",
        f"/bridge/sessions/{user}",
        f"/bridge/sessions/{user}/history",
        "/bridge/rooms",
        "/bridge/rooms/Tower",
    ):
        await bridge.get(path)
    await bridge.send("HEAD", f"/bridge/events?user_id={user}")


@pytest.mark.parametrize("way", ["chat", "join", "say", "hello", "events"])
async def test_what_makes_a_session_and_brings_it_to_a_room(way: str) -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        await look_around(bridge, "ada")
        assert await live(bridge) == {}
        if way == "chat":
            await bridge.chat(user_id="ada", message="hello")
        elif way == "hello":
            await (await open_wire(nursery, bridge.app)).hello("ada")
        elif way == "events":
            follow = Follow(bridge.app)
            nursery.start_soon(follow.run, "user_id=ada")
            await follow.event()
        else:
            await bridge.post(f"/bridge/rooms/Tower/{way}", user_id="ada", text="good evening")
        assert (await live(bridge))["ada"]["room"] == "Tower"
        assert await occupants(bridge) == {"Tower": ["ada"], "Garden": []}
        assert (await live(bridge))["ada"]["connections"] == (way in ("hello", "events"))
        nursery.cancel_scope.cancel()


async def test_after_leaving_in_none_until_the_next_chat() -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        ada = await open_wire(nursery, bridge.app)
        assert (await ada.hello("ada", room="Garden"))["room"] == "Garden"
        await ada.until("room")
        await bridge.post("/bridge/rooms/Garden/leave", user_id="ada")
        assert (await ada.receive())["event"] == "left"
        assert (await live(bridge))["ada"]["room"] is None
        assert await occupants(bridge) == {"Tower": [], "Garden": []}
        await ada.send(type="look", ref="l")
        assert (await ada.receive())["code"] == "not_found"
        await ada.send(type="message", ref="m", message="hello")
        frames = await ada.until("reply")
        assert [f["event"] for f in frames if f["type"] == "room"] == ["joined"]
        assert frames[-1]["room"] == "Tower"  # the default, and not where it was
        nursery.cancel_scope.cancel()


async def test_room_in_a_chat_a_hello_and_a_go_moves() -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        bob = await open_wire(nursery, bridge.app)
        await bob.hello("bob", room="Garden")
        await bob.until("room")
        for move in ("chat", "hello", "go"):
            if move == "chat":
                await bridge.chat(user_id="ada", message="hello", room="Garden")
            elif move == "hello":
                await (await open_wire(nursery, bridge.app)).hello("ada", room="Garden")
            else:
                await bridge.chat(user_id="ada", message="/go garden")
            assert await occupants(bridge) == {"Tower": [], "Garden": ["ada", "bob"]}
            await bridge.chat(user_id="ada", message="hello", room="Tower")
            assert await occupants(bridge) == {"Tower": ["ada"], "Garden": ["bob"]}
            heard = [await bob.receive(), await bob.receive()]
            assert [(f["event"], f["user_id"]) for f in heard] == [
                ("joined", "ada"),
                ("left", "ada"),
            ]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("after", ["a call", "a connection"])
async def test_a_minute_after_the_last_of_it_a_user_has_left(
    after: str, autojump_clock: MockClock
) -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        bob = await open_wire(nursery, bridge.app)
        await bob.hello("bob", room="Garden")
        await bob.until("room")
        if after == "a call":
            await bridge.chat(user_id="ada", message="hello", room="Garden")
        else:
            ada = await open_wire(nursery, bridge.app)
            await ada.hello("ada", room="Garden")
            await trio.sleep(600)  # connected, and silent
            assert (await occupants(bridge))["Garden"] == ["ada", "bob"]
            ada.cut()
        began = trio.current_time()
        assert (await bob.receive())["event"] == "joined"
        left = await bob.receive()
        assert (left["event"], left["user_id"]) == ("left", "ada")
        assert trio.current_time() - began == pytest.approx(60, abs=0.01)
        # To look revives nobody; a call does, where it was.
        await look_around(bridge, "ada")
        await wait_all_tasks_blocked()
        assert (await occupants(bridge))["Garden"] == ["bob"]
        assert (await bridge.get("/bridge/sessions/ada")).json["room"] is None
        assert (await bridge.chat(user_id="ada", message="back")).json["room"] == "Garden"
        assert (await bob.receive())["event"] == "joined"
        nursery.cancel_scope.cancel()


async def test_occupants_are_people_and_no_personas() -> None:
    async with serving() as bridge:
        personas = {room.persona.name for room in bridge.hub.world.rooms.values()}
        assert personas
        await bridge.chat(user_id="ada", message="hello")
        look = (await bridge.get("/bridge/rooms/Tower")).json
        assert look["occupants"] == ["ada"]
        rooms = (await bridge.get("/bridge/rooms")).json["rooms"]
        assert [room["occupants"] for room in rooms] == [1, 0]
