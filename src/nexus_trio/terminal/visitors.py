"""The visitors of the demo: five people of a script who wander and talk, each by a client."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import trio

from nexus_trio.client import BridgeError, Client, ClientError, Unsettled, connect

STAGGER_S: Final = 1.5
"""Between two visitors' coming: one at a time is seen to come in."""

BEFORE_S: Final = (2.0, 6.0)
"""Before a line, at random: as people think, and slowly enough to be read."""

BETWEEN_S: Final = (3.0, 8.0)
"""Before going on to the next room."""


@dataclass(frozen=True, slots=True)
class Step:
    """A room, and what is said in it."""

    room: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person of the script."""

    user: str
    name: str
    steps: tuple[Step, ...]


def visitors() -> tuple[Visitor, ...]:
    """Those of `visitors.toml`."""
    text = files("nexus_trio").joinpath("terminal/visitors.toml").read_text("utf-8")
    return tuple(map(_visitor, tomllib.loads(text)["visitors"]))


def _visitor(found: dict[str, Any]) -> Visitor:
    steps = tuple(Step(each["room"], tuple(each["lines"])) for each in found["steps"])
    return Visitor(found["user"], found["name"], steps)


async def visit(url: str, people: Sequence[Visitor], chance: random.Random) -> None:
    """Have all of them come, wander and talk, until cancelled or until the server has gone."""
    async with trio.open_nursery() as nursery:
        for number, visitor in enumerate(people):
            own = random.Random(chance.getrandbits(64))
            nursery.start_soon(_come, url, visitor, own, number * STAGGER_S)


async def _come(url: str, visitor: Visitor, chance: random.Random, after_s: float) -> None:
    await trio.sleep(after_s)
    first = visitor.steps[0].room
    with suppress(ClientError):  # the server has gone: so is the visitor
        async with connect(url, user=visitor.user, username=visitor.name, room=first) as client:
            while True:
                for step in visitor.steps:
                    await _stay(client, step, chance)


async def _stay(client: Client, step: Step, chance: random.Random) -> None:
    with suppress(BridgeError, Unsettled):  # what one says is lost, and the walk goes on
        if client.room != step.room:
            await client.go(step.room)
        for line in step.lines:
            await trio.sleep(chance.uniform(*BEFORE_S))
            await client.say(line)
    await trio.sleep(chance.uniform(*BETWEEN_S))
