"""The same over TLS, with a certificate made for this run."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import trustme
from lane_http2 import PREFACE, SETTINGS
from lane_process import Server, answer, ask, free_port, request, start, until_closed, upgrade
from test_http2 import HOSTILE

AUTHORITY = trustme.CA()


def options(folder: Path) -> tuple[str, ...]:
    certificate = folder / "loopback.pem"
    AUTHORITY.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    return ("--certfile", str(certificate), "--keyfile", str(certificate))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port, given = free_port(), options(tmp_path)
    server = start("command", port=port, grace=2, options=given, linger=0.5, body=0.3)
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


def secure(server: Server, *protocols: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    sock = server.connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return context.wrap_socket(sock, server_hostname="localhost")


@pytest.mark.parametrize("offered", [(), ("http/1.1",), ("http/1.1", "nonsense")])
def test_who_does_not_offer_http_2_is_the_lanes(server: Server, offered: tuple[str, ...]) -> None:
    with secure(server, *offered) as sock:
        assert sock.selected_alpn_protocol() == ("http/1.1" if offered else None)
        assert ask(sock).startswith(b"HTTP/1.1 200 ")


def test_who_offers_http_2_gets_it(server: Server) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    with httpx.Client(http2=True, verify=context, timeout=60) as client:
        for path, body in (("/", b"said"), ("/early", b"x" * 100_000), ("/", b"x" * 50_000)):
            answered = client.post(f"https://localhost:{server.port}{path}", content=body)
            assert answered.http_version == "HTTP/2"
            assert answered.status_code == 200
            assert answered.content == (body if path == "/" else b"no need to read that")
        assert client.get(f"https://localhost:{server.port}/crash").status_code == 500


def test_http_2_that_breaks_ends_its_own_connection_alone(server: Server) -> None:
    """Each opening once more on the real socket; the process is asked at the end."""
    with secure(server) as bystander:
        for sent in HOSTILE.values():
            with secure(server, "h2") as sock, suppress(ConnectionError):
                assert sock.selected_alpn_protocol() == "h2"
                sock.sendall(PREFACE + SETTINGS + sent)
                assert sock.recv(65536)
            assert ask(bystander).startswith(b"HTTP/1.1 200 ")
    assert server.stop() == 0, server.said()
    assert "Traceback" not in server.said()


def test_one_too_many_is_closed_before_the_handshake(tmp_path: Path) -> None:
    """Nothing can be said there."""
    port = free_port()
    server = start("command", port=port, options=options(tmp_path), connections=1)
    server.port = port
    try:
        until_it_shakes_hands(server)
        with held(server) as sock:
            for _ in range(3):
                with server.connect() as more:
                    assert more.recv(100) == b""
            assert ask(sock).startswith(b"HTTP/1.1 200 ")
    finally:
        server.close()


def held(server: Server) -> ssl.SSLSocket:
    """The only connection, once the one before it is seen to be over."""
    while True:
        try:
            return secure(server)
        except (ConnectionError, ssl.SSLError):
            continue


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
