"""The whole program with a model behind it: streams, stop, and what nobody may read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import trio
from bridge_process import ENTRIES, GUARD, Bridge, bridge, spawn
from openai import InternalServerError, OpenAI, Stream
from openai.types.chat import ChatCompletionChunk

from nexus_trio.experiment.socket import Socket, open_socket
from nexus_trio.experiment.wire import Address
from nexus_trio.testing.model_server import Running, running

KEY = "sk-very-secret"


@pytest.fixture(scope="module")
def model() -> Iterator[Running]:
    with running() as found:
        yield found
        assert found.process.poll() is None


def settings(model: Running, **more: str) -> dict[str, str]:
    return {
        "NEXUS_RESPONDER": "openai",
        "NEXUS_OPENAI_BASE_URL": f"http://127.0.0.1:{model.port}/",
        "NEXUS_OPENAI_MODEL": "echo",
        "NEXUS_OPENAI_API_KEY": KEY,
        **more,
    }


@pytest.fixture(scope="module", params=ENTRIES)
def server(request: pytest.FixtureRequest, model: Running) -> Iterator[Bridge]:
    with bridge(request.param, **settings(model)) as found:
        yield found
        assert found.process.poll() is None, found.said()
        assert KEY not in found.said()
        assert "word-of" not in found.said()


async def talking(server: Bridge, user: str) -> Socket:
    ws = await open_socket(Address("127.0.0.1", server.port, ""))
    await ws.send(type="hello", user_id=user)
    await ws.until("welcome")
    return ws


async def test_a_reply_over_a_websocket(server: Bridge, model: Running) -> None:
    with trio.fail_after(GUARD):
        async with await talking(server, "ws") as ws:
            await ws.send(type="message", ref="m", message="word-of ws !words=30 !pace=0.01")
            frames = await ws.until("reply")
    pieces = [frame["text"] for frame in frames if frame["type"] == "delta"]
    assert "".join(pieces) == frames[-1]["response"]
    assert frames[-1]["response"].startswith("echo word-of ws word-of ws")
    assert len(pieces) > 5
    call = model.calls("word-of ws")[-1]
    assert call["headers"]["authorization"] == f"Bearer {KEY}"
    assert call["body"]["model"] == "echo"


def test_a_reply_as_events(server: Bridge) -> None:
    body = json.dumps({"user_id": "sse", "message": "word-of sse !words=30 !pace=0.01"})
    connection = server.connect()
    connection.request("POST", "/bridge/chat", body, {"Accept": "text/event-stream"})
    blocks = connection.getresponse().read().decode().split("\n\n")[:-1]
    connection.close()
    names = [block.split("\n")[0].removeprefix("event: ") for block in blocks]
    assert names.count("delta") > 5
    assert names[-1] == "reply"


async def test_stop_closes_the_call_at_the_model_within_100_ms(
    server: Bridge, model: Running
) -> None:
    word = f"word-of-stop-{server.port}"
    with trio.fail_after(GUARD):
        async with await talking(server, "stopper") as ws:
            await ws.send(type="message", ref="m", message=f"{word} !words=10000 !pace=0.005")
            await ws.until("delta")
            stopped = time.monotonic()
            await ws.send(type="stop", ref="s", target="m")
            error = (await ws.until("error"))[-1]
            call = await model.wait(word, "ended")
    assert error["code"] == "aborted"
    assert error["partial"].startswith("echo")
    assert call["ended"] == "gone"
    assert call["closed"] - stopped < 0.1


async def test_a_model_that_breaks_off_is_a_failure_and_what_came_is_kept(server: Bridge) -> None:
    with trio.fail_after(GUARD):
        async with await talking(server, "broken") as ws:
            await ws.send(type="message", ref="m", message="word-of !mode=cut !words=6")
            error = (await ws.until("error"))[-1]
    assert (error["code"], error["retry"]) == ("responder_failed", True)
    # What was released of it: the last word might have been the beginning of another one.
    assert error["partial"].startswith("echo word-of word-of")
    assert "echo word-of word-of word-of".startswith(error["partial"])
    (turn,) = server.call("GET", "/bridge/sessions/broken/history")[1]["turns"]
    assert (turn["status"], turn["response"]) == ("aborted", error["partial"])


def test_what_was_said_before_goes_along(server: Bridge, model: Running) -> None:
    for number in range(3):
        server.chat("past", f"word-of-past-{number}", username="Ada")
    last = model.calls("word-of-past-2")[-1]["body"]["messages"]
    told = [f"word-of-past-{n}" for n in range(3)]
    assert [m["content"] for m in last if m["role"] == "user"] == told
    assert [m["content"] for m in last if m["role"] == "assistant"] == [
        f"echo {word}" for word in told[:2]
    ]
    assert "Ada" in last[0]["content"]
    assert "past" not in {word for m in last for word in m["content"].split()}


def test_the_level_of_a_crisis_is_told_to_the_model(server: Bridge, model: Running) -> None:
    reply = server.chat("need", "I want to die")
    assert reply["response"] == f"{reply['crisis']['notice']}\n\necho I want to die"
    system = model.calls("I want to die")[-1]["body"]["messages"][0]["content"]
    assert "suicide" in system


def test_the_openai_wire_before_the_bridge_and_behind_it(server: Bridge, model: Running) -> None:
    word = f"word-of-wire-{server.port}"
    url = f"http://127.0.0.1:{server.port}/v1"
    with OpenAI(base_url=url, api_key="any", max_retries=0, timeout=GUARD) as client:
        assert [each.id for each in client.models.list()] == ["echo", "echo-stateless"]

        def said(words: str, name: str = "echo") -> Stream[ChatCompletionChunk]:
            return client.chat.completions.create(
                model=name, user="wire", messages=[{"role": "user", "content": words}], stream=True
            )

        for name in ("echo", "echo-stateless"):
            pieces = [c.choices[0].delta.content or "" for c in said(f"{word} !words=30", name)]
            assert "".join(pieces) == " ".join(["echo", *[word] * 30])
        with said(f"{word}-long !words=10000 !pace=0.005") as stream:
            assert next(iter(stream)).choices[0].delta.content
        assert trio.run(model.wait, f"{word}-long", "ended")["ended"] == "gone"
        with pytest.raises(InternalServerError) as failed:
            list(said(f"{word} !mode=status !status=400"))
        assert failed.value.code == "responder_failed"
    turns = server.call("GET", "/bridge/sessions/wire/history")[1]["turns"]
    assert [turn["status"] for turn in turns][:2] == ["answered", "aborted"]


@pytest.mark.parametrize("entry", ENTRIES)
async def test_a_shutdown_closes_what_runs_at_the_model(entry: str, model: Running) -> None:
    word = f"word-of-end-{entry}"
    grace = ("--graceful-timeout", "2") if entry == "command" else ()
    with bridge(entry, *grace, **settings(model, NEXUS_GRACE_S="2")) as server:
        with trio.fail_after(GUARD):
            async with await talking(server, "ender") as ws:
                await ws.send(type="message", ref="m", message=f"{word} !mode=halt")
                await model.wait(word)
                server.process.terminate()
                assert (await ws.until("bye"))[-1]["code"] == 1012
            assert (await model.wait(word, "ended"))["ended"] == "gone"
            assert await trio.to_thread.run_sync(server.wait) == 0
        assert "Traceback" not in server.said()
        assert "Warning" not in server.said()


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({}, "NEXUS_OPENAI_BASE_URL"),
        ({"NEXUS_OPENAI_BASE_URL": "http://h"}, "NEXUS_OPENAI_MODEL"),
        (
            {"NEXUS_OPENAI_BASE_URL": "h:80/s3cret", "NEXUS_OPENAI_MODEL": "m"},
            "NEXUS_OPENAI_BASE_URL",
        ),
    ],
)
def test_a_model_that_can_not_be_asked_is_refused_plainly(
    entry: str, env: dict[str, str], says: str
) -> None:
    options = ("--workers", "0") if entry == "command" else ()
    server = spawn(entry, *options, NEXUS_RESPONDER="openai", **env)
    try:
        assert server.wait() == 2, server.said()
        assert says in server.said()
        assert "Traceback" not in server.said()
        assert "s3cret" not in server.said()
    finally:
        server.close()
