"""docs/protocol.md says what `web.frames` says, with an example of each frame that is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from nexus_trio.web import frames

PAGE = Path(__file__).parent.parent / "docs" / "protocol.md"

CALM = {"level": "none", "detected": False, "turns": 0, "notice": None, "resources": []}
TOWER = {
    "room": "Tower", "title": "The Tower", "description": "High above the sea.",
    "exits": {"down": "Garden"}, "position": "51f0:8", "occupants": ["ada", "bob"],
    "persona": "Wyndal",
}  # fmt: skip

EXAMPLES: list[dict[str, Any]] = [
    {"type": "hello", "user_id": "ada", "after": "6fb1:11", "room_after": "51f0:7"},
    {"type": "message", "ref": "m1", "message": "Who lives here?", "client_ref": "0f8b6d1e"},
    {"type": "go", "ref": "g1", "room": "Garden"},
    {"type": "look", "ref": "l1"},
    {"type": "say", "ref": "s1", "text": "Good evening."},
    {"type": "stop", "ref": "x1", "target": "m1"},
    {"type": "ack", "ref": "a1", "position": "6fb1:12"},
    {"type": "ping", "ref": "p1"},
    {
        "type": "welcome", "session_id": "9d2c", "room": "Tower", "position": "6fb1:11",
        "room_position": "51f0:7", "recovered": True,
    },
    {"type": "delta", "ref": "m1", "seq": 0, "text": "I keep", "turn": 4},
    {
        "type": "reply", "ref": "m1", "user_id": "ada", "session_id": "9d2c", "room": "Tower",
        "turn": 4, "response": "I keep the light.", "crisis": CALM, "notices": [],
        "session_messages": 4, "position": "6fb1:12",
    },
    {
        "type": "room", "room": "Tower", "position": "51f0:8", "event": "said",
        "user_id": "bob", "username": "Bob", "text": "Good evening.",
    },
    {"type": "occupants", "ref": "l1", **TOWER},
    {"type": "done", "ref": "s1", "position": "51f0:9", "crisis": CALM},
    {
        "type": "notice", "kind": "crisis", "text": "Call or text 988.", "position": "6fb1:13",
        "resources": [
            {"name": "988", "contact": "988", "url": "https://988lifeline.org", "country": "US"}
        ],
    },
    {
        "type": "error", "ref": "m1", "code": "aborted", "detail": "the turn was stopped",
        "retry": False, "partial": "I keep", "turn": 5, "position": "6fb1:14",
    },
    {"type": "pong", "ref": "p1"},
    {"type": "bye", "code": 1012, "detail": "the server restarts", "reconnect": True},
]  # fmt: skip


def kinds(union: Any) -> dict[str, type[msgspec.Struct]]:
    return {str(each.__struct_config__.tag): each for each in get_args(union)}


CLIENT, SERVER = kinds(frames.ClientFrame), kinds(frames.ServerFrame)


def section(kind: str, struct: type[msgspec.Struct]) -> str:
    (example,) = [e for e in EXAMPLES if e["type"] == kind]
    fields = [
        f"`{field.name}`" + ("" if field.required else " (optional)")
        for field in msgspec.structs.fields(struct)
    ]
    words = " ".join((struct.__doc__ or "").split())
    lines = ["### " + kind, "", words, "", "Fields: " + ", ".join(fields) + ".", ""]
    return "\n".join([*lines, "```json", json.dumps(example), "```", ""])


def generated() -> str:
    parts = ["## What clients send", ""]
    parts += [section(kind, struct) for kind, struct in CLIENT.items()]
    parts += ["## What the server sends", ""]
    parts += [section(kind, struct) for kind, struct in SERVER.items()]
    parts += ["## Close codes", "", "| code | why | come back |", "|---|---|---|"]
    for code, (why, again) in frames.CLOSE_CODES.items():
        parts.append(f"| {code} | {why} | {'yes' if again else 'no'} |")
    parts.append("| 1009 | a frame above 64 KiB; no `bye` before it | yes |")
    return "\n".join(parts) + "\n"


def test_the_page_is_the_frames() -> None:
    assert PAGE.read_text().partition("<!-- frames -->\n")[2] == generated()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e["type"])
def test_every_example_is_a_frame(example: dict[str, Any]) -> None:
    union: Any = frames.ClientFrame if example["type"] in CLIENT else frames.ServerFrame
    frame = msgspec.json.decode(json.dumps(example), type=union)
    again = json.loads(msgspec.json.encode(frame))
    assert {key: again[key] for key in example} == example


def test_every_frame_has_one_example() -> None:
    assert sorted(e["type"] for e in EXAMPLES) == sorted([*CLIENT, *SERVER])


if __name__ == "__main__":
    head = PAGE.read_text().partition("<!-- frames -->\n")[0]
    PAGE.write_text(f"{head}<!-- frames -->\n{generated()}")
