"""What the OpenAI wire refuses: in its own shape, without a word of what was sent, with help."""

from __future__ import annotations

import json
import logging
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
import trio
from bridge_client import serving
from completion_wire import PATH, WISH, Alone, Completion, asking, complete, open_call, turns
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import InvalidRequest, TooLarge
from nexus_trio.runtime.connection import TurnStream
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub
from nexus_trio.web import openai_request
from nexus_trio.web.openai_request import MAX_BYTES

CANARY = "canary-7f3a"
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{CANARY}"}}


def said(words: object) -> list[dict[str, Any]]:
    return [{"role": "user", "content": words}]


REFUSED: dict[str, list[Any]] = {
    "model": [None, "", 5, ["fake"], {}, True],
    "messages": [
        *(None, "hello", 5, {}, [5], [None], [[]], ["hello"], [{}], []),
        *([{"role": role, "content": "x"}] for role in ("system", "assistant", "tool")),
        *([{"role": role, "content": "x"}] for role in (CANARY, 5, None, ["user"])),
        *(said(content) for content in ("", None, 5, {}, True, [], [5], ["hello"])),
        said([{"type": "text"}]),
        said([{"type": "text", "text": 5}]),
        said([{"text": "hello"}]),
        said([{"type": CANARY, "text": "hello"}]),
        said([IMAGE]),
        said([{"type": "text", "text": "what is this?"}, IMAGE]),
        said([{"type": "input_audio", "input_audio": {"data": CANARY}}]),
        said([{"type": "file", "file": {"file_id": CANARY}}]),
    ],
    "user": ["", "-a", "a b", "x" * 65, 5, {}, "ada@example.org", "ada\n"],
    "stream": [1, "true", [], {}],
    "stream_options": [1, "x", [], {"include_usage": "yes"}],
    "n": [0, 2, -1, 1.5, "1", True, 10**30],
    "logprobs": [True, 1, "no"],
    "response_format": [{"type": kind} for kind in ("json_object", "json_schema", CANARY, 5)],
    "modalities": [["text", "audio"], ["audio"], "text", [5]],
    "tool_choice": ["required", {"type": "function"}, 5],
    "function_call": [{"name": "f"}, CANARY],
}


@pytest.mark.parametrize("field", REFUSED)
async def test_a_parameter_that_can_not_be_is_named(field: str) -> None:
    async with serving() as bridge:
        for value in REFUSED[field]:
            answer = await bridge.post(PATH, **{**asking(), field: value})
            error = answer.json["error"]
            unknown = (field, value) == ("model", "")
            assert answer.status == (404 if unknown else 400)
            assert (error["param"], error["type"]) == (field, "invalid_request_error")
            assert error["code"] == ("model_not_found" if unknown else "invalid_request")
            named = (field, "content", "text can be read", "last user message")
            assert any(name in error["message"] for name in named)
            assert "crisis" not in error
            assert CANARY.encode() not in answer.body
        assert bridge.hub.sessions() == ()


@pytest.mark.parametrize("model", ["other", "FAKE", "fake-stateless-stateless", "-stateless", " "])
async def test_an_unknown_model(model: str) -> None:
    async with serving() as bridge:
        answer = await complete(bridge, model=model)
        error = answer.json["error"]
        assert (answer.status, error["code"], error["param"]) == (404, "model_not_found", "model")
        assert "GET /v1/models" in error["message"]


async def test_nobody_is_told_how_to_say_who() -> None:
    async with serving() as bridge:
        answer = await complete(bridge, user=None)
        assert (answer.status, answer.json["error"]["param"]) == (400, "user")
        for way in ("user", "X-Nexus-User", "X-OpenWebUI-User-Id", "-stateless"):
            assert way in answer.json["error"]["message"]


@pytest.mark.parametrize("name", ["X-Nexus-User", "X-OpenWebUI-User-Id"])
async def test_a_header_that_names_no_possible_user(name: str) -> None:
    async with serving() as bridge:
        body = json.dumps({**asking(), "user": None}).encode()
        for value in ("", "a b", "x" * 65, "ada@example.org"):
            answer = await bridge.raw(PATH, body, **{name: value})
            assert answer.status == 400
            assert answer.json["error"]["message"].startswith(f"the header {name}")


async def test_two_headers_that_name_two_are_refused_and_two_of_one_are_not() -> None:
    async with open_fake_hub() as hub:
        for second, status in (("bob", 400), ("ada", 200)):
            call = Completion(Alone(hub), {**asking(), "user": None}, X_Nexus_User="ada")
            call.add_header("X-Nexus-User", second)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call.run)
                body = await call.whole()
                call.cut()
            assert call.status == status
            assert (b"more than once" in body) == (status == 400)


