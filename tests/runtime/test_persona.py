"""Personas aloud: whom they answer, with what knowledge, and what can't go wrong through them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.responders.base import Prompt
from nexus_trio.responders.scripted.responder import ScriptedResponder
from nexus_trio.responders.scripted.words import CARE
from nexus_trio.runtime.aloud import ENOUGH, MOST_CHARS
from nexus_trio.runtime.frames import Heard, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.persona import PATIENCE_S, QUEUE, PersonaActor
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import EPOCH, Names, open_fake_hub

IRIS = "persona:Iris"
WISH = "I want to die"
COOL = 3.0


@asynccontextmanager
async def two_in_tower(
    responder: Any = None, store: MemoryStore | None = None, **settings: Any
) -> AsyncIterator[Hub]:
    async with open_fake_hub(responder, store, **settings) as hub:
        for user in ("ada", "bob"):
            await hub.join(user, "Tower", username=user.title())
        yield hub


async def said(hub: Hub, room: str = "Tower") -> list[RoomEvent]:
    """What was said aloud in the room, by the store, once nothing moves any more."""
    await wait_all_tasks_blocked()
    return [event for event in await events(hub, room) if event.event == "said"]


async def events(hub: Hub, room: str = "Tower") -> tuple[RoomEvent, ...]:
    epoch = hub.look(room).position.epoch
    return await hub._services.store.room_events(room, Position(epoch, 0), 1000)


async def answers(hub: Hub, room: str = "Tower") -> list[str | None]:
    return [e.text for e in await said(hub, room) if (e.user_id or "").startswith("persona:")]


# --- who is answered ---


async def test_it_answers_aloud_when_its_name_is_said() -> None:
    responder = FakeResponder()
    async with (
        two_in_tower(responder) as hub,
        hub.connect("ada") as ada,
        hub.connect("bob") as bob,
        hub.connect("cyd", room="Garden") as cyd,
    ):
        await hub.say("ada", "Tower", "Iris, who lives here?")
        first, second = await said(hub)
        assert (first.user_id, first.text) == ("ada", "Iris, who lives here?")
        assert second.user_id == IRIS
        assert (second.username, second.about) == ("Iris", "ada")
        assert second.text == "reply 1 to who lives here?"
        for connection in (ada, bob):
            heard = [connection.outbox.take() for _ in range(len(connection.outbox))]
            told = [f.event for f in heard if isinstance(f, Heard) and f.event.event == "said"]
            assert told == [first, second]
        elsewhere = [cyd.outbox.take() for _ in range(len(cyd.outbox))]
        assert not [f for f in elsewhere if isinstance(f, Heard) and f.event.event == "said"]
        # It is no occupant, and in no count.
        assert hub.look("Tower").occupants == ("ada", "bob")
        assert hub.counts()["Tower"] == 2
        (prompt,) = responder.prompts
        assert (prompt.user_id, prompt.username, prompt.room.name) == (IRIS, "Ada", "Tower")
        assert (prompt.aloud, prompt.crisis_level, prompt.turn) == (True, "none", 1)


@pytest.mark.parametrize(
    ("words", "answered"),
    [
        ("IRIS?", True),
        ("Good evening, iris.", True),
        ("Who lives here?", False),  # there are two: it may be meant for the other
        ("The irises are out.", False),
        ("Moss, are you there?", False),  # lives elsewhere
        ("Good evening.", False),
    ],
)
async def test_among_two_it_answers_to_its_name_alone(words: str, answered: bool) -> None:
    async with two_in_tower() as hub:
        await hub.say("ada", "Tower", words)
        assert bool(await answers(hub)) is answered


async def test_alone_with_somebody_it_answers_a_question() -> None:
    async with open_fake_hub() as hub:
        await hub.say("ada", "Tower", "It is late.")
        assert await answers(hub) == []
        await hub.say("ada", "Tower", "Is it late?")
        assert await answers(hub) == ["reply 1 to Is it late?"]


async def test_the_command_in_a_chat_is_said_aloud_too() -> None:
    async with open_fake_hub() as hub:
        await hub.ask("ada", "/say Iris, hello")
        assert await answers(hub) == ["reply 1 to hello"]


async def test_it_can_be_switched_off() -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder, persona_aloud="off") as hub:
        await hub.say("ada", "Tower", "Iris, hello?")
        assert await answers(hub) == []
        assert responder.prompts == []


# --- one at a time, and not for ever ---


async def test_one_answer_at_a_time_and_a_pause_between(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="stream")
    async with two_in_tower(responder, persona_cooldown_s=COOL) as hub:
        for user in ("ada", "bob", "ada"):
            await hub.say(user, "Tower", f"Iris, {user} is here.")
        most = 0
        for _ in range(200):
            await trio.sleep(0.05)
            most = max(most, responder.open_streams)
        told = [e for e in await said(hub) if e.user_id == IRIS]
        assert [e.about for e in told] == ["ada", "bob", "ada"]
        moments = [(e.at - EPOCH).total_seconds() for e in told if e.at is not None]
        assert moments == pytest.approx([0, COOL, 2 * COOL])
        assert most <= 1


async def test_rooms_do_not_wait_for_each_other() -> None:
    async with open_fake_hub() as hub:
        await hub.say("ada", "Tower", "Iris?")
        await hub.say("bob", "Garden", "Moss?")
        assert len(await answers(hub, "Tower")) == len(await answers(hub, "Garden")) == 1


async def test_what_waits_is_bounded_and_the_oldest_goes(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="hang")
    async with two_in_tower(responder, persona_cooldown_s=0.0) as hub:
        await hub.say("ada", "Tower", "Iris, number 0")
        await wait_all_tasks_blocked()
        for number in range(1, QUEUE + 5):
            await hub.say("ada", "Tower", f"Iris, number {number}")
        responder.release.set()
        responder.mode = "ready"
        await trio.sleep(60)
        asked = [prompt.message for prompt in responder.prompts]
        assert asked == ["number 0", *(f"number {n}" for n in range(5, QUEUE + 5))]


async def test_personas_never_answer_personas(autojump_clock: MockClock) -> None:
    responder = FakeResponder(lambda prompt: "Iris, Moss, Iris: who is there, Iris?")
    async with open_fake_hub(responder) as hub:
        await hub.say("ada", "Tower", "Iris?")
        await trio.sleep(100 * COOL)
        assert len(await answers(hub)) == 1
        assert len(responder.prompts) == 1


# --- how it speaks ---


async def test_a_stream_is_told_sentence_by_sentence(autojump_clock: MockClock) -> None:
    text = "The lamp is lit and the stair is swept. Nothing else is new here today. Good"
    responder = FakeResponder(lambda prompt: text, mode="stream")
    async with two_in_tower(responder) as hub:
        await hub.say("ada", "Tower", "Iris, hello")
        assert await answers(hub) == [
            "The lamp is lit and the stair is swept.",
            "Nothing else is new here today.",
            "Good",
        ]


async def test_an_answer_that_does_not_end_is_cut(autojump_clock: MockClock) -> None:
    responder = FakeResponder(lambda prompt: "so it goes on and on " * 1000, mode="stream")
    async with two_in_tower(responder) as hub:
        await hub.say("ada", "Tower", "Iris, hello")
        told = await answers(hub)
        assert 2 <= len(told) <= 4
        assert sum(len(text or "") for text in told) <= MOST_CHARS
        assert responder.open_streams == 0


async def test_harm_is_not_said_aloud_and_shows_nothing_of_anybody() -> None:
    harm = "I have heard you, and I have thought. You should kill yourself. And so on."
    for mode in ("ready", "stream"):
        async with two_in_tower(FakeResponder(lambda prompt: harm, mode=mode)) as hub:
            await hub.say("ada", "Tower", "Iris, hello")
            told = " ".join(text or "" for text in await answers(hub))
            assert told == f"I have heard you, and I have thought. {ENOUGH}"


async def test_the_scripted_persona_gives_a_short_answer() -> None:
    async with two_in_tower(ScriptedResponder(), persona_cooldown_s=0.0) as hub:
        for words in ("Iris, who are you?", "Iris, tell me a joke", f"Iris, {WISH}", "Iris"):
            await hub.say("ada", "Tower", words)
            await wait_all_tasks_blocked()
        told = [text or "" for text in await answers(hub)]
        assert len(told) == 4
        assert "Iris" in told[0]
        assert all(1 <= len(text) <= 300 for text in told)
        care = [line for level in ("concern", "crisis", "imminent") for line in CARE[level]]
        assert not [line for line in care if any(line[:20] in text for text in told)]


# --- what it knows ---


async def test_it_knows_what_was_said_aloud_there_and_no_more() -> None:
    responder = FakeResponder()
    async with two_in_tower(responder, persona_cooldown_s=0.0) as hub:
        await hub.ask("ada", "my secret is plum")
        await hub.say("ada", "Garden", "elsewhere I say quince")
        await hub.say("ada", "Tower", "I like pears.")
        await hub.say("bob", "Tower", "Iris, I like figs.")
        await wait_all_tasks_blocked()
        await hub.say("ada", "Tower", "Iris, what do I like?")
        await wait_all_tasks_blocked()
        await hub.say("bob", "Tower", "Iris, and I?")
        await wait_all_tasks_blocked()
        first, second = responder.prompts[-2:]
        assert [(e.speaker, e.message, e.response) for e in first.history] == [
            (None, "I like pears.", ""),
            ("Bob", "Iris, I like figs.", "reply 1 to I like figs."),
        ]
        assert [(e.speaker, e.message, e.response) for e in second.history] == [
            ("Ada", "I like pears.", ""),
            (None, "Iris, I like figs.", "reply 1 to I like figs."),
            ("Ada", "Iris, what do I like?", "reply 1 to what do I like?"),
        ]
        assert (first.username, first.turn) == ("Ada", 1)
        assert (second.username, second.turn) == ("Bob", 2)
        told = [e for e in await said(hub) if e.user_id == IRIS]
        assert [(e.about, set(e.heard)) for e in told] == [
            ("bob", {"ada"}),
            ("ada", {"bob"}),
            ("bob", {"ada"}),
        ]


def private_none(user: str) -> list[str]:
    return []


def private_calm(user: str) -> list[str]:
    return [f"my name is {user}-plum", "I have a cat called Quince", "tell me a riddle"]


def private_crisis(user: str) -> list[str]:
    return [WISH, "I want to kill myself tonight", "I feel so hopeless"]


async def public_record(private: Callable[[str], list[str]]) -> list[tuple[Any, ...]]:
    """What was said aloud in a conversation, beside some private turns."""
    async with two_in_tower(ScriptedResponder(seed=7), persona_cooldown_s=0.0) as hub:
        talk = ["Iris, hello", "Iris, what is my name?", "I like pears", "Iris, I feel sad today"]
        for number, words in enumerate(talk):
            for user in ("ada", "bob", "cyd"):
                for turn in private(user):
                    await hub.ask(user, turn, room="Garden" if user == "cyd" else "Tower")
            await hub.say(("ada", "bob")[number % 2], "Tower", words)
            await wait_all_tasks_blocked()
            await hub.say("ada", "Tower", f"Iris, {WISH}")
            await wait_all_tasks_blocked()
        told = await said(hub)
        return [(e.user_id, e.username, e.text, e.about) for e in told]


async def test_its_answers_are_the_same_whatever_was_said_in_private() -> None:
    alone = await public_record(private_none)
    assert sum(row[0] == IRIS for row in alone) == 7
    assert await public_record(private_calm) == alone
    assert await public_record(private_crisis) == alone


async def test_words_of_a_crisis_show_to_their_speaker_alone() -> None:
    responder = FakeResponder()
    async with two_in_tower(responder) as hub, hub.connect("bob") as bob:
        found = await hub.say("ada", "Tower", f"Iris, {WISH}")
        assert found.crisis.detected
        assert "988" in (found.crisis.notice or "")
        (answer,) = await answers(hub)
        assert answer == f"reply 1 to {WISH}"  # as any other words are answered
        assert responder.prompts[0].crisis_level == "none"
        frames = [bob.outbox.take() for _ in range(len(bob.outbox))]
        assert not [frame for frame in frames if isinstance(frame, Noticed)]
        assert "988" not in "".join(f.event.text or "" for f in frames if isinstance(f, Heard))


async def test_it_remembers_over_a_restart(autojump_clock: MockClock) -> None:
    store, responder = MemoryStore(Names()), FakeResponder()
    for _ in range(2):
        async with open_fake_hub(responder, store) as hub:
            await wait_all_tasks_blocked()
            await hub.say("ada", "Tower", "Iris, hello")
            await wait_all_tasks_blocked()
    assert [(e.message, e.response) for e in responder.prompts[1].history] == [
        ("Iris, hello", "reply 1 to hello")
    ]


class SlowMemories(MemoryStore):
    """Reads what a room has said, and answers so later, while `wait` is not set."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.wait = trio.Event()
        self.wait.set()

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        found = await super().room_events(room, after, limit)
        await self.wait.wait()
        return found


