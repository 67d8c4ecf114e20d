"""The program with a responder, a disk, a clock and limits that obey a test.

`python moody_bridge.py serve …`, or `moody_bridge:app`. What a message holds decides:
`(stream)`, `(fail)`, `(hang)`: so its reply is made, as `testing.fakes` does it; else at once.
`(late)`: its reply, once with the store, is not stored yet.
`(release USER)`: what hangs or is late of that user goes on.

`MOODY` in the environment is a JSON object: `log`, a file that hears of each stream that opens and
closes and each reply that is late, with the time on the machine's monotonic clock; `clock`, seconds
by which the wall clock is ahead; `boot`, the machine's present boot; `ping`, `silence` and
`heartbeat`, seconds in place of the true ones.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import trio

from nexus_trio import server
from nexus_trio.lane import Limits
from nexus_trio.responders.base import Prompt
from nexus_trio.store import sqlite
from nexus_trio.store.base import PutTurn, Write
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.web import sse

WISHES: dict[str, Any] = json.loads(os.environ.get("MOODY", "{}"))
MOOD = re.compile(r"\((stream|fail|hang)\)")
RELEASE = re.compile(r"\(release ([\w-]+)\)")


def note(what: str, user: str) -> None:
    line = json.dumps({"what": what, "user": user, "at": time.monotonic()}) + "\n"
    with open(WISHES.get("log", os.devnull), "a", encoding="ascii") as log:
        log.write(line)


class Gates:
    """What holds a user's reply back, until it is released."""

    def __init__(self) -> None:
        self._gates: dict[str, trio.Event] = {}

    def of(self, user: str) -> trio.Event:
        return self._gates.setdefault(user, trio.Event())

    def release(self, user: str) -> None:
        self._gates.pop(user, trio.Event()).set()


GATES = Gates()


class Moody:
    """A fake responder for each mood."""

    models = ("moody",)

    def ready(self, prompt: Prompt) -> str | None:
        if found := RELEASE.search(prompt.message):
            GATES.release(found[1])
        mood = MOOD.search(prompt.message)
        return None if mood else FakeResponder().ready(prompt)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        mood, user = MOOD.search(prompt.message), prompt.user_id
        fake = FakeResponder(mode=mood[1] if mood else "stream")
        fake.release = GATES.of(user)
        note("opened", user)
        try:
            async with fake.stream(prompt) as words:
                yield words
        finally:
            note("closed", user)


_append = sqlite.SqliteStore.append


async def append(self: sqlite.SqliteStore, writes: Sequence[Write]) -> None:
    for write in writes:
        turn = write.turn if isinstance(write, PutTurn) else None
        if turn is not None and "(late)" in turn.message and turn.status == "answered":
            user = write.user_id
            note("late", user)
            await GATES.of(user).wait()
    await _append(self, writes)


_install = server.install


def install(check: Any, limits: Limits, **how: Any) -> None:
    wished = {k: WISHES[k] for k in ("ping", "silence") if k in WISHES}
    _install(check, replace(limits, **wished), **how)


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=WISHES.get("clock", 0))


# Defects and delays on purpose; the program itself is whole.
server.ScriptedResponder = lambda *_: Moody()  # type: ignore[assignment,misc]
server.install = install  # type: ignore[assignment]
server.open_hub = partial(server.open_hub, now=now)  # type: ignore[assignment]
sqlite.SqliteStore.append = append  # type: ignore[method-assign]
sse.HEARTBEAT_S = WISHES.get("heartbeat", sse.HEARTBEAT_S)
if "boot" in WISHES:
    sqlite.this_boot = lambda: WISHES["boot"]

if __name__ == "__main__":
    from nexus_trio.cli import main

    main(sys.argv[1:])

if __name__ != "__main__":
    from nexus_trio.asgi import app as app
