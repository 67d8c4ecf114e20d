"""Every responder keeps what the seam promises; here stand their names, and how each is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from trio.testing import MockClock

from nexus_trio.responders.base import Responder
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.responders.scripted import ScriptedResponder
from nexus_trio.testing.contracts.responders import ResponderContract
from nexus_trio.testing.model_server import Running, running


class TestScripted(ResponderContract):
    @pytest.fixture
    def responder(self) -> Responder:
        return ScriptedResponder()


class TestScriptedAtAPace(ResponderContract):
    @pytest.fixture
    async def responder(self, autojump_clock: MockClock) -> Responder:
        return ScriptedResponder(pace_s=0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as found:
        yield found


class TestOpenAI(ResponderContract):
    """It speaks with another process, so it has the real clock."""

    @pytest.fixture
    async def responder(self, server: Running) -> AsyncIterator[Responder]:
        found = OpenAIResponder(parse_address(server.url), Terms("echo", concurrency=3))
        try:
            yield found
            left = found.statistics()
            assert (left.running, left.waiting, left.busy_connections) == (0, 0, 0)
        finally:
            await found.aclose()
