"""The real hub, sessions and rooms, driven by hand one step at a time.

Rules only start calls, let chosen tasks take chosen steps, cancel waiters, move
the clock. So every interleaving is a drawn value: it shrinks, and it replays.
"""

from __future__ import annotations

import dataclasses
import hashlib
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from bridge_calls import Call, Listener
from bridge_life import ROOMS, USERS
from device_rules import DeviceRules
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from nexus_trio.testing import Stepper

AT_ONCE = 8
"""Calls that may be under way: few enough that drawn steps get somewhere."""

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


class BridgeMachine(DeviceRules, RuleBasedStateMachine):
    tally = Tally()
    cuts = True
    """Whether the clock may jump while a commit is under way, so that its outcome is unknown."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[tuple[str, str], Call] = {}
        self.come_to_life(Stepper(), self.tally.counts, self.tally.outcomes)

    # --- calls: each rule only starts them ---

    def _start(self, call: Call, fn: Callable[..., Awaitable[Any]], *args: Any, **kw: Any) -> None:
        self.tally.calls += 1
        super()._start(call, fn, *args, **kw)

    few = precondition(lambda self: len(self.stepper.pending()) < AT_ONCE)

    @few
    @rule(user=users, level=levels, mode=modes, room=st.none() | rooms, twice=st.booleans())
    def post(self, user: str, level: str, mode: str, room: str | None, twice: bool) -> None:
        for _ in range(1 + twice):
            message = f"{self._words(user, level)} ({mode})"
            call = Call("ask", user, room, message, level, mode)
            self._start(call, self.hub_now("ask"), user, message, room=room)

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
        self._start(call, self.hub_now("ask"), user, call.message, client_ref=ref)

    @few
    @rule(user=users, room=rooms)
    def join(self, user: str, room: str) -> None:
        self._start(Call("join", user, room), self.hub_now("join"), user, room)

    @few
    @rule(user=users, room=rooms)
    def leave(self, user: str, room: str) -> None:
        self._start(Call("leave", user, room), self.hub_now("leave"), user, room)

    @few
    @rule(user=users, room=rooms, level=levels, aside=st.booleans())
    def say(self, user: str, room: str, level: str, aside: bool) -> None:
        words = self._words(user, level)
        if aside:
            call = Call("say_command", user, None, words, level)
            self._start(call, self.hub_now("ask"), user, f"/say {words}")
        else:
            call = Call("say", user, room, words, level)
            self._start(call, self.hub_now("say"), user, room, words)

    @few
    @rule(user=users, command=st.sampled_from(["look", "who", "/go Tower", "/go Garden"]))
    def command(self, user: str, command: str) -> None:
        self._start(Call("command", user), self.hub_now("ask"), user, command)

    @few
    @rule(user=users)
    def erase(self, user: str) -> None:
        self._start(Call("erase", user), self.hub_now("erase"), user)

    @few
    @rule(user=users)
    def read(self, user: str) -> None:
        self._start(Call("history", user), self.hub_now("history"), user)

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
            super().jump()

    @rule()
    def rest(self) -> None:
        """Let everything finish, and count."""
        self._settle()
        self._check_rest()
        for device in self.devices.values():
            device.at_rest()

    def teardown(self) -> None:
        with self.stepper:
            try:
                # After a failed rule a second failure would count as another one.
                if self.oracle.broken is None:
                    self.rest()
                    self._nobody_stays()
            finally:
                self.pass_away()
                if self.oracle.broken is not None:
                    self.tally.size = len(self.oracle.calls)
                    self.tally.broke = self.oracle.broken.number
                    _ = [operation.error for operation in self.stepper.operations]  # all seen
        tally = self.tally
        tally.examples += 1
        tally.steps += self.stepper.steps
        tally.overlaps += self.stepper.overlaps
        tally.trace.update(repr((self.stepper.trace, self.oracle.streams)).encode())
