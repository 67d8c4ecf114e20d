"""A light HTTP/1.1 client on a trio socket, so that the client is not what is measured.

One request at a time per connection, keep-alive, answers parsed by llhttp
(`httptools`). It knows what the experiment and the benchmarks need and no more:
no redirects, no cookies, no compression, no TLS, no pipelining.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httptools
import trio

from nexus_trio.client.address import parse_address

# No call of the experiment answers more than a page of history: 50 turns of at
# most 16 KiB each way. Past this bound a server is broken, and memory is safe.
MAX_BODY = 4 * 1024 * 1024

# Longer than any turn is allowed to take by the server's own defaults.
DEADLINE = 30.0

# One read takes an ordinary answer whole.
CHUNK = 65536


class WireError(Exception):
    """The call did not come to an answer; the message says what happened and what to do."""


class UnsupportedUrl(WireError):
    """Only `http://HOST[:PORT]` can be spoken to."""


class Answer(NamedTuple):
    """One response: status, headers with lower-case names, body in bytes."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Address(NamedTuple):
    """Where a server is: host without brackets, port, and a path prefix without a final `/`."""

    host: str
    port: int
    prefix: str


def parse_url(url: str) -> Address:
    """`http://HOST[:PORT][/PREFIX]` in parts; raises `UnsupportedUrl` on anything else."""
    try:
        found = parse_address(url)
    except ValueError as error:
        raise UnsupportedUrl(f"{url!r} can't be used: {error}.") from error
    if found.tls or not url.lower().startswith("http:"):
        raise UnsupportedUrl(
            f"{url!r} can't be used: give an http:// URL such as http://127.0.0.1:4004. "
            "TLS is not spoken here; point it at the server behind the proxy."
        )
    return Address(found.host, found.port, found.prefix)


def encode(address: Address, method: str, path: str, body: bytes = b"") -> bytes:
    """The bytes of one request, ready to be sent many times over."""
    name = f"[{address.host}]" if ":" in address.host else address.host
    head = f"{method} {address.prefix}{path} HTTP/1.1\r\nHost: {name}:{address.port}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    elif method == "POST":
        head += "Content-Length: 0\r\n"
    return head.encode("ascii") + b"\r\n" + body


class _Line:
    """An open socket and the parser of what comes out of it."""

    __slots__ = ("body", "done", "headers", "keep", "parser", "size", "stream")

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.parser = httptools.HttpResponseParser(self)
        self.done = False
        self.on_message_begin()

    # The names that httptools calls.

    def on_message_begin(self) -> None:
        if self.done:
            raise WireError("The server sent more than one answer to one request.")
        self.headers: dict[bytes, bytes] = {}
        self.body: list[bytes] = []
        self.size = 0
        self.keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > MAX_BODY:
            raise WireError(f"The answer is larger than {MAX_BODY} bytes; it was not read.")
        self.body.append(piece)

    def on_message_complete(self) -> None:
        # Only here does llhttp still know whether the connection stays open.
        self.keep = self.parser.should_keep_alive()
        self.done = True

    async def exchange(self, data: bytes) -> Answer:
        self.done = False
        await self.stream.send_all(data)
        while not self.done:
            piece = await self.stream.receive_some(CHUNK)
            if not piece:
                raise WireError("The server closed the connection before its answer was whole.")
            self.parser.feed_data(piece)
        return Answer(self.parser.get_status_code(), self.headers, b"".join(self.body))


class Connection:
    """One keep-alive connection, opened again after the server closed it in an orderly way.

    Use it from one task. An answer must tell its length or be chunked. A call
    that fails or is cancelled closes the connection, so that a half-read
    answer is never taken for the next one (I12); the next call opens a new
    one. No call is ever sent twice.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._line: _Line | None = None

    async def open(self, deadline: float = DEADLINE) -> None:
        """Connects where it isn't, within `deadline` seconds; `WireError` where nobody listens."""
        if self._line is not None:
            return
        host, port, _ = self.address
        try:
            with trio.fail_after(deadline):
                # trio sets TCP_NODELAY on a SocketStream by itself.
                self._line = _Line(await trio.open_tcp_stream(host, port))
        except trio.TooSlowError as error:
            raise WireError(f"{host}:{port} took no connection in {deadline:g} s.") from error
        except OSError as error:
            raise WireError(
                f"Nothing answers at {host}:{port}: start the server or correct --url."
            ) from error

    async def request(
        self, method: str, path: str, body: bytes = b"", *, deadline: float = DEADLINE
    ) -> Answer:
        """Sends one request and reads its answer, within `deadline` seconds.

        Raises `WireError`. When cancelled, the request may or may not have
        reached the server, and the connection is closed.
        """
        return await self.send(encode(self.address, method, path, body), deadline=deadline)

    async def send(self, data: bytes, *, deadline: float = DEADLINE) -> Answer:
        """`request` with bytes made by `encode`."""
        await self.open(deadline)
        line, self._line = self._line, None
        assert line is not None
        try:
            with trio.fail_after(deadline):
                answer = await line.exchange(data)
        except trio.TooSlowError as error:
            raise WireError(f"No answer within {deadline:g} s.") from error
        except (trio.BrokenResourceError, httptools.HttpParserError) as error:
            raise _plain(error) from error
        else:
            if line.keep:
                self._line = line
            return answer
        finally:
            if self._line is None:
                # Nothing is left to say to the other side, so this need not wait.
                line.stream.socket.close()

    def close(self) -> None:
        """Closes at once; never waits and never raises."""
        line, self._line = self._line, None
        if line is not None:
            line.stream.socket.close()


def _plain(error: Exception) -> WireError:
    if isinstance(error.__cause__, WireError):
        return error.__cause__  # raised in a callback, which httptools wraps
    if isinstance(error.__context__, WireError):
        return error.__context__
    if isinstance(error, trio.BrokenResourceError):
        return WireError("The server broke the connection before it answered.")
    return WireError(f"The answer is not HTTP/1.1: {error}.")


@asynccontextmanager
async def open_connection(host: str, port: int, prefix: str = "") -> AsyncIterator[Connection]:
    """A connection that is open now and closed at the end of the block.

    Raises `WireError` where nobody listens. No task runs behind it.
    """
    connection = Connection(Address(host, port, prefix))
    await connection.open()
    try:
        yield connection
    finally:
        connection.close()
