"""Plain lines, for pipes, screen readers and terminals that can't move their cursor.

Nothing is drawn over: a line that is written stays. What was asked for goes to
standard output, what happens besides to standard error, so that a pipe gets the
answers alone; to whoever only watches, everything goes to standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

import trio

from nexus_trio.terminal.items import Item, Kind
from nexus_trio.terminal.painting import plain
from nexus_trio.terminal.view import Place

BESIDES: Final[frozenset[Kind]] = frozenset(("aloud", "moved", "told", "trouble"))
"""Kinds that nobody asked for."""

LONGEST: Final = 64 * 1024
"""Bytes of one line of input; the server takes 16 KiB, and says so."""

_PIECE: Final = 16 * 1024


class OutputGone(Exception):
    """Whoever read the output reads no more, as behind `| head`."""


class Plain:
    """Shows whole items as lines, or as JSON lines; what is being written is not shown before.

    Raises `OutputGone`, and `OSError` where the output takes nothing else.
    """

    def __init__(self, besides: frozenset[Kind] = BESIDES, *, as_json: bool = False) -> None:
        self._besides = besides
        self._as_json = as_json
        self._pen = trio.Lock()

    async def show(self, item: Item) -> None:
        """One item, below the others. The user's own words are there already."""
        if item.kind == "own":
            return
        if self._as_json and item.machine.get("type") != "told":
            await self._write(sys.stdout.fileno(), as_json(item.machine))
        else:
            aside = self._as_json or item.kind in self._besides
            out = sys.stderr if aside else sys.stdout
            encoding = out.encoding or "utf-8"
            await self._write(out.fileno(), (plain(item) + "\n").encode(encoding, "replace"))

    async def grow(self, item: Item | None) -> None:
        """Not shown."""

    async def settle(self, item: Item) -> None:
        """The answer, whole."""
        await self.show(item)

    async def status(self, text: str) -> None:
        """Not shown: nothing that is written here could be taken back."""

    def place(self, place: Place) -> None:
        """Not shown."""

    async def _write(self, number: int, data: bytes) -> None:
        # In a thread, for a pipe may be full, and one at a time, in order.
        async with self._pen:
            try:
                await trio.to_thread.run_sync(_write_all, number, data, abandon_on_cancel=True)
            except BrokenPipeError:
                raise OutputGone from None


def _write_all(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]


def as_json(machine: Mapping[str, Any]) -> bytes:
    """One line of ASCII: nothing in it can give a terminal orders, whatever was written."""
    return json.dumps(machine).encode() + b"\n"


async def lines_of(number: int) -> AsyncGenerator[str, None]:
    """The lines that a file descriptor gives, without their ends, as UTF-8 (else U+FFFD).

    A line beyond `LONGEST` is cut into several. Cancelled, a read that waits is
    given up, and what it may still get is lost.
    """
    waiting = b""
    while True:
        piece = await trio.to_thread.run_sync(os.read, number, _PIECE, abandon_on_cancel=True)
        *whole, waiting = (waiting + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if waiting and (not piece or len(waiting) > LONGEST):
            yield waiting.decode("utf-8", "replace")
            waiting = b""
        if not piece:
            return
