"""What stands around the hub: a store, a responder and a log, which tell the oracle."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import trio
from bridge_calls import TOKEN
from bridge_oracle import Oracle

from nexus_trio.model.envelope import Erased
from nexus_trio.responders.base import Prompt
from nexus_trio.store.base import LoadedSession, PutRoomEvent, PutSession, PutTurn, Write
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import Names


def plain(value: Any) -> Any:
    """The value as dicts, lists, strings and numbers, with all of its hidden fields."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, datetime) else value


class JournalStore(MemoryStore):
    """A memory store with one writer and some waiting; it tells what it commits, as it does."""

    def __init__(self, oracle: Oracle) -> None:
        super().__init__(Names())
        self._oracle = oracle
        self._writer = trio.Lock()
        self.held = False
        """While it is, nothing is stored that was not, and nobody is told."""
        self.received = trio.Event()
        """Set once the first turn is stored, with an end or without."""

    @property
    def busy(self) -> bool:
        """Whether a commit is under way."""
        return self._writer.locked()

    async def append(self, writes: Sequence[Write]) -> None:
        try:
            if self.held:
                await trio.sleep_forever()
            async with self._writer:
                await trio.lowlevel.checkpoint()
                await super().append(writes)
                self._tell(writes)
                await trio.lowlevel.checkpoint()
        except trio.Cancelled:
            for write in writes:
                self._oracle.cut(user_of(write))
            raise

    def _tell(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if isinstance(write, PutSession):
                record = write.record
                names = record.session_id, record.epoch
                self._oracle.committed_session(record.user_id, names)
            elif isinstance(write, PutTurn):
                self.received.set()
                self._oracle.committed_turn(write.user_id, plain(write.turn))
            elif isinstance(write, PutRoomEvent):
                self._oracle.committed_event(plain(write.event))

    async def load(self, user_id: str, window: int) -> LoadedSession | None:
        await trio.lowlevel.checkpoint()
        return await super().load(user_id, window)

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Any:
        await trio.lowlevel.checkpoint()
        return await super().reference(user_id, client_ref, since)

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        async with self._writer:
            await trio.lowlevel.checkpoint()
            erased = await super().erase(user_id)
            self._oracle.forget(user_id)
            await trio.lowlevel.checkpoint()
            return erased

    def users(self) -> set[str]:
        """Of whom anything is held."""
        return set(self._users)

    def everything(self) -> str:
        """All that is held, as text."""
        return str(plain(self._users)) + str(plain([list(e) for e in self._events.values()]))


def user_of(write: Write) -> str | None:
    """Whose it is, where it is somebody's."""
    match write:
        case PutTurn(user_id, _):
            return user_id
        case PutRoomEvent(event):
            return event.user_id
        case PutSession(record):
            return record.user_id
    return None


class MoodyResponder:
    """Behaves as the message says, and answers with the tokens of all that it was shown."""

    def __init__(self, oracle: Oracle) -> None:
        self.models = ("moody",)
        self.speaking: list[str] = []
        self._oracle = oracle
        names = ("ready", "stream", "fail", "hang", "crash")
        self._aloud = FakeResponder(lambda prompt: "I am here.", "stream")
        self._moods = {mood: FakeResponder(self._answer, mood) for mood in names}
        self._moods["long"] = FakeResponder(self._long_answer, "stream")

    def _answer(self, prompt: Prompt) -> str:
        seen = [prompt.message, *(exchange.message for exchange in prompt.history)]
        return " and ".join(TOKEN.findall(text)[0] for text in seen)

    def _long_answer(self, prompt: Prompt) -> str:
        # More words than the screen holds back: so that some are told before the end.
        return f"{' '.join(['word'] * 16)} {self._answer(prompt)}"

    def _mood(self, prompt: Prompt) -> FakeResponder:
        if prompt.aloud:
            return self._aloud
        return next(fake for mood, fake in self._moods.items() if f"({mood})" in prompt.message)

    def ready(self, prompt: Prompt) -> str | None:
        shown = [exchange.message for exchange in prompt.history]
        if prompt.aloud:
            self._oracle.prompted_aloud(prompt.room.name, [prompt.message, *shown])
            return self._aloud.ready(prompt)
        self._oracle.prompted(prompt.user_id, prompt.message, shown)
        self._oracle.crashes += "(crash)" in prompt.message
        return self._mood(prompt).ready(prompt)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        user = prompt.user_id
        self._oracle.require("I8", user not in self.speaking, f"two turns of {user} at once")
        self.speaking.append(user)
        try:
            async with self._mood(prompt).stream(prompt) as words:
                yield words
        finally:
            self.speaking.remove(user)


class LogLines(logging.Handler):
    """What the hub writes to its log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))
