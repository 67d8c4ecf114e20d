"""The real hub, sessions and rooms, driven by hand one step at a time.

Rules only start calls, let chosen tasks take chosen steps, cancel waiters, move
the clock. So every interleaving is a drawn value: it shrinks, and it replays.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from bridge_calls import Call, Listener, Plain
from bridge_oracle import WINDOW, Oracle
from bridge_stands import JournalStore, LogLines, MoodyResponder, plain
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from nexus_trio.errors import NexusError, NotFound
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.testing import Operation, Stepper
from nexus_trio.testing.hubs import open_fake_hub

USERS = ("ada", "bob", "cyd")
ROOMS = ("Tower", "Garden")
WORDS = {
    "none": "the sky is grey today",
    "concern": "everything feels pointless",
    "crisis": "I want to die",
}
AT_ONCE = 8
"""Calls that may be under way: few enough that drawn steps get somewhere."""

LONG = 2 * (1800 + 60)
"""Seconds of virtual time: the idle time and the grace of a session, and as much again."""

users, rooms, refs = st.sampled_from(USERS), st.sampled_from(ROOMS), st.sampled_from(["r1", "r2"])
choices = st.integers(0, 11)
# The rarer a thing, the further behind: Hypothesis tries the first more often.
levels = st.sampled_from(["none", "none", "concern", "concern", "crisis"])
modes = st.sampled_from(["ready", "stream", "stream", "fail", "hang", "crash"])


class Tally:
    """What a whole run of the machine came to, over all of its examples."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples = self.steps = self.overlaps = self.calls = 0
        self.size = 0  # calls in the last example that broke, and what it broke
        self.broke: str | None = None
        self.outcomes: Counter[str] = Counter()
        self.trace = hashlib.sha256()

    def table(self) -> str:
        """The figures, for people."""
        rows = [*sorted(self.counts.items(), key=lambda row: int(row[0][1:]))]
        rows += [(name, getattr(self, name)) for name in ("examples", "calls", "steps", "overlaps")]
        rows += sorted(self.outcomes.items())
        return "\n".join(f"{name:30} {count:>10,}" for name, count in rows)


