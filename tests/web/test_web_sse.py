"""Event streams under virtual time."""

from __future__ import annotations

import json

import pytest
import trio
from bridge_client import serving
from checked_frames import parsed
from live_wire import Follow
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.store.base import Page
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names
from nexus_trio.web.sse import TurnBody

WISH = "I want to die"


@pytest.mark.parametrize("mode", ["ready", "stream"])
@pytest.mark.parametrize("message", ["hello there", WISH])
async def test_a_chat_as_events(mode: str, message: str) -> None:
    async with serving(FakeResponder(mode=mode)) as bridge:
        body = json.dumps({"user_id": "ada", "message": message}).encode()
        answer = await bridge.raw("/bridge/chat", body, Accept="text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        events = [parsed(block) for block in answer.body.decode().split("\n\n")[:-1]]
        names = [event["event"] for event in events]
        assert names.count("reply") == 1
        assert names[-1] == "reply"
        assert names.count("notice") == (1 if message == WISH else 0)
        reply = json.loads(events[-1]["data"])
        pieces = [json.loads(e["data"])["text"] for e in events if e["event"] == "delta"]
        notice = reply["crisis"]["notice"]
        whole = "".join(pieces)
        assert reply["response"] == (whole if notice is None else f"{notice}\n\n{whole}")
        if message == WISH:
            assert names[0] == "notice"


async def test_a_chat_that_fails_ends_with_one_error() -> None:
    async with serving(FakeResponder(mode="fail")) as bridge:
        answer = await bridge.raw(
            "/bridge/chat", b'{"user_id":"ada","message":"hello"}', Accept="text/event-stream"
        )
        events = [parsed(block) for block in answer.body.decode().split("\n\n")[:-1]]
        assert [event["event"] for event in events] == ["delta", "error"]
        assert json.loads(events[-1]["data"])["partial"] == "reply"
        refused = await bridge.raw(
            "/bridge/chat", b'{"user_id":"ada","message":""}', Accept="text/event-stream"
        )
        assert (refused.status, refused.json["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("mode", "message", "ended_by", "last"),
    [
        ("ready", "hello", None, "reply"),
        ("ready", "look", None, "reply"),
        ("stream", "hello", None, "reply"),
        ("fail", "hello", None, "responder_failed"),
        ("hang", "hello", None, "turn_timeout"),
        ("fail", WISH, None, "reply"),
        ("hang", WISH, None, "reply"),
        ("hang", "hello", "stop", "aborted"),
        ("hang", "hello", "erase", "aborted"),
        ("hang", "hello", "drain", "aborted"),
        ("ready", "hello", "store down", "store_unavailable"),
        ("ready", WISH, "store down", "store_unavailable"),
        ("ready", "hello", "answered", "reply"),
        ("ready", "other", "answered", "conflict"),
        ("ready", "hello", "aborted", "reply"),
        ("stream", "other", "aborted", "conflict"),
    ],
)
async def test_every_chat_in_events_ends_with_one_reply_or_error(
    mode: str, message: str, ended_by: str | None, last: str, autojump_clock: MockClock
) -> None:
    responder, store, came = FakeResponder(), FaultyStore(Names()), []
    # Short, for the test client takes ten pieces of a body at most before it is read.
    async with serving(responder, store, turn_timeout_s=2) as bridge:
        chat = {"user_id": "ada", "message": "hello", "client_ref": "r"}
        if ended_by in ("answered", "aborted"):
            responder.mode = "ready" if ended_by == "answered" else "fail"
            await bridge.chat(**chat)
        responder.mode = mode
        store.fault = "down" if ended_by == "store down" else None

        async def stream() -> None:
            body = json.dumps({**chat, "message": message}).encode()
            answer = await bridge.raw("/bridge/chat", body, Accept="text/event-stream")
            assert answer.status == 200
            blocks = answer.body.decode().split("\n\n")[:-1]
            came.extend(parsed(block) for block in blocks if block != ":")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream)
            await wait_all_tasks_blocked()
            if ended_by == "stop":
                assert bridge.hub.stop("ada", "r")
            elif ended_by == "erase":
                await bridge.send("DELETE", "/bridge/sessions/ada")
            elif ended_by == "drain":
                bridge.hub.refuse()
                bridge.hub.give_up()
    names = [event["event"] for event in came]
    assert [name in ("reply", "error") for name in names] == [False] * (len(names) - 1) + [True]
    found = json.loads(came[-1]["data"])
    assert (found["type"] if "code" not in found else found["code"]) == last
    assert names.count("notice") == (message == WISH)
    if message == WISH:
        assert names[0] == "notice"
        assert "988" in found["crisis"]["notice"]


async def test_a_notice_comes_before_a_new_session_is_stored(autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with serving(FakeResponder(), store) as bridge:
        store.fault = "hang"
        stream = await bridge.hub.stream("ada", WISH)
        with trio.fail_after(0.05):
            frame = await stream.outbox.receive()
        assert "988" in getattr(frame, "text", "")
        stream.close()


async def test_a_long_wait_has_heartbeats(autojump_clock: MockClock) -> None:
    async with serving(FakeResponder(mode="hang")) as bridge:
        body = TurnBody(await bridge.hub.stream("ada", "hello"))
        async with body as events:
            came = [piece async for piece in events]
        # 120 s until the turn times out, a comment every 15 s of silence.
        assert came.count(b":\n\n") in (7, 8)
        assert came[-1].startswith(b"event: error\n")


@pytest.mark.parametrize("policy", ["abort", "keep"])
async def test_at_whatever_step_its_client_goes_a_chat_ends_as_it_is_set(policy: str) -> None:
    """One that goes before the answer has begun, too: Quart then never comes to its body."""
    ends: dict[tuple[str, ...], int] = {}
    for step in range(70):
        responder = FakeResponder(mode="hang")
        async with serving(responder, on_disconnect=policy) as bridge:
            put, receive = trio.open_memory_channel[dict[str, object]](2)
            sent: list[object] = []
            body = b'{"user_id":"ada","message":"hello"}'
            put.send_nowait({"type": "http.request", "body": body, "more_body": False})

            async def send(event: object, sent: list[object] = sent) -> None:
                await trio.lowlevel.checkpoint()
                sent.append(event)

            scope = {
                "type": "http", "method": "POST", "path": "/bridge/chat", "server": None,
                "raw_path": b"/bridge/chat", "query_string": b"", "http_version": "1.1",
                "scheme": "http", "root_path": "",
                "headers": [
                    (b"host", b"127.0.0.1"), (b"accept", b"text/event-stream"),
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(body)).encode()),
                ],
            }  # fmt: skip
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bridge.app.asgi_app, scope, receive.receive, send)
                for _ in range(step):
                    await trio.lowlevel.checkpoint()
                put.send_nowait({"type": "http.disconnect"})
                await wait_all_tasks_blocked()
                running = responder.open_streams
                responder.release.set()
            await wait_all_tasks_blocked()
            held = await bridge.hub.history("ada") if bridge.hub.sessions() else Page(())
            status = tuple(turn.status for turn in held.turns)
            assert running == (policy == "keep" and status == ("answered",))
            ends[status] = ends.get(status, 0) + 1
    assert ends == {("aborted" if policy == "abort" else "answered",): 70}


