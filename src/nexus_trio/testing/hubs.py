"""A hub for tests: real sessions and rooms over stand-ins, the same in every run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import trio

from nexus_trio.alert.base import Alerts, Nobody
from nexus_trio.broker.local import LocalBroker
from nexus_trio.model.world import Persona, Room, World
from nexus_trio.responders.base import Responder
from nexus_trio.runtime.care import Care
from nexus_trio.runtime.hub import Hub, run_hub
from nexus_trio.runtime.ledger import Ledger
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.services import Services, Workload
from nexus_trio.settings import Settings
from nexus_trio.store.base import Store
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.patience import Patience
from nexus_trio.testing.fakes import FakeResponder

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def small_world() -> World:
    """Two rooms, Tower (the default) and Garden."""
    rooms = {
        name: Room(
            name, f"The {name}", f"A {name.lower()}.", {"out": other}, Persona(who, "An AI.")
        )
        for name, other, who in (("Tower", "Garden", "Iris"), ("Garden", "Tower", "Moss"))
    }
    return World(rooms, "Tower")


class Names:
    """Ids and epochs in a fixed order: `id1`, `id2`, …"""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self) -> str:
        return f"id{next(self._numbers)}"


@asynccontextmanager
async def open_fake_hub(
    responder: Responder | None = None,
    store: Store | None = None,
    world: World | None = None,
    alerts: Alerts | None = None,
    names: Names | None = None,
    since: float | None = None,
    **settings: Any,
) -> AsyncIterator[Hub]:
    """A hub whose ids count up and whose wall clock is trio's clock, from 2026-01-01 on.

    Under a mock clock every run with the same schedule is the same to the byte
    (I25). `store` outlives the hub: open another one on it for a restart, with the same
    names`, so that no id comes twice, and `since`, trio's time at which the wall clock
    showed 2026-01-01 (by default: now), so that it goes on.
    """
    names = names or Names()
    world = world or small_world()
    own = store or MemoryStore(names)
    # Without disclosures, which have tests of their own: they take positions.
    values = Settings(**{"durability": "memory", "jurisdictions": "none", **settings})
    began = trio.current_time() if since is None else since

    def now() -> datetime:
        return EPOCH + timedelta(seconds=trio.current_time() - began)

    patience = Patience(values.store_timeout_s)
    broker = LocalBroker(own, patience, now)
    services = Services(
        values,
        world,
        own,
        responder or FakeResponder(),
        {name: RoomActor(room, broker) for name, room in world.rooms.items()},
        now,
        names,
        patience,
        Workload(),
        Ledger(own, now, patience),
        Care(values),
        alerts or Nobody(),
    )
    async with run_hub(services) as hub:
        yield hub
