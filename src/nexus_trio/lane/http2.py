"""HTTP/2 as Hypercorn speaks it, over TLS alone, contained and bounded.

What broke in a request ends that request, and what broke in the protocol its
connection (RFC 9113). WebSockets do not come this way: no client is told that
they could (RFC 8441), so it opens a connection of HTTP/1.1 for one, with its bounds.
"""

from __future__ import annotations

import re

import h2.events
import trio
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed
from hypercorn.protocol.events import Event, StreamClosed
from hypercorn.protocol.h2 import H2Protocol

from nexus_trio.lane.tasks import ConnectionTasks

MAX_RUNNING = 2
"""Times the streams that may be open: so many of a connection's requests may still run.

Who opens a stream and resets it at once has none open, and yet the app is at work
for each (CVE-2023-44487).
"""

LOOKS = 10
"""How often, within the shorter of the bounds, it is seen whether a stream stands still."""

DROPPED = 1024 * 1024
"""Bytes of a body that are read and thrown away behind its answer."""

NOT_IMPLEMENTED = b"501"

_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(rb"/[!-~]*|\*")


class ContainedHttp2(H2Protocol):
    """One connection's protocol, from its preface on."""

    task_group: ConnectionTasks
    is_websocket = False
    # A body that does not come is looked after stream by stream.
    awaits_body = False

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        """Send the preface, and begin what runs beside the reading."""
        # Since when a stream's answer waits for its client, and its client owes the rest
        # of a body.
        self._unread: dict[int, float] = {}
        self._owed: dict[int, float] = {}
        # How much of it was thrown away, as it came behind the answer.
        self._dropped: dict[int, int] = {}
        self.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] = 0
        self.connection.local_settings.acknowledge()
        await super().initiate(headers, settings)
        self.task_group.spawn(self._watch)

    async def ping(self) -> bool:
        """Nothing to ask: streams that stand still have their bounds."""
        return False

    async def time_out(self) -> None:
        """As when a stream stands still."""
        await self.send(Closed())

    async def say_goodbye(self) -> None:
        """Tell the client which requests were taken, and that there is an end (section 6.8)."""
        await self._end(ErrorCodes.NO_ERROR)

    async def stream_send(self, event: Event) -> None:
        """Send what the app asks for. An answer that it left in the midst is reset, not ended."""
        if isinstance(event, StreamClosed):
            buffer = self.stream_buffers.get(event.stream_id)
            if buffer is not None and not buffer._complete:
                if buffer.buffer:
                    await buffer.drain()  # what the app did say
                await self._reset(event.stream_id, ErrorCodes.INTERNAL_ERROR)
            self._owed.pop(event.stream_id, None)
        await super().stream_send(event)

    # --- what the client sends ---

    async def _handle_events(self, events: list[h2.events.Event]) -> None:
        """Each is a step of the scheduler: a flood is one task among many."""
        for event in events:
            if self.closed:
                return
            if isinstance(event, h2.events.DataReceived):
                self._owed[event.stream_id] = trio.current_time()
                if event.stream_id not in self.streams:
                    await self._drop(event)
                    continue
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                self._owed.pop(event.stream_id, None)
                self._dropped.pop(event.stream_id, None)
            await super()._handle_events([event])
            await trio.lowlevel.checkpoint()

    async def _drop(self, event: h2.events.DataReceived) -> None:
        """Of a body that nobody reads any more: its request was answered.

        Clients that are reset at once may lose the answer, whatever section 8.1 says.
        """
        number = event.stream_id
        self._owed.pop(number, None)
        self.connection.acknowledge_received_data(event.flow_controlled_length, number)
        dropped = self._dropped.pop(number, 0) + event.flow_controlled_length
        if dropped > DROPPED:
            await self._reset(number, ErrorCodes.NO_ERROR)
        elif event.stream_ended is None:
            self._dropped[number] = dropped
        await self._flush()

    async def _create_stream(self, request: h2.events.RequestReceived) -> None:
        fields = dict(request.headers)
        method, path = fields.get(b":method", b""), fields.get(b":path", b"")
        if method == b"CONNECT":
            self.connection.send_headers(
                request.stream_id, [(b":status", NOT_IMPLEMENTED)], end_stream=True
            )
        elif not (_METHOD.fullmatch(method) and _PATH.fullmatch(path)):
            await self._reset(request.stream_id, ErrorCodes.PROTOCOL_ERROR)
        elif self.task_group.running >= MAX_RUNNING * self.config.h2_max_concurrent_streams:
            await self._end(ErrorCodes.ENHANCE_YOUR_CALM)
            await self.send(Closed())
        else:
            if request.stream_ended is None:
                self._owed[request.stream_id] = trio.current_time()
            await super()._create_stream(request)

    async def _priority_updated(self, event: h2.events.PriorityUpdated) -> None:
        """Nothing: a wish that RFC 9113 has done away with, and that takes memory (5.3.2)."""

    # --- what goes out ---

    async def _send_data(self, stream_id: int) -> None:
        buffer = self.stream_buffers.get(stream_id)
        if buffer is None:
            return
        try:
            window = self.connection.local_flow_control_window(stream_id)
        except ProtocolError:
            window = 1  # it is over: what comes next finds that out
        if buffer.buffer and window <= 0:
            self._unread.setdefault(stream_id, trio.current_time())
        else:
            self._unread.pop(stream_id, None)
        await super()._send_data(stream_id)
        if stream_id not in self.stream_buffers:
            self._unread.pop(stream_id, None)

    async def _reset(self, stream_id: int, code: ErrorCodes) -> None:
        try:
            self.connection.reset_stream(stream_id, code)
        except ProtocolError:
            return  # over already
        await self._flush()

    async def _end(self, code: ErrorCodes) -> None:
        try:
            self.connection.close_connection(code)
        except ProtocolError:
            return
        await self._flush()

    async def _watch(self) -> None:
        """Cut the client of a stream that stands still, as one of HTTP/1.1 is cut."""
        limits = self.context.limits  # type: ignore[attr-defined]  # a `ServerContext`
        ledger = self.context.ledger  # type: ignore[attr-defined]  # as above
        body = self.config.read_timeout or limits.body
        while True:
            await trio.sleep(min(limits.send, body) / LOOKS)
            now = trio.current_time()
            unread = any(now - since >= limits.send for since in self._unread.values())
            silent = any(now - since >= body for since in self._owed.values())
            if unread or silent:
                ledger.count(unread=int(unread), silent=int(silent and not unread))
                await self._end(ErrorCodes.ENHANCE_YOUR_CALM)
                await self.send(Closed())
                return