class BridgeMachine(RuleBasedStateMachine):
    tally = Tally()
    cuts = True
    """Whether the clock may jump while a commit is under way, so that its outcome is unknown."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle(ROOMS, self.tally.counts)
        self.store = JournalStore(self.oracle)
        self.responder = MoodyResponder(self.oracle)
        self.hub: Hub
        self.listeners: list[tuple[Listener, Operation[None]]] = []
        self.last: dict[tuple[str, str], Call] = {}
        self.messages = 0
        self._turns = 0
        self.log = LogLines()
        logging.getLogger("nexus_trio").addHandler(self.log)
        self.stepper = Stepper()
        self.stepper.start(self._serve, name="hub", background=True)
        self.stepper.settle()

    async def _serve(self) -> None:
        bounds: dict[str, Any] = {"mailbox": 3, "history_window": WINDOW, "connections_per_user": 2}
        async with open_fake_hub(self.responder, self.store, **bounds) as self.hub:
            await trio.sleep_forever()

    # --- calls: each rule only starts them ---

    def _start(self, call: Call, fn: Callable[..., Awaitable[Any]], *args: Any, **kw: Any) -> None:
        self.tally.calls += 1
        name = f"{call.user}:{call.kind}"
        self.stepper.start(self._conduct, call, lambda: fn(*args, **kw), name=name)

    async def _conduct(self, call: Call, do: Callable[[], Awaitable[Any]]) -> None:
        self._observe()
        self.oracle.begin(call)
        try:
            answer = plain(await do())
        except NexusError as error:
            self._finish(call, error.code, {**plain(vars(error)), "text": repr(error)})
        except trio.Cancelled:
            if not self.oracle.over:
                self._finish(call, "cancelled", {})
            raise
        else:
            self._finish(call, "ok", answer)

    def _finish(self, call: Call, outcome: str, answer: Plain) -> None:
        self._observe()
        self.tally.outcomes[f"{call.kind} {outcome}"] += 1
        self.oracle.finish(call, outcome, answer)
        if call.kind == "erase" and outcome == "ok":
            self.oracle.gone(call, self.store.everything())

    def _words(self, user: str, level: str) -> str:
        self.messages += 1
        return f"{WORDS[level]} zq{user}{self.messages}q"

    few = precondition(lambda self: len(self.stepper.pending()) < AT_ONCE)

    @few
    @rule(user=users, level=levels, mode=modes, room=st.none() | rooms, twice=st.booleans())
    def post(self, user: str, level: str, mode: str, room: str | None, twice: bool) -> None:
        for _ in range(1 + twice):
            message = f"{self._words(user, level)} ({mode})"
            call = Call("ask", user, room, message, level, mode)
            self._start(call, self.hub.ask, user, message, room=room)

    @few
    @rule(user=users, ref=refs, level=levels, mode=modes, again=st.booleans())
    def post_with_reference(self, user: str, ref: str, level: str, mode: str, again: bool) -> None:
        last = self.last.get((user, ref))
        if last is not None and again:
            call = dataclasses.replace(last)
        else:
            message = f"{self._words(user, level)} ({mode})"
            call = Call("ask", user, None, message, level, mode, ref)
        self.last[user, ref] = dataclasses.replace(call)
        self._start(call, self.hub.ask, user, call.message, client_ref=ref)

    @few
    @rule(user=users, room=rooms)
    def join(self, user: str, room: str) -> None:
        self._start(Call("join", user, room), self.hub.join, user, room)

    @few
    @rule(user=users, room=rooms)
    def leave(self, user: str, room: str) -> None:
        self._start(Call("leave", user, room), self.hub.leave, user, room)

    @few
    @rule(user=users, room=rooms, level=levels, aside=st.booleans())
    def say(self, user: str, room: str, level: str, aside: bool) -> None:
        words = self._words(user, level)
        if aside:
            call = Call("say_command", user, None, words, level)
            self._start(call, self.hub.ask, user, f"/say {words}")
        else:
            call = Call("say", user, room, words, level)
            self._start(call, self.hub.say, user, room, words)

    @few
    @rule(user=users, command=st.sampled_from(["look", "who", "/go Tower", "/go Garden"]))
    def command(self, user: str, command: str) -> None:
        self._start(Call("command", user), self.hub.ask, user, command)

    @few
    @rule(user=users)
    def erase(self, user: str) -> None:
        self._start(Call("erase", user), self.hub.erase, user)

    @few
    @rule(user=users)
    def read(self, user: str) -> None:
        self._start(Call("history", user), self.hub.history, user)

    @rule(user=users, ref=refs)
    def stop(self, user: str, ref: str) -> None:
        self.hub.stop(user, ref)

    # --- connections ---

    @precondition(lambda self: len(self.listeners) < 5)
    @rule(user=users, room=st.none() | rooms)
    def attach(self, user: str, room: str | None) -> None:
        listener, call = Listener(user), Call("listen", user, room)
        run = self.stepper.start(
            self._listen, listener, call, name=f"{user}:listen", background=True
        )
        self.listeners.append((listener, run))

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

    @precondition(lambda self: self.listeners)
    @rule(choice=choices)
    def detach(self, choice: int) -> None:
        _, run = self.listeners.pop(choice % len(self.listeners))
        run.cancel()

    # --- the schedule ---

    @rule(several=st.lists(choices, min_size=1, max_size=25))
    def step(self, several: list[int]) -> None:
        """One chosen task after the other takes a step."""
        for choice in several:
            self._step(choice)

    @rule(choice=choices, steps=st.integers(2, 12))
    def run_one(self, choice: int, steps: int) -> None:
        """One task goes on for a while, and the others wait."""
        names = self.stepper.runnable()
        name = names[choice % len(names)] if names else ""
        for _ in range(steps):
            if name in self.stepper.runnable():
                self._step(name)

    @rule(order=st.integers(0, 999), steps=st.integers(2, 40))
    def run_by_rank(self, order: int, steps: int) -> None:
        """Some tasks always come before others, which may starve: each order is another."""
        for _ in range(steps):
            names = self.stepper.runnable()
            if names:
                self._step(max(names, key=lambda name: zlib.crc32(f"{order} {name}".encode())))

    @rule(choice=choices)
    def cancel(self, choice: int) -> None:
        self.stepper.cancel(choice)

    @rule()
    def jump(self) -> None:
        if self.cuts or not self.store.busy:
            self.oracle.hurried = self.oracle.hurried or bool(self.stepper.runnable())
            self.stepper.jump()

    @rule()
    def rest(self) -> None:
        """Let everything finish, and count."""
        self._settle()
        self._check_rest()

    def _step(self, choice: int | str) -> None:
        self.stepper.step(choice)
        self._observe()

    def _next(self, names: list[str]) -> int:
        self._observe()
        self._turns += 1
        return self._turns % len(names)

    def _settle(self) -> None:
        """Until all wait, then to the next deadline, until no call and no turn is left."""
        self.stepper.settle(choose=self._next, jump=True)
        # A turn whose waiter went away goes on, as long as its responder may take.
        while self.hub.statistics().waiting and self.stepper.jump() is not None:
            self.stepper.settle(choose=self._next)
        self._observe()
        waiting = [call for call in self.oracle.calls if not call.end]
        self.oracle.require("I11", not waiting, f"never answered: {waiting}")

    # --- what must hold ---

    def _observe(self) -> None:
        """After every step: who is where, and who lives."""
        if self.oracle.over:
            return
        if self.oracle.broken is not None:
            raise self.oracle.broken  # found in a task whose crash the hub has contained
        views = [self.hub.look(room) for room in ROOMS]
        for view in views:
            self.oracle.looked(view.room, view.position.offset, view.occupants)
        twice = set(views[0].occupants) & set(views[1].occupants)
        self.oracle.require("I13", not twice, f"{sorted(twice)} in two rooms")
        living = sum("_run_session" in name.split("/")[-1] for name in self.stepper.tasks())
        known = self.hub.statistics().sessions
        self.oracle.require("I7", living == known, f"{living} sessions live, {known} are known")

    def _ask_now(self, fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """What a call answers when it runs alone; None for `NotFound`."""
        operation = self.stepper.start(fn, *args, name="look")
        self.stepper.settle(choose=self._next)
        return None if isinstance(operation.error, NotFound) else plain(operation.result())

    def _check_rest(self) -> None:
        oracle, statistics = self.oracle, self.hub.statistics()
        oracle.require("I11", statistics.waiting == 0, f"{statistics.waiting} still waiting")
        oracle.require("I11", not self.responder.speaking, "a stream was left open")
        crashes = (statistics.session_crashes, statistics.room_crashes)
        oracle.require("I5", crashes == (oracle.crashes, 0), f"{crashes}, asked {oracle.crashes}")
        for line in self.log.lines:
            oracle.own("the log", line)
        for user in USERS:
            held = self._ask_now(self.hub.session, user)
            page = self._ask_now(self.hub.history, user)
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
        inside = {user for room in ROOMS for user in self.hub.look(room).occupants}
        self.oracle.require("I15", inside <= here, f"inside {inside}, connected {here}")
        for _, run in self.listeners:
            run.cancel()
        self._pass_time()
        inside = {user for room in ROOMS for user in self.hub.look(room).occupants}
        self.oracle.require("I15", not inside, f"inside {inside}, and nobody is connected")
        self.oracle.require("I7", self.hub.sessions() == (), "a session never ended")

    def _pass_time(self) -> None:
        self.stepper.settle(choose=self._next)
        until = self.stepper.now + LONG
        while self.stepper.now < until and self.stepper.jump() is not None:
            self.stepper.settle(choose=self._next)
        self._observe()

    def teardown(self) -> None:
        logging.getLogger("nexus_trio").removeHandler(self.log)
        with self.stepper:
            try:
                # After a failed rule a second failure would count as another one.
                if self.oracle.broken is None:
                    self._settle()
                    self._check_rest()
                    self._nobody_stays()
            finally:
                self.oracle.over = True
                if self.oracle.broken is not None:
                    self.tally.size = len(self.oracle.calls)
                    self.tally.broke = self.oracle.broken.number
                    _ = [operation.error for operation in self.stepper.operations]  # all seen
        tally = self.tally
        tally.examples += 1
        tally.steps += self.stepper.steps
        tally.overlaps += self.stepper.overlaps
        tally.trace.update(repr((self.stepper.trace, self.oracle.streams)).encode())
