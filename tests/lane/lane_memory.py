"""Connections of the lane over streams in memory, for virtual time."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from trio.testing import lockstep_stream_pair, memory_stream_pair

from nexus_trio.deadlines import Deadlines
from nexus_trio.lane.config import Limits, apply
from nexus_trio.lane.connection import Ledger, ServerContext
from nexus_trio.lane.contained import TRANSPORTS

LIMITS = Limits()
TRANSPORT = os.environ.get("NEXUS_TRANSPORT", "lane")
"""By which the connections are served; both have to pass."""

App = Callable[[Any, Any, Any], Awaitable[None]]


class PeerOf:
    """The three questions that a connection asks its socket."""

    family = socket.AF_INET

    def __init__(self, gone: bool = False, host: str = "127.0.0.1") -> None:
        self.gone = gone
        self.host = host
        self.options: list[tuple[int, ...]] = []

    def setsockopt(self, *option: int) -> None:
        self.options.append(option)

    def getpeername(self) -> tuple[str, int]:
        if self.gone:
            raise OSError(errno.ENOTCONN, "not connected")
        return (self.host, 50000)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 4004)


class Stream:
    """A stream in memory that passes for one over a socket."""

    def __init__(self, stream: Any, gone: bool = False, host: str = "127.0.0.1") -> None:
        self._stream = stream
        self.socket = PeerOf(gone, host)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@dataclass
class Lane:
    """A server's context, and what it takes to serve one connection of it."""

    nursery: trio.Nursery
    app: App
    config: Config
    context: ServerContext
    streams: list[Any]
    transport: str = TRANSPORT

    def connect(
        self, *, lockstep: bool = False, gone: bool = False, host: str = "127.0.0.1"
    ) -> Any:
        ours, theirs = lockstep_stream_pair() if lockstep else memory_stream_pair()
        self.streams.append(theirs)
        self.serve(Stream(ours, gone, host))
        return theirs

    def serve(self, stream: Any) -> None:
        """Serve one connection over the near end of it."""
        wrapped = ASGIWrapper(self.app)  # type: ignore[arg-type]  # a plain callable
        server = TRANSPORTS[self.transport](wrapped, self.config, self.context, {}, stream)  # type: ignore[arg-type]  # no state
        self.nursery.start_soon(server.run)

    @property
    def counts(self) -> dict[str, int]:
        statistics = self.context.ledger.statistics()
        return {
            "contained": statistics.contained,
            "unread": statistics.unread,
            "silent": statistics.silent,
        }


async def bark(streams: list[Any]) -> None:
    """Under a clock that jumps, a deadlock would hang the test: here it ends it."""
    await trio.sleep(80_000)
    for stream in streams:
        await stream.aclose()  # ends a send that is shielded
    raise AssertionError("every task waits, and nothing would wake one")


def lane(
    nursery: trio.Nursery,
    app: App,
    grace: float = 10.0,
    transport: str = TRANSPORT,
    limits: Limits = LIMITS,
) -> Lane:
    config = Config()
    config.errorlog = None
    config.graceful_timeout = grace
    apply(config, limits)
    streams: list[Any] = []
    trio.lowlevel.spawn_system_task(bark, streams)
    deadlines = Deadlines()
    trio.lowlevel.spawn_system_task(deadlines.run)  # as `bark`: nobody waits for its end
    context = ServerContext(None, limits, Ledger(), deadlines)
    return Lane(nursery, app, config, context, streams, transport)
