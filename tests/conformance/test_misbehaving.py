"""Clients that do what they should not: each gets its stated code, and nobody else notices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from bridge_process import GUARD, Bridge
from expected import BAD_FRAME, NO_HELLO, PROTOCOL_ERROR, alive, answered, ping, refused
from raw_socket import BINARY, CLOSE, CONTINUATION, PING, TEXT, RawSocket, frame, header, welcomed

TURN = b'{"type":"message","ref":"m","message":"tell me about this place"}'


@pytest.fixture
def raw(server: Bridge) -> RawSocket:
    return welcomed(server.port)


# --- frames ---

NO_FRAMES = {
    "no JSON": frame(b"no json"),
    "half of it": frame(b'{"type":"ping"'),
    "a list": frame(b"[]"),
    "a text": frame(b'"ping"'),
    "nested without end": frame(b"[" * 60_000),
    "a lone surrogate": frame(b'{"type":"message","ref":"m","message":"\\ud800"}'),
    "binary": frame(b'{"type":"ping","ref":"p"}', BINARY),
}


@pytest.mark.parametrize("sent", NO_FRAMES.values(), ids=NO_FRAMES)
def test_what_is_no_frame_of_ours(raw: RawSocket, sent: bytes) -> None:
    with raw:
        raw.send(sent)
        refused(raw, BAD_FRAME)


@pytest.mark.parametrize("sent", NO_FRAMES.values(), ids=NO_FRAMES)
def test_what_is_no_frame_of_ours_in_place_of_a_hello(server: Bridge, sent: bytes) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade()
        raw.send(sent)
        refused(raw, BAD_FRAME)


def test_a_frame_before_the_hello(server: Bridge) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade()
        raw.send(frame(ping()))
        refused(raw, BAD_FRAME)


def test_no_hello(silent: RawSocket) -> None:
    refused(silent, NO_HELLO)


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "dance", "ref": "x"},
        {"type": "hello", "user_id": "somebody-else"},
        {"ref": "x"},
        {"type": "message", "ref": "x"},
    ],
    ids=["unknown", "hello again", "no type", "no message"],
)
def test_a_frame_that_changes_nothing(raw: RawSocket, sent: dict[str, str]) -> None:
    with raw:
        raw.say(**sent)
        error = raw.answer()
        assert (error["type"], error["code"]) == ("error", "invalid_request")
        alive(raw)


def until(raw: RawSocket, kind: str) -> dict[str, object]:
    """The next frame of this type."""
    while (found := raw.answer())["type"] != kind:
        pass
    return found


def test_a_pending_ref_again(server: Bridge) -> None:
    with welcomed(server.port, "pending", "Chapel") as raw:
        raw.send(frame(TURN), frame(ping("m")))
        error = until(raw, "error")
        assert (error["code"], error["ref"]) == ("conflict", "m")
        raw.say(type="ping", ref="p")
        assert until(raw, "pong")["ref"] == "p"
        assert until(raw, "reply")["ref"] == "m"
        alive(raw)


def test_a_frame_in_fifty_packets(raw: RawSocket) -> None:
    sent = frame(ping(size=500))
    with raw:
        raw.send(sent, chop=len(sent) // 50)
        answered(raw)
        alive(raw)


def test_two_faults_at_once(server: Bridge) -> None:
    """The one is for the application and the other for the transport: either may be first."""
    for _ in range(20):
        with welcomed(server.port) as raw:
            raw.send(frame(b"no json"), frame(b"", CONTINUATION))
            opcode, payload = raw.frame()
            if opcode == TEXT:
                assert json.loads(payload)["code"] == BAD_FRAME
                opcode, payload = raw.frame()
            assert opcode == CLOSE
            assert int.from_bytes(payload) in (PROTOCOL_ERROR, BAD_FRAME)
            with pytest.raises(EOFError):
                raw.frame()


# --- ends in the middle ---

MIDDLES = {
    "of a header": b"\x81",
    "of a length": b"\x81\xfe\x10",
    "of a mask": header(100, TEXT) + b"\x00\x00",
    "of a payload": frame(ping())[:20],
    "of a message": frame(b'{"type":', fin=False),
    "of a ping": frame(b"x" * 100, PING)[:50],
    "of nothing": b"",
}


@pytest.mark.parametrize("way", ["FIN", "RST"])
@pytest.mark.parametrize("sent", MIDDLES.values(), ids=MIDDLES)
def test_an_end_in_the_middle(server: Bridge, sent: bytes, way: str) -> None:
    with welcomed(server.port, "cut-off", "Dungeon") as raw:
        raw.send(sent)
        if way == "RST":
            raw.reset()
    until_true(lambda: held(server, "cut-off")["connections"] == 0)


@pytest.mark.parametrize("way", ["FIN", "RST"])
def test_an_end_in_the_middle_of_a_turn(server: Bridge, way: str) -> None:
    """The turn goes on without its connection (`on_disconnect` is `keep`)."""
    user = f"cut-off-by-{way}"
    with welcomed(server.port, user, "Dungeon") as raw:
        raw.send(frame(TURN))
        until(raw, "delta")
        if way == "RST":
            raw.reset()
    until_true(lambda: held(server, user, "/history")["turns"])
    assert [t["status"] for t in held(server, user, "/history")["turns"]] == ["answered"]


def held(server: Bridge, user: str, part: str = "") -> Any:
    status, found = server.call("GET", f"/bridge/sessions/{user}{part}")
    assert status == 200
    return found


def until_true(seen: Callable[[], object]) -> None:
    give_up = time.monotonic() + GUARD
    while not seen():
        assert time.monotonic() < give_up, "it never came"
