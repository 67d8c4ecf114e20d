"""Streamed completions under virtual time: what is told joins to what is stored, come what may."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from bridge_client import serving
from completion_wire import (
    WISH,
    Alone,
    Completion,
    Pieces,
    Streamed,
    asking,
    complete,
    open_call,
    streamed,
    turns,
)
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.crisis.disclosure import words
from nexus_trio.store.base import Page
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub
from nexus_trio.web.openai_call import OPENING_S

FRIEND = "I think my friend wants to kill herself"
MODELS = ("fake", "fake-stateless")


async def test_a_stream_has_openai_s_shape() -> None:
    async with serving(FakeResponder(mode="stream")) as bridge:
        seen = await streamed(bridge)
        # Released as they are screened, so not piece by piece as they came.
        assert "".join(seen.pieces) == "reply 1 to hello"
        assert len(seen.pieces) > 1
        assert seen.finishes == ["stop"]
        assert seen.chunks[-1]["choices"][0]["delta"] == {}
        assert {chunk["object"] for chunk in seen.chunks} == {"chat.completion.chunk"}
        assert set(seen.usages) == {"absent"}
        assert await turns(bridge) == [("hello", "answered", seen.content)]


@pytest.mark.parametrize("mode", ["ready", "stream", "fail"])
@pytest.mark.parametrize("message", ["hello", WISH])
async def test_a_disclosure_stands_before_the_words_behind_a_notice(
    mode: str, message: str
) -> None:
    """This wire has no other place for it; streamed and whole it is the same."""
    contents, laws = [], "us-ca,us-ny"
    for stream in (False, True):
        async with serving(FakeResponder(mode=mode), jurisdictions=laws) as bridge:
            if mode == "fail" and message == "hello":
                return  # then there is an error and no content
            if stream:
                contents.append((await streamed(bridge, message)).content)
            else:
                answer = await complete(bridge, message)
                contents.append(answer.json["choices"][0]["message"]["content"])
            (stored,) = (await bridge.hub.history("ada")).turns
            notice = stored.crisis.notice
            # A crisis notice says itself that this is an AI: then the next answer has it.
            disclosure = words("start", minors=False)
            parts = [disclosure if notice is None else notice, stored.spoken]
            assert contents[-1] == "\n\n".join(part for part in parts if part)
            again = await complete(bridge, "and now?")
            if mode != "fail":
                content = again.json["choices"][0]["message"]["content"]
                late = "" if notice is None else f"{disclosure}\n\n"
                assert content == f"{late}reply 2 to and now?"
    assert contents[0] == contents[1]


@pytest.mark.parametrize("model", MODELS)
async def test_usage_comes_last_where_it_is_asked_for(model: str) -> None:
    async with serving(FakeResponder(mode="stream")) as bridge:
        seen = await streamed(bridge, model=model, stream_options={"include_usage": True})
        assert seen.chunks[-1]["choices"] == []
        assert set(seen.usages[:-1]) == {None}
        whole = await complete(bridge, model="fake-stateless")
        # "reply 1 to hello", for the one as for the other.
        assert seen.usages[-1] == whole.json["usage"]
        for options in (None, {}, {"include_usage": False, "include_obfuscation": False}):
            seen = await streamed(bridge, stream_options=options)
            assert set(seen.usages) == {"absent"}


async def test_an_empty_answer_is_an_answer() -> None:
    async with serving(Pieces("", "")) as bridge:
        seen = await streamed(bridge)
        assert (seen.content, seen.finishes, seen.errors) == ("", ["stop"], [])


PIECES = st.lists(
    st.one_of(st.sampled_from(["", " ", "\n", "\n\n", "word", "988", "data: ", "🙂"]), st.text()),
    max_size=6,
)


@given(PIECES, st.sampled_from(["hello", FRIEND, WISH, "I feel hopeless"]), st.sampled_from(MODELS))
async def test_pieces_joined_are_the_stored_response(
    pieces: list[str], words: str, model: str
) -> None:
    async with open_fake_hub(Pieces(*pieces)) as hub:
        app = Alone(hub)
        async with open_call(app, asking(words, model=model, stream=True)) as call:
            seen = Streamed(await call.whole())
        async with open_call(app, asking(words, model=model, user="bob")) as call:
            whole = json.loads(await call.whole())["choices"][0]["message"]["content"]
        assert (seen.content, seen.finishes) == (whole, ["stop"])
        if model == "fake":
            stored = (await hub.history("ada")).turns
            assert [turn.response for turn in stored] == [seen.content]
        else:
            assert hub.sessions() == ()


# --- care ---


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("pieces", [(None,), ("some", None), ("some", 60.0)])
async def test_the_notice_is_out_at_once_when_the_responder_hangs(
    model: str, pieces: tuple[str | None], autojump_clock: MockClock
) -> None:
    async with serving(Pieces(*pieces), crisis_patience_s=5) as bridge:
        began = trio.current_time()
        async with open_call(bridge.app, asking(WISH, model=model, stream=True)) as call:
            first = await call.piece()
            assert trio.current_time() - began < 0.05
            notice = json.loads(first.removeprefix(b"data: "))["choices"][0]["delta"]
            assert notice["role"] == "assistant"
            assert "988" in notice["content"]
            seen = Streamed(first + await call.whole())
            assert trio.current_time() - began <= 5
        # What the responder had said is provisional, and not told.
        assert (seen.content, seen.finishes) == (notice["content"], ["stop"])
        if model == "fake":
            assert await turns(bridge) == [(WISH, "answered", seen.content)]


async def test_the_notice_waits_for_no_store_and_no_turn_before(autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with (
        serving(FakeResponder(mode="hang"), store) as bridge,
        open_call(bridge.app, asking("a long story", stream=True)) as before,
    ):
        await before.piece()
        for user in ("ada", "bob"):
            store.fault = "hang" if user == "bob" else None
            began = trio.current_time()
            async with open_call(bridge.app, asking(WISH, user=user, stream=True)) as call:
                assert b"988" in await call.piece()
                assert trio.current_time() - began < 0.05


async def test_a_notice_that_could_not_wait_is_not_taken_back(autojump_clock: MockClock) -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub:
        first = (await hub.ask("ada", WISH)).crisis.notice
    # Nobody has read yet that there was a notice before: it is told as a first one, and then
    # in the shorter words of a second, which are those that are stored.
    async with (
        open_fake_hub(Pieces(None), store, crisis_patience_s=5) as hub,
        open_call(Alone(hub), asking(WISH, stream=True)) as call,
    ):
        began = trio.current_time()
        told = [await call.piece() for _ in range(2)]
        assert trio.current_time() - began < 0.05
        seen = Streamed(b"".join(told) + await call.whole())
        stored = (await hub.history("ada")).turns[-1].response
    assert stored != first
    assert seen.pieces == [first, f"\n\n{stored}"]


# --- failures ---


@pytest.mark.parametrize("model", MODELS)
async def test_what_fails_before_the_first_word_has_a_status(model: str) -> None:
    class Broken(FakeResponder):
        async def _words(self, prompt: Any) -> Any:
            async for _ in super()._words(prompt):
                pass
            yield ""

    async with serving(Broken(mode="fail")) as bridge:
        answer = await complete(bridge, model=model, stream=True)
        assert (answer.status, answer.json["error"]["code"]) == (502, "responder_failed")
        assert answer.json["error"]["type"] == "server_error"


@pytest.mark.parametrize("model", MODELS)
async def test_what_fails_later_is_told_in_the_stream(model: str) -> None:
    async with serving(FakeResponder(mode="fail")) as bridge:
        seen = await streamed(bridge, "I feel hopeless", model=model)
        assert (seen.content, seen.finishes) == ("reply", [])
        (error,) = seen.errors
        assert (error["code"], error["partial"]) == ("responder_failed", "reply")
        assert error["crisis"]["level"] == "concern"
        if model == "fake":
            assert await turns(bridge) == [("I feel hopeless", "aborted", "reply")]


async def test_silence_has_heartbeats_and_an_end(autojump_clock: MockClock) -> None:
    async with serving(Pieces(None), turn_timeout_s=60) as bridge:
        async with open_call(bridge.app, asking(stream=True)) as call:
            began = trio.current_time()
            opening = await call.piece()
            assert trio.current_time() - began == pytest.approx(OPENING_S)
            seen = Streamed(opening + await call.whole())
            assert trio.current_time() - began == pytest.approx(60)
        assert seen.heartbeats == 3
        assert seen.pieces == [""]
        assert [error["code"] for error in seen.errors] == ["turn_timeout"]


async def test_slow_words_come_whole_between_heartbeats(autojump_clock: MockClock) -> None:
    async with serving(Pieces(20.0, "one", 40.0, " two", 6.0, " three")) as bridge:
        seen = await streamed(bridge)
        assert seen.content == "one two three"
        assert seen.pieces == ["", "one", " two", " three"]
        assert seen.heartbeats == 2


async def test_a_reader_who_is_too_slow_misses_nothing() -> None:
    pieces = [f"{n} " for n in range(2000)]
    async with (
        serving(Pieces(*pieces), outbox_frames=8) as bridge,
        open_call(bridge.app, asking(stream=True), room=0) as call,
    ):
        await wait_all_tasks_blocked()
        seen = Streamed(await call.whole())
        assert seen.content == "".join(pieces)
        assert len(seen.pieces) < 100
        assert [row[2] for row in await turns(bridge)] == [seen.content]


async def test_a_repetition_that_joins_a_turn_in_flight_gets_all_of_it() -> None:
    responder = FakeResponder(mode="hang")
    body = asking(stream=True)
    async with (
        serving(responder) as bridge,
        open_call(bridge.app, body, idempotency_key="k") as first,
    ):
        assert b'"reply"' in await first.piece()
        # What is out already is told to this one too.
        async with open_call(bridge.app, body, idempotency_key="k") as second:
            await wait_all_tasks_blocked()
            first.cut()
            await first.over.wait()
            responder.release.set()
            assert Streamed(await second.whole()).content == "reply 1 to hello"
        assert await turns(bridge) == [("hello", "answered", "reply 1 to hello")]


# --- clients that go away ---


@pytest.mark.parametrize("on_disconnect", ["keep", "abort"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
async def test_a_client_that_goes_away_stops_its_turn(
    model: str, stream: bool, on_disconnect: str
) -> None:
    responder = FakeResponder(mode="hang")
    async with serving(responder, on_disconnect=on_disconnect) as bridge:
        async with open_call(bridge.app, asking(model=model, stream=stream)):
            await wait_all_tasks_blocked()
            assert responder.open_streams == 1
        await wait_all_tasks_blocked()
        assert responder.open_streams == 0
        assert bridge.hub.statistics().waiting == 0
        stored = [("hello", "aborted", "reply")] if model == "fake" else []
        assert await turns(bridge) == stored


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("cancel", [False, True])
async def test_at_whatever_step_it_goes_nothing_is_left_running(
    model: str, stream: bool, cancel: bool
) -> None:
    ends: dict[tuple[str, ...], int] = {}
    for step in range(60):
        responder = FakeResponder(mode="stream")
        async with open_fake_hub(responder) as hub:
            call = Completion(Alone(hub), asking(WISH, model=model, stream=stream))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(call.run)
                for _ in range(step):
                    await trio.lowlevel.checkpoint()
                if cancel:
                    nursery.cancel_scope.cancel()
                else:
                    call.cut()
            await wait_all_tasks_blocked()
            assert responder.open_streams == 0
            assert hub.statistics().waiting == 0
            held = await hub.history("ada") if hub.sessions() else Page(())
            status = tuple(turn.status for turn in held.turns)
            ends[status] = ends.get(status, 0) + 1
    if model == "fake":
        # Each end is reached, and the last steps come after the whole call.
        assert ends.keys() == {(), ("aborted",), ("answered",)}
        assert ends["answered",] > 5
    else:
        assert ends.keys() == {()}


async def test_one_that_goes_before_its_body_is_here_has_asked_nothing() -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        call = Completion(bridge.app, b"")
        nursery.start_soon(call.drive)
        call.give(json.dumps(asking()).encode(), more=True)
        await wait_all_tasks_blocked()
        call.cut()
        await call.over.wait()
        assert bridge.hub.sessions() == ()
        assert call.status == 0


# --- endings ---


@pytest.mark.parametrize("model", MODELS)
async def test_a_drain_lets_a_stream_end(model: str) -> None:
    responder = FakeResponder(mode="hang")
    async with (
        serving(responder) as bridge,
        open_call(bridge.app, asking(model=model, stream=True)) as call,
    ):
        await wait_all_tasks_blocked()
        bridge.hub.refuse()
        late = await complete(bridge, WISH, user="late", model=model, stream=True)
        assert (late.status, late.json["error"]["code"]) == (503, "draining")
        responder.release.set()
        assert Streamed(await call.whole()).content == "reply 1 to hello"


@pytest.mark.parametrize("model", MODELS)
async def test_what_does_not_end_in_time_is_told_so(model: str) -> None:
    async with (
        serving(FakeResponder(mode="hang")) as bridge,
        open_call(bridge.app, asking(WISH, model=model, stream=True)) as call,
        open_call(bridge.app, asking(user="bob", model=model)) as whole,
    ):
        await wait_all_tasks_blocked()
        bridge.hub.refuse()
        bridge.hub.give_up()
        seen = Streamed(await call.whole())
        assert "988" in seen.content
        (error,) = seen.errors
        assert (error["code"], error["retry"]) == ("aborted", False)
        assert "988" in error["message"]
        refusal = json.loads(await whole.whole())["error"]
        assert (whole.status, refusal["code"]) == (499, "aborted")
        await bridge.hub.wait_idle()


@pytest.mark.parametrize("fault", ["down", "hang", "late"])
@pytest.mark.parametrize("stream", [False, True])
async def test_without_its_store_a_message_is_refused_with_its_help(
    stream: bool, fault: str, autojump_clock: MockClock
) -> None:
    store = FaultyStore(Names())
    async with serving(FakeResponder(mode="stream"), store) as bridge:
        await complete(bridge)
        store.fault = fault
        answer = await complete(bridge, WISH, stream=stream)
        if stream:
            # The notice was out before the store was asked.
            seen = Streamed(answer.body)
            assert "988" in seen.content
            (error,) = seen.errors
        else:
            error = answer.json["error"]
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            # A library would try again by itself, and the person see nothing meanwhile.
            assert answer.headers["X-Should-Retry"] == "false"
        assert error["code"] == "store_unavailable"
        assert error["message"].startswith(error["crisis"]["notice"])
        calm = await complete(bridge, stream=stream, user="bob")
        assert (calm.status, calm.json["error"]["code"]) == (503, "store_unavailable")
        assert "X-Should-Retry" not in calm.headers
