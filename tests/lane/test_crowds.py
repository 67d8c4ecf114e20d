"""Connections over the limits: told so at once, in nobody's way, and the place is free again."""

from __future__ import annotations

import json
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import trio
from lane_memory import LIMITS, TRANSPORT, lane
from lane_process import (
    ENTRIES,
    GUARD,
    Server,
    ask,
    request,
    started,
    until_closed,
    upgrade,
)
from trio.testing import MockClock

from nexus_trio.lane import Limits
from nexus_trio.lane.answer import COME_BACK
from nexus_trio.lane.contained import TRANSPORTS
from nexus_trio.lane.ledger import RESERVE, affordable, shared_by

MOST = 5
LEFT_OPEN = 5000
RESET = struct.pack("ii", 1, 0)


@contextmanager
def serving(entry: str = "serve", **limits: float) -> Iterator[tuple[Server, socket.socket]]:
    """A server, and a connection that is open before everything else."""
    server = started(entry, linger=0.5, **limits)
    try:
        with server.connect() as watcher:
            until_alone(watcher)
            yield server, watcher
            until_alone(watcher)
        assert server.stop() == 0, server.said()
        assert "Traceback" not in server.said()
    finally:
        server.close()


def counts(watcher: socket.socket) -> dict[str, int]:
    found: dict[str, int] = json.loads(ask(watcher, "/statistics").split(b"\r\n\r\n")[1])
    return found


def until_alone(watcher: socket.socket, others: int = 0) -> None:
    give_up = time.monotonic() + GUARD
    while counts(watcher)["open"] > 1 + others:
        assert time.monotonic() < give_up, "connections were left behind"


def turned_away(got: bytes) -> dict[str, Any]:
    """The problem in the answer of one that was turned away."""
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"http/1.1 503 service unavailable"
    assert b"content-type: application/problem+json" in lines
    assert b"retry-after: %d" % COME_BACK in lines
    assert b"connection: close" in lines
    assert b"content-length: %d" % len(body) in lines
    problem: dict[str, Any] = json.loads(body)
    assert (problem["status"], problem["code"], problem["retry"]) == (503, "rate_limited", True)
    return problem


@pytest.mark.parametrize("entry", ENTRIES)
def test_one_more_is_told_to_come_back_and_the_others_go_on(entry: str) -> None:
    with serving(entry, connections=MOST) as (server, watcher), ExitStack() as stack:
        held = [stack.enter_context(server.connect()) for _ in range(MOST - 1)]
        assert all(ask(sock).startswith(b"HTTP/1.1 200 ") for sock in held)
        for sent in (b"", request(), upgrade(), request("/", "Content-Length: 9", method="POST")):
            with server.connect() as more:
                more.sendall(sent)
                problem = turned_away(until_closed(more))
                assert "try again" in problem["detail"]
        assert all(ask(sock).startswith(b"HTTP/1.1 200 ") for sock in held)
        assert counts(watcher)["open"] == MOST
        assert counts(watcher)["refused"] == 4
        held[0].close()
        until_alone(watcher, others=MOST - 2)
        with server.connect() as late:
            assert ask(late).startswith(b"HTTP/1.1 200 ")


def test_a_storm_of_resets_leaves_nothing_behind() -> None:
    """Below the limit, at it and over it; nobody else is kept waiting."""
    with serving(connections=MOST) as (server, watcher):
        for number in range(400):
            with server.connect() as sock:
                sock.sendall((b"", b"GET / HT", request("/big"), upgrade())[number % 4])
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            if number % 20 == 0:
                assert ask(watcher).startswith(b"HTTP/1.1 200 ")
        until_alone(watcher)
        assert counts(watcher)["contained"] == 0


def room_for(sockets: int) -> int:
    """So many descriptors of our own, if the system lets us; otherwise how many fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else sockets + 500
    if soft < sockets + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, sockets + 500), hard))
    return min(sockets, most - 500)


@pytest.mark.parametrize("limit", [10_000, 3_000])
def test_thousands_that_are_opened_and_left(limit: int) -> None:
    """Others are answered meanwhile; over the limit there are no more than it says."""
    left = room_for(LEFT_OPEN)
    with serving(connections=limit) as (server, watcher), ExitStack() as stack:
        for number in range(left):
            stack.enter_context(server.connect())
            if number % 250 == 0:
                assert ask(watcher).startswith(b"HTTP/1.1 200 ")
        give_up = time.monotonic() + GUARD
        while sum(counts(watcher)[kind] for kind in ("open", "refused")) < left + 1:
            assert time.monotonic() < give_up, "some were not accepted"
        assert counts(watcher)["open"] == min(left + 1, limit)
        if limit > left + 1:
            with server.connect() as other:
                assert ask(other).startswith(b"HTTP/1.1 200 ")


def test_without_descriptors_it_waits_and_goes_on() -> None:
    """`EMFILE` at accept: those who are in are served, who waits is served once there is room."""
    with serving() as (server, watcher), ExitStack() as stack:
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, before[1]))
        crowd = [stack.enter_context(server.connect()) for _ in range(100)]
        while "out of descriptors" not in server.said():
            assert ask(watcher).startswith(b"HTTP/1.1 200 ")
        assert counts(watcher)["open"] < 40
        for sock in crowd[:-1]:
            sock.close()
        assert ask(crowd[-1]).startswith(b"HTTP/1.1 200 ")
        assert server.said().count("out of descriptors") == 1


def test_a_limit_that_descriptors_do_not_allow_is_lowered() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert affordable(1) == 1
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= soft
    if hard != resource.RLIM_INFINITY:
        assert affordable(hard) == hard - RESERVE


# --- in memory, and in virtual time ---


async def polite(scope: Any, receive: Any, send: Any) -> None:
    """Hears a WebSocket out; reads a body and answers; `/big` is long."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    while (await receive()).get("more_body"):
        pass
    body = b"x" * (1_000_000 if scope["path"] == "/big" else 4)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def status_of(stream: Any) -> bytes:
    await stream.send_all(request("/", "Connection: close"))
    got = b""
    while piece := await stream.receive_some(65536):
        got += piece
    await stream.aclose()
    return got[:12]


