"""A model server that does all kinds of things wrong, and what is kept, bounded and said of it."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import pytest
import trio
from asking import FAILURES, KEY, fails, prompt, reply, responder
from trio.testing import wait_all_tasks_blocked

from nexus_trio.responders.openai.events import EVENT_BYTES
from nexus_trio.testing.model_server import Running


@pytest.mark.parametrize(("orders", "kept"), FAILURES.values(), ids=FAILURES)
async def test_it_fails_in_its_own_words_and_what_came_is_kept(
    server: Running, orders: str, kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    message = f"f {orders}"
    terms: dict[str, Any] = {"first_token_s": 0.5, "between_tokens_s": 0.3, "retries": 0}
    async with responder(server.url, **terms) as bo:
        assert await fails(bo, message) == kept
        assert bo.statistics().failures == 1
        # The next one is none the worse for it.
        assert await reply(bo, "after that") == "echo after that"
    assert not [line for line in caplog.messages if KEY in line or "after" in line]
    (line,) = [r.getMessage() for r in caplog.records if r.name.startswith("nexus_trio.responders")]
    assert line.startswith("the model server failed a reply: ")


async def test_a_server_that_is_not_there(server: Running) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        async with responder(f"http://127.0.0.1:{held.getsockname()[1]}", retries=1) as bo:
            await fails(bo, "hello")
    async with responder("http://no-such-host.invalid", retries=0) as bo:
        await fails(bo, "hello")


async def test_a_server_that_takes_no_connection_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [socket.socket() for _ in range(8)]  # more than its queue takes
        for each in held:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        async with responder(f"http://127.0.0.1:{port}", connect_s=0.2, retries=0) as bo:
            with trio.fail_after(5):
                await fails(bo, "hello")
        for each in held:
            each.close()


async def test_a_reply_that_does_not_end_is_ended(server: Running) -> None:
    async with responder(server.url, reply_bytes=10_000) as bo:
        heard = await fails(bo, "x !mode=flood")
        assert 9_000 < len(heard) <= 10_000


async def test_the_whole_of_it_has_its_time_too(server: Running) -> None:
    async with responder(server.url, whole_s=0.5) as bo:
        with trio.fail_after(5):
            heard = await fails(bo, "word !words=10000 !pace=0.02")
        assert heard.startswith("echo word")


async def test_who_waits_for_a_place_for_too_long_fails_and_who_comes_too_much_at_once(
    server: Running,
) -> None:
    async with responder(server.url, concurrency=1, queue=1, whole_s=0.6) as bo:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fails, bo, prompt("a !mode=mute", "a"))
            while not bo.statistics().busy_connections:
                await trio.lowlevel.checkpoint()
            # It may have its place at last, for the moment in which the first one's time is
            # over and its own not yet: too late for an answer.
            nursery.start_soon(fails, bo, prompt("b !mode=mute", "b"))
            await wait_all_tasks_blocked()
            assert (bo.statistics().running, bo.statistics().waiting) == (1, 1)
            began = trio.current_time()
            await fails(bo, prompt("c", "c"))
            assert trio.current_time() - began < 0.3  # far below what the others wait
        assert bo.statistics().failures == 3


def resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


@pytest.mark.parametrize("mode", ["line", "lines", "header", "flood", "squeezed"])
async def test_nothing_that_a_server_sends_fills_our_memory(server: Running, mode: str) -> None:
    async with responder(server.url, retries=0) as bo:
        await fails(bo, f"warm !mode={mode}")
        before = resident()
        for _ in range(10):
            await fails(bo, f"x !mode={mode}")
        # Ten times what may be held of one event would show a leak of each.
        assert resident() - before < 10 * EVENT_BYTES
