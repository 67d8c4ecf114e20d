"""The peer that the benchmarks compare with: the plain design, written as one would with aiohttp.

What it does for a turn stands in `plain_design.py`; this is what aiohttp makes of it.

`json` of the standard library is what aiohttp uses when told nothing else, and
so it is the plain choice here. The access log is off, as in any measurement of
throughput. `--uvloop` puts uvloop's event loop under it.

    python benchmarks/peers/aiohttp_bridge.py --port 0

prints `aiohttp-bridge listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from aiohttp import web
from plain_design import Plain, Problem, Session, arguments, object_of


@web.middleware
async def problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return web.json_response(problem.body(), status=problem.status)


class Bridge(Plain):
    """The plain design behind aiohttp; one handler runs at a time between awaits."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: dict[web.WebSocketResponse, Session] = {}

    def known(self, request: web.Request) -> Session:
        return self.held(request.match_info["user"])

    # The calls

    async def chat(self, request: web.Request) -> web.Response:
        return web.json_response(self.chat_reply(await read_object(request)))

    async def list_sessions(self, request: web.Request) -> web.Response:
        return web.json_response(self.listed())

    async def show_session(self, request: web.Request) -> web.Response:
        session = self.known(request)
        return web.json_response({**session.public(), "crisis_level": session.watch.level})

    async def history(self, request: web.Request) -> web.Response:
        session = self.known(request)
        after, limit = request.query.get("after"), int(request.query.get("limit", 50))
        return web.json_response(self.page(session, after, limit))

    async def erase(self, request: web.Request) -> web.Response:
        return web.json_response(self.forget(self.known(request)))

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
        elif sent["type"] == "look":
            view = self.view(self.room_named(session.room))
            await ws.send_json({"type": "occupants", "ref": ref, **view})
        elif sent["type"] == "message":
            reply = self.turn(session, sent["message"], "en-US")
            piece = {"type": "delta", "ref": ref, "seq": 0, "text": reply["response"]}
            await ws.send_json(piece)
            await ws.send_json({"type": "reply", "ref": ref, **reply})
        elif sent["type"] == "say" and session.room is not None:
            event, crisis = self.said(session, sent["text"])
            text = json.dumps({"type": "room", **event})
            for other, theirs in list(self.sockets.items()):
                if theirs.room == session.room:
                    await other.send_str(text)
            done = {"type": "done", "ref": ref, "position": event["position"], "crisis": crisis}
            await ws.send_json(done)

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response(self.facts(f"aiohttp {aiohttp.__version__}"))

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
    return object_of(body)


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
    parser = arguments("The plain aiohttp design, for comparison.")
    parser.add_argument("--uvloop", action="store_true")
    given = parser.parse_args()
    factory = None
    if given.uvloop:
        from uvloop import new_event_loop as factory  # the suite's faults need no uvloop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run(Bridge(), given.host, given.port))


if __name__ == "__main__":
    main()
