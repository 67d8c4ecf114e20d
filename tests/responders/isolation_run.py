"""Cancels a call at each of its awaits, beside others, and looks who read what.

    python isolation_run.py SEED...

Runs on the source that PYTHONPATH names, over real sockets, against a model
server in this process that echoes each caller's own words. Prints one JSON line
a seed: what broke (null for nothing), in which case, how many calls were cut
at how many awaits, and how many ran beside them.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import random
import sys
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

sys.path.insert(0, str(Path(__file__).parent))

from asking import prompt, reply

import nexus_trio
from nexus_trio.errors import NexusError
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.testing.model_server.server import ModelServer

GUARD = 10.0  # seconds in which what is measured in milliseconds must be over
MOST = 400  # awaits of one call; the longest case here has some 40

# How the call that is cut is answered. The pace keeps its answer on the way.
CASES = {
    "in line": "",
    "at once": "",
    "slowly": "!pace=0.002 !words=3",
    "after two attempts": "!mode=flaky !times=2 !status=503",
    "not as a whole": "!mode=cut !words=4",
    "twice": "!mode=twice",
}
UNASKED = "unasked"
IN_LINE = "in line"
MOMENTS = ("asleep", "woken")


class Broken(Exception):
    """What does not hold."""


class CutAt(trio.abc.Instrument):
    """Cancels a task when it has gone to sleep for the k-th time, or was woken from that."""

    def __init__(self, k: int, moment: str) -> None:
        self.k = k
        self.moment = moment
        self.scope = trio.CancelScope()
        self.task: trio.lowlevel.Task | None = None
        self.slept = 0

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self.slept += 1
            if self.slept == self.k and self.moment == "asleep":
                self.scope.cancel()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        # Its sleep is over, and whatever it waited for was done: the next one is cut.
        if task is self.task and self.slept == self.k and self.moment == "woken":
            self.scope.cancel()


@dataclass
class Tally:
    """What was done, so that a run that did nothing shows."""

    cut: int = 0
    awaits: int = 0
    beside: int = 0
    wrong: list[str] = field(default_factory=list)


class Trial:
    """Calls through one responder, each with a canary of its own."""

    def __init__(self, seed: int, port: int, tally: Tally) -> None:
        self.chance = random.Random(seed)
        self.tally = tally
        self.number = 0
        terms = Terms("m", concurrency=2, queue=16, retries=2, first_token_s=GUARD / 2)
        address = parse_address(f"http://127.0.0.1:{port}")
        # Below its range, this chance makes the pauses between attempts none at all.
        self.responder = OpenAIResponder(address, terms, chance=lambda: -1.0)

    def canary(self) -> str:
        self.number += 1
        return f"canary-{self.number}-{self.chance.getrandbits(32):08x}"

    async def beside(self, orders: str = "") -> None:
        """A call that nobody cuts: its reply is its own, to the letter."""
        await trio.sleep(self.chance.choice((0, 0, 0.001)))
        canary = self.canary()
        try:
            found = await reply(self.responder, prompt(f"{canary} {orders}", canary))
        except NexusError as error:
            raise Broken(f"a call that nobody cut failed: {error!r}") from None
        if found != f"echo {canary}":
            raise Broken(f"{canary} was told {found!r}")
        self.tally.beside += 1

    async def fill(self, nursery: trio.Nursery) -> None:
        """Take all places, for a while."""
        for _ in range(2):
            nursery.start_soon(self.beside, "!pace=0.002 !words=1")
        while self.responder.statistics().running < 2:
            await trio.lowlevel.checkpoint()

    async def cut(self, orders: str, cutter: CutAt, done: trio.Event) -> None:
        """The call that is cut. What it hears until then is its own, too."""
        canary, heard = self.canary(), list[str]()
        trio.lowlevel.add_instrument(cutter)
        try:
            with cutter.scope:
                cutter.task = trio.lowlevel.current_task()
                # Some of the cases fail, if they are let.
                with contextlib.suppress(NexusError):
                    await reply(self.responder, prompt(f"{canary} {orders}", canary), heard)
        finally:
            cutter.task = None
            trio.lowlevel.remove_instrument(cutter)
            done.set()
        for word in "".join(heard).split():
            if word not in ("echo", canary):
                raise Broken(f"{canary} was told {word!r}")

    async def round(self, name: str, k: int, moment: str) -> bool:
        """One call cut at its k-th await, others before, beside and after. False: there is none."""
        cutter, done = CutAt(k, moment), trio.Event()
        async with trio.open_nursery() as nursery:
            if name == IN_LINE:
                await self.fill(nursery)
            for _ in range(self.chance.randrange(3)):
                nursery.start_soon(self.beside)
            nursery.start_soon(self.cut, CASES[name], cutter, done)
            for _ in range(3):
                nursery.start_soon(self.beside)
            await done.wait()
            for _ in range(3):
                nursery.start_soon(self.beside)
        left = self.responder.statistics()
        if (left.running, left.waiting, left.busy_connections) != (0, 0, 0):
            raise Broken(f"not all was given back: {left}")
        return cutter.scope.cancel_called

    async def case(self, name: str, server: ModelServer) -> None:
        for moment in MOMENTS:
            for k in range(1, MOST):
                with trio.fail_after(GUARD):
                    if not await self.round(name, k, moment):
                        break
                    self.tally.cut += 1
                    self.tally.awaits = max(self.tally.awaits, k)
            else:
                raise Broken("the call did not come to an end of its own")
        await self.baseline(server)

    async def unasked(self, server: ModelServer) -> None:
        """A second answer that came while the connection idled is nobody's reply."""
        for _ in range(3):
            canary = self.canary()
            await reply(self.responder, prompt(f"{canary} !mode=twice !gap=0.001", canary))
            with trio.fail_after(GUARD):
                await server.wait_for(canary, "ended")
                await self.beside()
        await self.baseline(server)

    async def baseline(self, server: ModelServer) -> None:
        """The other side sees nothing open but what idles here."""
        with trio.move_on_after(GUARD):
            await server.wait_quiet(self.responder.statistics().idle_connections)
            return
        raise Broken(f"{server.open_connections} connections are open, {server.open} with a call")


