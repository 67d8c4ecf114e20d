"""Clients: tasks of the schedule that send raw bytes and keep everything that they get.

A client judges nothing. It sends in pieces, waits or does not, stops reading,
goes away in one of four manners, and writes down what came and when.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import trio
from sim_pipe import End
from sim_plan import Life, Op, frame, request
from sim_wire import CLOSE, PING, PONG, TEXT, Answer, FrameReader, HttpReader, events, masked

UPGRADE = (
    "GET /bridge/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "X-Sim: {user}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: nexus.v1\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(b'0123456789abcdef').decode()}\r\n\r\n"
)

LAST = {
    "chat": ("reply", "error"),
    "say": ("done", "error"),
    "go": ("occupants", "error"),
    "look": ("occupants", "error"),
    "stop": ("done", "error"),
    "ack": ("done", "error"),
    "ping": ("pong", "error"),
    "bad": ("error",),
}
"""What ends each operation on a WebSocket."""


@dataclass
class Call:
    """One operation as it went: `tick` orders everything that was seen, `at` is virtual time."""

    op: Op
    life: str
    tick: int
    at: float
    ended: int = 0
    ended_at: float = 0.0
    answer: Answer | None = None  # over HTTP
    last: list[dict[str, Any]] = field(default_factory=list)  # over a WebSocket
    cut: bool = False  # the connection ended before


@dataclass
class Seen:
    """One frame or event, and when it came."""

    tick: int
    at: float
    frame: dict[str, Any]


@dataclass
class Talk:
    """One connection as its client saw it."""

    life: Life
    after: str | None = None
    room_after: str | None = None
    raw: bytearray = field(default_factory=bytearray)
    frames: list[Seen] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    begun: int = 0
    ended: int = 0
    code: int | None = None
    pinged: int = 0
    unasked: str | None = None
    deaf_from: int | None = None  # bytes that had come when it stopped reading
    left: bool = False  # its client was the first to go

    @property
    def welcome(self) -> dict[str, Any] | None:
        return next((s.frame for s in self.frames if s.frame["type"] == "welcome"), None)

    def positions(self) -> tuple[str | None, str | None]:
        """How far its client has read both streams."""
        hello = self.welcome
        if hello is None:
            return self.after, self.room_after
        own, room = hello["position"], hello["room_position"]
        for seen in self.frames:
            kind, position = seen.frame["type"], seen.frame.get("position")
            if kind == "room":
                room = position
            elif kind in ("reply", "error", "notice") and "command" not in seen.frame:
                own = max(own, position or own, key=_offset)
        return own, room


def _offset(position: str) -> int:
    return int(position.split(":")[1])


class World:
    """What clients share: the way in, the order of things, and what an operator may do."""

    def __init__(self, connect: Callable[[int], End], operate: Callable[[str], None]) -> None:
        self.connect = connect
        self.operate = operate
        self.ticks = 0
        self.seen_at = 0.0  # the virtual time of the last of them
        self.calls: list[Call] = []
        self.talks: dict[str, Talk] = {}
        self.over: dict[str, trio.Event] = {}

    def tick(self) -> int:
        self.ticks += 1
        self.seen_at = trio.current_time()
        return self.ticks


class Client:
    """One life, from its connection to its end."""

    def __init__(self, world: World, life: Life) -> None:
        self.world = world
        self.life = life
        self.talk = world.talks[life.name] = Talk(life)
        world.over[life.name] = trio.Event()
        self._end: End
        self._pending: list[Call] = []
        self._news = trio.Event()
        self._over = False
        self._hears = trio.Event()
        self._hears.set()
        self._writing = trio.Lock()
        self._read: Callable[[bytes], list[tuple[int, bytes]]]

    async def run(self) -> None:
        """Live it. Whatever becomes of the connection is written down and raises nothing."""
        life, world = self.life, self.world
        try:
            if life.after in world.over:
                await world.over[life.after].wait()
            if life.kind == "operator":
                await self._operate()
                return
            self._end = world.connect(life.capacity)
            self.talk.begun = world.tick()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._listen)
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self._do()
                await self._until(lambda: self._over)
                nursery.cancel_scope.cancel()
        finally:
            world.over[life.name].set()

    # --- what it does ---

    async def _operate(self) -> None:
        for op in self.life.ops:
            if op.kind == "pause":
                await trio.sleep(op.seconds)
            elif op.kind == "yield":
                await trio.lowlevel.checkpoint()
            else:
                self.world.operate(op.kind)

    async def _do(self) -> None:
        if self.life.kind == "ws" and not await self._open():
            return
        if self.life.kind == "sse":
            await self._follow()
        for op in self.life.ops:
            if self._over and op.kind != "pause":  # which puts off whoever comes after it
                return
            await MANNERS.get(op.kind, Client._call)(self, op)
        if not self.talk.left:
            await self._close(self.life.ops[-1] if self.life.ops else Op("close", 0, "-"))

    async def _call(self, op: Op) -> None:
        call = Call(op, self.life.name, self.world.tick(), trio.current_time())
        self.world.calls.append(call)
        self._pending.append(call)
        if self.life.kind == "ws":
            target = f"m{self._target(op)}"
            await self._send(masked(TEXT, frame(op, target, self._seen()).encode()))
        else:
            await self._send(request(op))
        if op.wait:
            await self._until(lambda: call.ended > 0)

    def _target(self, op: Op) -> int:
        """What a stop is for: the newest message before it."""
        return max((o.n for o in self.life.ops if o.kind == "chat" and o.n < op.n), default=0)

    def _seen(self) -> str:
        return self.talk.positions()[0] or "none:0"

    async def _send(self, data: bytes) -> None:
        async with self._turn_to_write():
            for size in self.life.pieces:
                piece, data = data[:size], data[size:]
                await self._end.send_all(piece)
            await self._end.send_all(data)

    @asynccontextmanager
    async def _turn_to_write(self) -> AsyncIterator[None]:
        """Without a step where nobody else writes, for then there is nothing to choose."""
        try:
            self._writing.acquire_nowait()
        except trio.WouldBlock:
            await self._writing.acquire()
        try:
            yield
        finally:
            self._writing.release()

    async def _until(self, done: Callable[[], bool]) -> None:
        while not (done() or self._over):
            await self._news.wait()

    def __repr__(self) -> str:
        return f"{self.life.name} waits for {[call.op for call in self._pending]}"

    async def _open(self) -> bool:
        life = self.life
        self._resume()
        await self._send(UPGRADE.format(user=life.user).encode())
        hello: dict[str, Any] = {"type": "hello", "user_id": life.user}
        hello |= {} if self.talk.after is None else {"after": self.talk.after}
        hello |= {} if self.talk.room_after is None else {"room_after": self.talk.room_after}
        await self._until(lambda: bool(self.talk.answers))
        await self._send(masked(TEXT, json.dumps(hello).encode()))
        if life.early:
            return True
        await self._until(lambda: self.talk.welcome is not None)
        return self.talk.welcome is not None

    def _resume(self) -> None:
        before = self.world.talks.get(self.life.after or "")
        if self.life.resume and before is not None:
            self.talk.after, self.talk.room_after = before.positions()

    async def _follow(self) -> None:
        self._resume()
        last = f"{self.talk.after},{self.talk.room_after or ''}"
        resume = f"Last-Event-ID: {last}\r\n" if self.talk.after else ""
        head = f"GET /bridge/events?user_id={self.life.user} HTTP/1.1\r\nHost: localhost\r\n"
        await self._send(f"{head}X-Sim: {self.life.user}\r\n{resume}\r\n".encode())
        await self._until(lambda: bool(self.talk.welcome or self.talk.answers))

    # --- how it goes away, and what else it does to its connection ---

    async def _pause(self, op: Op) -> None:
        await trio.sleep(op.seconds)

    async def _yield(self, op: Op) -> None:
        """Do nothing for so many steps."""
        for _ in range(int(op.seconds)):
            await trio.lowlevel.checkpoint()

    async def _close(self, op: Op) -> None:
        """When all is answered; a WebSocket says so first."""
        await self._until(lambda: not self._pending)
        self.talk.left = True
        if self.life.kind == "ws" and not self._over:
            await self._send(masked(CLOSE, b"\x03\xe8"))
            await self._until(lambda: self._over)
        self._leave()

    async def _wsping(self, op: Op) -> None:
        """Ask whether the server is there, as the protocol has it, and do not wait."""
        await self._send(masked(PING, b"there?"))

    async def _reset(self, op: Op) -> None:
        await trio.sleep(op.seconds)
        self.talk.left = True
        self._end.reset()
        self._gone()

    async def _half(self, op: Op) -> None:
        """Half a request or a frame, and then nothing; a reset after a while."""
        again = Op("chat", op.n, op.user)
        data = request(again) if self.life.kind == "http" else masked(TEXT, b'{"type":"ping"}')
        await self._send(data[: len(data) // 2])
        await self._reset(op)

    async def _halfclose(self, op: Op) -> None:
        """Say no more, and read to the end."""
        self.talk.left = True
        self._end.half_close()
        await self._until(lambda: self._over)
        self._leave()

    async def _deaf(self, op: Op) -> None:
        """Read nothing for a while, then all that is there."""
        self._hears = trio.Event()
        self.talk.deaf_from = len(self.talk.raw)
        await trio.sleep(op.seconds)
        self._hears.set()
        await self._close(op)

    def _leave(self) -> None:
        self._end.close()
        self._gone()

    def _gone(self) -> None:
        if self._over:
            return
        self._over = True
        self.talk.ended = self.world.tick()
        for call in self._pending:
            call.cut, call.ended, call.ended_at = True, self.talk.ended, trio.current_time()
        self._pending.clear()
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    # --- what it gets ---

    async def _listen(self) -> None:
        self._http, self._ws = HttpReader(), FrameReader()
        self._upgraded = False
        while not self._over:
            if not self._hears.is_set():
                await self._hears.wait()
            try:
                data = await self._end.receive_some()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not self._hears.is_set():
                await self._hears.wait()
            if not data:
                self._gone()
                return
            self.talk.raw += data
            if self._over:  # it went while these bytes were on their way to it
                return
            try:
                await self._take(data)
            except (AssertionError, ValueError) as error:
                self.talk.unasked = str(error)
            self._tell()

    async def _take(self, data: bytes) -> None:
        if self._upgraded:
            await self._take_frames(data)
            return
        for answer in self._http.feed(data):
            self.talk.answers.append(answer)
            if self.life.kind == "ws":
                self._upgraded = answer.status == 101
                await self._take_frames(self._http.rest())
                return
            self._answered(answer)
        if self.life.kind == "sse" and self._http.answer is not None:
            for each in events(self._http.answer.body)[len(self.talk.frames) :]:
                self._saw(each)

    def _answered(self, answer: Answer) -> None:
        if self.life.kind == "sse":
            for each in events(answer.body)[len(self.talk.frames) :]:
                self._saw(each)
            self._leave()
            return
        assert self._pending, "an answer that nobody asked for"
        call = self._pending.pop(0)
        call.answer, call.ended, call.ended_at = answer, self.world.tick(), trio.current_time()

    def _saw(self, frame: dict[str, Any]) -> None:
        self.talk.frames.append(Seen(self.world.tick(), trio.current_time(), frame))

    async def _take_frames(self, data: bytes) -> None:
        for opcode, payload in self._ws.feed(data):
            if opcode == TEXT:
                got = json.loads(payload)
                self._saw(got)
                self._settled(got)
            elif opcode == CLOSE:
                self.talk.code = int.from_bytes(payload[:2], "big") if payload else 1005
                self._leave()
                return
            elif opcode == PING and not self.talk.left:
                self.talk.pinged += 1
                with trio.move_on_after(1):
                    await self._send_pong(payload)

    async def _send_pong(self, payload: bytes) -> None:
        try:
            async with self._turn_to_write():
                await self._end.send_all(masked(PONG, payload))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    def _settled(self, got: dict[str, Any]) -> None:
        for call in self.world.calls:
            if call.life != self.life.name or got.get("ref") != f"m{call.op.n}":
                continue
            if got["type"] in LAST[call.op.kind]:
                call.last.append(got)
                if not call.ended:
                    call.ended, call.ended_at = self.world.tick(), trio.current_time()
                    self._pending.remove(call)


MANNERS: dict[str, Callable[[Client, Op], Awaitable[None]]] = {
    "pause": Client._pause,
    "yield": Client._yield,
    "wsping": Client._wsping,
    "close": Client._close,
    "reset": Client._reset,
    "half": Client._half,
    "halfclose": Client._halfclose,
    "deaf": Client._deaf,
}
"""What is no call: how a client treats its connection."""
