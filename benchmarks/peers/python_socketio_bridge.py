"""A peer for WebSockets: the plain design behind python-socketio, on uvicorn with uvloop.

The same events as `socketio/server.js`, and the same work for a turn as the other
peers in Python. One process; the access log is off, and so is compression, as at
all others.

    python benchmarks/peers/python_socketio_bridge.py --port 0

prints `python-socketio-bridge listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import socketio
from plain_design import Plain, Session, arguments
from uvicorn_announced import serve


class Bridge(Plain):
    """The plain design; sessions by Socket.IO's own ids."""

    def __init__(self) -> None:
        super().__init__()
        self.io = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])
        self.clients: dict[str, Session] = {}
        for handler in (self.connect, self.disconnect, self.message, self.say):
            self.io.on(handler.__name__, handler)

    async def connect(self, client: str, environ: dict[str, Any]) -> None:
        query = parse_qs(environ["QUERY_STRING"])
        session = self.session_of({"user_id": query["user_id"][0]})
        self.move(session, self.room_named(query["room"][0]).name)
        self.clients[client] = session
        await self.io.enter_room(client, session.room)
        await self.io.emit("welcome", {"session_id": session.session_id}, to=client)

    async def disconnect(self, client: str, reason: str) -> None:
        del self.clients[client]

    async def message(self, client: str, sent: dict[str, Any]) -> None:
        ref, session = sent["ref"], self.clients[client]
        reply = self.turn(session, sent["message"], "en-US")
        piece = {"ref": ref, "seq": 0, "text": reply["response"]}
        await self.io.emit("delta", piece, to=client)
        await self.io.emit("reply", {"ref": ref, **reply}, to=client)

    async def say(self, client: str, sent: dict[str, Any]) -> None:
        session = self.clients[client]
        assert session.room is not None
        event, crisis = self.said(session, sent["text"])
        await self.io.emit("room", event, room=session.room)
        done = {"ref": sent["ref"], "position": event["position"], "crisis": crisis}
        await self.io.emit("done", done, to=client)


def main() -> None:
    given = arguments("The plain design behind python-socketio.").parse_args()
    serve(socketio.ASGIApp(Bridge().io), "python-socketio-bridge", given)


if __name__ == "__main__":
    main()
