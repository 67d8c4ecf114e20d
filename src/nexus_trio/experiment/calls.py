"""From a call to its entry in the record."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from nexus_trio.experiment.traces import text_of
from nexus_trio.experiment.wire import Answer, Connection, WireError


async def attempt(line: Connection, request: bytes) -> Answer | WireError:
    """One call; what kept it from an answer is returned, to be counted."""
    try:
        return await line.send(request)
    except WireError as error:
        return error


def fields(answer: Answer | WireError) -> dict[str, Any]:
    """An answer as the record keeps it."""
    if isinstance(answer, WireError):
        return {"status": 0, "reply": {}, "raw": "", "error": str(answer)}
    reply = decoded(answer.body)
    error = "" if answer.status == 200 else f"status {answer.status} {text_of(reply.get('code'))}"
    raw = answer.body.decode("utf-8", "replace")
    return {"status": answer.status, "reply": reply, "raw": raw, "error": error.rstrip()}


def decoded(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`; empty where it is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def room_path(room: str, verb: str = "") -> str:
    """The path of a room or of one of its calls."""
    return f"/bridge/rooms/{quote(room, safe='')}{verb}"
