"""A short run of the fuzzer; that it replays; and that it finds defects which were planted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fuzz_grammar import Conversation
from fuzz_judge import Unlawful, judge
from fuzz_run import GROWTH, grown
from fuzz_world import COUNT, Batch, run_batch

from nexus_trio.lane import http1, socket, websocket
from nexus_trio.lane.connection import ContainedTCPServer
from nexus_trio.lane.direct import LaneConnection
from nexus_trio.lane.http1 import Requests

HERE = Path(__file__).parent


def test_conversations_of_all_kinds_end_as_they_must() -> None:
    statuses: Counter[int] = Counter()
    codes: Counter[int] = Counter()
    exact = sent = 0
    for number in range(8):
        batch = run_batch(f"suite/{number}")
        assert batch.failures == []
        assert batch.conversations == COUNT
        statuses += batch.statuses
        codes += batch.codes
        exact, sent = exact + batch.exact, sent + batch.sent
    assert {101, 200, 400, 404, 500, 501} <= statuses.keys()
    assert {1000, 1002, 1007, 1009} <= codes.keys()
    assert exact > 200
    assert sent > 100_000


def test_one_seed_is_one_run_in_any_process() -> None:
    here = run_batch("again/1")
    found = subprocess.run(
        [sys.executable, str(HERE / "fuzz_run.py"), "--replay", "again/1"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert here.digest in found.stdout
    assert here.digest != run_batch("again/2").digest


def test_nothing_is_left_in_memory() -> None:
    assert grown("suite") <= GROWTH


def test_what_is_left_in_memory_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(Requests, "close", lambda self: kept.append(bytes(64)))
    assert grown("suite") > GROWTH


def found(batches: int = 12, seed: str = "planted") -> Batch | None:
    """The first batch that fails."""
    for number in range(batches):
        batch = run_batch(f"{seed}/{number}")
        if batch.failures:
            return batch
    return None


async def _uncontained(self: Any, served: Any) -> None:
    await self.app.app(self._scope, served.receive, served.send)


def _keeps_nothing_back(request: http1.Request) -> int | None:
    return None


def _endless(self: Any, data: bytes) -> None:
    """What is behind an upgrade is taken for nothing."""
    _feed(self, data)
    self.behind = b""


_feed = Requests.feed
_run = ContainedTCPServer.run
_unmask = socket.unmask
_take = http1.Request.take


async def _leaves_open(self: Any) -> None:
    kept, self.stream.close = self.stream.close, lambda: None
    await _run(self)
    self.stream.close = kept


async def _stays(self: Any) -> None:
    await _run(self)
    self.context.ledger.connections.add(self)


async def _for_ever(self: Any) -> bytes | None:
    return await self.read_within(10**9)


def _shared(self: Any) -> bytes:
    """A body that stays for the next who asks."""
    _bodies.append(_take(self))
    return _bodies[-2] if len(_bodies) > 1 else _bodies[-1]


_bodies: list[bytes] = []

PLANTED: dict[str, tuple[Any, str, Any]] = {
    "a crash of the app is not contained": (LaneConnection, "_call", _uncontained),
    "a head is trusted as it is": (http1, "_fault", _keeps_nothing_back),
    "bytes behind an upgrade are dropped": (Requests, "feed", _endless),
    "a key of another frame": (socket, "unmask", lambda payload, key: _unmask(payload, key[::-1])),
    "no ceiling": (websocket.Ceiling, "frame_inbound_header", None),
    "a stream is left open": (LaneConnection, "run", _leaves_open),
    "a connection is never let go": (LaneConnection, "run", _stays),
    "somebody else's body": (http1.Request, "take", _shared),
    "no bound on a head": (Requests, "_refuse", lambda self, status: None),
    "a body is waited for without end": (LaneConnection, "read_body", _for_ever),
}


def test_where_nothing_is_planted_nothing_is_found() -> None:
    assert found() is None


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_defect_is_found(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = PLANTED[what]
    if wrong is None:
        wrong = super(websocket.Ceiling, websocket.Ceiling).frame_inbound_header
    monkeypatch.setattr(owner, name, wrong)
    assert found() is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc" * 2,
        b"HTTP/1.1 200 OK\r\n\nx: y\r\n\r\n",
        b"200 OK",
        b"",
    ],
)
def test_the_judge_sees_what_is_no_answer(raw: bytes) -> None:
    asked = Conversation("right", "t1q", (), ("GET",), ((200, b"abc"),))
    with pytest.raises(Unlawful):
        judge(asked, raw, set(), exact=True)


def test_the_judge_sees_what_is_somebody_elses() -> None:
    asked = Conversation("any", "t1q", ())
    with pytest.raises(Unlawful, match="t1q was sent what is t2q's"):
        judge(
            asked, b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nt2q", {"t1q", "t2q"}, exact=False
        )
