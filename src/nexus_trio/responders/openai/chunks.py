"""What one event of a completions stream says. Pure; its caller bounds how long an event is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

DONE: Final = "[DONE]"


class Garbled(Exception):
    """An event that is none of this wire. Holds nothing of it."""


class Reported(Exception):
    """The server says within the stream that it failed. Holds nothing of what it says."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`words` for the user; `thought`, the characters of reasoning that they are not shown;
    `ended`, whether the reply is whole; `usage`, tokens of the prompt and of the reply."""

    words: str = ""
    thought: int = 0
    ended: bool = False
    usage: tuple[int, int] | None = None


def read_chunk(data: str) -> Chunk:
    """The chunk in an event's data. Raises `Garbled`, `Reported`."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Garbled from None
    if not isinstance(found, dict):
        raise Garbled
    if found.get("error") or found.get("object") == "error":
        raise Reported
    choices = found.get("choices")
    if not isinstance(choices, list):
        raise Garbled
    usage = _usage(found.get("usage"))
    if not choices:
        return Chunk(usage=usage)
    first = choices[0]
    delta = first.get("delta") if isinstance(first, dict) else None
    if delta is None:
        delta = {}
    if not isinstance(first, dict) or not isinstance(delta, dict):
        raise Garbled
    # A model that declines says so in `refusal`, with no `content` beside it.
    words = _text(delta, "content") or _text(delta, "refusal")
    thought = len(_text(delta, "reasoning_content") or _text(delta, "reasoning"))
    return Chunk(words, thought, bool(first.get("finish_reason")), usage)


def _text(delta: dict[str, Any], name: str) -> str:
    value = delta.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Garbled
    return value


def _usage(found: object) -> tuple[int, int] | None:
    if not isinstance(found, dict):
        return None
    counts = found.get("prompt_tokens"), found.get("completion_tokens")
    asked, answered = (
        count if isinstance(count, int) and 0 <= count < 2**40 else 0 for count in counts
    )
    return asked, answered


class Mender:
    """Joins surrogate halves that came in two pieces, and replaces halves that stay alone.

    JSON may hold them; UTF-8, and so the store and the wire, may not.
    """

    def __init__(self) -> None:
        self._held = ""

    def mend(self, text: str) -> str:
        """`text` as it can be passed on; a first half at its end waits for the second."""
        if self._held:
            text, self._held = self._held + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return _paired(text)

    def rest(self) -> str:
        """What still waits, replaced: no second half has come."""
        held, self._held = self._held, ""
        return _paired(held)


def _paired(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
