"""What is refused: every code that can be reached, bodies of all kinds, and help in spite of it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import trio
from bridge_client import Bridge, serving
from quart.testing.connections import WebsocketResponseError
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names
from nexus_trio.web.body import MAX_BODY_BYTES

WISH = "I want to die"
GOOD = {"user_id": "ada", "message": "hello"}
CANARY = "canary-7f3a"


# --- fields ---


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("user_id", value) for value in ("", "-a", "x" * 65, "a b", "ä", "a\n", 5, None, [], {})],
        *[("message", value) for value in ("", None, 5, True, ["hello"], {"text": "hello"})],
        *[("username", value) for value in ("", "x" * 65, "a\x00", " iris ", "  ", 5, {})],
        *[("room", value) for value in ("nowhere", "", 5, ["Tower"])],
        *[("client_ref", value) for value in ("", "x" * 65, "a b", "ä", 5)],
        *[("locale", value) for value in ("", "x" * 45, "en us", 5)],
    ],
)
async def test_a_field_out_of_its_bounds_is_named_and_never_repeated(
    field: str, value: object
) -> None:
    async with serving() as bridge:
        answer = await bridge.chat(**{**GOOD, field: value})
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert answer.json["detail"].startswith(field)
        assert "crisis" not in answer.json
        assert bridge.hub.sessions() == ()


@pytest.mark.parametrize(
    "field", ["user_id", "message", "username", "room", "client_ref", "locale"]
)
async def test_what_was_sent_is_not_in_the_refusal(field: str) -> None:
    async with serving() as bridge:
        for value in (f"{CANARY}\x00" * 8, [CANARY], {CANARY: CANARY}):
            answer = await bridge.chat(**{**GOOD, field: value, "message": [CANARY]})
            assert answer.status == 400
            assert CANARY.encode() not in answer.body


@pytest.mark.parametrize("missing", ["user_id", "message"])
async def test_a_missing_field_is_named(missing: str) -> None:
    async with serving() as bridge:
        fields = {name: value for name, value in GOOD.items() if name != missing}
        answer = await bridge.chat(**fields)
        assert answer.status == 400
        assert answer.json["detail"].startswith(missing)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_id", "x" * 64),
        ("message", "x" * 16384),
        ("message", "ä" * 8192),
        ("message", "\U0001f600" * 4096),
        ("message", "\x01" * 16384),
        ("username", "x" * 64),
        ("client_ref", "~" * 64),
        ("locale", "abcdefgh-abcdefgh-abcdefgh-abcdefgh-abcdefgh"),
    ],
)
async def test_a_field_at_its_bound_passes(field: str, value: str) -> None:
    async with serving() as bridge:
        assert (await bridge.chat(**{**GOOD, field: value})).status == 200


@pytest.mark.parametrize("call", ["join", "leave", "say"])
async def test_rooms_name_the_field_too(call: str) -> None:
    async with serving() as bridge:
        for user in (None, 5, "", "x" * 65):
            answer = await bridge.post(f"/bridge/rooms/Tower/{call}", user_id=user, text="hello")
            assert (answer.status, answer.json["code"]) == (400, "invalid_request")
            assert answer.json["detail"].startswith("user_id")
    async with serving() as bridge:
        for text in (None, "", 5, ["hello"]):
            answer = await bridge.post("/bridge/rooms/Tower/say", user_id="ada", text=text)
            assert answer.status == 400
            assert answer.json["detail"].startswith("text")


@pytest.mark.parametrize("user", ["-a", "x" * 65, "a%20b", "%C3%A4", "a%0a"])
async def test_a_path_that_names_no_possible_user_is_refused(user: str) -> None:
    async with serving() as bridge:
        for method, path in (("GET", ""), ("GET", "/history"), ("DELETE", "")):
            answer = await bridge.send(method, f"/bridge/sessions/{user}{path}")
            assert (answer.status, answer.json["code"]) == (400, "invalid_request")


# --- bodies ---


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "JSON object"),
        (b" ", "JSON object"),
        (b"{", "JSON object"),
        (b"null", "JSON object"),
        (b"[]", "JSON object"),
        (b'"hello"', "JSON object"),
        (b"5", "JSON object"),
        (b"{} {}", "JSON object"),
        (b"{'user_id': 'ada'}", "JSON object"),
        (b'{"user_id": NaN}', "JSON object"),
        (b'{"message": "\xff"}', "JSON object in UTF-8"),
        (b'{"message": "\\ud800"}', "JSON object in UTF-8"),
        (b'{"other": "\\udfff"}', "JSON object in UTF-8"),
        ('{"message": "hello"}'.encode("utf-16"), "JSON object"),
        (b'\xef\xbb\xbf{"message": "hello"}', "JSON object"),
        (b"[" * 100_000, "JSON object"),
        (b'{"a":' * 20_000, "nested too deep"),
        (b'{"user_id": ' + b"[" * 100_000 + b"}", "nested too deep"),
        (b'{"user_id": 1e999}', "out of range"),
        (b"user_id=ada&message=hello", "JSON object"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(body: bytes, detail: str) -> None:
    async with serving() as bridge:
        for path in ("/bridge/chat", "/bridge/rooms/Tower/say", "/bridge/rooms/Tower/join"):
            answer = await bridge.raw(path, body)
            assert (answer.status, answer.json["code"]) == (400, "invalid_request")
            assert detail in answer.json["detail"]


async def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    async with serving() as bridge:
        body = b'{"user_id": "eve", "message": "hello", "user_id": "ada"}'
        assert (await bridge.raw("/bridge/chat", body)).json["user_id"] == "ada"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json; x=y",
    ],
)
async def test_content_types_that_pass(content_type: str | None) -> None:
    async with serving() as bridge:
        body = json.dumps(GOOD).encode()
        assert (await bridge.raw("/bridge/chat", body, content_type)).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x",
        "", "application/json; charset=latin-1", "application/jsonp", "text/plain; json",
    ],
)  # fmt: skip
async def test_content_types_that_do_not(content_type: str) -> None:
    async with serving() as bridge:
        answer = await bridge.raw("/bridge/chat", json.dumps(GOOD).encode(), content_type)
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert "Content-Type" in answer.json["detail"]
        assert bridge.hub.sessions() == ()


async def test_a_body_over_its_bound_is_too_large_and_one_at_it_is_not() -> None:
    async with serving() as bridge:
        start = b'{"user_id": "ada", "message": "hello", "more": "'
        body = start + b"x" * (MAX_BODY_BYTES - len(start) - 2) + b'"}'
        assert len(body) == MAX_BODY_BYTES
        assert (await bridge.raw("/bridge/chat", body)).status == 200
        answer = await bridge.raw("/bridge/chat", body + b" ")
        assert (answer.status, answer.json["code"]) == (413, "too_large")


async def test_a_body_without_a_length_is_bounded_all_the_same() -> None:
    async with serving() as bridge:
        client = bridge.app.test_client()
        async with client.request("/bridge/chat", method="POST") as connection:
            assert "content-length" not in dict(connection.scope["headers"])
            for _ in range(3):
                await connection.send(b" " * (MAX_BODY_BYTES // 2))
            await connection.send_complete()
        answer = await connection.as_response()
        assert answer.status_code == 413
        assert (await answer.get_json(force=True))["code"] == "too_large"


async def test_a_body_that_never_comes_is_not_waited_for(autojump_clock: MockClock) -> None:
    async with serving(body_timeout_s=3) as bridge:
        began = trio.current_time()
        async with bridge.app.test_client().request("/bridge/chat", method="POST") as connection:
            await connection.send(b'{"user_id": "ada"')
        answer = await connection.as_response()
        assert answer.status_code == 408
        assert (await answer.get_json(force=True))["code"] == "invalid_request"
        assert trio.current_time() - began == pytest.approx(3)


async def test_a_stream_comes_where_it_is_rather_wanted() -> None:
    async with serving() as bridge:
        body = json.dumps({**GOOD, "message": WISH}).encode()
        for accept in (
            "text/event-stream",
            "Text/Event-Stream",
            "application/json;q=0.5, text/event-stream",
            "text/event-stream, */*;q=0.1",
        ):
            answer = await bridge.raw("/bridge/chat", body, Accept=accept)
            assert answer.headers["Content-Type"] == "text/event-stream"
            assert answer.body.startswith(b"event: notice\n")
        for accept in (
            "*/*",
            "application/json",
            "text/html",
            "application/json, text/event-stream",
            "text/event-stream;q=0.5, application/json",
            "text/event-stream;q=0, */*",
        ):
            answer = await bridge.raw("/bridge/chat", body, Accept=accept)
            assert (answer.status, answer.json["user_id"]) == (200, "ada")
        joined = await bridge.raw(
            "/bridge/rooms/Tower/join", b'{"user_id": "ada"}', Accept="text/event-stream"
        )
        assert joined.status == 200


# --- help in a refusal ---


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": 5}, {"user_id": ""}, {"username": 5}, {"username": "Iris"}, {"room": 5},
        {"room": "nowhere"}, {"client_ref": "a b"}, {"locale": 5}, {"locale": "x y"},
        {"user_id": None, "room": [], "locale": {}},
    ],
)  # fmt: skip
async def test_a_refused_message_still_gets_its_help(other: dict[str, Any]) -> None:
    async with serving() as bridge:
        answer = await bridge.chat(**{**GOOD, "message": WISH, **other})
        assert answer.status == 400
        assert answer.json["crisis"]["detected"] is True
        assert "988" in answer.json["crisis"]["notice"]
        if "room" not in other:
            aloud = {"user_id": "ada", "text": WISH, **other, "message": "hello"}
            answer = await bridge.post("/bridge/rooms/Tower/say", **aloud)
            assert answer.status == (200 if "client_ref" in other else 400)
            assert "988" in answer.json["crisis"]["notice"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({**GOOD, "message": WISH}).encode(), "text/plain"),
        (json.dumps({**GOOD, "message": WISH}).encode(), "application/json; charset=latin-1"),
        (json.dumps({**GOOD, "message": f"{WISH} \ud83d"}).encode(), "application/json"),
        (json.dumps({"message": WISH, "room": "\udfff"}).encode(), "application/json"),
        (b'{"message": "\xff ' + WISH.encode() + b'"}', "application/json"),
        (b'\xef\xbb\xbf{"message": "' + WISH.encode() + b'"}', "application/json"),
        (b'{"user_id": 1e999, "message": "' + WISH.encode() + b'"}', "application/json"),
    ],
)
async def test_a_body_that_can_only_just_be_read_still_gets_help(
    body: bytes, content_type: str
) -> None:
    async with serving() as bridge:
        answer = await bridge.raw("/bridge/chat", body, content_type)
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert "988" in answer.json["crisis"]["notice"]
        assert bridge.hub.sessions() == ()


async def test_a_message_over_its_bound_is_screened_at_both_ends() -> None:
    async with serving() as bridge:
        for message in (f"{WISH}. {'x ' * 9000}", f"{'x ' * 9000}. {WISH}"):
            answer = await bridge.chat(user_id="ada", message=message)
            assert (answer.status, answer.json["code"]) == (413, "too_large")
            assert answer.json["crisis"]["detected"] is True


async def test_a_calm_refusal_carries_no_crisis() -> None:
    async with serving() as bridge:
        for body in (b'{"message": "hello", "user_id": 5}', b'{"message": "\\ud800 hello"}'):
            assert "crisis" not in (await bridge.raw("/bridge/chat", body)).json


# --- addresses ---


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/bridge", "/bridge/", "/bridge/chat/", "/docs/", "/bridge//rooms",
        "/bridge/rooms/a%2Fb", "/bridge/sessions/ada/other", "/static/x", "/favicon.ico", "/..%2f",
    ],
)  # fmt: skip
async def test_an_unknown_address_is_not_found_and_leads_nowhere_else(path: str) -> None:
    async with serving() as bridge:
        for method in ("GET", "POST", "DELETE"):
            answer = await bridge.send(method, path)
            assert (answer.status, answer.json["code"]) == (404, "not_found")
            assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/metrics", "/operator", "/operator/x",
    ],
)  # fmt: skip
async def test_what_is_not_built_yet_says_so(path: str) -> None:
    async with serving() as bridge:
        for method in ("GET", "POST"):
            answer = await bridge.send(method, path)
            assert (answer.status, answer.json["code"]) == (404, "not_found")
            assert "does not have this call yet" in answer.json["detail"]
        near = await bridge.get("/metrics2")
        assert "yet" not in near.json["detail"]


async def test_a_web_socket_is_refused_as_a_call_is() -> None:
    async with serving() as bridge:
        for path, status in (("/operator/ws", 404), ("/nothing", 404), ("/bridge/rooms", 400)):
            async with bridge.app.test_client().websocket(path) as socket:
                with pytest.raises(WebsocketResponseError) as refusal:
                    await socket.receive()
            answer = refusal.value.response
            assert answer.status_code == status
            assert answer.headers["Content-Type"] == "application/problem+json"
            problem = await answer.get_json(force=True)
            assert ("does not have this call yet" in problem["detail"]) == (path == "/operator/ws")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/bridge/chat", {"POST"}),
        ("PUT", "/bridge/chat", {"POST"}),
        ("POST", "/bridge/sessions/ada", {"GET", "HEAD", "DELETE"}),
        ("TRACE", "/bridge/rooms", {"GET", "HEAD"}),
        ("BREW", "/", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    method: str, path: str, allowed: set[str]
) -> None:
    async with serving() as bridge:
        answer = await bridge.send(method, path)
        assert (answer.status, answer.json["code"]) == (405, "invalid_request")
        assert set(answer.headers["Allow"].split(", ")) == {*allowed, "OPTIONS"}


# --- the other codes ---


async def refused(bridge: Bridge, status: int, code: str, **fields: Any) -> Any:
    """The problem of a chat that must be refused so, with help for its words in it."""
    answer = await bridge.chat(**{"user_id": "ada", "message": WISH, **fields})
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["type"] == f"/docs#{code}"
    assert "988" in answer.json["crisis"]["notice"]
    return answer.json


async def test_conflict() -> None:
    async with serving() as bridge:
        await bridge.chat(**GOOD, client_ref="r1")
        await refused(bridge, 409, "conflict", client_ref="r1")


async def test_mailbox_full() -> None:
    responder = FakeResponder(mode="hang")
    async with serving(responder, mailbox=1) as bridge, trio.open_nursery() as nursery:
        for message in ("one", "two"):
            nursery.start_soon(lambda message=message: bridge.chat(user_id="ada", message=message))
            await wait_all_tasks_blocked()
        assert (await refused(bridge, 429, "mailbox_full"))["retry"] is True
        responder.release.set()


async def test_aborted_with_what_was_heard() -> None:
    async with serving(FakeResponder(mode="hang")) as bridge, trio.open_nursery() as nursery:

        async def aborted() -> None:
            answer = await bridge.chat(**GOOD, client_ref="r1")
            assert (answer.status, answer.json["code"]) == (499, "aborted")
            assert answer.json["partial"] == "reply"

        nursery.start_soon(aborted)
        await wait_all_tasks_blocked()
        assert bridge.hub.stop("ada", "r1")


async def test_responder_failed_and_turn_timeout(autojump_clock: MockClock) -> None:
    for mode, status, code in (("fail", 502, "responder_failed"), ("hang", 504, "turn_timeout")):
        async with serving(FakeResponder(mode=mode), turn_timeout_s=2) as bridge:
            answer = await bridge.chat(**GOOD)
            assert (answer.status, answer.json["code"]) == (status, code)
            assert answer.json["retry"] is True
            turns = (await bridge.get("/bridge/sessions/ada/history")).json["turns"]
            assert [turn["status"] for turn in turns] == ["aborted"]


async def test_draining() -> None:
    async with serving() as bridge:
        bridge.hub.refuse()
        await refused(bridge, 503, "draining")
        for call in ("join", "say"):
            answer = await bridge.post(f"/bridge/rooms/Tower/{call}", user_id="ada", text="hello")
            assert (answer.status, answer.json["code"]) == (503, "draining")


async def test_store_unavailable() -> None:
    store = FaultyStore(Names())
    async with serving(store=store) as bridge:
        store.fault = "down"
        await refused(bridge, 503, "store_unavailable")
        joined = await bridge.post("/bridge/rooms/Tower/join", user_id="bob")
        assert (joined.status, joined.json["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize("grouped", [False, True])
async def test_a_defect_is_internal_and_leaks_no_words(
    grouped: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: Hub, *words: object, **more: object) -> None:
        error = ZeroDivisionError(f"over {words}")
        raise ExceptionGroup(str(words), [error]) if grouped else error

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(Hub, "take", broken)
    async with serving() as bridge:
        answer = await bridge.chat(user_id="ada", message=CANARY)
        assert (answer.status, answer.json["code"]) == (500, "internal")
        assert answer.json["retry"] is False
        assert "its log says where" in answer.json["detail"]
        assert CANARY.encode() not in answer.body
        assert CANARY not in caplog.text
        assert "ZeroDivisionError at " in caplog.text
        # A part that was never raised itself has no place; what was raised has one.
        assert grouped or " broken < " in caplog.text
