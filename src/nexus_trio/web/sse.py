"""Event streams (Server-Sent Events, HTML Living Standard section 9.2).

Two of them: the answer to a chat as it is made, and all that a user's
connection would be told. Each event is a frame of the WebSocket: its `type` is
the event's name, its JSON the data. `id` holds both positions, joined by a
comma, and comes back as `Last-Event-ID`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

import trio
from quart.wrappers.response import ResponseBody

from nexus_trio.errors import InvalidRequest, NexusError
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.connection import Connection, TurnStream
from nexus_trio.runtime.frames import Answered, Failed, Frame, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.web import live, problems
from nexus_trio.web.guard import Asgi, Receive, Send

PATH = "/bridge/events"

HEARTBEAT_S = 15.0
"""Silence after which a comment is sent: proxies cut what is silent for 30 s or more."""

HEARTBEAT = b":\n\n"

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    # Nginx would hold events back to fill its buffers.
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


def event(name: str, data: str, ident: str | None = None) -> bytes:
    """One event. `data` is JSON, which holds no line break outside of its escapes."""
    line = "" if ident is None else f"id: {ident}\n"
    return f"event: {name}\n{line}data: {data}\n\n".encode()


OPEN = "nexus_trio.turns"
"""Where a call's scope holds the turns that it streams: they are closed when the call ends."""


class TurnBody(ResponseBody):
    """The body of a streamed chat: notice and delta events, then one `reply` or `error`.

    It closes nothing: a client that goes before Quart has begun with it never comes to its end.
    """

    def __init__(self, turn: TurnStream) -> None:
        self._turn = turn

    async def __aenter__(self) -> TurnBody:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return

    def __aiter__(self) -> AsyncIterator[bytes]:
        return TurnEvents(self._turn)


class TurnEvents:
    """The events of one turn, with heartbeats between."""

    def __init__(self, turn: TurnStream) -> None:
        self._turn = turn
        self._notice: str | None = None
        self._over = False

    def __aiter__(self) -> TurnEvents:
        return self

    async def __anext__(self) -> bytes:
        """The next event's bytes."""
        if self._over:
            raise StopAsyncIteration
        with trio.move_on_after(HEARTBEAT_S):
            frame = await self._next()
            self._over = isinstance(frame, (Answered, Failed))
            return event(live.kind(frame), live.encoded(frame))
        return HEARTBEAT

    async def _next(self) -> Frame:
        while True:
            try:
                frame = await self._turn.outbox.receive()
            except Evicted:
                return await self._outcome()
            # A notice that was hastened comes once more with its own position,
            # which nobody can come back to here.
            if isinstance(frame, Noticed):
                if frame.text == self._notice:
                    continue
                self._notice = frame.text
            return frame

    async def _outcome(self) -> Frame:
        """The end of a turn whose middle was too much for its reader."""
        try:
            return Answered(None, await self._turn.outcome())
        except NexusError as error:
            return Failed(None, error)


class Streams:
    """ASGI middleware: serves `GET /bridge/events`, passes everything else on.

    Of what it passes on it closes the turns that were left in the scope (`OPEN`).
    """

    def __init__(self, hub: Hub, app: Asgi) -> None:
        self._hub = hub
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one call; a stream lasts until either side ends it."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("GET", PATH):
            turns: list[TurnStream] = []
            try:
                await self._app({**scope, OPEN: turns}, receive, send)
            finally:
                for turn in turns:
                    turn.close()
            return
        stream = Stream(send)
        try:
            async with self._hub.connect(**asked(scope)) as connection:
                await stream.run(connection, receive)
        except NexusError as error:
            await respond(send, problems.raw(error))


async def respond(send: Send, raw: problems.Raw) -> None:
    """Send a whole answer: status, headers and body."""
    status, headers, body = raw
    await begin(send, status, {**headers, "Content-Length": str(len(body))})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def begin(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Begin an answer whose body follows."""
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})


def asked(scope: Any) -> dict[str, Any]:
    """What the call asks the hub for. Raises `InvalidRequest`.

    `Last-Event-ID` wins over the query: a browser that comes back sends its
    first address again.
    """
    values = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    for name in ("user_id", "after", "room_after"):
        if len(values.get(name, ())) > 1:
            raise InvalidRequest(f"{name} is given more than once")
    given = {name: found[0] for name, found in values.items()}
    last = [value for name, value in scope["headers"] if name.lower() == b"last-event-id"]
    if last:
        given["after"], _, given["room_after"] = last[0].decode("latin-1").partition(",")
    return {
        "user_id": given.get("user_id", ""),
        "after": _position(given, "after"),
        "room_after": _position(given, "room_after"),
        # There is no other way to say over this stream what was seen.
        "seen": bool(last),
    }


def _position(given: dict[str, str], name: str) -> Position | None:
    text = given.get(name)
    return Position.parse(text, name) if text else None


class Stream:
    """One event stream of a user."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._at: list[Position | None] = []

    async def run(self, connection: Connection, receive: Receive) -> None:
        """Send until the client is gone or the server ends it."""
        await begin(self._send, 200, HEADERS)
        hello = connection.welcome
        self._at = [hello.position, hello.room_position]
        await self._put(event("welcome", live.text(live.welcome(hello)), self._ident()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch, receive, nursery.cancel_scope)
            await self._forward(connection)
            nursery.cancel_scope.cancel()

    async def _forward(self, connection: Connection) -> None:
        while True:
            frame = None
            try:
                with trio.move_on_after(HEARTBEAT_S):
                    frame = await connection.outbox.receive()
            except Evicted as evicted:
                await self._put(event("bye", live.text(live.bye(evicted.code))), last=True)
                return
            await self._put(HEARTBEAT if frame is None else self._event(frame))

    def _event(self, frame: Frame) -> bytes:
        position = live.position(frame)
        if position is None:
            return event(live.kind(frame), live.encoded(frame))
        place = 1 if live.kind(frame) == "room" else 0
        before = self._at[place]
        # A notice that comes again stands before what was seen already.
        if before is None or before.epoch != position.epoch or before.offset < position.offset:
            self._at[place] = position
        return event(live.kind(frame), live.encoded(frame), self._ident())

    def _ident(self) -> str:
        return ",".join("" if each is None else str(each) for each in self._at)

    async def _put(self, data: bytes, *, last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})


async def watch(receive: Receive, over: trio.CancelScope) -> None:
    """Return when the client is gone, and end what was done for it."""
    while (await receive())["type"] != "http.disconnect":
        pass
    over.cancel()
