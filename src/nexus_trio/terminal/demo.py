"""The product in one line: a server, five visitors, and a chat in their midst."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack

import trio

from nexus_trio.settings import Settings
from nexus_trio.terminal.chat import Manner, Outcome, converse
from nexus_trio.terminal.own_server import own_server
from nexus_trio.terminal.start import Wanted, enter
from nexus_trio.terminal.visitors import visit, visitors

PACE_S = 0.04
"""Between two words of a persona: as fast as one reads, and slow enough to be seen to write."""


async def demo(
    user: str, manner: Manner, seconds: float | None, environ: Mapping[str, str]
) -> Outcome:
    """Run it until the user leaves, or for `seconds`. All of it, data included, is then gone.

    Raises as `start.chat` does.
    """
    with tempfile.TemporaryDirectory(prefix="nexus-demo-") as folder:
        settings = Settings(port=0, data=folder, durability="process", pace_s=PACE_S)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(own_server(settings))
            wanted = Wanted(url, user, None, None, settings, manner, environ)
            client = await enter(stack, url, wanted)
            async with trio.open_nursery() as nursery:
                others = [each for each in visitors() if each.user != user]
                nursery.start_soon(visit, url, others, random.Random())
                outcome = await converse(client, user, manner, seconds=seconds)
                nursery.cancel_scope.cancel()
    return outcome
