"""SIGTERM ends the process with status 0 within its grace, whatever the clients do (I21)."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from lane_process import (
    ENTRIES,
    Server,
    answer,
    ask,
    frame,
    request,
    started,
    until_closed,
    upgrade,
)

GRACE = 2
EACH = 10


@pytest.fixture(params=ENTRIES)
def crowded(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = started(request.param, grace=GRACE)
    try:
        yield server
    finally:
        server.close()


def test_it_stops_under_a_crowd(crowded: Server) -> None:
    with ExitStack() as open_ones:
        crowd(crowded, open_ones)
        crowded.process.terminate()
        assert crowded.wait() == 0, crowded.said()
    assert "Traceback" not in crowded.said()


def test_it_stops_when_its_whole_process_group_is_told_to(crowded: Server) -> None:
    with crowded.connect() as sock:
        assert ask(sock).startswith(b"HTTP/1.1 200 ")
        os.killpg(crowded.process.pid, signal.SIGTERM)
        assert until_closed(sock) == b""
        assert crowded.wait() == 0, crowded.said()


def test_it_stops_without_a_parent_process() -> None:
    server = started("command", grace=GRACE, options=("--workers", "0"))
    try:
        assert server.stop() == 0, server.said()
        assert server.said().count("told to stop\n") == 1
    finally:
        server.close()


def crowd(server: Server, open_ones: ExitStack) -> None:
    """A hundred connections, ten of each kind twice, and all of them known to the server."""
    sent = [
        b"",
        b"GET / HTTP/1.1\r\nHos",
        request("/", "Content-Length: 10", method="POST") + b"12345",
        request("/hang"),
        request("/big"),
    ]
    for _ in range(EACH):
        for first in sent:
            sock = open_ones.enter_context(small_window(server))
            sock.sendall(first)
        for _ in range(2):
            sock = open_ones.enter_context(server.connect())
            assert ask(sock).startswith(b"HTTP/1.1 200 ")
            sock = open_ones.enter_context(server.connect())
            sock.sendall(upgrade())
            assert answer(sock).startswith(b"HTTP/1.1 101 ")
        sock = open_ones.enter_context(server.connect())
        sock.sendall(upgrade() + frame(b""))  # refused, and not read to its end


def small_window(server: Server) -> socket.socket:
    """A connection that holds little of what it is sent, so that a sender waits soon."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(60)
    sock.connect(("127.0.0.1", server.port))
    return sock
