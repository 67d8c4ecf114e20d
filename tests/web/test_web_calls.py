"""Every call of `/bridge`, its answer to the letter, and the way of its fields."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from bridge_client import Bridge, serving
from trio.testing import wait_all_tasks_blocked

from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names
from nexus_trio.web import rest

CALM = {"level": "none", "detected": False, "turns": 0, "notice": None, "resources": []}
WISH = "I want to die"


async def test_a_turn_and_its_reply() -> None:
    async with serving() as bridge:
        answer = await bridge.chat(user_id="ada", message="hello", username="Ada", extra=[1])
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        session = bridge.hub.sessions()[0]
        epoch = answer.json["position"].partition(":")[0]
        assert answer.json == {
            "user_id": "ada",
            "session_id": session.session_id,
            "room": "Tower",
            "turn": 1,
            "response": "reply 1 to hello",
            "crisis": CALM,
            "notices": [],
            "session_messages": 1,
            "position": f"{epoch}:1",
        }


async def test_optional_fields_do_what_they_say_and_null_is_absent() -> None:
    async with serving() as bridge:
        fields = {"user_id": "ada", "message": "hello", "room": "gArDeN", "client_ref": "r1"}
        first = await bridge.chat(**fields, username="Ada", locale="en-GB")
        again = await bridge.chat(**fields, username=None, locale=None)
        assert first.json["room"] == "Garden"
        assert first.json == again.json
        other = await bridge.chat(user_id="ada", message="again", room=None, client_ref=None)
        assert (other.json["turn"], other.json["room"]) == (2, "Garden")


async def test_a_crisis_is_in_the_reply() -> None:
    async with serving() as bridge:
        crisis = (answer := (await bridge.chat(user_id="ada", message=WISH)).json)["crisis"]
        assert crisis["level"] in ("crisis", "imminent")
        assert crisis["detected"] is True
        assert crisis["turns"] == 1
        assert "988" in crisis["notice"]
        assert answer["response"].startswith(crisis["notice"])
        assert {"name", "contact", "url", "country"} == crisis["resources"][0].keys()
        shown = (await bridge.get("/bridge/sessions/ada")).json
        assert shown["crisis_level"] == crisis["level"]


@pytest.mark.parametrize(
    ("message", "command", "occupants"),
    [
        ("look", "look", ["ada"]),
        ("/WHO", "who", ["ada"]),
        ("/go garden", "go", ["ada"]),
        ("help", "help", None),
        ("/say hello all", "say", None),
    ],
)
async def test_a_command_says_so_and_counts_nothing(
    message: str, command: str, occupants: list[str] | None
) -> None:
    async with serving() as bridge:
        await bridge.chat(user_id="ada", message="hello")
        answer = (await bridge.chat(user_id="ada", message=message)).json
        assert answer["command"] == command
        assert answer.get("occupants") == occupants
        assert ("occupants" in answer) == (occupants is not None)
        assert (answer["turn"], answer["session_messages"]) == (1, 1)


async def test_sessions_are_listed_without_their_crisis_level() -> None:
    async with serving() as bridge:
        assert (await bridge.get("/bridge/sessions")).json == {"count": 0, "sessions": []}
        await bridge.chat(user_id="bob", message=WISH)
        await bridge.post("/bridge/rooms/garden/join", user_id="ada")
        listed = (await bridge.get("/bridge/sessions")).json
        assert listed["count"] == 2
        assert [session["user_id"] for session in listed["sessions"]] == ["ada", "bob"]
        for session in listed["sessions"]:
            own = (await bridge.get(f"/bridge/sessions/{session['user_id']}")).json
            assert own.pop("crisis_level")
            assert own == session
        assert listed["sessions"][0]["room"] == "Garden"
        assert listed["sessions"][0]["created_at"].endswith("Z")


async def test_looking_makes_nothing() -> None:
    async with serving() as bridge:
        for path in ("", "/history"):
            answer = await bridge.get(f"/bridge/sessions/nobody{path}")
            assert (answer.status, answer.json["code"]) == (404, "not_found")
        erased = await bridge.send("DELETE", "/bridge/sessions/nobody")
        assert (erased.status, erased.json["code"]) == (404, "not_found")
        assert (await bridge.get("/bridge/rooms/Tower")).status == 200
        assert bridge.hub.sessions() == ()


async def test_a_history_is_read_page_by_page() -> None:
    async with serving() as bridge:
        for word in ("one", "two", WISH):
            await bridge.chat(user_id="ada", message=word)
        whole = (await bridge.get("/bridge/sessions/ada/history")).json
        assert whole["next"] is None
        assert [turn["turn"] for turn in whole["turns"]] == [1, 2, 3]
        assert whole["turns"][0] == {
            "turn": 1,
            "position": whole["turns"][0]["position"],
            "at": whole["turns"][0]["at"],
            "message": "one",
            "response": "reply 1 to one",
            "status": "answered",
            "crisis": CALM,
        }
        assert whole["turns"][2]["crisis"]["detected"]
        pages, following = [], "?limit=2"
        while following:
            page = (await bridge.get(f"/bridge/sessions/ada/history{following}")).json
            pages += page["turns"]
            following = page["next"] and f"?limit=2&after={page['next']}"
        assert pages == whole["turns"]
        last = whole["turns"][-1]["position"]
        behind = (await bridge.get(f"/bridge/sessions/ada/history?after={last}")).json
        assert behind == {"user_id": "ada", "turns": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", "limit=-1", "limit=%2B5", "limit=x", "limit=", "limit=1.5",
        "limit=%D9%A3", "limit=99999999999999999999", "limit=1&limit=2", "after=", "after=1",
        "after=:1", "after=e1:", "after=e1:x", "after=e1:-1", "after=e1:1,e2:2",
        "after=e1:9999999999999999999", "after=%00", "after=%ff:1", "after=e1:1&after=e1:1",
    ],
)  # fmt: skip
async def test_a_history_refuses_a_bad_query(query: str) -> None:
    async with serving() as bridge:
        await bridge.chat(user_id="ada", message="hello")
        answer = await bridge.get(f"/bridge/sessions/ada/history?{query}")
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert answer.json["detail"].startswith(query.partition("=")[0])


@pytest.mark.parametrize("limit", [1, 1000])
async def test_a_history_takes_a_limit_at_its_bounds(limit: int) -> None:
    async with serving() as bridge:
        await bridge.chat(user_id="ada", message="hello")
        answer = await bridge.get(f"/bridge/sessions/ada/history?limit={limit}&more=1")
        assert answer.status == 200


async def test_a_position_of_an_erased_history_is_not_found() -> None:
    async with serving() as bridge:
        position = (await bridge.chat(user_id="ada", message="hello")).json["position"]
        await bridge.send("DELETE", "/bridge/sessions/ada")
        await bridge.chat(user_id="ada", message="hello")
        answer = await bridge.get(f"/bridge/sessions/ada/history?after={position}")
        assert (answer.status, answer.json["code"]) == (404, "not_found")


async def test_an_erasure_says_what_it_took_and_takes_it() -> None:
    async with serving() as bridge:
        before = (await bridge.chat(user_id="ada", message="hello")).json
        await bridge.post("/bridge/rooms/Tower/say", user_id="ada", text="canary aloud")
        answer = await bridge.send("DELETE", "/bridge/sessions/ada")
        assert answer.status == 200
        assert answer.json["erased"]["turns"] == 1
        assert answer.json["erased"]["events"] >= 2
        assert (await bridge.get("/bridge/sessions/ada")).status == 404
        after = (await bridge.chat(user_id="ada", message="hello")).json
        assert after["turn"] == 1
        assert after["session_id"] != before["session_id"]
        assert after["position"] != before["position"]


async def test_rooms_are_listed_and_looked_at_in_any_case() -> None:
    async with serving() as bridge:
        await bridge.chat(user_id="bob", message="hello")
        await bridge.chat(user_id="ada", message="hello")
        assert (await bridge.get("/bridge/rooms")).json == {
            "rooms": [
                {"room": "Tower", "title": "The Tower", "occupants": 2},
                {"room": "Garden", "title": "The Garden", "occupants": 0},
            ]
        }
        look = (await bridge.get("/bridge/rooms/tOwEr")).json
        assert look == {
            "room": "Tower",
            "title": "The Tower",
            "description": "A tower.",
            "exits": {"out": "Garden"},
            "position": look["position"],
            "occupants": ["ada", "bob"],
            "persona": "Iris",
        }
        assert look["position"].endswith(":2")


async def test_joining_leaving_and_speaking() -> None:
    async with serving() as bridge:
        joined = (await bridge.post("/bridge/rooms/garden/join", user_id="ada", text=5)).json
        assert (joined["room"], joined["occupants"]) == ("Garden", ["ada"])
        said = (await bridge.post("/bridge/rooms/garden/say", user_id="bob", text="hello")).json
        assert said["occupants"] == ["ada", "bob"]
        assert said["crisis"] == CALM
        assert said["room_position"] == f"{joined['position'].partition(':')[0]}:3"
        aloud = await bridge.post("/bridge/rooms/garden/say", user_id="bob", text=WISH)
        assert "988" in aloud.json["crisis"]["notice"]
        left = (await bridge.post("/bridge/rooms/garden/leave", user_id="bob")).json
        assert left["occupants"] == ["ada"]
        assert (await bridge.post("/bridge/rooms/garden/leave", user_id="bob")).status == 200


@pytest.mark.parametrize("call", ["join", "leave", "say"])
async def test_no_such_room_is_not_found_and_help_still_comes(call: str) -> None:
    async with serving() as bridge:
        answer = await bridge.post(f"/bridge/rooms/nowhere/{call}", user_id="ada", text=WISH)
        assert (answer.status, answer.json["code"]) == (404, "not_found")
        assert ("crisis" in answer.json) == (call == "say")
    async with serving() as bridge:
        assert (await bridge.get("/bridge/rooms/nowhere")).json["code"] == "not_found"


async def test_health_and_readiness_through_a_shutdown() -> None:
    async with serving() as bridge:
        await bridge.chat(user_id="ada", message="hello")
        health = (await bridge.get("/bridge/health")).json
        assert health.pop("uptime_s") >= 0
        expected = {"status": "ok", "version": rest.VERSION, "sessions": 1, "rooms": 2}
        assert health == {**expected, "durability": "memory"}
        assert (await bridge.get("/bridge/ready")).json == {"status": "ready"}
        bridge.hub.refuse()
        refused = await bridge.get("/bridge/ready")
        assert (refused.status, refused.json["code"]) == (503, "draining")
        assert (await bridge.get("/bridge/health")).json["status"] == "ok"
        assert (await bridge.get("/bridge/sessions/ada/history")).status == 200


async def test_it_is_not_ready_without_its_store() -> None:
    store = FaultyStore(Names())
    async with serving(store=store) as bridge:
        store.fault = "down"
        refused = await bridge.get("/bridge/ready")
        assert (refused.status, refused.json["code"]) == (503, "store_unavailable")
        assert (await bridge.get("/bridge/health")).json["status"] == "ok"
        store.fault = None
        assert (await bridge.get("/bridge/ready")).status == 200


async def test_a_client_that_goes_away_loses_nothing() -> None:
    responder = FakeResponder(mode="hang")
    async with serving(responder) as bridge:
        with trio.CancelScope() as waiting:
            async with trio.open_nursery() as nursery:
                fields = {"user_id": "ada", "message": "hello", "client_ref": "r1"}
                nursery.start_soon(lambda: bridge.chat(**fields))
                await wait_all_tasks_blocked()
                waiting.cancel()
        responder.release.set()
        reply = (await bridge.chat(**fields)).json
        assert (reply["turn"], reply["response"]) == (1, "reply 1 to hello")
        assert len((await bridge.get("/bridge/sessions/ada/history")).json["turns"]) == 1


async def test_a_disconnect_ends_the_handler_and_not_the_turn() -> None:
    responder = FakeResponder(mode="hang")
    async with serving(responder) as bridge:
        sent = await disconnected_chat(bridge, b'{"user_id": "ada", "message": "hello"}')
        assert sent == []
        responder.release.set()
        await bridge.hub.wait_idle()
        turns = (await bridge.get("/bridge/sessions/ada/history")).json["turns"]
        assert [turn["status"] for turn in turns] == ["answered"]


async def disconnected_chat(bridge: Bridge, body: bytes) -> list[Any]:
    """A chat whose client goes away while it waits, as a server would tell the app of it."""
    sent: list[Any] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await wait_all_tasks_blocked()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/bridge/chat",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await bridge.app(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/bridge/rooms", "/bridge/ready"])
async def test_head_is_get_without_its_words(path: str) -> None:
    async with serving() as bridge:
        head, get = await bridge.send("HEAD", path), await bridge.get(path)
        assert head.status == get.status == 200
        for name in ("Content-Type", "Content-Length", "Cache-Control"):
            assert head.headers[name] == get.headers[name]


async def test_no_other_page_is_invited() -> None:
    async with serving() as bridge:
        answer = await bridge.send("OPTIONS", "/bridge/chat")
        assert answer.status == 200
        assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
        assert not [name for name in answer.headers.keys() if "access-control" in name.lower()]  # noqa: SIM118 - not a dict
