"""What stands around the server in a simulation: a store, a responder, the logs, and threads."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio
from sim_words import canaries, mode_of

from nexus_trio.errors import ResponderFailed, StoreUnavailable
from nexus_trio.responders.base import Prompt
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.hubs import Names


class SimStore(MemoryStore):
    """A memory store with one writer and some waiting; it misbehaves when told."""

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self.fault: str | None = None
        self._writer = trio.Lock()

    @property
    def healthy(self) -> bool:
        return self.fault is None

    async def append(self, writes: Any) -> None:
        async with self._writer:
            if self.fault == "down":
                raise StoreUnavailable("the store is down")
            if self.fault == "hang":
                await trio.sleep_forever()
            if self.fault == "slow":
                await trio.sleep(1.0)
            await super().append(writes)
            await trio.lowlevel.checkpoint()

    async def load(self, user_id: str, window: int) -> Any:
        await trio.lowlevel.checkpoint()
        return await super().load(user_id, window)

    async def reference(self, *asked: Any) -> Any:
        await trio.lowlevel.checkpoint()
        return await super().reference(*asked)


class Moody:
    """Answers as the message says, with the canaries of all that it was shown."""

    models = ("moody",)

    def __init__(self, seen: Callable[[Prompt], None]) -> None:
        self.speaking = 0
        self._seen = seen

    def ready(self, prompt: Prompt) -> str | None:
        self._seen(prompt)
        if prompt.aloud:
            return f"I heard {' '.join(canaries(prompt.message))}"
        mode = mode_of(prompt.message)
        if mode == "crash":
            raise ZeroDivisionError(prompt.message)
        return reply_to(prompt) if mode == "ready" else None

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        self.speaking += 1
        try:
            async with aclosing(self._words(prompt)) as words:
                yield words
        finally:
            self.speaking -= 1

    async def _words(self, prompt: Prompt) -> AsyncIterator[str]:
        mode, words = mode_of(prompt.message), reply_to(prompt).split(" ", 3)
        for index, word in enumerate(words):
            await trio.sleep(0.5 if mode == "slow" else 0.0)
            yield f" {word}" if index else word
            if mode == "fail":
                raise ResponderFailed("it was told to fail")
            if mode == "hang":
                await trio.sleep_forever()


def reply_to(prompt: Prompt) -> str:
    """The answer: the message's canaries, the turn, and those of what was said before."""
    before = " ".join(canaries(" ".join(e.message for e in prompt.history)))
    return f"re {' '.join(canaries(prompt.message))} turn {prompt.turn} after {before or 'nothing'}"


@dataclass
class Lines(logging.Handler):
    """Everything that was logged, as it would be written."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))

    __hash__ = logging.Handler.__hash__


class HypercornLog:
    """Hypercorn's own log, into the same lines."""

    def __init__(self, log: Lines) -> None:
        self._log = log

    async def access(self, *about: Any) -> None:
        return

    def __getattr__(self, level: str) -> Any:
        async def write(text: str, *values: object) -> None:
            self._log.lines.append(text % values if values else text)

        return write


async def inline(
    call: Callable[..., Any],
    *arguments: object,
    limiter: trio.CapacityLimiter | None = None,
    abandon_on_cancel: bool = False,
    **rest: object,
) -> Any:
    """`trio.to_thread.run_sync` without a thread: the call is one step of the schedule.

    Cancelled after it, a call that may be abandoned has been done, and nobody is told.
    """
    await trio.lowlevel.checkpoint_if_cancelled()
    on = object()
    if limiter is not None:
        await limiter.acquire_on_behalf_of(on)
    try:
        await trio.lowlevel.cancel_shielded_checkpoint()
        result = call(*arguments)
        if abandon_on_cancel:
            await trio.lowlevel.checkpoint()
        else:
            await trio.lowlevel.cancel_shielded_checkpoint()
    finally:
        if limiter is not None:
            limiter.release_on_behalf_of(on)
    return result
