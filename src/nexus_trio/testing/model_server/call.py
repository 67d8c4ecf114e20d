"""One call to the model server, and the bytes that answer it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import trio

_ORDER: Final = re.compile(r"!(\w+)=(\S+)\s*")
"""How a message says what is to be done with it: `hello !mode=cut !words=20`."""


@dataclass
class Record:
    """What is kept of a call. Times are of `time.monotonic`, which all processes share.

    `closed` is when the caller's side of the socket was seen to be closed while
    the call was on; `ended`: `whole`, `gone` (the caller went), or None as yet.
    """

    number: int
    connection: int
    message: str
    began: float
    headers: dict[str, str]
    body: dict[str, Any]
    closed: float | None = None
    ended: str | None = None


@dataclass
class Call:
    """A call as a mode sees it: what was asked, and ways to answer.

    `release` is set when whatever hangs may go on; `earlier` counts the calls
    with the same message before this one.
    """

    record: Record
    stream: trio.abc.Stream
    orders: Mapping[str, str]
    release: trio.Event
    earlier: int
    keep: bool = True
    chunked: bool = field(default=False)

    @property
    def text(self) -> str:
        """The user's message without the orders in it."""
        return _ORDER.sub("", self.record.message).strip()

    def number(self, name: str, default: float) -> float:
        """An order that is a number."""
        return float(self.orders.get(name, default))

    def words(self) -> list[str]:
        """The reply: an echo of the message, so that it carries its caller's own words."""
        own = self.text.split() or ["nothing"]
        count = int(self.number("words", len(own)))
        if not count:
            return []
        return ["echo", *(f" {own[number % len(own)]}" for number in range(count))]

    async def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self.stream.send_all(data)

    async def head(
        self, status: int = 200, kind: str = "text/event-stream", **headers: str
    ) -> None:
        """Send a head; what follows is chunked."""
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += ["Transfer-Encoding: chunked", "", ""]
        self.chunked = True
        await self.raw("\r\n".join(lines).encode())

    async def piece(self, data: bytes) -> None:
        """Send a piece of the content."""
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def event(self, **fields: Any) -> None:
        """Send one event with these fields as its data."""
        await self.piece(b"data: %b\n\n" % json.dumps(fields).encode())

    async def delta(self, ended: str | None = None, **delta: Any) -> None:
        """Send one chunk of a completion."""
        choice = {"index": 0, "delta": delta, "finish_reason": ended}
        await self.event(id="x", object="chat.completion.chunk", model="m", choices=[choice])

    async def end(self) -> None:
        """End the content."""
        await self.raw(b"0\r\n\r\n")

    async def whole(self, status: int, kind: str, data: bytes, **headers: str) -> None:
        """Send a whole answer at once."""
        await self.head(status, kind, **headers)
        await self.piece(data)
        await self.end()


def orders_in(message: str, defaults: Mapping[str, str]) -> dict[str, str]:
    """The orders in a message, over those that hold for all."""
    return {**defaults, **dict(_ORDER.findall(message))}


def record_of(number: int, connection: int, headers: dict[str, str], body: Any) -> Record:
    """The record of a call that begins now."""
    told = body.get("messages") or [{}]
    message = str(told[-1].get("content", ""))
    return Record(number, connection, message, time.monotonic(), headers, body)
