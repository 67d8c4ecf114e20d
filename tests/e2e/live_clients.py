"""Clients of the live wires over real sockets; every frame that they get is checked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httptools
import pytest
import trio
from bridge_process import GUARD, HERE, Bridge, bridge
from checked_frames import checked, parsed

from nexus_trio.experiment.socket import Socket, SocketClosed

_NUMBERS = count(1)

WISH = "I want to die"
LOW = "I feel hopeless"


class Talk(Socket):
    """A WebSocket whose frames are checked as they come."""

    welcome: dict[str, Any]

    async def receive(self) -> dict[str, Any]:
        return checked(json.dumps(await super().receive()))

    async def say_hello(self, user: str, **hello: str | None) -> dict[str, Any]:
        """The welcome."""
        await self.send(type="hello", user_id=user, **hello)
        self.welcome = (await self.until("welcome", "error", "bye"))[-1]
        return self.welcome

    async def turn(self, ref: str, message: str, **more: str) -> list[dict[str, Any]]:
        """One message, and all that comes up to its outcome."""
        await self.send(type="message", ref=ref, message=message, **more)
        return await self.outcome(ref)

    async def outcome(self, ref: str | None) -> list[dict[str, Any]]:
        """All that comes up to the outcome of the message with that ref."""
        got = await self.until("reply", "error")
        while got[-1]["ref"] != ref:
            got += await self.until("reply", "error")
        return got

    async def settled(self) -> list[dict[str, Any]]:
        """All that was on its way here."""
        await self.send(type="ping", ref="settled")
        return (await self.until("pong"))[:-1]

    async def ended(self) -> dict[str, Any]:
        """The goodbye; the close that follows has its code."""
        bye = (await self.until("bye"))[-1]
        with pytest.raises(SocketClosed) as closed:
            await self.receive()
        assert closed.value.code == bye["code"]
        return bye


@asynccontextmanager
async def connected(server: Bridge) -> AsyncIterator[Talk]:
    """A WebSocket that has said nothing yet; cut at the end, without a goodbye."""
    with trio.fail_after(GUARD):
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        async with Talk(stream, f"127.0.0.1:{server.port}") as ws:
            await ws.shake_hands()
            assert ws.subprotocol == "nexus.v1"
            yield ws


@asynccontextmanager
async def talking(server: Bridge, user: str, **hello: str | None) -> AsyncIterator[Talk]:
    """A WebSocket of `user`, welcomed, without what follows the welcome."""
    async with connected(server) as ws:
        assert (await ws.say_hello(user, **hello))["type"] == "welcome"
        yield ws


class Events:
    """An answer in events, as it comes."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._parser = httptools.HttpResponseParser(self)
        self._left = b""
        self.kind = b""
        self.over = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """As httptools calls it."""
        if name.lower() == b"content-type":
            self.kind = value

    def on_body(self, data: bytes) -> None:
        """As httptools calls it."""
        self._left += data

    def on_message_complete(self) -> None:
        """As httptools calls it."""
        self.over = True

    async def block(self) -> str | None:
        """The next event or comment as it came; None at the end."""
        while b"\n\n" not in self._left:
            assert self.kind in (b"", b"text/event-stream")
            if self.over:
                assert self._left == b""
                return None
            data = await self._stream.receive_some()
            assert data, "the answer was cut"
            self._parser.feed_data(data)
        block, _, self._left = self._left.partition(b"\n\n")
        return block.decode()

    async def event(self) -> dict[str, Any]:
        """The next frame; its `id` in it, where it has one. Comments are passed over."""
        while (block := await self.block()) is not None:
            if not block.startswith(":"):
                found = parsed(block)
                return {"id": found.get("id"), **json.loads(found["data"])}
        raise EOFError("the stream is over")

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The next events, up to and with the first one of these types."""
        got = [await self.event()]
        while got[-1]["type"] not in kinds:
            got.append(await self.event())
        return got

    async def problem(self) -> dict[str, Any]:
        """The problem document that came in place of events."""
        while not self.over:
            data = await self._stream.receive_some()
            assert data, "the answer was cut"
            self._parser.feed_data(data)
        found: dict[str, Any] = json.loads(self._left)
        assert found["status"] == self._parser.get_status_code()
        return found

    async def rest(self) -> list[dict[str, Any]]:
        """All events up to the end."""
        got = []
        try:
            while True:
                got.append(await self.event())
        except EOFError:
            return got


@asynccontextmanager
async def _asking(server: Bridge, head: str, body: bytes = b"") -> AsyncIterator[Events]:
    with trio.fail_after(GUARD):
        async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
            await stream.send_all(f"{head}\r\nHost: localhost\r\n".encode() + b"\r\n" + body)
            yield Events(stream)


@asynccontextmanager
async def following(
    server: Bridge, user: str, last: str | None = None, **query: str
) -> AsyncIterator[Events]:
    """The event stream of a user; `last` is its Last-Event-ID."""
    more = "".join(f"&{name}={value}" for name, value in query.items())
    head = f"GET /bridge/events?user_id={user}{more} HTTP/1.1"
    async with _asking(
        server, head if last is None else f"{head}\r\nLast-Event-ID: {last}"
    ) as came:
        yield came


@asynccontextmanager
async def streaming(server: Bridge, user: str, message: str, **more: str) -> AsyncIterator[Events]:
    """A chat answered in events."""
    body = json.dumps({"user_id": user, "message": message, **more}).encode()
    head = (
        "POST /bridge/chat HTTP/1.1\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}"
    )
    async with _asking(server, head, body) as came:
        yield came


def joined(frames: list[dict[str, Any]]) -> str:
    """The deltas of one turn as one text; they count from 0 without a gap."""
    pieces = [f for f in frames if f["type"] == "delta"]
    assert [f["seq"] for f in pieces] == list(range(len(pieces)))
    return "".join(f["text"] for f in pieces)


def offset(position: str) -> int:
    return int(position.partition(":")[2])


def epoch(position: str) -> str:
    return position.partition(":")[0]


@contextmanager
def moody(entry: str = "serve", log: Path | None = None, **how: Any) -> Iterator[Bridge]:
    """A server that obeys its messages (see `moody_bridge`); `wishes` as there."""
    wishes = {**how.pop("wishes", {}), **({} if log is None else {"log": str(log)})}
    program = (str(HERE / "moody_bridge.py"),)
    with bridge(
        entry, app="moody_bridge:app", program=program, MOODY=json.dumps(wishes), **how
    ) as server:
        yield server


def noted(log: Path, what: str, user: str) -> list[float]:
    """When that happened to that user in a moody server, on the monotonic clock."""
    lines = log.read_text().splitlines() if log.exists() else []
    notes = [json.loads(line) for line in lines]
    return [n["at"] for n in notes if (n["what"], n["user"]) == (what, user)]


async def until_noted(log: Path, what: str, user: str) -> float:
    """As `noted`, the first one, once it is there: a file has no event to wait for."""
    while not (found := noted(log, what, user)):  # noqa: ASYNC110 - see above
        await trio.sleep(0.005)
    return found[0]


async def until_gone(server: Bridge, user: str) -> None:
    """Return once the server has seen that no connection of the user is left."""
    with trio.fail_after(GUARD):
        path = f"/bridge/sessions/{user}"
        while server.call("GET", path)[1]["connections"]:  # noqa: ASYNC110 - nothing tells of it
            await trio.sleep(0.005)


def fresh(user: str) -> str:
    """A user of this name that no other test has."""
    return f"{user}-{next(_NUMBERS)}"


def ended_turns(server: Bridge, user: str) -> list[tuple[str, str, int]]:
    """The turns of a history: message, status and offset, and they are numbered from 1."""
    turns = server.call("GET", f"/bridge/sessions/{user}/history?limit=1000")[1]["turns"]
    assert [t["turn"] for t in turns] == list(range(1, len(turns) + 1))
    return [(t["message"], t["status"], offset(t["position"])) for t in turns]


def counted(server: Bridge, user: str) -> int:
    """The user messages stored in the session."""
    stored: int = server.call("GET", f"/bridge/sessions/{user}")[1]["session_messages"]
    return stored
