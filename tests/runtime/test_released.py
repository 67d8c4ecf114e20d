"""A responder that says what must not be said: what is told, stored and heard of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.crisis.guidance import instead
from nexus_trio.errors import Aborted, ResponderFailed, TurnTimeout
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub

HARM = ["I hear you. The wor", "ld would ", "be better without you. ", "Nothing ", "more."]
RELEASED = f"I hear you. The\n\n{instead('en-US').text}"
BEGUN = ["Rain falls. ", "You should ", "really "]
WISH = "I want to die"


class SaysPieces(FakeResponder):
    """Says `pieces`, then ends, hangs or fails; `said` counts those that were heard."""

    def __init__(self, pieces: list[str], then: str = "end") -> None:
        super().__init__(mode="stream")
        self.pieces = pieces
        self.then = then
        self.said = 0

    async def _words(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        for piece in self.pieces:
            await trio.lowlevel.checkpoint()
            self.said += 1
            yield piece
        if self.then == "hang":
            await trio.sleep_forever()
        if self.then == "fail":
            raise ResponderFailed("the fake was told to fail")


async def told(connection: Connection) -> list[Frame]:
    await wait_all_tasks_blocked()
    outbox = connection.outbox
    frames = [outbox.take() for _ in range(len(outbox))]
    return [frame for frame in frames if not isinstance(frame, Heard)]


def joined(frames: list[Frame]) -> str:
    return "".join(frame.text for frame in frames if isinstance(frame, Delta))


async def stored(hub: Hub, user: str = "ada") -> list[tuple[str, str]]:
    return [(turn.status, turn.response) for turn in (await hub.history(user)).turns]


async def test_a_streamed_reply_is_cut_and_guidance_stands_in_its_place() -> None:
    responder = SaysPieces(HARM)
    async with open_fake_hub(responder) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        frames = await told(one)
        last = frames[-1]
        assert isinstance(last, Answered)
        assert joined(frames) == last.reply.response == RELEASED
        assert last.reply.crisis.level == "none"
        assert await stored(hub) == [("answered", RELEASED)]
        # It was heard no further, and its stream is closed.
        assert responder.said < len(HARM)
        assert responder.open_streams == 0


async def test_a_reply_that_is_ready_is_cut_in_the_same_place() -> None:
    async with (
        open_fake_hub(FakeResponder(lambda prompt: "".join(HARM))) as hub,
        hub.connect("ada") as one,
    ):
        one.message("m1", "hello")
        frames = await told(one)
        assert joined(frames) == RELEASED
        assert await stored(hub) == [("answered", RELEASED)]


async def test_the_next_prompt_holds_what_was_released_alone() -> None:
    responder = SaysPieces(HARM)
    async with open_fake_hub(responder) as hub:
        await hub.ask("ada", "hello")
        await hub.ask("ada", "hello again")
        assert [exchange.response for exchange in responder.prompts[-1].history] == [RELEASED]


async def test_guidance_speaks_to_the_country_of_the_call() -> None:
    async with open_fake_hub(SaysPieces(["Kill yourself."])) as hub:
        reply = await hub.ask("ada", "hello", locale="de-AT")
        assert reply.response == instead("de-AT").text
        assert "142" in reply.response


async def test_a_crisis_reply_keeps_its_notice_before_the_guidance() -> None:
    async with open_fake_hub(SaysPieces(["You should do it."])) as hub, hub.connect("ada") as one:
        one.message("m1", WISH)
        frames = await told(one)
        last = frames[-1]
        assert isinstance(last, Answered)
        assert joined(frames) == instead("en-US").text
        assert last.reply.response == f"{last.reply.crisis.notice}\n\n{joined(frames)}"


async def test_the_care_of_a_screen_outlasts_the_message() -> None:
    responder = SaysPieces(["Well. You should do it."])
    async with open_fake_hub(responder) as hub:
        assert (await hub.ask("bob", "Shall I learn to swim?")).response == responder.pieces[0]
        await hub.ask("ada", WISH)
        assert instead("en-US").text in (await hub.ask("ada", "shall I?")).response


@pytest.mark.parametrize("end", ["stop", "fail", "time out", "abort"])
async def test_what_is_held_is_neither_told_nor_stored(end: str, autojump_clock: MockClock) -> None:
    responder = SaysPieces(BEGUN, "fail" if end == "fail" else "hang")
    async with open_fake_hub(responder, turn_timeout_s=30.0) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        if end == "stop":
            await wait_all_tasks_blocked()
            one.stop("m1")
        elif end == "abort":
            await wait_all_tasks_blocked()
            hub.give_up()
        elif end == "time out":
            await trio.sleep(31)
        frames = await told(one)
        last = frames[-1]
        assert isinstance(last, Failed)
        kind = {"fail": ResponderFailed, "time out": TurnTimeout}.get(end, Aborted)
        assert type(last.error) is kind
        assert joined(frames) == last.error.partial == "Rain falls. "
        assert responder.open_streams == 0
        assert await stored(hub) == [("aborted", "Rain falls. ")]


async def test_a_disconnect_that_aborts_stores_no_more(autojump_clock: MockClock) -> None:
    async with open_fake_hub(SaysPieces(BEGUN, "hang"), on_disconnect="abort") as hub:
        async with hub.connect("ada") as one:
            one.message("m1", "hello")
            await wait_all_tasks_blocked()
            one.gone()
        await wait_all_tasks_blocked()
        assert await stored(hub) == [("aborted", "Rain falls. ")]


async def test_in_a_crisis_a_hanging_responder_leaves_the_notice_alone(
    autojump_clock: MockClock,
) -> None:
    async with open_fake_hub(SaysPieces(BEGUN, "hang")) as hub:
        reply = await hub.ask("ada", WISH)
        assert reply.response == reply.crisis.notice


async def test_an_erasure_while_it_is_held_leaves_nothing(autojump_clock: MockClock) -> None:
    responder = SaysPieces(BEGUN, "hang")
    async with open_fake_hub(responder) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        assert (await hub.erase("ada")).turns == 1
        assert joined(await told(one)) == "Rain falls. "
        assert responder.open_streams == 0


async def test_the_whole_of_a_harmless_reply_comes_out() -> None:
    async with open_fake_hub(SaysPieces([*BEGUN, "round"])) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        frames = await told(one)
        assert joined(frames) == "".join([*BEGUN, "round"])
        assert await stored(hub) == [("answered", "".join([*BEGUN, "round"]))]


async def test_an_empty_reply_to_a_worry_is_told_as_it_is_stored() -> None:
    async with open_fake_hub(SaysPieces([])) as hub, hub.connect("ada") as one:
        one.message("m1", "my friend wants to kill herself")
        frames = await told(one)
        last = frames[-1]
        assert isinstance(last, Answered)
        assert last.reply.notices
        assert joined(frames) == last.reply.response
