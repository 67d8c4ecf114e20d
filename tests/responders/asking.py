"""Prompts, and an `openai` responder over a model server in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from nexus_trio.errors import ResponderFailed
from nexus_trio.model.world import Persona, Room
from nexus_trio.responders.base import Exchange, Prompt, Responder
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address

GUARD = 30.0  # seconds after which something that hangs counts as failed
KEY = "sk-very-secret"
ROOM = Room("Hall", "The Hall", "High walls.", {}, Persona("Bo", "Bo keeps the hall."))

# What a model server can do wrong: the orders for it, and what is heard before.
FAILURES = {
    "cut": ("!mode=cut !words=4", "echo f f"),
    "short": ("!mode=short !words=4", "echo f f"),
    "drop": ("!mode=drop", ""),
    "garbled": ("!mode=garbled !words=4", "echo f f"),
    "octets": ("!mode=octets !words=4", "echo f f"),
    "nested": ("!mode=nested", ""),
    "list": ("!mode=odd !event=list", ""),
    "nothing": ("!mode=odd !event=nothing", ""),
    "content": ("!mode=odd !event=content", ""),
    "digits": ("!mode=odd !event=digits", ""),
    "noise": ("!mode=noise", ""),
    "report": ("!mode=report !words=4", "echo f f"),
    "redirect": ("!mode=redirect", ""),
    "html": ("!mode=html", ""),
    "plain": ("!mode=plain", ""),
    "squeezed": ("!mode=squeezed", ""),
    "line": ("!mode=line", ""),
    "lines": ("!mode=lines", ""),
    "header": ("!mode=header", ""),
    "empty": ("!mode=empty", ""),
    "only thoughts": ("!mode=think !words=0 !thoughts=2", ""),
    "mute": ("!mode=mute", ""),
    "hang": ("!mode=hang", ""),
    "halt": ("!mode=halt !words=4", "echo f f"),
    "comments": ("!mode=comments", ""),
    "blank": ("!mode=blank", ""),
    **{str(s): (f"!mode=status !status={s}", "") for s in (400, 401, 403, 404, 413, 418, 500)},
}


def prompt(message: str, user: str = "ada", **more: Any) -> Prompt:
    return Prompt(user, more.pop("username", None), ROOM, more.pop("turn", 1), message, **more)


def exchanges(count: int, message: str = "q", response: str = "a") -> tuple[Exchange, ...]:
    return tuple(Exchange(f"{message}{n}", f"{response}{n}") for n in range(count))


@asynccontextmanager
async def responder(url: str, *, key: str = KEY, **terms: Any) -> AsyncIterator[OpenAIResponder]:
    """A responder whose pauses between attempts are as short as they may be."""
    found = OpenAIResponder(parse_address(url, key), Terms("m", **terms), chance=lambda: 0.0)
    try:
        with trio.fail_after(GUARD):
            yield found
            left = found.statistics()
            assert (left.running, left.waiting, left.busy_connections) == (0, 0, 0)
    finally:
        await found.aclose()


async def reply(of: Responder, asked: str | Prompt, heard: list[str] | None = None) -> str:
    """The whole reply; what came of it is in `heard`, whatever happens."""
    pieces = [] if heard is None else heard
    async with of.stream(asked if isinstance(asked, Prompt) else prompt(asked)) as stream:
        async for piece in stream:
            pieces.append(piece)
    return "".join(pieces)


async def fails(of: Responder, asked: str | Prompt) -> str:
    """What was heard of a reply that must fail."""
    heard: list[str] = []
    with pytest.raises(ResponderFailed) as failed:
        await reply(of, asked, heard)
    # Nothing foreign hangs on to it, for whoever prints it.
    assert failed.value.__cause__ is failed.value.__context__ is None
    return "".join(heard)