@asynccontextmanager
async def model_server() -> AsyncIterator[tuple[ModelServer, int]]:
    server = ModelServer()
    async with trio.open_nursery() as nursery:
        yield server, await nursery.start(server.serve)
        nursery.cancel_scope.cancel()


async def trial(seed: int, name: str, tally: Tally) -> None:
    """One case on a server of its own. Raises what broke."""
    async with model_server() as (server, port):
        made = Trial(seed, port, tally)
        try:
            await (made.unasked(server) if name == UNASKED else made.case(name, server))
        finally:
            await made.responder.aclose()


def run(seed: int) -> dict[str, Any]:
    """All cases from one seed, until one breaks."""
    tally, began, broke, where = Tally(), time.monotonic(), None, None
    names = [*CASES, UNASKED]
    random.Random(seed).shuffle(names)
    for name in names:
        try:
            trio.run(trial, seed, name, tally)
            gc.collect()
            if left_over:
                raise Broken(f"was left to be collected: {left_over.pop()}")
        except BaseExceptionGroup as group:
            broke, where = repr(first(group)), name
        except Exception as error:  # noqa: BLE001 - whatever a planted defect raises is reported
            broke, where = repr(error), name
        if broke is not None:
            break
    return {
        "seed": seed, "broke": broke, "case": where, "cut": tally.cut, "awaits": tally.awaits,
        "beside": tally.beside, "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


left_over: list[str] = []


def note(found: sys.UnraisableHookArgs) -> None:
    """A socket or a generator that nobody closed makes a warning, and that an error."""
    left_over.append(repr(found.exc_value))


def first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


if __name__ == "__main__":
    logging.disable()
    warnings.simplefilter("error")
    sys.unraisablehook = note
    print(nexus_trio.__file__, file=sys.stderr)
    for each in sys.argv[1:]:
        print(json.dumps(run(int(each))), flush=True)
