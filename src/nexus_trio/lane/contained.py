"""Installs the contained connections in Hypercorn 0.18, for both ways to start it.

Three names of Hypercorn's are replaced, and nothing else: the class of a
connection, the context of a server, and `worker_serve`, through which both
`hypercorn.trio.serve` and the `hypercorn` command come once the sockets and
the configuration are known. A lifespan that fails still ends the process.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import NoReturn

import hypercorn.trio
import hypercorn.trio.run
import trio
from hypercorn.config import Config, Sockets
from hypercorn.typing import AppWrapper

from nexus_trio.deadlines import Deadlines
from nexus_trio.errors import SettingsError
from nexus_trio.lane import bind
from nexus_trio.lane.bind import Address, refuse_non_loopback
from nexus_trio.lane.config import Limits, apply, refuse_unsupported, refuse_unusable_certificate
from nexus_trio.lane.connection import ContainedTCPServer, ServerContext
from nexus_trio.lane.direct import LaneConnection
from nexus_trio.lane.ledger import Ledger, Statistics, affordable

log = logging.getLogger("nexus_trio")

Check = Callable[[Sequence[Address]], None]
Trigger = Callable[[], Awaitable[None]]
OnStop = Callable[[float], Awaitable[None]]

MADE_FOR = "0.18"

TRANSPORTS: dict[str, type[ContainedTCPServer]] = {
    "lane": LaneConnection,
    "hypercorn": ContainedTCPServer,
}
"""Who speaks HTTP/1.1 with a client: this package, or Hypercorn's own protocol, contained."""

WRONG_USE = 2

FIRST, SECOND = 0.55, 0.35
"""Of the grace period under the command: what `on_stop` has, then the connections."""

_hypercorns_worker_serve = hypercorn.trio.run.worker_serve


