"""Frames as RFC 6455 has them: sections 1 to 5 and 10 of the catalogue in docs/websocket.md."""

from __future__ import annotations

import pytest
from bridge_process import Bridge
from expected import BAD_FRAME, KIB64, PROTOCOL_ERROR, alive, answered, ping, refused
from raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawSocket,
    cut,
    fragments,
    frame,
    header,
    welcomed,
)


@pytest.fixture
def raw(server: Bridge) -> RawSocket:
    return welcomed(server.port)


# --- 1: framing ---

CHOPS = {125: 1, 126: 1, 127: 1, 128: 1, 65535: 997, KIB64: 997}


@pytest.mark.parametrize("chopped", [False, True])
@pytest.mark.parametrize("size", CHOPS)
def test_text_of_every_length_form_is_read(raw: RawSocket, size: int, chopped: bool) -> None:
    with raw:
        raw.send(frame(ping(size=size)), chop=CHOPS[size] if chopped else None)
        answered(raw)
        alive(raw)


@pytest.mark.parametrize("size", [0, *CHOPS])
def test_binary_is_no_frame_of_ours(raw: RawSocket, size: int) -> None:
    with raw:
        raw.send(frame(bytes(size), BINARY), chop=CHOPS.get(size))
        refused(raw, BAD_FRAME)


def test_text_of_no_length_is_no_json(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(b""))
        refused(raw, BAD_FRAME)


@pytest.mark.parametrize("length", [b"\x00\x19", b"\x00\x7d"], ids=["25", "125"])
def test_a_length_in_a_longer_form_than_it_needs(raw: RawSocket, length: bytes) -> None:
    with raw:
        raw.send(b"\x81\xfe" + length)
        refused(raw, PROTOCOL_ERROR)


def test_a_length_of_eight_bytes_where_two_suffice(raw: RawSocket) -> None:
    with raw:
        raw.send(b"\x81\xff" + (65535).to_bytes(8))
        refused(raw, PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [1, 64])
def test_what_comes_back_has_its_length_in_the_shortest_form(raw: RawSocket, size: int) -> None:
    ref = "\N{GREEK SMALL LETTER KAPPA}" * size  # 64 of them make a frame of over 125 bytes
    with raw:
        raw.send(frame(ping(ref)))
        answered(raw, ref)
        alive(raw)


@pytest.mark.parametrize(("opcode", "payload"), [(TEXT, b"{}"), (PING, b"x"), (CLOSE, b"")])
def test_a_frame_without_a_mask(raw: RawSocket, opcode: int, payload: bytes) -> None:
    with raw:
        raw.send(frame(payload, opcode, mask=None))
        refused(raw, PROTOCOL_ERROR)


def test_any_mask_will_do(raw: RawSocket) -> None:
    with raw:
        for mask in (bytes(4), b"\xff" * 4, b"\x00\xff\x00\xff"):
            raw.send(frame(ping(), mask=mask))
            answered(raw)
        alive(raw)


# --- 2: pings and pongs ---

PAYLOADS = [b"", b"Hello", bytes(range(0, 250, 2)), b"\xff\xfe\xfd", b"x" * 125]


@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("payload", PAYLOADS, ids=len)
def test_a_ping_has_its_pong(raw: RawSocket, payload: bytes, chop: int | None) -> None:
    with raw:
        raw.send(frame(payload, PING), chop=chop)
        assert raw.frame() == (PONG, payload)
        alive(raw)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_of_126_bytes(raw: RawSocket, opcode: int) -> None:
    with raw:
        raw.send(frame(bytes(126), opcode))
        refused(raw, PROTOCOL_ERROR)


@pytest.mark.parametrize("payload", [b"", b"unasked"])
def test_a_pong_that_nobody_asked_for(raw: RawSocket, payload: bytes) -> None:
    with raw:
        raw.send(frame(payload, PONG), frame(b"ping", PING), frame(payload, PONG))
        assert raw.frame() == (PONG, b"ping")
        alive(raw)


@pytest.mark.parametrize("chop", [None, 1])
def test_many_pings_have_their_pongs_in_order(raw: RawSocket, chop: int | None) -> None:
    payloads = [b"payload-%d" % number for number in range(10)]
    with raw:
        raw.send(*(frame(each, PING) for each in payloads), chop=chop)
        assert [raw.frame() for _ in payloads] == [(PONG, each) for each in payloads]
        alive(raw)


# --- 3: reserved bits ---


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
@pytest.mark.parametrize("rsv", range(1, 8))
def test_a_reserved_bit_is_refused(raw: RawSocket, rsv: int, opcode: int) -> None:
    with raw:
        raw.send(frame(ping(), opcode, rsv=rsv))
        refused(raw, PROTOCOL_ERROR)