async def test_what_goes_or_comes_while_it_recalls_is_gone_or_there_once() -> None:
    store, responder = SlowMemories(), FakeResponder()
    async with open_fake_hub(responder, store, persona_cooldown_s=0.0) as hub:
        for user in ("ada", "bob"):
            await hub.say(user, "Tower", f"Iris, {user}-plum")
            await wait_all_tasks_blocked()
    store.wait = trio.Event()
    async with open_fake_hub(responder, store, persona_cooldown_s=0.0) as hub:
        await hub.say("bob", "Tower", "Iris, I am back")
        await hub.erase("ada")
        store.wait.set()
        await hub.say("ada", "Tower", "Iris, and I am new")
        await wait_all_tasks_blocked()
        await hub.say("bob", "Tower", "Iris, once more")
        await wait_all_tasks_blocked()
        back, new, more = responder.prompts[-3:]
        # Its answer to bob, before the restart, was made of ada's words, too.
        assert [(e.message, e.response) for e in back.history] == [("Iris, bob-plum", "")]
        bobs = ["Iris, bob-plum", "Iris, I am back"]
        assert [(e.speaker, e.message) for e in new.history] == [("Guest (2)", m) for m in bobs]
        assert [(e.speaker, e.message) for e in more.history] == [
            *((None, message) for message in bobs),
            ("Guest (2)", "Iris, and I am new"),
        ]


