"""The state machine of disclosures on the real hub, under virtual time, against an oracle.

Hypothesis draws what two users do, over calls, streams and connections, in whatever room,
how long they are away, restarts, erasures and a failing disk; and which laws are kept.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Literal, TypeAlias

import trio
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.crisis.disclosure import words
from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import Reply
from nexus_trio.runtime.frames import Answered, Failed, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

WISH = "I want to die"
HOUR = 3600

# The laws once more, by hand: hours between two disclosures, of adults and of known minors.
# Where a law asks for none, a start is anew after a day.
LAWS = {"us-ca": (24, 3), "us-ny": (3, 3), "us-wa": (3, 1), "eu": (24, 24)}

Kind = Literal["ask", "stream", "wire", "other room", "look", "say", "wish", "disk", "erase"]
Step: TypeAlias = tuple[str, Kind] | int | Literal["restart"]

KINDS: tuple[Kind, ...] = (
    "ask", "stream", "wire", "other room", "look", "say", "wish", "disk", "erase",
)  # fmt: skip
WAITS = (1, 1800, 3599, 3600, 3601, 7199, 10799, 10800, 43200, 86399, 86400, 100_000)

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("ada", "ben")), st.sampled_from(KINDS)),
        st.sampled_from(WAITS),
        st.just("restart"),
    ),
    min_size=4,
    max_size=30,
)


@dataclasses.dataclass
class Oracle:
    """When each user was last told, in seconds; and what is to be said by the laws kept."""

    laws: frozenset[str]
    minors: bool
    last: dict[str, float] = dataclasses.field(default_factory=dict)

    def expected(self, user: str, now: float) -> str | None:
        if not self.laws:
            return None
        if user not in self.last or now - self.last[user] >= 24 * HOUR:
            return words("start", minors=self.minors)
        hours = min(LAWS[law][self.minors] for law in self.laws)
        if now - self.last[user] >= hours * HOUR:
            return words("again", minors=self.minors)
        return None


class Play:
    """One run of drawn steps."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._store = FaultyStore(Names())
        self.seen = Counter[str]()

    async def run(self, drawn: list[Step]) -> None:
        left, names = list(drawn), Names()
        while left:
            async with open_fake_hub(
                FakeResponder(mode="stream"),
                self._store,
                names=names,
                since=0,
                session_idle_s=90.0,
                jurisdictions=",".join(sorted(self._oracle.laws)) or "none",
                minors="yes" if self._oracle.minors else "no",
            ) as hub:
                while left:
                    step = left.pop(0)
                    if step == "restart":
                        break
                    if isinstance(step, int):
                        await trio.sleep(step)
                    else:
                        await self._do(hub, *step)

    async def _do(self, hub: Hub, user: str, kind: Kind) -> None:
        match kind:
            case "erase":
                if await hub.records.holds(user):
                    await hub.erase(user)
                self._oracle.last.pop(user, None)
            case "say":
                await hub.say(user, "Tower", "good evening")
            case "look":
                assert (await hub.ask(user, "look")).notices == ()
            case "wish":
                # It says itself that this is an AI, and nothing else is beside it.
                reply = await hub.ask(user, WISH)
                assert reply.notices == ()
                assert "I'm an AI" in reply.response
            case "disk":
                await self._without_a_disk(hub, user)
            case _:
                self._judge(user, *await self._turn(hub, user, kind))

    async def _turn(self, hub: Hub, user: str, kind: Kind) -> tuple[Reply, list[str] | None]:
        """A reply, and the disclosures that came as events before it, where those are heard."""
        if kind in ("ask", "other room"):
            there = await hub.records.holds(user) and (await hub.session(user)).room
            room = None if kind == "ask" else "Garden" if there == "Tower" else "Tower"
            return await hub.ask(user, "hello", room=room), None
        if kind == "stream":
            stream = await hub.stream(user, "hello")
            reply = await stream.outcome()
            return reply, [f.text for f in taken(stream.outbox) if isinstance(f, Noticed)]
        async with hub.connect(user) as one:
            await wait_all_tasks_blocked()
            taken(one.outbox)  # what is owed, of a crisis
            one.message("m", "hello")
            await wait_all_tasks_blocked()
            frames = taken(one.outbox)
        (answer,) = [frame for frame in frames if isinstance(frame, Answered)]
        told = [f.text for f in frames if isinstance(f, Noticed) and f.kind == "disclosure"]
        return answer.reply, told

    def _judge(self, user: str, reply: Reply, events: list[str] | None) -> None:
        now = trio.current_time()
        expected = self._oracle.expected(user, now)
        whole = [] if expected is None else [expected]
        assert [n.text for n in reply.notices if n.kind == "disclosure"] == whole
        assert events is None or events == whole
        if expected is not None:
            self._oracle.last[user] = now
        self.seen["none" if expected is None else "told"] += 1

    async def _without_a_disk(self, hub: Hub, user: str) -> None:
        """What could not be stored is said again: it counts as not said."""
        self._store.fault = "down"
        try:
            await hub.ask(user, "hello")
        except StoreUnavailable:
            self.seen["refused"] += 1
        else:
            raise AssertionError("it was answered without a disk")
        finally:
            self._store.fault = None


def taken(outbox: object) -> list[object]:
    """What waits in an outbox."""
    found = [outbox.take() for _ in range(len(outbox))]  # type: ignore[attr-defined,arg-type]  # an outbox
    assert not [frame for frame in found if isinstance(frame, Failed)]
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.frozensets(st.sampled_from(sorted(LAWS))), st.booleans())
def test_each_is_told_when_the_laws_say_so_and_never_otherwise(
    drawn: list[Step], laws: frozenset[str], minors: bool
) -> None:
    play = Play(Oracle(laws, minors))
    trio.run(play.run, drawn, clock=MockClock(autojump_threshold=0))
    for what in play.seen:
        event(what)


def test_the_machine_sees_each_of_its_states() -> None:
    """A day of two users, so that what is drawn above is known to mean something."""
    day: list[Step] = [("ada", "ask"), ("ada", "wire"), 3599, ("ada", "stream"), 1]
    day += [("ada", "other room"), "restart", ("ada", "ask"), ("ben", "wish"), ("ben", "disk")]
    day += [
        ("ben", "wire"),
        7200,
        ("ben", "erase"),
        ("ben", "ask"),
        ("ada", "say"),
        ("ada", "look"),
    ]
    day += [100_000, ("ada", "stream"), ("ben", "wire")]
    play = Play(Oracle(frozenset({"us-wa"}), minors=True))
    trio.run(play.run, day, clock=MockClock(autojump_threshold=0))
    assert play.seen == {"told": 6, "none": 3, "refused": 1}
