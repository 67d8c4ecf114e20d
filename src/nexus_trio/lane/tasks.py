"""The tasks of one connection: its requests, and the chores that end with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
from hypercorn.config import Config
from hypercorn.trio.task_group import TaskGroup
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent, Scope

from nexus_trio.lane.websocket import MANY

Send = Callable[[ASGISendEvent | None], Awaitable[None]]
Report = Callable[[str, BaseException], Awaitable[None]]


class Inbox:
    """What one app receives: a bounded queue that always ends with a disconnect.

    Full, it makes `put` wait, and with it the reading of the connection. The
    disconnect never waits: Hypercorn's own queue takes it as one more entry, so
    that an app which answers without reading a long body waits for itself
    forever. What comes after the disconnect is dropped.
    """

    def __init__(self, size: int, scope_type: str) -> None:
        self._sender, self._receiver = trio.open_memory_channel[ASGIReceiveEvent](size)
        self._disconnect = f"{scope_type}.disconnect"
        self._last: ASGIReceiveEvent

    async def put(self, event: ASGIReceiveEvent) -> None:
        """Hand over one event; a checkpoint unless it is the disconnect."""
        if event["type"] == self._disconnect:
            self._last = event
            self._sender.close()
            return
        with suppress(trio.ClosedResourceError):
            await self._sender.send(event)

    async def receive(self) -> ASGIReceiveEvent:
        """The next event, at the end always the disconnect. Cancelled, it took nothing."""
        try:
            return await self._receiver.receive()
        except trio.EndOfChannel:
            return self._last


class ConnectionTasks(TaskGroup):
    """What Hypercorn's protocols spawn on one connection.

    Two nurseries, both opened and closed by the connection: `requests` holds
    the app's tasks, and the connection waits for them; `chores` (idle timer,
    pings) is cancelled once they are done.
    """

    def __init__(self, requests: trio.Nursery, chores: trio.Nursery, report: Report) -> None:
        super().__init__()
        self._nursery = chores  # the name under which Hypercorn's idle timer looks for it
        self._requests = requests
        self._report = report

    @property
    def running(self) -> int:
        """How many requests the app is at work for."""
        return len(self._requests.child_tasks)

    async def spawn_app(
        self, app: AppWrapper, config: Config, scope: Scope, send: Send
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        """Start the app for one request; returns how to hand it events."""
        if scope["type"] == "websocket":
            scope["extensions"][MANY] = {}
        inbox = Inbox(config.max_app_queue_size, scope["type"])
        self._requests.start_soon(self._run_app, app, scope, inbox, send)
        return inbox.put

    async def _run_app(self, app: AppWrapper, scope: Scope, inbox: Inbox, send: Send) -> None:
        try:
            await app(scope, inbox.receive, send, trio.to_thread.run_sync, trio.from_thread.run)
        # The border between the app and the server: whatever broke in there is
        # this request's failure and nobody else's. Cancelled, KeyboardInterrupt
        # and SystemExit are no `Exception`, and leave, also out of a group.
        except* Exception as errors:  # noqa: BLE001 - see above
            await self._report("a request", errors)
        await send(None)  # makes the 500, or ends what was begun
