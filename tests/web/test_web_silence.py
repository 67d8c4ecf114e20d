"""Who vanishes without a word, over the real transport and under virtual time."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import trio
from bridge_client import serving
from trio.testing import MockClock, wait_all_tasks_blocked

sys.path.insert(0, str(Path(__file__).parent.parent / "lane"))

from lane_memory import lane
from lane_process import frame, upgrade

HEARTBEAT, PONG = b"\x89\x00", 10


async def greeted(stream: Any, user: str) -> None:
    await stream.send_all(upgrade().replace(b"/ws ", b"/bridge/ws "))
    assert b" 101 " in await stream.receive_some(10_000)
    hello = json.dumps({"type": "hello", "user_id": user, "room": "Garden"})
    await stream.send_all(frame(hello.encode()))
    await until(stream, b'"joined"')


async def until(stream: Any, words: bytes) -> float:
    """Read until they come, answering heartbeats as every library does; when that was."""
    got = b""
    while words not in got:
        piece = await stream.receive_some(65536)
        assert piece, "the server closed"
        got += piece
        if HEARTBEAT in piece:
            await stream.send_all(frame(b"", PONG))
    return trio.current_time()


async def test_who_vanishes_is_cut_after_30_s_and_has_left_a_minute_later(
    autojump_clock: MockClock,
) -> None:
    async with serving() as bridge, trio.open_nursery() as nursery:
        served = lane(nursery, bridge.app)
        witness, vanished = served.connect(), served.connect()
        await greeted(witness, "witness")
        await greeted(vanished, "vanished")
        began = trio.current_time()  # nothing comes from it from here on

        async def connections() -> int:
            found = (await bridge.get("/bridge/sessions/vanished")).json
            count: int = found["connections"]
            return count

        async def look_on() -> None:
            assert await connections() == 1
            await trio.sleep(29.9)
            assert await connections() == 1
            await trio.sleep(0.2)
            await wait_all_tasks_blocked()
            assert await connections() == 0

        nursery.start_soon(look_on)
        left = await until(witness, b'"left"')
        assert left - began == pytest.approx(30 + 60, abs=1)
        assert served.counts == {"contained": 0, "unread": 0, "silent": 1}
        for stream in (witness, vanished):
            await stream.aclose()
