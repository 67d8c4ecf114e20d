"""The hub: answers asks, moves and connects people, contains the crash of one actor, drains.

Two nurseries, one in the other: sessions end first, while the rooms still
answer, so that nobody who leaves is left behind as a ghost. A crash of one
session or room is logged, counted, and ends only what it was doing; a crash of
the hub itself ends whatever opened it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import trio

from nexus_trio import crisis
from nexus_trio.crisis.protocol import markdown
from nexus_trio.crisis.watch import Watch, folded
from nexus_trio.deadlines import Deadlines
from nexus_trio.errors import (
    Aborted,
    Draining,
    InvalidRequest,
    NexusError,
    NotFound,
)
from nexus_trio.model import fields
from nexus_trio.model.commands import is_folded, spoken
from nexus_trio.model.envelope import (
    NO_CRISIS,
    CrisisView,
    Erased,
    Position,
    Post,
    Reply,
    RoomView,
    Said,
    SessionView,
)
from nexus_trio.model.world import World
from nexus_trio.runtime.care import Care
from nexus_trio.runtime.connection import Connection, Events, TurnStream
from nexus_trio.runtime.crash import log_crash
from nexus_trio.runtime.job import Job, Origin
from nexus_trio.runtime.mailbox import Closed
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.runtime.persona import PersonaActor
from nexus_trio.runtime.place import Move, Placed
from nexus_trio.runtime.records import Records
from nexus_trio.runtime.retention import retain
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.roster import Roster
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.session import Arriving, Session, Welcome
from nexus_trio.runtime.stateless import NOBODY, Earlier, Stateless
from nexus_trio.settings import Settings
from nexus_trio.store.base import Expired, Page

CLOSING_SHARE = 0.1
"""Of the grace period, what the store has for the turns that are cut off at its end."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the hub holds and has seen, at one moment."""

    sessions: int
    rooms: int
    waiting: int
    """Messages between their mailbox and their answer."""
    refused: int
    session_crashes: int
    room_crashes: int
    uptime_s: float
    draining: bool


