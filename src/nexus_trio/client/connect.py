"""`connect`: a client for as long as a block runs, and the loop that comes back."""

from __future__ import annotations

import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import trio

from nexus_trio.client.address import parse_address
from nexus_trio.client.client import Client
from nexus_trio.client.core import Core
from nexus_trio.client.decode import Breach
from nexus_trio.client.errors import Closed, Ended, ProtocolBroken, Unreachable
from nexus_trio.client.link import Fell, Way, run_link
from nexus_trio.client.reading import Reading
from nexus_trio.client.timing import Timing
from nexus_trio.model import fields
from nexus_trio.model.envelope import Position

MOST_BREACHES: Final = 3
"""Connections in a row that end in nonsense: a server that was mended between two is forgiven."""

UNSTEADY_STEP: Final = 3
"""The wait after a connection that was welcomed is eight of the first at most: the server is there,
so that who waits is served soon, and two or so a second are the most, should it fall each time."""


@asynccontextmanager
async def connect(
    url: str,
    *,
    user: str | None = None,
    token: str | None = None,
    room: str | None = None,
    username: str | None = None,
    locale: str | None = None,
    after: Position | None = None,
    room_after: Position | None = None,
    timing: Timing | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[Client]:
    """A client of the server at `url` (`http://` or `https://`), welcomed, for this block.

    `room` is where the user goes first; `after` and `room_after` are positions of an earlier
    connection, and what came since is among the events. The first connection is tried once:
    `Unreachable` where nobody answers, `NotAuthenticated`, `BadFrame`, `ProtocolBroken`
    where it is refused; `ValueError` for arguments that can't be. Afterwards it comes back
    by itself. Leaving the block, in whatever way, closes everything within a second;
    exceptions of the block come out as they are, in no group.
    """
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    way = Way(parse_address(url), timing or Timing(), bearer, ssl_context)
    core = Core(_hello(user, token, room, username, locale), after, room_after)
    async with hold(core, way, user) as client:
        yield client


@asynccontextmanager
async def hold(core: Core, way: Way, user: str | None) -> AsyncIterator[Client]:
    """`connect`, once it is known who comes and by which way."""
    client = Client(core, Reading(way.address, way.headers, way.timing, way.tls), user)
    keeper = Keeper(core, way)
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.run)
        try:
            await keeper.welcomed.wait()
            if core.welcomes:
                yield client
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - raised below, outside of the nursery
            raised = error
        finally:
            refused = core.ended
            core.end(Closed("the connect block of this client has been left"))
            nursery.cancel_scope.cancel()
    if raised is not None:
        # Here it is in no group. It keeps its own traceback.
        raise raised
    if core.welcomes == 0 and refused is not None:
        raise refused.again()


def _hello(
    user: str | None,
    token: str | None,
    room: str | None,
    username: str | None,
    locale: str | None,
) -> dict[str, str]:
    """The fields of the hello, checked as far as they can be here."""
    if user is None and token is None:
        raise ValueError("give connect() a user, or a token")
    given = {
        "user_id": None if user is None else fields.user_id(user, "user"),
        "token": token,
        "room": room,
        "username": username,
        "locale": None if locale is None else fields.locale(locale),
    }
    return {name: value for name, value in given.items() if value is not None}


@dataclass(eq=False)
class Keeper:
    """Keeps one client connected, until it `Ended` or is cancelled."""

    core: Core
    way: Way
    random: random.Random = field(default_factory=random.Random)
    # Set with the first welcome, or when there will be none.
    welcomed: trio.Event = field(default_factory=trio.Event)
    _step: int = 0
    _breaches: int = 0
    # When the last connection stood, on trio's clock.
    _stood_at: float = 0.0

    async def run(self) -> None:
        """One connection after the other."""
        self.core.on_welcome = self.welcomed.set
        try:
            while True:
                await self._once()
        except Ended as ended:
            self.core.end(ended)
            self.welcomed.set()

    async def _once(self) -> None:
        """One connection, and the wait after it. Raises `Ended`."""
        timing = self.way.timing
        began, welcomes = trio.current_time(), self.core.welcomes
        self.core.trying()
        try:
            await run_link(self.core, self.way)
        except Fell as fell:
            self._breaches, reason = 0, str(fell)
        except Breach as breach:
            self._breaches, reason = self._breaches + 1, str(breach)
            if self._breaches >= MOST_BREACHES or not self.core.welcomes:
                raise ProtocolBroken(reason) from None
        if not self.core.welcomes:
            raise Unreachable(f"{reason}; start the server, or correct the URL")
        now = trio.current_time()
        stood = self.core.welcomes > welcomes
        if stood:
            self._stood_at = now
            steady = now - began >= timing.steady_s
            self._step = 0 if steady else min(self._step, UNSTEADY_STEP)
        elif now - self._stood_at >= timing.give_up_s:
            raise Unreachable(f"{reason}; given up after {timing.give_up_s:g} s")
        wait = backoff(timing, self._step, self.random)
        self._step += 1
        self.core.fell(reason, wait)
        await trio.sleep(wait)


def backoff(timing: Timing, step: int, chance: random.Random) -> float:
    """Seconds before attempt `step`, counted from 0."""
    most = min(timing.backoff_most_s, timing.backoff_s * 2.0 ** min(step, 32))
    return most * chance.uniform(0.5, 1.0)
