"""One connection of the lane: HTTP/1.1 and WebSocket, the app called in the connection's task.

HTTP/2, where a client over TLS agrees on it, is Hypercorn's, contained (`http2`).

What a connection may cost, what is contained and how the end comes is as in
`ContainedTCPServer`.
"""

from __future__ import annotations

import math
import os
from contextvars import Context
from time import time
from typing import Any
from urllib.parse import unquote

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.logging import Logger
from hypercorn.trio.tcp_server import MAX_RECV
from hypercorn.typing import AppWrapper, LifespanState
from hypercorn.utils import valid_server_name

from nexus_trio.lane import websocket
from nexus_trio.lane.answer import Header, refusal
from nexus_trio.lane.connection import ContainedTCPServer, Peer, ServerContext
from nexus_trio.lane.exchange import Exchange
from nexus_trio.lane.http1 import BAD_REQUEST, Request, Requests
from nexus_trio.lane.socket import Socket

NOT_FOUND, UPGRADE_REQUIRED = 404, 426

_NOTHING: dict[str, object] = {}

BEHIND = 64 * 1024
"""Bytes that are kept of what a client sends behind a request whose answer is not whole."""


class LaneConnection(ContainedTCPServer):
    """Serves one connection from its accept to its close, in one task.

    The promises of `ContainedTCPServer` hold.
    """

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: ServerContext,
        state: LifespanState,
        stream: trio.SSLStream[trio.SocketStream] | trio.SocketStream,
    ) -> None:
        super().__init__(app, config, context, state, stream)
        # The client sends no more; it may still read.
        self.heard_end = False
        # The client reads no more.
        self.lost = False
        # A request was answered by the server itself: nothing of the app's goes out.
        self.refused = False
        # Bytes that came behind the request which is being answered.
        self._behind = b""
        # Around all waits for a request, and whether there is one now; around that for the
        # client in the midst of one.
        self._idle = trio.CancelScope()
        self._is_idle = False
        self._hearing: trio.CancelScope | None = None
        self._requests = 0
        self._scope: Any = None
        self._begun = 0.0
        self._ends: tuple[bool, Peer, Peer] = (False, None, None)

    def end_with_grace(self) -> None:
        """The server stops: who waits for nothing is let go, the rest as in the base class."""
        super().end_with_grace()
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._is_idle:
            self._idle.cancel()

    # --- the requests of the connection ---

    async def _speak(self, secure: bool, client: Peer, server: Peer) -> None:
        if self._agreed_on_http2:
            await super()._speak(secure, client, server)
            return
        self._ends = (secure, client, server)
        requests = Requests(self._limits)
        request: Request | None = None
        fresh = trio.lowlevel.current_task().context
        try:
            while True:
                request = self._scope = None
                # One scope for the waits of many requests: each would cost as much as
                # reading one does.
                with trio.CancelScope() as self._idle:
                    request = await self._hear(requests, fresh)
                overdue = self._idle.cancelled_caught and not self.context.terminated.is_set()
                if overdue and requests.within_head:
                    # Without a word: nothing was asked yet that a 408 could answer.
                    self.cut_for_silence()
                if request is None or request.websocket:
                    break
                if not await self._answer(request, requests):
                    request = None
                    break
        finally:
            requests.close()
        if request is not None:
            behind = requests.behind
            del requests
            await self._upgrade(request, behind)
        await self._part()

    async def _hear(self, requests: Requests, fresh: Context) -> Request | None:
        """Answer what is asked. Returns a request to become a WebSocket; one that came when
        nothing more was waited for, and is to be answered; or None at the end."""
        task = trio.lowlevel.current_task()
        while True:
            # Nothing that the app leaves in the context of one request may be there
            # for the next (I6). It holds from the next step on: in the wait below.
            task.context = fresh.copy()
            request = await self._next(requests)
            if request is None or request.websocket or self._idle.cancel_called:
                return request
            if not await self._answer(request, requests):
                return None
            # While the next one is waited for nothing of this one takes memory.
            request = self._scope = None

    async def _next(self, requests: Requests) -> Request | None:
        """The next request, or None where none comes, or none that can be read."""
        data, self._behind = self._behind, b""
        if data:
            requests.feed(data)
        if requests.ready:
            # One of many that came at once: others have their turn before it.
            await trio.lowlevel.checkpoint()
        elif not await self._wait_for_head(requests):
            return None
        return requests.ready.pop(0)

    async def _wait_for_head(self, requests: Requests) -> bool:
        deadlines = self.context.deadlines
        deadline = trio.current_time() + self.config.keep_alive_timeout
        while not requests.ready:
            if requests.fault is not None:
                await self.refuse(requests.fault)
                return False
            if self.context.terminated.is_set():
                return False
            self._is_idle = True
            deadlines.set(self, deadline, self._stop_waiting)
            try:
                data = await self._read()
            finally:
                deadlines.drop(self)
                self._is_idle = False
            if not data:
                return False
            begun = requests.within_head
            requests.feed(data)
            if requests.within_head and not begun:
                deadline = min(deadline, trio.current_time() + self._limits.head)
            if self._idle.cancel_called:
                return bool(requests.ready)
        return True

    async def _answer(self, request: Request, requests: Requests) -> bool:
        """Have the app answer it; whether another request may follow."""
        self._requests += 1
        self._scope = self._scope_of(request)
        exchange = Exchange(self, request, requests)
        if self.config.server_names and not valid_server_name(self.config, request):  # type: ignore[arg-type]  # it looks at the headers alone
            await self.refuse(NOT_FOUND)
            return False
        if self.context.max_requests is not None:
            await self.context.mark_request()
        await self._call(exchange)
        on = await exchange.finish()
        return on and not (self.lost or self.heard_end)

    async def _call(self, served: Exchange | Socket) -> None:
        app, scope = self.app, self._scope
        try:
            if isinstance(app, ASGIWrapper):
                await app.app(scope, served.receive, served.send)
            else:
                threads = trio.to_thread.run_sync, trio.from_thread.run
                await app(scope, served.receive, served.send, *threads)
        # The border between the app and the server, as in `ConnectionTasks`.
        except* Exception as errors:  # noqa: BLE001 - see above
            await self._report("a request", errors)

    def _scope_of(self, request: Request) -> Any:
        secure, client, server = self._ends
        path, _, query = request.target.partition(b"?")
        text = path.decode("ascii")
        if self.logs:
            self._begun = time()
        return {
            "type": "http",
            "http_version": request.http_version.decode(),
            "asgi": {"spec_version": "2.1", "version": "3.0"},
            "method": request.method.decode(),
            "scheme": "https" if secure else "http",
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "root_path": self.config.root_path,
            "headers": request.headers,
            "client": client,
            "server": server,
            "state": self.state.copy(),
            "extensions": {},
        }

    async def _upgrade(self, request: Request, behind: bytes) -> None:
        """From here on it is a WebSocket's, unless more came than a request."""
        status: int | None = BAD_REQUEST
        if request.complete and not request.pieces and not behind:
            status = websocket.fault(request)
        if self.config.server_names and not valid_server_name(self.config, request):  # type: ignore[arg-type]  # it looks at the headers alone
            status = NOT_FOUND
        if status is None:
            await self._talk(request)
        else:
            await self.refuse(status)

    async def _talk(self, request: Request) -> None:
        socket = Socket(self, request)
        self._scope = scope = self._scope_of(request)
        del scope["method"]
        scope["type"] = "websocket"
        scope["asgi"] = {"spec_version": "2.3", "version": "3.0"}
        scope["scheme"] = "wss" if self._ends[0] else "ws"
        scope["headers"] = websocket.headers(request)
        scope["subprotocols"] = socket.subprotocols
        scope["extensions"] = {
            "websocket.http.response": _NOTHING,
            websocket.MANY: _NOTHING,
            websocket.AT_ONCE: socket.at_once,
        }
        request.headers = []  # the scope and the handshake have them
        if self.context.max_requests is not None:
            await self.context.mark_request()
        try:
            await self._call(socket)
        except trio.Cancelled:
            # The grace is over. What goes out at once does, unless it would be in
            # the midst of a frame.
            if not self.send_lock.locked():
                self._pushed(self._owed(socket.cut()))
            raise
        await socket.finish()

    # --- what an exchange asks of its connection ---

    @property
    def over(self) -> bool:
        """Whether nothing more can come of the request."""
        return self.lost or self.heard_end or self.refused

    @property
    def is_last(self) -> bool:
        """Whether no request follows the one under way."""
        return (
            self.heard_end
            or self.context.terminated.is_set()
            or self._requests > self.config.keep_alive_max_requests
        )

    @property
    def logs(self) -> bool:
        """Whether anybody would see a line of the access log."""
        log = self.config.log
        return log.access_logger is not None or type(log) is not Logger

    async def log(self, response: Any) -> None:
        """A line of the access log."""
        await self.config.log.access(self._scope, response, time() - self._begun)

    def own_headers(self) -> list[Header]:
        """What every answer says."""
        return self.context.own_headers(self.config)

    def own_lines(self) -> bytes:
        """The same as they go out."""
        return self.context.own_lines(self.config)

    async def put(self, data: bytes) -> None:
        """Send it, as `_send_in_turn` does; a client that does not read is then lost."""
        if not self.lost and not await self._send_in_turn(data):
            self.lost = True
            self.stop_hearing()

    def put_at_once(self, data: bytes) -> bool | None:
        """Send it in this very step: True, False where nothing went out, None where a part did.

        Then the rest goes before what is put next.
        """
        if self.lost or self._ending or self._rest or self.send_lock.locked():
            return False
        sent = self._pushed(data)
        if 0 < sent < len(data):
            self._rest = data[sent:]
            return None
        return sent > 0

    async def read_within(self, patience: float) -> bytes | None:
        """What comes; empty at the client's end, None where nothing did within so many seconds."""
        with trio.move_on_after(patience) as self._hearing:
            return await self._read()
        return b"" if self.over else None

    async def read_body(self) -> bytes | None:
        """The same of a request's body; silence is counted."""
        data = await self.read_within(self.config.read_timeout or math.inf)
        if data is None:
            self.cut_for_silence()
        return data

    def cut_for_silence(self) -> None:
        """Count a client that was silent in the midst of something."""
        self.context.ledger.count(silent=1)

    def patience(self, pinged: bool) -> float:
        """Seconds that the client of a WebSocket may be silent now."""
        return self._limits.silence - self._limits.ping if pinged else self._limits.ping

    async def until_gone(self) -> None:
        """Return when the client has gone, or `stop_hearing` was called. Keeps what it sends."""
        with trio.CancelScope() as self._hearing:
            while not self.over:
                if len(self._behind) >= BEHIND:
                    await trio.sleep_forever()
                self._behind += await self._read()

    def stop_hearing(self) -> None:
        """Nobody needs to know any more whether the client is there."""
        if self._hearing is not None:
            self._hearing.cancel()

    async def refuse(self, status: int, *, begun: bool = False) -> None:
        """Answer in the app's place, unless its answer has `begun`; then nothing more goes out."""
        if not begun and not self.refused:
            offer = websocket.OFFER if status == UPGRADE_REQUIRED else []
            await self.put(refusal(status, [*offer, *self.own_headers()]))
        self.refused = True
        await self.say_end()
        self.stop_hearing()

    async def say_end(self) -> None:
        """Nothing more will be sent: where the transport can say so, it does."""
        if isinstance(self.stream, trio.SSLStream) or self.lost or self._ending:
            return
        self._ending = True
        async with self.send_lock:
            await self._say_that_it_ends()

    # --- the socket ---

    async def _read(self) -> bytes:
        """What the client has sent; nothing at its end. Cancelled, it took nothing."""
        try:
            data = bytes(await self._receive())
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            data = b""
        if not data:
            self.heard_end = True
        return data

    async def _receive(self) -> bytes | bytearray:
        stream = self.stream
        if not isinstance(stream, trio.SocketStream):
            return await stream.receive_some(MAX_RECV)
        while True:
            # Whoever waits for a client rarely finds that it has sent already: one
            # call of the kernel less, and one step of the scheduler.
            await trio.lowlevel.wait_readable(stream.socket)
            try:
                return os.read(stream.socket.fileno(), MAX_RECV)
            except BlockingIOError:
                continue

    async def _part(self) -> None:
        """Say that this is the end; read and forget what is under way."""
        if self.heard_end or self.lost:
            return
        with trio.move_on_after(self._limits.linger):
            await self.say_end()
            if isinstance(self.stream, trio.SSLStream):
                await self.stream.aclose()
            while not self.heard_end:
                await self._read()
