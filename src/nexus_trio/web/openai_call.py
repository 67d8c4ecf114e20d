"""One completion of the OpenAI wire, from its body to the end of its answer."""

from __future__ import annotations

from collections.abc import Iterable

import trio

from nexus_trio import crisis
from nexus_trio.errors import InvalidRequest, NexusError, TooLarge
from nexus_trio.model import fields
from nexus_trio.runtime.connection import TurnStream
from nexus_trio.runtime.hub import Hub
from nexus_trio.web import codec, openai_errors, problems, rest, sse
from nexus_trio.web import openai_shapes as shapes
from nexus_trio.web.body import check_type
from nexus_trio.web.guard import Receive, Send
from nexus_trio.web.openai_request import MAX_BYTES, STATELESS, Asked, read, words_in
from nexus_trio.web.openai_retries import Retries, given
from nexus_trio.web.openai_stream import DONE, Chunks, Words, content, data, usage

PATH = "/v1/chat/completions"

USER_HEADERS = ("X-Nexus-User", "X-OpenWebUI-User-Id")
"""Who speaks, where the body does not say so: the first one that is there."""

OPENING_S = 10.0
"""How long the first words are waited for before a stream begins: what fails until then has
a status, by which client libraries know whether to repeat the call. A store that does not
answer is given up in half of it; no proxy gives up a silent server so soon."""


STREAM_HEADERS = {
    **sse.HEADERS,
    # An event stream is UTF-8 by its own law, and yet some clients ask here first.
    "Content-Type": "text/event-stream; charset=utf-8",
}


class Gone(Exception):
    """The client went away before it had said what it wants."""


