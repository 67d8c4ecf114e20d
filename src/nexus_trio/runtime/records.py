"""What is held of whom: the store's pages, with what the live sessions know.

An operator's reads. They make nothing, wake nobody, and hold one page at a time,
however many sessions there are and however long a history is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from nexus_trio.errors import Conflict, NotFound
from nexus_trio.model.envelope import Position, RoomEvent, SessionView
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.state import view_of
from nexus_trio.store.base import Count, LoadedSession, Store

T = TypeVar("T")

SESSIONS = 500
TURNS = 100
EVENTS = 500
"""How many come in one page: some hundred KB, and a few milliseconds of reading."""


NOTHING = "nothing is held of this user"
ERASED = "the session was erased meanwhile"


class Read(Protocol):
    """Waits for the store's answer, for as long as it may take."""

    async def __call__(self, call: Awaitable[T], /) -> T:
        """The answer. Raises `StoreUnavailable` where it does not come in time."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A session in the list of all, and whether its actor runs."""

    view: SessionView
    live: bool


@dataclass(frozen=True, slots=True)
class Held:
    """What was held of a user at one moment, but for ended turns and events.

    `loaded` is None where only traces in rooms are left; `rooms` those that the
    user has joined and not left, each with the name shown there; `live` the
    session as its actor sees it.
    """

    user_id: str
    loaded: LoadedSession | None
    rooms: Mapping[str, str | None] = field(repr=False)
    live: SessionView | None

    @property
    def view(self) -> SessionView | None:
        """The session as its user sees it; None where only traces are left."""
        if self.live is not None or self.loaded is None:
            return self.live
        return view_of(self.loaded.record, self.loaded.messages)


class Records:
    """Reads over `store`.

    `live` gives the view of a user's running session, or None; `erasing` says
    whether an erasure of the user is under way.
    """

    def __init__(
        self,
        store: Store,
        read: Read,
        live: Callable[[str], SessionView | None],
        erasing: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._read = read
        self._live = live
        self._erasing = erasing

    async def view(self, user_id: str) -> SessionView:
        """One session, live or stored. Raises `NotFound` where nothing is held of that user."""
        live = self._live(user_id)
        if live is not None:
            return live
        loaded = await self._read(self._store.load(user_id, 0))
        if loaded is None:
            raise NotFound(NOTHING)
        return view_of(loaded.record, loaded.messages)

    async def page(self, after: str | None) -> tuple[Listed, ...]:
        """The next sessions by user id, behind the user `after`; none at the end.

        Each is told once. Who came while the pages were read may be missing.
        """
        listed = []
        for stored in await self._read(self._store.sessions(after, SESSIONS)):
            live = self._live(stored.record.user_id)
            view = live or view_of(stored.record, stored.messages)
            listed.append(Listed(view, live is not None))
        return tuple(listed)

    async def ledger(self, since: date, until: date) -> tuple[Count, ...]:
        """The crisis counts of these days, both included."""
        return await self._read(self._store.ledger(since, until))

    async def holds(self, user_id: str) -> bool:
        """Whether anything is held of a user, be it traces in rooms alone."""
        return await self._found(user_id) is not None

    async def held(self, user_id: str) -> Held:
        """What is held of a user. Raises `NotFound` where nothing is, or soon will be."""
        found = None if self._erasing(user_id) else await self._found(user_id)
        if found is None:
            raise NotFound(NOTHING)
        return found

    async def _found(self, user_id: str) -> Held | None:
        loaded = await self._read(self._store.load(user_id, 0))
        rooms = await self._read(self._store.rooms_of(user_id))
        known = loaded is not None or rooms
        if not known and not await self._read(self._store.traces(user_id)):
            return None
        return Held(user_id, loaded, rooms, self._live(user_id))

    async def turns(self, held: Held, last: Turn | None) -> tuple[Turn, ...]:
        """The next of the turns that there were at the moment of `held`; none at the end.

        `last` is the last one of the page before. They come by number, each
        once; the newest as received where it had no end yet. Raises `NotFound`
        where the session was erased meanwhile, `Conflict` where some of them were.
        """
        loaded = held.loaded
        if loaded is None or _at_end(loaded, last):
            return ()
        after = Position(loaded.record.epoch, 0) if last is None else last.position
        page = await self._read(self._store.history(held.user_id, after, TURNS))
        if page is None:
            raise NotFound(ERASED)
        found = tuple(turn for turn in page.turns if turn.number <= loaded.turns)
        if not found and loaded.unfinished is not None:
            found = (loaded.unfinished,)
        # Retention takes the oldest ones, and so does an erasure, some at a time.
        if not found or found[0].number != (loaded.removed if last is None else last.number) + 1:
            raise Conflict("turns were removed while they were read; ask again")
        return found

    async def events(self, held: Held, last: RoomEvent | None) -> tuple[RoomEvent, ...]:
        """The next of the user's events in rooms, behind `last`; none at the end.

        All that there were at the moment of `held`, each once; of later ones some.
        """
        return await self._read(self._store.events_of(held.user_id, last, EVENTS))

    async def confirm(self, held: Held) -> None:
        """Raise `NotFound` where the session was erased since the moment of `held`, or is now."""
        loaded = await self._read(self._store.load(held.user_id, 0))
        if self._erasing(held.user_id) or _name(loaded) != (_name(held.loaded) or _name(loaded)):
            raise NotFound(ERASED)


def _at_end(loaded: LoadedSession, last: Turn | None) -> bool:
    if last is None:
        return not loaded.messages
    return last.position is None or last.number >= loaded.turns


def _name(loaded: LoadedSession | None) -> str | None:
    return None if loaded is None else loaded.record.session_id
