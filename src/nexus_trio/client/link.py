"""One connection, from its first byte to its last: hello, reader, writer, watchdog."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import trio

from nexus_trio.client import decode
from nexus_trio.client.address import Address
from nexus_trio.client.core import Core, Goodbye
from nexus_trio.client.decode import Breach
from nexus_trio.client.errors import (
    BadFrame,
    Ended,
    NotAuthenticated,
    ProtocolBroken,
    SessionErased,
    TooManyConnections,
)
from nexus_trio.client.socket import (
    PATH,
    SUBPROTOCOL,
    Socket,
    SocketClosed,
    SocketError,
    SocketRefused,
)
from nexus_trio.client.timing import Timing

FAREWELL_S: Final = 0.5
"""A close frame may take so long at the end; leaving `connect` has a second in all."""

FOR_GOOD: Final[dict[int, type[Ended]]] = {
    4400: BadFrame,
    4401: NotAuthenticated,
    4409: TooManyConnections,
    4410: SessionErased,
}
"""Close codes after which nobody comes back; a `bye` may say so of others."""

BREACHES: Final = frozenset({1002, 1003, 1007})
"""Close codes that say that one of the two does not speak the protocol."""


class Fell(Exception):
    """The connection is no more; another one may be tried."""


class Link:
    """A connection under way. It ends by an exception: `Fell`, `Breach`, `Ended`."""

    def __init__(self, core: Core, timing: Timing, socket: Socket) -> None:
        self._core = core
        self._timing = timing
        self._socket = socket
        self._waiting = trio.Event()
        # Too much waits for the server: this connection is of no more use.
        self._stuck: SocketError | None = None

    def put(self, text: str) -> None:
        """Have a frame sent. Never waits, never raises."""
        try:
            self._socket.put(text)
        except SocketClosed:
            return  # the reader comes to that, and reads on the way why
        except SocketError as error:
            self._stuck = error
        self._waiting.set()

    async def run(self) -> NoReturn:
        """Until the connection falls. Cancelled, nothing is left behind."""
        await self._hello()
        ends: list[Exception] = []
        try:
            async with trio.open_nursery() as nursery:
                for task in (self._read, self._write, self._watch):
                    nursery.start_soon(self._guarded, task, ends, nursery.cancel_scope)
        finally:
            self._core.lost()
        raise ends[0]

    async def _guarded(self, task: Any, ends: list[Exception], over: trio.CancelScope) -> None:
        """The first end of a task is the connection's."""
        try:
            await task()
        except (SocketError, Fell, Breach, Goodbye, Ended) as error:
            self._core.lost()
            ends.append(error)
            over.cancel()

    async def _hello(self) -> None:
        self._core.refusal = None
        self._socket.put(self._core.hello())
        with trio.move_on_after(self._timing.hello_s) as patience:
            await self._flush()
            while (found := await self._next())["type"] != "welcome":
                self._core.take(found)
            self._core.welcomed(self, found)
        if patience.cancelled_caught:
            raise Fell("the server did not welcome in time")

    async def _next(self) -> dict[str, Any]:
        return decode.frame(await self._socket.receive_text())

    async def _read(self) -> None:
        while True:
            self._core.take(await self._next())

    async def _write(self) -> None:
        patience = self._timing.quiet_s + self._timing.pong_s
        while self._stuck is None:
            with trio.move_on_after(patience) as scope:
                await self._flush()
            if scope.cancelled_caught:
                raise Fell("the server does not read")
            self._waiting = trio.Event()
            await self._waiting.wait()
        raise Fell(str(self._stuck))

    async def _flush(self) -> None:
        """Send what waits. Where that fails, the reader comes to the end by itself, and on the way
        reads what the server said of it."""
        with contextlib.suppress(SocketClosed):
            await self._socket.flush()

    async def _watch(self) -> None:
        """A server that says nothing is pinged; one that does not answer is gone."""
        while True:
            await trio.sleep_until(self._socket.heard_at + self._timing.quiet_s)
            if trio.current_time() < self._socket.heard_at + self._timing.quiet_s:
                continue
            pinged = trio.current_time()
            self._socket.put_ping()
            self._waiting.set()
            await trio.sleep(self._timing.pong_s)
            if self._socket.heard_at < pinged:
                raise Fell("the server is silent")


@dataclass(frozen=True)
class Way:
    """How a server is reached: where, with which headers and certificates, and how patiently.

    `dial` opens the stream under the WebSocket; tests bring one in memory.
    """

    address: Address
    timing: Timing
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = None
    dial: Callable[[Way], Awaitable[trio.abc.Stream]] = lambda way: dial(way)


async def run_link(core: Core, way: Way) -> NoReturn:
    """One connection, until it falls.

    Raises `Fell` where another one may be tried, `Breach` where the server broke the
    protocol, `Ended` where nobody is to come back. Closes whatever it opened.
    """
    try:
        socket = await _open(way)
        try:
            if socket.subprotocol != SUBPROTOCOL:
                raise ProtocolBroken(f"{way.address.where} did not take up {SUBPROTOCOL}")
            await Link(core, way.timing, socket).run()
        finally:
            # Shielded, for this is where a cancelled client says goodbye.
            with trio.CancelScope(shield=True):
                await socket.close(FAREWELL_S)
    except Goodbye as bye:
        raise _after(core, bye.code, bye.detail, bye.again) from None
    except SocketClosed as closed:
        raise _after(core, closed.code, str(closed), None) from None
    except SocketRefused as refused:
        raise _refused(refused) from None
    except SocketError as error:
        raise Breach(str(error)) from None


async def _open(way: Way) -> Socket:
    """A WebSocket, open. Raises `Fell`, `SocketError`."""
    where, patience = way.address.where, way.timing.connect_s
    with trio.move_on_after(patience):
        stream = await way.dial(way)
        try:
            socket = Socket(stream, where, way.address.prefix + PATH)
            lines = [(name.lower().encode(), text.encode()) for name, text in way.headers.items()]
            await socket.shake_hands(headers=lines)
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
        return socket
    raise Fell(f"{where} took no connection within {patience:g} s")


async def dial(way: Way) -> trio.abc.Stream:
    """TCP, and TLS where the URL says so. Raises `Fell`."""
    host, port, where = way.address.host, way.address.port, way.address.where
    try:
        stream = await trio.open_tcp_stream(host, port)
    except OSError as error:
        reason = f" ({error.strerror})" if error.strerror else ""
        raise Fell(f"nobody answers at {where}{reason}") from None
    if not way.address.tls:
        return stream
    context = way.tls or ssl.create_default_context()
    secure = trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
    try:
        await secure.do_handshake()
    except BaseException as error:
        await trio.aclose_forcefully(secure)
        if isinstance(error, trio.BrokenResourceError):
            raise Fell(f"no TLS at {where}: {error.__cause__}") from None
        raise
    return secure


def _after(core: Core, code: int, detail: str, again: bool | None) -> Exception:
    """What comes of a close: by its `bye`, else by its code."""
    if again is None and code in BREACHES:
        return Breach(detail)
    if again or (again is None and code not in FOR_GOOD):
        return Fell(detail)
    # The refusal says more than the code does.
    said = detail if core.refusal is None else core.refusal.detail
    return FOR_GOOD.get(code, Ended)(said, code)


def _refused(refused: SocketRefused) -> Exception:
    status = refused.status
    if status in (408, 425, 429) or status >= 500:
        return Fell(f"the server answered with status {status}")
    if status in (401, 403):
        return NotAuthenticated(f"the server refused the connection with status {status}")
    return ProtocolBroken(f"the server answered with status {status} where a WebSocket should be")
