"""A server inside this process, for a chat that finds none and for the demo.

The one file of the terminal client that knows the server.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final

import trio

from nexus_trio.server import serve
from nexus_trio.settings import Settings

KEPT: Final = 50
"""Lines of the server's log that are kept while a screen is up."""


@asynccontextmanager
async def own_server(settings: Settings) -> AsyncIterator[str]:
    """A server with these settings until the context ends, within its grace period: its URL.

    What it logs is said on standard error at the end, when no screen is in the way.
    Raises, in a group, `SettingsError` where it can't start, and whatever crashed it.
    """
    stop = trio.Event()
    with _log_kept():
        async with trio.open_nursery() as nursery:
            url = await nursery.start(partial(serve, settings, shutdown=stop))
            try:
                yield url
            finally:
                stop.set()


@contextmanager
def _log_kept() -> Iterator[None]:
    kept = _Kept()
    root = logging.getLogger()
    root.addHandler(kept)
    try:
        yield
    finally:
        root.removeHandler(kept)
        for line in kept.lines:
            print(f"server: {line}", file=sys.stderr)


class _Kept(logging.Handler):
    """Keeps the last warnings. They hold nobody's words: no log of the server does."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(self.format(record))
