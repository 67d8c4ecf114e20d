"""What RFC 9112 and RFC 9110 ask of a server, rule by rule, in our own words."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from typing import Any

import lane_wire
import pytest
import trio
from lane_memory import LIMITS
from lane_process import request
from lane_wire import tells, whole
from trio.testing import MockClock

talk = partial(lane_wire.talk, transport="lane")
"""Whatever else is served by: h11 does otherwise in places, and may (`test_transports_agree`)."""

CHUNKED = "Transfer-Encoding: chunked"
ABC = b"3\r\nabc\r\n0\r\n\r\n"
NEXT = request("/next")


def post(*headers: str, path: str = "/") -> bytes:
    return request(path, *headers, method="POST")


# --- 9112, 2.2: lines ---


async def test_empty_lines_before_a_request_are_passed_over(autojump_clock: MockClock) -> None:
    found = await talk(b"\r\n\r\n" + request("/a") + b"\r\n" + request("/b"))
    assert [answer.told["path"] for answer in found.answers] == ["/a", "/b"]


REFUSED = {
    "space before the first header": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "space before a colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n",
    "a return in a value": b"GET / HTTP/1.1\r\nHost: a\r\nB: c\rd\r\n\r\n",
    "a zero in a value": b"GET / HTTP/1.1\r\nHost: a\r\nB: c\0d\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "a later version": request(version="2.0"),
    "an early version": b"GET /\r\n\r\n",
    "two lengths that differ": post("Content-Length: 3", "Content-Length: 4") + b"abcd",
    "a length with a sign": post("Content-Length: +3") + b"abc",
    "a length of nothing": post("Content-Length:") + b"abc",
    "a length in words": post("Content-Length: three") + b"abc",
    "a length beyond all": post("Content-Length: " + "9" * 30) + b"abc",
    "both framings": post("Content-Length: 3", CHUNKED) + ABC,
    "both framings, the other way round": post(CHUNKED, "Content-Length: 3") + ABC,
    "a chunk's size in other letters": post(CHUNKED) + b"xyz\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer than it says": post(CHUNKED) + b"3\r\nabcd\r\n0\r\n\r\n",
    "a target that is no address": b"GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star for what is not OPTIONS": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
async def test_what_can_not_be_trusted_has_one_answer_and_the_end(
    autojump_clock: MockClock, sent: bytes
) -> None:
    """Nor is anything answered that stands behind it: it may be somebody's own words."""
    found = await talk(sent + NEXT)
    assert len(found.answers) == 1
    assert found.statuses[0] in (400, 501)
    assert found.answers[0].says_close
    assert found.closed


H11_PASSES = {
    "a target that is no address",
    "a star for what is not OPTIONS",
    "a method in lower case",
}
"""What is left to the application there; none of it shifts where a request ends."""


@pytest.mark.parametrize("name", REFUSED)
async def test_hypercorns_own_protocol_refuses_all_the_rest(
    autojump_clock: MockClock, name: str
) -> None:
    found = await lane_wire.talk(REFUSED[name] + NEXT, transport="hypercorn")
    assert found.statuses == ([200, 200] if name in H11_PASSES else [400])
    assert found.closed is (name not in H11_PASSES)


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
async def test_the_requests_before_it_are_answered(autojump_clock: MockClock, sent: bytes) -> None:
    found = await talk(request("/a") + request("/b") + sent + NEXT)
    assert found.statuses[:2] == [200, 200]
    assert len(found.answers) == 3
    assert found.closed


# --- 9112, 3: targets, and 9110, 9: methods ---


async def test_a_whole_address_counts_for_more_than_the_host(autojump_clock: MockClock) -> None:
    """9112, 3.2.2: the guard of open mode must see the name that was really asked for."""
    found = await talk(b"GET http://b.example?q HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n")
    told = found.answers[0].told
    assert (told["path"], told["query"]) == ("/", "q")
    assert told["headers"] == [["host", "b.example"], ["x", "y"]]