class Hub:
    """All sessions and rooms of one process. Made by `open_hub`, used from any task in it."""

    def __init__(self, services: Services, nursery: trio.Nursery) -> None:
        self._services = services
        aloud = services.settings.persona_aloud == "on"
        rooms = services.rooms.values()
        self._personas = {r.spec.name: PersonaActor(r, services) for r in rooms if aloud}
        self._nursery = nursery
        # Of callers who wait for an answer that may take its time; kept from the first on.
        self._deadlines = Deadlines()
        self._deadlines_kept = False
        self._roster = Roster(services, self._start, self._personas.values())
        self._stateless = Stateless(services)
        self._refused = 0
        self._session_crashes = 0
        self._room_crashes = 0
        self._started = trio.current_time()

    @property
    def world(self) -> World:
        """The rooms and their personas."""
        return self._services.world

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._services.settings

    @property
    def records(self) -> Records:
        """What is held of whom, for an operator; live sessions as they are now."""
        return self._roster.records

    @property
    def care(self) -> Care:
        """What these settings make of verdicts."""
        return self._services.care

    def protocol(self) -> dict[str, str]:
        """The crisis protocol by which it runs, in Markdown, and its lexicon."""
        text = markdown(self.care.configured(version("nexus-trio")))
        return {"protocol": text, "lexicon": crisis.LEXICON}

    @property
    def ready(self) -> bool:
        """Whether it takes work."""
        return not self._roster.draining and self.store_healthy

    @property
    def store_healthy(self) -> bool:
        """Whether the store takes commits, as far as is known."""
        return self._services.store.healthy

    @property
    def models(self) -> tuple[str, ...]:
        """The model ids that the responder answers as."""
        return self._services.responder.models

    def now(self) -> datetime:
        """The wall clock that turns are stamped with."""
        return self._services.now()

    def new_id(self) -> str:
        """A name that nothing else has."""
        return self._services.new_id()

    # --- messages ---

    async def ask(
        self,
        user_id: str,
        message: str,
        *,
        username: str | None = None,
        room: str | None = None,
        client_ref: str | None = None,
        locale: str | None = None,
    ) -> Reply:
        """One turn of the user's session, or a command of the room: the reply, stored.

        `message` is 1 character to 16 KiB of UTF-8; the other bounds stand in
        `model.fields`. Raises a `NexusError`, with `crisis` in it wherever the
        message's verdict is not `none`. Cancelling this wait leaves the turn
        running: it is stored all the same.
        """
        job = await self.take(
            user_id, message, username=username, room=room, client_ref=client_ref, locale=locale
        )
        return await self.outcome(job)

    async def take(
        self,
        user_id: str,
        message: str,
        *,
        username: str | None = None,
        room: str | None = None,
        client_ref: str | None = None,
        locale: str | None = None,
    ) -> Job:
        """The first half of `ask`: screened, checked, and in its session's mailbox."""
        verdict = _screen(message)
        try:
            post = self._post(user_id, message, username, room, client_ref, locale)
            return (await self._deliver(post, verdict))[1]
        except NexusError as error:
            raise self.refused(error, user_id, verdict, locale)  # noqa: B904 - the same error

    def takes_at_once(self, user_id: object) -> bool:
        """Whether `take` need not wait for an erasure, or for a session's end. Never waits."""
        # Where it is no string it is refused at once.
        return not isinstance(user_id, str) or self._roster.takes_at_once(user_id)

    async def outcome(self, job: Job) -> Reply:
        """The second half of `ask`: the reply, or its error raised.

        It may be waited for again where this wait was cancelled, which changes
        nothing of the turn.
        """
        await job.slot.settled()
        return self._result(job)

    def _result(self, job: Job) -> Reply:
        job.handed_over()
        try:
            return job.slot.result()
        except NexusError as error:
            post = job.post
            raise self.refused(error, post.user_id, job.verdict, post.locale)  # noqa: B904 - as above

    async def outcome_within(self, job: Job, seconds: float) -> Reply | None:
        """As `outcome`, or None where that takes longer; then it may be waited for again."""
        slot, task = job.slot, trio.lowlevel.current_task()
        until = trio.current_time() + seconds
        if not self._deadlines_kept:
            self._deadlines_kept = True
            self._nursery.start_soon(self._deadlines.run)
        self._deadlines.set(task, until, slot.nudge)
        try:
            while not slot.done:
                if trio.current_time() >= until:
                    return None
                await slot.nudged()
        finally:
            self._deadlines.drop(task)
        return self._result(job)

    async def stream(
        self,
        user_id: str,
        message: str,
        *,
        username: str | None = None,
        room: str | None = None,
        client_ref: str | None = None,
        locale: str | None = None,
        turn_only: bool = False,
    ) -> TurnStream:
        """As `ask`, with the turn told as it goes: notices, deltas, then its one outcome.

        With `turn_only` no message is a command. Refusals are raised before
        anything is told, and after the message was taken nothing is awaited.
        Whoever takes the stream closes it: early, that leaves the turn running,
        or ends it, by the settings or by what is asked for then.
        """
        verdict = _screen(message)
        outbox = Outbox(self.settings.outbox_frames, self.settings.outbox_bytes)
        origin = Origin(outbox, None, {}, lasting=False)
        try:
            post = self._post(user_id, message, username, room, client_ref, locale, turn_only)
            session, job = await self._deliver(post, verdict, origin)
        except NexusError as error:
            raise self.refused(error, user_id, verdict, locale)  # noqa: B904 - the same error
        return TurnStream(session, job, outbox)

    def stateless(self, message: str, history: Sequence[Earlier] = ()) -> TurnStream:
        """One turn of no session, told as `stream` tells it: screened, and nothing of it kept.

        `history` are the earlier turns (words and reply), oldest first, of which
        the newest `history_window` count. Raises a `NexusError` as `ask` does. Never waits.
        Closed early, the stream ends the turn.
        """
        verdict = _screen(message)
        outbox = Outbox(self.settings.outbox_frames, self.settings.outbox_bytes)
        try:
            if self._roster.draining:
                raise Draining("the server is shutting down; try again in a moment")
            post = Post(NOBODY, fields.message(message))
            job = self._stateless.take(post, verdict, Origin(outbox, None, {}, lasting=False))
        except NexusError as error:
            raise self.refused(error, NOBODY, verdict, None)  # noqa: B904 - the same error
        self._nursery.start_soon(self._run_stateless, job, tuple(history))
        return TurnStream(self._stateless, job, outbox)

    def checked(
        self, user_id: str, message: str, *, client_ref: str | None, locale: str | None
    ) -> Post:
        """A message of an open connection. Raises `InvalidRequest`, `Draining`. Never waits."""
        if self._roster.draining:
            raise Draining("the server is shutting down; try again in a moment")
        return self._post(user_id, message, None, None, client_ref, locale)

    def refused(
        self, error: NexusError, user_id: str, verdict: crisis.Verdict, locale: str | None
    ) -> NexusError:
        """`error`, counted, and with the help in it that the refused words deserve (I23)."""
        self._refused += 1
        if error.crisis is None:
            error.crisis = self._help_for(user_id, verdict, locale)
            if isinstance(user_id, str):
                self._services.ledger.note(user_id, error.crisis, delivered=True)
                session = self._roster.live.get(user_id)
                if session is not None:
                    session.alert(error.crisis)
        return error

    def help_behind(
        self,
        user_id: str,
        earlier: Sequence[crisis.Verdict],
        verdict: crisis.Verdict,
        locale: str | None,
    ) -> CrisisView | None:
        """The help that a message deserves which is not taken yet, behind `earlier` ones.

        Nothing is counted or kept. Never waits.
        """
        return self._help_for(user_id, verdict, locale, earlier)

    def is_folded(self, message: str) -> bool:
        """Whether the words count for those behind them; see `model.commands`."""
        return is_folded(message, self.world)

    def stop(self, user_id: str, client_ref: str) -> bool:
        """End the turn with that reference as aborted; False where none is under way."""
        session = self._roster.live.get(user_id)
        return session is not None and session.stop(client_ref)

    def _post(
        self,
        user_id: str,
        message: str,
        username: str | None,
        room: str | None,
        client_ref: str | None,
        locale: str | None,
        turn_only: bool = False,
    ) -> Post:
        return Post(
            fields.user_id(user_id),
            fields.message(message),
            self._username(username),
            None if room is None else self._room_field(room),
            None if client_ref is None else fields.client_ref(client_ref),
            None if locale is None else fields.locale(locale),
            turn_only,
        )

    async def _deliver(
        self, post: Post, verdict: crisis.Verdict, origin: Origin | None = None
    ) -> tuple[Session, Job]:
        while True:
            session = await self._roster.open(post.user_id, post.username)
            try:
                return session, session.post(post, verdict, origin)
            except Closed:
                await session.ended.wait()

    def _help_for(
        self,
        user_id: str,
        verdict: crisis.Verdict,
        locale: str | None,
        earlier: Sequence[crisis.Verdict] = (),
    ) -> CrisisView | None:
        session = self._roster.live.get(user_id) if isinstance(user_id, str) else None
        language = locale if isinstance(locale, str) else None
        if session is not None:
            return session.help_for(verdict, language, earlier)
        return self.care.help_for(folded(Watch(), earlier), verdict, language)

    # --- rooms ---

    def rooms(self) -> tuple[RoomView, ...]:
        """All rooms, in the world's order. Never waits."""
        return tuple(room.view() for room in self._services.rooms.values())

    def counts(self) -> dict[str, int]:
        """How many people are in each room. Never waits."""
        return {name: room.count for name, room in self._services.rooms.items()}

    def look(self, room: str) -> RoomView:
        """A look at a room from outside. Makes nothing, never waits. Raises `NotFound`."""
        return self._room(room).view()

    async def join(self, user_id: str, room: str, username: str | None = None) -> RoomView:
        """Bring the user into the room; opens the session. Raises `NotFound` for no such room."""
        target = self._room(room)
        await self._move(user_id, Move("go", target.spec.name), username)
        return target.view()

    async def leave(self, user_id: str, room: str, username: str | None = None) -> RoomView:
        """Take the user out of the room. Makes no session; leaving twice is no error."""
        target = self._room(room)
        session = self._roster.live.get(fields.user_id(user_id))
        move = Move("leave", target.spec.name, self._username(username))
        if session is not None:
            try:
                await session.move(move)
            except (Closed, Aborted):
                await session.ended.wait()  # and with it the user's stay in any room
        return target.view()

    async def say(
        self,
        user_id: str,
        room: str,
        text: str,
        *,
        username: str | None = None,
        locale: str | None = None,
    ) -> Said:
        """Say `text` aloud in the room, going there first. Bounds and errors as for `ask`."""
        verdict = _screen(text)
        try:
            target = self._room(room)
        except NexusError as error:
            raise self.refused(error, user_id, verdict, locale)  # noqa: B904 - the same error
        name = target.spec.name
        placed = await self.say_here(user_id, text, room=name, username=username, locale=locale)
        view = target.view()
        return Said(view, placed.position or view.position, placed.crisis or NO_CRISIS)

    async def say_here(
        self,
        user_id: str,
        text: str,
        *,
        room: str | None = None,
        username: str | None = None,
        locale: str | None = None,
    ) -> Placed:
        """As `say`; `room` None is the room where the user is, or would be."""
        verdict = _screen(text)
        try:
            words = fields.message(text, "text")
            language = None if locale is None else fields.locale(locale)
            move = Move("say", room, text=words, verdict=verdict, locale=language)
            return await self._move(user_id, move, username)
        except NexusError as error:
            raise self.refused(error, user_id, verdict, locale)  # noqa: B904 - the same error

    async def _move(self, user_id: str, move: Move, username: str | None) -> Placed:
        user = fields.user_id(user_id)
        move.username = self._username(username)
        while True:
            session = await self._roster.open(user, move.username)
            try:
                return await session.move(move)
            except Closed:
                await session.ended.wait()

    def _room(self, name: str) -> RoomActor:
        spec = self.world.find(name) if isinstance(name, str) else None
        if spec is None:
            raise NotFound("there is no such room; GET /bridge/rooms lists them")
        return self._services.rooms[spec.name]

    def _room_field(self, name: str) -> str:
        spec = self.world.find(name) if isinstance(name, str) else None
        if spec is None:
            raise InvalidRequest(f"room must be one of: {', '.join(self.world.rooms)}")
        return spec.name

    def _username(self, username: str | None) -> str | None:
        return None if username is None else fields.username(username, self.world.persona_names)

    # --- connections ---

    @asynccontextmanager
    async def connect(
        self,
        user_id: str,
        *,
        room: str | None = None,
        username: str | None = None,
        after: Position | None = None,
        room_after: Position | None = None,
        seen: bool = False,
    ) -> AsyncIterator[Connection]:
        """A connection of the user, open as long as the context; opens the session.

        Its outbox begins with what was missed behind the positions given; where
        that can't be had whole, `welcome.recovered` is False. The user is in a
        room while a connection is open. With `seen`, `after` also acknowledges
        what stands before it. Raises a `NexusError`;
        `Outbox.receive` raises `Evicted` when the server ends it.
        """
        user = fields.user_id(user_id)
        name = None if room is None else self._room_field(room)
        hello = Arriving(name, self._username(username), after, room_after, seen)
        session, outbox, welcome = await self._attach(user, hello)
        try:
            yield Connection(self, session, outbox, welcome)
        finally:
            session.detach(outbox)

    async def _attach(self, user: str, hello: Arriving) -> tuple[Session, Outbox, Welcome]:
        while True:
            session = await self._roster.open(user, hello.username)
            outbox = Outbox(self.settings.outbox_frames, self.settings.outbox_bytes)
            try:
                return session, outbox, await session.attach(outbox, hello)
            except Closed:
                session.detach(outbox)
                await session.ended.wait()
            except BaseException:
                session.detach(outbox)
                raise

    @asynccontextmanager
    async def attach(self, user_id: str, room: str | None = None) -> AsyncIterator[Events]:
        """A connection that only listens: the replies and room events that the user gets."""
        async with self.connect(user_id, room=room) as connection:
            yield Events(connection.outbox)

    # --- reading and erasing ---

    def sessions(self) -> tuple[SessionView, ...]:
        """The live sessions, by user id. Never waits."""
        views = (self._roster.live[user].view() for user in sorted(self._roster.live))
        return tuple(view for view in views if view is not None)

    async def session(self, user_id: str) -> SessionView:
        """One session, live or stored. Raises `NotFound` where nothing is held of that user."""
        return await self.records.view(fields.user_id(user_id))

    async def history(self, user_id: str, after: Position | None = None, limit: int = 50) -> Page:
        """A page of ended turns behind `after` (exclusive), 1 to 1,000 of them."""
        user, limit = fields.user_id(user_id), fields.page_limit(limit)
        page = await self._services.read(self._services.store.history(user, after, limit))
        if page is None:
            raise NotFound("nothing is held of this user")
        return page

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        """Remove the session and all that is held of the user (I19).

        What runs is aborted first. A caller that goes away does not stop it
        half-way. Raises `NotFound` where nothing is held, `StoreUnavailable`
        where the store did not say in time that it is done, and `Draining` where
        the server is about to end (`shut`).
        """
        return await self._roster.erase(fields.user_id(user_id), sweep=sweep)

    async def retire(self, user_id: str) -> bool:
        """Erase a user who is not here, as `erase`; what files hold is the caller's to sweep.

        False, and nothing done, where the session is live.
        """
        return await self._roster.retire(user_id)

    def expired(self, expired: Expired) -> None:
        """Retention took turns and events: live sessions and rooms forget them. Never waits."""
        for user_id in expired.turns.keys() & self._roster.live.keys():
            self._roster.live[user_id].expired(expired.turns[user_id])
        for name in expired.rooms.keys() & self._services.rooms.keys():
            self._services.rooms[name].expired(expired.rooms[name])
            if name in self._personas:
                self._personas[name].expired(expired.rooms[name])

    # --- life ---

    def statistics(self) -> Statistics:
        """A frozen look at the hub."""
        return Statistics(
            len(self._roster.live),
            len(self._services.rooms),
            self._services.load.count,
            self._refused,
            self._session_crashes,
            self._room_crashes,
            trio.current_time() - self._started,
            self._roster.draining,
        )

    def refuse(self) -> None:
        """Take nothing new from now on, and close the connections' outboxes. Never waits."""
        for persona in self._personas.values():
            persona.hush()
        self._roster.refuse()

    def shut(self) -> None:
        """Begin nothing any more, not even an erasure, which draining still allows. Never waits."""
        self._roster.shut()

    def give_up(self) -> None:
        """End every session now: what runs is aborted, stored as such, and answered so."""
        self._stateless.give_up()
        self._roster.give_up()

    async def wait_idle(self) -> None:
        """Return when all that was taken has its answer. The caller bounds the wait.

        What still runs when the hub closes is aborted, and stored as aborted.
        """
        await self._services.load.wait_idle()

    def _start(self, session: Session) -> None:
        self._nursery.start_soon(self._run_session, session)

    async def _run_session(self, session: Session) -> None:
        try:
            await session.run()
        except* Exception as crash:  # noqa: BLE001 - one actor is contained here
            self._session_crashes += 1
            log_crash("a session crashed and was closed", crash)
        finally:
            self._roster.ended(session)

    async def _run_stateless(self, job: Job, history: tuple[Earlier, ...]) -> None:
        try:
            await self._stateless.run(job, history)
        except* Exception as crash:  # noqa: BLE001 - one actor is contained here
            self._session_crashes += 1
            log_crash("a turn without a session crashed", crash)

    async def _run_room(self, room: RoomActor) -> None:
        """Run a room for ever. What crashed it has been answered, and its state is whole."""
        try:
            await self._again_and_again(room.run, "a room dropped an operation")
        finally:
            room.close()

    async def _run_persona(self, persona: PersonaActor) -> None:
        """Run a persona for ever: a crash has cost one answer."""
        await self._again_and_again(persona.run, "a persona dropped an answer")

    async def _again_and_again(self, run: Callable[[], Awaitable[None]], lost: str) -> None:
        while True:
            try:
                await run()
            except* Exception as crash:  # noqa: BLE001 - one actor is contained here
                self._room_crashes += 1
                log_crash(lost, crash)


