"""An answer that the app gives in one is, to the byte, what it would be part by part."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from lane_process import request
from lane_wire import talk, whole
from trio.testing import MockClock

from nexus_trio.lane import connection
from nexus_trio.lane.exchange import Exchange
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub
from nexus_trio.web.app import create_app

LINES = [(b"content-type", b"text/plain"), (b"x-more", b"a: b")]
HEAD = b"content-type: text/plain\r\nx-more: a: b\r\n"
BODY = "gr\u00fc\u00df".encode()


class App:
    """Answers in one where that can be, or part by part; `in_one` counts the former."""

    def __init__(self, *, one: bool) -> None:
        self.one = one
        self.in_one = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/early":
            await whole(receive)
        if self.one and await send.__self__.answer(HEAD, BODY):
            self.in_one += 1
            return
        headers = [*LINES, (b"content-length", b"%d" % len(BODY))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})


SENT = {
    "one": (request("/a"), 1),
    "several": (request("/a") + request("/b"), 2),
    "the last": (request("/a", "Connection: close") + request("/b"), 1),
    "of an old version": (request("/a", version="1.0"), 1),
    "before its body is there": (request("/early", "Content-Length: 5", method="POST"), 1),
    "a head alone": (request("/a", method="HEAD") + request("/b"), 1),
}


@pytest.fixture(autouse=True)
def one_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "time", lambda: 1_000_000_000.5)
    monkeypatch.setattr("hypercorn.config.time", lambda: 1_000_000_000.5)


@pytest.mark.parametrize(("sent", "in_one"), SENT.values(), ids=SENT)
async def test_it_is_the_same_to_the_byte(
    autojump_clock: MockClock, sent: bytes, in_one: int
) -> None:
    app, plain = App(one=True), App(one=False)
    found = await talk(sent, app=app, transport="lane")
    expected = await talk(sent, app=plain, transport="lane")
    assert found.raw == expected.raw
    assert found.closed == expected.closed
    assert app.in_one == in_one
    assert b"Sun, 09 Sep 2001" in found.raw
    assert BODY in found.raw


async def test_a_log_has_every_header_of_it(autojump_clock: MockClock) -> None:
    lines: list[str] = []
    logger = logging.Logger("access")
    logger.addHandler(handler := logging.Handler())
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]  # a list is enough
    app, log = App(one=True), {"accesslog": logger, "access_log_format": "%(s)s %({x-more}o)s"}
    await talk(request("/a"), app=app, transport="lane", config=log)
    assert lines == ["200 a: b"]


async def test_who_stands_between_sees_every_answer(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that is wrapped has its answers go through what it is wrapped in."""
    plain, in_one = Exchange.answer, []

    async def noting(self: Exchange, head: bytes, body: bytes) -> bool:
        in_one.append(head)
        return await plain(self, head, body)

    monkeypatch.setattr(Exchange, "answer", noting)

    def adding(app: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            async def more(event: Any) -> None:
                if event["type"] == "http.response.start":
                    event = {**event, "headers": [*event["headers"], (b"x-mine", b"1")]}
                await send(event)

            await app(scope, receive, more)

        return wrapped

    body = b'{"user_id":"ada","message":"hello"}'
    chat = request(
        "/bridge/chat",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        method="POST",
    )
    async with open_fake_hub(FakeResponder()) as hub:
        app = create_app(hub)
        bare = await talk(chat + body, app=app, transport="lane")
        seen = await talk(chat + body, app=adding(app), transport="lane")
    assert bare.statuses == seen.statuses == [200]
    assert len(in_one) == 1
    assert seen.answers[0].headers.pop(b"x-mine") == [b"1"]
    assert seen.answers[0].headers == bare.answers[0].headers


async def test_what_can_not_be_answered_any_more_is_not(autojump_clock: MockClock) -> None:
    twice: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await whole(receive)
        twice.append(await send.__self__.answer(HEAD, BODY))
        twice.append(await send.__self__.answer(HEAD, BODY))
        await trio.lowlevel.checkpoint()

    found = await talk(request("/a"), app=app, transport="lane")
    assert twice == [True, False]
    assert found.raw.count(BODY) == 1


@pytest.mark.parametrize("early", [False, True], ids=["at once", "later"])
async def test_a_body_that_has_come_is_had_without_a_wait_and_once(
    autojump_clock: MockClock, early: bool
) -> None:
    had: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        exchange = receive.__self__
        had.append(exchange.whole_body())
        if early:
            had.append(await whole(receive))
        had.append(exchange.whole_body())
        assert await exchange.answer(HEAD, BODY)
        had.append((await receive())["type"])

    sent = request("/a", "Content-Length: 5", method="POST")
    pieces = (sent + b"he", b"llo") if early else (sent + b"hello",)
    found = await talk(*pieces, app=app, transport="lane")
    assert had == ([None, b"hello"] if early else [b"hello"]) + [None, "http.disconnect"]
    assert found.statuses == [200]
