"""The unmodified `openai` package against the whole program over real sockets, by both entries."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from bridge_process import ENTRIES, GUARD, Bridge, bridge
from openai import AsyncOpenAI, OpenAI

WISH = "I want to die"
PATH = "/v1/chat/completions"


@pytest.fixture(scope="module", params=ENTRIES)
def server(request: pytest.FixtureRequest) -> Iterator[Bridge]:
    with bridge(request.param, NEXUS_PACE_S="0.002") as running:
        yield running
        assert running.process.poll() is None, running.said()


@pytest.fixture(scope="module", params=ENTRIES)
def slow(request: pytest.FixtureRequest) -> Iterator[Bridge]:
    """A server on which no turn ends before its client has gone."""
    with bridge(request.param, NEXUS_PACE_S="2") as running:
        yield running
        assert running.process.poll() is None, running.said()


def url(server: Bridge) -> str:
    return f"http://127.0.0.1:{server.port}/v1"


@pytest.fixture
def client(server: Bridge) -> Iterator[OpenAI]:
    with connected(server) as made:
        yield made


def connected(server: Bridge, **how: Any) -> OpenAI:
    return OpenAI(base_url=url(server), api_key="any", **{"timeout": GUARD, **how})


def said(words: str) -> list[Any]:
    return [{"role": "user", "content": words}]


def told(client: OpenAI, user: str, words: str, **more: Any) -> str:
    answer = client.chat.completions.create(
        model="scripted", user=user, messages=said(words), **more
    )
    assert answer.choices[0].finish_reason == "stop"
    return answer.choices[0].message.content or ""


def streamed(client: OpenAI, user: str, words: str, **more: Any) -> str:
    stream = client.chat.completions.create(
        model="scripted", user=user, messages=said(words), stream=True, **more
    )
    return "".join(c.choices[0].delta.content or "" for c in stream if c.choices)


def history(server: Bridge, user: str) -> list[Any]:
    found = server.call("GET", f"/bridge/sessions/{user}/history")[1]
    return list(found.get("turns", ()))


def ended(server: Bridge, user: str, count: int) -> list[str]:
    """The statuses of the user's turns once there are so many."""
    deadline = time.monotonic() + GUARD
    while len(found := history(server, user)) < count:
        assert time.monotonic() < deadline, found
    return [turn["status"] for turn in found]