def _screen(words: object) -> crisis.Verdict:
    """The verdict, first of all: of words in the wrong wrapping, too, before they are refused."""
    if not isinstance(words, str):
        return crisis.screen("" if words is None else str(words))
    return crisis.screen(spoken(words))


@asynccontextmanager
async def run_hub(services: Services) -> AsyncIterator[Hub]:
    """The hub over these services, with its rooms open, until the context ends.

    At the end turns that still run are aborted and stored as such. Raises what
    crashed the hub, and cancels the body with it.
    """
    async with trio.open_nursery() as rooms:
        async with trio.open_nursery() as sessions:
            hub = Hub(services, sessions)
            for room in services.rooms.values():
                await room.open()
                rooms.start_soon(hub._run_room, room)
            for persona in hub._personas.values():
                rooms.start_soon(hub._run_persona, persona)
            rooms.start_soon(services.ledger.run)
            if services.settings.retention_days:
                rooms.start_soon(retain, hub, services)
            try:
                yield hub
            finally:
                # Also where the body was cancelled, or crashed: whoever still holds the hub
                # is refused, and does not wait for a session that nobody runs.
                hub.refuse()
                services.patience.end_by(
                    trio.current_time() + CLOSING_SHARE * services.settings.grace_s
                )
            sessions.cancel_scope.cancel()
        await services.ledger.flush()
        rooms.cancel_scope.cancel()
