"""Every frame that a test receives is held against its type in `web.frames`."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from nexus_trio.web import frames

_DECODER: msgspec.json.Decoder[frames.ServerFrame] = msgspec.json.Decoder(frames.ServerFrame)


def checked(text: str | bytes) -> dict[str, Any]:
    """The frame as plain values; it is whole, of its type, and holds nothing besides."""
    frame = _DECODER.decode(text)
    found: dict[str, Any] = json.loads(text)
    told = json.loads(msgspec.json.encode(frame))
    assert told == found, f"not of {type(frame).__name__}: {sorted(found.keys() ^ told.keys())}"
    return found


def parsed(block: str) -> dict[str, str]:
    """The fields of one event of a stream, whose data is a frame of that name."""
    found = dict(line.split(": ", 1) for line in block.split("\n"))
    assert found.keys() - {"id"} == {"event", "data"}
    assert checked(found["data"])["type"] == found["event"]
    return found
