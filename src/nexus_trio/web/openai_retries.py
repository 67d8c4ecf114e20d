"""References for calls that a client library repeats by itself.

OpenAI's libraries repeat a call after a lost connection, a time-out, a 409, a
429 or a 5xx. They send no key that would tell a repetition from a second
message of the same words, but they count: `X-Stainless-Retry-Count` is 0 and
then rises. So the first call gets a reference of ours, and a repetition the
same one: the turn is answered once, and its words are counted once (I10).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import trio

from nexus_trio.model import fields

KEPT_S = 900.0
"""A library gives up a call after 10 minutes, and waits at most one before it repeats it."""

LIMIT = 1024
"""Calls without an answer that are remembered; more than that, and the oldest is a new message."""

Key = tuple[str, str, int]
"""Who speaks, the words, and the size of the whole body, which is repeated to the byte."""


class Retries:
    """The references of calls whose answer was not delivered, as far as is known."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._open: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def reference(self, key: Key, count: str) -> str:
        """The reference of a call that says it was repeated `count` times. Never waits."""
        digest, now = _digest(key), trio.current_time()
        known = self._open.pop(digest, None)
        # A repetition counts from 1. What says 0 is a message of its own.
        again = known is not None and count != "0" and now - known[1] < KEPT_S
        ref = known[0] if known is not None and again else f"call-{self._new_id()}"
        self._open[digest] = (ref, now)
        if len(self._open) > LIMIT:
            self._open.popitem(last=False)
        return ref

    def delivered(self, key: Key, ref: str) -> None:
        """The call has its answer: the same words again are another message."""
        digest = _digest(key)
        if self._open.get(digest, ("", 0.0))[0] == ref:
            del self._open[digest]


def given(key: str) -> str:
    """The reference that a client's own `Idempotency-Key` stands for: itself, where it may be."""
    if fields.CLIENT_REF.fullmatch(key):
        return key
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _digest(key: Key) -> bytes:
    # Of the words only what tells them apart is kept.
    return hashlib.sha256(repr(key).encode("utf-8", "replace")).digest()
