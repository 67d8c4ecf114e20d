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

    async def send(self, data: bytes | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        rest = memoryview(data)
        while True:
            rest = rest[self.put(rest) :]
            if not rest:
                return
            await self._changed.wait()

    async def receive(self, most: int) -> bytes:
        await trio.lowlevel.checkpoint()
        while not self.waiting:
            if self.broken:
                raise Reset
            if self.ended:
                return b""
            await self._changed.wait()
        data = bytes(self.waiting[:most])
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