def test_the_models(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["scripted", "scripted-stateless"]


def test_it_remembers_over_the_turns_of_a_session(server: Bridge, client: OpenAI) -> None:
    told(client, "memory", "hello, my name is Ada")
    # Each call brings its own message alone: what it knows, the server remembers.
    assert "Ada" in told(client, "memory", "what is my name?")
    assert "Ada" in streamed(client, "memory", "do you know my name?")
    turns = history(server, "memory")
    assert [turn["turn"] for turn in turns] == [1, 2, 3]
    reply = server.chat("memory", "hello from the bridge")
    assert reply["turn"] == 4


def test_two_users_know_nothing_of_each_other(server: Bridge, client: OpenAI) -> None:
    secret = "order-3f9a12"
    told(client, "secretive", f"please keep order-3f9a12 for me, my name is {secret}")
    answers = [told(client, "curious", "what is my name?"), streamed(client, "curious", "and now?")]
    by_header = client.with_options(default_headers={"X-Nexus-User": "by-header"})
    answer = by_header.chat.completions.create(model="scripted", messages=said("who am I?"))
    answers.append(answer.choices[0].message.content or "")
    assert secret not in "".join(answers)
    for user, count in (("secretive", 1), ("curious", 2), ("by-header", 1)):
        assert len(history(server, user)) == count
        assert (secret in json.dumps(history(server, user))) == (user == "secretive")


@pytest.mark.parametrize("words", ["tell me about this place", WISH, "I feel hopeless"])
def test_streamed_joined_and_whole_and_stored_are_one(
    server: Bridge, client: OpenAI, words: str
) -> None:
    # Two users of the same words get the same reply; the history tells what was stored.
    names = [f"{way}-{abs(hash(words))}" for way in ("stream", "whole")]
    answers = [streamed(client, names[0], words), told(client, names[1], words)]
    turns = [history(server, name)[0] for name in names]
    assert answers == [turn["response"] for turn in turns]
    # The scripted replies depend on who asks; the notice that they begin with does not.
    notices = [turn["crisis"]["notice"] for turn in turns]
    assert notices[0] == notices[1]
    assert bool(notices[0]) == (words == WISH)
    if words == WISH:
        assert "988" in notices[0]
        assert all(answer.startswith(notices[0]) for answer in answers)


def test_usage_of_a_stream(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="scripted",
        user="usage",
        messages=said("hello"),
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert chunks[-1].choices == []
    assert all(chunk.usage is None for chunk in chunks[:-1])
    usage = chunks[-1].usage
    assert usage is not None
    content = "".join(c.choices[0].delta.content or "" for c in chunks[:-1])
    assert usage.completion_tokens == -(-len(content.encode()) // 4)
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


async def test_the_async_client_under_trio(server: Bridge) -> None:
    async with AsyncOpenAI(base_url=url(server), api_key="any", timeout=GUARD) as client:
        answer = await client.chat.completions.create(
            model="scripted", user="trio", messages=said("hello, my name is Ada")
        )
        assert answer.model == "scripted"
        assert "Ada" in (answer.choices[0].message.content or "")


def test_the_async_client_s_streams(server: Bridge) -> None:
    # Under asyncio: the package leaves generators open, which trio would warn of.
    async def talk() -> tuple[list[str], str | None]:
        async with AsyncOpenAI(base_url=url(server), api_key="any", timeout=GUARD) as client:
            stream = await client.chat.completions.create(
                model="scripted", user="async", messages=said("my name is Ada"), stream=True
            )
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
            async with client.chat.completions.stream(
                model="scripted", user="async", messages=said("what is my name?")
            ) as events:
                final = await events.get_final_completion()
        return pieces, final.choices[0].message.content

    pieces, final = asyncio.run(talk())
    assert len(pieces) > 3
    assert ["".join(pieces), final] == [turn["response"] for turn in history(server, "async")]


def test_a_stream_closed_early_is_aborted(slow: Bridge) -> None:
    with connected(slow) as client:
        for turn in (1, 2):
            with client.chat.completions.create(
                model="scripted", user="leaver", messages=said("tell me a story"), stream=True
            ) as stream:
                assert next(iter(stream)).choices[0].delta.content
            assert ended(slow, "leaver", turn) == ["aborted"] * turn


def test_an_async_stream_closed_early_is_aborted(slow: Bridge) -> None:
    async def talk() -> None:
        async with AsyncOpenAI(base_url=url(slow), api_key="any", timeout=GUARD) as client:
            stream = await client.chat.completions.create(
                model="scripted", user="async", messages=said("tell me a story"), stream=True
            )
            async with stream:
                assert (await anext(aiter(stream))).choices[0].delta.content

    asyncio.run(talk())
    assert ended(slow, "async", 1) == ["aborted"]


def test_a_whole_answer_that_nobody_waits_for_is_aborted(slow: Bridge) -> None:
    body = {"model": "scripted", "user": "hangs-up", "messages": said("tell me a story")}
    connection = slow.connect()
    connection.request("POST", PATH, json.dumps(body), {"Content-Type": "application/json"})
    until_received(slow, "hangs-up")
    connection.close()
    assert ended(slow, "hangs-up", 1) == ["aborted"]


def test_a_time_out_that_the_package_repeats_is_one_message(slow: Bridge) -> None:
    tries: list[str] = []

    def count(request: Any) -> None:
        tries.append(request.headers["x-stainless-retry-count"])

    with (
        openai.DefaultHttpxClient(event_hooks={"request": [count]}) as http,
        connected(slow, http_client=http, max_retries=1, timeout=1.0) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        told(client, "repeats", "I feel hopeless")
    assert tries == ["0", "1"]
    assert ended(slow, "repeats", 2) == ["aborted"] * 2
    # Sent twice, and counted once: as one turn of low distress.
    assert [turn["crisis"]["turns"] for turn in history(slow, "repeats")] == [1, 1]


def until_received(server: Bridge, user: str) -> None:
    deadline = time.monotonic() + GUARD
    while server.call("GET", f"/bridge/sessions/{user}")[1].get("session_messages") != 1:
        assert time.monotonic() < deadline


def test_without_a_session_nothing_is_kept(server: Bridge, client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="scripted-stateless", messages=said("### Task: a title for this chat")
    )
    assert answer.choices[0].message.content
    answer = client.chat.completions.create(
        model="scripted-stateless", user="titles", messages=said(WISH)
    )
    assert "988" in (answer.choices[0].message.content or "")
    assert server.call("GET", "/bridge/sessions/titles")[0] == 404


# --- refusals ---


def test_refusals_are_the_package_s_own_errors(client: OpenAI) -> None:
    ask = client.chat.completions.create
    with pytest.raises(openai.NotFoundError) as missing:
        ask(model="other", user="ada", messages=said(WISH))
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert "988" in str(missing.value)
    with pytest.raises(openai.BadRequestError) as nobody:
        ask(model="scripted", messages=said("hello"))
    assert nobody.value.param == "user"
    for more in ({"n": 2}, {"logprobs": True}, {"response_format": {"type": "json_object"}}):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(model="scripted", user="ada", messages=said("hello"), **more)  # type: ignore[call-overload]
        assert refused.value.type == "invalid_request_error"
    image = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    with pytest.raises(openai.BadRequestError, match="only text"):
        ask(model="scripted", user="ada", messages=[{"role": "user", "content": image}])  # type: ignore[list-item, misc]
    with pytest.raises(openai.APIStatusError) as large:
        ask(model="scripted", user="ada", messages=said("x" * 16_385))
    assert (large.value.status_code, large.value.code) == (413, "too_large")


def test_a_key_makes_one_turn_of_any_number_of_calls(server: Bridge, client: OpenAI) -> None:
    key = {"Idempotency-Key": "my-own-key"}
    answers = {told(client, "keyed", "hello there", extra_headers=key) for _ in range(3)}
    answers.add(streamed(client, "keyed", "hello there", extra_headers=key))
    assert len(answers) == 1
    assert len(history(server, "keyed")) == 1
    with pytest.raises(openai.ConflictError):
        told(client, "keyed", "something else", extra_headers=key)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_full_mailbox_is_a_rate_limit(entry: str) -> None:
    with bridge(entry, NEXUS_PACE_S="5", NEXUS_MAILBOX="1") as server:
        waiting = [server.connect() for _ in range(2)]
        for number, connection in enumerate(waiting):
            body = json.dumps({"user_id": "busy", "message": f"message {number}"})
            connection.request("POST", "/bridge/chat", body, {"Content-Type": "application/json"})
            if number == 0:
                until_received(server, "busy")
        with connected(server, max_retries=0) as client:
            until_full(client)
            with pytest.raises(openai.RateLimitError) as refused:
                told(client, "busy", WISH)
        assert refused.value.code == "mailbox_full"
        assert "988" in str(refused.value)
        for connection in waiting:
            connection.close()


def until_full(client: OpenAI) -> None:
    deadline = time.monotonic() + GUARD
    while True:
        try:
            told(client, "busy", "hello", timeout=0.2)
        except openai.RateLimitError:
            return
        except openai.APITimeoutError:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_drain_lets_a_stream_end_and_refuses_what_is_new(entry: str) -> None:
    grace = ("--graceful-timeout", "10") if entry == "command" else ()
    with bridge(entry, *grace, NEXUS_PACE_S="0.1", NEXUS_GRACE_S="10") as server:
        with connected(server, max_retries=0) as client:
            stream = client.chat.completions.create(
                model="scripted", user="ada", messages=said("hello"), stream=True
            )
            pieces = [next(iter(stream)).choices[0].delta.content or ""]
            server.process.terminate()
            deadline = time.monotonic() + GUARD
            while server.call("GET", "/bridge/ready")[0] == 200:
                assert time.monotonic() < deadline
            with pytest.raises(openai.InternalServerError) as refused:
                told(client, "late", WISH)
            assert (refused.value.status_code, refused.value.code) == (503, "draining")
            assert "988" in str(refused.value)
            pieces += [c.choices[0].delta.content or "" for c in stream]
            assert "".join(pieces).endswith((".", "?", "!"))
        assert server.wait() == 0, server.said()


# --- hostile bodies ---


def test_a_long_history_passes_and_one_too_long_does_not(server: Bridge, client: OpenAI) -> None:
    long = [{"role": "assistant", "content": "x" * 1_000_000}] * 7
    answer = client.chat.completions.create(
        model="scripted",
        user="long",
        messages=[*long, *said("hello")],  # type: ignore[list-item]
    )
    assert answer.choices[0].message.content
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            model="scripted",
            user="long",
            messages=[*long, *long, *said("hello")],  # type: ignore[list-item]
        )
    assert refused.value.status_code == 413


def test_a_body_that_is_too_long_and_goes_on_holds_nobody_up(server: Bridge) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
        sock.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        try:
            for _ in range(200):
                sock.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        came = sock.recv(65536)
        assert came.startswith(b"HTTP/1.1 413"), came
    assert server.chat("bystander", "still there?")["turn"] >= 1
