"""The opening handshake (RFC 6455, section 4): what is taken, what is refused with which status."""

from __future__ import annotations

import base64
import json

import pytest
from bridge_process import Bridge
from expected import alive
from raw_socket import ACCEPT, KEY, RawSocket, request


def fields(head: bytes) -> dict[str, str]:
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def key(size: int) -> str:
    return base64.b64encode(bytes(size)).decode()


TAKEN = {
    "as it should be": {},
    "names in another case": {"Upgrade": "WebSocket", "Connection": "UPGRADE"},
    "one of several tokens": {"Connection": "keep-alive, Upgrade"},
    "tokens in two lines": {"Connection": "Upgrade\r\nConnection: keep-alive"},
    "the subprotocol among others": {"Sec_WebSocket_Protocol": "chat.v9, nexus.v1"},
    "subprotocols in two lines": {
        "Sec_WebSocket_Protocol": "nexus.v1\r\nSec-WebSocket-Protocol: chat.v9"
    },
    "an origin of its own": {"Origin": "http://localhost"},
    "an unknown extension": {"Sec_WebSocket_Extensions": "x-unheard-of; a=1"},
}


@pytest.mark.parametrize("changed", TAKEN.values(), ids=TAKEN)
def test_a_handshake_that_is_taken(server: Bridge, changed: dict[str, str]) -> None:
    with RawSocket(server.port) as raw:
        head = raw.upgrade(request(**changed))
        assert head.startswith(b"HTTP/1.1 101 ")
        found = fields(head)
        assert found["sec-websocket-accept"] == ACCEPT
        assert (found["upgrade"].lower(), found["connection"].lower()) == ("websocket", "upgrade")
        assert found["sec-websocket-protocol"] == "nexus.v1"
        assert "sec-websocket-extensions" not in found
        raw.hello()
        alive(raw)


def test_no_subprotocol_is_taken_and_none_is_named(server: Bridge) -> None:
    with RawSocket(server.port) as raw:
        head = raw.upgrade(request(Sec_WebSocket_Protocol=None))
        assert head.startswith(b"HTTP/1.1 101 ")
        assert "sec-websocket-protocol" not in fields(head)
        raw.hello()
        alive(raw)


REFUSED: dict[str, tuple[int, dict[str, str | None]]] = {
    "another subprotocol": (400, {"Sec_WebSocket_Protocol": "chat.v9"}),
    "a subprotocol in another case": (400, {"Sec_WebSocket_Protocol": "NEXUS.V1"}),
    "an older version": (426, {"Sec_WebSocket_Version": "8"}),
    "a later version": (426, {"Sec_WebSocket_Version": "14"}),
    "no version": (426, {"Sec_WebSocket_Version": None}),
    "two versions": (426, {"Sec_WebSocket_Version": "13\r\nSec-WebSocket-Version: 8"}),
    "a version that is none": (426, {"Sec_WebSocket_Version": "thirteen"}),
    "no key": (400, {"Sec_WebSocket_Key": None}),
    "an empty key": (400, {"Sec_WebSocket_Key": ""}),
    "a key that is no base64": (400, {"Sec_WebSocket_Key": "!" * 22 + "=="}),
    "a key of 15 bytes": (400, {"Sec_WebSocket_Key": key(15)}),
    "a key of 17 bytes": (400, {"Sec_WebSocket_Key": key(17)}),
    "two keys": (400, {"Sec_WebSocket_Key": f"{KEY}\r\nSec-WebSocket-Key: {key(16)}"}),
    "no host": (400, {"Host": None}),
    "a foreign host": (403, {"Host": "bridge.example"}),
    "a foreign origin": (403, {"Origin": "http://bridge.example"}),
    "no upgrade": (404, {"Upgrade": None}),
    "another upgrade": (404, {"Upgrade": "smtp"}),
    "no connection": (404, {"Connection": None}),
    "a connection that is kept": (404, {"Connection": "keep-alive"}),
}  # fmt: skip


@pytest.mark.parametrize(("status", "changed"), REFUSED.values(), ids=REFUSED)
def test_a_handshake_that_is_refused(
    server: Bridge, status: int, changed: dict[str, str | None]
) -> None:
    with RawSocket(server.port) as raw:
        head = raw.upgrade(request(**changed))
        assert head.startswith(b"HTTP/1.1 %d " % status)
        if status == 426:
            found = fields(head)
            assert (found["sec-websocket-version"], found["upgrade"]) == ("13", "websocket")


def test_another_subprotocol_is_told_which_one_to_offer(server: Bridge) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade(request(Sec_WebSocket_Protocol="chat.v9"))
        body = b""
        while piece := raw.sock.recv(65536):
            body += piece
    whole = raw._left + body  # in chunks or not, as the server likes
    problem = json.loads(whole[whole.index(b"{") : whole.rindex(b"}") + 1])
    assert (problem["code"], problem["status"]) == ("invalid_request", 400)
    assert "nexus.v1" in problem["detail"]


@pytest.mark.parametrize("line", ["POST /bridge/ws HTTP/1.1", "GET /bridge/ws HTTP/1.0"])
def test_another_method_or_version_of_http(server: Bridge, line: str) -> None:
    with RawSocket(server.port) as raw:
        head = raw.upgrade(request().replace(b"GET /bridge/ws HTTP/1.1", line.encode()))
        assert head.startswith(b"HTTP/1.1 4")