class Containment:
    """What is installed: the check of addresses, the limits, and the counts.

    `on_stop` is awaited, under the command, when its worker is told to stop and
    still listens, with the seconds it has; then Hypercorn's wait for the
    connections begins.
    """

    def __init__(self, check: Check, limits: Limits) -> None:
        self.check = check
        self.limits = limits
        self.on_stop: OnStop | None = None
        self._ledger = Ledger()
        # Those of the server that starts: Hypercorn makes its context at once.
        self._deadlines = Deadlines()

    def statistics(self) -> Statistics:
        """Counts over all servers of this process."""
        return self._ledger.statistics()

    def context(self, max_requests: int | None) -> ServerContext:
        """The context of one server, with the limits of now, as far as descriptors go."""
        limits = replace(self.limits, connections=affordable(self.limits.connections))
        if limits.connections < self.limits.connections:
            log.warning(
                "the system lets this process have %d connections, not %d: raise its limit on "
                "open files (ulimit -n)",
                limits.connections,
                self.limits.connections,
            )
        return ServerContext(max_requests, limits, self._ledger, self._deadlines)

    async def serve(
        self,
        app: AppWrapper,
        config: Config,
        *,
        sockets: Sockets | None = None,
        shutdown_trigger: Trigger | None = None,
        task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Hypercorn's `worker_serve`, after the configuration and the sockets were looked at.

        Raises `SettingsError` before the app's lifespan starts. Cancelled, it
        cancels the server and closes the sockets.
        """
        apply(config, self.limits)
        refuse_unsupported(config)
        refuse_unusable_certificate(config)
        opened = bind.open_sockets(config) if sockets is None else sockets
        try:
            self.check(bind.addresses(opened))
            # Under the command they listen already, with Hypercorn's own backlog.
            bind.listen(opened, config)
            bind.say_plainly_when_out_of_descriptors()
            deadlines = self._deadlines = Deadlines()
            await _beside(
                deadlines.run,
                partial(
                    _hypercorns_worker_serve,
                    app,
                    config,
                    sockets=opened,
                    shutdown_trigger=shutdown_trigger,
                    task_status=task_status,
                ),
            )
        finally:
            bind.close(opened)

    async def serve_at_command(
        self,
        app: AppWrapper,
        config: Config,
        *,
        sockets: Sockets | None = None,
        shutdown_trigger: Trigger | None = None,
    ) -> None:
        """The same in a worker of the `hypercorn` command, where nobody is left to catch."""
        apply(config, self.limits)
        stopped: Trigger = partial(_told_to_stop, shutdown_trigger)
        if self.on_stop is not None:
            stopped = partial(
                _then, stopped, partial(self.on_stop, FIRST * config.graceful_timeout)
            )
            config.graceful_timeout *= SECOND
        with plain_refusal(), seen_by_parent(shutdown_trigger):
            await self.serve(app, config, sockets=sockets, shutdown_trigger=stopped)


_installed: Containment | None = None


def install(
    check: Check = refuse_non_loopback,
    limits: Limits | None = None,
    on_stop: OnStop | None = None,
    transport: str = "lane",
) -> Containment:
    """Contain the connections of every Hypercorn server that this process starts on trio.

    `transport` is one of `TRANSPORTS`. `check` gets the addresses that a server
    is really bound to, and raises `SettingsError` to refuse them; `on_stop` is
    as in `Containment`. To be called before the server starts; in the module of
    the app is early enough for the command. Idempotent: a later call sets them
    for servers started from then on, and returns the same `Containment`. Raises
    `SettingsError` under another Hypercorn.
    """
    global _installed
    _refuse_other_version(version("hypercorn"))
    if _installed is None:
        _installed = Containment(check, limits or Limits())
    _installed.check = check
    _installed.limits = limits or Limits()
    _installed.on_stop = on_stop
    seams: list[tuple[object, str, object]] = [
        (hypercorn.trio.run, "TCPServer", TRANSPORTS[transport]),
        (hypercorn.trio.run, "WorkerContext", _installed.context),
        (hypercorn.trio.run, "worker_serve", _installed.serve_at_command),
        (hypercorn.trio, "worker_serve", _installed.serve),
    ]
    for module, name, ours in seams:
        setattr(module, name, ours)
    return _installed


@contextmanager
def plain_refusal() -> Iterator[None]:
    """Turn a `SettingsError`, alone or in a group, into a line on stderr and exit status 2."""
    try:
        yield
    except SettingsError as error:
        _refuse([error])
    except ExceptionGroup as group:
        refusals, broken = group.split(SettingsError)
        if refusals is None or broken is not None:
            raise
        _refuse(_leaves(refusals))


@contextmanager
def seen_by_parent(trigger: Trigger | None) -> Iterator[None]:
    """Have a crash of this worker end the command with status 1, and not with 0.

    Hypercorn 0.18's parent takes its only worker's status off its list and then
    asks the empty list for it. It stops its workers through an event that it
    shares with them; a surplus permit in that event's condition makes that very
    call raise in the parent, which then ends with a second traceback and status
    1. Without a parent (`--workers 0`), or should the event be made otherwise
    one day, nothing is done: the status is then what Hypercorn makes of it.
    """
    try:
        yield
    except SettingsError:
        raise
    except Exception as crash:
        if not isinstance(crash, ExceptionGroup) or crash.split(SettingsError)[1] is not None:
            event = next(iter(getattr(trigger, "args", ())), None)
            condition = getattr(event, "_cond", None)
            permits = getattr(condition, "_wait_semaphore", None)
            if permits is not None:
                permits.release()
        raise


def _refuse(errors: Sequence[Exception]) -> NoReturn:
    for error in errors:
        print(f"nexus-trio: {error}", file=sys.stderr, flush=True)
    raise SystemExit(WRONG_USE) from None


def _leaves(group: ExceptionGroup[Exception]) -> list[Exception]:
    nested = [_leaves(e) if isinstance(e, ExceptionGroup) else [e] for e in group.exceptions]
    return [error for errors in nested for error in errors]


def _refuse_other_version(found: str) -> None:
    if found.split(".")[:2] != MADE_FOR.split("."):
        raise SettingsError(
            f"the server is made for Hypercorn {MADE_FOR}, and {found} is installed: "
            f'install it with pip install "hypercorn=={MADE_FOR}.*"'
        )


async def _told_to_stop(trigger: Trigger | None) -> None:
    """Return once the parent process says so, or SIGTERM comes.

    The command's parent tells its worker through an event, but whoever stops a
    whole process group (systemd does) signals the worker as well, which would
    die of it in the middle of everything. A second SIGTERM ends it at once.
    """
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            if trigger is not None:
                nursery.start_soon(_then_cancel, trigger, nursery.cancel_scope)
            await anext(aiter(signals))
            nursery.cancel_scope.cancel()


async def _beside(helper: Trigger, main: Trigger) -> None:
    """Run both, until `main` ends; what it raises comes as it is, in no group more."""
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(helper)
            await main()
            nursery.cancel_scope.cancel()
    # The nursery's own group, with what `main` raised in it, a cancellation among others.
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from group.exceptions[0].__cause__


async def _then(first: Trigger, second: Trigger) -> None:
    await first()
    await second()


async def _then_cancel(trigger: Trigger, scope: trio.CancelScope) -> None:
    await trigger()
    scope.cancel()
