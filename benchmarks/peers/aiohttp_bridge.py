"""The peer that the benchmarks compare with: the plain design, written as one would with aiohttp.

The question it answers: what does one turn cost when sessions are entries of a
dict, everything is in memory, and one event loop does it all? It speaks the same
HTTP calls, screens every message with the same screen and watch, keeps the same
history and counts and answers with the same scripted responder, so that what
differs is the design and not the work. It has what the plain design has: no
durability, no mailboxes, no streams, no bounds on its memory.

`json` of the standard library is what aiohttp uses when told nothing else, and
so it is the plain choice here. The access log is off, as in any measurement of
throughput.

    python benchmarks/peers/aiohttp_bridge.py --port 0

prints `aiohttp-bridge listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import aiohttp
from aiohttp import web

from nexus_trio.crisis import screen
from nexus_trio.crisis.guidance import guidance
from nexus_trio.crisis.watch import Watch, fold
from nexus_trio.model.world import Room, World, parse_world
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.responders.scripted import ScriptedResponder

WINDOW = 20  # exchanges that the responder sees; the history itself is kept whole
COMMANDS = {"look", "who", "/look", "/who"}


def now() -> str:
    return datetime.now(UTC).isoformat()


def default_world() -> World:
    """The world that the measured server has, too: the personas' lines are the replies."""
    text = files("nexus_trio").joinpath("world/default.toml").read_text("utf-8")
    return parse_world(text, "world/default.toml")


@dataclass
class Session:
    """One user's entry in the dict."""

    user_id: str
    username: str | None
    session_id: str = field(default_factory=lambda: secrets.token_hex(8))
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    created_at: str = field(default_factory=now)
    last_active: str = field(default_factory=now)
    room: str | None = None
    turns: list[dict[str, Any]] = field(default_factory=list)
    window: deque[Exchange] = field(default_factory=lambda: deque(maxlen=WINDOW))
    watch: Watch = field(default_factory=Watch)

    def public(self) -> dict[str, Any]:
        return {
            "user_id": self.user_id,
            "session_id": self.session_id,
            "room": self.room,
            "session_messages": len(self.turns),
            "created_at": self.created_at,
            "last_active": self.last_active,
            "connections": 0,
        }


