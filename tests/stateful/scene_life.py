"""One run of a scene: what its operations do on the real hub, and what is checked at rest.

Each operation becomes a task of its own, so each of its steps is a choice. Those that
connect listeners and devices come first: these are there before the search begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, Final

import trio
from bridge_calls import Call, Listener
from bridge_life import LONG, ROOMS, WORDS, BridgeLife
from bridge_stands import JournalStore, MoodyResponder
from devices import Device

from nexus_trio.errors import NexusError, StoreUnavailable
from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.responders.base import Prompt
from nexus_trio.store.base import Page
from nexus_trio.testing import Stepper
from nexus_trio.testing.linear import Call as Noted
from nexus_trio.testing.linear import History, check_linearizable
from nexus_trio.testing.program import Checks

Operations = list[list[Any]]

PATIENCE: Final = 100.0
"""Seconds that something waits for what it is to come after; then it comes without it."""

ATTEMPTS: Final = 6
"""How often a client sends again what it may send again."""


class SlowStore(JournalStore):
    """One that takes a moment for each answer."""

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Turn | None:
        if client_ref.startswith("slow"):
            await trio.sleep(0.03)  # longer than a crisis notice waits for it
        found: Turn | None = await super().reference(user_id, client_ref, since)
        return found

    async def history(self, user_id: str, after: Position | None, limit: int) -> Page | None:
        await trio.lowlevel.checkpoint()
        return await super().history(user_id, after, limit)

    async def room_tail(self, room: str) -> Position:
        await trio.lowlevel.checkpoint()
        return await super().room_tail(room)

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        await trio.lowlevel.checkpoint()
        return await super().room_events(room, after, limit)

    async def occupants(self, room: str) -> Mapping[str, str | None]:
        await trio.lowlevel.checkpoint()
        return await super().occupants(room)


class SlowResponder(MoodyResponder):
    """One that takes a moment to begin."""

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        await trio.lowlevel.checkpoint()
        async with super().stream(prompt) as words:
            yield words


class Scene(BridgeLife):
    """One run of a scene."""

    store: SlowStore

    def __init__(self, stepper: Stepper, operations: Operations, bounds: dict[str, Any]) -> None:
        self.checks = Checks()
        self._spawned = -1
        self.idle = False
        """Whether nobody could go on, while a server ends."""
        # Where no persona is spoken to, two tasks that only listen would cost a third of the run.
        bounds = {"persona_aloud": "off", **bounds}
        self.come_to_life(
            stepper, self.checks.counts, Counter(), SlowStore, SlowResponder, **bounds
        )
        self.history = History()
        self.movers: list[tuple[str, str]] = []
        self.checks.after_step = self._after_step
        self.checks.at_rest = self._at_rest
        self.checks.at_end = self.pass_away
        for verb, *arguments in operations:
            getattr(self, f"do_{verb}")(*arguments)
        self.inside = {room: self.hub.look(room).occupants for room in ROOMS}
        self.time, self.steps = self.stepper.now, self.stepper.steps

    def later(self, name: str, do: Callable[[], Awaitable[Any]]) -> None:
        """Start something that is no call of a user."""
        self.stepper.start(do, name=name)

    def at_once(self, name: str, do: Callable[[], object], after: trio.Event | None = None) -> None:
        """Start something that never waits: one step, the first one or the one behind `after`."""

        async def run() -> None:
            if after is not None:
                with trio.move_on_after(PATIENCE):
                    await after.wait()
            do()

        self.later(name, run)

    # --- the verbs ---

    def do_ask(self, user: str, level: str, mode: str, number: int, ref: str | None = None) -> None:
        message = f"{WORDS[level]} zq{user}{number}q ({mode})"
        call = Call("ask", user, None, message, level, mode, ref)
        self._start(call, self.hub_now("ask"), user, message, client_ref=ref)

    def do_persist(self, user: str, level: str, mode: str, number: int, ref: str) -> None:
        """A client that sends the same again until it is answered."""
        message = f"{WORDS[level]} zq{user}{number}q ({mode})"

        async def persist() -> None:
            for _ in range(ATTEMPTS):
                call = Call("ask", user, None, message, level, mode, ref)
                await self._conduct(call, lambda: self.hub.ask(user, message, client_ref=ref))
                if call.outcome not in ("aborted", "draining", "store_unavailable"):
                    return
                await trio.sleep(1)

        self.later(f"{user}:persist", persist)

    def do_command(self, user: str, words: str) -> None:
        if words.startswith("/go "):
            self.movers.append((user, words.removeprefix("/go ")))
        self._start(Call("command", user), self.hub_now("ask"), user, words)

    def do_wait(self, seconds: float) -> None:
        """Time passes: other timeouts come first."""
        self.later(f"wait {seconds:g}", partial(trio.sleep, seconds))

    def do_join(self, user: str, room: str) -> None:
        self._start(Call("join", user, room), self._noted, user, "enter", room, "join")

    def do_leave(self, user: str, room: str) -> None:
        self._start(Call("leave", user, room), self._noted, user, "exit", room, "leave")

    def do_say(
        self, user: str, room: str, level: str, number: int, to: str = "", delay: float = 0
    ) -> None:
        words = f"{to} {WORDS[level]} zq{user}{number}q".strip()

        async def say() -> Any:
            if delay:
                await trio.sleep(delay)
            return await self.hub.say(user, room, words)

        self.movers.append((user, room))
        self._start(Call("say", user, room, words, level), say)

    def do_hold(self, seconds: float) -> None:
        """What is to be stored within so many seconds is not, and nobody is told."""

        async def hold() -> None:
            self.store.held = True
            try:
                await trio.sleep(seconds)
            finally:
                self.store.held = False

        self.later("hold", hold)

    def do_look(self, room: str) -> None:
        async def look() -> None:
            await self.history.call(room, ("look", ""), self._look(room))

        self.later(f"look {room}", look)

    def do_erase(self, user: str) -> None:
        self._start(Call("erase", user), self.hub_now("erase"), user)

    def do_stop(self, user: str, ref: str) -> None:
        self.at_once(f"{user}:stop", lambda: self.hub.stop(user, ref))

    def do_cancel(self, name: str) -> None:
        """A caller goes away."""
        operation = next(o for o in self.stepper.operations if o.name == name)
        self.at_once(f"cancel {name}", operation.cancel)

    def do_listen(self, user: str, room: str | None = None) -> None:
        listener, call = Listener(user), Call("listen", user, room)
        run = self.stepper.start(
            self._listen, listener, call, name=f"{user}:listen", background=True
        )
        self.listeners.append((listener, run))
        self.stepper.settle()

    def do_unlisten(self, user: str) -> None:
        runs = [run for listener, run in self.listeners if listener.user == user]
        self.at_once(f"{user}:unlisten", runs[0].cancel)

    def do_device(self, user: str, reads: bool = True) -> None:
        """A device is connected before the scene begins; it does not read before `do_read`.

        Unless it `reads`. A second device of a user is called `ada/2`, as its own user elsewhere.
        """
        device = self.devices[user] = Device(self, user.split("/")[0])
        if reads:
            device.may_read.set()
        self.stepper.start(device.visit, name=f"{user}:device", background=True)
        self.stepper.settle()

    def do_read(self, user: str) -> None:
        self.at_once(f"{user}:read", self.devices[user].may_read.set)

    def do_drop(self, user: str, after: str = "") -> None:
        """Its connection breaks, once it was given a frame of the kind `after`."""
        device = self.devices[user]
        came = device.came[after] if after else None
        self.at_once(f"{user}:drop", lambda: device.scope.cancel(), came)

    def do_return(self, user: str, delay: float = 0, seen: bool = False) -> None:
        """It comes back once it is gone, and tries again where it is not welcome yet."""

        async def come() -> None:
            device = self.devices[user]
            with trio.move_on_after(PATIENCE):
                await device.gone.wait()
            await trio.sleep(delay)
            device.seen = seen
            device.may_read.set()
            for _ in range(ATTEMPTS):
                if device.connection is not None:
                    return
                device.answered = trio.Event()
                self.stepper.start(device.visit, name=f"{user}:again", background=True)
                await device.answered.wait()
                await trio.sleep(3)

        self.later(f"{user}:return", come)

    def do_send(self, user: str, level: str, mode: str, number: int) -> None:
        """A message over the device's connection, if it has one then."""
        message = f"{WORDS[level]} zq{user}{number}q ({mode})"
        call = Call("send", user, None, message, level, mode)
        device, ref = self.devices[user], f"m{number}"

        async def send() -> dict[str, Any]:
            if device.connection is not None:
                device.connection.message(ref, message)
                if level == "crisis":
                    device.crises.add(ref)
            return {}

        self._start(call, send)

    def do_stop_sent(self, user: str, number: int, after: str = "") -> None:
        """`stop` over the device's connection, once it was given a frame of the kind `after`."""

        def stop() -> None:
            connection = self.devices[user].connection
            if connection is not None and f"m{number}" in connection._pending:
                connection.stop(f"m{number}")

        self.at_once(f"{user}:stop", stop, self.devices[user].came[after] if after else None)

    def do_acknowledge(self, user: str, after: str) -> None:
        async def acknowledge() -> None:
            device = self.devices[user]
            with trio.move_on_after(PATIENCE):
                await device.came[after].wait()
            if device.connection is not None and device.position is not None:
                self.acknowledged.add(device.user)  # be it in doubt
                try:
                    await device.connection.acknowledge(device.position)
                except NexusError:
                    device.frames["ack refused"] += 1

        self.later(f"{user}:ack", acknowledge)

    def do_restart(self, lossy: bool = False, waits: bool = True) -> None:
        """The server ends, once a turn is stored if it `waits`; another one begins on its store.

        `lossy`: the store takes nothing more of the first one.
        """

        async def restart() -> None:
            if waits:
                with trio.move_on_after(PATIENCE):
                    await self.store.received.wait()
            await self._restart(lossy=lossy)

        self.later("restart", restart)

    # --- behind the verbs ---

    async def _noted(self, user: str, kind: str, room: str, verb: str) -> Any:
        other = next(each for each in ROOMS if each != room)
        left = self._left_by_moving(user, other) if kind == "enter" else None
        found = await self.history.call(
            room,
            (kind, user),
            lambda: self.hub_now(verb)(user, room),
            unknown=(StoreUnavailable,),
            seen=lambda view: None,
        )
        if left is not None:
            self.history.calls[left] = Noted(
                other, ("exit", user), self.history.calls[left].start, self.history.now()
            )
        return found

    def _left_by_moving(self, user: str, room: str) -> int:
        """Who enters one room leaves the other, at some moment of that call."""
        self.history.calls.append(Noted(room, ("exit", user), self.history.now()))
        return len(self.history.calls) - 1

    def _look(self, room: str) -> Callable[[], Awaitable[tuple[str, ...]]]:
        async def look() -> tuple[str, ...]:
            await trio.lowlevel.checkpoint()
            return self.hub.look(room).occupants

        return look

    def _after_step(self) -> None:
        if self.stepper.now != self.time or self.stepper.steps == self.steps:
            # Whoever the clock or a cancellation has overtaken may be gone before the stream
            # says so.
            self.oracle.hurried = True
            self.hasty = self.hasty or not self.idle
        self.time, self.steps = self.stepper.now, self.stepper.steps
        self.idle = self.closing and not self.stepper.runnable()
        self._observe()

    def _observe(self) -> None:
        if self.stepper.spawned != self._spawned:
            self._spawned = self.stepper.spawned
            self._look_for_the_server()
        super()._observe()

    def _look_for_the_server(self) -> None:
        server = next(o for o in reversed(self.stepper.operations) if o.name[:3] == "hub")
        replaced = any(name == "restart" for name in self.stepper.tasks())
        if not replaced and (server.done or not (self.may_end.is_set() or self._rooms_run())):
            # The scope that was cancelled was the hub's own: there is no server any more,
            # and all that is left to see is that everything ends.
            self.oracle.over = True
            _ = server.error

    def _rooms_run(self) -> bool:
        return (
            sum(name.split("/")[-1][:13] == "Hub._run_room" for name in self.stepper.tasks()) == 2
        )

    # --- at rest ---

    def _at_rest(self) -> None:
        self._settle()
        self.checks.require("I22", not self.stepper.pending(), "something never ended")
        if self.oracle.over:
            return
        for device in self.devices.values():
            device.at_rest()
        self._check_rest()
        self._linear()
        self._all_go()

    def _all_go(self) -> None:
        """I15, I7: when nobody is connected and time has passed, nobody is in a room, or lives."""
        for device in self.devices.values():
            device.scope.cancel()
        for _, run in self.listeners:
            run.cancel()
        self._quiet()
        until = self.stepper.now + LONG
        while self.hub.sessions() and self.stepper.now < until:
            if self.stepper.jump() is None:
                break
            self._quiet()
        self._observe()
        inside = {user for room in ROOMS for user in self.hub.look(room).occupants}
        self.oracle.require("I15", not inside, f"inside {inside}, and nobody is connected")
        self.oracle.require("I7", self.hub.sessions() == (), "a session never ended")

    def _linear(self) -> None:
        """I13, again, and by other means: some order of the calls explains each look."""
        users = {operation[1] for call in self.history.noted() if (operation := call.operation)[1]}
        for room in ROOMS:
            calls = [call for call in self.history.noted() if call.process == room]
            if not any(call.operation == ("look", "") for call in calls):
                continue
            # Whoever's grace is over, or whom the store was too slow for, leaves unasked.
            calls += [Noted(room, ("exit", user), 0) for user in sorted(users)]
            # And who says something in a room goes there first, or is told to go there.
            calls += [Noted(room, ("enter", user), 0) for user, to in self.movers if to == room]
            self.checks.counts["I13"] += 1
            check_linearizable(calls, self.inside[room], members)


def members(inside: tuple[str, ...], operation: Hashable) -> tuple[tuple[str, ...], Any]:
    """A room, one call at a time: who is in it."""
    kind, user = operation  # type: ignore[misc]  # as noted above
    if kind == "look":
        return inside, inside
    without = tuple(each for each in inside if each != user)
    return (tuple(sorted((*without, user))) if kind == "enter" else without), None
