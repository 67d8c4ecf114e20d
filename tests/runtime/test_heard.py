"""A persona hears all who speak in its room, and with any of them goes what it made of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.control import shapes
from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import Erased, Position, RoomEvent
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.frames import Heard
from nexus_trio.runtime.hub import Hub
from nexus_trio.store.base import PutRoomEvent, Store, Write
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

IRIS = "persona:Iris"
MARK = "bob-plum"


def telltale(prompt: Prompt) -> str:
    """An answer made of all that its prompt holds."""
    said = [f"{e.speaker} said {e.message} and heard {e.response}." for e in prompt.history]
    return " ".join([f"You said {prompt.message}.", *said])


@asynccontextmanager
async def three(
    responder: FakeResponder | None = None, store: Store | None = None, cooldown: float = 0.0
) -> AsyncIterator[Hub]:
    """Ada, Bob and Cyd in the Tower, with a persona that tells all that it knows."""
    found = responder or FakeResponder(telltale)
    async with open_fake_hub(found, store, persona_cooldown_s=cooldown) as hub:
        for user in ("ada", "bob", "cyd"):
            await hub.join(user, "Tower", username=user.title())
        yield hub


async def say(hub: Hub, user: str, words: str, room: str = "Tower") -> None:
    await hub.say(user, room, words)
    await wait_all_tasks_blocked()


async def stored(store: Store, room: str = "Tower") -> tuple[RoomEvent, ...]:
    tail = await store.room_tail(room)
    return await store.room_events(room, Position(tail.epoch, 0), 1000)


async def gossip(hub: Hub) -> None:
    """Ada is told what Bob said, Cyd what Ada was told; the second of two answers knows nothing."""
    await say(hub, "bob", f"{MARK} is ripe")
    await say(hub, "ada", "Iris, who spoke?")
    await say(hub, "cyd", "Iris, what did you tell Ada?")


async def shown_on_resume(hub: Hub, user: str, after: Position) -> list[RoomEvent]:
    async with hub.connect(user, room_after=after) as again:
        assert again.welcome.recovered
        frames = [again.outbox.take() for _ in range(len(again.outbox))]
        return [frame.event for frame in frames if isinstance(frame, Heard)]


async def test_it_knows_what_somebody_else_said_aloud_before() -> None:
    responder = FakeResponder(telltale)
    async with three(responder) as hub:
        await gossip(hub)
        spoke, told = responder.prompts
        assert [(e.speaker, e.message, e.response) for e in spoke.history] == [
            ("Bob", f"{MARK} is ripe", "")
        ]
        assert MARK in told.history[-1].response
        answers = [e for e in await stored(hub._services.store) if e.user_id == IRIS]
        assert [e.text is not None and MARK in e.text for e in answers] == [True, True]
        assert [(e.about, set(e.heard)) for e in answers] == [
            ("ada", {"bob"}),
            ("cyd", {"ada", "bob"}),
        ]


async def test_of_what_was_private_or_said_elsewhere_it_is_told_nothing() -> None:
    """Whoever it is that asks, and whatever the private words or their verdicts were."""
    responder = FakeResponder(telltale)
    async with three(responder) as hub:
        for user in ("ada", "bob", "cyd"):
            await hub.ask(user, f"canary-private-{user}")
            await hub.ask(user, f"I want to die, canary-crisis-{user}")
            await say(hub, user, f"Moss, canary-garden-{user}", "Garden")
            await hub.join(user, "Tower")
        aloud = len(responder.prompts)
        for user in ("ada", "bob", "cyd", "ada"):
            await hub.ask(user, f"canary-later-{user}")
            await say(hub, user, f"Iris, {user}-aloud")
        prompts = [prompt for prompt in responder.prompts[aloud:] if prompt.aloud]
        assert len(prompts) == 4
        assert [e.message for e in prompts[-1].history] == [
            f"Iris, {user}-aloud" for user in ("ada", "bob", "cyd")
        ]
        for prompt in prompts:
            shown = [prompt.message, prompt.username, prompt.user_id, prompt.crisis_level]
            shown += [text for e in prompt.history for text in (e.message, e.response, e.speaker)]
            assert "canary" not in str(shown)
            assert prompt.crisis_level == "none"
        # And the other way round: what is said aloud is in nobody's private prompt.
        private = [p for p in responder.prompts if not p.aloud]
        assert not [p for p in private if "aloud" in str((p.message, p.history))]


@pytest.fixture(params=["memory", "process", "power"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore(Names())
        return
    async with open_store(tmp_path / "data", request.param, Names()) as durable:
        yield durable


@pytest.mark.parametrize("restarted", [False, True])
async def test_with_whom_it_heard_its_answers_go(store: Store, restarted: bool) -> None:
    responder = FakeResponder(telltale)
    async with (
        open_fake_hub(responder, store, persona_cooldown_s=0.0) as hub,
        hub.connect("ada", username="Ada") as ada,
    ):
        start = ada.welcome.room_position
        for user in ("bob", "cyd"):
            await hub.join(user, "Tower", username=user.title())
        await say(hub, "cyd", "Iris, what is new?")
        await gossip_until(hub, store, 2)
        if not restarted:
            await bob_is_erased(hub, responder, store)
            events = await shown_on_resume(hub, "ada", start)
            assert MARK not in str([event.text for event in events])
            assert sum(event.event == "erased" for event in events) == 5
    if restarted:
        async with open_fake_hub(responder, store, persona_cooldown_s=0.0) as hub:
            for user in ("ada", "cyd"):
                await hub.join(user, "Tower", username=user.title())
            await bob_is_erased(hub, responder, store)


async def gossip_until(hub: Hub, store: Store, answers: int) -> None:
    """`gossip`, each word said when the answer to the one before it is stored."""

    async def answered(number: int) -> None:
        while sum(e.user_id == IRIS for e in await stored(store)) < number:
            await trio.lowlevel.checkpoint()

    await answered(1)
    await hub.say("bob", "Tower", f"{MARK} is ripe")
    await hub.say("ada", "Tower", "Iris, who spoke?")
    await answered(2)
    await hub.say("cyd", "Tower", "Iris, what did you tell Ada?")
    await answered(3)
    assert len([e for e in await stored(store) if MARK in (e.text or "")]) == answers + 1


async def bob_is_erased(hub: Hub, responder: FakeResponder, store: Store) -> None:
    erased = await hub.erase("bob")
    # joined, said, left; the answers to ada and to cyd
    assert erased.events == 5
    events = await stored(store)
    assert MARK not in str([event.text for event in events])
    assert "bob" not in repr([(e.user_id, e.username, e.about, sorted(e.heard)) for e in events])
    # What was not made of Bob's words is there, and goes on being known.
    assert [e.about for e in events if e.user_id == IRIS] == ["cyd"]
    exported = [shapes.event(event) for event in await store.events_of("ada", None, 99)]
    assert MARK not in json.dumps(exported)
    asked = len(responder.prompts)
    await hub.say("ada", "Tower", "Iris, and now?")
    while len(responder.prompts) == asked:
        await trio.lowlevel.checkpoint()
    known = responder.prompts[-1]
    assert MARK not in str([(e.message, e.response) for e in known.history])
    assert [(e.message, bool(e.response)) for e in known.history] == [
        ("Iris, what is new?", True),
        ("Iris, who spoke?", False),
        ("Iris, what did you tell Ada?", False),
    ]


async def test_no_byte_of_them_is_left_in_the_files(tmp_path: Path) -> None:
    def marks() -> int:
        files = [each for each in (tmp_path / "data").iterdir() if each.is_file()]
        return sum(each.read_bytes().count(b"canary") for each in files)

    responder = FakeResponder(telltale)
    async with (
        open_store(tmp_path / "data", "power", Names()) as store,
        open_fake_hub(responder, store, persona_cooldown_s=0.0) as hub,
    ):
        for user in ("ada", "cyd", "canary-bob"):
            await hub.join(user, "Tower")
        await hub.say("canary-bob", "Tower", "canary words")
        for number in range(1, 60):
            await hub.say(("ada", "cyd")[number % 2], "Tower", f"Iris, number {number}?")
            while sum(e.user_id == IRIS for e in await stored(store)) < number:
                await trio.lowlevel.checkpoint()
        assert marks() > 60
        await hub.erase("canary-bob")
        assert marks() == 0
    assert marks() == 0


async def test_who_was_only_heard_can_be_erased_and_has_nothing_to_export() -> None:
    async with three() as hub:
        store = hub._services.store
        tail = await store.room_tail("Garden")
        event = RoomEvent(
            "Garden", "said", "persona:Moss", "Moss", "hm", Position(tail.epoch, 1),
            about="ada", heard=frozenset({"zoe"}),
        )  # fmt: skip
        await store.append([PutRoomEvent(event)])
        assert await store.events_of("zoe", None, 9) == ()
        assert (await hub.erase("zoe")).events == 1
        assert await stored(store, "Garden") == (event.buried(),)


# --- an answer that is under way ---


async def test_an_answer_ends_when_somebody_is_erased_who_was_heard(
    autojump_clock: MockClock,
) -> None:
    responder = FakeResponder(telltale, mode="hang")
    async with three(responder) as hub:
        await say(hub, "bob", f"{MARK} is ripe")
        await say(hub, "ada", "Iris, who spoke?")
        assert responder.open_streams == 1
        await hub.erase("cyd")
        await wait_all_tasks_blocked()
        assert responder.open_streams == 1, "nobody's words that it is made of have gone"
        await hub.erase("bob")
        await wait_all_tasks_blocked()
        assert responder.open_streams == 0
        responder.release.set()
        responder.mode = "ready"
        await say(hub, "ada", "Iris, and now?")
        texts = [e.text for e in await stored(hub._services.store) if e.user_id == IRIS]
        assert texts == ["You said and now?. None said Iris, who spoke? and heard ."]


async def test_an_answer_ends_when_retention_takes_what_it_heard(
    autojump_clock: MockClock,
) -> None:
    responder = FakeResponder(telltale, mode="hang")
    async with three(responder) as hub:
        store = hub._services.store
        await say(hub, "bob", f"{MARK} is ripe")
        middle = hub._services.now() + timedelta(seconds=1)
        await trio.sleep(2)
        await say(hub, "ada", "Iris, who spoke?")
        assert responder.open_streams == 1
        hub.expired(await store.expire(middle, 99))
        await wait_all_tasks_blocked()
        assert responder.open_streams == 0
        responder.release.set()
        await say(hub, "ada", "Iris, and now?")
        assert MARK not in str([e.text for e in await stored(store)])
        assert [e.message for e in responder.prompts[-1].history] == ["Iris, who spoke?"]


class GatedStore(MemoryStore):
    """Stores what a persona says once `gate` is open, and reads rooms once `reading` is.

    A read is of the moment at which it began.
    """

    def __init__(self) -> None:
        super().__init__(Names())
        self.gate, self.reading = trio.Event(), trio.Event()
        self.reading.set()

    async def append(self, writes: Sequence[Write]) -> None:
        if any(isinstance(each, PutRoomEvent) and each.event.about for each in writes):
            await self.gate.wait()
        await super().append(writes)

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        found = await super().room_events(room, after, limit)
        await self.reading.wait()
        return found

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        erased = await super().erase(user_id)
        await trio.sleep(1)  # the sweep
        return erased


@pytest.mark.parametrize("cooldown", [0.0, 0.5])
@pytest.mark.parametrize("mode", ["ready", "stream"])
async def test_what_is_being_stored_while_somebody_is_erased_goes_too(
    mode: str, cooldown: float, autojump_clock: MockClock
) -> None:
    """The next answer comes as soon as the erasure waits for it no more, or in its midst."""
    store, responder = GatedStore(), FakeResponder(telltale, mode=mode)
    async with three(responder, store, cooldown) as hub, trio.open_nursery() as nursery:
        start = hub.look("Tower").position
        await say(hub, "bob", f"{MARK} is ripe. So it is, and more than that.")
        await hub.leave("bob", "Tower")
        await say(hub, "ada", "Iris, who spoke?")
        # Asked at once behind it, when the answer to Ada has just been heard.
        nursery.start_soon(hub.say, "cyd", "Tower", "Iris, what did you tell Ada?")
        await wait_all_tasks_blocked()
        nursery.start_soon(hub.erase, "bob")
        await wait_all_tasks_blocked()
        assert MARK not in str([e.text for e in await stored(store) if e.user_id == IRIS])
        store.gate.set()
        await trio.sleep(2)
        assert nursery.child_tasks == set(), "the erasure has ended"
        await nothing_is_left(hub, store, responder, start)


class LateStore(GatedStore, FaultyStore):
    """All that can go wrong: told to be late, it stores and never says so."""


async def test_what_was_in_doubt_when_somebody_was_erased_is_told_to_nobody(
    autojump_clock: MockClock,
) -> None:
    store, responder = LateStore(), FakeResponder(telltale)
    store.gate.set()
    async with three(responder, store) as hub, trio.open_nursery() as nursery:
        start = hub.look("Tower").position
        await say(hub, "bob", f"{MARK} is ripe")
        await hub.leave("bob", "Tower")
        responder.mode = "hang"
        await say(hub, "ada", "Iris, who spoke?")
        store.fault = "late"
        responder.release.set()
        await trio.sleep(2 * hub.settings.store_timeout_s)
        store.fault = None
        responder.mode = "ready"
        # The room learns what became of it, from a read that began before the erasure.
        store.reading = trio.Event()
        nursery.start_soon(hub.say, "ada", "Tower", "hm")
        await wait_all_tasks_blocked()
        nursery.start_soon(hub.erase, "bob")
        await wait_all_tasks_blocked()
        store.reading.set()
        await trio.sleep(2)
        assert nursery.child_tasks == set(), "the erasure has ended"
        assert "erased" in [event.event for event in await stored(store)]
        await nothing_is_left(hub, store, responder, start)


async def nothing_is_left(
    hub: Hub, store: Store, responder: FakeResponder, start: Position
) -> None:
    """Not in the store, in what a resume brings, or in what the persona knows."""
    await trio.sleep(20)
    await say(hub, "ada", "Iris, and now?")
    shown = [event.text for event in await stored(store)]
    shown += [event.text for event in await shown_on_resume(hub, "ada", start)]
    known = responder.prompts[-1]
    assert known.message == "and now?"
    shown += [text for e in known.history for text in (e.message, e.response)]
    assert MARK not in str(shown)


async def test_an_erasure_says_so_where_it_is_not_known_what_was_stored(
    autojump_clock: MockClock,
) -> None:
    store, responder = LateStore(), FakeResponder(telltale)
    store.gate.set()
    async with three(responder, store) as hub:
        start = hub.look("Tower").position
        await say(hub, "bob", f"{MARK} is ripe")
        await hub.leave("bob", "Tower")
        responder.mode = "hang"
        await say(hub, "ada", "Iris, who spoke?")
        store.fault = "late"
        responder.release.set()
        await trio.sleep(2 * hub.settings.store_timeout_s)
        store.fault = None
        responder.mode = "ready"
        store.reading = trio.Event()
        with pytest.raises(StoreUnavailable):
            await hub.erase("bob")
        store.reading.set()
        await hub.erase("bob")
        await nothing_is_left(hub, store, responder, start)
