"""What the actors share: the adapters, the rooms, the settings, and who counts the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import trio

from nexus_trio.alert.base import Alerts, Nobody
from nexus_trio.crisis.glance import Glance
from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.world import World
from nexus_trio.responders.base import Responder
from nexus_trio.runtime.care import Care
from nexus_trio.runtime.ledger import UNCOUNTED, Ledger
from nexus_trio.runtime.room import RoomActor
from nexus_trio.settings import Settings
from nexus_trio.store.base import Store
from nexus_trio.store.patience import NO_WAIT, NoWait, Patience, Shield

T = TypeVar("T")


class Workload:
    """How much is between its mailbox and its answer, over all sessions."""

    def __init__(self) -> None:
        self.count = 0
        self._idle = trio.Event()
        self._idle.set()

    def begin(self) -> None:
        """One more."""
        if self.count == 0:
            self._idle = trio.Event()
        self.count += 1

    def end(self) -> None:
        """One less."""
        self.count -= 1
        if self.count == 0:
            self._idle.set()

    async def wait_idle(self) -> None:
        """Return when there is none."""
        await self._idle.wait()


@dataclass(frozen=True, slots=True)
class Services:
    """Given to every session. `now` is the wall clock, `new_id` makes ids and epochs."""

    settings: Settings
    world: World
    store: Store
    responder: Responder
    rooms: Mapping[str, RoomActor]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    patience: Patience
    load: Workload
    ledger: Ledger
    care: Care
    alerts: Alerts = field(default_factory=Nobody)
    glance: Glance = field(init=False)
    """Knows the world's own lines."""

    def __post_init__(self) -> None:
        # The one way to fill a derived field of a frozen dataclass.
        object.__setattr__(self, "glance", Glance(self.world.lines()))

    def alert(self, user_id: str, session_id: str, level: str) -> None:
        """Tell whoever is on duty of a message at `imminent`. Never waits."""
        if level == "imminent" and not user_id.startswith(UNCOUNTED):
            self.alerts.imminent(session_id)

    def shield(self) -> Shield | NoWait:
        """Around a commit: a cancellation does not cut it in half, and it has its time."""
        return NO_WAIT if self.store.prompt else self.patience.shield()

    async def read(self, call: Awaitable[T]) -> T:
        """What the store answers; `StoreUnavailable` where it does not in time (I22)."""
        with trio.move_on_after(self.patience.left()):
            return await call
        raise StoreUnavailable("the store took too long; try again")
