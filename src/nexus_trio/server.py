"""The composition root: the only file that knows every concrete class."""

from __future__ import annotations

import gc
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

import trio
from hypercorn.trio import serve as hypercorn_serve

from nexus_trio.alert.base import Alerts, Nobody
from nexus_trio.broker.local import LocalBroker
from nexus_trio.control.listener import serve_control
from nexus_trio.errors import SettingsError
from nexus_trio.lane import Limits, configured, install, refuse_non_loopback
from nexus_trio.model.world import World, parse_world
from nexus_trio.responders.base import Responder
from nexus_trio.responders.scripted import ScriptedResponder
from nexus_trio.runtime.care import Care
from nexus_trio.runtime.hub import Hub, run_hub
from nexus_trio.runtime.ledger import Ledger
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.services import Services, Workload
from nexus_trio.settings import Settings
from nexus_trio.store.base import Store
from nexus_trio.store.database import Durability
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.patience import Patience
from nexus_trio.store.sqlite import open_store
from nexus_trio.web.app import create_app

log = logging.getLogger("nexus_trio")

TURNS_SHARE = 0.5
CONNECTIONS_SHARE = 0.3
STORE_SHARE = 0.1
"""Of the grace period: first what turns that run may still take, while health and
readiness are answered; then what the connections may. The hub's closing has a tenth, and a disk
that hangs the last one."""


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def _random_id() -> str:
    # 64 random bits: nobody guesses one, and no two of a billion are equal
    # with a chance above 1 in 30.
    return secrets.token_hex(8)


def load_world(settings: Settings) -> World:
    """The world of the settings: the file they name, or the one in the package.

    Raises `SettingsError` that names the file and what is wrong in it.
    """
    try:
        if settings.world:
            return parse_world(Path(settings.world).read_text("utf-8"), settings.world)
        text = files("nexus_trio").joinpath("world/default.toml").read_text("utf-8")
        return parse_world(text, "world/default.toml")
    except OSError as error:
        raise SettingsError(
            f"can't read the world {settings.world}: {error.strerror}; check NEXUS_WORLD"
        ) from None
    except ValueError as error:
        raise SettingsError(f"the world can't be used: {error}") from None


@asynccontextmanager
async def _store(settings: Settings, new_epoch: Callable[[], str]) -> AsyncIterator[Store]:
    if settings.durability == "memory":
        store = MemoryStore(new_epoch)
        try:
            yield store
        finally:
            await store.aclose()
        return
    durability: Durability = "power" if settings.durability == "power" else "process"
    async with open_store(
        Path(settings.data),
        durability,
        new_epoch,
        patience=settings.store_timeout_s,
        closing=STORE_SHARE * settings.grace_s,
    ) as durable:
        yield durable


@asynccontextmanager
async def _responder(settings: Settings) -> AsyncIterator[Responder]:
    if settings.responder != "openai":
        yield ScriptedResponder(settings.seed, settings.pace_s)
        return
    # Loaded only where it is asked for: it takes as long as a sixth of all the rest.
    from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address

    try:
        address = parse_address(settings.openai_base_url, settings.openai_api_key)
    except ValueError as error:
        problem = f"openai_base_url can't be used: {error} (NEXUS_OPENAI_BASE_URL)"
        raise SettingsError(problem) from None
    terms = Terms(
        model=settings.openai_model,
        connect_s=settings.openai_connect_s,
        first_token_s=settings.openai_first_token_s,
        between_tokens_s=settings.openai_between_tokens_s,
        whole_s=settings.turn_timeout_s,
        concurrency=settings.openai_concurrency,
        queue=settings.openai_queue,
        retries=settings.openai_retries,
        history_tokens=settings.openai_history_tokens,
        reply_bytes=settings.openai_reply_bytes,
    )
    responder = OpenAIResponder(address, terms)
    try:
        yield responder
    finally:
        await responder.aclose()


@asynccontextmanager
async def _alerts(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Alerts]:
    if not settings.crisis_webhook_url:
        yield Nobody()
        return
    # Loaded only where it is asked for, as the model server's client is.
    from nexus_trio.alert.webhook import Webhook

    try:
        webhook = Webhook(settings.crisis_webhook_url, settings.crisis_webhook_secret, now)
    except ValueError as error:
        problem = f"crisis_webhook_url can't be used: {error} (NEXUS_CRISIS_WEBHOOK_URL)"
        raise SettingsError(problem) from None
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(webhook.run)
            yield webhook
            nursery.cancel_scope.cancel()
    finally:
        await webhook.aclose()


