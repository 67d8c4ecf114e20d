"""HTTP/2 by ALPN: Hypercorn's protocol, contained and bounded, in virtual time (RFC 9113)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from lane_http2 import PREFACE, SETTINGS, Talk, connected, frame
from lane_memory import LIMITS, Lane, lane
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.lane.http2 import DROPPED, MAX_RUNNING, ContainedHttp2

LONG = b"x" * 500_000


async def app(scope: Any, receive: Any, send: Any) -> None:
    """What its path says; else the body comes back."""
    path = scope["path"]
    if path == "/crash":
        raise RuntimeError("the client's words")
    if path == "/hang":
        while (await receive())["type"] != "http.disconnect":
            pass
        await trio.sleep_forever()
    if path == "/late-crash":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        raise RuntimeError("the client's words")
    body = LONG if path == "/long" else b""
    while path not in ("/long", "/early"):
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Lane, Talk, Talk]]:
    """A server, a connection to be cruel to, and one of somebody else, answered to the end."""
    async with trio.open_nursery() as nursery, trio.open_nursery() as listening:
        served = lane(nursery, app)
        served.config.keep_alive_timeout = 5000
        talk = await connected(served, listening)
        bystander = await connected(served, listening)
        yield served, talk, bystander
        number = await bystander.ask("/", "POST", body=b"still here")
        await wait_all_tasks_blocked()
        assert bystander.answer(number) == (200, b"still here")
        listening.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


async def test_requests_of_one_connection_are_answered_side_by_side(
    autojump_clock: MockClock,
) -> None:
    async with serving() as (_, talk, _):
        hangs = await talk.ask("/hang")
        others = [await talk.ask("/", "POST", body=b"%d" % number) for number in range(50)]
        long = await talk.ask("/long")
        await wait_all_tasks_blocked()
        assert [talk.answer(each) for each in others] == [(200, b"%d" % n) for n in range(50)]
        assert talk.answer(long) == (200, LONG)
        assert talk.answer(hangs) == (0, b"")


async def test_a_request_that_breaks_ends_alone(autojump_clock: MockClock) -> None:
    async with serving() as (served, talk, _):
        broken, late = await talk.ask("/crash"), await talk.ask("/late-crash")
        well = await talk.ask("/", "POST", body=b"well")
        await wait_all_tasks_blocked()
        assert talk.answer(broken) == (500, b"")
        # Its end was never said: without the reset its client would wait for the rest.
        assert talk.answer(late) == (200, b"begun")
        assert talk.reset(late) == ErrorCodes.INTERNAL_ERROR
        assert talk.answer(well) == (200, b"well")
        assert served.counts["contained"] == 2
        assert not talk.closed


async def test_what_breaks_in_the_protocol_ends_its_connection_alone(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ContainedHttp2._create_stream

    async def breaks(self: Any, request: Any) -> None:
        if dict(request.headers)[b":path"] == b"/break":
            raise KeyError("the client's words")
        await kept(self, request)

    monkeypatch.setattr(ContainedHttp2, "_create_stream", breaks)
    async with serving() as (served, talk, _):
        await talk.ask("/hang")
        await talk.ask("/break")
        await wait_all_tasks_blocked()
        assert talk.closed
        assert served.counts["contained"] == 1
        assert served.context.ledger.statistics().open == 1


async def test_a_body_behind_its_answer_is_dropped(autojump_clock: MockClock) -> None:
    async with serving() as (served, talk, _):
        early = await talk.ask("/early", "POST", body=b"x" * 1000, end=False)
        await wait_all_tasks_blocked()
        assert talk.answer(early) == (200, b"")
        await talk.raw(frame(0, 0, early, b"more") + frame(0, 0, early, b"and more"))
        await wait_all_tasks_blocked()
        assert talk.reset(early) is None
        for _ in range(DROPPED // 16_000 + 1):
            await talk.raw(frame(0, 0, early, b"x" * 16_000))
            await wait_all_tasks_blocked()
        assert talk.reset(early) == ErrorCodes.NO_ERROR
        well = await talk.ask("/", "POST", body=b"well")
        await wait_all_tasks_blocked()
        assert talk.answer(well) == (200, b"well")
        assert served.counts["contained"] == 0


async def test_streams_that_are_opened_and_reset_are_bounded(autojump_clock: MockClock) -> None:
    async with serving() as (served, talk, _):
        most = MAX_RUNNING * served.config.h2_max_concurrent_streams
        for _ in range(most + 50):
            if talk.closed or talk.goodbye() is not None:
                break
            number = await talk.ask("/hang")
            await talk.raw(frame(3, 0, number, int(ErrorCodes.CANCEL).to_bytes(4)))
            talk.h2.streams.pop(number)  # it would still count it as open
            await wait_all_tasks_blocked()
        assert talk.goodbye() == ErrorCodes.ENHANCE_YOUR_CALM
        assert number // 2 == most


@pytest.mark.parametrize("says", ["nothing", "pings"])
async def test_an_answer_that_nobody_takes_is_cut(autojump_clock: MockClock, says: str) -> None:
    async with serving() as (served, talk, _):
        talk.acknowledges = False
        begun = trio.current_time()
        await talk.ask("/long")
        while not talk.closed:
            await trio.sleep(1)
            assert trio.current_time() - begun < 1000, "nobody cuts it"
            if says == "pings" and not talk.closed:
                talk.h2.ping(bytes(8))
                await talk.flush()
        assert LIMITS.send <= trio.current_time() - begun <= LIMITS.send + 5
        assert served.counts == {"contained": 0, "unread": 1, "silent": 0}


async def test_an_answer_that_is_taken_slowly_is_not_cut(autojump_clock: MockClock) -> None:
    async with serving() as (served, talk, _):
        talk.acknowledges = False
        number = await talk.ask("/long")
        while len(talk.answer(number)[1]) < len(LONG):
            await trio.sleep(LIMITS.send - 1)
            talk.h2.increment_flow_control_window(16_384)
            talk.h2.increment_flow_control_window(16_384, number)
            await talk.flush()
            await wait_all_tasks_blocked()
        assert trio.current_time() > 10 * LIMITS.send
        assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


@pytest.mark.parametrize("sent", [b"", b"1"], ids=["nothing of it", "a part of it"])
async def test_a_body_that_stops_is_cut(autojump_clock: MockClock, sent: bytes) -> None:
    async with serving() as (served, talk, _):
        begun = trio.current_time()
        await talk.ask("/", "POST", body=sent or None, end=False)
        while not talk.closed:
            await trio.sleep(1)
            assert trio.current_time() - begun < 1000, "nobody cuts it"
            if not talk.closed:
                talk.h2.ping(bytes(8))
                await talk.flush()
        assert LIMITS.body <= trio.current_time() - begun <= LIMITS.body + 5
        assert served.counts == {"contained": 0, "unread": 0, "silent": 1}


async def test_a_long_answer_to_a_whole_request_is_waited_for(autojump_clock: MockClock) -> None:
    async with serving() as (_, talk, _):
        await talk.ask("/hang")
        await talk.ask("/hang", "POST", body=b"whole")
        await trio.sleep(10 * max(LIMITS.send, LIMITS.body))
        assert not talk.closed


async def test_a_websocket_takes_another_way(autojump_clock: MockClock) -> None:
    async with serving() as (_, talk, _):
        assert not talk.h2.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL, 0)
        number = talk.h2.get_next_available_stream_id()
        talk.h2.send_headers(number, [(":method", "CONNECT"), (":authority", "localhost")])
        await talk.flush()
        await wait_all_tasks_blocked()
        assert talk.answer(number) == (501, b"")


@pytest.mark.parametrize("path", ["", "no-slash", "/sp ace", "/caf\u00e9", "/\x01"])
async def test_a_path_that_is_none_is_reset(autojump_clock: MockClock, path: str) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        talk = await connected(served, nursery, validates=False)
        number = await talk.ask(path)
        well = await talk.ask("/") if path else 0
        await wait_all_tasks_blocked()
        assert talk.answer(number) == (0, b"")
        if path:
            assert talk.answer(well) == (200, b"") or talk.closed
        else:
            assert talk.closed
        assert served.counts["contained"] == 0
        await talk.stream.aclose()


GET = bytes([0x82, 0x84, 0x87, 0x41, 9]) + b"localhost"
HOSTILE = {
    "no frames": b"\xff" * 500,
    "DATA after the end": frame(1, 5, 1, GET) + frame(0, 0, 1, b"after") * 3,
    "DATA for no stream": frame(0, 0, 7, b"x"),
    "HEADERS for stream 0": frame(1, 5, 0, GET),
    "an even stream": frame(1, 5, 2, GET),
    "no header block": frame(1, 5, 1, b"\xff\xff\xff\xff\xff\xff"),
    "half a header block": frame(1, 1, 1, GET) + frame(6, 0, 0, bytes(8)),
    "CONTINUATION without end": frame(1, 1, 1, GET) + frame(9, 0, 1, b"\x82") * 1000,
    "64 KiB of a header": frame(1, 4, 1, GET + b"\x00\x01x\x7f\x81\xff\x03" + b"a" * 16000),
    "a window that overflows": frame(8, 0, 0, (2**31 - 1).to_bytes(4)) * 2,
    "a window of 0": frame(1, 5, 1, GET) + frame(8, 0, 1, bytes(4)),
    "a setting of nonsense": frame(4, 0, 0, b"\x00\x05" + bytes(4)),
    "many settings": SETTINGS * 2000,
    "many pings": frame(6, 0, 0, bytes(8)) * 2000,
    "many priorities": b"".join(
        frame(2, 0, number, (number - 2).to_bytes(4) + b"\x10") for number in range(3, 6001, 2)
    ),
    "priority of itself": frame(2, 0, 3, (3).to_bytes(4) + b"\x10"),
    "a frame of 16 MiB": b"\xff\xff\xff" + bytes([0, 0]) + (1).to_bytes(4) + b"x" * 100,
    "resets of nothing": frame(3, 0, 1, bytes(4)) * 10,
    "a push from a client": frame(5, 4, 1, (2).to_bytes(4) + GET),
    "the end": frame(7, 0, 0, bytes(8)),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_frames_end_their_own_connection_alone(
    autojump_clock: MockClock, name: str
) -> None:
    async with serving() as (served, talk, _):
        await talk.raw(HOSTILE[name])
        await wait_all_tasks_blocked()
        await talk.stream.aclose()
        await wait_all_tasks_blocked()
        assert served.context.ledger.statistics().open == 1
        assert served.counts["contained"] == 0


async def test_a_preface_that_is_none(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        talk = await connected(served, nursery, hears=False)
        await talk.raw(PREFACE + b"GET / HTTP/1.1\r\n\r\n")
        await talk.hear()
        assert talk.closed
        assert served.counts["contained"] == 0


async def test_an_idle_connection_is_told_goodbye(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        served.config.keep_alive_timeout = 75
        talk = await connected(served, nursery)
        await talk.ask("/")
        await trio.sleep(74)
        assert not talk.closed
        await trio.sleep(3)
        assert talk.closed
        assert talk.goodbye() == ErrorCodes.NO_ERROR


async def test_the_end_of_the_server_waits_for_what_runs_and_no_longer(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app, grace=10)
        idle, busy = [await connected(served, nursery) for _ in range(2)]
        await idle.ask("/")
        await busy.ask("/hang")
        await wait_all_tasks_blocked()
        begun = trio.current_time()
        await served.context.terminated.set()
        await wait_all_tasks_blocked()
        await trio.sleep(LIMITS.linger + 0.5)
        assert (idle.closed, idle.goodbye()) == (True, ErrorCodes.NO_ERROR)
        assert not busy.closed
    assert trio.current_time() - begun <= 10