# --- bodies ---


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "JSON object"),
        (b"{", "JSON object"),
        (b"[]", "JSON object"),
        (b"null", "JSON object"),
        (b'"hello"', "JSON object"),
        (b"{} {}", "JSON object"),
        (b"{'model': 'fake'}", "JSON object"),
        (b'{"model": NaN}', "JSON object"),
        (b'{"model": "\xff"}', "model must be"),
        (b'{"other": "\\ud800"}', "JSON object in UTF-8"),
        (b'{"messages": [{"role": "user", "content": "\xff"}]', "JSON object in UTF-8"),
        (b'\xef\xbb\xbf{"model": "fake"}', "JSON object"),
        ('{"model": "fake"}'.encode("utf-16"), "JSON object"),
        (b"[" * 100_000, "JSON object"),
        (b'{"a":' * 20_000, "nested too deep"),
        (b'{"messages": ' + b"[" * 100_000 + b"}", "nested too deep"),
        (b'{"n": 1e999, "model": "fake"}', "n must be"),
        (b"model=fake&user=ada", "JSON object"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(body: bytes, detail: str) -> None:
    async with serving() as bridge:
        answer = await bridge.raw(PATH, body)
        assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_request")
        assert detail in answer.json["error"]["message"]


async def test_of_what_is_not_looked_at_nothing_is_asked() -> None:
    async with serving() as bridge:
        body = json.dumps(asking()).encode().removesuffix(b"}")
        for more in (b'"n": 1e999, "n": 1', b'"other": "\xff"', b'"other": 1e999, "user": "ada"'):
            assert (await bridge.raw(PATH, body + b", " + more + b"}")).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/json; charset=latin-1"])
async def test_content_types_that_do_not_pass(content_type: str) -> None:
    async with serving() as bridge:
        answer = await bridge.raw(PATH, json.dumps(asking(WISH)).encode(), content_type)
        assert answer.status == 400
        assert "Content-Type" in answer.json["error"]["message"]
        assert "988" in answer.json["error"]["message"]
        assert (await bridge.raw(PATH, json.dumps(asking()).encode(), None)).status == 200


def padded(size: int) -> bytes:
    """A good body of this size: a long history before the turn."""
    messages = [{"role": "assistant", "content": ""}, *said("hello")]
    empty = json.dumps({**asking(), "messages": messages}).encode()
    messages[0]["content"] = "x" * (size - len(empty))
    return json.dumps({**asking(), "messages": messages}).encode()


async def test_a_body_at_its_bound_passes_and_one_over_it_is_too_large() -> None:
    async with serving() as bridge:
        body = padded(MAX_BYTES)
        assert len(body) == MAX_BYTES
        assert (await bridge.raw(PATH, body)).status == 200
        answer = await bridge.raw(PATH, body + b" ")
        assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")
        assert "8 MiB" in answer.json["error"]["message"]
        # Other calls keep their own bound.
        assert (await bridge.raw("/bridge/chat", body)).status == 413


async def test_a_body_over_its_bound_is_not_read_to_its_end() -> None:
    async with open_fake_hub() as hub, trio.open_nursery() as nursery:
        for size in (MAX_BYTES + 1, 10**18):
            call = Completion(Alone(hub), b"", content_length=str(size))
            nursery.start_soon(call.drive)
            assert b"too_large" in await call.whole()
            assert call.status == 413
        for more in (True, False):
            call = Completion(Alone(hub), b"", content_length="\u00b2")
            nursery.start_soon(call.drive)
            call.give(b" " * MAX_BYTES, more=True)
            call.give(b" ", more=more)
            assert b"too_large" in await call.whole()
            assert call.status == 413


async def test_a_body_that_stops_halfway_is_given_up(autojump_clock: MockClock) -> None:
    async with open_fake_hub(body_timeout_s=3) as hub, trio.open_nursery() as nursery:
        call = Completion(Alone(hub), b"")
        nursery.start_soon(call.drive)
        for _ in range(3):
            await trio.sleep(2)
            call.give(b" ", more=True)
        began = trio.current_time()
        error = json.loads(await call.whole())["error"]
        assert (call.status, error["code"]) == (408, "invalid_request")
        assert trio.current_time() - began == pytest.approx(3)
        # Whether to send it again, its sender may decide.
        assert "x-should-retry" not in call.headers


@pytest.mark.parametrize(
    "item",
    [
        b'{"role":"user"}',
        b'{"role":"user","content":0}',
        b'{"role":"user","content":[{"type":"text"}]}',
        b'{"type":"text"}',
        b'{"type":"text","text":""}',
        b'{"type":"text","text":"\\u00e4bc"}',
        b'{"type":"image_url","x":[[{}]]}',
        b"[]",
    ],
)
def test_what_a_body_costs_in_memory_is_bounded(item: bytes) -> None:
    many = b",".join([item] * (1024 * 1024 // (len(item) + 1)))
    parts = b'{"role":"user","content":[' + many + b"]}"
    for messages, other in ((many if b"role" in item else parts, b"0"), (b"", many)):
        body = bytearray(b'{"model":"fake","messages":[' + messages + b'],"x":[' + other + b"]}")
        for look in (lambda body: openai_request.read(body, ["fake"], 20), openai_request.words_in):
            tracemalloc.start()
            with suppress(InvalidRequest, TooLarge):
                look(body)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            # Beside the body itself; what is promised is four times it.
            assert peak < 4 * len(body), f"{peak} bytes for {len(body)}"


async def test_a_body_is_not_held_while_its_turn_runs() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        call = Completion(Alone(hub), padded(MAX_BYTES))
        tracemalloc.start()
        nursery.start_soon(call.run)
        await wait_all_tasks_blocked()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert responder.open_streams == 1
        assert held < MAX_BYTES / 8
        call.cut()


# --- help ---


@pytest.mark.parametrize("content", [WISH, [{"type": "text", "text": WISH}], [IMAGE, WISH]])
async def test_a_refused_message_still_gets_its_help(content: object) -> None:
    others: list[dict[str, Any]] = [
        {"model": "none"}, {"model": 5}, {"user": None}, {"user": ""}, {"user": 5}, {"n": 2},
        {"stream": 5}, {"logprobs": True}, {"tool_choice": "required"}, {"stream_options": 5},
        {"response_format": {"type": "json_object"}},
    ]  # fmt: skip
    async with serving() as bridge:
        for other in others:
            answer = await bridge.post(PATH, **{**asking(content), **other})
            error = answer.json["error"]
            assert answer.status in (400, 404)
            assert error["crisis"]["detected"] is True
            # A plain front end shows the message and nothing else.
            assert error["message"].startswith(error["crisis"]["notice"])
            assert "988" in error["message"]
            assert answer.headers["X-Should-Retry"] == "false"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(asking(f"{WISH} \ud83d")).encode(),
        json.dumps({**asking(WISH), "other": "\udfff"}).encode(),
        json.dumps(asking([{"type": "text", "text": f"\udfff {WISH}"}, IMAGE])).encode(),
        b'\xef\xbb\xbf{"messages": [{"role": "user", "content": "' + WISH.encode() + b'"}]}',
        b'{"messages": [{"role": "user", "content": "\xff ' + WISH.encode() + b'"}]}',
        b'{"messages": [{"role": "user", "content": "' + WISH.encode() + b'"}], "x": ' * 9,
        b'{"messages": 5, "message": "' + WISH.encode() + b'"}',
        b'{"x": "' + b"y" * 300_000 + b'", "messages": [{"content": "' + WISH.encode() + b'"}',
        b'{"messages": [{"content": "' + WISH.encode() + b'"}], "x": "' + b"y" * 300_000 + b"\x00",
    ],
)
async def test_a_body_that_can_only_just_be_read_still_gets_help(body: bytes) -> None:
    async with serving() as bridge:
        answer = await bridge.raw(PATH, body)
        assert answer.status == 400
        assert "988" in answer.json["error"]["message"]
        assert bridge.hub.sessions() == ()


async def test_only_the_turn_is_screened_and_not_the_history() -> None:
    async with serving() as bridge:
        messages = [*said(WISH), {"role": "assistant", "content": WISH}, *said("thank you")]
        for more in ({}, {"n": 2}):
            answer = await bridge.post(PATH, **{**asking(), "messages": messages, **more})
            assert b"988" not in answer.body


async def test_a_message_over_its_bound_is_screened_at_both_ends() -> None:
    async with serving() as bridge:
        for words in (f"{WISH}. {'x ' * 9000}", f"{'x ' * 9000}. {WISH}"):
            for model in ("fake", "fake-stateless"):
                answer = await complete(bridge, words, model=model)
                assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")
                assert "988" in answer.json["error"]["message"]


async def test_a_calm_refusal_may_be_repeated_by_itself(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="hang")
    async with serving(responder, mailbox=1) as bridge, trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(complete, bridge)
            await wait_all_tasks_blocked()
        for words, repeated in (("hello", True), ("I feel hopeless", True), (WISH, False)):
            answer = await complete(bridge, words)
            error = answer.json["error"]
            assert (answer.status, error["code"]) == (429, "mailbox_full")
            assert (error["type"], error["retry"]) == ("rate_limit_error", True)
            assert answer.headers["Retry-After"] == "1"
            assert ("X-Should-Retry" not in answer.headers) == repeated
            assert ("988" in error["message"]) == (not repeated)
        responder.release.set()


@pytest.mark.parametrize(
    ("mode", "status", "code"), [("fail", 502, "responder_failed"), ("hang", 504, "turn_timeout")]
)
@pytest.mark.parametrize("model", ["fake", "fake-stateless"])
async def test_a_responder_that_fails(
    model: str, mode: str, status: int, code: str, autojump_clock: MockClock
) -> None:
    async with serving(FakeResponder(mode=mode), turn_timeout_s=2) as bridge:
        answer = await complete(bridge, model=model)
        error = answer.json["error"]
        assert (answer.status, error["code"], error["type"]) == (status, code, "server_error")
        assert error["partial"] == "reply"
        if model == "fake":
            assert await turns(bridge) == [("hello", "aborted", "reply")]


# --- addresses and defects ---


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/nothing", "/v1/models/", "/v1/models/fake", "/v1/chat/completions/"],
)
async def test_an_unknown_address_is_not_found(path: str) -> None:
    async with serving() as bridge:
        for method in ("GET", "POST"):
            answer = await bridge.send(method, path)
            assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


