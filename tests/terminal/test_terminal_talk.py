"""A conversation over a client that the test tells what to say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from fake_client import HELP, FakeClient, Kept, at, reply

from nexus_trio.client import (
    BridgeError,
    Delta,
    Disconnected,
    Elsewhere,
    Gap,
    Notice,
    ReadFailed,
    Reconnected,
    Reset,
    RoomEvent,
    SessionErased,
    Unsettled,
)
from nexus_trio.errors import TooLarge
from nexus_trio.terminal import talk as module
from nexus_trio.terminal.painting import NOTICE_BEGINS, NOTICE_ENDS
from nexus_trio.terminal.scene import Scene as RoomScene
from nexus_trio.terminal.talk import Talk

NOTICED = f"{NOTICE_BEGINS}\nCall 988.\n{NOTICE_ENDS}"


class Scene:
    def __init__(self, nursery: trio.Nursery) -> None:
        self.client, self.view, self.nursery = FakeClient(), Kept(), nursery
        self.talk = Talk(self.client, self.view, "ada")
        self.watched = trio.Event()

    async def watch(self) -> None:
        await self.talk.watch()
        self.watched.set()

    def line(self, text: str) -> None:
        """Typed, while others still run."""
        self.nursery.start_soon(self.talk.line, text)

    async def turns(self, count: int) -> None:
        await self.view.until(lambda: len(self.client.turns) == count)


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    async with trio.open_nursery() as nursery:
        made = Scene(nursery)
        await made.talk.enter(look=False)
        nursery.start_soon(made.watch)
        yield made
        nursery.cancel_scope.cancel()


async def test_an_answer_grows_and_is_then_shown_whole() -> None:
    async with scene() as s:
        s.line("hello")
        await s.view.until(lambda: s.view.waits == "Waiting for Iris. Ctrl-C stops it.")
        turn = s.client.turns[0]
        turn.tell(Delta("Good "), Delta("evening."))
        await s.view.until(lambda: s.view.grew == ["Good ", "Good evening."])
        assert s.view.shown == ["you: hello"]
        assert s.view.waits == ""
        turn.end(reply("Good evening."))
        await s.view.until(lambda: len(s.view.items) == 2)
        assert s.view.shown == ["you: hello", "Iris: Good evening."]
        assert s.view.growing is None
        assert not s.talk.failed


async def test_what_is_told_anew_replaces_what_was_shown() -> None:
    async with scene() as s:
        s.line("hello")
        await s.turns(1)
        s.client.turns[0].tell(Delta("Once"), Reset(), Delta("Twice"))
        await s.view.until(lambda: s.view.grew == ["Once", "Twice"])
        s.client.turns[0].end(reply("Twice"))
        await s.view.until(lambda: s.view.shown[1:] == ["Iris: Twice"])


async def test_two_answers_never_mix_though_both_were_asked_at_once() -> None:
    async with scene() as s:
        s.line("one")
        await s.turns(1)
        s.line("two")
        await s.turns(2)
        first, second = s.client.turns
        first.tell(Delta("First"))
        await s.view.until(lambda: s.view.grew == ["First"])
        second.tell(Delta("Second"))
        second.end(reply("Second", 3))
        await trio.testing.wait_all_tasks_blocked()
        assert s.view.grew == ["First"]
        first.end(reply("First", 2))
        await s.view.until(lambda: len(s.view.items) == 4)
        assert s.view.shown == ["you: one", "you: two", "Iris: First", "Iris: Second"]


async def test_ctrl_c_stops_the_one_that_runs_and_what_was_said_stays() -> None:
    async with scene() as s:
        assert s.talk.running() is None
        s.line("one")
        await s.turns(1)
        s.line("two")
        await s.turns(2)
        s.client.turns[0].tell(Delta("As far as"))
        await s.view.until(lambda: s.view.grew == ["As far as"])
        running = s.talk.running()
        assert running is s.client.turns[0]
        await s.talk.stop(running)
        await s.view.until(lambda: "Iris: As far as (stopped)" in s.view.shown)
        assert s.talk.running() is s.client.turns[1]
        assert s.talk.failed


async def test_a_notice_is_shown_once_however_often_it_is_told() -> None:
    async with scene() as s:
        told = Notice("crisis", "Call 988.", (), at(1))
        s.client.happen(told)
        await s.view.until(lambda: len(s.view.items) == 1)
        s.line("words")
        await s.turns(1)
        s.client.turns[0].tell(told)
        s.client.turns[0].end(reply("Call 988.\n\nI'm here.", 2, HELP))
        s.client.happen(told)
        await s.view.until(lambda: len(s.view.items) == 3)
        await trio.testing.wait_all_tasks_blocked()
        assert s.view.shown == [NOTICED, "you: words", "Iris: I'm here."]
        await s.talk.leave()
        assert s.client.acked == [at(1)]


async def test_the_notice_of_a_reply_is_shown_where_nothing_told_it_before() -> None:
    async with scene() as s:
        s.line("words")
        await s.turns(1)
        s.client.turns[0].end(reply("Call 988.\n\nI'm here.", 9, HELP))
        await s.view.until(lambda: len(s.view.items) == 3)
        assert s.view.shown == ["you: words", NOTICED, "Iris: I'm here."]
        s.client.happen(Notice("crisis", "Call 988.", (), at(8)))  # late
        await trio.testing.wait_all_tasks_blocked()
        assert len(s.view.items) == 3


@pytest.mark.parametrize("position", [None, at(5)])
async def test_help_rides_on_a_refusal(position: object) -> None:
    async with scene() as s:
        s.line("words")
        await s.turns(1)
        error = BridgeError(
            "mailbox_full", "too many wait", retry=True, crisis=HELP, position=position
        )
        s.client.turns[0].end(error)
        await s.view.until(lambda: len(s.view.items) == 3)
        refused = "Not done: too many wait. Trying again later may work."
        assert s.view.shown == ["you: words", NOTICED, refused]
        assert s.talk.failed


async def test_help_comes_with_words_said_aloud() -> None:
    async with scene() as s:
        s.client.spoken = type(s.client.spoken)(at(1), HELP)
        await s.talk.line("/say words")
        assert s.view.shown == [NOTICED]


async def test_an_answer_that_breaks_off_shows_what_it_had() -> None:
    async with scene() as s:
        s.line("hello")
        await s.turns(1)
        s.client.turns[0].tell(Delta("Half of"))
        s.client.turns[0].end(BridgeError("responder_failed", "it broke", partial="Half of it"))
        await s.view.until(lambda: len(s.view.items) == 3)
        assert s.view.shown[1:] == ["Iris: Half of it (stopped)", "Not done: it broke."]
        assert s.view.growing is None


async def test_a_lost_connection_is_one_line_when_it_is_back() -> None:
    async with scene() as s:
        s.client.happen(Disconnected("gone", 0.1))
        await s.view.until(lambda: s.view.waits == module.LOST)
        s.line("hello")
        await s.turns(1)
        await trio.testing.wait_all_tasks_blocked()
        assert s.view.waits == module.LOST
        s.client.happen(Reconnected("s", "Tower", 3))
        await s.view.until(lambda: s.view.waits != module.LOST)
        await s.view.until(lambda: len(s.view.items) == 2)
        assert s.view.shown == ["you: hello", module.BACK]


async def test_a_gap_is_told_in_the_same_line() -> None:
    async with scene() as s:
        s.client.happen(Disconnected("gone", 0.1), Reconnected("s", "Tower", 1))
        s.client.happen(Gap("not_recovered"), RoomEvent("Tower", "left", "bob", None))
        await s.view.until(lambda: s.view.shown == [module.BACK_WITHOUT, "bob leaves."])
        s.client.happen(Reconnected("s", "Tower", 1), RoomEvent("Tower", "left", "cyd", None))
        await s.view.until(lambda: s.view.shown[2:] == [module.BACK, "cyd leaves."])
        s.client.happen(Gap("queue_full", 3))
        await s.view.until(lambda: s.view.shown[4:] == [module.MISSED])


async def test_who_comes_and_goes_is_shown_and_can_be_completed() -> None:
    async with scene() as s:
        assert s.view.at.people == ("Iris", "ada", "bob")
        assert s.view.at.rooms == ("Tower", "Garden")
        s.client.happen(
            RoomEvent("Tower", "joined", "cyd", "Cyd"),
            RoomEvent("Tower", "joined", "ada", "Ada"),  # oneself
            RoomEvent("Tower", "said", "persona:Iris", "Iris", "Welcome."),
            RoomEvent("Tower", "erased", None),
            RoomEvent("Tower", "left", "bob", None),
            RoomEvent("Tower", "said", "ada", "Ada", "Hi."),
        )
        await s.view.until(lambda: len(s.view.items) == 4)
        wanted = ["Cyd comes in.".replace("Cyd", "cyd"), "Iris says aloud: Welcome."]
        assert s.view.shown == [*wanted, "bob leaves.", "You say aloud: Hi."]
        assert s.view.at.people == ("Iris", "ada", "cyd")


async def test_to_go_shows_the_room_and_who_answers_there() -> None:
    async with scene() as s:
        await s.talk.line("/go Garden")
        assert s.client.went == ["Garden"]
        assert s.view.at.room == "Garden"
        assert "Moss lives here, an AI." in s.view.shown[0]
        s.line("hello")
        await s.turns(1)
        s.client.turns[0].end(reply("Hm.", room="Garden"))
        await s.view.until(lambda: s.view.shown[-1] == "Moss: Hm.")


async def test_a_move_in_another_window_is_followed() -> None:
    async with scene() as s:
        s.client.went.append("Garden")
        s.client.happen(RoomEvent("Garden", "joined", "ada", None))
        await s.view.until(lambda: s.view.at.room == "Garden")


async def test_rooms_that_can_not_be_read_are_not_completed_and_no_harm() -> None:
    client, view = FakeClient(), Kept()
    client.unread = ReadFailed("it broke off")
    await Talk(client, view, "ada").enter(look=True)
    assert (view.at.room, view.at.rooms) == ("Tower", ())
    assert "Iris lives here, an AI." in view.shown[0]


async def test_to_come_in_is_no_move() -> None:
    scene_of = RoomScene(Kept(), "ada")
    assert not scene_of.heard(RoomEvent("Tower", "joined", "ada", None))
    scene_of.at(await FakeClient().look())
    assert not scene_of.heard(RoomEvent("Tower", "joined", "ada", None))
    assert scene_of.heard(RoomEvent("Garden", "joined", "ada", None))


async def test_a_turn_of_another_window_is_shown() -> None:
    async with scene() as s:
        s.client.happen(Elsewhere(1, "words", reply("Call 988.\n\nHere.", 2, HELP), None))
        await s.view.until(lambda: len(s.view.items) == 2)
        assert s.view.shown == [NOTICED, "Iris, to you in another window: Here."]


async def test_a_command_of_the_server_is_no_words_of_the_persona() -> None:
    async with scene() as s:
        s.line("who")
        await s.turns(1)
        s.client.turns[0].end(reply("Here now: ada.", command="who"))
        await s.view.until(lambda: s.view.shown == ["you: who", "Here now: ada."])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BridgeError("not_found", "no such room"), "Not done: no such room."),
        (TooLarge("message must be smaller"), "Not sent: message must be smaller."),
        (Unsettled("unknown"), module.UNSETTLED),
    ],
)
async def test_what_can_not_be_done_is_said(error: Exception, told: str) -> None:
    async with scene() as s:
        s.client.wrong = error
        await s.talk.line("/say words")
        assert s.view.shown == [told]
        assert s.talk.failed


async def test_what_is_no_command_is_not_sent() -> None:
    async with scene() as s:
        await s.talk.line("/nonsense")
        await s.talk.line("/say")
        await s.talk.line("   ")
        assert s.client.asked == []
        assert s.view.shown[1] == "Type /say WORDS."
        assert s.talk.failed
        assert not await s.talk.line("/quit")


async def test_more_messages_than_a_mailbox_holds_are_not_sent() -> None:
    async with scene() as s:
        for number in range(module.AT_ONCE):
            s.line(f"{number}")
            await s.turns(number + 1)
        await s.talk.line("one more")
        assert len(s.client.asked) == module.AT_ONCE
        assert s.view.shown[-1].startswith("Too many messages wait")


async def test_the_end_of_the_connection_ends_the_watch() -> None:
    async with scene() as s:
        s.client.wrong = SessionErased("it was erased")
        await s.talk.line("hello")
        assert s.talk.failed
        s.client.happen(SessionErased("it was erased"))
        with trio.fail_after(60):
            await s.watched.wait()
        assert isinstance(s.talk.over, SessionErased)
