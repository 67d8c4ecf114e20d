"""Connections to the model server, each one call's alone until its answer was read to the end.

A transport for httpx, over h11 (HTTP/1.1) and trio. The pool that httpx brings
loses places when calls are cancelled while they connect, and keeps a connection
on which bytes are left over; the next caller would then read another's answer.
Here a connection has one owner at any time. It goes back to the others only
when its answer has ended, nothing came behind that, and its owner said so in
one step; in every other case it is closed (I11, I12).

No cookies, no redirects, no proxies of the environment, no log line: a prompt
goes to the one address that was configured, and what one answer says is not
carried into the next call.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import h11
import httpx
import trio

READ_BYTES: Final = 64 * 1024
"""Read at once: what a socket's buffer usually holds, and all that waits unparsed."""

HEAD_BYTES: Final = 64 * 1024
"""The largest head of an answer; servers themselves take 8 to 64 KiB."""

KEPT_S: Final = 4.0
"""An idle connection is not used again after this. Many model servers run on uvicorn,
which closes one after 5 s: a call that is on its way at that moment would be lost."""


class Stale(httpx.ReadError):
    """A connection that had idled was closed as it was used again; no answer had begun."""


@dataclass(frozen=True, slots=True)
class LineStatistics:
    """`busy` connections belong to a call now, `idle` ones to nobody."""

    busy: int
    idle: int


class Lines(httpx.AsyncBaseTransport):
    """Connections to the one server of `url`; calls it only over these.

    `connect_s` bounds name look-up, connecting and TLS together; `keep` is the
    number of idle connections that are kept, 0 or more. `trust` replaces the
    certificates that are believed, for `https`. Open until `aclose`.
    """

    def __init__(
        self, url: httpx.URL, connect_s: float, keep: int, trust: ssl.SSLContext | None = None
    ) -> None:
        self._host = url.raw_host.decode("ascii")
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._connect_s = connect_s
        self._keep = keep
        self._trust = trust
        if url.scheme == "https" and trust is None:
            self._trust = httpx.create_ssl_context()
        # The most lately used is last, and used first: the others may expire.
        self._idle: deque[Line] = deque()
        self._busy = 0

    def statistics(self) -> LineStatistics:
        """What is open now."""
        return LineStatistics(self._busy, len(self._idle))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, whose body is held whole, and return the answer's head.

        The answer's stream owns its connection: close it in every case. Raises
        `httpx.ConnectError` where there is no connection, another
        `httpx.TransportError` where one breaks. Cancelled, it closes the connection.
        """
        while True:
            line = await self._idle_line()
            try:
                return await self._ask(line or await self._open(), request)
            except Stale:
                # Asking again is safe: no answer had begun. Each time one idle
                # connection is gone, and a new one is never `Stale`.
                continue

    async def aclose(self) -> None:
        """Close what is idle. What is busy belongs to its call, which closes it."""
        while self._idle:
            self._idle.popleft().close()

    async def _idle_line(self) -> Line | None:
        while self._idle:
            line, usable = self._idle.pop(), False
            try:
                usable = trio.current_time() < line.kept_at + KEPT_S and await line.is_silent()
            finally:
                if not usable:
                    line.close()
            if usable:
                return line
        return None

    async def _open(self) -> Line:
        try:
            with trio.move_on_after(self._connect_s):
                return await self._connect()
        except (OSError, trio.BrokenResourceError):
            raise httpx.ConnectError("no connection") from None
        raise httpx.ConnectTimeout("no connection in time")

    async def _connect(self) -> Line:
        plain = await trio.open_tcp_stream(self._host, self._port)
        if self._trust is None:
            return Line(plain, plain)
        secure = trio.SSLStream(
            plain, self._trust, server_hostname=self._host, https_compatible=True
        )
        try:
            await secure.do_handshake()
        except BaseException:
            plain.socket.close()
            raise
        return Line(secure, plain)

    async def _ask(self, line: Line, request: httpx.Request) -> httpx.Response:
        self._busy += 1
        try:
            head = await line.ask(request)
        except BaseException:
            self.throw_away(line)
            raise
        return httpx.Response(
            head.status_code, headers=head.headers.raw_items(), stream=Body(self, line)
        )

    # --- what an answer's stream calls; it owns the line until then ---

    def throw_away(self, line: Line) -> None:
        """Close a busy line."""
        self._busy -= 1
        line.close()

    def put_back(self, line: Line) -> bool:
        """Let a busy line be used again; False, and still its owner's, where it may not be."""
        if len(self._idle) >= self._keep or not line.renew():
            return False
        self._busy -= 1
        line.kept_at = trio.current_time()
        self._idle.append(line)
        return True