async def test_what_it_heard_before_its_first_step_it_remembers_once() -> None:
    responder = FakeResponder()
    async with (
        open_fake_hub(responder, persona_aloud="off", persona_cooldown_s=0.0) as hub,
        trio.open_nursery() as nursery,
    ):
        persona = PersonaActor(hub._services.rooms["Tower"], hub._services)
        for words in ("one", "two"):
            await hub.say("ada", "Tower", f"Iris, {words}")
        nursery.start_soon(persona.run)
        await wait_all_tasks_blocked()
        assert [[e.message for e in p.history] for p in responder.prompts] == [[], ["Iris, one"]]
        nursery.cancel_scope.cancel()


async def test_what_retention_took_it_has_forgotten(autojump_clock: MockClock) -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder, retention_days=1) as hub, hub.connect("ada"):
        await hub.say("ada", "Tower", "Iris, old words")
        await trio.sleep(timedelta(days=2.5).total_seconds())
        await hub.say("ada", "Tower", "Iris, new words")
        await wait_all_tasks_blocked()
        assert responder.prompts[-1].message == "new words"
        assert responder.prompts[-1].history == ()


# --- erasure ---


async def test_an_erasure_takes_the_answers_too() -> None:
    responder = FakeResponder()
    async with two_in_tower(responder, persona_cooldown_s=0.0) as hub, hub.connect("bob") as bob:
        start = bob.welcome.room_position
        for user in ("ada", "bob"):
            await hub.say(user, "Tower", f"Iris, I am {user}-plum")
            await wait_all_tasks_blocked()
        # joined, said, the answer, left; and the answer to bob, for which ada was heard
        assert (await hub.erase("ada")).events == 5
        left = [(e.event, e.user_id, e.text) for e in await events(hub) if e.event == "said"]
        assert left == [("said", "bob", "Iris, I am bob-plum")]
        assert "ada" not in repr(await events(hub))
        async with hub.connect("bob", room_after=start) as again:
            assert again.welcome.recovered
            frames = [again.outbox.take() for _ in range(len(again.outbox))]
            assert "ada-plum" not in "".join(f.event.text or "" for f in frames if type(f) is Heard)
        await hub.say("ada", "Tower", "Iris, who am I?")
        await wait_all_tasks_blocked()
        (bobs,) = responder.prompts[-1].history
        assert (bobs.message, bobs.response) == ("Iris, I am bob-plum", "")
        assert responder.prompts[-1].turn == 1


