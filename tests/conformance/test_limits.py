"""A message has at most 64 KiB, whatever it comes in, and nothing is compressed."""

from __future__ import annotations

import pytest
from bridge_process import Bridge
from expected import (
    BAD_FRAME,
    KIB64,
    PROTOCOL_ERROR,
    TOO_LARGE,
    alive,
    answered,
    ping,
    refused,
)
from raw_socket import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawSocket,
    cut,
    fragments,
    frame,
    header,
    request,
    welcomed,
)


@pytest.fixture
def raw(server: Bridge) -> RawSocket:
    return welcomed(server.port)


# --- 9: limits ---


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_one_byte_more(raw: RawSocket, opcode: int) -> None:
    with raw:
        raw.send(frame(ping(size=KIB64 + 1), opcode))
        refused(raw, TOO_LARGE)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [KIB64 + 1, 1 << 20, 1 << 32, (1 << 63) - 1])
def test_the_header_alone_is_enough(raw: RawSocket, size: int, opcode: int) -> None:
    """Not a byte of it is awaited, and so none is kept."""
    with raw:
        raw.send(header(size, opcode))
        refused(raw, TOO_LARGE)


def test_a_length_with_its_highest_bit_set(raw: RawSocket) -> None:
    with raw:
        raw.send(header(1 << 63, TEXT))
        refused(raw, PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [16, 1000, KIB64 // 2])
def test_fragments_over_the_limit(raw: RawSocket, size: int) -> None:
    """The last one, which is one byte too much, is not even there."""
    parts = fragments([*cut(ping(size=KIB64), size), b"x"])
    with raw:
        raw.send(*parts[:-1], header(1, CONTINUATION))
        refused(raw, TOO_LARGE)


def test_letters_of_several_bytes_count_as_bytes(raw: RawSocket) -> None:
    with raw:
        raw.send(*fragments(cut("€".encode() * (KIB64 // 3 + 1), 1000)))
        refused(raw, TOO_LARGE)


def test_a_ping_between_fragments_counts_for_nothing(raw: RawSocket) -> None:
    first, second = fragments([ping(size=KIB64)[:-1], b"}"])
    with raw:
        raw.send(first, frame(bytes(125), PING), second)
        assert raw.frame() == (PONG, bytes(125))
        answered(raw)
        alive(raw)


def test_each_message_has_the_whole_limit(raw: RawSocket) -> None:
    with raw:
        for _ in range(3):
            raw.send(frame(ping(size=KIB64)))
            answered(raw)
        alive(raw)


def test_too_large_before_the_hello(server: Bridge) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade()
        raw.send(header(KIB64 + 1, TEXT))
        refused(raw, TOO_LARGE)


@pytest.mark.parametrize("size", [64, 4096, 32768])
def test_many_messages_without_waiting(raw: RawSocket, size: int) -> None:
    with raw:
        for start in range(0, 200, 20):
            numbers = range(start, start + 20)
            raw.send(*(frame(ping(str(number), size)) for number in numbers))
            for number in numbers:
                answered(raw, str(number))
        alive(raw)


# --- 12 and 13: compression ---

OFFERS = [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    "x-webkit-deflate-frame, permessage-deflate",
]


@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_to_compress_is_declined(server: Bridge, offer: str) -> None:
    with RawSocket(server.port) as raw:
        head = raw.upgrade(request(Sec_WebSocket_Extensions=offer))
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"sec-websocket-extensions" not in head.lower()
        raw.hello()
        alive(raw)


def test_what_is_compressed_all_the_same_is_refused(server: Bridge) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade(request(Sec_WebSocket_Extensions="permessage-deflate"))
        raw.send(frame(b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=4))
        refused(raw, PROTOCOL_ERROR)


def test_a_binary_message_of_the_whole_limit_is_read_before_it_is_refused(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(bytes(KIB64), BINARY))
        refused(raw, BAD_FRAME)
