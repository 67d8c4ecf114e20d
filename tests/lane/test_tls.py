"""The same over TLS, with a certificate made for this run."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from lane_process import Server, answer, ask, free_port, request, start, until_closed, upgrade

AUTHORITY = trustme.CA()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    certificate = tmp_path / "loopback.pem"
    AUTHORITY.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    options = ("--certfile", str(certificate), "--keyfile", str(certificate))
    server = start("command", port=port, grace=2, options=options, linger=0.5, body=0.3)
    server.port = port
    try:
        until_it_shakes_hands(server)
        yield server
    finally:
        server.close()


def until_it_shakes_hands(server: Server) -> None:
    while True:
        assert server.process.poll() is None, server.said()
        try:
            with secure(server):
                return
        except ConnectionError:
            continue


def secure(server: Server) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    sock = server.connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return context.wrap_socket(sock, server_hostname="localhost")


def test_http_2_is_not_agreed_on(server: Server) -> None:
    with secure(server) as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"
        assert ask(sock).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "opening",
    [
        upgrade() + b"x",
        request("/", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST") + request(),
        request("/", "Content-Length: 5", method="POST") + b"123",
    ],
    ids=["a byte after an upgrade", "two framings", "a body that stops"],
)
def test_an_opening_ends_its_own_connection_alone(server: Server, opening: bytes) -> None:
    with secure(server) as bystander, secure(server) as sock:
        sock.sendall(opening)
        got = until_closed(sock)
        assert got.startswith(b"HTTP/1.1 4")
        assert got.count(b"HTTP/1.1 ") == 1
        assert ask(bystander).startswith(b"HTTP/1.1 200 ")


def test_no_handshake_and_no_reading_do_not_hold_up_the_end(server: Server) -> None:
    with server.connect(), secure(server) as unread, secure(server) as websocket:
        unread.sendall(request("/big"))
        websocket.sendall(upgrade())
        assert answer(websocket).startswith(b"HTTP/1.1 101 ")
        assert server.stop() == 0, server.said()