async def test_nothing_is_said_to_somebody_who_was_erased(autojump_clock: MockClock) -> None:
    responder = FakeResponder(lambda prompt: f"{prompt.message} ... and more", mode="hang")
    async with two_in_tower(responder, persona_cooldown_s=0.0) as hub:
        await hub.say("ada", "Tower", "Iris, ada-plum")
        await hub.say("ada", "Tower", "Iris, ada-plum again")
        await wait_all_tasks_blocked()
        assert responder.open_streams == 1
        await hub.erase("ada")
        await wait_all_tasks_blocked()
        assert responder.open_streams == 0
        responder.release.set()
        responder.mode = "ready"
        await hub.say("ada", "Tower", "Iris, back")
        await trio.sleep(PATIENCE_S)
        assert await answers(hub) == ["back ... and more"]
        assert "plum" not in repr([e.text for e in await events(hub)])


async def test_nothing_is_said_to_somebody_who_has_gone(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="hang")
    async with two_in_tower(responder, persona_cooldown_s=0.0) as hub:
        await hub.say("ada", "Tower", "Iris, hello")
        await hub.say("ada", "Tower", "Iris, hello again")
        await wait_all_tasks_blocked()
        await hub.leave("ada", "Tower")
        responder.release.set()
        await trio.sleep(1)
        assert await answers(hub) == []
        assert len(responder.prompts) == 1
        assert "ada" not in hub.look("Tower").occupants


