"""`connect`: a client for as long as a block runs."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nexus_trio.client.client import Client
from nexus_trio.client.timing import Timing
from nexus_trio.model.envelope import Position


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
    raise NotImplementedError
    yield
