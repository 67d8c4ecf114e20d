"""A client of HTTP/2 over TLS: its frames as it likes, over streams in memory or a socket."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Any

import h2.config
import h2.connection
import h2.events
import trio
import trustme
from h2.exceptions import ProtocolError
from lane_memory import Lane, Stream
from trio.testing import memory_stream_pair

AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert("localhost")

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def server_context(*protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CERTIFICATE.configure_cert(context)
    context.set_alpn_protocols(list(protocols) or ["h2", "http/1.1"])
    return context


def client_context(*protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.set_alpn_protocols(list(protocols) or ["h2"])
    return context


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


class Talk:
    """One connection; `events` are all that came, `closed` whether the server has ended it."""

    def __init__(self, stream: Any, validates: bool = True) -> None:
        self.stream = stream
        self.events: list[h2.events.Event] = []
        self.closed = False
        config = h2.config.H2Configuration(
            header_encoding="utf-8",
            validate_outbound_headers=validates,
            normalize_outbound_headers=validates,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.acknowledges = True

    async def begin(self) -> None:
        self.h2.initiate_connection()
        await self.flush()

    async def flush(self) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            if data := self.h2.data_to_send():
                await self.stream.send_all(data)

    async def raw(self, data: bytes) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.stream.send_all(data)

    async def ask(
        self, path: str = "/", method: str = "GET", *, body: bytes | None = None, end: bool = True
    ) -> int:
        """Begin a request; the number of its stream."""
        number = self.h2.get_next_available_stream_id()
        head = [
            (":method", method),
            (":path", path),
            (":scheme", "https"),
            (":authority", "localhost"),
        ]
        self.h2.send_headers(number, head, end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(number, body, end_stream=end)
        await self.flush()
        return number

    async def hear(self) -> None:
        """Take in what comes, until the server ends it."""
        while True:
            try:
                data = await self.stream.receive_some(65536)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                data = b""
            if not data:
                self.closed = True
                return
            try:
                events = self.h2.receive_data(data)
            except ProtocolError:
                continue  # an answer to frames of which this side knows nothing
            self.events += events
            for event in events:
                if isinstance(event, h2.events.DataReceived) and self.acknowledges:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            await self.flush()

    def answer(self, stream: int) -> tuple[int, bytes]:
        """The status of a stream's answer (0: none came) and what came of its body."""
        status, body = 0, b""
        for event in self.of(stream):
            if isinstance(event, h2.events.ResponseReceived):
                status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
        return status, body

    def of(self, stream: int) -> list[Any]:
        return [event for event in self.events if getattr(event, "stream_id", None) == stream]

    def reset(self, stream: int) -> int | None:
        """The code with which a stream was reset, if it was."""
        codes = [
            int(event.error_code)
            for event in self.of(stream)
            if isinstance(event, h2.events.StreamReset)
        ]
        return codes[0] if codes else None

    def goodbye(self) -> int | None:
        codes = [
            int(event.error_code)
            for event in self.events
            if isinstance(event, h2.events.ConnectionTerminated)
        ]
        return codes[0] if codes else None


async def connected(
    served: Lane, nursery: trio.Nursery, *, hears: bool = True, validates: bool = True
) -> Talk:
    """A connection of HTTP/2 in memory, whose handshake is done and whose preface is sent."""
    near, far = memory_stream_pair()
    served.streams.append(far)
    served.serve(
        trio.SSLStream(Stream(near), server_context(), server_side=True, https_compatible=True)  # type: ignore[arg-type]  # passes for a socket's
    )
    secure = trio.SSLStream(far, client_context(), server_hostname="localhost")
    await secure.do_handshake()
    assert secure.selected_alpn_protocol() == "h2"
    talk = Talk(secure, validates)
    await talk.begin()
    if hears:
        nursery.start_soon(talk.hear)
    await trio.testing.wait_all_tasks_blocked()
    return talk
