"""A request that comes in the very moment in which nothing more is waited for is answered."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import pytest
import trio
from lane_memory import Stream, lane
from lane_process import request
from lane_wire import answers, whole
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from nexus_trio.lane.direct import LaneConnection

LEFT: ContextVar[str] = ContextVar("LEFT", default="nothing")
KEEP_ALIVE = 50


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Tells what a request before it left behind, and leaves something."""
    await whole(receive)
    found = LEFT.get().encode()
    LEFT.set(scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": found})


@pytest.mark.parametrize("first", [True, False], ids=["the bytes first", "the deadline first"])
async def test_it_is_answered_and_so_is_the_next(autojump_clock: MockClock, first: bool) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app, transport="lane")
        served.config.keep_alive_timeout = KEEP_ALIVE
        near, far = memory_stream_pair()
        served.serve(Stream(near))
        await far.send_all(request("/a"))
        await wait_all_tasks_blocked()
        (connection,) = served.context.ledger.connections
        assert isinstance(connection, LaneConnection)
        if first:
            near.receive_stream.put_data(request("/b"))
            connection._stop_waiting()
        else:
            connection._stop_waiting()
            near.receive_stream.put_data(request("/b"))
        await wait_all_tasks_blocked()
        with trio.move_on_after(1):
            await far.send_all(request("/c"))
            await wait_all_tasks_blocked()
        raw = bytearray()
        with trio.move_on_after(1):
            while piece := await far.receive_some():
                raw += piece
        found = answers(bytes(raw))
        # Whatever one request left in its context, none behind it finds it there.
        assert [answer.body for answer in found] == [b"nothing"] * (3 if first else 1)
        await far.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def test_no_wait_is_left_behind(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, app, transport="lane")
        streams = [served.connect() for _ in range(3)]
        await wait_all_tasks_blocked()
        assert len(served.context.deadlines) == 3
        for stream in streams:
            await stream.send_all(request("/a"))
        await wait_all_tasks_blocked()
        assert len(served.context.deadlines) == 3
        for stream in streams:
            await stream.aclose()
    assert len(served.context.deadlines) == 0
