"""The lane's two readers, whole and in pieces, on what the grammar makes."""

from __future__ import annotations

import random

import pytest
from fuzz_grammar import conversation, upgrade
from fuzz_readers import alike

from nexus_trio.lane import socket

COUNT = 1500


def test_requests_are_read_alike_however_they_are_cut() -> None:
    made = refused = 0
    for number in range(COUNT):
        raw = conversation(random.Random(f"http/{number}"), "t1q").sent[:3000]
        requests, fault, _ = alike("http", raw, number)
        made, refused = made + len(requests), refused + fault
    assert made > COUNT
    assert refused > COUNT // 10


def frames_of(number: int) -> bytes:
    rng = random.Random(f"frames/{number}")
    while True:
        made = conversation(rng, "t1q")
        if made.kind.startswith("websocket"):
            return made.sent[len(upgrade("t1q")) :][:3000]


def test_frames_are_read_alike_however_they_are_cut() -> None:
    heard = ended = 0
    for number in range(COUNT // 3):
        messages, code = alike("frames", frames_of(number), number)
        heard, ended = heard + len(messages), ended + (code is not None)
    assert heard > COUNT // 3
    assert ended > COUNT // 6


def test_a_reader_that_minds_the_pieces_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "unmask", lambda payload, key: payload)
    differ = [number for number in range(100) if not _alike(number)]
    assert differ


def _alike(number: int) -> bool:
    try:
        alike("frames", frames_of(number), number)
    except AssertionError:
        return False
    return True
