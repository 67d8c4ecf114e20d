"""Users are told that they talk with an AI: at the start, and again, across everything."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.crisis.disclosure import words
from nexus_trio.crisis.guidance import guidance
from nexus_trio.model.envelope import Position, Reply
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Frame, Heard, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

ALL = "us-ca,us-ny,us-wa,eu"
START, AGAIN = words("start", minors=False), words("again", minors=False)
HOUR = 3600.0
WISH = "I want to die"


def told(reply: Reply) -> list[str]:
    return [notice.text for notice in reply.notices if notice.kind == "disclosure"]


async def frames_of(connection: Connection) -> list[Frame]:
    await wait_all_tasks_blocked()
    outbox = connection.outbox
    frames = [outbox.take() for _ in range(len(outbox))]
    return [frame for frame in frames if not isinstance(frame, Heard)]


def shape(frames: list[Frame]) -> list[tuple[str, int | None]]:
    """What each frame is, and its offset where it has one."""
    found: list[tuple[str, int | None]] = []
    for frame in frames:
        if isinstance(frame, Noticed):
            found.append((frame.kind, frame.position.offset))
        elif isinstance(frame, Answered):
            found.append(("reply", frame.reply.position.offset))
        elif isinstance(frame, Delta):
            found.append(("delta", None))
    return found


async def turns_of(hub: Hub) -> list[tuple[int, int]]:
    """Number and offset of each stored turn."""
    page = await hub.history("ada")
    return [(t.number, t.position.offset) for t in page.turns if t.position is not None]


async def test_at_the_start_and_every_three_hours(autojump_clock: MockClock) -> None:
    async with open_fake_hub(jurisdictions=ALL) as hub:
        seen = []
        for minute in range(0, 8 * 60, 20):
            await trio.sleep(minute * 60 - trio.current_time())
            seen += [(minute, text) for text in told(await hub.ask("ada", "hello"))]
        assert seen == [(0, START), (180, AGAIN), (360, AGAIN)]


async def test_known_minors_are_told_every_hour(autojump_clock: MockClock) -> None:
    async with open_fake_hub(jurisdictions=ALL, minors="yes") as hub:
        seen = []
        for _ in range(7):
            seen.append(len(told(await hub.ask("ada", "hello"))))
            await trio.sleep(HOUR / 2)
        assert seen == [1, 0, 1, 0, 1, 0, 1]


async def test_where_no_law_is_kept_nothing_is_said() -> None:
    async with open_fake_hub(jurisdictions="none") as hub:
        assert (await hub.ask("ada", "hello")).notices == ()


async def test_each_user_is_told_by_their_own_clock(autojump_clock: MockClock) -> None:
    async with open_fake_hub(jurisdictions=ALL) as hub:
        assert told(await hub.ask("ada", "hello")) == [START]
        await trio.sleep(2 * HOUR)
        assert told(await hub.ask("bob", "hello")) == [START]
        await trio.sleep(1 * HOUR)
        assert told(await hub.ask("ada", "hello")) == [AGAIN]
        assert told(await hub.ask("bob", "hello")) == []


@pytest.mark.parametrize("between", ["room", "connection", "restart", "idle", "erase"])
async def test_only_an_erasure_begins_anew(between: str, autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store, jurisdictions=ALL, session_idle_s=60.0) as hub:
        assert told(await hub.ask("ada", "hello")) == [START]
        if between == "room":
            await hub.ask("ada", "/go Garden")
        elif between == "connection":
            async with hub.connect("ada"):
                await trio.sleep(1)
        elif between == "idle":
            await trio.sleep(600)
            assert hub.sessions() == ()
        elif between == "erase":
            await hub.erase("ada")
        if between != "restart":
            assert told(await hub.ask("ada", "again")) == ([START] if between == "erase" else [])
    if between == "restart":
        async with open_fake_hub(store=store, jurisdictions=ALL) as hub:
            assert told(await hub.ask("ada", "again")) == []


async def test_a_command_is_no_talk_with_an_ai() -> None:
    async with open_fake_hub(jurisdictions=ALL) as hub:
        assert (await hub.ask("ada", "look")).notices == ()
        assert told(await hub.ask("ada", "hello")) == [START]


@pytest.mark.parametrize("mode", ["ready", "stream"])
async def test_it_is_an_event_before_the_words_and_no_part_of_them(mode: str) -> None:
    responder = FakeResponder(mode=mode)
    async with open_fake_hub(responder, jurisdictions=ALL) as hub, hub.connect("ada") as one:
        frames: list[Frame] = []
        for message in ("hello", WISH):
            one.message(message, message)
            frames += await frames_of(one)
        kinds = [row for row in shape(frames) if row[0] != "delta"]
        assert kinds == [("disclosure", 1), ("reply", 2), ("crisis", 3), ("reply", 4)]
        assert shape(frames)[0] == ("disclosure", 1)
        (first, _) = [frame.reply for frame in frames if isinstance(frame, Answered)]
        words_of_first = [f.text for f in frames if isinstance(f, Delta) and f.turn == 1]
        assert first.response == "".join(words_of_first) == "reply 1 to hello"


async def test_beside_a_crisis_notice_there_is_none_and_the_next_answer_has_it() -> None:
    async with open_fake_hub(FakeResponder(mode="stream"), jurisdictions=ALL) as hub:
        async with hub.connect("ada") as one:
            one.message("m1", WISH)
            kinds = [row for row in shape(await frames_of(one)) if row[0] != "delta"]
            assert kinds == [("crisis", 1), ("reply", 2)]
            one.message("m2", "hello")
            kinds = [row for row in shape(await frames_of(one)) if row[0] != "delta"]
            assert kinds == [("disclosure", 3), ("reply", 4)]
        assert await turns_of(hub) == [(1, 2), (2, 4)]
    assert "I'm an AI" in guidance("crisis").text
    assert "I'm an AI" in guidance("imminent", "de-AT", 3).text


@pytest.mark.parametrize("message", ["hello", WISH])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_resume_from_any_place_gives_the_rest(message: str, restarted: bool) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store, jurisdictions=ALL) as hub:
        async with hub.connect("ada") as one:
            start = one.welcome.position
            one.message("m1", message)
            whole = [row for row in shape(await frames_of(one)) if row[0] != "delta"]
        if not restarted:
            await resumes(hub, start, whole)
    if restarted:
        async with open_fake_hub(store=store, jurisdictions=ALL) as hub:
            await resumes(hub, start, whole)


async def resumes(hub: Hub, start: Position, whole: list[tuple[str, int | None]]) -> None:
    for offset in range(len(whole) + 1):
        async with hub.connect("ada", after=Position(start.epoch, start.offset + offset)) as one:
            assert one.welcome.recovered
            came = shape(await frames_of(one))
            # A crisis notice that nobody has acknowledged comes in every case.
            owed = [row for row in whole[:offset] if row[0] == "crisis"]
            assert came == [*owed, *whole[offset:]]


@pytest.mark.parametrize("message", ["hello", WISH])
async def test_one_whose_turn_was_not_stored_is_said_again(message: str) -> None:
    store = FaultyStore(Names())
    responder = FakeResponder(mode="stream")
    async with open_fake_hub(responder, store=store, jurisdictions=ALL) as hub:
        await hub.join("ada", "Tower")
        async with hub.connect("ada") as one:
            store.fault = "down"
            one.message("m1", message)
            lost = [row for row in shape(await frames_of(one)) if row[0] != "delta"]
            store.fault = None
            one.message("m2", message)
            kept = [row for row in shape(await frames_of(one)) if row[0] != "delta"]
        # A position that was shown is given to no later event.
        assert [kind for kind, _ in kept] == [*(kind for kind, _ in lost), "reply"]
        assert [place for _, place in (*lost, *kept)] == [*range(1, len(lost) * 2 + 2)]


async def test_a_turn_that_a_restart_ends_keeps_its_places(autojump_clock: MockClock) -> None:
    store, responder = FaultyStore(Names()), FakeResponder(mode="hang")
    async with open_fake_hub(responder, store=store, jurisdictions=ALL) as hub:
        with trio.move_on_after(1):
            await hub.ask("ada", "hello")
        store.fault = "down"  # its end can't be stored
    store.fault = None
    async with open_fake_hub(store=store, jurisdictions=ALL) as hub:
        await hub.join("ada", "Tower")
        assert await turns_of(hub) == [(1, 2)]
        assert told(await hub.ask("ada", "hello")) == []


async def test_the_model_is_not_shown_it_as_its_own_words() -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder, jurisdictions=ALL) as hub:
        await hub.ask("ada", "hello")
        await hub.ask("ada", "again")
        (earlier,) = responder.prompts[-1].history
        assert earlier.response == "reply 1 to hello"


async def test_a_call_that_keeps_nothing_is_told_nothing() -> None:
    async with open_fake_hub(jurisdictions=ALL) as hub:
        assert (await hub.stateless("a title, please").outcome()).notices == ()
