"""The model server: connections, calls, and what a test may ask and tell it.

Any path that ends in `/chat/completions` is a call. `GET /control` counts;
`POST /control` takes `orders` that hold for all calls (`{"mode": "hang"}`), and
`release`; `POST /control/calls` gives the records of calls whose message holds `match`,
with `wait` not before there is one that has `begun`, or `ended`.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from dataclasses import asdict
from functools import partial
from typing import Any

import trio

from nexus_trio.testing.model_server.call import Call, Record, orders_in, record_of
from nexus_trio.testing.model_server.modes import MODES

KEPT = 5_000
"""Records of calls that are kept: more than a test makes, and a bound."""


class ModelServer:
    """Serves until cancelled; in this process, or by `running` in one of its own."""

    def __init__(self) -> None:
        self.orders: dict[str, str] = {}
        self.release = trio.Event()
        self.records: deque[Record] = deque(maxlen=KEPT)
        self.connections = self.open_connections = self.open = self.peak = 0
        self._messages: Counter[str] = Counter()
        self._changed = trio.Event()

    async def serve(
        self, port: int = 0, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen on loopback; reports the port."""
        async with trio.open_nursery() as nursery:
            serve = partial(trio.serve_tcp, self.serve_stream, port, host="127.0.0.1")
            listeners = await nursery.start(serve)
            task_status.started(listeners[0].socket.getsockname()[1])

    async def serve_stream(self, stream: trio.abc.Stream) -> None:
        """One connection, until either side closes it."""
        self.connections += 1
        self.open_connections += 1
        try:
            async with stream:
                await _Connection(self, stream, self.connections).run()
        finally:
            self.open_connections -= 1
            self.changed()

    def statistics(self) -> dict[str, Any]:
        """The counts; `now` is this process's clock."""
        return {
            "open": self.open,
            "peak": self.peak,
            "connections": self.connections,
            "open_connections": self.open_connections,
            "calls": sum(self._messages.values()),
            "now": time.monotonic(),
        }

    def control(self, told: dict[str, Any]) -> dict[str, Any]:
        """Do what a test says."""
        if "orders" in told:
            self.orders = {name: str(value) for name, value in told["orders"].items()}
        if told.get("release"):
            self.release.set()
            self.release = trio.Event()
        if told.get("reset"):
            self.peak = self.open
        return self.statistics()

    def matching(self, match: str) -> list[dict[str, Any]]:
        """The records of calls whose message holds `match`, oldest first."""
        return [asdict(record) for record in self.records if match in record.message]

    async def wait_for(self, match: str, state: str) -> None:
        """Return once a call with that in its message has `begun`, or `ended`."""
        while not any(
            match in record.message and (state == "begun" or record.ended)
            for record in self.records
        ):
            await self._changed.wait()

    async def wait_quiet(self, connections: int) -> None:
        """Return once no call is on and at most so many connections are open."""
        while self.open or self.open_connections > connections:
            await self._changed.wait()

    def changed(self) -> None:
        """Something has; whoever waits looks again."""
        self._changed.set()
        self._changed = trio.Event()

    def begin(self, connection: int, headers: dict[str, str], body: Any) -> tuple[Record, int]:
        """A call begins: its record, and how many had the same message before."""
        number = sum(self._messages.values()) + 1
        record = record_of(number, connection, headers, body)
        self.records.append(record)
        self.open += 1
        self.peak = max(self.peak, self.open)
        self._messages[record.message] += 1
        self.changed()
        return record, self._messages[record.message] - 1


class _Connection:
    """Reads all the time, so that it is seen when the caller goes."""

    def __init__(self, server: ModelServer, stream: trio.abc.Stream, number: int) -> None:
        self._server = server
        self._stream = stream
        self._number = number
        self._put, self._get = trio.open_memory_channel[bytes](1)
        self._data = b""
        self._record: Record | None = None

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._read, nursery.cancel_scope)
            try:
                while await self._serve():
                    pass
            except trio.BrokenResourceError:
                self._gone()
            nursery.cancel_scope.cancel()

    async def _read(self, scope: trio.CancelScope) -> None:
        try:
            while data := await self._stream.receive_some(65_536):
                await self._put.send(bytes(data))
        except trio.BrokenResourceError:
            pass  # gone without a goodbye, which is the same here
        self._gone()
        scope.cancel()

    def _gone(self) -> None:
        if self._record is not None and self._record.closed is None:
            self._record.closed = time.monotonic()
            self._record.ended = "gone"
            self._server.changed()

    async def _serve(self) -> bool:
        head = await self._until(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (ln.partition(":") for ln in lines)
        }
        size = int(headers.get("content-length", 0))
        while len(self._data) < size:
            self._data += await self._get.receive()
        data, self._data = self._data[:size], self._data[size:]
        method, path, _ = first.split(" ")
        body = json.loads(data) if data else {}
        if path.partition("?")[0].endswith("/chat/completions"):
            return await self._complete(headers | {":path": path}, body)
        await self._control(method, path, body)
        return True

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._data:
            self._data += await self._get.receive()
        found, _, self._data = self._data.partition(mark)
        return found

    async def _complete(self, headers: dict[str, str], body: Any) -> bool:
        server = self._server
        record, earlier = server.begin(self._number, headers, body)
        self._record = record
        orders = orders_in(record.message, server.orders)
        call = Call(record, self._stream, orders, server.release, earlier)
        if "refuse_usage" in orders and "stream_options" in body:
            orders |= {"mode": "status", "status": orders["refuse_usage"]}
        try:
            await MODES[orders.get("mode", "ok")](call)
        finally:
            server.open -= 1
            server.changed()
        self._record, record.ended = None, "whole"
        server.changed()
        return call.keep

    async def _control(self, method: str, path: str, body: Any) -> None:
        server = self._server
        found: Any = server.statistics()
        if path == "/control/calls":
            if "wait" in body:
                await server.wait_for(body["match"], body["wait"])
            found = server.matching(body["match"])
        elif method == "POST":
            found = server.control(body)
        data = json.dumps(found).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
        await self._stream.send_all(head.encode() + b"\r\n\r\n" + data)