FULL, ANSWERED = b"HTTP/1.1 503", b"HTTP/1.1 200"

HOGS = {
    "says nothing": (b"", None),
    "half a head": (b"GET / HTTP/1.1\r\nHos", LIMITS.head),
    "half a body": (request("/", "Content-Length: 9", method="POST") + b"1", LIMITS.body),
    "does not read": (request("/big"), LIMITS.send),
    "a silent WebSocket": (upgrade(), LIMITS.silence),
    "a frame of 1 TiB": (b"\x82\xff" + (1 << 40).to_bytes(8) + bytes(4), 0),
}


@pytest.mark.parametrize("hog", HOGS)
async def test_who_takes_the_last_place_is_bounded_all_the_same(
    autojump_clock: MockClock, hog: str
) -> None:
    sent, bound = HOGS[hog]
    async with trio.open_nursery() as nursery:
        served = lane(nursery, polite, limits=Limits(connections=1))
        served.config.keep_alive_timeout = 75
        if bound is None or (hog == "half a head" and TRANSPORT != "lane"):
            bound = served.config.keep_alive_timeout
        stream = served.connect(lockstep=bool(bound == LIMITS.send and hog == "does not read"))
        if hog == "a frame of 1 TiB":
            await stream.send_all(upgrade())
            assert b" 101 " in await stream.receive_some(10_000)
        if sent:
            await stream.send_all(sent)
        if bound:
            await trio.sleep(bound - 1)
            assert await status_of(served.connect()) == FULL
        await trio.sleep(2 + LIMITS.linger)
        assert await status_of(served.connect()) == ANSWERED
        await stream.aclose()


async def test_an_address_has_its_share_and_no_more(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, polite, limits=Limits(connections=9, per_address=2))
        held = [served.connect(host="203.0.113.5") for _ in range(2)]
        await trio.testing.wait_all_tasks_blocked()
        assert await status_of(served.connect(host="203.0.113.5")) == FULL
        assert await status_of(served.connect(host="::ffff:203.0.113.5")) == FULL
        assert await status_of(served.connect(host="203.0.113.6")) == ANSWERED
        await held[0].aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert await status_of(served.connect(host="203.0.113.5")) == ANSWERED
        await held[1].aclose()


async def test_loopback_is_everybodys(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, polite, limits=Limits(connections=9, per_address=1))
        held = [served.connect(host=host) for host in ("127.0.0.1", "127.0.0.1", "::1", "::1")]
        await trio.testing.wait_all_tasks_blocked()
        assert served.context.ledger.statistics().open == 4
        for stream in held:
            await stream.aclose()


@pytest.mark.parametrize(
    ("host", "counts_as"),
    [
        (None, None),
        ("127.8.8.8", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::5", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_whom_an_address_counts_for(host: str | None, counts_as: str | None) -> None:
    assert shared_by(host) == counts_as


async def test_more_than_are_heard_out_are_closed_at_once(autojump_clock: MockClock) -> None:
    """Each of them holds a descriptor, too."""
    async with trio.open_nursery() as nursery:
        served = lane(nursery, polite, limits=Limits(connections=1, refusals=2))
        held = served.connect()
        await trio.testing.wait_all_tasks_blocked()
        more = [served.connect() for _ in range(5)]
        await trio.testing.wait_all_tasks_blocked()
        assert served.context.ledger.turned_away == 2
        await trio.sleep(LIMITS.linger + 1)
        assert served.context.ledger.turned_away == 0
        for stream in [held, *more]:
            await stream.aclose()


async def test_a_place_is_given_back_however_a_connection_ends(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(self: Any, *args: object) -> None:
        raise ValueError

    async with trio.open_nursery() as nursery:
        served = lane(nursery, polite, limits=Limits(connections=1, per_address=1))
        served.connect(gone=True)
        await trio.testing.wait_all_tasks_blocked()
        with monkeypatch.context() as patch:
            patch.setattr(TRANSPORTS[TRANSPORT], "_speak", breaks)
            served.connect(host="203.0.113.5")
            await trio.testing.wait_all_tasks_blocked()
        assert await status_of(served.connect(host="203.0.113.5")) == ANSWERED
    ledger = served.context.ledger
    assert (ledger.statistics().open, ledger._by_address) == (0, {})
