"""The OpenAI wire: whose turn a completion is, what it is made of, and what it leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from bridge_client import serving
from completion_wire import PATH, WISH, asking, complete, turns
from trio.testing import MockClock

from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import EPOCH, Names
from nexus_trio.web.openai_request import HISTORY_BYTES

BORN = int(EPOCH.timestamp())


async def test_the_models_are_the_responder_s_and_each_without_a_session() -> None:
    async with serving() as bridge:
        listed = (await bridge.get("/v1/models")).json
        assert listed["object"] == "list"
        assert [model["id"] for model in listed["data"]] == ["fake", "fake-stateless"]
        assert {model["object"] for model in listed["data"]} == {"model"}
        assert {model["created"] for model in listed["data"]} == {BORN}


async def test_a_completion_is_a_turn_of_the_user_s_session() -> None:
    async with serving() as bridge:
        answer = (await complete(bridge, "hello there")).json
        assert answer["object"] == "chat.completion"
        assert answer["id"].startswith("chatcmpl-")
        assert (answer["created"], answer["model"]) == (BORN, "fake")
        assert answer["choices"] == [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "reply 1 to hello there",
                    "refusal": None,
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ]
        # Eleven bytes, and twenty-two: a token for every four, rounded up.
        counts = {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9}
        assert answer["usage"] == counts
        assert "system_fingerprint" not in answer
        assert await turns(bridge) == [("hello there", "answered", "reply 1 to hello there")]
        assert (await bridge.get("/bridge/rooms/Tower")).json["occupants"] == ["ada"]
        assert (await complete(bridge)).json["id"] != answer["id"]


async def test_one_session_whichever_way_its_user_comes() -> None:
    responder = FakeResponder()
    async with serving(responder) as bridge:
        await bridge.chat(user_id="ada", message="one")
        await complete(bridge, "two")
        reply = (await bridge.chat(user_id="ada", message="three")).json
        assert (reply["turn"], reply["session_messages"]) == (3, 3)
        await complete(bridge, "mine", user="bob")
    heard = {prompt.message: [e.message for e in prompt.history] for prompt in responder.prompts}
    assert heard == {"one": [], "two": ["one"], "three": ["one", "two"], "mine": []}


async def test_the_server_s_history_wins_and_the_last_user_message_is_the_turn() -> None:
    responder = FakeResponder()
    async with serving(responder) as bridge:
        await complete(bridge, "the truth")
        messages = [
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": "never said"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "x"}]},
            {"role": "tool", "content": "42", "tool_call_id": "x"},
            {"role": "user", "content": "and now?", "name": "Ada"},
            {"role": "assistant", "content": "It was"},
        ]
        assert (await complete(bridge, messages=messages)).status == 200
        assert [row[0] for row in await turns(bridge)] == ["the truth", "and now?"]
    last = responder.prompts[-1]
    assert [(e.message, e.response) for e in last.history] == [
        ("the truth", "reply 1 to the truth")
    ]


@pytest.mark.parametrize(
    "words", ["look", "WHO", "/help", "/go Garden", "go garden", "/say good evening", "  look "]
)
@pytest.mark.parametrize("stream", [False, True])
async def test_no_message_is_a_command(words: str, stream: bool) -> None:
    async with serving() as bridge, bridge.hub.attach("bob", "Tower") as heard:
        assert (await complete(bridge, words, stream=stream)).status == 200
        assert [row[:2] for row in await turns(bridge)] == [(words, "answered")]
        assert (await bridge.get("/bridge/sessions/ada")).json["room"] == "Tower"
        assert len(heard) == 2  # Bob's arrival and ada's


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([{"type": "text", "text": "hello"}], "hello"),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"),
        ([{"type": "text", "text": "a", "more": {"x": 1}}, {"type": "text", "text": ""}], "a\n"),
        ("\x00 and \u2028", "\x00 and \u2028"),
        ("x" * 16_384, "x" * 16_384),
    ],
)
async def test_content_is_a_string_or_parts_of_text(content: object, words: str) -> None:
    async with serving() as bridge:
        assert (await complete(bridge, content)).status == 200
        assert [row[0] for row in await turns(bridge)] == [words]


@pytest.mark.parametrize(
    ("user", "headers", "speaks"),
    [
        ("ada", {"X-Nexus-User": "bob", "X-OpenWebUI-User-Id": "eve"}, "ada"),
        (None, {"X-Nexus-User": "bob", "X-OpenWebUI-User-Id": "eve"}, "bob"),
        (None, {"x-nexus-user": "bob"}, "bob"),
        (None, {"X-OpenWebUI-User-Id": "2f1c9f6e-0d5c-4f7e-9a47-6f0b6f1b8a11"}, "2f1c9f6e-0d5c"),
    ],
)
async def test_the_body_or_a_header_says_who_speaks(
    user: str | None, headers: dict[str, str], speaks: str
) -> None:
    async with serving() as bridge:
        body = json.dumps(asking(user=user)).encode()
        assert (await bridge.raw(PATH, body, **headers)).status == 200
        assert [view.user_id.startswith(speaks) for view in bridge.hub.sessions()] == [True]


ACCEPTED: list[dict[str, Any]] = [
    {"temperature": 0.2, "top_p": 1, "seed": 7, "stop": ["\n"], "logit_bias": {"5": 1}},
    {"max_tokens": 1, "max_completion_tokens": 1, "presence_penalty": 0, "frequency_penalty": 0},
    {"n": 1, "logprobs": False, "top_logprobs": None, "store": True, "metadata": {"chat": "1"}},
    {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto"},
    {"functions": [{"name": "f"}], "function_call": "none", "parallel_tool_calls": True},
    {"response_format": {"type": "text"}, "modalities": ["text"], "reasoning_effort": "low"},
    {"stream": False, "stream_options": None, "service_tier": "auto", "prediction": {"x": 1}},
    {"n": None, "stream": None, "response_format": None, "tool_choice": None, "modalities": None},
    {"chat_id": "1", "keep_alive": "5m", "options": {"num_ctx": 4096}, "": [[[]]]},
]


@pytest.mark.parametrize("fields", ACCEPTED, ids=lambda fields: next(iter(fields)))
async def test_what_clients_send_beside_is_taken_and_changes_nothing(
    fields: dict[str, Any],
) -> None:
    async with serving() as bridge:
        body = json.dumps({**asking(), **fields}).encode()
        answer = await bridge.raw(PATH, body)
        assert answer.status == 200
        assert answer.json["choices"][0]["message"]["content"] == "reply 1 to hello"


# --- care ---


@pytest.mark.parametrize("model", ["fake", "fake-stateless"])
@pytest.mark.parametrize("mode", ["ready", "stream", "fail", "hang"])
async def test_the_notice_stands_first(model: str, mode: str, autojump_clock: MockClock) -> None:
    async with serving(FakeResponder(mode=mode), crisis_patience_s=5) as bridge:
        began = trio.current_time()
        content = (await complete(bridge, WISH, model=model)).json["choices"][0]["message"][
            "content"
        ]
        assert "988" in content.partition("reply")[0]
        assert content.endswith(WISH) == (mode in ("ready", "stream"))
        assert trio.current_time() - began <= 5


async def test_low_distress_adds_up_over_the_turns_of_a_session() -> None:
    async with serving() as bridge:
        said = ("I feel hopeless", "nothing matters anymore", "I feel like a burden")
        for model, fired in (("fake", [False, False, True]), ("fake-stateless", [False] * 3)):
            answers = [(await complete(bridge, words, model=model)).json for words in said]
            contents = [answer["choices"][0]["message"]["content"] for answer in answers]
            assert ["988" in content for content in contents] == fired


# --- without a session ---


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stateless_model_needs_no_user_and_leaves_nothing(stream: bool) -> None:
    store = FaultyStore(Names())
    async with serving(store=store) as bridge:
        for user in (None, "ada", "no user id"):
            answer = await complete(
                bridge, "look", model="fake-stateless", user=user, stream=stream
            )
            assert answer.status == 200
            assert b"reply 1 to look" in answer.body or stream
        assert store.appends == []
        assert bridge.hub.sessions() == ()
        assert (await bridge.get("/bridge/sessions/ada")).status == 404
        assert (await bridge.get("/bridge/rooms/Tower")).json["occupants"] == []


async def test_a_stateless_model_is_given_the_client_s_history() -> None:
    responder = FakeResponder()
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "unanswered"},
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image_url"}]},
        {"role": "assistant", "content": "first"},
        {"role": "assistant", "content": "the last one counts"},
        {"role": "user", "content": "two"},
        {"role": "tool", "content": "4"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "ignored, it stands behind"},
    ]
    async with serving(responder) as bridge:
        answer = await complete(bridge, model="fake-stateless", messages=messages)
        assert answer.json["model"] == "fake-stateless"
        # "three", and what was read before it: "one", "the last one counts", "two".
        assert answer.json["usage"]["prompt_tokens"] == -(-(5 + 3 + 19 + 3) // 4)
    (prompt,) = responder.prompts
    assert prompt.message == "three"
    pairs = [(e.message, e.response) for e in prompt.history]
    assert pairs == [("one", "the last one counts"), ("two", "")]


async def test_the_client_s_history_is_bounded() -> None:
    responder = FakeResponder()
    long = "x" * (HISTORY_BYTES // 4)
    asked = [{"role": "user", "content": "short"}, {"role": "assistant", "content": long}] * 6
    async with serving(responder, history_window=3) as bridge:
        for repeated in (asked, asked[:2], [{**m, "content": "s"} for m in asked]):
            messages = [*repeated, {"role": "user", "content": "now"}]
            answer = await complete(bridge, model="fake-stateless", messages=messages)
            assert answer.status == 200
    assert [len(prompt.history) for prompt in responder.prompts] == [3, 1, 3]
    async with serving(responder, history_window=20) as bridge:
        messages = [*asked, {"role": "user", "content": "now"}]
        await complete(bridge, model="fake-stateless", messages=messages)
    assert len(responder.prompts[-1].history) == 3  # the fourth would pass the bound


# --- the same call again ---


async def again(bridge: Any, words: str, user: str = "ada", **headers: str) -> Any:
    return await bridge.raw(PATH, json.dumps(asking(words, user=user)).encode(), **headers)


@pytest.mark.parametrize("key", ["k-1", "x" * 200, "with space", "ä"])
async def test_an_idempotency_key_gives_the_same_answer(key: str) -> None:
    async with serving() as bridge:
        first = await again(bridge, "hello", Idempotency_Key=key)
        second = await again(bridge, "hello", Idempotency_Key=key)
        assert first.json["choices"] == second.json["choices"]
        assert len(await turns(bridge)) == 1
        other = await again(bridge, "something else", Idempotency_Key=key)
        assert (other.status, other.json["error"]["code"]) == (409, "conflict")
        # OpenAI's libraries would repeat a 409, and it can only be one again.
        assert other.headers["X-Should-Retry"] == "false"
        assert (await again(bridge, "hello", "bob", Idempotency_Key=key)).status == 200
        await again(bridge, "hello", Idempotency_Key=f"{key}2")
        assert len(await turns(bridge)) == 2


async def test_a_key_is_the_bridge_s_own_reference() -> None:
    async with serving() as bridge:
        reply = (await bridge.chat(user_id="ada", message="hello", client_ref="r1")).json
        answer = await again(bridge, "hello", Idempotency_Key="r1")
        assert answer.json["choices"][0]["message"]["content"] == reply["response"]
        assert len(await turns(bridge)) == 1


async def test_a_repetition_is_counted_once_and_answered_once() -> None:
    responder = FakeResponder(mode="fail")
    async with serving(responder) as bridge:
        failed = await again(bridge, "I feel hopeless", X_Stainless_Retry_Count="0")
        assert (failed.status, failed.json["error"]["code"]) == (502, "responder_failed")
        for count in ("1", "2"):
            failed = await again(bridge, "I feel hopeless", X_Stainless_Retry_Count=count)
            # Three times the same words of low distress: once, as one turn of it.
            assert failed.json["error"]["crisis"]["level"] == "concern"
            assert failed.json["error"]["crisis"]["turns"] == 1
        responder.mode = "ready"
        answer = await again(bridge, "I feel hopeless", X_Stainless_Retry_Count="3")
        assert answer.status == 200
        statuses = [row[1] for row in await turns(bridge)]
        assert statuses == ["aborted", "aborted", "aborted", "answered"]
        # Its answer was delivered: the same words are another message now.
        answer = await again(bridge, "I feel hopeless", X_Stainless_Retry_Count="1")
        assert answer.json["choices"][0]["message"]["content"].startswith("reply 5")


async def test_what_says_that_it_is_no_repetition_is_none() -> None:
    async with serving(FakeResponder(mode="fail")) as bridge:
        for turn in (1, 2):
            failed = await again(bridge, "I feel hopeless", X_Stainless_Retry_Count="0")
            assert failed.json["error"]["crisis"]["turns"] == turn
        other = await again(bridge, "I feel hopeless", "bob", X_Stainless_Retry_Count="1")
        assert other.json["error"]["crisis"]["turns"] == 1
        # The third turn of low distress: where the responder fails, the notice is the answer.
        without = await again(bridge, "I feel hopeless")
        assert "988" in without.json["choices"][0]["message"]["content"]
