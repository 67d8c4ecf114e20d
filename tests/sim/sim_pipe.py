"""Connections in memory that behave as TCP does where it matters: bounded, and lossy on a reset.

Nothing here waits for a real clock, and whoever waits is woken in the order of
waiting, so that a schedule replays.
"""

from __future__ import annotations

import errno
import socket

import trio

Reset = trio.BrokenResourceError


class Pipe:
    """One direction: at most `capacity` bytes wait in it."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.waiting = bytearray()
        self.most = 0  # bytes that ever waited
        self.ended = False  # no more comes
        self.broken = False  # a reset: what waited is lost
        self.deaf = False  # nobody will ever read
        self._changed = trio.Event()

    def wake(self) -> None:
        """Have all look again."""
        self._changed.set()
        self._changed = trio.Event()

    def put(self, data: bytes | memoryview) -> int:
        """What fits at once; never waits. Raises where nobody reads any more."""
        if self.broken or self.deaf:
            raise Reset
        some = data[: self.capacity - len(self.waiting)]
        if some:
            self.waiting += some
            self.most = max(self.most, len(self.waiting))
            self.wake()
        return len(some)

    # As `trio.SocketStream` has it, which is also one step and not two: what can be done is
    # done at once, and others may go on before it is known; who has to wait was passed by.

    async def send(self, data: bytes | memoryview) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        rest = memoryview(data)
        rest = rest[self.put(rest) :]
        if not rest:
            await trio.lowlevel.cancel_shielded_checkpoint()
        while rest:
            await self._changed.wait()
            rest = rest[self.put(rest) :]

    async def receive(self, most: int) -> bytes:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self.waiting or self.ended:
            data = self._taken(most)
            await trio.lowlevel.cancel_shielded_checkpoint()
            return data
        while not (self.waiting or self.ended):
            await self._changed.wait()
        return self._taken(most)

    def _taken(self, most: int) -> bytes:
        if self.broken:
            raise Reset
        data = bytes(self.waiting[:most])
        if data:
            del self.waiting[:most]
            self.wake()
        return data

    def end(self) -> None:
        self.ended = True
        self.wake()

    def cut(self) -> None:
        self.broken = self.ended = True
        self.waiting.clear()
        self.wake()

    def give_up_reading(self) -> bool:
        """Nobody reads any more; whether something was left unread."""
        left = bool(self.waiting)
        self.deaf = True
        self.waiting.clear()
        self.wake()
        return left


class Peer:
    """What a server asks the socket of a connection; what a client asks its own."""

    family = socket.AF_INET

    def __init__(self, end: End) -> None:
        self._end = end

    def setsockopt(self, *option: int) -> None:
        return

    def getpeername(self) -> tuple[str, int]:
        if self._end.inward.broken:
            raise OSError(errno.ENOTCONN, "not connected")
        return ("127.0.0.1", 50000)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 4004)

    def is_readable(self) -> bool:
        return bool(self._end.inward.waiting) or self._end.inward.ended

    def close(self) -> None:
        self._end.close()


class End:
    """One end of a connection, in the manner of a `trio.SocketStream`."""

    def __init__(self, inward: Pipe, outward: Pipe) -> None:
        self.inward = inward
        self.outward = outward
        self.closed = False
        self.socket = Peer(self)

    async def send_all(self, data: bytes | memoryview) -> None:
        if self.closed:
            raise trio.ClosedResourceError
        await self.outward.send(data)

    async def receive_some(self, most: int = 65536) -> bytes:
        if self.closed:
            raise trio.ClosedResourceError
        return await self.inward.receive(most)

    async def send_eof(self) -> None:
        await trio.lowlevel.checkpoint()
        self.half_close()

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def half_close(self) -> None:
        self.outward.end()

    def close(self) -> None:
        """As the kernel does: with bytes unread, it resets the connection."""
        if self.closed:
            return
        self.closed = True
        if self.inward.give_up_reading():
            self.outward.cut()
        else:
            self.outward.end()

    def reset(self) -> None:
        """The network is gone, or the program was killed: both directions at once."""
        self.closed = True
        self.inward.give_up_reading()
        self.inward.cut()
        self.outward.cut()


def pair(capacity: int) -> tuple[End, End]:
    """Two ends of one connection."""
    one, other = Pipe(capacity), Pipe(capacity)
    return End(one, other), End(other, one)
