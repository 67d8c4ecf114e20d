"""The live sessions, at most one a user (I7): opened, ended, erased.

While a user is erased nobody opens a session of theirs (I19).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import trio

from nexus_trio.errors import Draining, NotFound, StoreUnavailable
from nexus_trio.model.envelope import Erased, SessionView
from nexus_trio.runtime.outbox import DRAINING, ERASED
from nexus_trio.runtime.persona import PersonaActor
from nexus_trio.runtime.records import NOTHING, Records
from nexus_trio.runtime.room import Ask, RoomActor
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.session import Session, Shown

SHOWN = 4096
"""Users with notices that were shown and never stored, kept for their next sessions: as
many as speak of a crisis while the store is down; the oldest go."""


class Roster:
    """Who has a live session, and who is being erased.

    `start` has a session run in a task of its own, and calls `ended` at its end, whatever
    that is.
    """

    def __init__(
        self,
        services: Services,
        start: Callable[[Session], None],
        personas: Collection[PersonaActor],
    ) -> None:
        self._services = services
        self._start = start
        self._personas = personas
        self.live: dict[str, Session] = {}
        """By user. A closed session is not in here."""
        self.erasing: dict[str, trio.Event] = {}
        """By user, an event that is set when the erasure is over."""
        self.records = Records(services.store, services.read, self._view, self.erasing.__contains__)
        """What is held of whom, for an operator; live sessions as they are now."""
        self.draining = False
        """Whether no session is opened any more."""
        # How long each erasure may take: shielded from its caller, not from the end.
        self._erasures: set[trio.CancelScope] = set()
        self._shut = False
        # Crisis notices that could not be stored, of users whose session has ended
        # since: the next one owes them, and gives their positions to nothing else.
        self._shown: dict[str, Shown] = {}

    def _view(self, user_id: str) -> SessionView | None:
        session = self.live.get(user_id)
        return None if session is None else session.view()

    def takes_at_once(self, user_id: str) -> bool:
        """Whether a message need not wait for an erasure, or for a session's end. Never waits."""
        session = self.live.get(user_id)
        return user_id not in self.erasing and (session is None or not session.closing)

    async def open(self, user_id: str, username: str | None) -> Session:
        """The user's session, live or to be. No checkpoint where none is being erased."""
        while user_id in self.erasing:
            await self.erasing[user_id].wait()
        if self.draining:
            raise Draining("the server is shutting down; try again in a moment")
        session = self.live.get(user_id)
        if session is None:
            shown = self._shown.pop(user_id, None)
            session = Session(user_id, username, self._services, shown)
            self.live[user_id] = session
            self._start(session)
        return session

    def ended(self, session: Session) -> None:
        """The session runs no more, and the next one may be opened. Never waits."""
        del self.live[session.user_id]
        if session.shown is not None:
            while len(self._shown) >= SHOWN:
                del self._shown[next(iter(self._shown))]
            self._shown[session.user_id] = session.shown
        session.ended.set()

    # --- erasing ---

    async def retire(self, user: str) -> bool:
        """Erase a user who is not here; the files are not swept. False where the session is live,
        or is being erased: then nothing was done."""
        if user in self.live or user in self.erasing:
            return False
        await self.erase(user, sweep=False)
        return True

    async def erase(self, user: str, *, sweep: bool = True) -> Erased:
        """End the session and remove all that is held of the user; errors as for `Hub.erase`."""
        while user in self.erasing:
            await self.erasing[user].wait()
        if self._shut:
            # It may take longer than the end may, and is shielded from everything else.
            raise Draining("the server is shutting down; erase again in a moment")
        done = self.erasing[user] = trio.Event()
        patience = 3 * self._services.settings.store_timeout_s
        scope = trio.CancelScope(deadline=trio.current_time() + patience, shield=True)
        self._erasures.add(scope)
        self._services.load.begin()
        try:
            with scope:
                return await self._erase(user, sweep)
            raise StoreUnavailable("the store took too long; erase again")
        finally:
            self._services.load.end()
            self._erasures.discard(scope)
            del self.erasing[user]
            done.set()

    async def _erase(self, user: str, sweep: bool) -> Erased:
        session = self.live.get(user)
        if session is not None:
            session.close(ERASED)
            await session.ended.wait()
        if not await self.records.holds(user):
            raise NotFound(NOTHING)
        rooms = self._services.rooms.values()
        for room in rooms:
            if room.owes(user):
                await _say_it_left(room, user)
        for persona in self._personas:
            await persona.let_go(user)
        erased = await self._services.store.erase(user, sweep=sweep)
        self._shown.pop(user, None)
        for room in rooms:
            room.forget(user)
        for persona in self._personas:
            persona.forget(user)
        return erased

    # --- the end ---

    def refuse(self) -> None:
        """Open nothing new, and close the connections' outboxes. Never waits."""
        self.draining = True
        for session in tuple(self.live.values()):
            session.hang_up(DRAINING)

    def shut(self) -> None:
        """Begin no erasure any more, either. Never waits."""
        self._shut = True

    def give_up(self) -> None:
        """End every session and every erasure now. Never waits."""
        for session in tuple(self.live.values()):
            session.close(DRAINING)
        for erasure in self._erasures:
            erasure.deadline = trio.current_time()


async def _say_it_left(room: RoomActor, user_id: str) -> None:
    # What is owed bears the user's name, and would be stored after the erasure.
    try:
        await room.ask(Ask("leave", user_id))
    except StoreUnavailable:
        raise StoreUnavailable("a room could not store the leaving yet; erase again") from None
