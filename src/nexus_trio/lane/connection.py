"""One connection: its exceptions stay in it, and every wait of it is bounded.

Replaces `hypercorn.trio.tcp_server.TCPServer`, whose exceptions end the server
and whose sends wait, shielded, for as long as a client does not read.
"""

from __future__ import annotations

import math
import os
import socket
from contextlib import suppress
from pathlib import PurePath
from time import time
from traceback import walk_tb

import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.logging import Logger
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.trio.worker_context import EventWrapper, WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, LifespanState
from hypercorn.utils import parse_socket_addr

from nexus_trio.deadlines import Deadlines
from nexus_trio.lane.answer import Header, full, written
from nexus_trio.lane.config import Limits
from nexus_trio.lane.http2 import ContainedHttp2
from nexus_trio.lane.ledger import Ledger
from nexus_trio.lane.protocol import ContainedProtocol
from nexus_trio.lane.tasks import ConnectionTasks

Peer = tuple[str, int] | None
"""One end of a connection; None for that of a UNIX socket."""

# A send is bounded piece by piece, so that a long answer to a slow reader is
# cut for standing still, not for being long.
PIECE = 64 * 1024

# Of the grace period, what connections leave to the app's own shutdown (drain,
# last commit): a fifth, and no more than two seconds.
RESERVE_SHARE = 0.2
RESERVE_MAX = 2.0

FULL_SAID_EVERY = 60.0


class Termination(EventWrapper):
    """Hypercorn's `terminated`: setting it also gives every connection its deadline."""

    def __init__(self, context: ServerContext) -> None:
        super().__init__()
        self._context = context

    async def set(self) -> None:
        """Begin the end of the server."""
        await super().set()
        for connection in self._context.ledger.connections:
            if connection.context is self._context:
                connection.end_with_grace()


class ServerContext(WorkerContext):
    """What the connections of one server share."""

    def __init__(
        self, max_requests: int | None, limits: Limits, ledger: Ledger, deadlines: Deadlines
    ) -> None:
        super().__init__(max_requests)
        self.limits = limits
        self.ledger = ledger
        self.terminated = Termination(self)
        # Of connections that wait for a request.
        self.deadlines = deadlines
        self._said_full = -math.inf
        self._second = -1
        self._headers: list[Header] = []
        self._lines = b""

    def own_headers(self, config: Config) -> list[Header]:
        """What every answer says, such as the date: made once a second, for all connections."""
        second = int(time())
        if second != self._second:
            self._second, self._headers = second, config.response_headers("h11")
            self._lines = written(self._headers)
        return self._headers

    def own_lines(self, config: Config) -> bytes:
        """The same as they go out."""
        self.own_headers(config)
        return self._lines

    async def say_full(self, log: Logger) -> None:
        """Log that connections are turned away; once a minute, for they may be thousands."""
        now = trio.current_time()
        if now - self._said_full >= FULL_SAID_EVERY:
            self._said_full = now
            await log.warning("connections are over a limit, and told to come back later")