class Headers:
    """The headers of a call."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.lower(), value) for name, value in pairs]

    def get(self, name: str) -> str | None:
        """The value of `name`, in any case; None without one. Raises `InvalidRequest` for two."""
        wanted = name.lower().encode()
        values = {value for each, value in self._pairs if each == wanted}
        if len(values) > 1:
            raise InvalidRequest(f"the header {name} is given more than once")
        return values.pop().decode("latin-1") if values else None


class Call:
    """One call. Its turn is stopped where it does not come to the end of it."""

    def __init__(
        self, hub: Hub, retries: Retries, headers: Headers, receive: Receive, send: Send
    ) -> None:
        self._hub = hub
        self._retries = retries
        self._headers = headers
        self._receive = receive
        self._send = send
        self._body = bytearray()
        self._words: str | None = None
        self._begun = False

    async def run(self) -> None:
        """The whole of it. Raises `Gone` where the client goes before its body is here."""
        try:
            await self._take_body()
        except NexusError as error:
            await self._refuse(error)
            return
        except trio.TooSlowError:
            await sse.respond(self._send, problems.written(problems.at(408), PATH))
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sse.watch, self._receive, nursery.cancel_scope)
            await self._serve()
            nursery.cancel_scope.cancel()

    async def broke(self) -> None:
        """Something of ours broke: say so, with the help that the words deserve."""
        words = words_in(self._body) if self._words is None else self._words
        verdict = crisis.screen(words)
        found = problems.defect(self._hub.care.help_for(None, verdict, None))
        if self._begun:
            await self._put(data(openai_errors.shaped(found)) + DONE, last=True)
        else:
            await sse.respond(self._send, problems.written(found, PATH))

    # --- in ---

    async def _take_body(self) -> None:
        size = _number(self._headers.get("content-length"))
        more = True
        while more and size <= MAX_BYTES:
            with trio.fail_after(self._hub.settings.body_timeout_s):
                event = await self._receive()
            if event["type"] != "http.request":
                raise Gone
            self._body += event.get("body", b"")
            size = max(size, len(self._body))
            more = event.get("more_body", False)
        if size > MAX_BYTES:
            raise TooLarge(f"the body is larger than {MAX_BYTES >> 20} MiB; send less history")

    async def _serve(self) -> None:
        try:
            check_type(self._headers.get("content-type"))
            asked = read(self._body, self._hub.models, self._hub.settings.history_window)
            user = None if asked.stateless else self._user(asked)
            key = self._headers.get("idempotency-key")
            count = self._headers.get("x-stainless-retry-count")
        except NexusError as error:
            verdict = crisis.screen(words_in(self._body))
            await self._refuse(self._hub.refused(error, "", verdict, None))
            return
        # A turn may take minutes: what came with it is not held for so long.
        size, self._body, self._words = len(self._body), bytearray(), asked.text
        if user is None:
            await self._answer(asked, None, None)
        elif key is not None or count is None:
            await self._answer(asked, user, None if key is None else given(key))
        else:
            call = (user, asked.text, size)
            ref = self._retries.reference(call, count)
            if await self._answer(asked, user, ref):
                self._retries.delivered(call, ref)

    def _user(self, asked: Asked) -> str:
        if asked.user is not None:
            try:
                return fields.user_id(asked.user, "user")
            except InvalidRequest as error:
                raise openai_errors.bad("user", error.detail) from None
        for name in USER_HEADERS:
            value = self._headers.get(name)
            if value is not None:
                return fields.user_id(value, f"the header {name}")
        raise openai_errors.bad(
            "user",
            f"say whose session it is: with user, or the header {' or '.join(USER_HEADERS)};"
            f" or ask a model with {STATELESS} behind its id",
        )

    # --- out ---

    async def _answer(self, asked: Asked, user: str | None, ref: str | None) -> bool:
        """Answer it; True where the whole answer was sent. Cancelled, the turn is stopped."""
        try:
            if user is None:
                turn = self._hub.stateless(asked.text, asked.history)
            else:
                turn = await self._hub.stream(user, asked.text, client_ref=ref, turn_only=True)
            # Between the message's being taken and this line there is no checkpoint.
            try:
                send = self._stream if asked.stream else self._send_whole
                return await send(asked, turn)
            finally:
                turn.close(stop=True)
        except NexusError as error:
            await self._refuse(error)
            return False

    async def _send_whole(self, asked: Asked, turn: TurnStream) -> bool:
        turn.mute()
        said = content(await turn.outcome())
        choices = [shapes.Choice(shapes.OutputMessage(said))]
        ident, created = self._names()
        whole = shapes.Completion(ident, created, asked.model, choices, usage(asked, said))
        await sse.respond(self._send, (200, rest.HEADERS, codec.encode(whole)))
        return True

    async def _stream(self, asked: Asked, turn: TurnStream) -> bool:
        """Raises a `NexusError` where the stream has not begun yet; later it is told in it."""
        words, said = Words(turn), ""
        piece: str | None = ""
        with trio.move_on_after(OPENING_S):
            piece = await words.next()
        chunks = Chunks(*self._names(), asked)
        self._begun = True
        await sse.begin(self._send, 200, STREAM_HEADERS)
        try:
            while piece is not None:
                said += piece
                await self._put(chunks.piece(piece))
                piece = await self._next(words)
        except NexusError as error:
            found = openai_errors.shaped(problems.problem(error), error)
            await self._put(data(found) + DONE, last=True)
            return False
        await self._put(chunks.end(said), last=True)
        return True

    async def _next(self, words: Words) -> str | None:
        """The next words, with a heartbeat wherever they are long in coming."""
        while True:
            with trio.move_on_after(sse.HEARTBEAT_S):
                return await words.next()
            await self._put(sse.HEARTBEAT)

    def _names(self) -> tuple[str, int]:
        return f"chatcmpl-{self._hub.new_id()}", int(self._hub.now().timestamp())

    async def _refuse(self, error: NexusError) -> None:
        await sse.respond(self._send, problems.raw(error, PATH))

    async def _put(self, piece: bytes, *, last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": not last})


def _number(length: str | None) -> int:
    """An announced length; 0 where none is announced that makes sense."""
    plain = length is not None and length.isascii() and length.isdigit() and len(length) < 20
    return int(length) if length is not None and plain else 0
