"""The light client against servers that answer well, late, too much or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from nexus_trio.experiment import wire
from nexus_trio.experiment.wire import UnsupportedUrl, WireError, open_connection, parse_url

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Handler = Callable[[trio.SocketStream], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """A server on a free port that hands every connection to `handler`."""
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, handler, 0, host="127.0.0.1")
        listeners = await nursery.start(serve)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


def answering(*answers: bytes, seen: list[bytes] | None = None) -> Handler:
    """Gives one of `answers` per request on each connection, then closes."""

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            for answer in answers:
                data = await stream.receive_some(65536)
                if not data:
                    return
                if seen is not None:
                    seen.append(data)
                await stream.send_all(answer)

    return handle


async def test_keeps_the_connection_and_sends_what_was_asked() -> None:
    seen: list[bytes] = []
    async with (
        serving(answering(OK, OK.replace(b"200", b"404"), seen=seen)) as port,
        open_connection("127.0.0.1", port) as line,
    ):
        first = await line.request("POST", "/a", b'{"x":1}')
        second = await line.request("GET", "/b?c=d")
    assert (first.status, first.body) == (200, b"{}")
    assert first.headers == {b"content-length": b"2"}
    assert second.status == 404
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    json_head = b"Content-Type: application/json\r\nContent-Length: 7\r\n\r\n"
    assert seen == [
        b"POST /a HTTP/1.1\r\n" + host + json_head + b'{"x":1}',
        b"GET /b?c=d HTTP/1.1\r\n" + host + b"\r\n",
    ]


async def test_reads_chunked_answers_that_come_in_pieces() -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(65536)
            for at in range(len(whole)):
                await stream.send_all(whole[at : at + 1])

    async with serving(handle) as port, open_connection("127.0.0.1", port) as line:
        assert (await line.request("GET", "/")).body == b"abcde"


async def test_opens_a_new_connection_after_an_orderly_close() -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with (
        serving(answering(closing)) as port,
        open_connection("127.0.0.1", port) as line,
    ):
        for _ in range(3):
            assert (await line.request("GET", "/")).status == 200


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "before its answer was whole"),
        (OK[:-1], "before its answer was whole"),
        (b"SSH-2.0-OpenSSH\r\n", "not HTTP/1.1"),
        (OK + OK, "more than one answer"),
    ],
)
async def test_says_what_was_wrong_with_an_answer(answer: bytes, said: str) -> None:
    async with serving(answering(answer)) as port, open_connection("127.0.0.1", port) as line:
        with pytest.raises(WireError, match=said):
            await line.request("GET", "/")


async def test_an_answer_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_BODY", 1)
    async with serving(answering(OK, OK)) as port, open_connection("127.0.0.1", port) as line:
        with pytest.raises(WireError, match="larger than 1 bytes"):
            await line.request("GET", "/")


async def silent(stream: trio.SocketStream) -> None:
    async with stream:
        await trio.sleep_forever()


async def test_a_deadline_ends_a_call() -> None:
    async with serving(silent) as port, open_connection("127.0.0.1", port) as line:
        with pytest.raises(WireError, match=r"No answer within 0\.01 s"):
            await line.request("GET", "/", deadline=0.01)


async def test_a_late_answer_is_never_taken_for_the_next_one() -> None:
    """The first connection answers when it is too late; the second call must not see that."""
    asked, late = trio.Event(), trio.Event()
    connections = 0

    async def handle(stream: trio.SocketStream) -> None:
        nonlocal connections
        connections += 1
        number = connections
        async with stream:
            await stream.receive_some(65536)
            if number == 1:
                asked.set()
                await late.wait()
            body = f"{number:02}".encode()
            try:
                await stream.send_all(OK.replace(b"{}", body))
            except trio.BrokenResourceError:
                assert number == 1

    async with serving(handle) as port, open_connection("127.0.0.1", port) as line:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(line.request, "GET", "/first")
                await asked.wait()
                scope.cancel()
        late.set()
        assert (await line.request("GET", "/second")).body == b"02"


async def test_nobody_listens() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    with pytest.raises(WireError, match="start the server"):
        async with open_connection("127.0.0.1", port):
            pytest.fail("there is nothing to open")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:4004", ("127.0.0.1", 4004, "")),
        ("http://127.0.0.1:4004/", ("127.0.0.1", 4004, "")),
        ("http://example.test/chat/", ("example.test", 80, "/chat")),
        ("http://[::1]:4004", ("::1", 4004, "")),
    ],
)
def test_urls(url: str, parts: tuple[str, int, str]) -> None:
    assert parse_url(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "https://example.test",
        "ws://127.0.0.1:4004",
        "127.0.0.1:4004",
        "http://",
        "http://host:port",
        "http://host:70000",
        "http://me@host",
        "http://host/?a=b",
        "",
    ],
)
def test_urls_that_are_not_spoken_to(url: str) -> None:
    with pytest.raises(UnsupportedUrl):
        parse_url(url)


def test_ipv6_hosts_are_bracketed() -> None:
    sent = wire.encode(parse_url("http://[::1]:4004/p"), "GET", "/x")
    assert sent == b"GET /p/x HTTP/1.1\r\nHost: [::1]:4004\r\n\r\n"
