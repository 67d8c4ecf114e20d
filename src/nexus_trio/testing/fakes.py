"""Stand-ins for what a session talks with: a responder and a store that can be told to misbehave.

They keep the promises of their seams in every respect that they are not told
to break, so that a test which passes with them says something about the code
around them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime

import trio

from nexus_trio.errors import ResponderFailed, StoreUnavailable
from nexus_trio.model.envelope import Position
from nexus_trio.model.transcript import Turn
from nexus_trio.responders.base import Prompt
from nexus_trio.store.base import LoadedSession, Page, Write
from nexus_trio.store.memory import MemoryStore


class FakeResponder:
    """Answers `answer(prompt)`, at once or when told.

    `mode`: `ready` answers at once; `stream` word by word with a checkpoint
    between; `hang` says one word and then waits for `release`; `fail` says one
    word and then raises `ResponderFailed`; `crash` raises an error that no
    responder may raise. `open_streams` counts those not closed yet.
    """

    def __init__(self, answer: Callable[[Prompt], str] | None = None, mode: str = "ready") -> None:
        self.answer = answer or (lambda prompt: f"reply {prompt.turn} to {prompt.message}")
        self.mode = mode
        self.models = ("fake",)
        self.prompts: list[Prompt] = []
        self.open_streams = 0
        self.release = trio.Event()

    def ready(self, prompt: Prompt) -> str | None:
        """The answer in mode `ready`; an error in mode `crash`."""
        self.prompts.append(prompt)
        if self.mode == "crash":
            raise ZeroDivisionError(prompt.message)
        return self.answer(prompt) if self.mode == "ready" else None

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        """The answer's words, in the manner of `mode`."""
        self.open_streams += 1
        try:
            async with aclosing(self._words(prompt)) as words:
                yield words
        finally:
            self.open_streams -= 1

    async def _words(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        words = self.answer(prompt).split(" ")
        for index, word in enumerate(words):
            await trio.lowlevel.checkpoint()
            yield word if index == 0 else f" {word}"
            if self.mode == "fail":
                raise ResponderFailed("the fake was told to fail")
            if self.mode == "hang":
                await self.release.wait()


class FaultyStore(MemoryStore):
    """A memory store that misbehaves when told.

    `fault`: None; `down` refuses appends; `hang` answers nothing, append or
    read, and stores nothing; `slow` takes a second to store and another one to say so;
    `late` stores an append and never says so; `crash` raises, once, an error that no
    store may raise.
    """

    def __init__(self, new_epoch: Callable[[], str]) -> None:
        super().__init__(new_epoch)
        self.fault: str | None = None
        self.appends: list[Sequence[Write]] = []

    @property
    def healthy(self) -> bool:
        """Whether it was told nothing."""
        return self.fault is None

    async def append(self, writes: Sequence[Write]) -> None:
        """As `MemoryStore`, unless told otherwise."""
        if self.fault == "down":
            raise StoreUnavailable("the fake store is down")
        if self.fault == "crash":
            self.fault = None
            raise OSError("the fake disk broke")
        await self._hang()
        if self.fault == "slow":
            await trio.sleep(1)
        await super().append(writes)
        self.appends.append(writes)
        if self.fault == "slow":
            await trio.sleep(1)
        if self.fault == "late":
            await trio.sleep_forever()

    async def load(self, user_id: str, window: int) -> LoadedSession | None:
        """As `MemoryStore`, unless told to hang."""
        await self._hang()
        return await super().load(user_id, window)

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Turn | None:
        """As `MemoryStore`, unless told to hang."""
        await self._hang()
        return await super().reference(user_id, client_ref, since)

    async def history(self, user_id: str, after: Position | None, limit: int) -> Page | None:
        """As `MemoryStore`, unless told to hang."""
        await self._hang()
        return await super().history(user_id, after, limit)

    async def _hang(self) -> None:
        if self.fault == "hang":
            await trio.sleep_forever()