@pytest.mark.parametrize("chop", [None, 1])
def test_a_reserved_bit_between_messages(raw: RawSocket, chop: int | None) -> None:
    with raw:
        raw.send(frame(ping()), chop=chop)
        answered(raw)
        raw.send(frame(ping("q"), rsv=4), frame(ping("r")), frame(b"x", PING), chop=chop)
        refused(raw, PROTOCOL_ERROR)


# --- 4: opcodes ---

RESERVED = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]


@pytest.mark.parametrize("payload", [b"", b"payload"])
@pytest.mark.parametrize("opcode", RESERVED)
def test_a_reserved_opcode_is_refused(raw: RawSocket, opcode: int, payload: bytes) -> None:
    with raw:
        raw.send(frame(payload, opcode))
        refused(raw, PROTOCOL_ERROR)


@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("opcode", RESERVED)
def test_a_reserved_opcode_between_messages(raw: RawSocket, opcode: int, chop: int | None) -> None:
    with raw:
        raw.send(frame(ping()), chop=chop)
        answered(raw)
        raw.send(frame(b"payload", opcode), frame(ping("q")), frame(b"x", PING), chop=chop)
        refused(raw, PROTOCOL_ERROR)


# --- 5: fragments ---

WHOLE = ping()
HALF = len(WHOLE) // 2
HALVES = [WHOLE[:HALF], WHOLE[HALF:]]
CUTS = {
    "two halves": HALVES,
    "one byte each": list(cut(WHOLE, 1)),
    "the first is empty": [b"", WHOLE],
    "the last is empty": [WHOLE, b""],
    "all but the middle are empty": [b"", b"", WHOLE, b"", b""],
    "one": [WHOLE],
}


@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("pieces", CUTS.values(), ids=CUTS)
def test_fragments_are_one_message(raw: RawSocket, pieces: list[bytes], chop: int | None) -> None:
    with raw:
        raw.send(*fragments(pieces), chop=chop)
        answered(raw)
        alive(raw)


@pytest.mark.parametrize("chop", [None, 1])
def test_pings_between_fragments_are_answered_before_the_message(
    raw: RawSocket, chop: int | None
) -> None:
    sent, parts = [], fragments(cut(WHOLE, 5))
    for number, part in enumerate(parts[:-1]):
        sent += [part, frame(b"%d" % number, PING), frame(b"unasked", PONG)]
    with raw:
        raw.send(*sent, parts[-1], chop=chop)
        assert [raw.frame() for _ in parts[:-1]] == [
            (PONG, b"%d" % number) for number in range(len(parts) - 1)
        ]
        answered(raw)
        alive(raw)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_in_fragments(raw: RawSocket, opcode: int) -> None:
    with raw:
        raw.send(frame(b"half", opcode, fin=False), frame(b"half", CONTINUATION))
        refused(raw, PROTOCOL_ERROR)


ODD_ORDERS = {
    "a continuation of nothing": [frame(WHOLE, CONTINUATION)],
    "a continuation of nothing, and more to come": [frame(WHOLE, CONTINUATION, fin=False)],
    "a continuation after a whole message": [frame(b"x", PONG), frame(b"x", CONTINUATION)],
    "a text within a text": [frame(HALVES[0], fin=False), frame(WHOLE)],
    "a text's beginning within a text": [frame(b"{", fin=False), frame(b"{", fin=False)],
    "a binary within a text": [frame(HALVES[0], fin=False), frame(b"x", BINARY)],
    "a text within a binary": [frame(b"x", BINARY, fin=False), frame(WHOLE)],
}


@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("frames", ODD_ORDERS.values(), ids=ODD_ORDERS)
def test_fragments_out_of_order(raw: RawSocket, frames: list[bytes], chop: int | None) -> None:
    with raw:
        raw.send(*frames, chop=chop)
        refused(raw, PROTOCOL_ERROR)


def test_a_continuation_after_an_answered_message(raw: RawSocket) -> None:
    with raw:
        raw.send(*fragments(HALVES))
        answered(raw)
        raw.send(frame(HALVES[1], CONTINUATION))
        refused(raw, PROTOCOL_ERROR)


def test_binary_fragments_are_no_frame_of_ours(raw: RawSocket) -> None:
    with raw:
        raw.send(*fragments([WHOLE[:3], WHOLE[3:]], BINARY))
        refused(raw, BAD_FRAME)


# --- 10: fragments as libraries make them ---


@pytest.mark.parametrize("size", [64, 1300, 65535])
def test_a_long_message_in_fragments(raw: RawSocket, size: int) -> None:
    with raw:
        raw.send(*fragments(cut(ping(size=KIB64), size)))
        answered(raw)
        alive(raw)


# --- before the hello ---


@pytest.mark.parametrize("sent", [frame(WHOLE, mask=None), frame(WHOLE, 3), header(126, PING)])
def test_the_rules_hold_before_the_hello(server: Bridge, sent: bytes) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade()
        raw.send(sent)
        refused(raw, PROTOCOL_ERROR)
