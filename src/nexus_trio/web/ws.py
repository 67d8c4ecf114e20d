"""The WebSocket of a user: a reader and a writer over one connection of the hub.

An ASGI application beside the web framework, for a frame should cost what it
must and no more. Everything that the client gets comes out of one outbox, in
one order. The server below pings silent clients and cuts those that are gone;
it closes with 1009 for what is larger than 64 KiB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import trio

from nexus_trio import crisis
from nexus_trio.errors import InvalidRequest, NexusError, StoreUnavailable
from nexus_trio.model import fields
from nexus_trio.model.envelope import CrisisView, Position
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Frame, Heard, Own
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.web import codec, frames, live, problems
from nexus_trio.web.early import Early
from nexus_trio.web.guard import Asgi, Receive, Send
from nexus_trio.web.incoming import Bad, Gone, Refused, frame_in, help_in, words_of

PATH = "/bridge/ws"

HELLO_S = 5.0
"""How long a client may take to say who it is."""

MANY = "websocket.send.many"
"""An extension of ASGI that the server below may have: `texts`, one frame each, in one send."""

AT_ONCE = "websocket.send.at_once"
"""Another: a function that sends a text, one frame, in this very step. It returns True where all
went out, False where nothing did, and None where a part did: then the next send brings the rest,
of which there must be one, be it an empty `MANY`."""

BAD_FRAME, NO_USER, NO_HELLO, BROKEN, RESTART = 4400, 4401, 4408, 1011, 1012

REST = Own("")
"""Stands in an outbox for the rest of a frame that the server below has sent a part of."""

WAITS = "the store is slow; what you sent waits, and is answered after the welcome"


class Sockets:
    """ASGI middleware: serves `/bridge/ws`, passes everything else on."""

    def __init__(self, hub: Hub, app: Asgi) -> None:
        self._hub = hub
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection, until either side closes it."""
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        await receive()  # websocket.connect
        offered = scope.get("subprotocols") or []
        if offered and frames.SUBPROTOCOL not in offered:
            await _refuse(send)
            return
        subprotocol = frames.SUBPROTOCOL if offered else None
        await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
        talk = Talk(self._hub, receive, send, scope.get("extensions", {}))
        try:
            await talk.run()
        except* Gone:
            pass
        # The border of a connection: what broke here ends it and nothing else
        # (I5). Cancelled is no `Exception`, and leaves.
        except* Exception as crash:  # noqa: BLE001 - see above
            problems.log_defect(crash)
            await talk.close(BROKEN)


async def _refuse(send: Send) -> None:
    error = InvalidRequest(f"offer the subprotocol {frames.SUBPROTOCOL}")
    status, headers, body = problems.raw(error)
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": status, "headers": lines})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


