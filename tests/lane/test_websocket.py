"""A WebSocket in the lane: what it sends in one go, and what a flood of frames costs others."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pytest
import trio
from hypercorn.events import Closed
from lane_memory import LIMITS, TRANSPORT, App, Lane, lane
from lane_process import frame, upgrade
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.lane.socket import measure, unmask
from nexus_trio.lane.websocket import AT_ONCE, MANY, text_frame
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
    assert ws.AT_ONCE == AT_ONCE


KEY = b"\x01\x80\xff\x7f"
LONG = b"\x81\xfe\x00\xc8" + bytes(4) + b"x" * 200


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 65535, 65536, 70_000])
def test_a_payload_is_unmasked(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    masked = bytes(byte ^ KEY[at % 4] for at, byte in enumerate(payload))
    assert unmask(masked, KEY) == payload


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, (1 << 63) - 1])
def test_a_frame_is_measured_by_its_header(size: int, masked: bool) -> None:
    short = size if size < 126 else 126 if size < 65536 else 127
    length = {126: size.to_bytes(2) if short == 126 else b"", 127: size.to_bytes(8)}.get(short, b"")
    head = bytes([0x81, short | (0x80 if masked else 0)]) + length + (KEY if masked else b"")
    assert measure(head + b"more") == (len(head), len(head) + size)
    assert all(measure(head[:cut]) is None for cut in range(len(head)))


@pytest.mark.parametrize("step", [1, 2, 5, 10_000])
async def test_what_a_client_says_is_heard_however_it_comes(
    autojump_clock: MockClock, step: int
) -> None:
    """Whole texts, fragments with a ping between them, empty ones, and bytes."""
    heard: list[Any] = []

    async def hears(receive: Any, send: Any) -> None:
        while (event := await receive())["type"] == "websocket.receive":
            heard.append(event["text"] if event.get("bytes") is None else event["bytes"])
            if heard[-1] == "end":
                await send({"type": "websocket.close"})
                return

    begin, middle, last = b"\x01\x80" + KEY, b"\x00\x81" + KEY + b"\x60", b"\x80\x80" + KEY
    sent = frame(b"one") + begin + frame(b"", PING) + middle + last + frame("\u20ac".encode())
    sent += frame(b"") + frame(b"\0\xff", 2) + LONG + frame(b"end")
    async with trio.open_nursery() as nursery:
        stream = lane(nursery, accepts(hears)).connect()
        await upgraded(stream)
        for at in range(0, len(sent), step):
            await stream.send_all(sent[at : at + step])
            await wait_all_tasks_blocked()
        assert await until_closed(stream) == b"\x8a\x00\x88\x02\x03\xe8"
        await stream.aclose()
    assert heard == ["one", "a", "\u20ac", "", b"\0\xff", "x" * 200, "end"]


@pytest.mark.parametrize("step", [1, 3])
async def test_a_message_of_all_that_is_allowed_is_heard_though_its_headers_come_in_pieces(
    autojump_clock: MockClock, step: int
) -> None:
    """Whole, and in two halves: what a header announces counts once."""
    heard: list[int] = []

    async def hears(receive: Any, send: Any) -> None:
        heard.extend([len((await receive()).get("bytes") or b"") for _ in range(2)])
        await send({"type": "websocket.close"})

    half = LIMITS.frame // 2
    frames = [
        (b"\x82\xff" + LIMITS.frame.to_bytes(8) + KEY, LIMITS.frame),
        (b"\x02\xfe" + half.to_bytes(2) + KEY, half),
        (b"\x80\xfe" + half.to_bytes(2) + KEY, half),
    ]
    async with trio.open_nursery() as nursery:
        stream = lane(nursery, accepts(hears)).connect()
        await upgraded(stream)
        for head, size in frames:
            for at in range(0, len(head), step):
                await stream.send_all(head[at : at + step])
                await wait_all_tasks_blocked()
            await stream.send_all(bytes(size))
        assert await until_closed(stream) == b"\x88\x02\x03\xe8"
        await stream.aclose()
    assert heard == [LIMITS.frame] * 2


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x01\x80" + KEY + frame(b"whole"), 1002),  # within a message, though of no byte yet
        (b"\x81\x05whole", 1002),  # without a mask
        (frame(b"\xff"), 1007),
        (b"\x81\xfe\x00\x05", 1002),
        (b"\xc1\x80" + KEY, 1002),
        (b"\x81\xff" + (1 << 40).to_bytes(8), 1009),
    ],
    ids=[
        "a text within a text",
        "no mask",
        "no UTF-8",
        "more length than it takes",
        "a reserved bit",
        "a header of 1 TiB",
    ],
)
async def test_what_is_no_frame_ends_it_with_its_code(
    autojump_clock: MockClock, sent: bytes, code: int
) -> None:
    async def nothing(receive: Any, send: Any) -> None:
        pass

    async with trio.open_nursery() as nursery:
        served = lane(nursery, accepts(nothing))
        stream = served.connect()
        await upgraded(stream)
        await stream.send_all(sent)
        assert await until_closed(stream) == b"\x88\x02" + code.to_bytes(2)
        await stream.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


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


@pytest.mark.parametrize("rest", [b"", text_frame(b"behind")], ids=["nothing", "a text"])
async def test_what_goes_out_at_once_goes_out_whole_and_in_order(rest: bytes) -> None:
    """Over real sockets: a rest goes before what is sent next, and nothing between them."""
    said: list[bytes] = []
    sent: list[bool | None] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        at_once = scope["extensions"].get(AT_ONCE)
        assert (at_once is not None) == (TRANSPORT == "lane")
        await receive()
        assert at_once is None or at_once("before it was accepted") is False
        await send({"type": "websocket.accept"})
        await receive()
        while at_once is not None and sent[-1:] != [None]:
            text = f"{len(said)} " + "x" * 100_000
            sent.append(at_once(text))
            assert sent[-1] is not False, "the kernel took just whole frames: draw another size"
            said.append(text.encode())
        await receive()  # the client has read, and there is room again
        assert at_once is None or at_once("between") is False
        await send({"type": MANY, "texts": ["behind"] if rest else []})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        assert at_once is None or at_once("after the end") is False

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            served = lane(nursery, app)
            client = await over_sockets(served)
            await client.send_all(frame(b"now"))
            await wait_all_tasks_blocked(0.05)
            expected = b"".join(map(text_frame, said)) + rest
            got = await exactly(client, len(expected) * 3 // 4) if said else b""
            await client.send_all(frame(b"read"))
            got += await exactly(client, len(expected) - len(got))
            assert got == expected
            await client.aclose()
    assert sent[:-1] == [True] * len(sent[:-1])
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
                nursery.start_soon(_end, connection)
                await wait_all_tasks_blocked()
                await connection.stream.send_all(b"under way")
            assert await until_closed(client) == b"under way"
            await client.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def _end(connection: Any) -> None:
    if TRANSPORT == "lane":
        await connection.say_end()
    else:
        await connection.protocol_send(Closed())


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
