"""`nexus-trio serve` with a certificate: HTTP/2, HTTP/1.1 and WebSockets over TLS."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

AUTHORITY = trustme.CA()
UPGRADE = (
    b"GET /bridge/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: nexus.v1\r\n\r\n"
)


def run(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nexus_trio", "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"NEXUS_DURABILITY": "memory"},
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    certificate = AUTHORITY.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    certificate.private_key_pem.write_to_path(key)
    return str(chain), str(key)


@pytest.fixture
def port(files: tuple[str, str]) -> Iterator[int]:
    server = run("--certfile", files[0], "--keyfile", files[1])
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.fullmatch(r"nexus-trio listening on https://127\.0\.0\.1:(\d+)\n", line)
        assert found, line
        yield int(found[1])
        server.terminate()
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.communicate()


def trusting(*protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@pytest.mark.parametrize("http2", [True, False])
def test_a_turn(port: int, http2: bool) -> None:
    with httpx.Client(http2=http2, verify=trusting(), timeout=60) as client:
        url = f"https://localhost:{port}/bridge/chat"
        reply = client.post(url, json={"user_id": "ada", "message": "good morning"})
        assert reply.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert reply.json()["turn"] == 1
        told = client.post(
            url,
            json={"user_id": "ada", "message": "and good night"},
            headers={"Accept": "text/event-stream"},
        )
        assert told.headers["content-type"].startswith("text/event-stream")
        assert told.text.count("event: reply\n") == 1
        refused = client.post(url, content=b"{", headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
        page = client.get(f"https://localhost:{port}/", headers={"Origin": "https://example.org"})
        assert page.status_code == 403


def test_a_websocket_beside_http_2(port: int) -> None:
    plain = socket.create_connection(("127.0.0.1", port), timeout=60)
    with trusting("http/1.1").wrap_socket(plain, server_hostname="localhost") as secure:
        secure.sendall(UPGRADE)
        assert secure.recv(4096).startswith(b"HTTP/1.1 101 ")
        hello = json.dumps({"type": "hello", "user_id": "bob"}).encode()
        secure.sendall(bytes([0x81, 0x80 | len(hello)]) + bytes(4) + hello)
        assert b'"welcome"' in secure.recv(4096)


def refused(*options: str) -> str:
    server = run(*options)
    said = server.communicate(timeout=60)[1]
    assert server.returncode == 2
    assert said.count("\n") == 1
    return said


def test_what_tls_can_not_begin_with_is_refused(files: tuple[str, str], tmp_path: Path) -> None:
    chain, key = files
    assert "certfile needs keyfile; set it (NEXUS_KEYFILE)" in refused("--certfile", chain)
    assert "keyfile needs certfile; set it (NEXUS_CERTFILE)" in refused("--keyfile", key)
    gone = str(tmp_path / "gone.pem")
    assert f"can't read the keyfile {gone}" in refused("--certfile", chain, "--keyfile", gone)
    other = str(tmp_path / "other.pem")
    AUTHORITY.issue_cert("localhost").private_key_pem.write_to_path(other)
    assert "the key that belongs to it" in refused("--certfile", chain, "--keyfile", other)
    private = load_pem_private_key(Path(key).read_bytes(), None)
    secret = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    Path(other).write_bytes(secret)
    assert "without a password" in refused("--certfile", chain, "--keyfile", other)


def test_a_certificate_does_not_open_it_to_others(files: tuple[str, str]) -> None:
    chain, key = files
    said = refused("--host", "0.0.0.0", "--certfile", chain, "--keyfile", key)
    assert "loopback alone" in said
