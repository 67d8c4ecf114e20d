"""A plain client of the control socket, which sends whatever it is told to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio

from nexus_trio.control.listener import serve_control
from nexus_trio.control.protocol import Part
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.hubs import open_fake_hub

LIST = b'{"control":1,"do":"list"}\n'


@asynccontextmanager
async def open_control(folder: Path, *given: Any, **settings: Any) -> AsyncIterator[Hub]:
    """A hub over stand-ins with a control socket in `folder`; the rest as `open_fake_hub`."""
    async with open_fake_hub(*given, **settings) as hub, serve_control(folder, hub):
        yield hub


async def connect(folder: Path) -> trio.SocketStream:
    return await trio.open_unix_socket(folder / "control.sock")


async def rest_of(stream: trio.SocketStream) -> list[Part]:
    """What comes until the server closes."""
    data = b""
    # Closed with our bytes unread, it breaks: what came before counts.
    with suppress(trio.BrokenResourceError):
        while piece := await stream.receive_some():
            data += piece
    return parts(data)


def parts(data: bytes) -> list[Part]:
    """The whole lines in `data`; a torn one at its end is none."""
    return [part for line in data.split(b"\n")[:-1] for part in json.loads(line).items()]


async def ask(folder: Path, sent: bytes, *, end: bool = False) -> list[Part]:
    """Send bytes as they are; the parts of the reply."""
    async with await connect(folder) as stream:
        await stream.send_all(sent)
        if end:
            await stream.send_eof()
        return await rest_of(stream)


class Heard:
    """Takes the parts of a reply."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.sizes: list[int] = []

    async def take(self, parts: Sequence[Part]) -> None:
        self.parts += parts
        self.sizes.append(len(parts))

    def named(self, name: str) -> list[dict[str, Any]]:
        return [value for kind, value in self.parts if kind == name]
