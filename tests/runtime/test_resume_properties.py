"""Any interleaving of events, disconnects and resumes gives each event once, in order, or says so.

The schedule is drawn too: operations are only started, and then a chosen task takes its next
step, or the clock jumps. What clients are told is held against `resume_model`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from resume_model import MOST, Client, Truth, TruthfulStore

from nexus_trio.errors import NexusError
from nexus_trio.runtime import resume, room
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.outbox import TOO_MANY, TOO_SLOW, Evicted
from nexus_trio.testing import Stepper
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub

DEVICES = ("ada", "ada", "ada", "bob")
MESSAGES = ("hello", "I want to die", "again")
ROOMS = ("Tower", "Garden")
EXAMPLES = 300
BOUNDS: dict[str, Any] = {"mailbox": 4, "outbox_frames": 6, "connections_per_user": 2}


class Play:
    """One run: the hub under the stepper, and its clients."""

    def __init__(self, stepper: Stepper, tally: Counter[str], policy: str) -> None:
        self.stepper = stepper
        self.tally = tally
        self.truth = Truth()
        self.store = TruthfulStore(self.truth)
        self.responder = FakeResponder()
        self.clients = [Client(user, self.truth, tally) for user in DEVICES]
        self.leaving: dict[int, trio.Event] = {}
        self.hub: Hub
        self.messages = 0
        stepper.start(self._serve, policy, name="hub", background=True)
        stepper.settle()
        for at in (0, 3):
            self.come(at)
            stepper.settle()

    async def _serve(self, policy: str) -> None:
        async with open_fake_hub(
            self.responder, self.store, on_disconnect=policy, **BOUNDS
        ) as self.hub:
            await trio.sleep_forever()

    def start(self, call: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> None:
        async def run() -> None:
            try:
                await call(*args, **more)
            except NexusError as error:
                self.tally[f"error {error.code}"] += 1

        self.stepper.start(run, name=call.__name__)

    # --- connections ---

    def come(self, at: int) -> None:
        if at not in self.leaving:
            self.leaving[at] = trio.Event()
            self.stepper.start(self._stay, at, name=f"client {at}")

    async def _stay(self, at: int) -> None:
        client, leaving = self.clients[at], self.leaving[at]
        asked = client.asks_for()
        try:
            async with self.hub.connect(client.user, **asked) as connection:
                client.arrived(connection, asked)
                await leaving.wait()
                if not connection.outbox.closed:
                    connection.gone()
        except NexusError as error:
            self.tally[f"error {error.code}"] += 1
        finally:
            client.gone()
            del self.leaving[at]

    def go(self, at: int) -> None:
        if at in self.leaving:
            self.leaving[at].set()

    def read(self, at: int, most: int) -> None:
        """Read; at an end that the server made, come back later."""
        client = self.clients[at]
        client.read(most)
        connection = client.connection
        if connection is not None and connection.outbox.closed and not len(connection.outbox):
            self.tally[f"evicted {self._code(connection.outbox)}"] += 1
            client.gone()
            self.go(at)

    def _code(self, outbox: Any) -> int:
        try:
            outbox.receive().send(None)
        except Evicted as evicted:
            return evicted.code
        raise AssertionError("a closed outbox says why")

    def post(self, at: int, message: str, again: bool) -> None:
        """A message over the connection of a client; `again` is one that was sent before."""
        connection = self.clients[at].connection
        if connection is None or connection.outbox.closed:
            return
        self.messages += 1
        ref = f"m{self.messages}"
        self.clients[at].pending.add(ref)
        try:
            connection.message(ref, message, client_ref=f"r-{message[0]}" if again else None)
        except NexusError as error:
            self.tally[f"error {error.code}"] += 1
            self.clients[at].pending.discard(ref)

    # --- the steps that are drawn ---

    def take(self, name: str, *values: Any) -> None:
        match name, values:
            case "ask", (user, message, times):
                for _ in range(times):
                    self.start(self.hub.ask, user, message)
            case "post", (at, message, again):
                self.post(at, message, again)
            case "twice", (at, message):
                for _ in range(2):
                    self.post(at, message, True)
                    self.stepper.settle()
            case "say", (user, where, times):
                for _ in range(times):
                    self.start(self.hub.say, user, where, f"aloud by {user}")
            case "join", (user, where):
                self.start(self.hub.join, user, where)
            case "leave", (user, where):
                self.start(self.hub.leave, user, where)
            case "erase", (user,):
                self.start(self.hub.erase, user)
            case "mode", (mode,):
                self.responder.mode = mode
                self.responder.release.set()
                self.responder.release = trio.Event()
            case "refuse", (times,):
                self.store.refusals = times
            case "come" | "go", (at,):
                getattr(self, name)(at)
            case "read", (at, most):
                self.read(at, most)
            case "steps", (choices,):
                for choice in choices:
                    self.stepper.step(choice)
            case "return", (at,):
                self.go(at)
                self._run_alone(f"client {at}")
                self.come(at)
            case "settle", ():
                self.stepper.settle()
            case "wait", (seconds,):
                self.stepper.advance(seconds)

    def _run_alone(self, name: str) -> None:
        """These tasks go as far as they can, while all others wait."""
        while names := [each for each in self.stepper.runnable() if each.startswith(name)]:
            self.stepper.step(names[0])

    def end(self) -> None:
        """All come back and read on: then what each has been given is the whole."""
        self.store.refusals = 0
        self.take("mode", "ready")
        self.stepper.settle()
        for _ in range(2):
            for at in range(len(self.clients)):
                self.read(at, 10_000)
                self.go(at)
            self.stepper.settle()
        # One after the other, for there are more of them than may be connected.
        for at, client in enumerate(self.clients):
            self.come(at)
            self.stepper.settle()
            self.start(self.hub.ask, client.user, "the end")
            self.start(self.hub.say, client.user, "Tower", "the end")
            self.stepper.settle()
            self.read(at, 10_000)
            self._has_all(client)
            self.go(at)
            self.stepper.settle()

    def _has_all(self, client: Client) -> None:
        assert client.connection is not None, "not connected at the end"
        assert client.position == client.connection.position
        assert client.room == "Tower"
        assert client.places["Tower"] == self.hub.look("Tower").position
        assert not client.pending


users = st.sampled_from(["ada", "ada", "bob", "cyd"])
devices = st.integers(0, len(DEVICES) - 1)
rooms = st.sampled_from(ROOMS + ROOMS[:1])
choices = st.lists(st.integers(0, 11), min_size=1, max_size=12)


def steps(name: str, *values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *values)


STEPS = st.one_of(
    steps("steps", choices),
    steps("steps", choices),
    steps("ask", users, st.sampled_from(MESSAGES), st.sampled_from([1, 1, 3])),
    steps("post", devices, st.sampled_from(MESSAGES), st.booleans()),
    steps("twice", devices, st.sampled_from(MESSAGES)),
    steps("say", users, rooms, st.sampled_from([1, 1, 6])),
    steps("come", devices),
    steps("come", devices),
    steps("go", devices),
    steps("return", devices),
    steps("return", devices),
    steps("read", devices, st.integers(1, 30)),
    steps("mode", st.sampled_from(["ready", "stream", "hang", "hang", "fail", "fail"])),
    steps("join", users, rooms),
    steps("leave", users, rooms),
    steps("settle"),
    steps("erase", st.sampled_from(["cyd", "ada"])),
    steps("wait", st.sampled_from([1.0, 1.0, 6.0, 61.0, 700.0])),
    steps("refuse", st.integers(1, 3)),
)

REACHED = (
    "recovered",
    "not recovered",
    "tombstones",
    "noticed again",
    "told again",
    "repeated",
    f"evicted {TOO_SLOW}",
    f"evicted {TOO_MANY}",
    "evicted 4410",
    "store",
    "error store_unavailable",
    "error responder_failed",
)


def test_each_event_once_and_in_order_or_not_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    # Small, so that clients miss more than memory keeps, and more than a resume gives.
    monkeypatch.setattr(resume, "MOST", MOST)
    monkeypatch.setattr(room, "WINDOW_EVENTS", 5)
    tally: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        program=st.lists(STEPS, min_size=20, max_size=80), policy=st.sampled_from(["keep", "abort"])
    )
    def play(program: list[tuple[Any, ...]], policy: str) -> None:
        with Stepper() as stepper:
            run = Play(stepper, tally, policy)
            for name, *values in program:
                run.take(name, *values)
            run.end()
        tally["steps"] += stepper.steps
        tally["overlaps"] += stepper.overlaps
        tally["store"] += run.store.room_reads

    play()
    print("\n" + "\n".join(f"{name:30} {count:>9,}" for name, count in sorted(tally.items())))
    # What never happened was not shown, nor what never overlapped.
    assert not [name for name in REACHED if not tally[name]]
    assert tally["overlaps"] > tally["steps"] / 2
