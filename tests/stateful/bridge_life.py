"""The life of one bridge under the stepper: the real hub between its stands, calls, and checks.

Shared by the machine, whose schedule Hypothesis draws, and by the scenarios, which are searched.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import trio
from bridge_calls import Call, Listener, Plain
from bridge_oracle import WINDOW, Oracle
from bridge_stands import JournalStore, LogLines, MoodyResponder, plain
from devices import Device

from nexus_trio.errors import NexusError, NotFound
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.runtime.room import RoomActor
from nexus_trio.server import TURNS_SHARE, drain
from nexus_trio.testing import Operation, Stepper
from nexus_trio.testing.hubs import Names, open_fake_hub

USERS = ("ada", "bob", "cyd")
ROOMS = ("Tower", "Garden")
WORDS = {
    "none": "the sky is grey today",
    "concern": "everything feels pointless",
    "crisis": "I want to die",
}

LONG = 2 * (1800 + 60)
"""Seconds of virtual time: the idle time and the grace of a session, and as much again."""

AWAY = 100.0
"""Seconds that a call waits for a server to come back."""

ROUNDS = 5_000
"""In how many rounds all must have come to rest."""

BOUNDS: dict[str, Any] = {"mailbox": 3, "history_window": WINDOW, "connections_per_user": 2}


class BridgeLife:
    """One bridge, from `come_to_life` on. `oracle.over` is set when what happens counts no more."""

    hub: Hub
    stepper: Stepper

    def come_to_life(
        self,
        stepper: Stepper,
        counts: Counter[str],
        outcomes: Counter[str],
        store: type[JournalStore] = JournalStore,
        responder: type[MoodyResponder] = MoodyResponder,
        **bounds: Any,
    ) -> None:
        """Open the hub. `counts` are of evaluations by invariant, `outcomes` of calls' ends."""
        self.oracle = Oracle(ROOMS, counts)
        self.store = store(self.oracle)
        self.responder = responder(self.oracle)
        self.listeners: list[tuple[Listener, Operation[None]]] = []
        self.devices: dict[str, Device] = {}
        self.acknowledged: set[str] = set()
        """Users of whom a device said that it has seen all; be it in doubt."""
        self.messages = 0
        self.outcomes = outcomes
        self.bounds = {**BOUNDS, **bounds}
        self._names = Names()
        self.reachable = trio.Event()
        """Set while there is a server that listens."""
        self.closing = False
        self.hasty = False
        """Whether time went by, since a server began to end, while somebody could go on."""
        self._past: list[tuple[int, int]] = []
        """Of servers that have ended, the crashes of sessions and of rooms."""
        self._under_way: dict[trio.Event, trio.CancelScope] = {}
        self._seen: object = None
        self._looked_at: Hub | None = None
        self._actors: list[RoomActor] = []
        self.log = LogLines()
        logging.getLogger("nexus_trio").addHandler(self.log)
        self.stepper = stepper
        self.stepper.start(self._serve, name="hub", background=True)
        self.stepper.settle()

    def pass_away(self) -> None:
        """Nothing counts any more."""
        logging.getLogger("nexus_trio").removeHandler(self.log)
        self.oracle.over = True

    # --- the server ---

    async def _serve(self) -> None:
        stands = {"responder": self.responder, "store": self.store, "names": self._names}
        self.ended = trio.Event()
        try:
            async with open_fake_hub(**stands, **self.bounds) as self.hub:
                self.may_end, self.closing = trio.Event(), False
                self.reachable.set()
                await self.may_end.wait()
                # As the server does: what runs may end, then nobody is listened to any more.
                await drain(self.hub, TURNS_SHARE * self.hub.settings.grace_s)
                self.reachable = trio.Event()
                await self._hang_up()
        finally:
            statistics = self.hub.statistics()
            self._past.append((statistics.session_crashes, statistics.room_crashes))
            self.ended.set()

    async def _hang_up(self) -> None:
        """Calls end with the connections that they came by."""
        under_way = list(self._under_way.items())
        for _, scope in under_way:
            scope.cancel()
        for done, _ in under_way:
            await done.wait()

    async def _restart(self, *, lossy: bool) -> None:
        """The server ends, and another one begins on its store.

        `lossy`: the store takes nothing more of the first one, as where its disk hangs.
        """
        # Rooms start empty, and say so of each who was there when they can.
        self.oracle.hurried = self.closing = True
        self.hasty = False
        self.store.held = lossy
        began, grace = trio.current_time(), self.hub.settings.grace_s
        self.may_end.set()
        await self.ended.wait()
        if not self.hasty:
            took = trio.current_time() - began
            self.oracle.require("I21", took <= grace, f"it took {took} s to end, and had {grace}")
        self.store.held = False
        self.stepper.start(self._serve, name="hub", background=True)

    def jump(self) -> None:
        """The clock moves on; `hasty` if somebody could have gone on before."""
        late = bool(self.stepper.runnable())
        self.hasty = self.hasty or late
        self.oracle.hurried = self.oracle.hurried or late
        self.stepper.jump()

    # --- calls ---

    def _start(self, call: Call, fn: Callable[..., Awaitable[Any]], *args: Any, **kw: Any) -> None:
        name = f"{call.user}:{call.kind}"
        self.stepper.start(self._conduct, call, lambda: fn(*args, **kw), name=name)

    async def _conduct(self, call: Call, do: Callable[[], Awaitable[Any]]) -> None:
        self._observe()
        self.oracle.begin(call)
        done = trio.Event()
        scope = self._under_way[done] = trio.CancelScope()
        try:
            with scope:
                self._finish(call, "ok", plain(await do()))
                return
            self._finish(call, "cancelled", {})
        except NexusError as error:
            self._finish(call, error.code, {**plain(vars(error)), "text": repr(error)})
        except trio.Cancelled:
            if not self.oracle.over:
                self._finish(call, "cancelled", {})
            raise
        finally:
            del self._under_way[done]
            done.set()

    def hub_now(self, verb: str) -> Callable[..., Awaitable[Any]]:
        """That method of the hub which there is when the call begins."""

        async def call(*arguments: Any, **more: Any) -> Any:
            if not self.reachable.is_set():
                # Where none comes back, the one that has ended refuses it.
                with trio.move_on_after(AWAY):
                    await self.reachable.wait()
            return await getattr(self.hub, verb)(*arguments, **more)

        return call

    def _finish(self, call: Call, outcome: str, answer: Plain) -> None:
        self._observe()
        self.outcomes[f"{call.kind} {outcome}"] += 1
        self.oracle.finish(call, outcome, answer)
        if call.kind == "erase" and outcome == "ok":
            self.oracle.gone(call, self.store.everything())
            for device in self.devices.values():
                if device.user == call.user:
                    device.crises.clear()

    def _words(self, user: str, level: str) -> str:
        self.messages += 1
        return f"{WORDS[level]} zq{user}{self.messages}q"

    async def _listen(self, listener: Listener, call: Call) -> None:
        self._observe()
        self.oracle.begin(call)
        try:
            async with self.hub.attach(call.user, call.room) as outbox:
                self._finish(call, "ok", {})
                listener.connected = self.oracle.now()
                while True:
                    self.oracle.heard(listener, plain(await outbox.receive()))
        except Evicted as evicted:
            listener.code = evicted.code
        except NexusError as error:
            self._finish(call, error.code, plain(vars(error)))
        finally:
            listener.left = True
            if not call.end and not self.oracle.over:
                self._finish(call, "cancelled", {})

    def _step(self, choice: int | str) -> None:
        self.stepper.step(choice)
        self._observe()

    def _quiet(self) -> None:
        """Until all wait, round by round, with an eye on each."""
        for _ in range(ROUNDS):
            if not self.stepper.round():
                return
            self._observe()
        self.oracle.require("I22", False, f"not at rest after {ROUNDS} rounds")

    def _settle(self) -> None:
        """Until all wait, then to the next deadline, until no call and no turn is left."""
        self._quiet()
        while (self.stepper.pending() or self.closing) and self.stepper.jump() is not None:
            self._quiet()
        # A turn whose waiter went away goes on, as long as its responder may take.
        while self.hub.statistics().waiting and self.stepper.jump() is not None:
            self._quiet()
        self._observe()
        waiting = [call for call in self.oracle.calls if not call.end]
        self.oracle.require("I11", not waiting, f"never answered: {waiting}")
        self.oracle.require("I22", not self.stepper.pending(), "something never ended")

    # --- what must hold ---

    def _observe(self) -> None:
        """After every step: who is where, and who lives."""
        if self.oracle.over:
            return
        if self.oracle.broken is not None:
            raise self.oracle.broken  # found in a task whose crash the hub has contained
        glance = self._glance()
        if glance == self._seen:
            return
        views = [self.hub.look(room) for room in ROOMS]
        for view in views:
            self.oracle.looked(view.room, view.position.offset, view.occupants)
        twice = set(views[0].occupants) & set(views[1].occupants)
        self.oracle.require("I13", not twice, f"{sorted(twice)} in two rooms")
        living = sum("_run_session" in name.split("/")[-1] for name in self.stepper.tasks())
        known = self.hub.statistics().sessions
        self.oracle.require("I7", living == known, f"{living} sessions live, {known} are known")
        self._bounded()
        self._seen = glance

    def _bounded(self) -> None:
        """I20: no queue is longer than it may be."""
        settings = self.hub.settings
        for session in self.hub._roster.live.values():
            length = len(session._jobs)
            self.oracle.require("I20", length <= settings.mailbox, f"{length} wait for a session")
        for device in self.devices.values():
            if device.connection is not None:
                outbox = device.connection.outbox
                length = len(outbox) - outbox._missed
                # One crisis notice more is never too much (I24).
                most = settings.outbox_frames + 1
                self.oracle.require("I20", length <= most, f"{length} wait for {device.user}")

    def _glance(self) -> object:
        """All that `_observe` looks at: while it is the same, so is what was found.

        Most steps change none of it, and a look costs more than a step. It takes the actors'
        own state, for a view is made of nothing else.
        """
        hub = self.hub
        if hub is not self._looked_at:
            self._looked_at = hub
            self._actors = [hub._services.rooms[name] for name in ROOMS]
        one, other = self._actors
        here, there = one._state, other._state
        return (
            self.stepper.spawned,
            len(hub._roster.live),
            here.position,
            *here.occupants,
            None,
            *one._owed,
            there.position,
            *there.occupants,
            None,
            *other._owed,
        )

    def _ask_now(self, users: list[str]) -> dict[str, tuple[Any, Any]]:
        """By user, the session and the history as the hub tells them, None where it has none."""
        found: dict[str, tuple[Any, Any]] = {}

        async def held(verb: Callable[[str], Awaitable[Any]], user: str) -> Any:
            with suppress(NotFound):
                return plain(await verb(user))

        async def look() -> None:
            for user in users:
                session = await held(self.hub.session, user)
                found[user] = session, await held(self.hub.history, user)

        operation = self.stepper.start(look, name="look")
        self._quiet()
        operation.result()
        return found

    def _check_rest(self) -> None:
        oracle, statistics = self.oracle, self.hub.statistics()
        oracle.require("I11", statistics.waiting == 0, f"{statistics.waiting} still waiting")
        oracle.require("I11", not self.responder.speaking, "a stream was left open")
        crashed = [*self._past, (statistics.session_crashes, statistics.room_crashes)]
        crashes = tuple(map(sum, zip(*crashed, strict=True)))
        oracle.require("I5", crashes == (oracle.crashes, 0), f"{crashes}, asked {oracle.crashes}")
        for line in self.log.lines:
            oracle.own("the log", line)
        called = {call.user for call in oracle.calls}
        strangers = self.store.users() - called
        oracle.require("I3", not strangers, f"held, and never called: {strangers}")
        for user, (held, page) in self._ask_now(sorted(called)).items():
            there = [room for room in ROOMS if user in self.hub.look(room).occupants]
            if held is None:
                oracle.at_rest(user, [], 0)
                continue
            oracle.require("I8", page is not None, f"{user} is held, and has no history")
            oracle.at_rest(user, page["turns"], held["session_messages"])
            same = there == ([held["room"]] if held["room"] else [])
            oracle.require("I13", same, f"{user} is in {there}, its session in {held['room']}")

    def _nobody_stays(self) -> None:
        """I15: when time has passed, those with a connection are here, and nobody else."""
        self._pass_time()
        here = {listener.user for listener, _ in self.listeners if not listener.left}
        here |= {device.user for device in self.devices.values() if device.connection}
        inside = {user for room in ROOMS for user in self.hub.look(room).occupants}
        self.oracle.require("I15", inside <= here, f"inside {inside}, connected {here}")
        for _, run in self.listeners:
            run.cancel()
        for device in self.devices.values():
            device.scope.cancel()
        self._pass_time()
        inside = {user for room in ROOMS for user in self.hub.look(room).occupants}
        self.oracle.require("I15", not inside, f"inside {inside}, and nobody is connected")
        self.oracle.require("I7", self.hub.sessions() == (), "a session never ended")

    def _pass_time(self) -> None:
        self._quiet()
        until = self.stepper.now + LONG
        while self.stepper.now < until and self.stepper.jump() is not None:
            self._quiet()
        self._observe()
