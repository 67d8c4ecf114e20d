"""The WebSocket under virtual time: every frame, every close code, and what a row of the tables
looks like on the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from bridge_client import Bridge, serving
from live_wire import Closed, Wire, open_wire
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names

WISH = "I want to die"


@asynccontextmanager
async def talking(
    *users: str, responder: Any = None, store: Any = None, **settings: Any
) -> AsyncIterator[tuple[Bridge, list[Wire]]]:
    """A bridge, and a WebSocket of each of these users, welcomed; an empty name says no hello."""
    async with serving(responder, store, **settings) as bridge, trio.open_nursery() as nursery:
        wires = []
        for user in users:
            wires.append(await open_wire(nursery, bridge.app))
            if user:
                assert (await wires[-1].hello(user))["type"] == "welcome"
                if users.index(user) == len(wires) - 1:
                    await wires[-1].until("room")  # its own arrival
        yield bridge, wires
        nursery.cancel_scope.cancel()


def joined(frames: list[dict[str, Any]]) -> str:
    pieces = [f for f in frames if f["type"] == "delta"]
    assert [f["seq"] for f in pieces] == list(range(len(pieces)))
    return "".join(f["text"] for f in pieces)


# --- the frames ---


async def test_a_turn_over_the_wire() -> None:
    async with talking("ada", responder=FakeResponder(mode="stream")) as (_, (ada,)):
        await ada.send(type="message", ref="m1", message="hello")
        frames = await ada.until("reply")
        reply = frames[-1]
        assert (reply["ref"], reply["turn"], reply["session_messages"]) == ("m1", 1, 1)
        assert joined(frames) == reply["response"] == "reply 1 to hello"
        assert {f["ref"] for f in frames} == {"m1"}


async def test_the_room_by_frames() -> None:
    async with talking("bob", "ada") as (_, (bob, ada)):
        assert (await bob.receive())["user_id"] == "ada"
        await ada.send(type="look", ref="l1")
        look = (await ada.until("occupants"))[-1]
        assert (look["ref"], look["occupants"]) == ("l1", ["ada", "bob"])
        await ada.send(type="say", ref="s1", text="good evening")
        done = (await ada.until("done"))[-1]
        heard = await bob.receive()
        assert (heard["event"], heard["text"]) == ("said", "good evening")
        assert heard["position"] == done["position"]
        assert done["crisis"]["level"] == "none"
        await ada.send(type="go", ref="g1", room="garden")
        gone = (await ada.until("occupants"))[-1]
        assert (gone["room"], gone["occupants"], gone["ref"]) == ("Garden", ["ada"], "g1")
        assert (await bob.receive())["event"] == "left"
        await ada.send(type="go", ref="g2", room="nowhere")
        assert (await ada.until("error"))[-1]["code"] == "not_found"


async def test_a_command_is_a_reply_to_who_asked_alone() -> None:
    async with talking("ada", "ada") as (_, (one, two)):
        await one.send(type="message", ref="m1", message="look")
        assert (await one.until("reply"))[-1]["command"] == "look"
        await two.send(type="ping", ref="p")
        assert [f["type"] for f in await two.until("pong")] == ["pong"]


async def test_a_crisis_is_noticed_first_and_until_acknowledged() -> None:
    async with talking("ada") as (bridge, (ada,)):
        await ada.send(type="message", ref="m1", message=WISH)
        frames = await ada.until("reply")
        notice, reply = frames[0], frames[-1]
        assert (notice["type"], notice["kind"]) == ("notice", "crisis")
        assert "988" in notice["text"]
        assert reply["response"] == f"{notice['text']}\n\n{joined(frames)}"
        async with trio.open_nursery() as nursery:
            for acked in (False, False, True):
                again = await open_wire(nursery, bridge.app)
                await again.hello(after=reply["position"])
                await again.send(type="ping", ref="p")
                found = await again.until("pong")
                assert [f for f in found if f["type"] == "notice"] == [notice]
                if not acked:
                    continue
                await again.send(type="ack", ref="a", position=notice["position"])
                assert (await again.until("done"))[-1]["position"] == reply["position"]
            last = await open_wire(nursery, bridge.app)
            await last.hello()
            await last.send(type="ping", ref="p")
            assert [f["type"] for f in await last.until("pong")] == ["pong"]
            nursery.cancel_scope.cancel()


async def test_a_crisis_notice_comes_while_the_disk_hangs(autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with talking("ada", store=store) as (_, (ada,)):
        store.fault = "hang"
        await ada.send(type="message", ref="m1", message=WISH)
        with trio.fail_after(0.05):
            assert (await ada.receive())["type"] == "notice"
        error = (await ada.until("error"))[-1]
        assert (error["code"], error["retry"]) == ("store_unavailable", True)
        assert "988" in error["crisis"]["notice"]


async def test_stop_ends_the_turn_and_the_call_upstream(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="hang")
    async with talking("ada", "ada", responder=responder) as (_, (one, two)):
        await one.send(type="message", ref="m1", message="hello")
        await one.until("delta")
        await one.send(type="stop", ref="s", target="m1")
        with trio.fail_after(0.1):
            frames = [await one.receive(), await one.receive()]
            assert responder.open_streams == 0
        by_type = {f["type"]: f for f in frames}
        assert by_type["done"]["ref"] == "s"
        assert (by_type["error"]["ref"], by_type["error"]["code"]) == ("m1", "aborted")
        assert by_type["error"]["partial"] == "reply"
        other = (await two.until("error"))[-1]
        assert (other["ref"], other["code"], other["turn"]) == (None, "aborted", 1)
        await one.send(type="stop", ref="s2", target="never")
        assert (await one.until("error"))[-1]["code"] == "not_found"
        await one.send(type="stop", ref="s3", target="m1")
        assert (await one.until("done"))[-1]["ref"] == "s3"


async def test_another_connections_turn_has_no_ref_but_the_message() -> None:
    async with talking("ada", "ada", responder=FakeResponder(mode="stream")) as (_, (one, two)):
        await one.send(type="message", ref="m1", message="hello")
        frames = await two.until("reply")
        assert [f["ref"] for f in frames] == [None] * len(frames)
        assert {f["turn"] for f in frames} == {1}
        assert [f.get("message") for f in frames] == ["hello"] + [None] * (len(frames) - 1)


@pytest.mark.parametrize(("mode", "code"), [("fail", "responder_failed"), ("hang", "turn_timeout")])
async def test_a_responder_that_breaks_is_one_error(
    mode: str, code: str, autojump_clock: MockClock
) -> None:
    async with talking("ada", responder=FakeResponder(mode=mode)) as (_bridge, (ada,)):
        await ada.send(type="message", ref="m1", message="hello")
        frames = await ada.until("reply", "error")
        assert (frames[-1]["code"], frames[-1]["partial"]) == (code, "reply")
        assert frames[-1]["position"].endswith(":1")
        await ada.send(type="message", ref="m2", message=WISH)
        reply = (await ada.until("reply", "error"))[-1]
        assert reply["response"] == reply["crisis"]["notice"]


async def test_references_over_the_wire() -> None:
    responder = FakeResponder(mode="hang")
    async with talking("ada", "ada", responder=responder) as (_, (one, two)):
        await one.send(type="message", ref="m1", message="hello", client_ref="r")
        await one.until("delta")
        await two.send(type="message", ref="x1", message="hello", client_ref="r")
        await two.send(type="message", ref="x2", message="other", client_ref="r")
        conflict = (await two.until("error"))[-1]
        assert (conflict["ref"], conflict["code"]) == ("x2", "conflict")
        responder.release.set()
        first, second = (await one.until("reply"))[-1], (await two.until("reply"))[-1]
        assert (first["ref"], second["ref"]) == ("m1", "x1")
        await one.send(type="message", ref="m1", message="hello", client_ref="r")
        assert (await one.until("reply"))[-1]["position"] == first["position"]


async def test_a_persona_is_heard_as_its_room_is() -> None:
    async with talking("ada", "bob") as (bridge, (ada, bob)):
        await ada.send(type="say", ref="s1", text="Iris, good evening")
        heard = [await bob.receive() for _ in range(2)]
        assert heard[0]["text"] == "Iris, good evening"
        assert heard[-1] == {
            "type": "room",
            "room": "Tower",
            "position": heard[-1]["position"],
            "event": "said",
            "user_id": "persona:Iris",
            "username": "Iris",
            "text": "reply 1 to good evening",
        }
        look = await bridge.get("/bridge/rooms/Tower")
        assert look.json["occupants"] == ["ada", "bob"]


async def test_an_erased_session_says_so() -> None:
    responder = FakeResponder(mode="hang")
    async with talking("ada", responder=responder) as (bridge, (ada,)):
        await ada.send(type="message", ref="m1", message="hello")
        await ada.until("delta")
        await bridge.send("DELETE", "/bridge/sessions/ada")
        assert (await ada.receive())["code"] == "aborted"
        assert await ada.ended() == 4410


async def test_draining_says_goodbye() -> None:
    async with talking("ada") as (bridge, (ada,)):
        bridge.hub.refuse()
        bye = (await ada.until("bye"))[-1]
        assert (bye["code"], bye["reconnect"]) == (1012, True)
        with pytest.raises(Closed):
            await ada.receive()
        await ada.over.wait()


async def test_a_full_mailbox_is_an_answer() -> None:
    async with talking("ada", responder=FakeResponder(mode="hang"), mailbox=1) as (_, (ada,)):
        for number in range(4):
            await ada.send(type="message", ref=f"m{number}", message=WISH)
        error = (await ada.until("error"))[-1]
        assert (error["code"], error["retry"]) == ("mailbox_full", True)
        assert "988" in error["crisis"]["notice"]


# --- presence and coming back ---


async def test_a_cut_stream_comes_again_whole() -> None:
    responder = FakeResponder(mode="hang")
    async with talking("ada", responder=responder) as (bridge, (ada,)):
        await ada.send(type="message", ref="m1", message="hello")
        await ada.until("delta")
        ada.cut()
        await ada.over.wait()
        async with trio.open_nursery() as nursery:
            back = await open_wire(nursery, bridge.app)
            epoch = (await bridge.get("/bridge/rooms/Tower")).json["position"]
            welcome = await back.hello(room_after=epoch)
            assert welcome["recovered"]
            responder.release.set()
            frames = await back.until("reply")
            assert joined(frames) == frames[-1]["response"] == "reply 1 to hello"
            assert frames[0]["message"] == "hello"
            nursery.cancel_scope.cancel()


async def test_what_was_missed_comes_after_welcome() -> None:
    async with talking("ada") as (bridge, (ada,)):
        first = (await bridge.chat(user_id="ada", message="one")).json
        await ada.until("reply")
        ada.cut()
        await ada.over.wait()
        room = (await bridge.get("/bridge/rooms/Tower")).json["position"]
        await bridge.chat(user_id="ada", message="two")
        await bridge.post("/bridge/rooms/Tower/say", user_id="bob", text="aloud")
        async with trio.open_nursery() as nursery:
            back = await open_wire(nursery, bridge.app)
            welcome = await back.hello(after=first["position"], room_after=room)
            assert (welcome["recovered"], welcome["position"]) == (True, first["position"])
            frames = [await back.receive() for _ in range(3)]
            assert [f["type"] for f in frames] == ["reply", "room", "room"]
            assert (frames[0]["message"], frames[0]["ref"]) == ("two", None)
            lost = await open_wire(nursery, bridge.app)
            assert not (await lost.hello(after="other:3"))["recovered"]
            nursery.cancel_scope.cancel()


async def test_who_is_cut_leaves_the_room_after_its_grace(autojump_clock: MockClock) -> None:
    async with talking("bob", "ada") as (_bridge, (bob, ada)):
        await bob.until("room")
        ada.cut()
        await ada.over.wait()
        began = trio.current_time()
        left = await bob.receive()
        assert (left["event"], left["user_id"]) == ("left", "ada")
        assert trio.current_time() - began == pytest.approx(60, abs=1)


async def test_hello_moves_and_names_the_user() -> None:
    async with talking("bob") as (bridge, (_bob,)), trio.open_nursery() as nursery:
        ada = await open_wire(nursery, bridge.app)
        welcome = await ada.hello(room="garden", username="Ada")
        assert welcome["room"] == "Garden"
        room = (await ada.until("room"))[-1]
        assert (room["event"], room["username"]) == ("joined", "Ada")
        nursery.cancel_scope.cancel()


async def test_the_ninth_connection_ends_the_first() -> None:
    async with talking(*["ada"] * 1) as (bridge, (first,)), trio.open_nursery() as nursery:
        for _ in range(8):
            await (await open_wire(nursery, bridge.app)).hello()
        bye = (await first.until("bye"))[-1]
        assert (bye["code"], bye["reconnect"]) == (4409, False)
        nursery.cancel_scope.cancel()


# --- what is wrong ---


@pytest.mark.parametrize(
    "content",
    [
        {"text": "not json"},
        {"text": "[]"},
        {"text": '"text"'},
        {"text": "[" * 60_000},
        {"text": '{"type":"message","ref":"m","message":"\\ud800"}'},
        {"bytes": b'{"type":"ping","ref":"p"}'},
    ],
    ids=str,
)
@pytest.mark.parametrize("welcomed", [True, False])
async def test_what_is_no_frame_ends_the_connection(content: Any, welcomed: bool) -> None:
    async with talking("ada" if welcomed else "") as (bridge, (ada,)):
        await ada.raw(**content)
        assert await ada.ended() == 4400
        assert (await bridge.chat(user_id="bob", message="hello")).status == 200


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "dance", "ref": "x"},
        {"ref": "x"},
        {"type": 5, "ref": "x"},
        {"type": "message", "ref": "x"},
        {"type": "message", "ref": "x", "message": 5},
        {"type": "message", "ref": "x", "message": ""},
        {"type": "message", "ref": "x", "message": "hello", "client_ref": "a b"},
        {"type": "say", "ref": "x", "text": ""},
        {"type": "ack", "ref": "x", "position": "nonsense"},
        {"type": "stop", "ref": "x"},
        {"type": "message", "message": "no ref"},
        {"type": "message", "ref": "x" * 65, "message": "hello"},
        {"type": "message", "ref": 5, "message": "hello"},
        {"type": "hello", "user_id": "eve"},
    ],
    ids=str,
)
async def test_a_frame_that_is_refused_changes_nothing(frame: dict[str, Any]) -> None:
    async with talking("ada") as (bridge, (ada,)):
        await ada.send(**frame)
        error = await ada.receive()
        assert (error["type"], error["code"]) == ("error", "invalid_request")
        ref = frame.get("ref")
        assert error["ref"] == ("x" if ref == "x" else None)
        await ada.send(type="ping", ref="x")
        assert (await ada.receive())["type"] == "pong"
        assert (await bridge.get("/bridge/sessions/ada")).json["session_messages"] == 0
        assert len(bridge.hub.sessions()) == 1


async def test_a_pending_ref_is_a_conflict() -> None:
    async with talking("ada", responder=FakeResponder(mode="hang")) as (_, (ada,)):
        await ada.send(type="message", ref="m", message="hello")
        await ada.until("delta")
        for frame in ({"type": "ping"}, {"type": "message", "message": WISH}, {"type": "look"}):
            await ada.send(ref="m", **frame)
            error = await ada.receive()
            assert (error["code"], error["ref"]) == ("conflict", "m")
        await ada.send(type="say", ref="m", text=WISH)
        assert "988" in (await ada.receive())["crisis"]["notice"]


@pytest.mark.parametrize("where", ["type", "ref", "json"])
async def test_help_is_never_refused(where: str) -> None:
    frame: dict[str, Any] = {"type": "message", "ref": "m", "message": WISH}
    frame |= {"type": {"type": "dance"}, "ref": {"ref": 5}, "json": {}}[where]
    async with talking("ada") as (_, (ada,)):
        text = json.dumps(frame)
        if where == "json":
            text = text.replace("I want", "\\ud800 I want")
        await ada.raw(text=text)
        assert "988" in (await ada.receive())["crisis"]["notice"]


async def test_hello_comes_first_and_in_time(autojump_clock: MockClock) -> None:
    async with talking("", "") as (_, (slow, wrong)):
        began = trio.current_time()
        await wrong.send(type="ping", ref="p")
        assert await wrong.ended() == 4400
        await slow.send(type="dance", ref="p")
        assert (await slow.receive())["type"] == "error"
        assert await slow.ended() == 4408
        assert trio.current_time() - began == pytest.approx(5)


@pytest.mark.parametrize(
    ("hello", "code", "close"),
    [
        ({}, "invalid_request", 4401),
        ({"token": "nxt_x"}, "invalid_request", 4401),
        ({"user_id": "no space"}, "invalid_request", 4400),
        ({"user_id": "ada", "room": "Nowhere"}, "invalid_request", 4400),
        ({"user_id": "ada", "username": "Iris"}, "invalid_request", 4400),
        ({"user_id": "ada", "locale": "!"}, "invalid_request", 4400),
        ({"user_id": "ada", "after": ":"}, "invalid_request", 4400),
    ],
    ids=str,
)
async def test_a_hello_that_is_refused(hello: dict[str, Any], code: str, close: int) -> None:
    async with talking("") as (bridge, (ada,)):
        await ada.send(type="hello", **hello)
        assert (await ada.until("error"))[-1]["code"] == code
        assert await ada.ended() == close
        assert bridge.hub.sessions() == ()


async def test_a_hello_while_draining_is_told_to_come_back() -> None:
    async with talking("") as (bridge, (ada,)):
        bridge.hub.refuse()
        assert (await ada.hello())["code"] == "draining"
        assert await ada.ended() == 1012


async def test_the_subprotocol_and_the_guard() -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        plain = await open_wire(nursery, bridge.app, subprotocols=[])
        assert (await plain.hello())["type"] == "welcome"
        other = await open_wire(nursery, bridge.app, subprotocols=["chat.v9"])
        assert (await other.receive())["status"] == 400
        evil = [(b"host", b"localhost"), (b"origin", b"http://evil.example")]
        foreign = await open_wire(nursery, bridge.app, headers=evil)
        with pytest.raises(Closed):
            await foreign.receive()
        nursery.cancel_scope.cancel()


async def test_a_defect_ends_its_connection_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with talking("ada", "bob") as (bridge, (ada, bob)):
        bridge.hub.checked = None  # type: ignore[assignment,method-assign]  # breaks on the next call
        await ada.send(type="message", ref="m", message="canary-77")
        assert await ada.ended() == 1011
        await bob.send(type="ping", ref="p")
        assert (await bob.until("pong"))[-1]["ref"] == "p"
        assert "canary-77" not in caplog.text
        assert "TypeError" in caplog.text


async def test_a_flood_of_pings_that_nobody_reads_is_bounded() -> None:
    async with talking("ada", outbox_frames=16) as (_, (ada,)):
        for number in range(400):
            await ada.send(type="ping", ref=f"p{number}")
        await wait_all_tasks_blocked()
        await ada.until("pong")
