"""An actor's bounded input, and the slot that an answer comes back in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import trio

from nexus_trio.errors import NexusError

T = TypeVar("T")


class Full(Exception):
    """The mailbox holds as many items as it may. An answer, not an accident."""


class Closed(Exception):
    """The actor behind the mailbox takes nothing more."""


class Slot(Generic[T]):
    """A place for one answer, awaited by any number of tasks.

    The first `set` or `fail` counts; a later one is ignored, so that whoever
    clears up may fail what is left without asking. A waiter that is cancelled
    changes nothing for the others (I11).
    """

    __slots__ = ("_error", "_event", "_value", "done")

    def __init__(self) -> None:
        self.done = False
        """Whether the answer is there."""
        self._event = trio.Event()
        self._value: T | None = None
        self._error: NexusError | None = None

    @property
    def answered(self) -> bool:
        """Whether it was answered with a value, and not with an error."""
        return self.done and self._error is None

    def set(self, value: T) -> None:
        """Answer every waiter with `value`. Never waits."""
        if not self.done:
            self.done, self._value = True, value
            self._event.set()

    def fail(self, error: NexusError) -> None:
        """Answer every waiter with `error`. Never waits."""
        if not self.done:
            self.done, self._error = True, error
            self._event.set()

    def nudge(self) -> None:
        """Wake whoever waits, for the time of one of them may be over. Never waits."""
        if not self.done:
            event, self._event = self._event, trio.Event()
            event.set()

    async def nudged(self) -> None:
        """Return when the answer is there, or `nudge` was called."""
        await self._event.wait()

    async def wait(self) -> T:
        """The answer, or its error raised. Cancelling this wait touches nobody else."""
        await self.settled()
        return self.result()

    async def settled(self) -> None:
        """Return when the answer is there."""
        await self.nudged()
        while not self.done:
            await self.nudged()

    def result(self) -> T:
        """The answer that is there, or its error raised."""
        if self._error is not None:
            # A copy each: two tasks raising one exception object would write
            # into each other's traceback.
            raise type(self._error)(
                self._error.detail, crisis=self._error.crisis, partial=self._error.partial
            )
        return self._value  # type: ignore[return-value]  # set() was called with a T


class Mailbox(Generic[T]):
    """A bounded memory channel into one actor. `tell` never waits, `send` does.

    `limit` is the number of items that may wait, at least 1.
    """

    __slots__ = ("_receive", "_send")

    def __init__(self, limit: int) -> None:
        self._send, self._receive = trio.open_memory_channel[T](limit)

    def __len__(self) -> int:
        return self._receive.statistics().current_buffer_used

    def tell(self, item: T) -> None:
        """Put `item` in, or raise `Full` or `Closed` at once."""
        try:
            self._send.send_nowait(item)
        except trio.WouldBlock:
            raise Full from None
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise Closed from None

    async def send(self, item: T) -> None:
        """Put `item` in, waiting for room. Atomic with respect to cancellation."""
        try:
            await self._send.send(item)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise Closed from None

    async def receive(self) -> T:
        """The next item. Atomic with respect to cancellation: nothing is taken and lost."""
        return await self._receive.receive()

    def receive_now(self) -> T | None:
        """The next item that waits, or None. Never waits."""
        try:
            return self._receive.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
            return None

    def close(self) -> Iterator[T]:
        """Take nothing more, and hand out what was still waiting, for its owner to answer."""
        self._send.close()
        left: list[T] = []
        while (item := self.receive_now()) is not None:
            left.append(item)
        self._receive.close()
        return iter(left)
