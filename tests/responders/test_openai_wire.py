"""The responder against a model server in a process of its own: what goes well, and the end."""

from __future__ import annotations

import time

import pytest
import trio
from asking import KEY, exchanges, prompt, reply, responder

from nexus_trio.errors import ResponderFailed
from nexus_trio.testing.model_server import Running

# --- what goes well ---


async def test_a_reply_comes_piece_by_piece_and_the_connection_is_kept(server: Running) -> None:
    before = server.counts()["connections"]
    async with responder(server.url) as bo:
        heard: list[str] = []
        assert await reply(bo, "good evening to you", heard) == "echo good evening to you"
        assert len(heard) == 5
        assert await reply(bo, "and again") == "echo and again"
        seen = bo.statistics()
        assert (seen.replies, seen.failures, seen.idle_connections) == (2, 0, 1)
        assert (seen.prompt_tokens, seen.reply_tokens) == (14, 8)
    # Two: its one, and the one that asks for the counts.
    assert server.counts()["connections"] == before + 2


async def test_what_is_asked_is_what_the_wire_says(server: Running) -> None:
    async with responder(server.url) as bo:
        asked = prompt("what-is-asked", "secret-id", username="Ada", history=exchanges(2))
        await reply(bo, asked)
    (call,) = server.calls("what-is-asked")
    body, headers = call["body"], call["headers"]
    assert (body["model"], body["stream"]) == ("m", True)
    assert body["stream_options"] == {"include_usage": True}
    assert [m["role"] for m in body["messages"]][:2] == ["system", "user"]
    assert body["messages"][-1] == {"role": "user", "content": "what-is-asked"}
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept-encoding"] == "identity"
    assert headers[":path"] == "/v1/chat/completions"
    assert "secret-id" not in str(call)


@pytest.mark.parametrize(
    "orders",
    [
        "!tail=reason", "!tail=mark", "!mode=bytewise", "!mode=think", "!mode=once",
        "!mode=twice", "!mode=cookie", "!words=500",
    ],
)  # fmt: skip
async def test_other_ways_to_answer_well(server: Running, orders: str) -> None:
    async with responder(server.url) as bo:
        for _ in range(3):
            found = await reply(bo, f"well-said {orders}")
            assert found.startswith("echo well-said")
            assert set(found.removeprefix("echo").split()) == {"well-said"}


async def test_a_server_that_says_nothing_behind_the_last_word_is_not_waited_for(
    server: Running,
) -> None:
    async with responder(server.url, between_tokens_s=20) as bo:
        with trio.fail_after(10):
            assert await reply(bo, "no-tail !mode=late") == "echo no-tail"
        assert bo.statistics().idle_connections == 0
    assert server.calls("no-tail")[0]["ended"] == "gone"


async def test_what_a_model_declines_with_is_its_reply(server: Running) -> None:
    async with responder(server.url) as bo:
        assert await reply(bo, "x !mode=decline") == "I would rather not."


async def test_no_half_of_a_character_is_passed_on(server: Running) -> None:
    async with responder(server.url) as bo:
        found = await reply(bo, "x !mode=halves")
        assert found == "a \U0001f600 b \ufffd c \ufffd"
        found.encode()


async def test_a_model_that_thinks_is_given_its_time(server: Running) -> None:
    async with responder(server.url, first_token_s=0.3, between_tokens_s=0.3) as bo:
        assert await reply(bo, "deep !mode=think !thoughts=30 !pace=0.02 !words=1") == "echo deep"


async def test_a_server_that_knows_no_counts_is_asked_without(server: Running) -> None:
    for status in (400, 422):
        async with responder(server.url) as bo:
            message = f"uncounted-{status} !refuse_usage={status}"
            assert await reply(bo, message) == f"echo uncounted-{status}"
            assert await reply(bo, message) == f"echo uncounted-{status}"
        calls = server.calls(f"uncounted-{status}")
        assert ["stream_options" in call["body"] for call in calls] == [True, False, False]


# --- the end ---


@pytest.mark.parametrize("mode", ["mute", "hang", "halt", "comments"])
async def test_leaving_closes_the_call_at_the_upstream_within_100_ms(
    server: Running, mode: str
) -> None:
    name = f"leave-{mode}"
    async with responder(server.url) as bo:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reply, bo, f"{name} !mode={mode}")
            await server.wait(name)
            left = time.monotonic()
            nursery.cancel_scope.cancel()
        call = await server.wait(name, "ended")
        assert call["ended"] == "gone"
        assert call["closed"] - left < 0.1
    assert server.counts()["open"] == 0


async def test_leaving_between_two_attempts_leaves_nothing(server: Running) -> None:
    async with responder(server.url) as bo, trio.open_nursery() as nursery:
        nursery.start_soon(reply, bo, "between !mode=status !status=503 !retry_after=19")
        await server.wait("between", "ended")
        nursery.cancel_scope.cancel()
    assert len(server.calls("between")) == 1


async def test_breaking_off_after_a_piece_closes_the_call(server: Running) -> None:
    async with responder(server.url) as bo:
        async with bo.stream(prompt("broken-off !words=1000 !pace=0.01")) as pieces:
            async for _ in pieces:
                break
        assert bo.statistics().idle_connections == 0
        assert await reply(bo, "next") == "echo next"
        assert (await server.wait("broken-off", "ended"))["ended"] == "gone"


async def test_a_stream_that_is_over_stays_over(server: Running) -> None:
    async with responder(server.url) as bo:
        async with bo.stream(prompt("once")) as pieces:
            assert [piece async for piece in pieces] == ["echo", " once"]
            assert [piece async for piece in pieces] == []
        assert [piece async for piece in pieces] == []
        failing = bo.stream(prompt("x !mode=cut"))
        async with failing as pieces:
            with pytest.raises(ResponderFailed):
                async for _ in pieces:
                    pass
            assert [piece async for piece in pieces] == []


async def test_a_stream_that_is_never_asked_calls_nobody(server: Running) -> None:
    async with responder(server.url) as bo, bo.stream(prompt("unasked")):
        pass
    assert server.calls("unasked") == []
