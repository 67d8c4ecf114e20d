"""Floods: bounded memory, and somebody else is answered in the midst of them."""

from __future__ import annotations

import select
from contextlib import suppress
from threading import Thread

import pytest
from bridge_process import GUARD, Bridge
from expected import TOO_SLOW, alive, answered, ping
from raw_socket import CONTINUATION, PING, PONG, RawSocket, frame, welcomed

COUNT = 5000
"""More than a queue holds by far (256)."""

GROWTH = 2 << 20
"""Bytes that the server may hold more of in the end than before."""

QUIET_S = 1.0
"""A server that has not read for so long, with megabytes waiting, has stopped reading."""


@pytest.fixture
def raw(server: Bridge) -> RawSocket:
    return welcomed(server.port)


def is_answered(bystander: RawSocket) -> None:
    bystander.say(type="ping", ref="meanwhile")
    answered(bystander, "meanwhile")


@pytest.mark.parametrize("kind", ["transport", "json"])
def test_pings_from_one_who_reads(
    server: Bridge, raw: RawSocket, bystander: RawSocket, kind: str
) -> None:
    """All are answered, in their order."""
    numbers = [b"%d" % number for number in range(COUNT)]
    if kind == "json":
        sent = [frame(ping(number.decode())) for number in numbers]
    else:
        sent = [frame(number, PING) for number in numbers]
    before = server.resident()
    with raw:
        sender = Thread(target=raw.send, args=sent)
        sender.start()
        for number in numbers:
            if kind == "json":
                answered(raw, number.decode())
            else:
                assert raw.frame() == (PONG, number)
            if number.endswith(b"00"):
                is_answered(bystander)
        sender.join()
        alive(raw)
    assert server.resident() - before < GROWTH


def stuff(raw: RawSocket, data: bytes) -> int:
    """Send `data` over and over until nobody takes it; how many bytes were taken.

    Whom the server has told that this is the end it reads a little longer, and no more then:
    what it sent before is there to be read all the same.
    """
    total, left = 0, b""
    raw.sock.setblocking(False)
    with suppress(BrokenPipeError, ConnectionResetError):
        while select.select([], [raw.sock], [], QUIET_S)[1]:
            left = left or data
            taken = raw.sock.send(left)
            total, left = total + taken, left[taken:]
    raw.sock.settimeout(GUARD)
    return total


def test_pings_of_json_from_one_who_does_not_read(
    server: Bridge, raw: RawSocket, bystander: RawSocket
) -> None:
    """They fill its queue; reading again, it finds what waited, and why it ends."""
    before = server.resident()
    with raw:
        stuff(raw, frame(ping("r" * 64)) * 1000)
        is_answered(bystander)
        assert server.resident() - before < GROWTH
        while (found := raw.answer())["type"] == "pong":
            pass
        assert (found["type"], found["code"], found["reconnect"]) == ("bye", TOO_SLOW, True)
        assert raw.closed() == TOO_SLOW


def test_pings_of_the_transport_from_one_who_does_not_read(
    server: Bridge, raw: RawSocket, bystander: RawSocket
) -> None:
    """It is read no more, and costs nothing more; reading again, it finds every pong."""
    before = server.resident()
    one = frame(b"x" * 125, PING)
    with raw:
        whole = stuff(raw, one * 1000) // len(one)
        is_answered(bystander)
        assert server.resident() - before < GROWTH
        for _ in range(whole):
            assert raw.frame() == (PONG, b"x" * 125)


FLOODS = {
    "pongs": (b"", frame(b"", PONG), frame(ping())),
    "empty fragments": (
        frame(ping(), fin=False),
        frame(b"", CONTINUATION, fin=False),
        frame(b"", CONTINUATION),
    ),
}


@pytest.mark.parametrize(("first", "piece", "last"), FLOODS.values(), ids=FLOODS)
def test_what_needs_no_answer(
    server: Bridge, raw: RawSocket, bystander: RawSocket, first: bytes, piece: bytes, last: bytes
) -> None:
    before = server.resident()
    with raw:
        sender = Thread(target=raw.send, args=[first, piece * 6 * COUNT, last])
        sender.start()
        while sender.is_alive():
            is_answered(bystander)
        answered(raw)
        alive(raw)
    assert server.resident() - before < GROWTH
