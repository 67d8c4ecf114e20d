"""The WebSocket of a user: a reader and a writer over one connection of the hub.

An ASGI application beside the web framework, for a frame should cost what it
must and no more. Everything that the client gets comes out of one outbox, in
one order. The server below pings silent clients and cuts those that are gone;
it closes with 1009 for what is larger than 64 KiB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import msgspec
import trio

from nexus_trio import crisis
from nexus_trio.errors import InvalidRequest, NexusError
from nexus_trio.model import fields
from nexus_trio.model.envelope import CrisisView, Position
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Frame, Heard, Own
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.web import codec, frames, live, problems
from nexus_trio.web.guard import Asgi, Receive, Send

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

_decoder: msgspec.json.Decoder[frames.ClientFrame] = msgspec.json.Decoder(frames.ClientFrame)

_KINDS: dict[str, tuple[str, ...]] = {
    str(each.__struct_config__.tag): each.__struct_fields__ for each in get_args(frames.ClientFrame)
}


class Bad(Exception):
    """A frame that ends the connection. `view` is the help that its words deserve."""

    def __init__(self, view: CrisisView | None = None) -> None:
        super().__init__()
        self.view = view


class Refused(InvalidRequest):
    """A frame of JSON that is none of ours: `kind` is its type, `ref` its own, where usable."""

    kind: str | None = None
    ref: str | None = None


class Gone(Exception):
    """The client has closed, or is cut off."""


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

    def __init__(self, hub: Hub, receive: Receive, send: Send, extensions: dict[str, Any]) -> None:
        self._hub = hub
        self._receive = receive
        self._send = send
        self._many = MANY in extensions
        self._at_once: Callable[[str], bool | None] | None = extensions.get(AT_ONCE)
        self._locale: str | None = None

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
        try:
            asked = self._checked(hello)
            async with self._hub.connect(hello.user_id or "", **asked) as connection:
                await self._converse(connection)
        except NexusError as error:
            await self._tell(live.refusal(error, None))
            await self.close(_close_code(error, hello))

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

    async def _converse(self, connection: Connection) -> None:
        await self._tell(live.welcome(connection.welcome))
        if self._at_once is not None:
            connection.outbox.send_directly_by(partial(_directly, self._at_once))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, connection, nursery.cancel_scope)
            try:
                await self._read(connection)
            except Gone:
                if not connection.outbox.closed:
                    connection.gone()
                nursery.cancel_scope.cancel()

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
                    connection.outbox.offer(Own(live.text(live.refusal(_unread(bad), None))))
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
        connection.outbox.offer(Own(live.text(await self._answer(connection, frame))))

    async def _answer(
        self,
        connection: Connection,
        frame: frames.Go | frames.Look | frames.Say | frames.Stop | frames.Ack | frames.Ping,
    ) -> frames.ServerFrame:
        match frame:
            case frames.Ping():
                return frames.Pong(frame.ref)
            case frames.Go():
                return live.occupants(await connection.go(frame.room), frame.ref)
            case frames.Look():
                return live.occupants(connection.look(), frame.ref)
            case frames.Say():
                return await self._say(connection, frame)
            case frames.Stop():
                connection.stop(frame.target)
            case frames.Ack():
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
        """The next frame. Raises `Gone`, `Bad`; `InvalidRequest` for one that changes nothing."""
        event = await self._receive()
        if event["type"] != "websocket.receive":
            raise Gone
        sent = event.get("text")
        if sent is None:
            raise Bad
        try:
            return _decoder.decode(sent)
        except msgspec.ValidationError:
            raise self._refused(sent) from None
        except (ValueError, RecursionError):
            # `from None`: the decoder's errors may quote the words.
            raise Bad(self._help(*codec.words_in(_bytes(sent)))) from None

    def _refused(self, sent: str) -> NexusError | Bad:
        """Why a frame of JSON is none of ours."""
        view = self._help(*codec.words_in(_bytes(sent)))
        try:
            found = codec.decode_fields(_bytes(sent))
        except NexusError:
            return Bad(view)
        kind, ref = found.get("type"), found.get("ref")
        if isinstance(kind, str) and kind in _KINDS:
            names = ", ".join(_KINDS[kind])
            error = Refused(
                f"the fields of {kind} are {names}; a ref has 1 to 64 characters; "
                "one is missing, of another type or out of its bounds"
            )
            error.kind = kind
        else:
            error = Refused(f"type must be one of: {', '.join(sorted(_KINDS))}")
        error.crisis = view
        if isinstance(ref, str) and len(ref) <= 64:
            error.ref = ref
        return error

    def _help(self, words: str, locale: str | None = None) -> CrisisView | None:
        if not words:
            return None
        return self._hub.care.help_for(None, crisis.screen(words), locale or self._locale)

    async def _tell(self, value: frames.ServerFrame) -> None:
        await self._send({"type": "websocket.send", "text": live.text(value)})

    async def _tell_help(self, bad: Bad) -> None:
        if bad.view is not None:
            await self._tell(live.refusal(_unread(bad), None))

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


def _unread(bad: Bad) -> NexusError:
    return InvalidRequest("the frame must be a JSON object in a text frame", crisis=bad.view)


def _bytes(sent: str) -> bytes:
    return sent.encode("utf-8", "surrogatepass")


def _close_code(error: NexusError, hello: frames.Hello) -> int:
    if hello.user_id is None:
        return NO_USER
    return RESTART if error.retry or error.code == "aborted" else BAD_FRAME
