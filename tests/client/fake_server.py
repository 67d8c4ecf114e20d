"""A server that does what a test says, in memory: one script for each connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio.testing import memory_stream_pair
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from nexus_trio.client import Client, Timing
from nexus_trio.client.address import parse_address
from nexus_trio.client.connect import hold
from nexus_trio.client.core import Core
from nexus_trio.client.link import Fell, Way
from nexus_trio.model.envelope import Position

GUARD = 5_000.0
"""Seconds, of virtual time, after which something that hangs counts as failed."""

WELCOME: dict[str, Any] = {
    "type": "welcome", "session_id": "s", "room": "Tower",
    "position": "e:0", "room_position": "r:0", "recovered": True,
}  # fmt: skip
CALM = {"level": "none", "detected": False, "turns": 0, "notice": None, "resources": []}


def reply(ref: str | None, text: str, turn: int = 1, **more: Any) -> dict[str, Any]:
    """A reply frame."""
    return {
        "type": "reply", "ref": ref, "user_id": "ada", "session_id": "s", "room": "Tower",
        "turn": turn, "response": text, "crisis": CALM, "notices": [],
        "session_messages": turn, "position": f"e:{turn}", **more,
    }  # fmt: skip


def delta(ref: str | None, seq: int, text: str, turn: int = 1, **more: Any) -> dict[str, Any]:
    """A delta frame."""
    return {"type": "delta", "ref": ref, "seq": seq, "text": text, "turn": turn, **more}


def said(text: str, offset: int, user: str = "bob", epoch: str = "r") -> dict[str, Any]:
    """A room frame."""
    return {
        "type": "room", "room": "Tower", "position": f"{epoch}:{offset}", "event": "said",
        "user_id": user, "username": user, "text": text,
    }  # fmt: skip


def notice(offset: int, text: str = "Call 988.") -> dict[str, Any]:
    """A crisis notice."""
    return {
        "type": "notice", "kind": "crisis", "text": text, "resources": [],
        "position": f"e:{offset}",
    }  # fmt: skip


def refusal(ref: str | None, code: str, **more: Any) -> dict[str, Any]:
    """An error frame."""
    return {"type": "error", "ref": ref, "code": code, "detail": "no", "retry": False, **more}


class Peer:
    """The server's end of one connection."""

    def __init__(self, stream: trio.StapledStream[Any, Any], number: int) -> None:
        self.stream = stream
        self.number = number
        self.pings = 0
        self.hello: dict[str, Any] = {}
        # Whether it answers pings, of WebSocket and of nexus.v1.
        self.lively = True
        self._proto = WSConnection(ConnectionType.SERVER)
        self._events: list[Any] = []

    async def _event(self) -> Any:
        while not self._events:
            data = await self.stream.receive_some(65536)
            self._proto.receive_data(bytes(data) or None)
            self._events.extend(self._proto.events())
        return self._events.pop(0)

    async def put(self, event: Any) -> None:
        await self.stream.send_all(self._proto.send(event))

    async def accept(self, subprotocol: str | None = "nexus.v1") -> None:
        """Take the upgrade."""
        assert isinstance(await self._event(), Request)
        await self.put(AcceptConnection(subprotocol=subprotocol))

    async def reject(self, status: int) -> None:
        """Refuse the upgrade."""
        assert isinstance(await self._event(), Request)
        await self.put(RejectConnection(status_code=status, headers=[]))

    async def welcome(self, **more: Any) -> None:
        """Take the upgrade and the hello."""
        await self.accept()
        self.hello = await self.receive()
        assert self.hello["type"] == "hello"
        await self.send({**WELCOME, **more})

    async def send(self, *frames: dict[str, Any]) -> None:
        for frame in frames:
            await self.text(json.dumps(frame))

    async def text(self, text: str) -> None:
        await self.put(TextMessage(data=text))

    async def receive(self) -> dict[str, Any]:
        """The next frame; pings are answered on the way."""
        while True:
            event = await self._event()
            if isinstance(event, CloseConnection):
                raise EOFError
            if isinstance(event, Ping):
                self.pings += 1
                if self.lively:
                    await self.put(event.response())
                continue
            frame: dict[str, Any] = json.loads(event.data)
            if frame["type"] == "ping":
                if self.lively:
                    await self.send({"type": "pong", "ref": frame["ref"]})
                continue
            return frame

    async def until(self, kind: str) -> dict[str, Any]:
        while (frame := await self.receive())["type"] != kind:
            pass
        return frame

    async def bye(self, code: int, again: bool) -> None:
        await self.send({"type": "bye", "code": code, "detail": "farewell", "reconnect": again})
        await self.close(code)

    async def close(self, code: int) -> None:
        await self.put(CloseConnection(code=code))

    async def quiet(self) -> None:
        """Answer pings and nothing else, until the client goes."""
        try:
            while True:
                await self.receive()
        except EOFError:
            pass


Script = Callable[[Peer], Awaitable[None]]


class FakeServer:
    """`scripts`, one for each connection; the last one serves all that follow."""

    def __init__(self, nursery: trio.Nursery, *scripts: Script) -> None:
        self.peers: list[Peer] = []
        self.dialled: list[float] = []
        self._nursery = nursery
        self._scripts = scripts

    async def dial(self, way: Way) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        self.dialled.append(trio.current_time())
        ours, theirs = memory_stream_pair()
        peer = Peer(theirs, len(self.peers))
        self.peers.append(peer)
        script = self._scripts[min(peer.number, len(self._scripts) - 1)]
        self._nursery.start_soon(self._serve, script, peer)
        return ours

    async def _serve(self, script: Script, peer: Peer) -> None:
        try:
            await script(peer)
        except (EOFError, trio.BrokenResourceError, trio.ClosedResourceError, ProtocolError):
            pass
        finally:
            await trio.aclose_forcefully(peer.stream)


async def nobody(way: Way) -> trio.abc.Stream:
    """Nobody listens."""
    await trio.lowlevel.checkpoint()
    raise Fell("nobody answers")


@asynccontextmanager
async def faked(
    *scripts: Script, after: Position | None = None, room: str | None = None, **timing: float
) -> AsyncIterator[tuple[Client, FakeServer]]:
    """A client of a server that follows `scripts`."""
    hello = {"user_id": "ada"} | ({} if room is None else {"room": room})
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        server = FakeServer(nursery, *scripts)
        way = Way(parse_address("http://fake"), Timing(**timing), dial=server.dial)
        try:
            with trio.fail_after(GUARD):
                async with hold(Core(hello, after, None), way, "ada") as client:
                    yield client, server
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - raised below, in no group
            raised = error
        nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised
