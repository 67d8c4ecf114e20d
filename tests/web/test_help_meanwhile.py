"""Words on a WebSocket while the disk hangs over others before them, or over these: nobody is left
without help for it (I23). On a clock that stands still until it is moved by hand.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hung_disk import Frames, Scene, hanging, message, say
from live_wire import Wire
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.runtime.turn import HURRY_S
from nexus_trio.web.early import WAITING_FRAMES

WISH = "I want to die"
LOW = "I feel so hopeless"

SLOW: list[dict[str, Any]] = [
    say("s1", "good morning"),
    {"type": "go", "ref": "g1", "room": "Garden"},
]


async def welcome(at: Scene) -> Wire:
    """A WebSocket that stands, and a disk that hangs from now on."""
    at.disk.fault = None
    wire = await at.sends()
    assert wire.arrived()[0]["type"] == "welcome"
    at.disk.fault = "hang"
    return wire


async def sent(wire: Wire, *frames: dict[str, Any]) -> None:
    for frame in frames:
        await wire.send(**frame)
    await wait_all_tasks_blocked()


def helps(frames: Frames) -> list[dict[str, Any]]:
    found = [frame for frame in frames if frame["type"] == "notice"]
    assert all("988" in frame["text"] for frame in found)
    return found


async def test_words_said_aloud_have_their_help_before_they_are_stored(
    mock_clock: MockClock,
) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        await sent(wire, say("s1", WISH))
        assert wire.arrived() == []
        assert len(helps(await at.after_a_moment(wire))) == 1
        await at.pass_time(1)
        assert wire.arrived() == []
        (done,) = [frame for frame in await at.goes_on(wire) if frame["type"] == "done"]
        assert done["ref"] == "s1"
        assert done["crisis"]["detected"]


@pytest.mark.parametrize("slow", SLOW, ids=lambda frame: frame["type"])
@pytest.mark.parametrize("words", [message("m1", WISH), say("m1", WISH)], ids=["message", "say"])
async def test_who_writes_behind_what_hangs_has_help_and_an_answer_in_turn(
    words: dict[str, Any], slow: dict[str, Any], mock_clock: MockClock
) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        await sent(wire, slow, words)
        assert len(helps(await at.after_a_moment(wire))) == 1
        answers = [f["ref"] for f in await at.goes_on(wire) if "ref" in f and f["type"] != "delta"]
        assert answers == [slow["ref"], "m1"]


async def test_what_came_meanwhile_is_done_in_its_order_and_once(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        many = [{"type": "ping", "ref": f"p{n}"} for n in range(WAITING_FRAMES + 8)]
        await sent(wire, SLOW[0], *many)
        assert await at.after_a_moment(wire) == []
        pongs = [f["ref"] for f in await at.goes_on(wire) if f["type"] == "pong"]
        assert pongs == [ping["ref"] for ping in many]


async def test_behind_a_second_wait_the_third_waits_on_and_has_help(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        await sent(wire, SLOW[0], say("s2", "is anybody here?"), message("m1", WISH))
        assert len(helps(await at.after_a_moment(wire))) == 1
        refs = [f["ref"] for f in await at.goes_on(wire) if f["type"] in ("done", "reply")]
        assert refs == ["s1", "s2", "m1"]


async def test_while_what_was_taken_waits_for_a_second_time_no_more_is_taken(
    mock_clock: MockClock,
) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        pings = [{"type": "ping", "ref": f"p{n}"} for n in range(4)]
        await sent(wire, SLOW[0], say("s2", "is anybody here?"), *pings)
        assert await at.after_a_moment(wire) == []
        came: Frames = []
        while not any(frame["type"] == "done" for frame in came):
            works, at.disk.works = at.disk.works, trio.Event()  # for one commit
            works.set()
            await wait_all_tasks_blocked()
            came += wire.arrived()
        await sent(wire, *pings)
        await at.pass_time(1)
        assert wire.unread == len(pings)
        pongs = [f["ref"] for f in await at.goes_on(wire) if f["type"] == "pong"]
        assert pongs == [ping["ref"] for ping in pings * 2]


async def test_one_low_message_is_no_alarm(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        await sent(wire, SLOW[0], message("m1", LOW))
        assert await at.after_a_moment(wire) == []
        assert helps(await at.goes_on(wire)) == []


async def test_a_disk_that_is_quick_enough_gives_no_notice_ahead(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        await sent(wire, say("s1", WISH))
        await at.pass_time(HURRY_S / 2)
        assert helps(await at.goes_on(wire)) == []
        await at.pass_time(1)
        assert wire.arrived() == []


async def test_a_client_that_goes_meanwhile_is_gone_when_its_turn_comes(
    mock_clock: MockClock,
) -> None:
    async with hanging() as at:
        wire = await welcome(at)
        await sent(wire, say("s1", "good morning"))
        await at.pass_time(HURRY_S)
        wire.cut()
        await wait_all_tasks_blocked()
        await at.goes_on(wire)
        answer = await at.bridge.get("/bridge/sessions/ada")
        assert answer.json["connections"] == 0