PYTHONS_OWN = (700, 10, 10)
COLLECTED = (10_000, 50, 10)
"""After how many new objects the collector looks for cycles, and how often it looks further.

A sentence said to a thousand listeners makes several thousand objects and no cycle; Python's own
thresholds have the collector look ten times for it, a fifth of its cost. What an embedding
program has set is left as it is.
"""


@cache
def _leave_to_itself() -> None:
    """Spare the collector what is made once and stays, above all the lexicon: once a process.

    To go through it takes a tenth of a second, in which everybody waits.
    """
    gc.collect()
    gc.freeze()
    if gc.get_threshold() == PYTHONS_OWN:
        gc.set_threshold(*COLLECTED)


@asynccontextmanager
async def open_hub(
    settings: Settings,
    *,
    now: Callable[[], datetime] = _wall_clock,
    new_id: Callable[[], str] = _random_id,
) -> AsyncIterator[Hub]:
    """Sessions, rooms, store and responder of these settings, until the context ends.

    Where they are kept in a data folder, an operator's commands are answered
    over its control socket. `now` (aware, UTC) and `new_id` are injected where
    a run must replay. At the end what runs is aborted and stored as such.
    Raises `SettingsError` before anything is opened, and whatever crashed the
    hub.
    """
    world, care = load_world(settings), Care(settings)
    _leave_to_itself()
    async with (
        _responder(settings) as responder,
        _store(settings, new_id) as store,
        _alerts(settings, now) as alerts,
    ):
        patience = Patience(settings.store_timeout_s)
        broker = LocalBroker(store, patience, now)
        services = Services(
            settings,
            world,
            store,
            responder,
            {name: RoomActor(room, broker) for name, room in world.rooms.items()},
            now,
            new_id,
            patience,
            Workload(),
            Ledger(store, now, patience),
            care,
            alerts,
        )
        async with run_hub(services) as hub, _control(settings, hub):
            yield hub


def _control(settings: Settings, hub: Hub) -> AbstractAsyncContextManager[None]:
    """The control socket of a hub that has a folder."""
    if settings.durability == "memory":
        return nullcontext()
    return serve_control(Path(settings.data), hub)


def connection_limits(settings: Settings) -> Limits:
    """What of the settings bounds the connections, whoever starts the server."""
    return Limits(connections=settings.connections, per_address=settings.connections_per_address)


async def serve(
    settings: Settings,
    *,
    shutdown: trio.Event | None = None,
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run the whole server; reports its URL through `task_status` once it accepts.

    Setting `shutdown` drains: new asks are refused while running turns finish,
    then it stops listening, and it returns within `settings.grace_s`.
    Cancelling it stops at once; turns that run are then stored as aborted.
    Raises `SettingsError` where it may not or can't listen, and whatever
    crashed the hub.
    """
    stop = trio.Event() if shutdown is None else shutdown
    limits = replace(
        connection_limits(settings),
        body=settings.body_timeout_s,
        grace=settings.grace_s * CONNECTIONS_SHARE,
    )
    install(refuse_non_loopback, limits, transport=settings.transport)
    certificate = (settings.certfile, settings.keyfile) if settings.certfile else None
    config = configured(settings.host, settings.port, limits.grace, certificate)
    config.keep_alive_timeout = settings.keep_alive_s
    async with open_hub(settings) as hub:

        async def stopped() -> None:
            await stop.wait()
            await drain(hub, settings.grace_s * TURNS_SHARE)

        async with trio.open_nursery() as nursery:
            binds = await nursery.start(
                partial(hypercorn_serve, create_app(hub), config, shutdown_trigger=stopped)
            )
            task_status.started(binds[0])


async def drain(hub: Hub, within: float) -> None:
    """Refuse what is new and let what runs finish, for at most `within` seconds.

    What does not is aborted, stored as aborted, and answered so.
    """
    hub.refuse()
    with trio.move_on_after(within) as patience:
        await hub.wait_idle()
        hub.shut()
        # An erasure may have begun before this task went on.
        await hub.wait_idle()
    hub.shut()
    if patience.cancelled_caught:
        log.warning("shutting down with turns that did not end in time; stored as aborted")
        hub.give_up()
