"""One connection over a stream in memory, in virtual time."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import trio
from lane_memory import LIMITS, TRANSPORT, Lane, lane
from lane_process import frame, request, upgrade
from trio.testing import MockClock

from nexus_trio.lane.contained import TRANSPORTS


async def until_closed(stream: Any) -> bytes:
    got = b""
    while piece := await stream.receive_some(65536):
        got += piece
    return got


async def small(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, answer."""
    while (await receive()).get("more_body"):
        pass
    await respond(send, b"done")


async def respond(send: Any, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def listens(scope: Any, receive: Any, send: Any) -> None:
    """A WebSocket that only listens."""
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def test_a_send_to_a_client_that_does_not_read_ends(autojump_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"x" * 1_000_000)

    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        stream = served.connect(lockstep=True)
        await stream.send_all(request())
    assert trio.current_time() == LIMITS.send
    assert served.counts == {"contained": 0, "unread": 1, "silent": 0}


async def test_a_slow_reader_is_not_cut_for_a_long_answer(autojump_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, b"x" * 500_000)

    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        stream = served.connect(lockstep=True)
        await stream.send_all(request("/", "Connection: close"))
        got = b""
        while piece := await stream.receive_some(65536):
            got += piece
            await trio.sleep(LIMITS.send - 1)
    assert trio.current_time() > 5 * LIMITS.send
    assert got.endswith(b"\r\n\r\n" + b"x" * 500_000)


@pytest.mark.parametrize("cancelled_by", ["the app", "nobody"])
async def test_at_termination_a_send_ends_within_the_grace(
    autojump_clock: MockClock, cancelled_by: str
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with trio.move_on_after(1 if cancelled_by == "the app" else 1000):
            await respond(send, b"x" * 1_000_000)

    async with trio.open_nursery() as nursery:
        served = lane(nursery, app, grace=10)
        stream = served.connect(lockstep=True)
        await stream.send_all(request())
        await trio.sleep(5)
        await served.context.terminated.set()
    assert trio.current_time() == 5 + 10 - 2


async def test_a_send_is_whole_though_its_caller_was_cancelled(autojump_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        with trio.move_on_after(1):
            await send({"type": "websocket.send", "text": "a" * 100})
        await send({"type": "websocket.send", "text": "b" * 100})

    async with trio.open_nursery() as nursery:
        stream = lane(nursery, app).connect(lockstep=True)
        await stream.send_all(upgrade())
        assert b" 101 " in await stream.receive_some(10_000)
        await trio.sleep(2)
        got = await until_closed(stream)
    assert got.startswith(b"\x81\x64" + b"a" * 100 + b"\x81\x64" + b"b" * 100)


@pytest.mark.parametrize("patience", [20, 500])
@pytest.mark.parametrize("opening", [b"", b"GET / HT"], ids=["nothing sent", "half a head"])
async def test_an_idle_connection_ends_when_its_settings_say(
    autojump_clock: MockClock, opening: bytes, patience: int
) -> None:
    """Within a head the lane has a bound of its own as well."""
    cut = bool(opening) and TRANSPORT == "lane"
    async with trio.open_nursery() as nursery:
        served = lane(nursery, small)
        served.config.keep_alive_timeout = patience
        stream = served.connect()
        await stream.send_all(opening)
        assert await until_closed(stream) == b""
        assert trio.current_time() == (min(patience, LIMITS.head) if cut else patience)
        await stream.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": int(cut)}


async def test_a_kept_connection_is_answered_after_a_long_silence(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, small)
        served.config.keep_alive_timeout = 500
        stream = served.connect()
        for _ in range(2):
            await trio.sleep(450)
            await stream.send_all(request())
            got = b""
            while not got.endswith(b"done"):
                got += await stream.receive_some(1000)
        await stream.aclose()


async def test_the_silence_of_a_client_that_waits_for_its_answer_is_not_cut(
    autojump_clock: MockClock,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await trio.sleep(1000)
        await respond(send, b"late")

    async with trio.open_nursery() as nursery:
        stream = lane(nursery, app).connect()
        await stream.send_all(request("/", "Connection: close"))
        assert (await until_closed(stream)).endswith(b"late")
        await stream.aclose()


@pytest.mark.parametrize("begins", ["", "Transfer-Encoding: chunked"])
async def test_a_body_that_stops_is_cut(autojump_clock: MockClock, begins: str) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, small)
        stream = served.connect()
        await stream.send_all(request("/", begins or "Content-Length: 9", method="POST"))
        await trio.sleep(LIMITS.body - 1)
        await stream.send_all(b"5\r\n1")
        assert (await until_closed(stream)).startswith(b"HTTP/1.1 408 ")
        assert trio.current_time() == 2 * LIMITS.body - 1
    assert served.counts == {"contained": 0, "unread": 0, "silent": 1}


async def test_an_idle_websocket_that_answers_pings_is_kept(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, listens)
        stream = served.connect()
        await stream.send_all(upgrade())
        await stream.receive_some(10_000)
        for _ in range(20):
            assert await stream.receive_some(100) == b"\x89\x00"
            await stream.send_all(frame(b"", 10))
        assert trio.current_time() == 20 * LIMITS.ping
        await stream.aclose()
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def test_a_websocket_whose_client_is_silent_is_cut(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, listens)
        stream = served.connect()
        await stream.send_all(upgrade())
        await until_closed(stream)
        assert trio.current_time() == LIMITS.silence
    assert served.counts == {"contained": 0, "unread": 0, "silent": 1}


async def test_a_frame_before_the_upgrade_was_answered_is_refused(
    autojump_clock: MockClock,
) -> None:
    """By an app that listens; the lane reads nothing for one that does not."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "websocket.disconnect"

    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        stream = served.connect()
        await stream.send_all(upgrade())
        await trio.testing.wait_all_tasks_blocked()
        await stream.send_all(frame(b"early"))
        got = await until_closed(stream)
        assert got.startswith(b"HTTP/1.1 400 ")
        assert got.endswith(b"\r\n\r\n")
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def test_a_peer_that_is_gone_before_it_is_named(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, small)
        served.connect(gone=True)
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


async def test_the_kernel_gives_up_on_a_machine_that_is_gone(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        served = lane(nursery, small)
        stream = served.connect()
        await trio.testing.wait_all_tasks_blocked()
        (connection,) = served.context.ledger.connections
        assert connection.stream.socket.options == [
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(LIMITS.send * 1000))
        ]
        await stream.aclose()


async def test_a_long_body_that_nobody_reads_leaves_nothing_behind(
    autojump_clock: MockClock,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await trio.sleep(1)  # the queue is full by then
        await respond(send, b"early")

    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        stream = served.connect()
        await stream.send_all(request("/", "Content-Length: 9000000", method="POST"))
        for _ in range(50):
            await stream.send_all(b"x" * 65536)
            await trio.testing.wait_all_tasks_blocked()
        assert (await until_closed(stream)).endswith(b"early")
    assert served.context.ledger.statistics().open == 0


async def test_what_breaks_in_a_connection_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*args: object) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise ValueError("the client's words")

    monkeypatch.setattr(TRANSPORTS[TRANSPORT], "_speak", breaks)
    async with trio.open_nursery() as nursery:
        served = lane(nursery, small)
        served.connect()
    assert served.counts == {"contained": 1, "unread": 0, "silent": 0}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["the app", "the connection"])
async def test_what_is_no_exception_ends_the_server(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException], where: str
) -> None:
    async def breaks(*args: object) -> None:
        await trio.testing.wait_all_tasks_blocked()  # the request is sent by then
        raise BaseExceptionGroup("both", [ValueError("contained"), error()])

    if where == "the connection":
        monkeypatch.setattr(TRANSPORTS[TRANSPORT], "_speak", breaks)
    served: list[Lane] = []

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            served.append(lane(nursery, breaks))
            await served[0].connect().send_all(request())

    with pytest.raises(BaseExceptionGroup) as caught:
        await serve()
    assert caught.group_contains(error)
    assert not caught.group_contains(ValueError)
    assert served[0].counts["contained"] == 1


async def test_cancelled_leaves_a_connection(autojump_clock: MockClock) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await trio.sleep_forever()

    with trio.move_on_after(7) as scope:
        async with trio.open_nursery() as nursery:
            served = lane(nursery, app)
            await served.connect().send_all(request())
    assert scope.cancelled_caught
    assert served.counts == {"contained": 0, "unread": 0, "silent": 0}


@pytest.mark.parametrize("more", [b"", b"GET / HT", request()], ids=["nothing", "half", "whole"])
async def test_a_client_that_goes_in_an_answer_is_let_go_whatever_it_sent_more(
    autojump_clock: MockClock, more: bytes
) -> None:
    """Of one that had sent more behind its request nothing was read, so that it was never gone."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_gone, receive, nursery.cancel_scope)
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await trio.sleep(15)

    async with trio.open_nursery() as nursery:
        served = lane(nursery, app)
        stream = served.connect()
        await stream.send_all(request())
        assert await stream.receive_some(10_000)
        await stream.send_all(more)
        await trio.sleep(20)
        await stream.aclose()
        await trio.sleep(20)
        assert served.context.ledger.statistics().open == 0


async def _until_gone(receive: Any, over: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    over.cancel()
