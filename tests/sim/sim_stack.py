"""The whole server in one process: hub, application and Hypercorn's connections, no socket.

`Stack` is what `nexus_trio.server.serve` builds, in the same order and with the
same end, but for the listener: a client gets its end of a connection from
`connect`. Nothing in it uses a thread, a random source or the wall clock.
"""

from __future__ import annotations

import contextvars
import gc
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import quart
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from sim_parts import HypercornLog, Lines, Moody, SimStore, inline
from sim_pipe import End, pair
from sim_upstream import MemoryLines, Upstream

from nexus_trio.deadlines import Deadlines
from nexus_trio.lane.config import Limits, apply
from nexus_trio.lane.connection import ContainedTCPServer, Ledger, ServerContext
from nexus_trio.lane.direct import LaneConnection
from nexus_trio.responders.base import Prompt
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.runtime.hub import Hub
from nexus_trio.server import CONNECTIONS_SHARE, TURNS_SHARE, drain
from nexus_trio.store.database import File, prepare
from nexus_trio.store.folder import claim, this_boot
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing import Stepper
from nexus_trio.testing.hubs import Names, open_fake_hub
from nexus_trio.web.app import create_app

SETTINGS: dict[str, Any] = {
    "mailbox": 3,
    "history_window": 3,
    "connections_per_user": 2,
    "outbox_frames": 12,
    "outbox_bytes": 8192,
    "grace_s": 10.0,
    "turn_timeout_s": 20.0,
    "persona_cooldown_s": 1.0,
}

CALLER: contextvars.ContextVar[str | None] = contextvars.ContextVar("sim_caller", default=None)
"""Set for one request by the application's outermost layer: whose it is (I6)."""


@dataclass(frozen=True)
class Make:
    """How a server is made: `store` memory or sqlite, `responder` moody or openai.

    `transport` is the lane, or Hypercorn's own protocols, contained.
    """

    store: str = "memory"
    responder: str = "moody"
    transport: str = "lane"
    pushes: bool = True
    capacity: int = 4096


class Pushing(ContainedTCPServer):
    """A connection that hands over at once what fits, as one over a socket does."""

    pushes = True

    def _pushed(self, data: bytes) -> int:
        try:
            return self.stream.outward.put(data) if self.pushes else 0  # type: ignore[union-attr]  # an `End`
        except trio.BrokenResourceError:
            return 0


class Lane(Pushing, LaneConnection):
    """What the lane makes of it."""


SERVERS = {"lane": Lane, "hypercorn": Pushing}
"""By transport."""


class WhicheverHub:
    """The hub of the run that is open. Making the application takes as long as a whole run of
    it, most of that for the description of the API: one is made, and used by all."""

    hub: Hub

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hub, name)


_whichever = WhicheverHub()


@cache
def _made() -> Any:
    app = create_app(_whichever)  # type: ignore[arg-type]  # passes everything on
    gc.freeze()  # it stays: who looks for garbage need not look through it
    return app


def _application(hub: Hub) -> Any:
    _whichever.hub = hub
    return _made()


