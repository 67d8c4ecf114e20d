"""Two hundred people and a model server that hangs, dies, or comes back (I20, I22, I23)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from nexus_trio.errors import NexusError, ResponderFailed
from nexus_trio.model.envelope import Reply
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.hubs import open_fake_hub
from nexus_trio.testing.model_server import Running, running

USERS = 200
GUARD = 60.0  # seconds after which something that hangs counts as failed
PATIENCE_S = 1.0
WISH = "I want to die"


@dataclass
class Crowd:
    """What came of each user's message, and after how many seconds."""

    replies: dict[str, Reply] = field(default_factory=dict)
    errors: dict[str, NexusError] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)

    async def ask(self, hub: Hub, user: str, message: str) -> None:
        began = trio.current_time()
        try:
            self.replies[user] = await hub.ask(user, message)
        except NexusError as error:
            self.errors[user] = error
        self.waited[user] = trio.current_time() - began


@asynccontextmanager
async def hub_over(server: Running, **terms: Any) -> AsyncIterator[tuple[Hub, OpenAIResponder]]:
    how = {"concurrency": 16, "queue": USERS, "retries": 0, **terms}
    responder = OpenAIResponder(parse_address(server.url), Terms("m", **how))
    try:
        with trio.fail_after(GUARD):
            async with open_fake_hub(responder, crisis_patience_s=PATIENCE_S) as hub:
                yield hub, responder
        left = responder.statistics()
        assert (left.running, left.waiting, left.busy_connections) == (0, 0, 0)
    finally:
        await responder.aclose()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


async def test_nobody_in_need_waits_for_a_server_that_hangs_and_all_is_well_when_it_is() -> None:
    crowd = Crowd()
    with running() as server:
        server.tell(orders={"mode": "hang"})
        async with hub_over(server) as (hub, responder), trio.open_nursery() as nursery:
            before = resident()
            for number in range(USERS):
                nursery.start_soon(crowd.ask, hub, f"u{number}", f"word-{number}")
            while responder.statistics().waiting < USERS - 16:
                await trio.lowlevel.checkpoint()
            async with trio.open_nursery() as in_need:
                for number in range(20):
                    in_need.start_soon(crowd.ask, hub, f"n{number}", WISH)
            for number in range(20):
                assert "988" in crowd.replies[f"n{number}"].text
                assert crowd.replies[f"n{number}"].crisis.detected
                # The contract's time, and some for 200 others on the same processor.
                assert crowd.waited[f"n{number}"] < PATIENCE_S + 1
            assert len(crowd.waited) == 20
            # What hangs holds its places and no more, and each who waits a little memory.
            assert server.counts()["peak"] == 16
            assert responder.statistics().waiting == USERS - 16
            assert resident() - before < USERS * 200_000

            server.tell(orders={}, release=True)
            began = trio.current_time()
            await crowd.ask(hub, "late", "after-all")
            assert crowd.replies["late"].text == "echo after-all"
            assert trio.current_time() - began < 5
        for number in range(USERS):
            assert crowd.replies[f"u{number}"].text == f"echo word-{number}"
        assert not crowd.errors
        assert server.counts()["peak"] == 16


async def test_what_is_too_much_is_refused_at_once_but_never_somebody_in_need() -> None:
    crowd = Crowd()
    with running() as server:
        server.tell(orders={"mode": "mute"})
        async with hub_over(server, queue=10) as (hub, responder), trio.open_nursery() as nursery:
            for number in range(USERS):
                nursery.start_soon(crowd.ask, hub, f"u{number}", f"word-{number}")
            while len(crowd.errors) < USERS - 26:
                await trio.lowlevel.checkpoint()
            assert responder.statistics().waiting == 10
            await crowd.ask(hub, "n", WISH)
            # The line was full: the notice did not even wait for the responder's time.
            assert "988" in crowd.replies["n"].text
            assert {error.code for error in crowd.errors.values()} == {"responder_failed"}
            assert all(error.retry for error in crowd.errors.values())
            server.tell(orders={}, release=True)
    assert len(crowd.replies) == 26 + 1


async def test_a_server_that_dies_fails_what_runs_and_a_new_one_answers_the_next() -> None:
    crowd = Crowd()
    with running() as server:
        server.tell(orders={"mode": "halt"})
        async with hub_over(server) as (hub, _):
            async with trio.open_nursery() as nursery:
                for number in range(USERS):
                    nursery.start_soon(crowd.ask, hub, f"u{number}", f"word-{number}")
                while server.counts()["open"] < 16:
                    await trio.lowlevel.checkpoint()
                server.process.kill()
                server.process.wait()
            # Those with a place had heard half; the others found nobody, each in turn.
            partial = [error.partial for error in crowd.errors.values()]
            assert len(partial) == USERS
            assert sum(bool(part) for part in partial) <= 16
            assert all(isinstance(error, ResponderFailed) for error in crowd.errors.values())
            with running(server.port):
                began = trio.current_time()
                await crowd.ask(hub, "late", "back-again")
                assert crowd.replies["late"].text == "echo back-again"
                assert trio.current_time() - began < 5


async def test_a_server_that_hangs_for_good_holds_its_places_for_their_time_alone() -> None:
    crowd = Crowd()
    with running() as server:
        server.tell(orders={"mode": "mute"})
        async with hub_over(server, first_token_s=0.5, concurrency=4) as (hub, _):
            async with trio.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(crowd.ask, hub, f"u{number}", f"word-{number}")
                while server.counts()["open"] < 4:
                    await trio.lowlevel.checkpoint()
                server.tell(orders={})  # well for all but those that it has
                await crowd.ask(hub, "next", "hello")
            assert crowd.replies["next"].text == "echo hello"
            assert len(crowd.errors) == 4
