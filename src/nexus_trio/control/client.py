"""The command's side of the control socket."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import trio

from nexus_trio.control.place import SOCKET, address
from nexus_trio.control.protocol import Request, Tell, parse_part, request_line
from nexus_trio.errors import InvalidRequest, NexusError, SettingsError

HELLO_S: Final = 10.0
"""A server that lives says so at once, even when its disk hangs."""

SILENCE_S: Final = 300.0
"""Between two parts; behind the longest that an erasure may take."""

LINE: Final = 64 << 20
"""Bytes of the longest part: far beyond the longest reply, so that a fault is not a flood."""

_NOBODY: Final = (FileNotFoundError, ConnectionRefusedError)
"""No server has been here, or it was killed and left its socket behind."""

_ERRORS: Final = {kind.code: kind for kind in NexusError.__subclasses__()}


async def ask_server(folder: Path, request: Request, tell: Tell) -> bool:
    """Ask the server of `folder` and tell the parts of its reply; False where none listens.

    Raises the `NexusError` that the server answered with, and `SettingsError`
    where the socket can't be used or the reply was cut.
    """
    stream = await _connect(folder)
    if stream is None:
        return False
    async with stream:
        # Refused before it was read, it breaks: the reply says why.
        with suppress(trio.BrokenResourceError):
            await stream.send_all(request_line(request))
        await _hear(stream, tell)
    return True


async def _connect(folder: Path) -> trio.SocketStream | None:
    """A connection with the server of the folder; None where nobody listens."""
    try:
        with address(folder) as path:
            return await trio.open_unix_socket(path)
    except _NOBODY:
        return None
    except OSError as error:
        raise SettingsError(
            f"can't use {folder / SOCKET}: {error.strerror or error}; "
            "run this as the user that the server runs as"
        ) from None


async def _hear(stream: trio.SocketStream, tell: Tell) -> None:
    """Tell all parts up to the end. Raises what the end says."""
    rest, wait = b"", HELLO_S
    while True:
        piece = await _receive(stream, wait)
        *lines, rest = (rest + piece).split(b"\n")
        if not piece or len(rest) > LINE:
            raise SettingsError("the server went away before its answer was whole; ask again")
        try:
            parts = [parse_part(line) for line in lines]
        except InvalidRequest:
            raise SettingsError(
                "the server's answer can't be read; use the commands of the version that it has"
            ) from None
        if parts:
            wait = SILENCE_S
        await tell([part for part in parts if part[0] not in ("hello", "end")])
        for name, value in parts:
            if name == "end":
                _judge(value)
                return


async def _receive(stream: trio.SocketStream, wait: float) -> bytes:
    with trio.move_on_after(wait):
        try:
            return bytes(await stream.receive_some())
        except trio.BrokenResourceError:
            return b""
    raise SettingsError("the server does not answer; see whether it is well, then ask again")


def _judge(end: dict[str, object]) -> None:
    if end.get("ok") is not True:
        kind = _ERRORS.get(str(end.get("code")), NexusError)
        raise kind(str(end.get("detail")))
