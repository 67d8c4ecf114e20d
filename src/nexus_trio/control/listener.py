"""The server's side of the control socket: bounded, and contained.

Nothing that comes over it can end the hub. A connection is one task: it has
some seconds for its request, gets its reply part by part, and is closed. Who
comes when all places are taken is told so at once.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import trio

from nexus_trio.control.desk import Desk, answer
from nexus_trio.control.place import listening
from nexus_trio.control.protocol import (
    DONE,
    HELLO,
    REQUEST_BYTES,
    Part,
    failure,
    parse_request,
    part_line,
)
from nexus_trio.errors import InvalidRequest, NexusError, RateLimited
from nexus_trio.runtime.crash import log_crash

log = logging.getLogger("nexus_trio")

CONNECTIONS: Final = 8
"""At once: an operator has a few terminals, and each reads one page at a time."""

REQUEST_S: Final = 5.0
"""A program sends its request at once; what is silent for this long is none."""

STALLED_S: Final = 600.0
"""How long a reader may take nothing: someone pages through a list, and is called away."""

CHUNK: Final = 16 * 1024
"""Bytes in one write. Behind each the other tasks have their turn."""

PAUSE_S: Final = 0.005
"""Between two pages. An export is in no hurry, and those who talk meanwhile are: beside one of
100,000 turns a reply took 4 to 5 ms at p50 with this pause and 16 to 21 without, the export
itself no longer."""


@asynccontextmanager
async def serve_control(folder: Path, desk: Desk) -> AsyncIterator[None]:
    """Answer an operator's commands over the folder's control socket, until the context ends.

    To be opened by whoever holds the folder's lock. Replies that are under way
    are cut at the end. Raises `SettingsError` where the socket can't be made.
    """
    with listening(folder) as sock:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_serve, sock, desk)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()


async def _serve(sock: socket.socket, desk: Desk) -> None:
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
    try:
        await trio.serve_listeners(_Counter(desk).serve, [listener])
    except* Exception as crash:  # noqa: BLE001 - contained: the hub lives on without it
        log_crash("the control socket broke and takes no more commands", crash)


class _Counter:
    """Serves connections, a bounded number at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._taken = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection. Whoever called closes the stream."""
        try:
            if self._taken >= CONNECTIONS:
                busy = RateLimited(f"{CONNECTIONS} commands are running; try again in a moment")
                await _send(stream, [failure(busy)])
                return
            self._taken += 1
            try:
                await self._answer(stream)
            finally:
                self._taken -= 1
        except* trio.BrokenResourceError:
            pass  # the command has gone; nobody is left to tell
        except* Exception as crash:  # noqa: BLE001 - one connection is contained here
            log_crash("a command over the control socket broke", crash)

    async def _answer(self, stream: trio.SocketStream) -> None:
        try:
            request = parse_request(await _line(stream))
            await _send(stream, [HELLO])
            await answer(self._desk, request, partial(_tell, stream))
        except NexusError as error:
            await _send(stream, [failure(error)])
        else:
            await _send(stream, [DONE])


async def _line(stream: trio.SocketStream) -> bytes:
    """The one line of a request. Raises `InvalidRequest` for a silent, a long or a torn one."""
    found = b""
    with trio.move_on_after(REQUEST_S):
        while b"\n" not in found:
            piece = await stream.receive_some(REQUEST_BYTES + 1 - len(found))
            found += piece
            if not piece or len(found) > REQUEST_BYTES:
                raise InvalidRequest(f"a request is one line of at most {REQUEST_BYTES} bytes")
        asked, _, rest = found.partition(b"\n")
        if rest:
            raise InvalidRequest("a connection is for one request")
        return asked
    raise InvalidRequest(f"no request came within {REQUEST_S:.0f} seconds")


async def _tell(stream: trio.SocketStream, page: Sequence[Part]) -> None:
    await _send(stream, page)
    await trio.sleep(PAUSE_S)


async def _send(stream: trio.SocketStream, parts: Sequence[Part]) -> None:
    """Send parts, some at a time. Raises `BrokenResourceError` where nobody takes them."""
    ready = b""
    for part in parts:
        ready += part_line(part)
        if len(ready) >= CHUNK:
            await _write(stream, ready)
            ready = b""
    if ready:
        await _write(stream, ready)


async def _write(stream: trio.SocketStream, data: bytes) -> None:
    with trio.move_on_after(STALLED_S):
        await stream.send_all(data)
        return
    log.warning("a command read nothing for %.0f s; its connection was closed", STALLED_S)
    raise trio.BrokenResourceError("the reader is stalled")
