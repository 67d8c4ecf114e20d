"""What an operator is told of a model server that fails: one line a kind, not one a call."""

from __future__ import annotations

import logging
from typing import Final

import trio

log = logging.getLogger("nexus_trio.responders.openai")

QUIET_S: Final = 10.0
"""Between two lines of one kind. With 200 users on a server that is down, the first line
says all, and hundreds a second would bury the rest of the log."""

_HINTS: Final = {
    401: "check NEXUS_OPENAI_API_KEY",
    403: "check NEXUS_OPENAI_API_KEY",
    404: "check NEXUS_OPENAI_BASE_URL and NEXUS_OPENAI_MODEL",
    413: "lower NEXUS_OPENAI_HISTORY_TOKENS",
    429: "it limits us; lower NEXUS_OPENAI_CONCURRENCY",
}


def refusal(status: int) -> str:
    """What a status in place of a reply means. What the server says beside it may quote
    a prompt or a key, and is not looked at."""
    if 300 <= status < 400:
        return f"it answered {status}, a redirect, which is not followed; write its target"
    if status == 400:
        return "it answered 400; check NEXUS_OPENAI_MODEL, or lower NEXUS_OPENAI_HISTORY_TOKENS"
    hint = _HINTS.get(status, "see its own log")
    return f"it answered {status}; {hint}"


class Complaints:
    """Counts failures by kind, and logs each kind at most once in `QUIET_S`.

    A kind is one of our own few sentences, so both are bounded, and neither
    holds anything that a user or the server said.
    """

    def __init__(self) -> None:
        self.count = 0
        self._told: dict[str, tuple[float, int]] = {}

    def add(self, kind: str) -> None:
        """One more failure of that kind."""
        self.count += 1
        now = trio.current_time()
        last, since = self._told.get(kind, (-QUIET_S, 0))
        if now - last < QUIET_S:
            self._told[kind] = (last, since + 1)
            return
        more = f" ({since} more times since the last such line)" if since else ""
        log.warning("the model server failed a reply: %s%s", kind, more)
        self._told[kind] = (now, 0)
