"""What the actors share: the adapters, the rooms, the settings, and who counts the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import trio

from nexus_trio.model.world import World
from nexus_trio.responders.base import Responder
from nexus_trio.runtime.room import RoomActor
from nexus_trio.settings import Settings
from nexus_trio.store.base import Store


class Workload:
    """How many messages are between their mailbox and their answer, over all sessions."""

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
    load: Workload