# --- what goes wrong there harms nothing ---


@pytest.mark.parametrize("mode", ["hang", "fail", "crash"])
async def test_a_broken_responder_harms_no_room(mode: str, autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode=mode)
    async with two_in_tower(responder) as hub:
        began = trio.current_time()
        await hub.say("ada", "Tower", "Iris, hello")
        await wait_all_tasks_blocked()
        await hub.say("bob", "Tower", "what was that?")
        await hub.join("cyd", "Tower")
        await hub.leave("bob", "Tower")
        assert hub.look("Tower").occupants == ("ada", "cyd")
        assert trio.current_time() == began
        assert await answers(hub) == []
        assert hub.statistics().room_crashes == (mode == "crash")
        responder.mode = "ready"
        await hub.say("ada", "Tower", "Iris, once more")
        await trio.sleep(PATIENCE_S + 2 * COOL)
        assert (await answers(hub))[-1] == "reply 1 to once more"
        assert responder.open_streams == 0


async def test_a_store_that_is_down_loses_the_answer_and_no_more(
    autojump_clock: MockClock,
) -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with two_in_tower(responder, store) as hub:
        await hub.say("ada", "Tower", "Iris, hello")
        await wait_all_tasks_blocked()
        store.fault = "down"
        responder.release.set()
        await trio.sleep(1)
        store.fault = None
        responder.mode = "ready"
        await hub.say("ada", "Tower", "Iris, once more")
        await trio.sleep(COOL)
        assert await answers(hub) == ["reply 1 to once more"]
        assert [e.position.offset for e in await events(hub) if e.position] == [1, 2, 3, 4, 5]


async def test_the_end_does_not_wait_for_an_answer(autojump_clock: MockClock) -> None:
    responder = FakeResponder(mode="hang")
    began = trio.current_time()
    async with two_in_tower(responder) as hub:
        await hub.say("ada", "Tower", "Iris, hello")
        await hub.say("ada", "Tower", "Iris, hello again")
        await wait_all_tasks_blocked()
        hub.refuse()
        await hub.wait_idle()
        await wait_all_tasks_blocked()
        assert responder.open_streams == 0
        assert len(responder.prompts) == 1
    assert trio.current_time() == began


async def test_a_resume_brings_its_words_in_their_order(autojump_clock: MockClock) -> None:
    async with two_in_tower(persona_cooldown_s=0.0) as hub:
        async with hub.connect("bob") as bob:
            start = bob.welcome.room_position
        for number in range(3):
            await hub.say("ada", "Tower", f"Iris, number {number}")
            await wait_all_tasks_blocked()
        async with hub.connect("bob", room_after=start) as bob:
            assert bob.welcome.recovered
            frames = [bob.outbox.take() for _ in range(len(bob.outbox))]
            told = [f.event for f in frames if isinstance(f, Heard)]
            assert [e.user_id for e in told] == ["ada", IRIS] * 3
            offsets = [e.position.offset for e in told if e.position]
            assert offsets == list(range(offsets[0], offsets[0] + 6))


async def test_private_turns_are_not_delayed_by_an_answer(autojump_clock: MockClock) -> None:
    def answer(prompt: Prompt) -> str:
        return f"reply to {prompt.message}"

    responder = FakeResponder(answer, mode="hang")
    async with two_in_tower(responder) as hub:
        await hub.say("ada", "Tower", "Iris, hello")
        await wait_all_tasks_blocked()
        responder.mode = "ready"
        began = trio.current_time()
        assert (await hub.ask("ada", "hi")).response == "reply to hi"
        assert trio.current_time() == began
