"""When a call is made again, how often, and when not."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from asking import reply, responder

from nexus_trio.errors import ResponderFailed
from nexus_trio.testing.model_server import Running


async def tries(server: Running, name: str, orders: str, **terms: Any) -> tuple[bool, int]:
    """Whether a reply came, and how many calls that took."""
    async with responder(server.url, **terms) as bo:
        try:
            await reply(bo, f"{name} {orders}")
            came = True
        except ResponderFailed:
            came = False
    return came, len(server.calls(name))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
async def test_what_passes_is_tried_again(server: Running, status: int) -> None:
    order = f"!mode=flaky !status={status} !times=2"
    assert await tries(server, f"passing-{status}-a", order, retries=2) == (True, 3)
    assert await tries(server, f"passing-{status}-b", order, retries=1) == (False, 2)
    assert await tries(server, f"passing-{status}-c", order, retries=0) == (False, 1)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 413, 301])
async def test_what_does_not_pass_is_not_tried_again(server: Running, status: int) -> None:
    order = f"!mode=flaky !status={status}"
    assert await tries(server, f"lasting-{status}", order, retries=5) == (False, 1)


@pytest.mark.parametrize(
    "order", ["cut", "short", "garbled", "report", "drop", "noise", "html", "plain", "empty"]
)
async def test_nothing_is_tried_again_that_was_answered_or_may_have_been(
    server: Running, order: str
) -> None:
    found = await tries(server, f"once-{order}", f"!mode={order} !words=4", retries=5)
    assert found == (False, 1)


async def test_an_idle_connection_that_was_closed_is_no_failure(server: Running) -> None:
    """As a server closes one while it idles, or in the moment in which it is used again."""
    async with responder(server.url, retries=0) as bo:
        await reply(bo, "first")
        # This answer never begins: asked again, once, on a connection that is new.
        assert await reply(bo, "stale !mode=flaky !then=drop") == "echo stale"
        assert len(server.calls("stale")) == 2


async def test_a_wait_that_the_server_asks_for_is_kept_and_bounded(server: Running) -> None:
    order = "!mode=flaky !status=429 !retry_after={}"
    began = trio.current_time()
    assert await tries(server, "wait-1", order.format(1), retries=1) == (True, 2)
    assert trio.current_time() - began >= 1
    first, second = server.calls("wait-1")
    assert second["began"] - first["began"] >= 1
    began = trio.current_time()
    # Not worth waiting for, and not asked before its time.
    assert await tries(server, "wait-99", order.format(99), retries=5) == (False, 1)
    short = {"retries": 5, "first_token_s": 0.9}
    assert await tries(server, "wait-past-its-time", order.format(1), **short) == (False, 1)
    assert trio.current_time() - began < 0.9


async def test_all_attempts_together_have_one_time_for_first_words(server: Running) -> None:
    order = "!mode=flaky !status=503 !times=1000"
    with trio.fail_after(5):
        came, calls = await tries(server, "long", order, retries=10, first_token_s=0.6)
    assert not came
    assert 2 <= calls < 10
