"""What a client may send to end the process: after each, another connection is answered.

The bystander's connection is open before, and the server process is shared by
the whole table, at both ways to start it (I5, I20, I22).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from lane_app import CANARY
from lane_memory import TRANSPORT
from lane_process import (
    ENTRIES,
    Server,
    answer,
    ask,
    frame,
    request,
    started,
    statistics,
    until_closed,
    until_open,
    upgrade,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
# GET / over HTTP/2, stream 1, and DATA for it after its end.
HEADERS = bytes([0, 0, 14, 1, 5, 0, 0, 0, 1, 0x82, 0x84, 0x86, 0x41, 9]) + b"localhost"
DATA = bytes([0, 0, 5, 0, 0, 0, 0, 0, 1]) + b"after"


@dataclass(frozen=True)
class Opening:
    """What is sent, how many answers come, and how the first begins; then the server closes."""

    name: str
    sent: bytes
    begins: bytes = b"HTTP/1.1 400 "
    answers: int = 1
    half_closed: bool = False


SMUGGLED = request("/statistics")
OPENINGS = [
    Opening("a byte after a WebSocket upgrade", upgrade() + b"x"),
    Opening("a frame after a WebSocket upgrade", upgrade() + frame(b"early")),
    Opening("a request after a WebSocket upgrade", upgrade() + SMUGGLED),
    Opening("HTTP/2 by prior knowledge", PREFACE),
    Opening("HTTP/2 DATA after the end", PREFACE + SETTINGS + HEADERS + DATA * 3),
    Opening(
        "Upgrade: h2c",
        request(
            "/", "Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: "
        ),
        begins=b"HTTP/1.1 200 ",
    ),
    Opening(
        "Content-Length and Transfer-Encoding",
        request("/", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST")
        + b"0\r\n\r\n"
        + SMUGGLED,
    ),
    Opening(
        "Transfer-Encoding in HTTP/1.0",
        request("/", "Transfer-Encoding: chunked", method="POST", version="1.0")
        + b"0\r\n\r\n"
        + SMUGGLED,
    ),
    Opening(
        "two lengths",
        request("/", "Content-Length: 5", "Content-Length: 6", method="POST") + b"12345" + SMUGGLED,
    ),
    Opening(
        "no chunk size",
        request("/", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n",
        begins=b"HTTP/1.1 ",
    ),
    Opening(
        "200 KB of headers",
        request("/", *(f"X-{n}: {'a' * 1000}" for n in range(200))),
        begins=b"HTTP/1.1 431 ",
    ),
    Opening("200 KB of one header", b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, b"HTTP/1.1 431 "),
    Opening(
        "a body that stops halfway",
        request("/", "Content-Length: 10", method="POST") + b"12345",
        begins=b"HTTP/1.1 408 ",
    ),
    Opening(
        "a body that ends halfway",
        request("/", "Content-Length: 10", method="POST") + b"12345",
        half_closed=True,
    ),
    Opening("another version of HTTP", request(version="9.9")),
    Opening("no Host", b"GET / HTTP/1.1\r\n\r\n"),
    Opening("a TLS hello", bytes.fromhex("16030100c8010000c40303") + bytes(200)),
    Opening("a zero in a header", b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"),
    Opening(
        "another version of WebSocket",
        upgrade("Sec-WebSocket-Version: 12"),
        begins=b"HTTP/1.1 426 ",
    ),
    Opening("a WebSocket upgrade in HTTP/1.0", upgrade().replace(b"HTTP/1.1", b"HTTP/1.0")),
    Opening(
        "no path",
        request("?x", "Connection: close"),
        # What has no path is no target (RFC 9112, section 3.2.1); h11 lets it pass.
        begins=b"HTTP/1.1 400 " if TRANSPORT == "lane" else b"HTTP/1.1 200 ",
    ),
    Opening(
        "three requests at once",
        request() * 2 + request("/", "Connection: close"),
        begins=b"HTTP/1.1 200 ",
        answers=3,
    ),
    Opening(
        "a long body that nobody reads",
        request("/early", "Content-Length: 3000000", method="POST") + b"x" * 3_000_000,
        begins=b"HTTP/1.1 200 ",
    ),
    Opening("the app crashes", request("/crash"), begins=b"HTTP/1.1 500 "),
    Opening("the app crashes in a nursery", request("/crash-in-group"), begins=b"HTTP/1.1 500 "),
    Opening("the app crashes in its answer", request("/crash-late"), begins=b"HTTP/1.1 200 "),
]

FRAMES = [
    Opening("the app crashes", frame(b"crash"), b"\x88\x02" + struct.pack("!H", 1011)),
    Opening("a message over 64 KiB", frame(b"x" * 65_537), b"\x88\x02" + struct.pack("!H", 1009)),
    Opening("no end of a message", frame(b"x" * 5_000_000), b"\x88\x02" + struct.pack("!H", 1009)),
    Opening("no mask", b"\x81\x02hi", b"\x88"),
    Opening("an unknown opcode", frame(b"", 3), b"\x88"),
    Opening("a long ping", frame(b"x" * 200, 9), b"\x88"),
    Opening("no UTF-8", frame(b"\xff\xfe"), b"\x88"),
    Opening("half a close code", frame(b"x", 8), b"\x88"),
    Opening("frames after the close", frame(b"", 8) + frame(b"late") * 3, b"\x88"),
]


@pytest.fixture(scope="module", params=ENTRIES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = started(request.param, body=0.3, linger=0.5)
    try:
        yield server
        assert server.stop() == 0
        assert CANARY not in server.said()
    finally:
        server.close()


@pytest.fixture
def bystander(server: Server) -> Iterator[socket.socket]:
    """Open before, answered after; the process lives, and nothing is left behind."""
    with server.connect() as sock:
        assert ask(sock).startswith(b"HTTP/1.1 200 ")
        yield sock
        assert ask(sock).startswith(b"HTTP/1.1 200 "), server.said()
        until_open(server, 1)
    assert server.process.poll() is None


@pytest.mark.parametrize("opening", OPENINGS, ids=lambda opening: opening.name)
def test_an_opening_ends_its_own_connection_alone(
    server: Server, bystander: socket.socket, opening: Opening
) -> None:
    with server.connect() as sock:
        sock.sendall(opening.sent)
        if opening.half_closed:
            sock.shutdown(socket.SHUT_WR)
        got = until_closed(sock)
    assert got.startswith(opening.begins)
    assert got.count(b"HTTP/1.1 ") == opening.answers
    assert opening.begins == b"HTTP/1.1 200 " or got.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("opening", FRAMES, ids=lambda opening: opening.name)
def test_a_websocket_ends_itself_alone(
    server: Server, bystander: socket.socket, opening: Opening
) -> None:
    with server.connect() as sock:
        sock.sendall(upgrade())
        assert answer(sock).startswith(b"HTTP/1.1 101 ")
        sock.sendall(opening.sent)
        assert until_closed(sock).startswith(opening.begins)


def test_a_reset_ends_its_own_connection_alone(server: Server, bystander: socket.socket) -> None:
    for sent in (b"", b"GET / HT", request("/"), upgrade()):
        with server.connect() as sock:
            sock.sendall(sent)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_compression_is_not_taken_up(server: Server, bystander: socket.socket) -> None:
    with server.connect() as sock:
        offer = "Sec-WebSocket-Extensions: permessage-deflate"
        sock.sendall(upgrade("Sec-WebSocket-Version: 13", offer))
        head = answer(sock)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"permessage-deflate" not in head.lower()
        sock.sendall(frame(b"hi"))
        assert sock.recv(100) == b"\x81\x02hi"


def test_a_client_that_does_not_read_is_cut() -> None:
    server = started("serve", send=0.3)
    try:
        with server.connect() as sock, server.connect() as other:
            sock.sendall(request("/big"))
            while not statistics(server)["unread"]:
                assert ask(other).startswith(b"HTTP/1.1 200 ")
        assert server.stop() == 0
    finally:
        server.close()


def test_what_was_contained_is_counted_and_logged_without_its_words(
    server: Server, bystander: socket.socket
) -> None:
    before = statistics(server)["contained"]
    with server.connect() as sock:
        assert ask(sock, "/crash").startswith(b"HTTP/1.1 500 ")
    assert statistics(server)["contained"] == before + 1
    assert "contained in a request: RuntimeError in http (lane/lane_app.py:" in server.said()
