"""The server with one part of it broken or left out, for what is measured of the others.

    python benchmarks/altered.py PART serve --port 0 --data DIR

`responder`: it hangs; `disk`: no commit of a turn, none of what is said, and no look-up of a
reference ends.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import trio

from nexus_trio import server
from nexus_trio.cli import main
from nexus_trio.model.transcript import Turn
from nexus_trio.responders.base import Prompt
from nexus_trio.store.base import PutRoomEvent, PutTurn, Write
from nexus_trio.store.sqlite import SqliteStore


class Hung:
    """A responder that never says a word."""

    models = ("hung",)

    def ready(self, prompt: Prompt) -> str | None:
        """Nothing at once."""
        return None

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        """Never ends."""
        await trio.sleep_forever()
        yield  # type: ignore[misc]  # never comes to it


_append, _reference = SqliteStore.append, SqliteStore.reference


async def append(self: SqliteStore, writes: Sequence[Write]) -> None:
    """Sessions and rooms are stored, so that clients come in; turns and what is said never are."""
    for write in writes:
        if isinstance(write, PutTurn) or (isinstance(write, PutRoomEvent) and write.event.text):
            await trio.sleep_forever()
    await _append(self, writes)


async def reference(
    self: SqliteStore, user_id: str, client_ref: str, since: datetime
) -> Turn | None:
    """Never answers."""
    await trio.sleep_forever()
    return await _reference(self, user_id, client_ref, since)


def alter(part: str) -> None:
    """Break or leave out that part of this process's server."""
    match part:
        case "responder":
            server.ScriptedResponder = lambda *_: Hung()  # type: ignore[assignment,misc]  # as above
        case "disk":
            SqliteStore.append = append  # type: ignore[method-assign]  # as above
            SqliteStore.reference = reference  # type: ignore[method-assign]  # as above
        case _:
            raise SystemExit(f"{part!r} is neither responder nor disk.")


if __name__ == "__main__":
    alter(sys.argv[1])
    main(sys.argv[2:])
