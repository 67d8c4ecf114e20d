"""The calls under `/bridge`: each decodes, asks the hub, encodes, and decides nothing itself.

A client that goes away cancels its handler. What was asked of the hub is
finished all the same: the handler only waited for the answer.

The docstrings of the handlers are the API description's own words.
"""

from __future__ import annotations

from importlib.metadata import version

from msgspec import Struct
from quart import request
from quart.wrappers import Response
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from nexus_trio.errors import Draining, InvalidRequest, StoreUnavailable
from nexus_trio.model import fields
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.hub import Hub
from nexus_trio.web import codec, wire
from nexus_trio.web.body import chat_of, read_fields, wants_stream
from nexus_trio.web.openapi import described
from nexus_trio.web.sse import HEADERS as STREAM_HEADERS
from nexus_trio.web.sse import OPEN, TurnBody

VERSION = version("nexus-trio")

HEADERS = {
    "Content-Type": "application/json",
    # What is said here is nobody else's to keep, a cache's neither.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Rest:
    """The handlers, over one open hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def register(self, app: QuartTrio) -> None:
        """Put the calls on `app`."""
        session, room = "/bridge/sessions/<user_id>", "/bridge/rooms/<room>"
        app.post("/bridge/chat")(self.chat)
        app.get("/bridge/events")(self.events)
        app.get("/bridge/sessions")(self.sessions)
        app.get(session)(self.session)
        app.get(f"{session}/history")(self.history)
        app.delete(session)(self.erase)
        app.get("/bridge/rooms")(self.rooms)
        app.get(room)(self.room)
        app.post(f"{room}/join")(self.join)
        app.post(f"{room}/leave")(self.leave)
        app.post(f"{room}/say")(self.say)
        app.get("/bridge/health")(self.health)
        app.get("/bridge/ready")(self.ready)

    @described(
        wire.ReplyObject,
        "not_found conflict too_large rate_limited mailbox_full aborted responder_failed"
        " draining store_unavailable turn_timeout",
        body=wire.ChatRequest,
        tag="chat",
        streamed=True,
    )
    async def chat(self) -> Response:
        """Send a message and get its reply.

        One turn of the user's session, which is made where there is none. A
        message that is exactly `look`, `who` or `help`, or begins with
        `/go ROOM` or `/say TEXT`, is a command of the room. A client that goes
        away changes nothing: the turn is stored, and the same `client_ref`
        fetches its reply. With `Accept: text/event-stream` the reply comes as
        events while it is made: `notice` and `delta`, then one `reply` or `error`.
        """
        hub = self._hub
        asked = chat_of(await read_fields(hub.care))
        if not wants_stream():  # nearly all of these are served by `web.door`
            return answer(codec.reply(await hub.ask(**asked)))
        stream = await hub.stream(**asked)
        request.scope[OPEN].append(stream)  # type: ignore[literal-required]  # in no ASGI type
        response = TrioResponse(b"", 200, STREAM_HEADERS)
        response.response = TurnBody(stream)
        response.timeout = None
        # The empty body's, which it was made with.
        del response.headers["Content-Length"]
        return response

    @described(
        "text/event-stream",
        "draining store_unavailable aborted",
        query=wire.EventsQuery,
        tag="chat",
    )
    async def events(self) -> Response:
        """Follow a user: turns, notices, and what happens in the user's room.

        Events have the names and the data of the WebSocket's frames, beginning
        with `welcome`. `Last-Event-ID` carries both positions, joined by a
        comma, and wins over the query. While it is open, the user is in a room.
        """
        # A GET is answered before it comes here (`web.sse`); this is its HEAD.
        return TrioResponse(b"", 200, STREAM_HEADERS)

    @described(wire.SessionList, "", tag="sessions")
    async def sessions(self) -> Response:
        """List the live sessions."""
        views = [codec.summary(view) for view in self._hub.sessions()]
        return answer(wire.SessionList(len(views), views))

    @described(wire.SessionObject, "not_found store_unavailable", tag="sessions")
    async def session(self, user_id: str) -> Response:
        """Get one session, live or stored.

        Asking makes no session and brings nobody back into a room.
        """
        return answer(codec.session(await self._hub.session(user_id)))

    @described(
        wire.HistoryObject,
        "not_found store_unavailable",
        query=wire.HistoryQuery,
        tag="sessions",
    )
    async def history(self, user_id: str) -> Response:
        """Read a session's turns, oldest first, page by page."""
        after, limit = _single("after"), _single("limit")
        position = None if after is None else Position.parse(after)
        page = await self._hub.history(user_id, position, _limit(limit))
        return answer(codec.history(user_id, page))

    @described(wire.ErasedObject, "not_found store_unavailable", tag="sessions")
    async def erase(self, user_id: str) -> Response:
        """Erase a session and all that is held of its user.

        What the user said aloud goes too, and what personas made of it. A turn
        that runs is aborted first. It can't be undone; the next message of this user
        opens a new session with a new id.
        """
        return answer(codec.erased(await self._hub.erase(user_id)))

    @described(wire.RoomList, "", tag="rooms")
    async def rooms(self) -> Response:
        """List the rooms, and how many people are in each."""
        world, counts = self._hub.world, self._hub.counts()
        rooms = [wire.RoomSummary(r.name, r.title, counts[r.name]) for r in world.rooms.values()]
        return answer(wire.RoomList(rooms))

    @described(wire.RoomObject, "not_found", tag="rooms")
    async def room(self, room: str) -> Response:
        """Look at a room from outside: what it is, where its ways lead, who is in it."""
        return answer(codec.room(self._hub.look(room)))

    @described(
        wire.RoomObject,
        "not_found too_large aborted draining store_unavailable",
        body=wire.PresenceRequest,
        tag="rooms",
    )
    async def join(self, room: str) -> Response:
        """Bring a user into a room, out of the one before."""
        sent = await read_fields(self._hub.care)
        view = await self._hub.join(sent("user_id"), room, sent("username"))
        return answer(codec.room(view))

    @described(
        wire.RoomObject,
        "not_found too_large aborted store_unavailable",
        body=wire.PresenceRequest,
        tag="rooms",
    )
    async def leave(self, room: str) -> Response:
        """Take a user out of a room. Leaving a room that one is not in changes nothing."""
        sent = await read_fields(self._hub.care)
        view = await self._hub.leave(sent("user_id"), room, sent("username"))
        return answer(codec.room(view))

    @described(
        wire.SaidObject,
        "not_found too_large aborted draining store_unavailable",
        body=wire.SayRequest,
        tag="rooms",
    )
    async def say(self, room: str) -> Response:
        """Say something aloud: all in the room hear it, its persona too.

        The user goes to the room first. The words are screened as those of a
        private message are.
        """
        sent = await read_fields(self._hub.care)
        said = await self._hub.say(
            sent("user_id"),
            room,
            sent("text"),
            username=sent("username"),
            locale=sent("locale"),
        )
        return answer(codec.said(said))

    @described(wire.HealthObject, "", tag="server")
    async def health(self) -> Response:
        """See that the process lives, also while it is shutting down."""
        seen = self._hub.statistics()
        durability = self._hub.settings.durability
        uptime = round(seen.uptime_s, 3)
        return answer(
            wire.HealthObject("ok", VERSION, seen.sessions, seen.rooms, uptime, durability)
        )

    @described(wire.ReadyObject, "draining store_unavailable", tag="server")
    async def ready(self) -> Response:
        """See whether the server takes work: not while it shuts down, nor without its store."""
        if not self._hub.store_healthy:
            raise StoreUnavailable("the store can't take commits; ask again in a moment")
        if not self._hub.ready:
            raise Draining("the server is shutting down; ask again in a moment")
        return answer(wire.ReadyObject("ready"))


def answer(value: Struct) -> Response:
    """The 200 that carries `value`."""
    return TrioResponse(codec.encode(value), 200, HEADERS)


def _single(name: str) -> str | None:
    values = request.args.getlist(name)
    if len(values) > 1:
        raise InvalidRequest(f"{name} is given more than once")
    return values[0] if values else None


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    # int() would take signs, spaces and other scripts' digits.
    plain = text.isascii() and text.isdigit() and len(text) <= 4
    return fields.page_limit(int(text) if plain else None)
