"""A session: one user's actor, which outlives connections.

Its nursery holds two tasks: one takes messages from the mailbox, one turn at a
time (I8); the other moves the user between rooms and keeps the two deadlines,
presence and idleness. Whoever waits for an answer holds a slot, so a waiter
that goes away changes nothing here (I11).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from nexus_trio import crisis
from nexus_trio.errors import Aborted, Conflict, MailboxFull, NexusError, StoreUnavailable
from nexus_trio.model.envelope import CrisisView, Post, Reply, SessionView
from nexus_trio.runtime import care
from nexus_trio.runtime.aside import answer_command
from nexus_trio.runtime.mailbox import Closed, Full, Mailbox, Slot
from nexus_trio.runtime.outbox import DRAINING, GONE, TOO_MANY, Outbox
from nexus_trio.runtime.place import Move, Place, Placed
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.runtime.turn import Job, Unsettled, abort_unfinished, known_turn, run_turn
from nexus_trio.store.base import LoadedSession, PutSession, SessionRecord

MOVES = 16
"""Moves that may wait in a session; a person makes one at a time."""

ASIDES = 32
"""Replies of commands kept for a client that sends one again after a lost connection."""


class Session:
    """One user's actor. The hub runs it, contained, and forgets it when `run` returns."""

    def __init__(self, user_id: str, username: str | None, services: Services) -> None:
        self.user_id = user_id
        self.ended = trio.Event()
        self._first_name = username
        self._services = services
        self._jobs: Mailbox[Job] = Mailbox(services.settings.mailbox)
        self._moves: Mailbox[Move] = Mailbox(MOVES)
        self._references: dict[str, Job] = {}
        # Messages taken and not yet answered. No message is lost at the end of
        # an idle session because it ends only while this is 0.
        self._pending = 0
        self._calls = 0
        self._outboxes: list[Outbox] = []
        self._running: Job | None = None
        # The newest message of someone in need, and when it must be answered:
        # every message before it has until then.
        self._urgent: tuple[Job, float] | None = None
        # Replies of commands by reference: they are no turns, and not stored.
        self._asides: dict[str, tuple[str, Reply]] = {}
        self._state: SessionState | None = None
        self._closing = False
        self._scope = trio.CancelScope()
        self._last_seen = trio.current_time()

    # --- what the hub calls; none of it waits ---

    @property
    def closing(self) -> bool:
        """Whether it takes nothing more; wait for `ended`, then open it anew."""
        return self._closing

    def post(self, post: Post, verdict: crisis.Verdict) -> Slot[Reply]:
        """Take a message. Raises `Closed`, `MailboxFull`, `Conflict` at once."""
        ref = post.client_ref
        waiting = self._references.get(ref) if ref is not None else None
        if waiting is not None:
            if waiting.post.message != post.message:
                raise Conflict("this client_ref is in use for another message; use a new one")
            return waiting.slot
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
        self._pending += 1
        self._services.load.begin()
        if verdict.level != "none":
            self._hurry_for(job)
        return job.slot

    def _hurry_for(self, job: Job) -> None:
        """Let nobody in need wait for a responder: not for theirs, nor for those before it."""
        services = self._services
        view = self.help_for(job.verdict, job.post.locale or services.settings.locale)
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

    def help_for(self, verdict: crisis.Verdict, locale: str) -> CrisisView | None:
        """What a refusal of this message must carry."""
        return care.help_for(self._state.watch if self._state else None, verdict, locale)

    def close(self, code: int = DRAINING) -> None:
        """End now: what runs is aborted and stored as such, what waits is answered.

        `code` is what its connections are told.
        """
        self._closing = True
        self.hang_up(code)
        self._scope.cancel()

    def hang_up(self, code: int) -> None:
        """Close the session's connections; the session goes on."""
        for outbox in self._outboxes:
            outbox.close(code)

    def view(self) -> SessionView | None:
        """The session as its user sees it; None while it is being read from the store."""
        state = self._state
        if state is None:
            return None
        return SessionView(
            self.user_id,
            state.session_id,
            state.presence.room,
            state.turns,
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

    @contextmanager
    def connection(self, outbox: Outbox) -> Iterator[None]:
        """While open, `outbox` is a connection of this user; the oldest of too many goes."""
        if len(self._outboxes) >= self._services.settings.connections_per_user:
            self._outboxes[0].close(TOO_MANY)
            self._drop(self._outboxes[0])
        self._outboxes.append(outbox)
        try:
            yield
        finally:
            self._drop(outbox)

    def hear(self, outbox: Outbox) -> None:
        """Offer the events of the user's room to `outbox`, from now on."""
        state = self._state
        if state is not None and state.presence.room is not None and outbox in self._outboxes:
            self._services.rooms[state.presence.room].listen(self.user_id, outbox)

    def _drop(self, outbox: Outbox) -> None:
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
            self.hang_up(DRAINING)
            self._clear(Aborted("the session ended before this was answered; send it again"))
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
        if loaded.unfinished is not None:
            await abort_unfinished(state, loaded.unfinished, services)
        return state

    async def _take_messages(self, state: SessionState) -> None:
        while True:
            job = self._running = await self._jobs.receive()
            if self._urgent is not None:
                job.finish_by(self._urgent[1])
            try:
                job.slot.set(await self._answer(state, job))
            except NexusError as error:
                error.crisis = error.crisis or self._help(job)
                job.slot.fail(error)
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
        known = await known_turn(state, job, self._services)
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
        aside = await answer_command(state, job, room, self._services, self._moved)
        if aside is None:
            reply = await run_turn(state, job, known, room.spec, self._services)
            for outbox in self._outboxes:
                outbox.offer(reply)
            return reply
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
        return self.help_for(job.verdict, job.post.locale or self._services.settings.locale)

    def _done(self, job: Job) -> None:
        """Account for a job that has ended, however it did; nobody waits for ever."""
        job.slot.fail(Aborted("the session ended before this was answered", crisis=self._help(job)))
        if job.post.client_ref is not None:
            self._references.pop(job.post.client_ref, None)
        self._pending -= 1
        self._services.load.end()
        self._last_seen = trio.current_time()

    def _clear(self, error: NexusError) -> None:
        for job in self._jobs.close():
            job.slot.fail(type(error)(error.detail, crisis=self._help(job)))
            self._done(job)
        for move in self._moves.close():
            move.slot.fail(error)

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