class Talk:
    """One connection, from its hello to its close."""

    __slots__ = ("_at_once", "_early", "_hub", "_locale", "_many", "_receive", "_send", "_waiting")

    def __init__(self, hub: Hub, receive: Receive, send: Send, extensions: dict[str, Any]) -> None:
        self._hub = hub
        self._receive = receive
        self._send = send
        self._many = MANY in extensions
        self._at_once: Callable[[str], bool | None] | None = extensions.get(AT_ONCE)
        self._locale: str | None = None
        # There from the hello to the welcome. What it has then is taken first.
        self._early: Early[Connection]
        self._waiting: list[Any] | None = None

    async def run(self) -> None:
        """The whole of it. Raises `Gone` where the client is the first to go."""
        with trio.move_on_after(HELLO_S) as patience:
            hello = await self._hello()
        if patience.cancelled_caught:
            await self.close(NO_HELLO)
        elif hello is not None:
            await self._attend(hello)

    async def _hello(self) -> frames.Hello | None:
        while True:
            try:
                frame = await self._next()
            except Refused as error:
                await self._tell(live.refusal(error, error.ref))
                if error.kind is None:
                    continue
                frame = None
            except Bad as bad:
                await self._tell_help(bad)
                frame = None
            if isinstance(frame, frames.Hello):
                return frame
            await self.close(BAD_FRAME)
            return None

    async def _attend(self, hello: frames.Hello) -> None:
        """One task opens the connection and then writes; this one reads, from the first."""
        self._early = Early(self._receive)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep, hello, nursery.cancel_scope)
            connection = await self._welcome(hello)
            if connection is None:
                return
            try:
                await self._read(connection)
            except Gone:
                if not connection.outbox.closed:
                    connection.gone()
                nursery.cancel_scope.cancel()

    async def _keep(self, hello: frames.Hello, over: trio.CancelScope) -> None:
        """The connection of the hub, open until one side ends it."""
        try:
            asked = self._checked(hello)
            async with self._hub.connect(hello.user_id or "", **asked) as connection:
                self._early.settle(connection)
                await self._early.welcomed.wait()
                await self._write(connection, over)
        except NexusError as error:
            self._early.settle(error)

    async def _welcome(self, hello: frames.Hello) -> Connection | None:
        """Say where the connection stands, or why there is none: then that is its end.

        Nothing is sent by anybody else until this returns.
        """
        early = self._early
        found = await early.listen(partial(self._help_at_once, hello.user_id or ""))
        if isinstance(found, NexusError):
            await self._turn_away(hello, found)
            return None
        await self._tell(live.welcome(found.welcome))
        if self._at_once is not None:
            found.outbox.send_directly_by(partial(_directly, self._at_once))
        self._waiting = early.events or None
        early.welcomed.set()
        del self._early  # most of the connection's life is before it
        return found

    async def _help_at_once(self, user_id: str, event: Any) -> None:
        """Tell whoever writes in need of help, before the connection stands.

        Not by a `notice`, for that has a position, which is not known yet; nor by
        an `error` with the ref of the message, which would be its end.
        """
        await trio.lowlevel.checkpoint()  # one of many may be long, and nothing else may await
        view = self._foreseen(user_id, event, self._early.folded)
        if view is not None and view.detected:
            await self._tell(live.refusal(StoreUnavailable(WAITS, crisis=view), None))

    def _foreseen(
        self, user_id: str, event: Any, earlier: list[crisis.Verdict]
    ) -> CrisisView | None:
        """The help that a frame deserves which waits; nothing of it is counted or kept.

        `earlier` are the verdicts of those that wait before it; its own joins them.
        """
        try:
            frame = frame_in(event, self._help)
        except (Refused, Bad, Gone) as error:
            return help_in(error)
        words = words_of(frame)
        if words is None:
            return None
        verdict = crisis.screen(words)
        view = self._hub.help_behind(user_id, earlier, verdict, self._locale)
        if not isinstance(frame, frames.Message) or self._hub.is_folded(frame.message):
            earlier.append(verdict)
        return view

    async def _turn_away(self, hello: frames.Hello, error: NexusError) -> None:
        """Refuse the hello, and by their own refs the words that came behind it; then close."""
        await self._tell(live.refusal(error, None))
        await self._early.last_words()
        for event in self._early.events:
            await self._answer_refused(hello.user_id or "", event, error)
        await self.close(_close_code(error, hello))

    async def _answer_refused(self, user_id: str, event: Any, error: NexusError) -> None:
        try:
            frame = frame_in(event, self._help)
        except Refused as refused:
            await self._tell(live.refusal(refused, refused.ref))
        except Bad as bad:
            await self._tell_help(bad)
        except Gone:
            return
        else:
            words = words_of(frame)
            if words is not None:
                mine, verdict = type(error)(error.detail), crisis.screen(words)
                self._hub.refused(mine, user_id, verdict, self._locale)
                await self._tell(live.refusal(mine, getattr(frame, "ref", None)))

    def _checked(self, hello: frames.Hello) -> dict[str, Any]:
        """What the hub is asked for; it checks the rest itself."""
        if hello.user_id is None:
            raise InvalidRequest("hello needs a user_id; this server has no tokens")
        if hello.locale is not None:
            self._locale = fields.locale(hello.locale)
        return {
            "room": hello.room,
            "username": hello.username,
            "after": None if hello.after is None else Position.parse(hello.after),
            "room_after": (
                None if hello.room_after is None else Position.parse(hello.room_after, "room_after")
            ),
        }

    async def _write(self, connection: Connection, over: trio.CancelScope) -> None:
        """Send what the outbox holds, all that waits at once; at its end the reason, and close."""
        outbox = connection.outbox
        try:
            while True:
                texts = [live.encoded(frame) for frame in await outbox.receive_some()]
                texts = [text for text in texts if text]  # but for `REST`, which is empty
                if self._many:
                    await self._send({"type": MANY, "texts": texts})
                    continue
                for text in texts:
                    await self._send({"type": "websocket.send", "text": text})
        except Evicted as evicted:
            await self.close(evicted.code)
            over.cancel()

    async def _read(self, connection: Connection) -> None:
        """Take frames until one is too bad; the writer then ends it."""
        while not connection.outbox.closed:
            ref = None
            try:
                frame = await self._next()
                ref = getattr(frame, "ref", None)
                await self._handle(connection, frame)
            except NexusError as error:
                named = error.ref if isinstance(error, Refused) else ref
                connection.outbox.offer(Own(live.text(live.refusal(error, named))))
            except Bad as bad:
                if bad.view is not None:
                    connection.outbox.offer(Own(live.text(live.refusal(bad.error(), None))))
                connection.outbox.close(BAD_FRAME)

    async def _handle(self, connection: Connection, frame: frames.ClientFrame) -> None:
        """Do what a frame asks. Raises a `NexusError` where it is refused."""
        if isinstance(frame, frames.Message):
            connection.message(
                frame.ref, frame.message, client_ref=frame.client_ref, locale=self._locale
            )
            return
        if isinstance(frame, frames.Hello):
            raise InvalidRequest("hello was said already; it comes once, as the first frame")
        if not isinstance(frame, frames.Say):  # whose words are screened first
            connection.claim(frame.ref)
        answer = await self._answer(connection, frame)
        connection.outbox.offer(Own(live.text(answer)))

    async def _answer(
        self,
        connection: Connection,
        frame: frames.Go | frames.Look | frames.Say | frames.Stop | frames.Ack | frames.Ping,
    ) -> frames.ServerFrame:
        match frame:
            case frames.Ping():
                return frames.Pong(frame.ref)
            case frames.Look():
                return live.occupants(connection.look(), frame.ref)
            case frames.Stop():
                connection.stop(frame.target)
                return frames.Done(frame.ref, str(connection.position))
        return await self._in_time(connection, frame)

    async def _in_time(
        self, connection: Connection, frame: frames.Go | frames.Say | frames.Ack
    ) -> frames.ServerFrame:
        """The answer to what waits for the disk: whoever is in need does not wait with it."""
        # What came before the welcome, and is not taken yet, was looked at then.
        receive = trio.sleep_forever if self._waiting else self._receive
        early = Early[frames.ServerFrame](receive)

        async def done() -> None:
            try:
                early.settle(await self._done(connection, frame))
            except NexusError as error:
                early.settle(error)

        async def look(event: Any) -> None:
            await trio.lowlevel.checkpoint()  # one of many may be long, and nothing else may await
            connection.hasten(self._foreseen(connection.user_id, event, early.folded))

        async def late() -> None:
            await trio.lowlevel.checkpoint()
            if isinstance(frame, frames.Say):
                connection.hasten(self._help(frame.text))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(done)
            answer = await early.listen(look, late)
        self._waiting = [*(self._waiting or ()), *early.events] or None
        if isinstance(answer, NexusError):
            raise answer
        return answer

    async def _done(
        self, connection: Connection, frame: frames.Go | frames.Say | frames.Ack
    ) -> frames.ServerFrame:
        match frame:
            case frames.Go():
                return live.occupants(await connection.go(frame.room), frame.ref)
            case frames.Say():
                return await self._say(connection, frame)
        await connection.acknowledge(Position.parse(frame.position, "position"))
        return frames.Done(frame.ref, str(connection.position))

    async def _say(self, connection: Connection, frame: frames.Say) -> frames.Done:
        try:
            connection.claim(frame.ref)
        except NexusError as error:
            error.crisis = self._help(frame.text)
            raise
        placed = await connection.say(frame.text, self._locale)
        found = msgspec.UNSET if placed.crisis is None else codec.crisis(placed.crisis)
        return frames.Done(frame.ref, str(placed.position), found)

    async def _next(self) -> frames.ClientFrame:
        """The next frame. Raises as `frame_in`."""
        if self._waiting:
            await trio.lowlevel.checkpoint()  # each is a step, as where it had to be read
            event = self._waiting.pop(0)
        else:
            self._waiting = None
            event = await self._receive()
        return frame_in(event, self._help)

    def _help(self, words: str, locale: str | None = None) -> CrisisView | None:
        if not words:
            return None
        return self._hub.care.help_for(None, crisis.screen(words), locale or self._locale)

    async def _tell(self, value: frames.ServerFrame) -> None:
        await self._send({"type": "websocket.send", "text": live.text(value)})

    async def _tell_help(self, bad: Bad) -> None:
        if bad.view is not None:
            await self._tell(live.refusal(bad.error(), None))

    async def close(self, code: int) -> None:
        """Say why, and close. After the client's own close it does nothing."""
        await self._tell(live.bye(code))
        await self._send({"type": "websocket.close", "code": code, "reason": None})


def _directly(at_once: Callable[[str], bool | None], heard: Heard) -> Frame | None:
    """As an outbox wants it."""
    sent = at_once(live.encoded(heard))
    if sent is None:
        return REST
    return None if sent else heard


def _close_code(error: NexusError, hello: frames.Hello) -> int:
    if hello.user_id is None:
        return NO_USER
    return RESTART if error.retry or error.code == "aborted" else BAD_FRAME