async def test_a_wrong_method_is_told_the_right_ones() -> None:
    async with serving() as bridge:
        for method, path, allowed in (
            ("GET", PATH, {"POST", "OPTIONS"}),
            ("DELETE", PATH, {"POST", "OPTIONS"}),
            ("POST", "/v1/models", {"GET", "HEAD", "OPTIONS"}),
        ):
            answer = await bridge.send(method, path)
            assert (answer.status, answer.json["error"]["code"]) == (405, "invalid_request")
            assert set(answer.headers["Allow"].split(", ")) == allowed


async def test_a_foreign_page_is_refused_as_everywhere() -> None:
    async with serving() as bridge:
        body = json.dumps(asking()).encode()
        for headers in ({"Host": "evil.example"}, {"Origin": "null"}):
            answer = await bridge.raw(PATH, body, **headers)
            error = answer.json["error"]
            assert (answer.status, error["code"]) == (403, "forbidden")
            assert error["type"] == "permission_error"
        assert bridge.hub.sessions() == ()


@pytest.mark.parametrize("words", [CANARY, f"{CANARY}. {WISH}"])
@pytest.mark.parametrize("where", ["stream", "outcome"])
async def test_a_defect_is_internal_and_leaks_no_words(
    where: str, words: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: object, *words: object, **more: object) -> None:
        raise ZeroDivisionError(f"over {words}")

    caplog.set_level(logging.DEBUG)
    home: type = Hub if where == "stream" else TurnStream
    monkeypatch.setattr(home, where, broken)
    async with serving() as bridge:
        answer = await complete(bridge, words)
        error = answer.json["error"]
        assert (answer.status, error["code"], error["type"]) == (500, "internal", "server_error")
        assert answer.headers["X-Should-Retry"] == "false"
        assert CANARY.encode() not in answer.body
        assert CANARY not in caplog.text
        assert "ZeroDivisionError at " in caplog.text
        assert ("988" in error["message"]) == (WISH in words)
        # The next call is served as ever.
        monkeypatch.undo()
        assert (await complete(bridge)).status == 200


async def test_a_defect_within_a_stream_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: object) -> None:
        raise ZeroDivisionError

    responder = FakeResponder(mode="hang")
    async with (
        open_fake_hub(responder) as hub,
        open_call(Alone(hub), asking(stream=True)) as call,
    ):
        first = await call.piece()
        monkeypatch.setattr(TurnStream, "outcome", broken)
        responder.release.set()
        events = (first + await call.whole()).decode().split("\n\n")
        assert json.loads(events[-3].removeprefix("data: "))["error"]["code"] == "internal"
        assert events[-2:] == ["data: [DONE]", ""]
