"""Words that come behind a hello which is not answered yet: the disk hangs, and nobody is left
without help for it (I23). On a clock that stands still until it is moved by hand.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio
from hung_disk import Frames, hanging, message, say
from live_wire import Wire
from quart_trio import QuartTrio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.runtime.turn import HURRY_S
from nexus_trio.web.early import WAITING_BYTES, WAITING_FRAMES, Early

WISH = "I want to die"
LOW = "I feel so hopeless"


def is_help(frame: dict[str, Any]) -> bool:
    """Whether it is the frame that brings help before the welcome, and ends nothing."""
    if (frame["type"], frame.get("ref", "")) != ("error", None) or "crisis" not in frame:
        return False
    assert (frame["code"], frame["retry"]) == ("store_unavailable", True)
    assert "988" in frame["crisis"]["notice"]
    return True


def kinds(frames: Frames) -> list[str]:
    return [frame["type"] for frame in frames if frame["type"] != "room"]


@pytest.mark.parametrize("words", [message("m1", WISH), say("s1", WISH)], ids=["message", "say"])
async def test_help_comes_although_the_disk_hangs(
    words: dict[str, Any], mock_clock: MockClock
) -> None:
    async with hanging() as at:
        wire = await at.sends(words)
        (frame,) = await at.after_a_moment(wire)
        assert is_help(frame)
        # Once, however long it takes.
        await at.pass_time(1)
        assert wire.arrived() == []


async def test_words_that_come_later_wait_for_nothing(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await at.sends()
        await at.pass_time(1)
        await wire.send(**message("m1", WISH))
        await wait_all_tasks_blocked()
        assert [is_help(frame) for frame in wire.arrived()] == [True]


async def test_the_message_is_then_answered_as_ever(mock_clock: MockClock) -> None:
    """Its notice comes as that of any message: once as a notice, once in the reply."""
    async with hanging() as at:
        frames = [message("m1", WISH), message("m2", "hello"), {"type": "ping", "ref": "p"}]
        wire = await at.sends(*frames)
        assert [is_help(frame) for frame in await at.after_a_moment(wire)] == [True]
        found = await at.goes_on(wire)
        assert kinds(found)[0] == "welcome"
        told = sorted(kind for kind in kinds(found) if kind != "delta")
        assert told == ["notice", "pong", "reply", "reply", "welcome"]
        replies = [frame for frame in found if frame["type"] == "reply"]
        assert [(r["ref"], r["turn"]) for r in replies] == [("m1", 1), ("m2", 2)]
        assert replies[0]["response"].startswith(replies[0]["crisis"]["notice"])


async def test_a_disk_that_works_gets_no_word_more(mock_clock: MockClock) -> None:
    """Only where it hangs is there anything before the welcome."""
    async with hanging() as at:
        at.disk.work()
        found = (await at.sends(message("m1", WISH))).arrived()
        assert kinds(found)[0] == "welcome"
        assert not any(is_help(frame) for frame in found)
        assert kinds(found).count("notice") == kinds(found).count("reply") == 1


async def test_the_third_of_low_distress(mock_clock: MockClock) -> None:
    """Each is judged behind those that wait before it; a command is no turn between them."""
    async with hanging() as at:
        frames = [message("m1", LOW), message("l", "look"), message("m2", LOW), say("s", LOW)]
        wire = await at.sends(*frames)
        (frame,) = await at.after_a_moment(wire)
        assert is_help(frame)
        assert frame["crisis"]["turns"] == 3


async def test_behind_what_the_session_has_heard(mock_clock: MockClock) -> None:
    async with hanging() as at:
        at.disk.work()
        for _ in range(2):
            await at.bridge.hub.ask("ada", LOW)
        at.disk.works = trio.Event()
        at.disk.fault = "hang"
        wire = await at.sends(message("m1", LOW), room="Garden")
        assert [is_help(frame) for frame in await at.after_a_moment(wire)] == [True]


async def test_words_in_a_frame_that_is_refused(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await at.sends({"type": "message", "message": WISH}, {"type": "what", "text": WISH})
        assert [is_help(frame) for frame in await at.after_a_moment(wire)] == [True, True]
        found = await at.goes_on(wire)
        errors = [frame for frame in found if frame["type"] == "error"]
        assert [error["code"] for error in errors] == ["invalid_request"] * 2
        assert all("988" in error["crisis"]["notice"] for error in errors)


async def test_in_the_language_of_the_hello(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await at.sends(message("m1", WISH), locale="en-GB")
        (frame,) = await at.after_a_moment(wire)
        assert "116 123" in frame["crisis"]["notice"]


async def test_only_so_many_frames_wait(mock_clock: MockClock) -> None:
    """Then nothing is read; what was sent is all answered when the disk works again."""
    count = WAITING_FRAMES + 10
    async with hanging() as at:
        wire = await at.sends(*({"type": "ping", "ref": f"p{n}"} for n in range(count)))
        assert await at.after_a_moment(wire) == []
        assert wire.unread == 10
        found = await at.goes_on(wire)
        assert [f["ref"] for f in found if f["type"] == "pong"] == [f"p{n}" for n in range(count)]


async def test_only_so_many_bytes_wait(mock_clock: MockClock) -> None:
    async with hanging() as at:
        long = [message(f"m{n}", "ä" * 8_000) for n in range(WAITING_BYTES // 8_000)]
        wire = await at.sends(*long)
        await at.after_a_moment(wire)
        assert 0 < wire.unread < len(long)
        read = len(long) - wire.unread
        size = len(str(long[0]).encode())
        assert (read - 2) * size < WAITING_BYTES


class Slow(Wire):
    """Takes nothing until `reads`; two things must never be sent to it at a time."""

    def __init__(self, app: QuartTrio) -> None:
        super().__init__(app)
        self.reads = trio.Event()
        self.reads.set()
        self._taking = trio.Semaphore(1)
        fast, self._sent = self._sent, self  # type: ignore[assignment]  # of all it has, `send` is used
        self._fast = fast

    async def send(self, *event: Any, **frame: Any) -> None:
        """What the client sends, by name; else what is sent to it."""
        if frame:
            await super().send(**frame)
            return
        self._taking.acquire_nowait()
        await self.reads.wait()
        await self._fast.send(*event)
        self._taking.release()


async def test_a_client_that_is_slow_to_take_its_help(mock_clock: MockClock) -> None:
    """The connection stands meanwhile: the welcome comes behind the help, the rest behind it."""
    async with hanging() as at:
        wire = Slow(at.bridge.app)
        at.nursery.start_soon(wire.run)
        await wire.send(type="hello", user_id="ada")
        await wire.send(**message("m1", WISH))
        await wait_all_tasks_blocked()
        wire.reads = trio.Event()
        assert await at.after_a_moment(wire) == []
        assert await at.goes_on(wire) == []
        wire.reads.set()
        await wait_all_tasks_blocked()
        found = wire.arrived()
        assert is_help(found[0])
        assert found[1]["type"] == "welcome"
        assert {"room", "notice", "reply"} <= {frame["type"] for frame in found[2:]}


async def test_nothing_is_read_behind_the_end_of_a_client() -> None:
    """The server below says it again and again."""

    async def receive() -> Any:
        await trio.lowlevel.checkpoint()
        return {"type": "websocket.disconnect", "code": 1006}

    early = Early(receive)
    await early.last_words()
    assert len(early.events) == 1


async def test_a_client_that_goes_meanwhile(mock_clock: MockClock) -> None:
    """What it had sent is done as ever, and nothing of its connection stays."""
    async with hanging() as at:
        wire = await at.sends(message("m1", WISH))
        wire.cut()
        assert [is_help(frame) for frame in await at.after_a_moment(wire)] == [True]
        assert not wire.over.is_set()
        await at.goes_on(wire)
        assert wire.over.is_set()
        assert [t.message for t in (await at.bridge.hub.history("ada")).turns] == [WISH]
        assert (await at.bridge.hub.session("ada")).connections == 0


async def test_a_store_that_fails_at_last(mock_clock: MockClock) -> None:
    """The hello is refused, and with it each message by its own ref; then the close."""
    async with hanging() as at:
        wire = await at.sends(
            message("m1", "hello"), message("m2", WISH), {"type": "look", "ref": "l"}
        )
        assert [is_help(frame) for frame in await at.after_a_moment(wire)] == [True]
        found = await at.goes_on(wire, "down")
        await at.pass_time(HURRY_S)
        found += wire.arrived()
        assert [(f["type"], f.get("ref")) for f in found] == [
            ("error", None), ("error", "m1"), ("error", "m2"), ("bye", None),
        ]  # fmt: skip
        assert {f["code"] for f in found[:-1]} == {"store_unavailable"}
        assert ("crisis" in found[1], "988" in found[2]["crisis"]["notice"]) == (False, True)
        assert found[-1]["code"] == 1012
        assert wire.over.is_set()


@pytest.mark.parametrize("fault", ["down", "drain", "bad"])
async def test_a_hello_that_is_refused_at_once(fault: str, mock_clock: MockClock) -> None:
    """What comes within a moment behind it is heard all the same."""
    async with hanging() as at:
        at.disk.work("down" if fault == "down" else None)
        if fault == "drain":
            at.bridge.hub.refuse()
        wire = await at.sends(
            message("m1", WISH), **({"room": "Nowhere"} if fault == "bad" else {})
        )
        assert [frame["ref"] for frame in wire.arrived()] == [None]
        await at.pass_time(HURRY_S)
        help_, bye = wire.arrived()
        assert (help_["type"], help_["ref"], bye["type"]) == ("error", "m1", "bye")
        assert "988" in help_["crisis"]["notice"]
        assert wire.over.is_set()


async def test_a_refused_message_is_counted_once(mock_clock: MockClock) -> None:
    async with hanging() as at:
        wire = await at.sends(message("m1", WISH))
        await at.after_a_moment(wire)
        before = at.bridge.hub.statistics().refused
        await at.goes_on(wire, "down")
        await at.pass_time(HURRY_S)
        assert at.bridge.hub.statistics().refused - before == 1


async def test_a_drain_meanwhile(mock_clock: MockClock) -> None:
    """The connection that waits ends with the hub, and its words had their help."""
    async with hanging() as at:
        wire = await at.sends(message("m1", WISH))
        assert [is_help(frame) for frame in await at.after_a_moment(wire)] == [True]
        at.bridge.hub.refuse()
        at.bridge.hub.give_up()
        await wait_all_tasks_blocked()
        await at.pass_time(HURRY_S)
        found = wire.arrived()
        assert [(f["type"], f.get("ref")) for f in found] == [
            ("error", None), ("error", "m1"), ("bye", None),
        ]  # fmt: skip
        assert found[-1]["code"] == 1012
        assert "988" in found[1]["crisis"]["notice"]
        assert wire.over.is_set()


async def test_a_server_that_ends_waits_for_nobody(mock_clock: MockClock) -> None:
    """Cancelled in any of these states, nothing of it is left."""
    async with hanging() as at:
        async with trio.open_nursery() as nursery:
            at.nursery = nursery
            wire = await at.sends(message("m1", WISH))
            await at.after_a_moment(wire)
            nursery.cancel_scope.cancel()
        assert not wire.over.is_set()
        at.disk.work()
        await wait_all_tasks_blocked()
        assert (await at.bridge.hub.session("ada")).connections == 0
