"""A client without a server: turns and events are told by the test, and a view that keeps all."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio

from nexus_trio.client import (
    BridgeError,
    CrisisView,
    Ended,
    Event,
    Part,
    Position,
    Reply,
    RoomCount,
    RoomView,
    Spoken,
    Statistics,
)
from nexus_trio.terminal.items import Item
from nexus_trio.terminal.painting import plain
from nexus_trio.terminal.view import Place

CALM = CrisisView()
HELP = CrisisView("crisis", True, 1, "Call 988.")


def at(offset: int) -> Position:
    return Position("e", offset)


def reply(text: str, offset: int = 2, crisis: CrisisView = CALM, **more: Any) -> Reply:
    values = {
        "user_id": "ada",
        "session_id": "s",
        "room": "Tower",
        "turn": 1,
        "session_messages": 1,
    }
    return Reply(response=text, crisis=crisis, position=at(offset), **values | more)


class FakeTurn:
    """Told from outside: `tell` parts, then `end` with a reply or an error."""

    def __init__(self) -> None:
        self.reply: Reply | None = None
        self.stopped = False
        self._send, self._receive = trio.open_memory_channel[Part | Exception | None](math.inf)

    def tell(self, *parts: Part) -> None:
        for part in parts:
            self._send.send_nowait(part)

    def end(self, outcome: Reply | Exception) -> None:
        if isinstance(outcome, Reply):
            self.reply = outcome
            self._send.send_nowait(None)
        else:
            self._send.send_nowait(outcome)

    def __aiter__(self) -> FakeTurn:
        return self

    async def __anext__(self) -> Part:
        part = await self._receive.receive()
        if part is None:
            raise StopAsyncIteration
        if isinstance(part, Exception):
            raise part
        return part

    async def stop(self) -> None:
        await trio.lowlevel.checkpoint()
        self.stopped = True
        self.end(BridgeError("aborted", "the turn was stopped", position=at(2)))


class FakeClient:
    """Each message opens a `FakeTurn`, found in `turns`."""

    def __init__(self) -> None:
        self.turns: list[FakeTurn] = []
        self.asked: list[str] = []
        self.went: list[str] = []
        self.acked: list[Position] = []
        self.wrong: Exception | None = None
        self.unread: Exception | None = None
        self.spoken = Spoken(at(1), CALM)
        self._send, self._receive = trio.open_memory_channel[Event | Ended](math.inf)

    def happen(self, *events: Event | Ended) -> None:
        for event in events:
            self._send.send_nowait(event)

    def statistics(self) -> Statistics:
        return Statistics(1, 1, 0, self._receive.statistics().current_buffer_used, 0)

    def events(self) -> FakeClient:
        return self

    def __aiter__(self) -> FakeClient:
        return self

    async def __anext__(self) -> Event:
        event = await self._receive.receive()
        if isinstance(event, Ended):
            raise event
        return event

    @asynccontextmanager
    async def stream(self, message: str) -> AsyncIterator[FakeTurn]:
        await self._checked()
        self.asked.append(message)
        self.turns.append(FakeTurn())
        yield self.turns[-1]

    async def rooms(self) -> tuple[RoomCount, ...]:
        await self._checked()
        if self.unread is not None:
            raise self.unread
        return (RoomCount("Tower", "The Tower", 1), RoomCount("Garden", "The Garden", 0))

    async def look(self) -> RoomView:
        await self._checked()
        room = self.went[-1] if self.went else "Tower"
        persona = {"Tower": "Iris", "Garden": "Moss"}[room]
        return RoomView(room, f"The {room}", "Walls.", {}, at(0), ("ada", "bob"), persona)

    async def go(self, room: str) -> RoomView:
        await self._checked()
        self.went.append(room)
        return await self.look()

    async def say(self, text: str) -> Spoken:
        await self._checked()
        return self.spoken

    async def ack(self, position: Position) -> None:
        await self._checked()
        self.acked.append(position)

    async def _checked(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.wrong is not None:
            raise self.wrong


class Kept:
    """A view that keeps what it is told. `shown` are the lines that stay."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.growing: Item | None = None
        self.grew: list[str] = []
        self.waits = ""
        self.at = Place("")
        self._changed = trio.Event()

    @property
    def shown(self) -> list[str]:
        return [plain(item).strip() for item in self.items]

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(60):
            while not condition():
                await self._changed.wait()

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def show(self, item: Item) -> None:
        await trio.lowlevel.checkpoint()
        self.items.append(item)
        self._change()

    async def grow(self, item: Item | None) -> None:
        await trio.lowlevel.checkpoint()
        self.growing = item
        if item is not None:
            self.grew.append(item.text)
        self._change()

    async def settle(self, item: Item) -> None:
        self.growing = None
        await self.show(item)

    async def status(self, text: str) -> None:
        await trio.lowlevel.checkpoint()
        self.waits = text
        self._change()

    def place(self, place: Place) -> None:
        self.at = place
        self._change()