async def test_following_a_user_and_its_room() -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        follow = Follow(bridge.app)
        nursery.start_soon(follow.run, "user_id=ada")
        welcome = await follow.event()
        assert (follow.status, welcome["event"]) == (200, "welcome")
        assert json.loads(welcome["data"])["recovered"]
        assert json.loads((await follow.event())["data"])["user_id"] == "ada"
        await bridge.post("/bridge/rooms/Tower/join", user_id="bob")
        await bridge.post("/bridge/rooms/Tower/say", user_id="bob", text="good evening")
        await bridge.post("/bridge/rooms/Tower/leave", user_id="bob")
        heard = [await follow.event() for _ in range(3)]
        assert [json.loads(e["data"])["event"] for e in heard] == ["joined", "said", "left"]
        reply = (await bridge.chat(user_id="ada", message="hello")).json
        assert (await follow.event())["event"] == "delta"
        last = await follow.event()
        assert last["event"] == "reply"
        session, _, room = last["id"].partition(",")
        assert session == reply["position"]
        assert room == json.loads(heard[-1]["data"])["position"]
        follow.cut()
        await follow.over.wait()
        await bridge.chat(user_id="ada", message="missed")
        back = Follow(bridge.app)
        nursery.start_soon(back.run, "user_id=ada", (b"last-event-id", last["id"].encode()))
        assert json.loads((await back.event())["data"])["recovered"]
        missed = json.loads((await back.event())["data"])
        assert missed["message"] == "missed"
        nursery.cancel_scope.cancel()


async def test_last_event_id_acknowledges_a_notice() -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        follow = Follow(bridge.app)
        nursery.start_soon(follow.run, "user_id=ada")
        await follow.event()
        await bridge.chat(user_id="ada", message=WISH)
        while (seen := await follow.event())["event"] != "reply":
            pass
        for headers, notices in (((), 1), (((b"last-event-id", seen["id"].encode()),), 0)):
            back = Follow(bridge.app)
            nursery.start_soon(back.run, "user_id=ada", *headers)
            await wait_all_tasks_blocked()
            back.cut()
            await back.over.wait()
            names = [(await back.event())["event"]]
            while back.waiting:
                names.append((await back.event())["event"])
            assert names.count("notice") == notices
        nursery.cancel_scope.cancel()


async def test_a_silent_stream_has_heartbeats_and_ends_on_drain(autojump_clock: MockClock) -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        follow = Follow(bridge.app)
        nursery.start_soon(follow.run, "user_id=ada")
        blocks = [await follow.block() for _ in range(2)]
        began = trio.current_time()
        assert await follow.block() == ":"
        assert trio.current_time() - began == pytest.approx(15)
        bridge.hub.refuse()
        bye = await follow.event()
        assert json.loads(bye["data"])["code"] == 1012
        await follow.over.wait()
        assert len(blocks) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "user_id=no%20space",
        "user_id=ada&user_id=bob",
        "user_id=ada&after=x",
        "user_id=ada&room_after=:",
    ],
)
async def test_a_stream_that_is_refused(query: str) -> None:
    async with serving() as bridge:
        answer = await bridge.get(f"/bridge/events?{query}")
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
