"""What holds every frame of the tests against its type can fail."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from checked_frames import checked, parsed

PONG = {"type": "pong", "ref": "p"}


@pytest.mark.parametrize(
    "change", [{"ref": 5}, {"ref": None}, {"type": "ping"}, {"type": None}, {"more": 1}], ids=str
)
def test_a_frame_that_is_none_is_seen(change: dict[str, Any]) -> None:
    assert checked(json.dumps(PONG)) == PONG
    with pytest.raises((msgspec.ValidationError, AssertionError)):
        checked(json.dumps({**PONG, **change}))


@pytest.mark.parametrize(
    "block",
    [
        'event: ping\ndata: {"type":"pong","ref":"p"}',
        'data: {"type":"pong","ref":"p"}',
        'event: pong\nretry: 5\ndata: {"type":"pong","ref":"p"}',
    ],
)
def test_an_event_that_is_none_is_seen(block: str) -> None:
    assert parsed('event: pong\nid: a:1,b:2\ndata: {"type":"pong","ref":"p"}')["id"] == "a:1,b:2"
    with pytest.raises(AssertionError):
        parsed(block)