class Stack:
    """One server under a stepper. Make it, start clients over it, `stop`, at last `leave`."""

    def __init__(self, stepper: Stepper, make: Make, leaks: Callable[[str], None]) -> None:
        self.make = make
        self.log = Lines()
        self.hub: Hub
        self.store: Any = None
        self.upstream = Upstream()
        self.context: ServerContext
        self.stepper = stepper
        self.stopped_at: float | None = None
        self.ended_at: float | None = None
        self.faults: list[str] = []
        self.ends: list[End] = []
        self._leaks = leaks
        self._stop = trio.Event()
        self._nursery: trio.Nursery
        self._stack = _surroundings(self.log)
        self._stack.__enter__()
        try:
            self.operation = self.stepper.start(self._serve, name="server", background=True)
            self.stepper.settle()
        except BaseException:
            self._stack.__exit__(None, None, None)
            raise

    # --- what clients and checks use ---

    def connect(self, capacity: int | None = None) -> End:
        """A client's end of a new connection."""
        near, far = pair(capacity or self.make.capacity)
        self.ends.append(far)
        if self.ended_at is not None or self.context.terminated.is_set():
            far.reset()
            return far
        server = SERVERS[self.make.transport](self._wrapped, self._config, self.context, {}, near)  # type: ignore[arg-type]  # an `End` for a socket's stream
        server.pushes = self.make.pushes
        self._nursery.start_soon(server.run)
        return far

    def stop(self) -> None:
        """Tell the server to stop, as SIGTERM does. Never waits."""
        if self.stopped_at is None:
            self.stopped_at = self.stepper.now
        self._stop.set()

    def leave(self) -> None:
        """When the stepper is closed: threads and the log are again as they were."""
        self._stack.__exit__(None, None, None)

    # --- the server ---

    async def _serve(self) -> None:
        names = Names()
        async with (
            _opened(self.make.store, names) as self.store,
            self._responder() as responder,
            open_fake_hub(responder, self.store, **SETTINGS) as self.hub,
        ):
            await self._listen(self.hub)
        self.ended_at = trio.current_time()

    async def _listen(self, hub: Hub) -> None:
        self._config = config = Config()
        config.include_date_header = False
        config.graceful_timeout = hub.settings.grace_s * CONNECTIONS_SHARE
        limits = Limits(body=hub.settings.body_timeout_s, grace=config.graceful_timeout)
        apply(config, limits)
        config.keep_alive_timeout = hub.settings.keep_alive_s
        config._log = HypercornLog(self.log)  # type: ignore[assignment]  # its four methods
        self._wrapped = ASGIWrapper(self._watched(_application(hub)))
        self.context = ServerContext(None, limits, Ledger(), Deadlines())
        async with trio.open_nursery() as beside:
            beside.start_soon(self.context.deadlines.run)
            async with trio.open_nursery() as self._nursery:
                await self._stop.wait()
                await drain(hub, hub.settings.grace_s * TURNS_SHARE)
                # From here on as at the end of `hypercorn.trio.run.worker_serve`.
                await self.context.terminated.set()
                self._nursery.cancel_scope.deadline = trio.current_time() + config.graceful_timeout
            beside.cancel_scope.cancel()

    def _watched(self, app: Any) -> Any:
        """The application, with a look at what it finds in its context, and at whose it is."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            if CALLER.get() is not None or quart.globals.request_ctx:
                self._leaks(f"a request began in the context of {CALLER.get()}")
            headers = dict(scope.get("headers", ()))
            CALLER.set(headers.get(b"x-sim", b"?").decode())
            await app(scope, receive, send)

        return watched

    def _prompted(self, prompt: Prompt) -> None:
        caller = CALLER.get()
        if not prompt.aloud and caller is not None and caller.split("#")[0] != prompt.user_id:
            self._leaks(f"{prompt.user_id} is answered in the context of {caller}")
        if prompt.aloud and caller is not None:
            self._leaks(f"a persona speaks in the context of {caller}")
        self.prompts += 1

    prompts = 0

    @asynccontextmanager
    async def _responder(self) -> AsyncIterator[Any]:
        if self.make.responder == "moody":
            self.responder: Any = Moody(self._prompted)
            yield self.responder
            return
        address = parse_address("http://127.0.0.1:9/v1", "key-zzsecretzz")
        terms = Terms(
            "sim", concurrency=2, queue=4, first_token_s=8, between_tokens_s=4, whole_s=18
        )
        async with trio.open_nursery() as nursery:
            lines = MemoryLines(address.url, self.upstream.connector(nursery), keep=2)
            self.responder = OpenAIResponder(address, terms, lines, chance=lambda: 0.5)
            yield self.responder
            await self.responder.aclose()
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _opened(kind: str, names: Names) -> AsyncIterator[Any]:
    if kind == "memory":
        yield SimStore(names)
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        name, whole = _empty_database()
        (Path(folder) / name).write_bytes(whole)
        async with open_store(Path(folder), "process", names) as store:
            yield store


IN_MEMORY = next((place for place in ("/dev/shm",) if Path(place).is_dir()), None)
"""Where files are in memory, if this machine has that: no disk need turn for them."""


@cache
def _empty_database() -> tuple[str, bytes]:
    """The name and the bytes of a new one: to make it takes as long as the rest of a run."""
    with tempfile.TemporaryDirectory() as folder, claim(Path(folder)) as path:
        prepare(File(path, "process", None), this_boot(), Names())
        return path.name, path.read_bytes()


@contextmanager
def _surroundings(log: Lines) -> Iterator[None]:
    """Threads run inline, and what is logged is kept."""
    logger = logging.getLogger("nexus_trio")
    kept, logger.propagate = logger.propagate, False
    logger.addHandler(log)
    try:
        threads = mock.patch("trio.to_thread.run_sync", inline)
        with threads, mock.patch("nexus_trio.store.thread.AT_HAND_S", 0):
            yield
    finally:
        logger.removeHandler(log)
        logger.propagate = kept
