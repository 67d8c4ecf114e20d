"""Completions of the app, in this process and under virtual time, each chunk held to its shape."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio
from bridge_client import Answer, Bridge

from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.hub import Hub
from nexus_trio.web import openai_shapes as shapes
from nexus_trio.web.openai_api import Completions

PATH = "/v1/chat/completions"
WISH = "I want to die"


def asking(words: object = "hello", **more: Any) -> dict[str, Any]:
    """The body of a completion whose turn is `words`."""
    messages = [{"role": "user", "content": words}]
    return {"model": "fake", "user": "ada", "messages": messages, **more}


async def complete(bridge: Bridge, words: object = "hello", **more: Any) -> Answer:
    """One completion, whole, held against the API description; None leaves a field out."""
    body = {name: value for name, value in asking(words, **more).items() if value is not None}
    return await bridge.post(PATH, **body)


async def turns(bridge: Bridge, user: str = "ada") -> list[tuple[str, str, str]]:
    """Message, status and response of each stored turn."""
    answer = await bridge.get(f"/bridge/sessions/{user}/history")
    if answer.status == 404:
        return []
    return [(t["message"], t["status"], t["response"]) for t in answer.json["turns"]]


class Completion:
    """One call on memory channels in place of sockets."""

    def __init__(
        self, app: Any, body: bytes | dict[str, Any], room: int = 10_000, **headers: str
    ) -> None:
        self._app = app
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {"host": "localhost", "content-type": "application/json"}
        lines |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        self._headers = [(name.encode(), value.encode("latin-1")) for name, value in lines.items()]
        self._put, self._receive = trio.open_memory_channel[Any](10)
        # With little room, whoever sends waits for whoever reads.
        self._sent, self._get = trio.open_memory_channel[Any](room)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.over = trio.Event()

    def add_header(self, name: str, value: str) -> None:
        """One more, be there one of that name or not."""
        self._headers.append((name.lower().encode(), value.encode()))

    async def run(self) -> None:
        self._put.send_nowait({"type": "http.request", "body": self._body, "more_body": False})
        await self.drive()

    async def drive(self) -> None:
        """As `run`, without a body: `give` it."""
        scope = {
            "type": "http", "method": "POST", "path": PATH, "server": None,
            "query_string": b"", "headers": self._headers,
        }  # fmt: skip
        await self._app.asgi_app(scope, self._receive.receive, self._sent.send)
        self.over.set()

    def give(self, body: bytes, *, more: bool) -> None:
        self._put.send_nowait({"type": "http.request", "body": body, "more_body": more})

    def cut(self) -> None:
        """The client goes away."""
        self._put.send_nowait({"type": "http.disconnect"})

    async def piece(self) -> bytes:
        """What is sent next of the body."""
        body: bytes = (await self._next())["body"]
        return body

    async def whole(self) -> bytes:
        """The rest of the body."""
        got, more = b"", True
        while more:
            event = await self._next()
            got, more = got + event["body"], event["more_body"]
        return got

    async def _next(self) -> Any:
        with trio.fail_after(200):
            event = await self._get.receive()
        if event["type"] != "http.response.start":
            return event
        self.status = event["status"]
        self.headers = {name.decode(): value.decode() for name, value in event["headers"]}
        return await self._next()


@asynccontextmanager
async def open_call(
    app: Any, body: dict[str, Any], room: int = 10_000, **headers: str
) -> AsyncIterator[Completion]:
    """A call that runs as long as the context; at its end the client goes away."""
    call = Completion(app, body, room, **headers)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call.run)
        yield call
        if not call.over.is_set():
            call.cut()


class Alone:
    """Completions without the rest of the application, which takes its time to be made."""

    def __init__(self, hub: Hub) -> None:
        self.asgi_app = Completions(hub, self)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("a completion goes no further")


class Streamed:
    """What a whole stream said."""

    def __init__(self, body: bytes) -> None:
        blocks = body.decode().split("\n\n")
        assert blocks.pop() == ""
        self.heartbeats = blocks.count(":")
        events = [block for block in blocks if block != ":"]
        assert all(event.startswith("data: ") for event in events)
        assert events[-1] == "data: [DONE]"
        found = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
        self.errors = [each["error"] for each in found if "error" in each]
        self.chunks = [each for each in found if "error" not in each]
        msgspec.convert(self.chunks, list[shapes.Chunk])
        assert len({(c["id"], c["created"], c["model"]) for c in self.chunks}) <= 1
        choices = [choice for chunk in self.chunks for choice in chunk["choices"]]
        deltas = [choice["delta"] for choice in choices]
        self.pieces = [delta["content"] for delta in deltas if "content" in delta]
        self.content = "".join(self.pieces)
        roles = [delta.get("role") for delta in deltas]
        assert roles == ["assistant"] + [None] * (len(roles) - 1)
        self.finishes = [c["finish_reason"] for c in choices if c["finish_reason"] is not None]
        self.usages = [chunk.get("usage", "absent") for chunk in self.chunks]


async def streamed(bridge: Bridge, words: object = "hello", **more: Any) -> Streamed:
    """A whole stream that must begin."""
    answer = await complete(bridge, words, stream=True, **more)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return Streamed(answer.body)


class Pieces:
    """A responder that says these pieces; a number is a pause in seconds, None lasts for ever."""

    models = ("fake",)

    def __init__(self, *pieces: str | float | None) -> None:
        self.pieces: Sequence[str | float | None] = pieces
        self.open_streams = 0

    def ready(self, prompt: Prompt) -> str | None:
        return None

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        self.open_streams += 1
        try:
            yield self._each()
        finally:
            self.open_streams -= 1

    async def _each(self) -> AsyncIterator[str]:
        for piece in self.pieces:
            if piece is None:
                await trio.sleep_forever()
            elif isinstance(piece, str):
                await trio.lowlevel.checkpoint()
                yield piece
            else:
                await trio.sleep(piece)
