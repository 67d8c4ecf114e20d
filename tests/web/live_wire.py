"""WebSockets and event streams of the app, in this process and under virtual time.

Every frame that comes is held against its type in `web.frames`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from checked_frames import checked, parsed
from quart_trio import QuartTrio

HEADERS = [(b"host", b"localhost")]


class Closed(Exception):
    """The server has closed; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Wire:
    """One WebSocket, on memory channels in place of sockets."""

    def __init__(self, app: QuartTrio) -> None:
        self._app = app
        self._put, self._receive = trio.open_memory_channel[Any](10_000)
        self._sent, self._get = trio.open_memory_channel[Any](10_000)
        self.over = trio.Event()
        self._put.send_nowait({"type": "websocket.connect"})

    async def run(self, **scope: Any) -> None:
        full = {
            "type": "websocket", "path": "/bridge/ws", "headers": HEADERS, "server": None,
            "subprotocols": ["nexus.v1"], "query_string": b"", **scope,
        }  # fmt: skip
        await self._app.asgi_app(full, self._receive.receive, self._sent.send)  # type: ignore[arg-type]  # plain dicts
        self.over.set()

    async def send(self, **frame: Any) -> None:
        await self.raw(text=json.dumps(frame))

    async def raw(self, **content: Any) -> None:
        self._put.send_nowait({"type": "websocket.receive", **content})

    def cut(self) -> None:
        """The client goes away."""
        self._put.send_nowait({"type": "websocket.disconnect", "code": 1006})

    async def receive(self) -> dict[str, Any]:
        with trio.fail_after(125):
            event = await self._get.receive()
        if event["type"] == "websocket.close":
            raise Closed(event["code"])
        if event["type"] != "websocket.send":
            return await self.receive() if event["type"] == "websocket.accept" else event
        return checked(event["text"])

    async def until(self, *kinds: str) -> list[dict[str, Any]]:
        got = [await self.receive()]
        while got[-1]["type"] not in kinds:
            got.append(await self.receive())
        return got

    def arrived(self) -> list[dict[str, Any]]:
        """The frames that are here. Never waits."""
        return [checked(e["text"]) for e in waiting(self._get) if e["type"] == "websocket.send"]

    @property
    def unread(self) -> int:
        """What was sent and not taken by the server."""
        return self._receive.statistics().current_buffer_used

    async def hello(self, user: str = "ada", **more: Any) -> dict[str, Any]:
        await self.send(type="hello", user_id=user, **more)
        return (await self.until("welcome", "error", "bye"))[-1]

    async def ended(self) -> int:
        """The code that it closes with, after its `bye`."""
        bye = (await self.until("bye"))[-1]
        with pytest.raises(Closed) as closed:
            await self.receive()
        code: int = closed.value.code
        assert code == bye["code"]
        return code


async def open_wire(nursery: trio.Nursery, app: QuartTrio, **scope: Any) -> Wire:
    wire = Wire(app)
    nursery.start_soon(lambda: wire.run(**scope))
    return wire


class Follow:
    """One event stream."""

    def __init__(self, app: QuartTrio) -> None:
        self._app = app
        self._put, self._receive = trio.open_memory_channel[Any](10)
        self._sent, self._get = trio.open_memory_channel[Any](10_000)
        self._left = b""
        self.status = 0
        self.over = trio.Event()

    async def run(self, query: str, *headers: tuple[bytes, bytes]) -> None:
        scope = {
            "type": "http", "method": "GET", "path": "/bridge/events", "server": None,
            "query_string": query.encode(), "headers": [*HEADERS, *headers],
        }  # fmt: skip
        await self._app.asgi_app(scope, self._receive.receive, self._sent.send)  # type: ignore[arg-type]  # plain dicts
        self.over.set()

    def cut(self) -> None:
        self._put.send_nowait({"type": "http.disconnect"})

    @property
    def waiting(self) -> bool:
        """Whether something is there to be read."""
        return bool(self._left or self._get.statistics().current_buffer_used)

    async def block(self) -> str:
        """The next event or comment, as it came."""
        while b"\n\n" not in self._left:
            with trio.fail_after(125):
                event = await self._get.receive()
            if event["type"] == "http.response.start":
                self.status = event["status"]
            else:
                self._left += event["body"]
        block, _, self._left = self._left.partition(b"\n\n")
        return block.decode()

    async def event(self) -> dict[str, str]:
        """The next event's fields; comments are passed over."""
        while (block := await self.block()).startswith(":"):
            pass
        return parsed(block)


class Chat:
    """One chat answered in events, as its client hears it."""

    def __init__(self, app: QuartTrio) -> None:
        self._app = app
        self._put, self._receive = trio.open_memory_channel[Any](10)
        self._sent, self._get = trio.open_memory_channel[Any](10_000)

    async def run(self, **fields: str) -> None:
        body = json.dumps(fields).encode()
        self._put.send_nowait({"type": "http.request", "body": body, "more_body": False})
        scope = {
            "type": "http", "method": "POST", "path": "/bridge/chat", "server": None,
            "raw_path": b"/bridge/chat", "query_string": b"", "http_version": "1.1",
            "scheme": "http", "root_path": "",
            "headers": [
                *HEADERS, (b"accept", b"text/event-stream"), (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
        }  # fmt: skip
        await self._app.asgi_app(scope, self._receive.receive, self._sent.send)  # type: ignore[arg-type]  # plain dicts

    def arrived(self) -> list[dict[str, Any]]:
        """The events that are here, or the problem in their place. Never waits."""
        body = b"".join(event.get("body", b"") for event in waiting(self._get))
        if body.startswith(b"{"):
            return [{"type": "problem", **json.loads(body)}]
        blocks = body.decode().split("\n\n")[:-1]
        return [json.loads(parsed(block)["data"]) for block in blocks if block[0] != ":"]


def waiting(channel: Any) -> list[Any]:
    """What is in a memory channel now."""
    return [channel.receive_nowait() for _ in range(channel.statistics().current_buffer_used)]
