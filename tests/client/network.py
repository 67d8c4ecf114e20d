"""A network that can be pulled: TCP between a client and a server on loopback."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import trio


class Network:
    """Carries bytes both ways, until `cut`. While it is `deaf`, nothing is carried."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.taken = 0
        self.deaf = False
        # Bytes to the client after which it cuts by itself, once.
        self.cut_after: int | None = None
        self.target = target
        self._scopes: set[trio.CancelScope] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Every connection that there is falls, without a goodbye."""
        for scope in self._scopes:
            scope.cancel()

    async def carry(self, client: Any) -> None:
        """One connection."""
        self.taken += 1
        async with client:
            try:
                server = await trio.open_tcp_stream("127.0.0.1", self.target)
            except OSError:
                return
            async with server:
                with trio.CancelScope() as scope:
                    self._scopes.add(scope)
                    try:
                        async with trio.open_nursery() as nursery:
                            nursery.start_soon(self._pump, client, server, False, scope)
                            nursery.start_soon(self._pump, server, client, True, scope)
                    finally:
                        self._scopes.discard(scope)

    async def _pump(
        self,
        source: trio.abc.Stream,
        sink: trio.abc.Stream,
        down: bool,
        scope: trio.CancelScope,
    ) -> None:
        try:
            while data := await source.receive_some(65536):
                if self.deaf:
                    await trio.sleep_forever()
                if down and self.cut_after is not None:
                    data, self.cut_after = data[: self.cut_after], self.cut_after - len(data)
                    if self.cut_after <= 0:
                        self.cut_after = None
                        await sink.send_all(data)
                        scope.cancel()
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()


@asynccontextmanager
async def network(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Network]:
    """A network before the server at `port`; with `tls`, it is spoken on the client's side."""
    made = Network(port)
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    made.port = listener.socket.getsockname()[1]
    ears = listener if tls is None else trio.SSLListener(listener, tls)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_listeners, made.carry, [ears]))
        yield made
        nursery.cancel_scope.cancel()
