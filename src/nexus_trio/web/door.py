"""The hot door: `POST /bridge/chat` without the web framework's dispatch.

Nearly every call of a busy server is this one, and Quart's way to a handler and
back costs as much as the turn. What is asked and answered is the same as at the
route in `web.rest`, to the byte: body, fields, hub, codec and problems are shared,
and a test sends the same calls to both. Everything else goes on to the route:
other methods, event streams, an application that is mounted below a path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any, TypeAlias

import trio
from werkzeug.sansio.utils import get_content_length

from nexus_trio.errors import NexusError
from nexus_trio.model.envelope import Reply
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.job import Job
from nexus_trio.web import codec, problems
from nexus_trio.web.body import MAX_BODY_BYTES, chat_of, fields_of
from nexus_trio.web.guard import Asgi, Receive, Send
from nexus_trio.web.rest import HEADERS
from nexus_trio.web.sse import respond, watch

PATH = "/bridge/chat"

SOON_S = 0.25
"""How long an answer is waited for before anybody looks whether the client is still there:
looking costs a task, and most answers come sooner than a client can lose patience."""

Headers: TypeAlias = dict[bytes, bytes]
"""Of each name, in lower case, the first value."""

_START = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_HEAD = b"".join(b"%b: %b\r\n" % line for line in _START)


class Gone(Exception):
    """The client has closed, or is cut off."""


class Refused(Exception):
    """The body can't be had: `status` is that of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class Door:
    """ASGI middleware: serves `POST /bridge/chat`, passes everything else on."""

    def __init__(self, hub: Hub, app: Asgi) -> None:
        self._hub = hub
        self._app = app
        self._body_s = hub.settings.body_timeout_s

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one call. Neither its cancellation nor its client's end changes the turn.

        What is passed on costs no frame of the door's own, as long as a connection is open.
        """
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            return self._app(scope, receive, send)
        return self._serve(scope, receive, send)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        headers = _first_of_each(scope["headers"])
        if b"event-stream" in headers.get(b"accept", b"").lower() or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        try:
            reply = await self._answer(headers, receive)
        except Gone:
            return
        except Refused as refused:
            await respond(send, problems.written(problems.at(refused.status), PATH))
        except NexusError as error:
            await respond(send, problems.raw(error, PATH))
        # The border of a call: what broke here ends it and nothing else (I5).
        except Exception as crash:  # noqa: BLE001 - see above
            problems.log_defect(crash)
            await respond(send, problems.written(problems.defect(), PATH))
        else:
            await _send(send, codec.encode(codec.reply(reply)))

    async def _answer(self, headers: Headers, receive: Receive) -> Reply:
        """The reply. Raises `NexusError`, `Refused`, `Gone`."""
        if _is_too_large(headers):
            raise Refused(413)
        body = await self._body(receive)
        content_type = headers.get(b"content-type")
        kind = None if content_type is None else content_type.decode("latin-1")
        asked = chat_of(fields_of(body, kind, self._hub.care))
        if not self._hub.takes_at_once(asked["user_id"]):
            return await self._patiently(asked, None, receive)
        job = await self._hub.take(**asked)
        reply = await self._hub.outcome_within(job, SOON_S)
        return await self._patiently(asked, job, receive) if reply is None else reply

    async def _body(self, receive: Receive) -> bytes:
        """The whole body. Raises `Gone`, `Refused`."""
        # Where it is the lane's own `receive`: a wait with a deadline costs as much as a good
        # part of a turn, and nearly every body has come with its head.
        whole = getattr(getattr(receive, "__self__", None), "whole_body", None)
        body: bytes | None = None if whole is None else whole()
        if body is None:
            with trio.move_on_after(self._body_s):
                return await _received(receive)
            raise Refused(408)
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413)
        return body

    async def _patiently(self, asked: dict[str, Any], job: Job | None, receive: Receive) -> Reply:
        """The reply that was not there soon; meanwhile the client may go."""
        found: Reply | NexusError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch, receive, nursery.cancel_scope)
            try:
                # Where it was not taken yet, nothing has come of it.
                found = await self._hub.outcome(job or await self._hub.take(**asked))
            except NexusError as error:
                found = error
            nursery.cancel_scope.cancel()
        if found is None:
            raise Gone
        if isinstance(found, NexusError):
            raise found
        return found


def _first_of_each(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    first: Headers = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    return first


def _is_too_large(headers: Headers) -> bool:
    """Whether the body is said to be larger than it may be."""
    length, coding = headers.get(b"content-length"), headers.get(b"transfer-encoding")
    if length is None or len(length) < len(str(MAX_BODY_BYTES)):
        return False
    said = get_content_length(
        length.decode("latin-1"), None if coding is None else coding.decode("latin-1")
    )
    return said is not None and said > MAX_BODY_BYTES


async def _received(receive: Receive) -> bytes:
    """The whole body as it comes. Raises `Gone`, `Refused`."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            raise Gone
        body += event.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413)
        if not event.get("more_body", False):
            return bytes(body)


async def _send(send: Send, body: bytes) -> None:
    # Where it is the lane's own `send`, and nobody's who would see to what goes through it.
    answer = getattr(getattr(send, "__self__", None), "answer", None)
    if answer is not None and await answer(_HEAD, body):
        return
    lines = [*_START, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    await send({"type": "http.response.body", "body": body, "more_body": False})
