"""What is older than it shall be kept goes, under virtual time and in the files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.frames import Answered, Heard
from nexus_trio.runtime.hub import Hub
from nexus_trio.server import open_hub
from nexus_trio.settings import Settings
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import EPOCH, Names, open_fake_hub

DAY = 86_400.0


async def test_a_conversation_goes_on_without_its_oldest_words(autojump_clock: MockClock) -> None:
    responder = FakeResponder()
    async with open_fake_hub(responder, retention_days=2) as hub, hub.connect("ada") as one:
        for number in range(1, 6):
            reply = await hub.ask("ada", f"words {number}")
            await trio.sleep(DAY)
        await trio.sleep(60)  # and the look of that hour has been
        # It is the sixth day; midnight two days ago is the fourth's beginning.
        history = await hub.history("ada")
        assert [turn.number for turn in history.turns] == [4, 5]
        assert (await hub.session("ada")).session_messages == 2
        reply = await hub.ask("ada", "words 6")
        assert (reply.turn, reply.session_messages) == (6, 3)
        assert reply.position == Position(history.turns[0].position.epoch, 6)  # type: ignore[union-attr]
        known = [exchange.message for exchange in responder.prompts[-1].history]
        assert known == ["words 4", "words 5"], "the responder is told nothing that is gone"
        seen = [one.outbox.take() for _ in range(len(one.outbox))]
        assert sum(isinstance(frame, Answered) for frame in seen) == 6
        async with hub.connect("ada", after=Position(reply.position.epoch, 1)) as late:
            assert not late.welcome.recovered
        async with hub.connect("ada", after=Position(reply.position.epoch, 3)) as late:
            assert late.welcome.recovered


async def test_what_was_said_aloud_becomes_tombstones(autojump_clock: MockClock) -> None:
    async with open_fake_hub(retention_days=1) as hub, hub.connect("ada") as one:
        start = one.welcome.room_position
        await hub.say("ada", "Tower", "old words")
        await trio.sleep(2.5 * DAY)
        await hub.say("ada", "Tower", "new words")
        async with hub.connect("ada", room_after=start) as two:
            assert two.welcome.recovered
            await wait_all_tasks_blocked()
            frames = [two.outbox.take() for _ in range(len(two.outbox))]
            told = [(f.event.event, f.event.text) for f in frames if isinstance(f, Heard)]
        assert ("erased", None) in told
        assert told[-1] == ("said", "new words")
        assert "old words" not in str([f.event.text for f in frames if isinstance(f, Heard)])


async def test_who_has_gone_is_erased_whole_and_who_is_here_stays(
    autojump_clock: MockClock,
) -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store, retention_days=3, session_idle_s=60) as hub:
        before = await hub.ask("gone", "hello")
        await hub.ask("here", "hello")
        async with hub.connect("here"):
            await trio.sleep(5 * DAY)
            with pytest.raises(NotFound):
                await hub.session("gone")
            assert (await hub.session("here")).session_messages == 0
            again = await hub.ask("gone", "hello")
            assert again.session_id != before.session_id
            assert again.turn == 1
            assert (await hub.ask("here", "hello")).turn == 2


async def test_by_default_nothing_goes(autojump_clock: MockClock) -> None:
    async with open_fake_hub() as hub:
        await hub.ask("ada", "hello")
        await trio.sleep(400 * DAY)
        assert len((await hub.history("ada")).turns) == 1


async def test_without_its_store_it_waits_for_the_next_time(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store, retention_days=1) as hub:
        await hub.ask("ada", "hello")

        async def broken(*_: Any) -> Any:
            await trio.sleep_forever()

        store.expire = broken  # type: ignore[method-assign]
        await trio.sleep(2.5 * DAY)
        assert "not there to remove" in caplog.text
        del store.expire
        await trio.sleep(3700)
        with pytest.raises(NotFound):
            await hub.session("ada")


async def swept(hub: Hub) -> None:
    """Return once what retention took is gone from the files, too."""
    while (await hub.history("ada")).turns[0].message != "later words":
        await trio.lowlevel.checkpoint()
    await hub.ask("ben", "hello")
    await hub.erase("ben")  # which waits for a sweep that covers what went before


async def test_no_byte_of_what_went_is_left_in_the_files(tmp_path: Path) -> None:
    days = 0
    settings = Settings(data=str(tmp_path / "data"), durability="process", retention_days=7)

    def canaries() -> int:
        files = [each for each in (tmp_path / "data").iterdir() if each.is_file()]
        return sum(each.read_bytes().count(b"canary") for each in files)

    async with open_hub(settings, now=lambda: EPOCH + timedelta(days=days)) as hub:
        for number in range(40):
            await hub.ask("ada", f"canary words {number}" * 9)
            await hub.say("canary-user", "Tower", f"canary {number}")
    assert canaries() > 0
    days = 6
    async with open_hub(settings, now=lambda: EPOCH + timedelta(days=days)) as hub:
        await hub.ask("ada", "later words")
    days = 9
    async with open_hub(settings, now=lambda: EPOCH + timedelta(days=days)) as hub:
        await swept(hub)
        assert canaries() == 0
        assert [turn.message for turn in (await hub.history("ada")).turns] == ["later words"]
        assert (await hub.ask("ada", "hello")).turn == 42
    assert canaries() == 0
