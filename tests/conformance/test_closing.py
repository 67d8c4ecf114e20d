"""How a connection ends (RFC 6455, section 7): the code comes back, and the server closes first."""

from __future__ import annotations

import pytest
from bridge_process import Bridge
from expected import NO_UTF8, PROTOCOL_ERROR, answered, ping, refused
from raw_socket import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RawSocket,
    closing,
    fragments,
    frame,
    welcomed,
)

VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999]
INVALID = [0, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


@pytest.fixture
def raw(server: Bridge) -> RawSocket:
    return welcomed(server.port)


def test_after_a_message(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(ping()))
        answered(raw)
        raw.send(closing(1000))
        assert raw.closed() == 1000


def test_without_a_code(raw: RawSocket) -> None:
    with raw:
        raw.send(closing(None))
        assert raw.closed() is None


@pytest.mark.parametrize("code", VALID)
def test_a_code_comes_back(raw: RawSocket, code: int) -> None:
    with raw:
        raw.send(closing(code))
        assert raw.closed() == code


@pytest.mark.parametrize("code", INVALID)
@pytest.mark.parametrize("reason", [b"", b"reason"])
def test_a_code_that_must_not_be_sent(raw: RawSocket, code: int, reason: bytes) -> None:
    with raw:
        raw.send(closing(code, reason))
        refused(raw, PROTOCOL_ERROR)


def test_half_a_code(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(b"\x03", CLOSE))
        refused(raw, PROTOCOL_ERROR)


REASONS = {
    "none": b"",
    "some": b"going home",
    "in Greek": "πάω σπίτι".encode(),
    "123 bytes": b"x" * 123,
}


@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_a_reason(raw: RawSocket, reason: bytes, chop: int | None) -> None:
    with raw:
        raw.send(closing(1000, reason), chop=chop)
        assert raw.closed() == 1000


def test_a_reason_of_124_bytes(raw: RawSocket) -> None:
    with raw:
        raw.send(closing(1000, b"x" * 124))
        refused(raw, PROTOCOL_ERROR)


@pytest.mark.parametrize("reason", [b"\xff", b"\xed\xa0\x80", b"\xce", b"\xc0\xaf"])
def test_a_reason_that_is_no_text(raw: RawSocket, reason: bytes) -> None:
    with raw:
        raw.send(closing(1000, b"because " + reason))
        refused(raw, NO_UTF8)


BEHIND = {
    "the close again": closing(1001),
    "a message": frame(ping("late")),
    "a ping": frame(b"late", PING),
    "a pong": frame(b"late", PONG),
    "a fragment": frame(ping("late"), fin=False),
    "a bad frame": frame(b"", 7),
    "a long message": frame(ping(size=60_000)),
    "no frame": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_what_comes_behind_the_close_is_nothing(raw: RawSocket, behind: bytes) -> None:
    with raw:
        raw.send(closing(1000), behind)
        assert raw.closed() == 1000


def test_a_close_within_a_message_drops_it(raw: RawSocket) -> None:
    first, second = fragments([ping()[:5], ping()[5:]])
    with raw:
        raw.send(first, closing(1000), second)
        assert raw.closed() == 1000


def test_a_ping_before_the_close_has_its_pong(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(b"last", PING), closing(1000))
        assert raw.frame() == (PONG, b"last")
        assert raw.closed() == 1000


def test_what_comes_behind_an_error_is_nothing(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(ping(), CONTINUATION), frame(ping()), closing(1000))
        refused(raw, PROTOCOL_ERROR)


def test_a_close_before_the_hello(server: Bridge) -> None:
    with RawSocket(server.port) as raw:
        raw.upgrade()
        raw.send(closing(1001))
        assert raw.closed() == 1001
