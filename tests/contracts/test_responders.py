"""What every responder guarantees, run against each adapter.

A new adapter joins by adding a factory to `ADAPTERS`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from nexus_trio.model.world import Persona, Room
from nexus_trio.responders.base import Exchange, Prompt, Responder
from nexus_trio.responders.scripted import ScriptedResponder

ADAPTERS: dict[str, Callable[[], Responder]] = {
    "scripted": ScriptedResponder,
    "scripted at a pace": lambda: ScriptedResponder(pace_s=0.05),
}
ROOM = Room("Hall", "The Hall", "Walls.", {}, Persona("Bo", "Someone."))
HISTORY = (Exchange("I like tea", "Good to know; I'll keep in mind that you like tea."),)
PROMPTS = {
    "first": Prompt("ada", "Ada", ROOM, 1, "hello"),
    "nameless": Prompt("ada", None, ROOM, 1, "What is this place?"),
    "later": Prompt("ada", "Ada", ROOM, 2, "My train is late again.", "none", HISTORY),
    "concern": Prompt("ada", "Ada", ROOM, 2, "It's too much.", "concern", HISTORY),
    "crisis": Prompt("ada", "Ada", ROOM, 2, "I can't go on.", "crisis", HISTORY),
}

every_adapter = pytest.mark.parametrize("make", ADAPTERS.values(), ids=ADAPTERS)
every_prompt = pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)


async def whole(responder: Responder, prompt: Prompt) -> str:
    async with responder.stream(prompt) as pieces:
        return "".join([piece async for piece in pieces])


@every_adapter
def test_it_answers_as_at_least_one_model(make: Callable[[], Responder]) -> None:
    models = make().models
    assert models
    assert len(set(models)) == len(models)


@every_adapter
@every_prompt
async def test_it_streams_a_reply_that_is_not_empty(
    make: Callable[[], Responder], prompt: Prompt, autojump_clock: MockClock
) -> None:
    assert (await whole(make(), prompt)).strip()


@every_adapter
@every_prompt
async def test_what_is_ready_is_what_is_streamed(
    make: Callable[[], Responder], prompt: Prompt, autojump_clock: MockClock
) -> None:
    responder = make()
    ready = responder.ready(prompt)
    assert ready is None or ready == await whole(responder, prompt)


@every_adapter
async def test_leaving_a_stream_early_leaves_the_next_one_whole(
    make: Callable[[], Responder], autojump_clock: MockClock
) -> None:
    responder = make()
    expected = await whole(responder, PROMPTS["later"])
    async with responder.stream(PROMPTS["first"]) as pieces:
        await anext(aiter(pieces))
    assert await whole(responder, PROMPTS["later"]) == expected


@every_adapter
async def test_a_stream_ends_with_its_cancelled_scope(
    make: Callable[[], Responder], autojump_clock: MockClock
) -> None:
    responder = make()
    seen: list[str] = []
    with trio.CancelScope() as scope:
        async with responder.stream(PROMPTS["later"]) as pieces:
            async for piece in pieces:
                seen.append(piece)
                scope.cancel()
    assert scope.cancelled_caught
    assert len(seen) == 1


@every_adapter
async def test_streams_side_by_side_do_not_mix(
    make: Callable[[], Responder], autojump_clock: MockClock
) -> None:
    responder = make()
    alone = {name: await whole(responder, prompt) for name, prompt in PROMPTS.items()}
    together: dict[str, str] = {}

    async def one(name: str) -> None:
        together[name] = await whole(responder, PROMPTS[name])

    async with trio.open_nursery() as nursery:
        for name in PROMPTS:
            nursery.start_soon(one, name)
    assert together == alone