class Problem(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        body = {"status": problem.status, "code": problem.code, "detail": problem.detail}
        return web.json_response(body, status=problem.status)


class Bridge:
    """All state in plain dicts; aiohttp runs one handler at a time between awaits."""

    def __init__(self) -> None:
        world = default_world()
        self.world = world.rooms
        self.default = world.default
        self.sessions: dict[str, Session] = {}
        self.occupants: dict[str, set[str]] = {name: set() for name in self.world}
        self.room_epoch = secrets.token_hex(4)
        self.room_offset = dict.fromkeys(self.world, 0)
        self.responder = ScriptedResponder()
        self.sockets: dict[web.WebSocketResponse, Session] = {}
        self.started = time.monotonic()

    # Sessions

    def session_of(self, body: dict[str, Any]) -> Session:
        user = body.get("user_id")
        if not isinstance(user, str) or not 1 <= len(user) <= 64:
            raise Problem(400, "invalid_request", "Give a user_id of 1 to 64 characters.")
        session = self.sessions.get(user)
        if session is None:
            session = self.sessions[user] = Session(user, body.get("username"))
        session.last_active = now()
        return session

    def known(self, request: web.Request) -> Session:
        session = self.sessions.get(request.match_info["user"])
        if session is None:
            raise Problem(404, "not_found", "Nothing is held of that user.")
        return session

    # Rooms

    def room_named(self, name: Any) -> Room:
        room = self.world.get(name) if isinstance(name, str) else None
        if room is None:
            raise Problem(404, "not_found", "There is no such room.")
        return room

    def move(self, session: Session, room: str | None) -> None:
        if session.room == room:
            return
        if session.room is not None:
            self.occupants[session.room].discard(session.user_id)
            self.room_offset[session.room] += 1
        if room is not None:
            self.occupants[room].add(session.user_id)
            self.room_offset[room] += 1
        session.room = room

    def view(self, room: Room) -> dict[str, Any]:
        return {
            "room": room.name,
            "title": room.title,
            "description": room.description,
            "exits": room.exits,
            "position": f"{self.room_epoch}:{self.room_offset[room.name]}",
            "occupants": sorted(self.occupants[room.name]),
        }

    # A turn

    def assess(self, session: Session, message: str, locale: str) -> dict[str, Any]:
        """Screens the message and folds it into the session's watch."""
        session.watch, assessment = fold(session.watch, screen(message))
        crisis: dict[str, Any] = {
            "level": assessment.level,
            "detected": assessment.detected,
            "turns": assessment.turns,
            "notice": None,
            "resources": [],
        }
        if assessment.detected:
            shown = guidance(assessment.level, locale, assessment.repeat)
            crisis["notice"] = shown.text
            crisis["resources"] = [asdict(resource) for resource in shown.resources]
        return crisis

    def answer(self, session: Session, message: str, crisis: dict[str, Any]) -> str:
        prompt = Prompt(
            user_id=session.user_id,
            username=session.username,
            room=self.world[session.room or self.default],
            turn=len(session.turns) + 1,
            message=message,
            crisis_level=crisis["level"],
            history=tuple(session.window),
        )
        text = self.responder.ready(prompt) or ""
        session.window.append(Exchange(message, text))
        notice = crisis["notice"]
        return f"{notice}\n\n{text}" if notice else text

    def turn(self, session: Session, message: str, locale: str) -> dict[str, Any]:
        crisis = self.assess(session, message, locale)
        response = self.answer(session, message, crisis)
        number = len(session.turns) + 1
        position = f"{session.epoch}:{number}"
        session.turns.append(
            {
                "turn": number,
                "position": position,
                "at": session.last_active,
                "message": message,
                "response": response,
                "status": "answered",
                "crisis": crisis["level"],
            }
        )
        return {
            "user_id": session.user_id,
            "session_id": session.session_id,
            "room": session.room,
            "turn": number,
            "response": response,
            "crisis": crisis,
            "notices": [],
            "session_messages": number,
            "position": position,
        }

    def command(self, session: Session, message: str) -> dict[str, Any] | None:
        """`look`, `who` and `/go ROOM`; None where the message is a turn."""
        word = message.strip()
        if word.startswith("/go "):
            self.move(session, self.room_named(word[4:].strip()).name)
        elif word.lower() not in COMMANDS:
            return None
        return {
            "command": word.split()[0].lstrip("/"),
            "user_id": session.user_id,
            "room": session.room,
            "occupants": sorted(self.occupants[session.room or self.default]),
            "session_messages": len(session.turns),
        }

    # The calls

    async def chat(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        message = body.get("message")
        if not isinstance(message, str) or not 1 <= len(message) <= 16384:
            raise Problem(400, "invalid_request", "Give a message of 1 character to 16 KiB.")
        session = self.session_of(body)
        if body.get("room") is not None:
            self.move(session, self.room_named(body["room"]).name)
        elif session.room is None:
            self.move(session, self.default)
        reply = self.command(session, message)
        if reply is None:
            reply = self.turn(session, message, body.get("locale") or "en-US")
        return web.json_response(reply)

    async def list_sessions(self, request: web.Request) -> web.Response:
        found = [session.public() for session in self.sessions.values()]
        return web.json_response({"count": len(found), "sessions": found})

    async def show_session(self, request: web.Request) -> web.Response:
        session = self.known(request)
        return web.json_response({**session.public(), "crisis_level": session.watch.level})

    async def history(self, request: web.Request) -> web.Response:
        session = self.known(request)
        limit = int(request.query.get("limit", 50))
        after = request.query.get("after")
        start = int(after.partition(":")[2]) if after else 0
        page = session.turns[start : start + limit]
        more = start + limit < len(session.turns)
        following = page[-1]["position"] if page and more else None
        body = {"user_id": session.user_id, "turns": page, "next": following}
        return web.json_response(body)

    async def erase(self, request: web.Request) -> web.Response:
        session = self.known(request)
        self.move(session, None)
        del self.sessions[session.user_id]
        return web.json_response({"erased": {"turns": len(session.turns), "events": 0}})

    async def list_rooms(self, request: web.Request) -> web.Response:
        found = [
            {"room": room.name, "title": room.title, "occupants": len(self.occupants[room.name])}
            for room in self.world.values()
        ]
        return web.json_response({"rooms": found})

    async def look(self, request: web.Request) -> web.Response:
        return web.json_response(self.view(self.room_named(request.match_info["room"])))

    async def join(self, request: web.Request) -> web.Response:
        room = self.room_named(request.match_info["room"])
        self.move(self.session_of(await read_object(request)), room.name)
        return web.json_response(self.view(room))

    async def leave(self, request: web.Request) -> web.Response:
        room = self.room_named(request.match_info["room"])
        session = self.session_of(await read_object(request))
        if session.room == room.name:
            self.move(session, None)
        return web.json_response(self.view(room))

    async def say(self, request: web.Request) -> web.Response:
        room = self.room_named(request.match_info["room"])
        body = await read_object(request)
        session = self.session_of(body)
        self.move(session, room.name)
        crisis = self.assess(session, str(body.get("text", "")), body.get("locale") or "en-US")
        self.room_offset[room.name] += 1
        view = self.view(room)
        return web.json_response({**view, "room_position": view["position"], "crisis": crisis})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """The same frames, as far as the benchmarks send them: no resume, no stop, no bounds."""
        ws = web.WebSocketResponse(protocols=("nexus.v1",), compress=False)
        await ws.prepare(request)
        hello = await ws.receive_json()
        session = self.session_of(hello)
        self.move(session, self.room_named(hello.get("room") or self.default).name)
        self.sockets[ws] = session
        await ws.send_json({"type": "welcome", "session_id": session.session_id})
        try:
            async for message in ws:
                if message.type is web.WSMsgType.TEXT:
                    await self.frame(ws, session, json.loads(message.data))
        finally:
            del self.sockets[ws]
        return ws

    async def frame(
        self, ws: web.WebSocketResponse, session: Session, sent: dict[str, Any]
    ) -> None:
        ref = sent["ref"]
        if sent["type"] == "ping":
            await ws.send_json({"type": "pong", "ref": ref})
        elif sent["type"] == "message":
            reply = self.turn(session, sent["message"], "en-US")
            piece = {"type": "delta", "ref": ref, "seq": 0, "text": reply["response"]}
            await ws.send_json(piece)
            await ws.send_json({"type": "reply", "ref": ref, **reply})
        elif sent["type"] == "say" and session.room is not None:
            crisis = self.assess(session, sent["text"], "en-US")
            self.room_offset[session.room] += 1
            position = f"{self.room_epoch}:{self.room_offset[session.room]}"
            event = {
                "type": "room",
                "room": session.room,
                "position": position,
                "event": "said",
                "user_id": session.user_id,
                "text": sent["text"],
            }
            text = json.dumps(event)
            for other, theirs in list(self.sockets.items()):
                if theirs.room == session.room:
                    await other.send_str(text)
            done = {"type": "done", "ref": ref, "position": position, "crisis": crisis}
            await ws.send_json(done)

    async def health(self, request: web.Request) -> web.Response:
        body = {
            "status": "ok",
            "version": f"aiohttp {aiohttp.__version__}",
            "sessions": len(self.sessions),
            "rooms": len(self.world),
            "uptime_s": round(time.monotonic() - self.started, 3),
            "durability": "memory",
        }
        return web.json_response(body)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[problems])
        app.add_routes(
            [
                web.post("/bridge/chat", self.chat),
                web.get("/bridge/sessions", self.list_sessions),
                web.get("/bridge/sessions/{user}", self.show_session),
                web.get("/bridge/sessions/{user}/history", self.history),
                web.delete("/bridge/sessions/{user}", self.erase),
                web.get("/bridge/rooms", self.list_rooms),
                web.get("/bridge/rooms/{room}", self.look),
                web.post("/bridge/rooms/{room}/join", self.join),
                web.post("/bridge/rooms/{room}/leave", self.leave),
                web.post("/bridge/rooms/{room}/say", self.say),
                web.get("/bridge/health", self.health),
                web.get("/bridge/ws", self.socket),
            ]
        )
        return app


async def read_object(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise Problem(400, "invalid_request", "Send a JSON object.") from error
    if not isinstance(body, dict):
        raise Problem(400, "invalid_request", "Send a JSON object.")
    return body


async def run(bridge: Bridge, host: str, port: int, name: str = "aiohttp-bridge") -> None:
    """Serves until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(bridge.app(), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        print(f"{name} listening on http://{host}:{bound}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="The plain aiohttp design, for comparison.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(run(Bridge(), given.host, given.port))


if __name__ == "__main__":
    main()
