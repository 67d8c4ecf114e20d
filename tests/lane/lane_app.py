"""A small plain ASGI app that installs the lane at import, as the real one does."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any

import trio

from nexus_trio.lane import Limits, install, plain_refusal

CANARY = "canary-7f3a"
BIG = 48 * 1024 * 1024  # more than the kernel takes for a client that does not read


async def told_to_stop(within: float) -> None:
    print("told to stop", file=sys.stderr, flush=True)


with plain_refusal():
    limits = Limits(**json.loads(os.environ.get("LANE_LIMITS", "{}")))
    transport = os.environ.get("NEXUS_TRANSPORT", "lane")
    containment = install(limits=limits, on_stop=told_to_stop, transport=transport)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await websocket(scope, receive, send)
    else:
        await http(scope, receive, send)


async def lifespan(receive: Any, send: Any) -> None:
    await receive()
    if os.environ.get("LANE_LIFESPAN") == "fails":
        await send({"type": "lifespan.startup.failed", "message": "the store is broken"})
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") == "crash":
            raise RuntimeError(CANARY)
        await send({**event, "type": "websocket.send"})


async def http(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"]
    if path == "/crash":
        raise RuntimeError(CANARY)
    if path == "/crash-in-group":
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_crash)
    if path == "/hang":
        await trio.sleep_forever()
    if path == "/big":
        await answer(send, b"x" * BIG)
        return
    if path == "/early":
        await answer(send, b"no need to read that")
        return
    if path == "/crash-late":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise RuntimeError(CANARY)
    body = await read(receive)
    if path == "/statistics":
        body = json.dumps(asdict(containment.statistics())).encode()
    await answer(send, body or b"nothing")


async def _crash() -> None:
    raise RuntimeError(CANARY)


async def read(receive: Any) -> bytes:
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body


async def answer(send: Any, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