async def test_a_star_is_for_options(autojump_clock: MockClock) -> None:
    found = await talk(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    assert found.answers[0].told["path"] == "*"


async def test_a_method_that_nobody_knows_is_not_implemented(autojump_clock: MockClock) -> None:
    found = await talk(request(method="BREW"))
    assert found.statuses == [501]


async def test_what_is_escaped_in_a_path_is_undone(autojump_clock: MockClock) -> None:
    found = await talk(request("/a%20b%C3%A9%ff?c%20d"))
    told = found.answers[0].told
    assert (told["path"], told["query"]) == ("/a bé\ufffd", "c%20d")


@pytest.mark.parametrize("cut", [0, 100, 20_000])
async def test_a_long_target(autojump_clock: MockClock, cut: int) -> None:
    """In one piece or in several, it is the same."""
    most = LIMITS.target
    for size, status in ((most, 200), (most + 1, 414), (200_000, 414)):
        sent = request("/" + "a" * (size - 1), "Connection: close")
        pieces = (sent[:cut], sent[cut:]) if cut else (sent,)
        assert (await talk(*pieces)).statuses == [status]


# --- 9112, 5: headers ---


async def test_headers_come_without_the_space_around_them(autojump_clock: MockClock) -> None:
    found = await talk(request("/", "X: \t a  b \t", "Y:", "x: c"))
    assert found.answers[0].told["headers"][1:] == [["x", "a  b"], ["y", ""], ["x", "c"]]


async def test_a_folded_header_is_refused(autojump_clock: MockClock) -> None:
    assert (await talk(request("/", "X: a\r\n b"))).statuses == [400]


async def test_many_headers(autojump_clock: MockClock) -> None:
    most = LIMITS.header_count - 2  # Host, Connection
    for count, status in ((most, 200), (most + 1, 431)):
        sent = request("/", "Connection: close", *["X: y"] * count)
        assert (await talk(sent)).statuses == [status]


@pytest.mark.parametrize("piece", [1000, 65_536])
async def test_large_headers(autojump_clock: MockClock, piece: int) -> None:
    for size, status in ((LIMITS.headers - 200, 200), (LIMITS.headers + 200, 431)):
        sent = request("/", "Connection: close", *["X: " + "a" * 395] * (size // 400))
        found = await talk(*(sent[at : at + piece] for at in range(0, len(sent), piece)))
        assert found.statuses == [status]


async def test_a_header_without_end_is_not_kept(autojump_clock: MockClock) -> None:
    found = await talk(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", *[b"a" * 10_000] * 20)
    assert found.statuses == [431]
    assert found.closed


# --- 9112, 6 and 7: bodies ---


@pytest.mark.parametrize("step", [1, 3, 1000])
async def test_bodies_in_any_pieces(autojump_clock: MockClock, step: int) -> None:
    sent = post("Content-Length: 5") + b"12345" + post(CHUNKED, path="/b")
    sent += b"3;name=value\r\nabc\r\nA\r\n0123456789\r\n00\r\nTrailer: ignored\r\n\r\n" + NEXT
    found = await talk(*(sent[at : at + step] for at in range(0, len(sent), step)))
    assert [answer.told["body"] for answer in found.answers] == ["12345", "abc0123456789", ""]
    names = [name for name, _ in found.answers[1].told["headers"]]
    assert "trailer" not in names
    assert found.answers[2].told["path"] == "/next"
    assert not found.closed


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "identity", "chunked, chunked"])
async def test_another_coding_is_not_implemented(autojump_clock: MockClock, coding: str) -> None:
    found = await talk(post(f"Transfer-Encoding: {coding}") + ABC + NEXT)
    assert len(found.answers) == 1
    assert found.statuses[0] in (400, 501)
    assert found.closed


async def test_chunks_in_1_0_are_refused(autojump_clock: MockClock) -> None:
    found = await talk(request("/", CHUNKED, method="POST", version="1.0") + ABC + NEXT)
    assert found.statuses == [400]


async def test_a_body_that_is_cut_short_is_refused(autojump_clock: MockClock) -> None:
    found = await talk(post("Content-Length: 5") + b"123", half_close=True)
    assert found.statuses == [400]
    assert found.closed


# --- 9112, 9: connections ---


async def test_many_requests_at_once_are_answered_in_their_order(
    autojump_clock: MockClock,
) -> None:
    paths = [f"/{number}" for number in range(500)]
    found = await talk(b"".join(request(path) for path in paths))
    assert [answer.told["path"] for answer in found.answers] == paths
    assert not found.closed


async def test_whoever_asks_for_the_end_gets_it(autojump_clock: MockClock) -> None:
    found = await talk(request("/", "Connection: x, Close") + NEXT)
    assert found.statuses == [200]
    assert found.answers[0].says_close
    assert found.closed


@pytest.mark.parametrize("more", [[], ["Connection: keep-alive"]])
async def test_1_0_has_one_answer(autojump_clock: MockClock, more: list[str]) -> None:
    found = await talk(request("/?unsized", *more, version="1.0"))
    assert found.statuses == [200]
    assert b"transfer-encoding" not in found.answers[0].headers
    assert found.closed
    assert found.answers[0].told["version"] == "1.0"


async def test_a_stream_to_1_0_ends_with_the_connection(autojump_clock: MockClock) -> None:
    found = await talk(request("/?stream", version="1.0"))
    assert b"content-length" not in found.answers[0].headers
    assert found.answers[0].told["query"] == "stream"
    assert found.closed


@pytest.mark.parametrize("upgrade", ["h2c", "h2c, websocket", "TLS/1.0"])
async def test_an_upgrade_that_is_not_granted_is_passed_over(
    autojump_clock: MockClock, upgrade: str
) -> None:
    """9110, 7.8: it is a request like another, and what follows it as well."""
    found = await talk(request("/a", f"Upgrade: {upgrade}", "Connection: upgrade") + NEXT)
    assert [answer.told["path"] for answer in found.answers] == ["/a", "/next"]


async def test_behind_connect_nothing_is_a_request(autojump_clock: MockClock) -> None:
    found = await talk(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + NEXT)
    assert found.statuses == [200]
    assert found.closed


async def test_an_answer_before_the_body_was_read_ends_the_connection(
    autojump_clock: MockClock,
) -> None:
    found = await talk(post("Content-Length: 5", path="/?early") + b"12", b"345" + NEXT)
    assert found.statuses == [200]
    assert found.answers[0].says_close
    assert found.closed


async def test_an_answer_without_a_look_at_a_body_that_is_there(autojump_clock: MockClock) -> None:
    found = await talk(post("Content-Length: 5", path="/?early") + b"12345" + NEXT)
    assert found.statuses == [200, 200]


# --- 9110, 10.1.1: a client that waits to be told ---


async def test_who_waits_is_told_to_go_on(autojump_clock: MockClock) -> None:
    expects = post("Content-Length: 3", "Expect: 100-continue")
    found = await talk(expects, b"abc" + NEXT)
    assert found.statuses == [100, 200, 200]
    assert found.answers[1].told["body"] == "abc"


async def test_who_waits_is_not_told_where_nobody_reads(autojump_clock: MockClock) -> None:
    expects = post("Content-Length: 3", "Expect: 100-continue", path="/?early")
    found = await talk(expects, NEXT)
    assert found.statuses == [200]
    assert found.closed


async def test_who_has_sent_all_is_not_told(autojump_clock: MockClock) -> None:
    found = await talk(post("Content-Length: 3", "Expect: 100-continue") + b"abc" + NEXT)
    assert found.statuses == [200, 200]


async def test_who_speaks_1_0_is_not_told(autojump_clock: MockClock) -> None:
    sent = request("/", "Content-Length: 3", "Expect: 100-continue", method="POST", version="1.0")
    assert (await talk(sent, b"abc")).statuses == [200]


# --- 9110, 9.3.2 and 15; 9112, 6: answers ---


@pytest.mark.parametrize("path", ["/", "/?stream", "/?unsized"])
async def test_head_has_the_head_of_get(autojump_clock: MockClock, path: str) -> None:
    found = await talk(request(path, method="HEAD") + NEXT, heads=(0,))
    assert found.statuses == [200, 200]
    assert found.answers[0].body == b""
    assert not found.closed


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body(autojump_clock: MockClock, status: int) -> None:
    found = await talk(request(f"/?{status}") + NEXT)
    assert found.statuses == [status, 200]
    assert b"transfer-encoding" not in found.answers[0].headers
    assert status == 304 or b"content-length" not in found.answers[0].headers


async def test_a_stream_is_in_chunks(autojump_clock: MockClock) -> None:
    found = await talk(request("/?stream") + NEXT)
    assert found.answers[0].headers[b"transfer-encoding"] == [b"chunked"]
    assert found.answers[0].told["query"] == "stream"
    assert found.statuses == [200, 200]


async def test_every_answer_has_its_date(autojump_clock: MockClock) -> None:
    found = await talk(request() + request(version="7.7"))
    assert [len(answer.headers[b"date"]) for answer in found.answers] == [1, 1]


WRONG = {
    "a line end in a value": {"status": 200, "headers": [(b"x", b"a\r\nb: c")]},
    "a name that is none": {"status": 200, "headers": [(b"x y", b"a")]},
    "two lengths": {
        "status": 200,
        "headers": [(b"content-length", b"1"), (b"content-length", b"2")],
    },
    "a length that is none": {"status": 200, "headers": [(b"content-length", b"many")]},
}


@pytest.mark.parametrize("start", WRONG.values(), ids=WRONG)
async def test_an_answer_that_can_not_be_sent_is_a_defect(
    autojump_clock: MockClock, start: dict[str, Any]
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": b"a"})

    found = await talk(request() + NEXT, app=app)
    assert found.statuses == [500]
    assert found.closed
    assert found.lane.counts["contained"] == 1


@pytest.mark.parametrize("parts", [[b"ab"], [b"abcd"], [b"a", b"b"], [b"a", b"bcd"]])
async def test_a_body_of_another_length_than_was_said_is_a_defect(
    autojump_clock: MockClock, parts: list[bytes]
) -> None:
    """Where nothing is out yet, it can be said; where something is, it can only be cut."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"3")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, part in enumerate(parts, 1):
            more = number < len(parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})

    found = await talk(request() + NEXT, app=app, heads=(0,))
    assert found.raw.count(b"HTTP/1.1 ") == 1
    assert found.raw.startswith(b"HTTP/1.1 500 " if len(parts) == 1 else b"HTTP/1.1 200 ")
    assert found.closed
    assert found.lane.counts["contained"] == 1


# --- what an app sees of its client ---


async def test_a_client_that_goes_is_seen_by_who_listens(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await whole(receive)
        seen.append((await receive())["type"])

    await talk(request(), app=app)
    await trio.testing.wait_all_tasks_blocked()
    assert seen == ["http.disconnect"]


async def test_to_a_client_that_is_gone_nothing_is_said_in_the_apps_place(
    autojump_clock: MockClock,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    found = await talk(request(), app=app, half_close=True)
    assert found.raw == b""
    assert found.closed


async def test_who_listens_behind_the_answer_is_let_go(autojump_clock: MockClock) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def listen() -> None:
            seen.append((await receive())["type"])

        await whole(receive)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await trio.testing.wait_all_tasks_blocked()
            await tells(scope, receive, send)

    found = await talk(request("/?early") + request("/?early"), app=app)
    assert found.statuses == [200, 200]
    assert seen == ["http.disconnect"] * 2


async def test_what_a_request_leaves_in_its_context_is_not_there_for_the_next(
    autojump_clock: MockClock,
) -> None:
    """The connection's task calls the app for all of them (I6)."""
    whose: ContextVar[str] = ContextVar("whose", default="nobody's")
    found: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found.append(whose.get())
        whose.set(scope["path"])
        await tells(scope, receive, send)
        assert whose.get() == scope["path"]

    await talk(request("/a") + request("/b"), request("/c"), app=app)
    assert found == ["nobody's"] * 3
