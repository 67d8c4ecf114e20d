"""A WebSocket in the lane: what it sends in one go, and what a flood of frames costs others."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pytest
import trio
from hypercorn.events import Closed
from lane_memory import LIMITS, App, Lane, lane
from lane_process import frame, upgrade
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.lane.websocket import MANY, text_frame
from nexus_trio.web import ws

PING, PONG = 9, 10


def accepts(then: Any) -> App:
    """An app that accepts, does `then` with its `receive` and `send`, and hears the client out."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert MANY in scope["extensions"]
        await receive()
        await send({"type": "websocket.accept"})
        await then(receive, send)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    return app


async def upgraded(stream: Any) -> None:
    await stream.send_all(upgrade())
    assert b" 101 " in await stream.receive_some(10_000)


async def exactly(stream: Any, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = await stream.receive_some(size - len(got))
        assert piece, "closed too early"
        got += piece
    return got


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_text_frame(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size


def test_both_sides_name_the_extension_alike() -> None:
    assert ws.MANY == MANY


async def test_many_texts_are_one_send(autojump_clock: MockClock) -> None:
    async def tells(receive: Any, send: Any) -> None:
        await receive()
        await send({"type": MANY, "texts": ["one", "zwei €", ""]})

    async with trio.open_nursery() as nursery:
        stream = lane(nursery, accepts(tells)).connect()
        await upgraded(stream)
        await stream.send_all(frame(b"now"))
        # A stream in memory hands over what was sent at once as it was sent.
        assert await stream.receive_some(100) == b"\x81\x03one\x81\x08zwei \xe2\x82\xac\x81\x00"
        await stream.aclose()


async def test_many_texts_after_the_close_are_dropped(autojump_clock: MockClock) -> None:
    async def closes(receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 4400})
        await send({"type": MANY, "texts": ["late"]})

    async with trio.open_nursery() as nursery:
        served = lane(nursery, accepts(closes))
        stream = served.connect()
        await upgraded(stream)
        assert await stream.receive_some(100) == b"\x88\x02\x11\x30"
        await stream.aclose()
    assert served.counts["contained"] == 0


async def test_a_flood_of_pings_that_nobody_reads_is_cut(autojump_clock: MockClock) -> None:
    """The server stops reading where it can't answer, and gives up when nothing was taken."""

    async def nothing(receive: Any, send: Any) -> None:
        pass

    async with trio.open_nursery() as nursery:
        served = lane(nursery, accepts(nothing))
        stream = served.connect(lockstep=True)
        await upgraded(stream)
        await stream.send_all(frame(b"x" * 125, PING) * 100)
        with suppress(trio.BrokenResourceError):
            while True:
                await stream.send_all(frame(b"x" * 125, PING))
    assert trio.current_time() == LIMITS.send
    assert served.counts == {"contained": 0, "unread": 1, "silent": 0}


@pytest.mark.parametrize(
    "piece", [frame(b"", PONG), frame(b"", PING), b"\x00\x80\x00\x00\x00\x00"], ids=str
)
async def test_a_flood_is_one_task_among_many(autojump_clock: MockClock, piece: bytes) -> None:
    """What came in one read gives way after each frame, be there an answer to it or not."""
    count, steps = 2000, 0
    over = trio.Event()

    async def hears(receive: Any, send: Any) -> None:
        assert (await receive())["text"] == "begin end"
        over.set()

    async def somebody_else() -> None:
        nonlocal steps
        while not over.is_set():
            await trio.lowlevel.checkpoint()
            steps += 1

    async with trio.open_nursery() as nursery:
        stream = lane(nursery, accepts(hears)).connect()
        await upgraded(stream)
        nursery.start_soon(somebody_else)
        begin, end = b"\x01\x86\x00\x00\x00\x00begin ", b"\x80\x83\x00\x00\x00\x00end"
        await stream.send_all(begin + piece * count + end)
        await over.wait()
        await stream.aclose()
    assert steps >= count


async def test_what_the_kernel_took_in_part_is_sent_whole() -> None:
    """Over real sockets: a cancelled sender leaves no half of a frame before the next one."""
    size = 4_000_000  # more than the kernel takes for a client that does not read yet

    async def cancelled(receive: Any, send: Any) -> None:
        await receive()
        with trio.CancelScope() as scope:
            scope.cancel()
            await send({"type": MANY, "texts": ["a" * size]})
        await send({"type": MANY, "texts": ["b"]})

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            served = lane(nursery, accepts(cancelled))
            client = await over_sockets(served)
            await client.send_all(frame(b"now"))
            got = await exactly(client, 10 + size + 3)
            assert got == text_frame(b"a" * size) + text_frame(b"b")
            await client.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def test_the_end_comes_behind_a_send_that_is_under_way() -> None:
    async def nothing(receive: Any, send: Any) -> None:
        pass

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            served = lane(nursery, accepts(nothing))
            client = await over_sockets(served)
            (connection,) = served.context.ledger.connections
            async with connection.send_lock:
                nursery.start_soon(connection.protocol_send, Closed())
                await wait_all_tasks_blocked()
                await connection.stream.send_all(b"under way")
            assert await until_closed(client) == b"under way"
            await client.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def over_sockets(served: Lane) -> trio.SocketStream:
    """A client whose connection is one of the kernel's, upgraded."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = await trio.open_tcp_stream(*listener.getsockname())
        near = trio.socket.from_stdlib_socket(listener.accept()[0])
    served.serve(trio.SocketStream(near))
    await upgraded(client)
    return client


async def until_closed(stream: Any) -> bytes:
    got = b""
    while piece := await stream.receive_some(1000):
        got += piece
    return got
