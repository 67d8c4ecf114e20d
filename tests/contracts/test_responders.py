"""What every responder guarantees, run against each adapter.

A new adapter joins by adding to `ADAPTERS` how one is opened. Whatever speaks with
another process (`REAL`) has the real clock, all else a virtual one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import pytest
import trio
from trio.testing import MockClock

from nexus_trio.model.world import Persona, Room
from nexus_trio.responders.base import Exchange, Prompt, Responder
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.responders.scripted import ScriptedResponder
from nexus_trio.testing.model_server import Running, running


@asynccontextmanager
async def openai(server: Running) -> AsyncIterator[Responder]:
    found = OpenAIResponder(parse_address(server.url), Terms("echo", concurrency=3))
    try:
        yield found
        left = found.statistics()
        assert (left.running, left.waiting, left.busy_connections) == (0, 0, 0)
    finally:
        await found.aclose()


ADAPTERS: dict[str, Callable[[Running], AbstractAsyncContextManager[Responder]]] = {
    "scripted": lambda _: nullcontext(ScriptedResponder()),
    "scripted at a pace": lambda _: nullcontext(ScriptedResponder(pace_s=0.05)),
    "openai": openai,
}
REAL = ("openai",)
ROOM = Room("Hall", "The Hall", "Walls.", {}, Persona("Bo", "Someone."))
HISTORY = (Exchange("I like tea", "Good to know; I'll keep in mind that you like tea."),)
HEARD = (*HISTORY, Exchange("Good evening.", "", speaker="Bob"))
PROMPTS = {
    "first": Prompt("ada", "Ada", ROOM, 1, "hello"),
    "nameless": Prompt("ada", None, ROOM, 1, "What is this place?"),
    "later": Prompt("ada", "Ada", ROOM, 2, "My train is late again.", "none", HISTORY),
    "concern": Prompt("ada", "Ada", ROOM, 2, "It's too much.", "concern", HISTORY),
    "crisis": Prompt("ada", "Ada", ROOM, 2, "I can't go on.", "crisis", HISTORY),
    "aloud": Prompt("persona:Bo", "Ada", ROOM, 2, "Who are you?", "none", HEARD, aloud=True),
}

every_prompt = pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def clock(adapter: str) -> MockClock | None:
    return None if adapter in REAL else MockClock(autojump_threshold=0)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as found:
        yield found


@pytest.fixture
async def responder(adapter: str, server: Running) -> AsyncIterator[Responder]:
    async with ADAPTERS[adapter](server) as found:
        yield found


async def whole(responder: Responder, prompt: Prompt) -> str:
    async with responder.stream(prompt) as pieces:
        return "".join([piece async for piece in pieces])


async def test_it_answers_as_at_least_one_model(
    responder: Responder, clock: MockClock | None
) -> None:
    models = responder.models
    assert models
    assert len(set(models)) == len(models)


@every_prompt
async def test_it_streams_a_reply_that_is_not_empty(
    responder: Responder, prompt: Prompt, clock: MockClock | None
) -> None:
    assert (await whole(responder, prompt)).strip()


@every_prompt
async def test_what_is_ready_is_what_is_streamed(
    responder: Responder, prompt: Prompt, clock: MockClock | None
) -> None:
    ready = responder.ready(prompt)
    assert ready is None or ready == await whole(responder, prompt)


async def test_leaving_a_stream_early_leaves_the_next_one_whole(
    responder: Responder, clock: MockClock | None
) -> None:
    expected = await whole(responder, PROMPTS["later"])
    async with responder.stream(PROMPTS["first"]) as pieces:
        await anext(aiter(pieces))
    assert await whole(responder, PROMPTS["later"]) == expected


async def test_a_stream_ends_with_its_cancelled_scope(
    responder: Responder, clock: MockClock | None
) -> None:
    seen: list[str] = []
    with trio.CancelScope() as scope:
        async with responder.stream(PROMPTS["later"]) as pieces:
            async for piece in pieces:
                seen.append(piece)
                scope.cancel()
    assert scope.cancelled_caught
    assert len(seen) == 1


async def test_streams_side_by_side_do_not_mix(
    responder: Responder, clock: MockClock | None
) -> None:
    alone = {name: await whole(responder, prompt) for name, prompt in PROMPTS.items()}
    together: dict[str, str] = {}

    async def one(name: str) -> None:
        together[name] = await whole(responder, PROMPTS[name])

    async with trio.open_nursery() as nursery:
        for name in PROMPTS:
            nursery.start_soon(one, name)
    assert together == alone
