"""What every responder guarantees: `responders/base.py`, as tests."""

from __future__ import annotations

from typing import Final

import pytest
import trio

from nexus_trio.model.world import Persona, Room
from nexus_trio.responders.base import Exchange, Prompt, Responder

ROOM: Final = Room("Hall", "The Hall", "Walls.", {}, Persona("Bo", "Someone."))
HISTORY: Final = (Exchange("I like tea", "Good to know; I'll keep in mind that you like tea."),)
HEARD: Final = (*HISTORY, Exchange("Good evening.", "", speaker="Bob"))
PROMPTS: Final = {
    "first": Prompt("ada", "Ada", ROOM, 1, "hello"),
    "nameless": Prompt("ada", None, ROOM, 1, "What is this place?"),
    "later": Prompt("ada", "Ada", ROOM, 2, "My train is late again.", "none", HISTORY),
    "concern": Prompt("ada", "Ada", ROOM, 2, "It's too much.", "concern", HISTORY),
    "crisis": Prompt("ada", "Ada", ROOM, 2, "I can't go on.", "crisis", HISTORY),
    "aloud": Prompt("persona:Bo", "Ada", ROOM, 2, "Who are you?", "none", HEARD, aloud=True),
}

every_prompt = pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)


async def whole(responder: Responder, prompt: Prompt) -> str:
    """All that the responder streams."""
    async with responder.stream(prompt) as pieces:
        return "".join([piece async for piece in pieces])


class ResponderContract:
    """Inherit it, and give it a fixture `responder`, one that answers the same each time.

    One that takes its time wants the clock of pytest-trio, `autojump_clock`, too; whatever
    speaks with another process must have the real one.
    """

    async def test_it_answers_as_at_least_one_model(self, responder: Responder) -> None:
        models = responder.models
        assert models
        assert len(set(models)) == len(models)

    @every_prompt
    async def test_it_streams_a_reply_that_is_not_empty(
        self, responder: Responder, prompt: Prompt
    ) -> None:
        assert (await whole(responder, prompt)).strip()

    @every_prompt
    async def test_what_is_ready_is_what_is_streamed(
        self, responder: Responder, prompt: Prompt
    ) -> None:
        ready = responder.ready(prompt)
        assert ready is None or ready == await whole(responder, prompt)

    async def test_leaving_a_stream_early_leaves_the_next_one_whole(
        self, responder: Responder
    ) -> None:
        expected = await whole(responder, PROMPTS["later"])
        async with responder.stream(PROMPTS["first"]) as pieces:
            await anext(aiter(pieces))
        assert await whole(responder, PROMPTS["later"]) == expected

    async def test_a_stream_ends_with_its_cancelled_scope(self, responder: Responder) -> None:
        seen: list[str] = []
        with trio.CancelScope() as scope:
            async with responder.stream(PROMPTS["later"]) as pieces:
                async for piece in pieces:
                    seen.append(piece)
                    scope.cancel()
        assert scope.cancelled_caught
        assert len(seen) == 1

    async def test_streams_side_by_side_do_not_mix(self, responder: Responder) -> None:
        alone = {name: await whole(responder, prompt) for name, prompt in PROMPTS.items()}
        together: dict[str, str] = {}

        async def one(name: str) -> None:
            together[name] = await whole(responder, PROMPTS[name])

        async with trio.open_nursery() as nursery:
            for name in PROMPTS:
                nursery.start_soon(one, name)
        assert together == alone
