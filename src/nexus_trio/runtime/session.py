"""A session: one user's actor, which outlives connections.

Its nursery holds two tasks: one takes messages from the mailbox, one turn at a
time (I8); the other moves the user between rooms and keeps the two deadlines,
presence and idleness. Whoever waits for an answer holds a slot, so a waiter
that goes away changes nothing here (I11).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import trio

from nexus_trio import crisis
from nexus_trio.crisis.watch import Watch, fold, folded
from nexus_trio.errors import Aborted, Conflict, MailboxFull, NexusError, StoreUnavailable
from nexus_trio.model.commands import is_folded
from nexus_trio.model.envelope import CrisisView, Position, Post, Reply, SessionView
from nexus_trio.runtime.aside import answer_command
from nexus_trio.runtime.frames import Frame, Noticed
from nexus_trio.runtime.job import Job, Origin
from nexus_trio.runtime.live import Live, hasten
from nexus_trio.runtime.mailbox import Closed, Full, Mailbox
from nexus_trio.runtime.outbox import DRAINING, GONE, TOO_MANY, Outbox
from nexus_trio.runtime.place import Move, Place, Placed
from nexus_trio.runtime.resume import missed_room, missed_turns, unacknowledged
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.runtime.turn import Unsettled, abort_unfinished, known_turn, run_turn
from nexus_trio.store.base import LoadedSession, PutSession, SessionRecord

MOVES = 16
"""Moves that may wait in a session; a person makes one at a time."""

ASIDES = 32
"""Replies of commands kept for a client that sends one again after a lost connection."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """What a connection asks for when it comes: a room, a name, and where it was before."""

    room: str | None = None
    username: str | None = field(default=None, repr=False)
    after: Position | None = None
    room_after: Position | None = None
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Welcome:
    """Where a connection stands: what follows on it are the events behind these positions.

    `recovered` is False where what was asked for can't be had whole.
    """

    session_id: str
    room: str | None
    position: Position
    room_position: Position | None
    recovered: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a session had told and could not store, for the one after it.

    `position` is of the last such notice: nobody else's, ever. `owed` are all that
    were not acknowledged.
    """

    position: Position
    owed: tuple[Noticed, ...]