class ContainedTCPServer(TCPServer):
    """Serves one connection from its accept to its close.

    Only `Cancelled` leaves it, and what is no `Exception` (`KeyboardInterrupt`,
    `SystemExit`): those end the process, as they should. No wait for the client
    outlasts `Limits`, and none the grace period.
    """

    context: ServerContext
    # Stand in for the wrapper, which would begin HTTP/2 in clear text, too.
    protocol: ContainedProtocol | ContainedHttp2  # type: ignore[assignment]  # see above
    # Hypercorn types every stream as TLS.
    stream: trio.SSLStream[trio.SocketStream] | trio.SocketStream  # type: ignore[assignment]  # see above

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: ServerContext,
        state: LifespanState,
        stream: trio.SSLStream[trio.SocketStream] | trio.SocketStream,
    ) -> None:
        super().__init__(app, config, context, state, stream)  # type: ignore[arg-type]  # as above
        # The client's address, once it runs; None where it has none, or was gone already.
        self.host: str | None = None
        self._limits = context.limits
        self._life = trio.CancelScope()
        self._reading = trio.CancelScope()
        self._sending: trio.CancelScope | None = None
        # Once true, nothing that the client sends reaches the protocol.
        self._ending = False
        # Of a frame that was sent in part: what goes before everything else.
        self._rest = b""
        # Whether a ping is out that nothing was heard after.
        self._pinged = False

    async def run(self) -> None:
        """Serve it, if there is room. Cancelled, the connection is closed on the way out."""
        self.host = self._host()
        ledger = self.context.ledger
        reason = ledger.admit(self, self._limits)
        try:
            if self.context.terminated.is_set():
                self.end_with_grace()
            with self._life:
                await (self._contained() if reason is None else self._turn_away(reason))
        finally:
            if reason is None:
                ledger.leave(self)

    def end_with_grace(self) -> None:
        """The server stops: what is not over by then ends `RESERVE` before its grace does."""
        grace = self.config.graceful_timeout
        end = trio.current_time() + grace - min(RESERVE_MAX, grace * RESERVE_SHARE)
        self._life.deadline = min(self._life.deadline, end)
        if self._sending is not None:
            self._sending.deadline = min(self._sending.deadline, end)

    def _host(self) -> str | None:
        stream = self.stream
        sock = (stream.transport_stream if isinstance(stream, trio.SSLStream) else stream).socket
        try:
            client = parse_socket_addr(sock.family, sock.getpeername())
        except OSError:
            return None
        return None if client is None else client[0]

    async def _turn_away(self, reason: str) -> None:
        """One too many: say so at once, and be rid of it.

        Nobody waits for it: what the kernel takes of the answer is the answer.
        Closing with unread bytes may take it back (RFC 9112, section 9.6), so a
        few are heard out for `Limits.linger`. Before TLS nothing can be said.
        """
        ledger = self.context.ledger
        ledger.count(refused=1)
        await self.context.say_full(self.config.log)
        ledger.turned_away += 1
        try:
            if not isinstance(self.stream, trio.SSLStream):
                answer = full(reason)
                rest = answer[self._pushed(answer) :]
                if ledger.turned_away <= self._limits.refusals:
                    await self._hear_out(rest)
        finally:
            ledger.turned_away -= 1
            await trio.aclose_forcefully(self.stream)

    async def _hear_out(self, rest: bytes) -> None:
        gone = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)
        with trio.move_on_after(self._limits.linger), suppress(*gone):
            if rest:
                await self.stream.send_all(rest)
            await self._say_that_it_ends()
            while await self.stream.receive_some(MAX_RECV):
                pass

    async def _contained(self) -> None:
        try:
            try:
                await self._serve()
            finally:
                await self.stream.aclose()
        except* OSError:
            pass  # the client went away: nothing broke
        # The border of a connection: another one must not pay for what broke in
        # this one. `except*` takes the exceptions out of a group and lets
        # Cancelled, KeyboardInterrupt and SystemExit go on.
        except* Exception as errors:  # noqa: BLE001 - see above
            await self._report("a connection", errors)

    async def _serve(self) -> None:
        secure = isinstance(self.stream, trio.SSLStream)
        if isinstance(self.stream, trio.SSLStream):
            if not await self._shook_hands(self.stream):
                return
            sock = self.stream.transport_stream.socket
        else:
            sock = self.stream.socket
        self._give_up_on_the_vanished(sock)
        client = parse_socket_addr(sock.family, sock.getpeername())
        server = parse_socket_addr(sock.family, sock.getsockname())
        await self._speak(secure, client, server)

    async def _speak(self, secure: bool, client: Peer, server: Peer) -> None:
        """Serve the client, from its first byte to its last."""
        async with trio.open_nursery() as chores:
            async with trio.open_nursery() as requests:
                tasks = ConnectionTasks(requests, chores, self._report)
                self._task_group = tasks
                speaks = ContainedHttp2 if self._agreed_on_http2 else ContainedProtocol
                self.protocol = speaks(
                    self.app,
                    self.config,
                    self.context,
                    tasks,
                    ConnectionState(self.state),
                    secure,
                    client,
                    server,
                    self.protocol_send,
                )
                await self.protocol.initiate()
                await self._converse(tasks)
            chores.cancel_scope.cancel()

    @property
    def _agreed_on_http2(self) -> bool:
        return (
            isinstance(self.stream, trio.SSLStream) and self.stream.selected_alpn_protocol() == "h2"
        )

    def _give_up_on_the_vanished(self, sock: trio.socket.SocketType) -> None:
        # Bytes that the kernel took count as sent, and it tries for a quarter of
        # an hour to bring them to a machine that is gone. RFC 5482's time-out
        # ends the connection after ours instead (Linux: milliseconds).
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if option is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, option, int(self._limits.send * 1000))

    async def _shook_hands(self, stream: trio.SSLStream[trio.SocketStream]) -> bool:
        try:
            with trio.fail_after(self.config.ssl_handshake_timeout):
                await stream.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError):
            return False
        return True

    async def _converse(self, tasks: ConnectionTasks) -> None:
        """Read until the end; then tell the app that there is nobody any more."""
        await self.idle_task.restart(tasks, self._idle_timeout)
        with self._reading:
            await self._read_data()
        if self._ending:
            await self.stream.aclose()
        await self.protocol.handle(Closed())

    async def _read_data(self) -> None:
        while True:
            with trio.move_on_after(self._patience()) as silence:
                try:
                    data = await self.stream.receive_some(MAX_RECV)
                except (trio.ClosedResourceError, trio.BrokenResourceError):
                    return
            if silence.cancelled_caught:
                await self._ping_or_cut()
                continue
            self._pinged = False
            if not self._ending:
                await self.protocol.handle(RawData(bytes(data)))
            if not data:
                return

    def _patience(self) -> float:
        """Seconds that the client may stay silent now.

        Between requests the idle timer counts (`keep_alive_timeout`), from the
        first byte of a request's head on as well; while the app answers, the
        client has nothing to say.
        """
        if self._ending:
            return math.inf  # `_reading` has its deadline
        if self.protocol.is_websocket:
            ping, silence = self._limits.ping, self._limits.silence
            return silence - ping if self._pinged else ping
        if self.protocol.awaits_body:
            return self.config.read_timeout or math.inf
        return math.inf

    async def _ping_or_cut(self) -> None:
        if self.protocol.is_websocket and not self._pinged:
            self._pinged = await self.protocol.ping()
            return
        self.context.ledger.count(silent=1)
        await self.protocol.time_out()

    async def protocol_send(self, event: Event) -> None:
        """Do what the protocol asks for: send, end, or start and stop the idle timer.

        A send is atomic with respect to cancellation, or else a cancelled
        handler would leave half a frame before the next one; it is bounded by
        `Limits.send` for each piece, and by the end of the grace period.
        """
        if isinstance(event, RawData):
            if not await self._send_in_turn(event.data):
                await self.protocol.handle(Closed())
                # Where the client had sent more behind its request, the protocol waits for
                # that answer's end, which comes no more, and nobody would read again.
                self._reading.cancel()
        elif isinstance(event, Closed):
            await self._end()
            await self.protocol.handle(Closed())
        else:
            await super().protocol_send(event)

    def _owed(self, data: bytes) -> bytes:
        """What goes out with this: before it the rest of what was sent in part."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        return data

    async def _send_in_turn(self, data: bytes) -> bool:
        if self.send_lock.locked():
            await self.send_lock.acquire()
            rest = memoryview(self._owed(data))
        else:
            data = self._owed(data)
            rest = memoryview(data)[self._pushed(data) :]
            if not rest:
                return True
            # No step of the scheduler since the push: neither a cancellation nor
            # another frame comes between it and the rest.
            self.send_lock.acquire_nowait()
        try:
            return await self._send(rest)
        finally:
            self.send_lock.release()

    def _pushed(self, data: bytes) -> int:
        """How many bytes of it the kernel takes at once: nearly always all.

        A send that may wait costs a deadline and steps of the scheduler, which is
        several times the cost of this, and a crowded room has a thousand listeners.
        """
        if not isinstance(self.stream, trio.SocketStream):
            return 0
        try:
            return os.write(self.stream.socket.fileno(), data)
        except OSError:
            return 0  # full, or gone: the sending that may wait finds out which

    async def _send(self, view: memoryview) -> bool:
        for start in range(0, len(view), PIECE):
            deadline = min(trio.current_time() + self._limits.send, self._life.deadline)
            with trio.CancelScope(deadline=deadline, shield=True) as self._sending:
                try:
                    await self.stream.send_all(view[start : start + PIECE])
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    return False
            if self._sending.cancelled_caught:
                # Half a piece is out: nothing that follows would make sense.
                self.context.ledger.count(unread=1)
                # Shielded, though it waits for nothing: where the caller is cancelled as well,
                # the protocol would not be told that the client is gone.
                with trio.CancelScope(shield=True):
                    await trio.aclose_forcefully(self.stream)
                return False
        return True

    async def _end(self) -> None:
        """Send no more; read and forget what is under way; then close."""
        if self._ending:
            return
        self._ending = True
        self._reading.deadline = trio.current_time() + self._limits.linger
        # A send may be under way: the end comes behind it, or, where the client
        # does not read, with the close.
        with trio.move_on_after(self._limits.linger):
            async with self.send_lock:
                await self._say_that_it_ends()

    async def _say_that_it_ends(self) -> None:
        if isinstance(self.stream, trio.SSLStream):
            # TLS has no half-close: the client learns of the end by this alone.
            await self.stream.aclose()
            return
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # gone already
            await self.stream.send_eof()

    async def _idle_timeout(self) -> None:
        with trio.move_on_after(self.config.keep_alive_timeout):
            await self.context.terminated.wait()
        # Shielded, for the protocol stops this very timer where a request comes
        # in now; neither of the two waits for the client without a bound.
        with trio.CancelScope(shield=True):
            await self.protocol.say_goodbye()
            await self._end()
            await self.protocol.handle(Closed())

    async def _report(self, what: str, error: BaseException) -> None:
        """Count it, and log where it broke; never its message, which may quote the client."""
        self.context.ledger.count(contained=1)
        places = ", ".join(sorted(set(_places(error))))
        await self.config.log.error("contained in %s: %s", what, places)


def _places(error: BaseException) -> list[str]:
    """Type and innermost place of each exception in a group."""
    if isinstance(error, BaseExceptionGroup):
        return [place for each in error.exceptions for place in _places(each)]
    frames = list(walk_tb(error.__traceback__))
    if not frames:
        return [type(error).__name__]
    code, line = frames[-1][0].f_code, frames[-1][1]
    path = "/".join(PurePath(code.co_filename).parts[-2:])
    return [f"{type(error).__name__} in {code.co_name} ({path}:{line})"]
