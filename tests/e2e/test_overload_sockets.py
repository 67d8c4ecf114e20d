"""Ten times more messages than a real server can take, over real sockets (I3, I23).

Its responder hangs meanwhile. Each message's verdict, answered or refused, is the one that
the same server gives to the same words when nothing else is asked of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import trio
from bridge_process import Bridge
from live_clients import fresh, moody, talking

USERS = 4
MAILBOX = 4
AT_ONCE = MAILBOX + 1
MESSAGES = 10 * AT_ONCE

WORDS = (
    "the kettle is on",
    "I want to die",
    "I have the pills in my hand and I am going to kill myself tonight",
    "how do I kill a process that does not stop?",
    "my friend wants to kill herself",
)


@pytest.fixture(scope="module")
def small() -> Iterator[Bridge]:
    """A server that has room for few messages."""
    patience = {"NEXUS_CRISIS_PATIENCE_S": "1", "NEXUS_TURN_TIMEOUT_S": "1"}
    with moody(NEXUS_MAILBOX=str(MAILBOX), **patience) as running:
        yield running
        assert running.process.poll() is None, running.said()


def script(number: int) -> list[str]:
    random = Random(number)
    return [random.choice(WORDS) for _ in range(MESSAGES)]


def told(frame: dict[str, Any]) -> tuple[str, bool, bool]:
    """Level, whether it was detected, and whether help is named; an error may say nothing."""
    crisis = frame.get("crisis") or {"level": "none", "detected": False, "notice": None}
    return crisis["level"], crisis["detected"], "988" in (crisis["notice"] or "")


async def over_http(server: Bridge, user: str, message: str) -> dict[str, Any]:
    body = {"user_id": user, "message": message}
    found: dict[str, Any] = (
        await trio.to_thread.run_sync(server.call, "POST", "/bridge/chat", body)
    )[1]
    return found


async def flood(server: Bridge, user: str, messages: list[str]) -> dict[int, dict[str, Any]]:
    """All of them at once on one WebSocket; the outcome of each."""
    outcomes: dict[int, dict[str, Any]] = {}
    async with talking(server, user) as ws:
        await ws.settled()

        async def send() -> None:
            for number, message in enumerate(messages):
                await ws.send(type="message", ref=str(number), message=message)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            while len(outcomes) < len(messages):
                frame = (await ws.until("reply", "error"))[-1]
                assert frame["ref"] is not None
                assert int(frame["ref"]) not in outcomes, "one outcome each"
                outcomes[int(frame["ref"])] = frame
    return outcomes


async def test_every_verdict_is_that_of_an_idle_server(small: Bridge) -> None:
    alone = {
        words: told(await over_http(small, fresh("idle"), f"{words} (stream)")) for words in WORDS
    }
    assert {level for level, _, _ in alone.values()} == {"none", "crisis", "imminent"}
    users = [fresh("flood") for _ in range(USERS)]
    found: dict[int, dict[int, dict[str, Any]]] = {}

    async def one(number: int) -> None:
        messages = [f"{words} (hang)" for words in script(number)]
        found[number] = await flood(small, users[number], messages)

    async def others(passed: list[tuple[str, bool, bool]]) -> None:
        """Strangers, one after the other, while the rest is flooded."""
        for words in WORDS:
            found = await over_http(small, fresh("stranger"), f"{words} (stream)")
            passed += [told(found)]

    strangers: list[tuple[str, bool, bool]] = []
    async with trio.open_nursery() as nursery:
        for number in range(USERS):
            nursery.start_soon(one, number)
        nursery.start_soon(others, strangers)
    ends = Counter[str]()
    for number, outcomes in found.items():
        for place, words in enumerate(script(number)):
            frame = outcomes[place]
            assert told(frame) == alone[words], frame
            ends[frame.get("code", frame["type"])] += 1
    assert strangers == [alone[words] for words in WORDS]
    # It was too much: nearly all were refused, and a few answered or given up.
    assert ends["mailbox_full"] >= USERS * (MESSAGES - 2 * AT_ONCE)
    assert ends["reply"] + ends["turn_timeout"] == sum(ends.values()) - ends["mailbox_full"]
    assert ends["reply"] >= USERS
