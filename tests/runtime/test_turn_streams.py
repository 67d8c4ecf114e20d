"""Turns that are told to the one call that asked: stopped with it, joined, never a command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import Aborted
from nexus_trio.model.envelope import Reply
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.connection import TurnStream
from nexus_trio.runtime.frames import Delta, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub

WISH = "I want to die"
FRIEND = "I think my friend wants to kill herself"


async def turns(hub: Hub, user: str = "ada") -> list[tuple[str, str, str]]:
    page = await hub.history(user)
    return [(turn.message, turn.status, turn.response) for turn in page.turns]


@pytest.mark.parametrize("words", ["look", "/who", "help", "/go Garden", "go Garden", "/say hello"])
async def test_a_turn_only_is_no_command(words: str) -> None:
    async with open_fake_hub() as hub, hub.attach("bob", "Tower") as heard:
        stream = await hub.stream("ada", words, turn_only=True)
        reply = await stream.outcome()
        assert (reply.command, reply.turn, reply.room) == (None, 1, "Tower")
        assert await turns(hub) == [(words, "answered", f"reply 1 to {words}")]
        await wait_all_tasks_blocked()
        # Bob's own arrival and ada's: nobody said anything.
        assert len(heard) == 2


async def test_a_turn_only_is_screened_as_its_speaker_s_own_words() -> None:
    async with open_fake_hub() as hub:
        reply = await (await hub.stream("ada", f"/say {WISH}", turn_only=True)).outcome()
        assert reply.crisis.detected


async def test_a_stream_closed_with_stop_ends_its_turn() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        stream = await hub.stream("ada", "hello")
        await wait_all_tasks_blocked()
        assert responder.open_streams == 1
        stream.close(stop=True)
        with pytest.raises(Aborted):
            await stream.outcome()
        assert responder.open_streams == 0
        assert await turns(hub) == [("hello", "aborted", "reply")]


async def test_a_stop_ends_a_message_that_waits_for_its_turn() -> None:
    responder = FakeResponder(mode="hang")
    async with open_fake_hub(responder) as hub:
        first = await hub.stream("ada", "one")
        second = await hub.stream("ada", "two")
        second.close(stop=True)
        await wait_all_tasks_blocked()
        responder.release.set()
        await first.outcome()
        with pytest.raises(Aborted):
            await second.outcome()
        assert [row[:2] for row in await turns(hub)] == [("one", "answered"), ("two", "aborted")]


@pytest.mark.parametrize("other", ["stream", "ask"])
async def test_a_stop_leaves_a_turn_that_somebody_else_waits_for(other: str) -> None:
    responder = FakeResponder(mode="hang")
    replies: list[Reply] = []

    async def ask(hub: Hub) -> None:
        replies.append(await hub.ask("ada", "hello", client_ref="r"))

    async with open_fake_hub(responder) as hub, trio.open_nursery() as nursery:
        stream = await hub.stream("ada", "hello", client_ref="r")
        rest: TurnStream | None = None
        if other == "stream":
            rest = await hub.stream("ada", "hello", client_ref="r")
        else:
            nursery.start_soon(ask, hub)
        await wait_all_tasks_blocked()
        stream.close(stop=True)
        await wait_all_tasks_blocked()
        responder.release.set()
        if rest is not None:
            replies.append(await rest.outcome())
        await wait_all_tasks_blocked()
        assert [reply.response for reply in replies] == ["reply 1 to hello"]
        assert [row[1] for row in await turns(hub)] == ["answered"]


async def test_a_stop_after_the_answer_changes_nothing() -> None:
    async with open_fake_hub() as hub:
        stream = await hub.stream("ada", "hello")
        await stream.outcome()
        stream.close(stop=True)
        await wait_all_tasks_blocked()
        assert [row[1] for row in await turns(hub)] == ["answered"]


@pytest.mark.parametrize("begun", [False, True])
async def test_a_call_that_joins_a_turn_in_flight_gets_its_notice_at_once(
    begun: bool, autojump_clock: MockClock
) -> None:
    async with open_fake_hub(FakeResponder(mode="hang"), crisis_patience_s=5) as hub:
        before = None if begun else await hub.stream("ada", "something long")
        first = await hub.stream("ada", WISH, client_ref="r")
        await wait_all_tasks_blocked()
        again = await hub.stream("ada", WISH, client_ref="r")
        with trio.fail_after(0.05):
            frame = await again.outbox.receive()
        assert isinstance(frame, Noticed)
        assert "988" in frame.text
        assert await again.outcome() == await first.outcome()
        if before is not None:
            before.close()


async def test_a_muted_stream_holds_nothing() -> None:
    async with open_fake_hub(FakeResponder(mode="stream")) as hub:
        stream = await hub.stream("ada", WISH)
        stream.mute()
        held = len(stream.outbox)
        reply = await stream.outcome()
        assert "988" in reply.response
        assert len(stream.outbox) == held


class Pieces:
    """A responder whose replies come in just these pieces."""

    models = ("fake",)

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = pieces

    def ready(self, prompt: Prompt) -> str | None:
        return None

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        yield self._each()

    async def _each(self) -> AsyncIterator[str]:
        for piece in self._pieces:
            await trio.lowlevel.checkpoint()
            yield piece


@given(
    st.lists(st.sampled_from(["", "a", " ", "\n\n", "word", " and more"]), max_size=6),
    st.sampled_from(["hello", FRIEND]),
)
async def test_deltas_joined_are_the_response_whatever_the_pieces(
    pieces: list[str], words: str
) -> None:
    async with open_fake_hub(Pieces(pieces)) as hub:
        stream = await hub.stream("ada", words)
        reply = await stream.outcome()
        frames = [stream.outbox.take() for _ in range(len(stream.outbox))]
        told = "".join(frame.text for frame in frames if isinstance(frame, Delta))
        # Where nothing was said at all, the reply brings the other words alone.
        assert told == reply.response or not "".join(pieces)
        assert bool(reply.notices) == (words == FRIEND)
