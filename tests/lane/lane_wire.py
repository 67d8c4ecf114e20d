"""Conversations with an app over a connection in memory, and what came of them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import trio
from lane_memory import TRANSPORT, Lane, lane

HEAD_END = b"\r\n\r\n"


@dataclass
class Answer:
    """One answer as it came."""

    status: int
    headers: dict[bytes, list[bytes]]
    body: bytes = b""

    @property
    def says_close(self) -> bool:
        return b"close" in b",".join(self.headers.get(b"connection", []))

    @property
    def told(self) -> Any:
        """What the telling app said of the request."""
        return json.loads(self.body)


@dataclass
class Talk:
    """All that a client was sent, and whether the server then closed by itself."""

    raw: bytes
    closed: bool
    lane: Lane
    heads: tuple[int, ...] = ()

    @cached_property
    def answers(self) -> list[Answer]:
        return answers(self.raw, self.heads)

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


async def tells(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was asked, in JSON; a query such as `?crash` or `?204` changes that."""
    wish = scope["query_string"].decode()
    if wish == "crash":
        raise RuntimeError("the client's words")
    body = b"" if wish == "early" else await whole(receive)
    heard = {
        "method": scope["method"],
        "path": scope["path"],
        "query": wish,
        "headers": [
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]
        ],
        "body": body.decode("latin-1"),
        "version": scope["http_version"],
    }
    answer = json.dumps(heard).encode()
    status = int(wish) if wish.isdigit() else 200
    headers = [(b"content-type", b"application/json")]
    if wish not in ("stream", "unsized") and status != 204:
        headers.append((b"content-length", b"%d" % len(answer)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if wish == "stream":
        for start in range(0, len(answer), 7):
            part = answer[start : start + 7]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        answer = b""
    await send({"type": "http.response.body", "body": answer})


async def whole(receive: Any) -> bytes:
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body


async def talk(*pieces: bytes, app: Any = tells, heads: tuple[int, ...] = (), **how: Any) -> Talk:
    """Send the pieces, one after the other as the server takes them; read till it has no more.

    `heads` are the places of the answers that have no body though they name its
    length. `config` has settings of Hypercorn's; `transport` is who serves.
    """
    got, closed = bytearray(), False
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app, transport=how.get("transport", TRANSPORT))
        for name, value in how.get("config", {}).items():
            setattr(served.config, name, value)
        stream = served.connect()

        async def listen() -> None:
            nonlocal closed
            with suppress(trio.ClosedResourceError):  # at the end of the test, by itself
                while piece := await stream.receive_some(65536):
                    got.extend(piece)
                closed = True

        nursery.start_soon(listen)
        for piece in pieces:
            try:
                await stream.send_all(piece)
            except trio.BrokenResourceError:
                break  # the server has closed
            await trio.testing.wait_all_tasks_blocked(0.01)
        await trio.testing.wait_all_tasks_blocked(0.01)
        ended = closed
        if how.get("half_close"):
            await stream.send_eof()
            await trio.testing.wait_all_tasks_blocked(0.01)
            ended = closed
        await stream.aclose()
        nursery.cancel_scope.cancel()
    return Talk(bytes(got), ended, served, heads)


def answers(raw: bytes, heads: tuple[int, ...] = ()) -> list[Answer]:
    """The answers in `raw`, each read by its own framing (RFC 9112, section 6.3)."""
    found: list[Answer] = []
    while raw:
        head, _, raw = raw.partition(HEAD_END)
        first, *lines = head.split(b"\r\n")
        status = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]*", first)
        assert status, first
        headers: dict[bytes, list[bytes]] = {}
        for line in lines:
            name, _, value = line.partition(b": ")
            headers.setdefault(name.lower(), []).append(value)
        answer = Answer(int(status[1]), headers)
        found.append(answer)
        if len(found) - 1 in heads or answer.status in (100, 204, 304):
            continue
        if b"transfer-encoding" in headers:
            assert headers[b"transfer-encoding"] == [b"chunked"]
            answer.body, raw = unchunked(raw)
        elif b"content-length" in headers:
            (length,) = headers[b"content-length"]
            answer.body, raw = raw[: int(length)], raw[int(length) :]
            assert len(answer.body) == int(length)
        else:
            answer.body, raw = raw, b""
    return found


def unchunked(raw: bytes) -> tuple[bytes, bytes]:
    """The body in chunks at the beginning of `raw`, and what is behind it."""
    body = b""
    while True:
        size, separator, raw = raw.partition(b"\r\n")
        assert separator, "the last chunk is missing"
        length = int(size, 16)
        body, raw = body + raw[:length], raw[length:]
        assert raw[:2] == b"\r\n"
        raw = raw[2:]
        if length == 0:
            return body, raw
