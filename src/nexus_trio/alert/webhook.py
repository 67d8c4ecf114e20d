"""A signed call to the operator's own address for each `imminent` message.

The body is JSON: `event` (`imminent`), `id` (the same in every attempt, so that
the receiver can drop doubles), `at` (RFC 3339, UTC), `session_id`, `lexicon`. It
is signed as follows, so that its receiver knows where it comes from and that it
is not an old one again:

    X-Nexus-Timestamp: 1767225600
    X-Nexus-Signature: sha256=<hex of HMAC-SHA256(secret, timestamp "." body)>

A call that fails is made again, at growing intervals; what waits is in memory,
bounded, and lost with the process: this is a help for whoever is on duty, and
no replacement for the notice, which the user has had.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx
import trio

from nexus_trio.crisis import LEXICON
from nexus_trio.responders.openai.lines import Lines

log = logging.getLogger("nexus_trio")

WAITING: Final = 256
"""Calls that may wait: so many people in danger at once are a catastrophe, or a fault."""

ATTEMPT_S: Final = 10.0
"""For one attempt, connecting included: receivers should take a call and work later."""

PAUSES_S: Final = (1.0, 5.0, 25.0, 125.0)
"""Before each further attempt: a receiver that restarts is back within these three minutes."""

LAST_S: Final = 2.0
"""At the end of the server, for one more attempt of all that waits."""


@dataclass(order=True, slots=True)
class _Call:
    """One call: when it is due (trio's clock), its place in line, and what it carries."""

    due: float
    number: int
    attempts: int = field(compare=False)
    body: bytes = field(compare=False, repr=False)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What stands in `X-Nexus-Signature`."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


class Webhook:
    """Implements `Alerts`. Whoever opens it runs `run` in a task.

    `now` is the time of day, `new_id` makes the ids of calls. Raises
    `ValueError`, without the address, for one that can't be called.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        now: Callable[[], datetime],
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL:
            raise ValueError("it is no address") from None
        if not self._url.host:
            raise ValueError("it names no host")
        self._secret = secret
        self._now = now
        self._new_id = new_id
        self._lines = Lines(self._url, ATTEMPT_S, 1)
        self._calls: list[_Call] = []  # a heap
        self._number = 0
        self._came = trio.Event()
        self.delivered = self.lost = 0
        """Calls that their receiver took, and those that were given up."""

    def __repr__(self) -> str:
        return f"<Webhook, {len(self._calls)} waiting>"

    def imminent(self, session_id: str) -> None:
        """As `Alerts`. Where too many wait, the newest is given up, and the log says so."""
        if len(self._calls) >= WAITING:
            self._give_up("too many calls wait for the crisis webhook; one was not made")
            return
        told = {
            "event": "imminent",
            "id": self._new_id(),
            "at": self._now().astimezone(UTC).isoformat(timespec="milliseconds"),
            "session_id": session_id,
            "lexicon": LEXICON,
        }
        self._number += 1
        body = json.dumps(told).encode()
        heapq.heappush(self._calls, _Call(trio.current_time(), self._number, 0, body))
        self._came.set()

    async def run(self) -> None:
        """Make the calls, until cancelled."""
        while True:
            self._came = trio.Event()
            if not self._calls:
                await self._came.wait()
            wait = self._calls[0].due - trio.current_time()
            if wait > 0:
                with trio.move_on_after(wait):
                    await self._came.wait()
                continue
            # It stays the first until it is settled: nothing that comes is due before it,
            # and a cancellation here loses nothing.
            taken = await self._attempt(self._calls[0])
            self._settle(heapq.heappop(self._calls), taken)

    async def aclose(self) -> None:
        """One more attempt of all that waits, for `LAST_S` together; then it is given up."""
        with trio.move_on_after(LAST_S, shield=True):
            while self._calls:
                call = self._calls[0]
                if not await self._attempt(call):
                    break
                self.delivered += 1
                heapq.heappop(self._calls)
        if self._calls:
            self.lost += len(self._calls)
            log.error("%d calls of the crisis webhook were not taken", len(self._calls))
        await self._lines.aclose()

    def _settle(self, call: _Call, taken: bool) -> None:
        if taken:
            self.delivered += 1
        elif call.attempts < len(PAUSES_S):
            call.due = trio.current_time() + PAUSES_S[call.attempts]
            call.attempts += 1
            heapq.heappush(self._calls, call)
        else:
            self._give_up("the crisis webhook takes no call; one was given up")

    def _give_up(self, why: str) -> None:
        self.lost += 1
        log.error("%s; see to NEXUS_CRISIS_WEBHOOK_URL", why)

    async def _attempt(self, call: _Call) -> bool:
        """Whether the receiver took it: an answer from 200 to 299."""
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "nexus-trio",
            "X-Nexus-Timestamp": timestamp,
            "X-Nexus-Signature": signature(self._secret, timestamp, call.body),
        }
        request = httpx.Request("POST", self._url, headers=headers, content=call.body)
        with trio.move_on_after(ATTEMPT_S):
            try:
                answer = await self._lines.handle_async_request(request)
            except httpx.TransportError:
                return False
            # What it says is not read: the connection is closed.
            await answer.aclose()
            return bool(answer.is_success)
        return False
