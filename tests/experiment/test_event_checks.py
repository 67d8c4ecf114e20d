"""The checks on events hold for a good run over WebSockets and fail for each way to break it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from nexus_trio.experiment.event_checks import events_own, streams_whole
from nexus_trio.experiment.record import Chat, Person, Record

CALM = {"level": "none", "notice": None}


def good() -> Record:
    """One user, one reply in two pieces, one event of the room."""
    record = Record(
        people=[Person("experiment-a", "canary-aa"), Person("experiment-b", "canary-bb")]
    )
    reply = {
        "type": "reply", "ref": "m1", "response": "I heard canary-aa", "crisis": CALM,
        "position": "e:2",
    }  # fmt: skip
    record.frames["experiment-a"] = [
        {"type": "reply", "ref": "x", "command": "look", "position": "e:1"},
        {"type": "room", "event": "joined", "position": "r:4"},
        {"type": "room", "event": "left", "position": "r:5"},
        {"type": "delta", "ref": "m1", "seq": 0, "text": "I heard "},
        {"type": "delta", "ref": "m1", "seq": 1, "text": "canary-aa"},
        reply,
    ]
    record.chats.append(Chat("experiment-a", 1, "Tower", "hello", 0, 1, 200, reply))
    return record


def test_a_good_run_passes() -> None:
    assert events_own(good()).passed
    assert streams_whole(good()).passed
    assert not events_own(Record()).passed
    assert not streams_whole(Record()).passed


def at(index: int, **fields: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda frames: frames[index].update(fields)


@pytest.mark.parametrize(
    ("check", "break_it"),
    [
        (events_own, at(1, username="canary-bb")),
        (events_own, at(1, type="notice")),
        (streams_whole, at(4, seq=2)),
        (streams_whole, at(4, text="else")),
        (streams_whole, lambda frames: frames.pop(3)),
        (streams_whole, lambda frames: frames.pop()),
        (streams_whole, at(2, position="r:6")),
        (streams_whole, at(5, position="none")),
    ],
)
def test_what_is_broken_is_seen(check: Any, break_it: Any) -> None:
    record = good()
    break_it(record.frames["experiment-a"])
    assert not check(record).passed


def test_the_command_over_websockets() -> None:
    command = [sys.executable, "-W", "error", "-m", "nexus_trio", "experiment"]
    done = subprocess.run(
        [*command, "--messages", "5", "--transport", "ws"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "streams whole and in order | pass" in done.stdout
    wrong = subprocess.run(
        [*command, "--transport", "pigeon"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (wrong.returncode, "http or ws" in wrong.stderr) == (2, True)