class Line:
    """One connection and how far its HTTP/1.1 has come: `stream` over the socket of `plain`."""

    def __init__(self, stream: trio.abc.Stream, plain: trio.SocketStream) -> None:
        self.kept_at = 0.0
        self._stream = stream
        self._plain = plain
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._used = False
        self._heard = False

    async def ask(self, request: httpx.Request) -> h11.Response:
        """Send the request and read the answer's head. Raises `Stale`, `httpx.TransportError`."""
        used, self._used, self._heard = self._used, True, False
        head = h11.Request(
            method=request.method, target=request.url.raw_path, headers=request.headers.raw
        )
        try:
            with _mapped():
                data = self._http.send_with_data_passthrough(head) or []
                data += self._http.send_with_data_passthrough(h11.Data(request.content)) or []
                data += self._http.send_with_data_passthrough(h11.EndOfMessage()) or []
                await self._stream.send_all(b"".join(data))
            while not isinstance(event := await self.event(), h11.Response):
                pass  # 100 and the like
        except httpx.TransportError:
            if used and not self._heard:
                raise Stale("the connection had been closed") from None
            raise
        return event

    def close(self) -> None:
        """Close it now, without a word of goodbye and without a checkpoint."""
        self._plain.socket.close()

    async def event(self) -> object:
        """The next event of the answer. Raises `httpx.TransportError`."""
        with _mapped():
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._stream.receive_some(READ_BYTES)
                self._heard = self._heard or bool(data)
                self._http.receive_data(bytes(data))
        return event

    def renew(self) -> bool:
        """Make ready for another call; False where anything of the last one is left."""
        http = self._http
        if not http.our_state is http.their_state is h11.DONE or http.trailing_data != (b"", False):
            return False
        http.start_next_cycle()
        return True

    async def is_silent(self) -> bool:
        """Whether an idle line has neither ended nor said anything unasked."""
        if self._plain.socket.is_readable():
            return False
        if self._stream is self._plain:
            return True
        # What TLS has read and not yet told no socket shows. So it is asked, for no time at
        # all; the deadline comes after the scope has begun, or nothing would be tried.
        try:
            with trio.CancelScope() as scope:
                scope.deadline = trio.current_time()
                await self._stream.receive_some(1)
        except trio.BrokenResourceError:
            return False
        return scope.cancelled_caught


class Body(httpx.AsyncByteStream):
    """An answer's content as it comes. No generator: one that is left half-read, as
    these are whenever somebody says stop, would have to be closed from within."""

    def __init__(self, lines: Lines, line: Line) -> None:
        self._lines = lines
        self._line = line
        self._ended = self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """The next bytes. Raises `httpx.TransportError`."""
        while not (self._ended or self._closed):
            event = await self._line.event()
            if isinstance(event, h11.Data):
                return bytes(event.data)
            self._ended = isinstance(event, h11.EndOfMessage)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Give the connection up: to the next call where this answer was read to its end.

        Has no checkpoint, so nothing can come between.
        """
        if self._closed:
            return
        self._closed = True
        if not (self._ended and self._lines.put_back(self._line)):
            self._lines.throw_away(self._line)


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except h11.ProtocolError:
        # What h11 says quotes what came: never passed on.
        raise httpx.RemoteProtocolError("the answer is not HTTP/1.1") from None
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        raise httpx.ReadError("the connection was lost") from None