class Session:
    """One user's actor. The hub runs it, contained, and forgets it when `run` returns."""

    def __init__(
        self,
        user_id: str,
        username: str | None,
        services: Services,
        shown: Shown | None = None,
    ) -> None:
        self.user_id = user_id
        # What the session before this one had shown and not stored.
        self._shown = shown
        self._told: tuple[Noticed, ...] = ()  # those of them that it owes
        self.ended = trio.Event()
        self._first_name = username
        self._services = services
        self._jobs: Mailbox[Job] = Mailbox(services.settings.mailbox)
        self._moves: Mailbox[Move] = Mailbox(MOVES)
        self._references: dict[str, Job] = {}
        # Messages taken and not yet answered, in their order: at most the mailbox, and
        # the one that runs. No message is lost at the end of an idle session because it
        # ends only while this is empty.
        self._pending: deque[Job] = deque()
        self._calls = 0
        self._running: Job | None = None
        # The newest message of someone in need, and when it must be answered:
        # every message before it has until then.
        self._urgent: tuple[Job, float] | None = None
        # Replies of commands by reference: they are no turns, and not stored.
        self._asides: dict[str, tuple[str, Reply]] = {}
        self.live = Live(partial(services.ledger.delivered, user_id))
        self._outboxes = self.live.outboxes
        # What connections are told when the session ends.
        self._code = DRAINING
        self._state: SessionState | None = None
        self._closing = False
        self._scope = trio.CancelScope()
        self._last_seen = trio.current_time()

    # --- what the hub calls; none of it waits ---

    @property
    def closing(self) -> bool:
        """Whether it takes nothing more; wait for `ended`, then open it anew."""
        return self._closing

    def post(self, post: Post, verdict: crisis.Verdict, origin: Origin | None = None) -> Job:
        """Take a message. Raises `Closed`, `MailboxFull`, `Conflict` at once.

        `origin` is told notices, deltas and the outcome as they come; without
        one, `Job.slot` has the outcome.
        """
        ref = post.client_ref
        waiting = self._references.get(ref) if ref is not None else None
        if waiting is not None:
            if waiting.post.message != post.message:
                raise Conflict("this client_ref is in use for another message; use a new one")
            if origin is not None and not self.live.join(waiting, origin):
                self._hasten(waiting, origin)
            _waited_for(waiting, origin)
            return waiting
        job = Job(post, verdict)
        if self._closing:
            raise Closed
        try:
            self._jobs.tell(job)
        except Full:
            raise MailboxFull(
                f"{self._services.settings.mailbox} messages are waiting; wait for an answer"
            ) from None
        if ref is not None:
            self._references[ref] = job
        _waited_for(job, origin)
        if origin is not None:
            self._hasten(job, origin)
        self._pending.append(job)
        self._services.load.begin()
        if verdict.level != "none":
            self._hurry_for(job)
        return job

    def _hasten(self, job: Job, origin: Origin) -> None:
        """Where its turn can't begin at once, a notice does not wait for that."""
        state, post = self._state, job.post
        at_once = state is not None and not self._pending and state.presence.room is not None
        if at_once and state is not None and post.room in (None, state.presence.room):
            return
        self._tell_in_haste(job, origin)

    def _tell_in_haste(self, job: Job, origin: Origin) -> None:
        """Tell the notice that the message deserves, if it does, before its turn begins."""
        state = self._state
        view = self._help(job)
        if view is not None and view.detected:
            nowhere = Position("0", 0)
            hasten(origin.outbox, view, nowhere if state is None else state.position)

    def gone(self, jobs: Iterable[Job], outbox: Outbox, *, stop: bool = False) -> None:
        """A connection went away by itself; what it asked for goes on, or ends, by the settings.

        With `stop` it ends, unless somebody else waits for it.
        """
        stop = stop or self._services.settings.on_disconnect == "abort"
        for job in tuple(jobs):
            job.leave(outbox, stop=stop)

    def _hurry_for(self, job: Job) -> None:
        """Let nobody in need wait for a responder: not for theirs, nor for those before it."""
        services = self._services
        view = self._help(job)
        if view is not None and view.detected:
            by = trio.current_time() + services.settings.crisis_patience_s
            self._urgent = (job, by)
            job.finish_by(by)
            if self._running is not None:
                self._running.finish_by(by)

    def stop(self, client_ref: str) -> bool:
        """Stop the message with that reference, running or waiting; False where there is none."""
        job = self._references.get(client_ref)
        if job is not None:
            job.stop()
        return job is not None

    def help_for(
        self, verdict: crisis.Verdict, locale: str | None, earlier: Sequence[crisis.Verdict] = ()
    ) -> CrisisView | None:
        """What a refusal of this message must carry, behind all that waits here, and `earlier`."""
        watch = folded(self._watch_before(None), earlier)
        return self._services.care.help_for(watch, verdict, locale)

    def alert(self, view: CrisisView | None) -> None:
        """Tell whoever is on duty of a refused message at `imminent`. Never waits."""
        if view is not None and self._state is not None:
            self._services.alert(self.user_id, self._state.session_id, view.level)

    def _watch_before(self, job: Job | None) -> Watch:
        """The watch as it will be when `job`'s turn comes; None: a message behind all that wait.

        So the third low message has its notice at once, though the responder still has the
        first. What was sent again may be folded here that will not be then: one notice too
        many is no harm.
        """
        watch = self._state.watch if self._state else Watch()
        for earlier in self._pending:
            if earlier is job:
                break
            if earlier.crisis is None and self._is_folded(earlier.post):
                watch, _ = fold(watch, earlier.verdict)
        return watch

    def _is_folded(self, post: Post) -> bool:
        """Whether the words will be folded."""
        return post.turn_only or is_folded(post.message, self._services.world)

    def close(self, code: int = DRAINING) -> None:
        """End now: what runs is aborted and stored as such, what waits is answered.

        `code` is what its connections are told.
        """
        self._closing = True
        self._code = code
        self._scope.cancel()

    def hang_up(self, code: int) -> None:
        """Close the session's connections; the session goes on.

        Whoever has written in need, and whose turn has not begun, is told of help before:
        nothing can be told on a connection that is closed (I24).
        """
        if self._urgent is not None and self._urgent[0].number is None:
            for origin in self._urgent[0].origins:
                self._tell_in_haste(self._urgent[0], origin)
        for outbox in self._outboxes:
            outbox.close(code)

    @property
    def position(self) -> Position | None:
        """The latest position of its stream; None while it is being read from the store."""
        return None if self._state is None else self._state.position

    def expired(self, removed: int) -> None:
        """Retention took the turns up to that number. Never waits."""
        if self._state is not None:
            self._state.expired(removed)

    @property
    def shown(self) -> Shown | None:
        """What was told of a crisis and never stored, for the session after this."""
        state = self._state
        if state is None:
            return self._shown
        if not state.unstored and not any(notice in self._told for notice in state.owed):
            return None
        return Shown(Position(state.epoch, state.unstored), tuple(state.owed))

    def view(self) -> SessionView | None:
        """The session as its user sees it; None while it is being read from the store."""
        state = self._state
        if state is None:
            return None
        return SessionView(
            self.user_id,
            state.session_id,
            state.presence.room,
            state.messages,
            state.created_at,
            state.last_active,
            self._connections,
            state.watch.level,
        )

    # --- what callers wait for ---

    async def move(self, move: Move) -> Placed:
        """Do `move` in the session's own task and return where the user is."""
        if self._closing:
            raise Closed
        with self._call():
            return await self._moved(move)

    async def attach(self, outbox: Outbox, hello: Arriving) -> Welcome:
        """Make `outbox` a connection of this user, with what it missed in it.

        It is to be detached whatever comes of this, its cancellation too.
        Raises `Closed`, or a `NexusError` where the user can't be brought in.
        """
        if self._closing:
            raise Closed
        with self._call():
            arrived = self._state.arrival if self._state is not None else None
            kind: Literal["call", "go"] = "call" if hello.room is None else "go"
            await self._moved(Move(kind, hello.room, hello.username))
            state = self._state
            if self._closing or state is None:
                raise Closed
            if hello.seen and hello.after is not None:
                # Where that can't be stored, notices come once more: no harm.
                with suppress(StoreUnavailable):
                    await self._moved(Move("seen", position=hello.after))
            # From here to the first read nothing awaits: what is committed from
            # now on is heard, and what was committed before is read.
            self._connect(outbox)
            room = self._hear(outbox)
            if room is not None and hello.room_after is None and state.arrival is not arrived:
                # It hears of its own arrival as everyone else does.
                hello = replace(hello, room_after=_before(state.arrival))
            return await self._catch_up(state, outbox, hello, room)

    async def _catch_up(
        self, state: SessionState, outbox: Outbox, hello: Arriving, room: RoomActor | None
    ) -> Welcome:
        live, store, tail = self.live, self._services.store, state.position
        running = live.retell(outbox)
        # A notice of a turn without an end, and those that nobody acknowledged.
        owed = tuple(live.owed)
        begun = live.running.notices if live.running else ()
        room_tail = None if room is None else room.position
        turns: list[Frame] | None = []
        if hello.after is not None:
            turns = await missed_turns(state, store, hello.after, tail, (*owed, *begun))
        events: list[Frame] | None = []
        if hello.room_after is not None:
            events = None
            if room is not None and room_tail is not None:
                events = await missed_room(room, store, hello.room_after, room_tail, state.arrival)
        whole = turns is not None and events is not None
        if whole and hello.after is not None:
            tail = hello.after
            owed = tuple(n for n in owed if n.position.offset <= tail.offset)
        if whole and hello.room_after is not None:
            room_tail = hello.room_after
        outbox.preload([*owed, *(turns or ()), *(events or ())] if whole else owed)
        outbox.preload(running)
        name = None if room is None else room.spec.name
        return Welcome(state.session_id, name, tail, room_tail, whole)

    def _connect(self, outbox: Outbox) -> None:
        """One more connection; the oldest of too many goes."""
        # One that was evicted is none any more, though its client has yet to read why.
        for gone in [each for each in self._outboxes if each.closed]:
            self.detach(gone)
        if len(self._outboxes) >= self._services.settings.connections_per_user:
            self._outboxes[0].close(TOO_MANY)
            self.detach(self._outboxes[0])
        self._outboxes.append(outbox)

    def _hear(self, outbox: Outbox) -> RoomActor | None:
        """Offer the events of the user's room to `outbox`, from now on."""
        name = None if self._state is None else self._state.presence.room
        if name is None:
            return None
        room = self._services.rooms[name]
        room.listen(self.user_id, outbox)
        return room

    def detach(self, outbox: Outbox) -> None:
        """No connection of this user any more; an unknown one is ignored. Never waits."""
        if outbox in self._outboxes:
            self._outboxes.remove(outbox)
        # Closed, so that a join that still waits in a room does not listen for it.
        outbox.close(GONE)
        for room in self._services.rooms.values():
            room.unlisten(self.user_id, outbox)
        self._touch()

    @property
    def _connections(self) -> int:
        """How many connections there are; one that was evicted is none any more."""
        return sum(not outbox.closed for outbox in self._outboxes)

    @contextmanager
    def _call(self) -> Iterator[None]:
        self._calls += 1
        self._services.load.begin()
        try:
            yield
        finally:
            self._services.load.end()
            self._calls -= 1
            self._last_seen = trio.current_time()

    def _touch(self) -> None:
        """Have the deadlines looked at again: the last connection may have gone."""
        self._last_seen = trio.current_time()
        try:
            self._moves.tell(Move("wake"))
        except (Full, Closed):
            return  # whatever is in the mailbox has the same effect

    # --- the actor ---

    async def run(self) -> None:
        """Live until idle or closed. Ends with nobody waiting and out of every room."""
        place: Place | None = None
        try:
            with self._scope:
                state = await self._open()
                place = Place(state, self._outboxes, self._services)
                self._state = state
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._take_messages, state)
                    await self._keep_place(place, state)
                    nursery.cancel_scope.cancel()
        except StoreUnavailable as error:
            self._clear(error)
        finally:
            self._closing = True
            self._clear(Aborted("the session ended before this was answered; send it again"))
            self.hang_up(self._code)
            if place is not None:
                await place.vacate()

    async def _open(self) -> SessionState:
        """The session as it is stored, or a new one; a turn without an end gets its end."""
        services = self._services
        window = services.settings.history_window
        loaded = await services.read(services.store.load(self.user_id, window))
        if loaded is None:
            now = services.now()
            record = SessionRecord(
                self.user_id, services.new_id(), services.new_id(), now, now, self._first_name
            )
            # Unanswered, it leaves an empty session behind, which the next
            # call finds: no harm is in that.
            await services.read(services.store.append((PutSession(record),)))
            loaded = LoadedSession(record, 0, 0, ())
        state = SessionState(loaded, window)
        told: tuple[Noticed, ...] = ()
        if self._shown is not None and self._shown.position.epoch == state.epoch:
            # Nobody else's, and that of an open turn's own notice is given again below.
            own = 0 if loaded.unfinished is None else loaded.unfinished.ahead
            state.offset = max(state.offset, self._shown.position.offset - own)
            state.unstored = state.offset if self._shown.position.offset else 0
            told = self._shown.owed
        if loaded.unfinished is not None:
            await abort_unfinished(state, loaded.unfinished, services)
        state.owed.extend(_each_once([*told, *await unacknowledged(state, services)]))
        self.live.owed = state.owed
        self._told = told
        return state

    async def _take_messages(self, state: SessionState) -> None:
        while True:
            job = self._running = await self._jobs.receive()
            if self._urgent is not None:
                job.finish_by(self._urgent[1])
            try:
                self._settle(job, await self._answer(state, job))
            except NexusError as error:
                error.crisis = error.crisis or self._help(job)
                self._settle(job, error)
                if isinstance(error, Unsettled):
                    self.close()
            except BaseException:
                # Whoever is answered below may send again at once: to the next
                # session, not to this one, which is ending.
                self._closing = True
                raise
            finally:
                self._done(job)

    async def _answer(self, state: SessionState, job: Job) -> Reply:
        post = job.post
        known = await known_turn(state, job, self._services, self.live)
        if known is not None and known.status == "answered":
            return state.reply(known)
        if post.client_ref in self._asides:
            message, reply = self._asides[post.client_ref]
            if message != post.message:
                raise Conflict("this client_ref was used for another message; use a new one")
            return reply
        if post.username is not None:
            state.username = post.username
        if state.presence.room is None or post.room not in (None, state.presence.room):
            await self._moved(Move("call") if post.room is None else Move("go", post.room))
        room = self._services.rooms[state.presence.room or self._services.world.default]
        aside = None
        if not post.turn_only:
            aside = await answer_command(state, job, room, self._services, self._moved)
        if aside is None:
            return await run_turn(state, job, known, room.spec, self._services, self.live)
        if aside.command != "say":  # which has counted its words when it stored them
            self._services.ledger.note(self.user_id, aside.crisis, delivered=True)
        if post.client_ref is not None:
            while len(self._asides) >= ASIDES:
                del self._asides[next(iter(self._asides))]
            self._asides[post.client_ref] = (post.message, aside)
        return aside

    async def _moved(self, move: Move) -> Placed:
        try:
            await self._moves.send(move)
        except Closed:
            raise Aborted("the session ended; send it again") from None
        return await move.slot.wait()

    def _help(self, job: Job) -> CrisisView | None:
        if job.crisis is not None:
            return None if job.crisis.level == "none" else job.crisis
        watch = self._watch_before(job)
        return self._services.care.help_for(watch, job.verdict, job.post.locale)

    def _done(self, job: Job) -> None:
        """Account for a job that has ended, however it did; nobody waits for ever."""
        self._running = None
        if self._urgent is not None and self._urgent[0] is job:
            self._urgent = None
        if not job.slot.done:
            # A turn that is stored as aborted has its part, be it empty.
            heard = "".join(job.heard) if job.ended is not None or job.heard else None
            ended = "the session ended before this was answered"
            self._settle(job, Aborted(ended, crisis=self._help(job), partial=heard))
        if job.post.client_ref is not None:
            self._references.pop(job.post.client_ref, None)
        self._pending.remove(job)
        self._services.load.end()
        self._last_seen = trio.current_time()

    def _clear(self, error: NexusError) -> None:
        for job in self._jobs.close():
            self._settle(job, type(error)(error.detail, crisis=self._help(job)))
            self._done(job)
        for move in self._moves.close():
            move.slot.fail(error)

    def _settle(self, job: Job, outcome: Reply | NexusError) -> None:
        """Answer whoever waits, in every way that they can wait; the first outcome counts."""
        if job.slot.done:
            return
        if isinstance(outcome, Reply):
            job.slot.set(outcome)
        else:
            if not job.counted:
                # Where its notices were events, their delivery is seen there.
                told = not job.notices
                self._services.ledger.note(self.user_id, outcome.crisis, delivered=told)
            if job.crisis is None:  # its turn never began, where else it is told
                self.alert(outcome.crisis)
            job.slot.fail(outcome)
        self.live.end(job, outcome)

    async def _keep_place(self, place: Place, state: SessionState) -> None:
        """Do the moves, and leave the room or end when the deadlines say so."""
        while not self._closing:
            with trio.move_on_at(self._deadline(state)) as waiting:
                move = await self._moves.receive()
            if not waiting.cancelled_caught:
                await place.do(move)
                continue
            await self._overdue(place, state)

    def _deadline(self, state: SessionState) -> float:
        """When to look again, on trio's clock. Cheap for a turn: it only notes `_last_seen`."""
        settings = self._services.settings
        wait = settings.session_idle_s
        if state.presence.room is not None:
            wait = min(wait, settings.presence_grace_s)
        if self._busy:
            self._last_seen = trio.current_time()
            return self._last_seen + max(wait, 1.0)
        return self._last_seen + wait

    @property
    def _busy(self) -> bool:
        return bool(self._pending or self._calls or self._connections)

    async def _overdue(self, place: Place, state: SessionState) -> None:
        settings = self._services.settings
        if self._busy:
            return
        # The same sums as in `_deadline`: a difference would be rounded otherwise,
        # and a deadline that is reached and yet not over comes round for ever.
        now, seen = trio.current_time(), self._last_seen
        if state.presence.room is not None and now >= seen + settings.presence_grace_s:
            try:
                await place.grace_over()
            except StoreUnavailable:
                return  # the room shows the user as gone and tells it later
        elif now >= seen + settings.session_idle_s:
            # Nothing awaits between the looks above and this flag: no message
            # can have come in between.
            self._closing = True


def _waited_for(job: Job, origin: Origin | None) -> None:
    if origin is None:
        job.plain = True
        return
    job.origins.append(origin)
    job.lasting = job.lasting or origin.lasting
    if origin.ref is not None:
        origin.pending[origin.ref] = job


def _each_once(notices: Iterable[Noticed]) -> list[Noticed]:
    """By their places in the stream: what is stored wins over what was told before."""
    found = {notice.position.offset: notice for notice in notices}
    return [found[offset] for offset in sorted(found)]


def _before(position: Position | None) -> Position | None:
    return None if position is None else Position(position.epoch, position.offset - 1)
