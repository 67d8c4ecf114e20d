"""What care leaves behind: acknowledgements that outlive a restart, and the crisis ledger."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.crisis import LEXICON
from nexus_trio.errors import Aborted, MailboxFull, NexusError, StoreUnavailable
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.store.base import Count, PutSession, PutTurn, Write
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

WISH = "I want to die"
LOW = "I feel so hopeless"
TODAY = date(2026, 1, 1)
ONE = {"crisis detected": 1, "crisis issued": 1, "crisis delivered": 1}


async def noticed(connection: Connection) -> list[Noticed]:
    """The notices that wait for this connection."""
    await wait_all_tasks_blocked()
    frames = [connection.outbox.take() for _ in range(len(connection.outbox))]
    return [frame for frame in frames if isinstance(frame, Noticed)]


def shown(notices: list[Noticed]) -> list[tuple[Position, str, str]]:
    return [(notice.position, notice.level, notice.text) for notice in notices]


async def counted(store: MemoryStore) -> dict[str, int]:
    """The ledger of the day, as `level action`."""
    await wait_all_tasks_blocked()
    return {f"{c.level} {c.action}": c.number for c in await store.ledger(TODAY, TODAY)}


# --- acknowledgements ---


async def test_an_acknowledgement_outlives_a_restart() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        one.message("m1", WISH)
        (first,) = await noticed(one)
        one.message("m2", WISH)
        (second,) = await noticed(one)
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        assert shown(await noticed(one)) == shown([first, second]), "nothing was acknowledged"
        await one.acknowledge(first.position)
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        assert shown(await noticed(one)) == shown([second])
        await one.acknowledge(second.position)
        one.message("m3", "hello")
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        assert await noticed(one) == []
        one.message("m4", WISH)
        third = await noticed(one)
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        assert shown(await noticed(one)) == shown(third)


async def test_what_a_caller_without_a_connection_was_answered_does_not_come_again() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", WISH)
        await hub.ask("ada", "hello")
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        assert await noticed(one) == []


async def test_a_notice_comes_again_where_its_acknowledgement_could_not_be_stored() -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        async with hub.connect("ada") as one:
            one.message("m1", WISH)
            (notice,) = await noticed(one)
            store.fault = "down"
            with pytest.raises(StoreUnavailable):
                await one.acknowledge(notice.position)
            store.fault = None
        async with hub.connect("ada") as two:
            assert await noticed(two) == [notice]
            await two.acknowledge(Position(notice.position.epoch, 10**6))
            two.message("m2", WISH)
            later = await noticed(two)
            assert len(later) == 1, "what comes after is not acknowledged in advance"
        async with hub.connect("ada") as three:
            assert await noticed(three) == later


async def test_an_acknowledgement_of_nothing_writes_nothing() -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub, hub.connect("ada") as one:
        one.message("m1", "hello")
        await wait_all_tasks_blocked()
        before = len(store.appends)
        await one.acknowledge(one.position)
        assert len(store.appends) == before


# --- the ledger ---


async def test_what_is_detected_issued_and_seen_is_counted() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        assert await counted(store) == {}
        await hub.ask("ada", LOW)
        assert await counted(store) == {"concern detected": 1}
        await hub.ask("ada", WISH, client_ref="r")
        await hub.ask("ada", WISH, client_ref="r")  # the same reply again: nothing new
        await hub.say("ben", "Tower", WISH)
        assert await counted(store) == {"concern detected": 1, **dict.fromkeys(ONE, 2)}
        async with hub.connect("cleo") as one:
            one.message("m1", WISH)
            (notice,) = await noticed(one)
            await one.acknowledge(notice.position)
            await one.acknowledge(notice.position)
        assert await counted(store) == {
            "concern detected": 1,
            **dict.fromkeys(ONE, 3),
            "crisis seen": 1,
        }
        await hub.erase("ada")
        assert (await counted(store))["crisis detected"] == 3


@pytest.mark.parametrize("mode", ["ready", "stream", "fail"])
async def test_a_turn_is_counted_once_however_it_goes(mode: str) -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(FakeResponder(mode=mode), store) as hub:
        assert "988" in (await hub.ask("ada", WISH)).text
    assert await counted(store) == ONE


async def test_a_turn_that_is_stopped_is_counted_once() -> None:
    store = MemoryStore(Names())
    async with (
        open_fake_hub(FakeResponder(mode="hang"), store) as hub,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(failing, hub, Aborted, WISH, "r")
        await wait_all_tasks_blocked()
        assert hub.stop("ada", "r")
    assert await counted(store) == ONE


async def test_a_turn_that_a_restart_cut_is_counted_once(autojump_clock: MockClock) -> None:
    store = MemoryStore(Names())
    async with (
        open_fake_hub(FakeResponder(mode="hang"), store) as hub,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(failing, hub, Aborted, WISH, "r")
        await wait_all_tasks_blocked()
        hub.give_up()
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
    assert await counted(store) == ONE


async def failing(hub: Hub, kind: type[NexusError], words: str, ref: str | None = None) -> None:
    """Ask, and be told so, with the help that the words deserve."""
    with pytest.raises(kind) as caught:
        await hub.ask("ada", words, client_ref=ref)
    assert caught.value.crisis is not None
    assert "988" in caught.value.crisis.notice


async def test_help_in_a_refusal_is_counted(autojump_clock: MockClock) -> None:
    store = FaultyStore(Names())
    async with (
        open_fake_hub(FakeResponder(mode="hang"), store, mailbox=1) as hub,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(hub.ask, "ada", "one")
        await wait_all_tasks_blocked()
        nursery.start_soon(hub.ask, "ada", "two")
        await wait_all_tasks_blocked()
        await failing(hub, MailboxFull, WISH)
        assert await counted(store) == ONE
        nursery.cancel_scope.cancel()


async def test_help_without_a_store_is_counted_when_the_store_is_back(
    autojump_clock: MockClock,
) -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "down"
        await failing(hub, StoreUnavailable, WISH)
        assert await store.ledger(TODAY, TODAY) == ()
        store.fault = None
        await trio.sleep(6)
        assert await counted(store) == ONE


async def test_a_command_with_such_words_is_counted() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", f"/go {WISH}")
        assert await counted(store) == ONE
        await hub.ask("ada", f"/say {WISH}")
        assert await counted(store) == dict.fromkeys(ONE, 2)


async def test_users_of_the_experiment_are_not_counted() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub:
        user: Any = "experiment-1"
        await hub.ask(user, WISH)
        await hub.say(user, "Tower", WISH)
        await hub.ask(user, f"/go {WISH}")
        async with hub.connect(user) as one:
            one.message("m1", WISH)
            (notice, *_) = await noticed(one)
            await one.acknowledge(notice.position)
    assert await counted(store) == {}


async def test_counts_that_wait_at_the_end_are_stored() -> None:
    store = FaultyStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "down"
        await failing(hub, StoreUnavailable, WISH)
        store.fault = None
    assert await counted(store) == ONE


async def test_what_nobody_was_there_to_read_is_issued_and_not_delivered(
    autojump_clock: MockClock,
) -> None:
    store = MemoryStore(Names())
    issued = {"crisis detected": 1, "crisis issued": 1}
    async with open_fake_hub(FakeResponder(mode="hang"), store) as hub:
        with trio.move_on_after(1):
            await hub.ask("ada", WISH)  # goes away
        await trio.sleep(10)
        assert await counted(store) == issued
        # Over a connection it is owed, and comes when somebody does.
        async with hub.connect("ada") as one:
            one.message("m1", WISH)
            await trio.sleep(10)
        assert await counted(store) == dict.fromkeys(issued, 2)
        for _ in range(2):
            async with hub.connect("ada") as one:
                assert len(await noticed(one)) == 1
        assert await counted(store) == {**dict.fromkeys(issued, 2), "crisis delivered": 1}


@pytest.mark.parametrize("connections", [1, 3])
async def test_a_notice_is_delivered_once_to_however_many(connections: int) -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(FakeResponder(mode="stream"), store) as hub, AsyncExitStack() as stack:
        all_of_them = [
            await stack.enter_async_context(hub.connect("ada")) for _ in range(connections)
        ]
        all_of_them[0].message("m1", WISH)
        for one in all_of_them:
            assert len(await noticed(one)) == 1
        assert await counted(store) == ONE


async def test_a_stream_s_notice_is_delivered_as_it_is_read() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(FakeResponder(mode="stream"), store) as hub:
        await hub.ask("ada", "hello")
        stream = await hub.stream("ada", WISH)
        await wait_all_tasks_blocked()
        assert "crisis delivered" not in await counted(store)
        assert isinstance(stream.outbox.take(), Noticed)
        assert await counted(store) == ONE
        await stream.outcome()
        stream.close()
        assert await counted(store) == ONE


async def test_a_reply_that_is_withheld_is_counted() -> None:
    store = MemoryStore(Names())
    harm = FakeResponder(lambda prompt: "You should kill yourself, and the world")
    async with open_fake_hub(harm, store) as hub:
        await hub.ask("ada", "hello", locale="de-AT")
    (count,) = await store.ledger(TODAY, TODAY)
    assert count == Count(TODAY, "none", "withheld", 1, "AT", LEXICON)


async def test_what_was_withheld_goes_with_the_turn_s_own_commit() -> None:
    """So a crash takes both or neither."""
    store = FaultyStore(Names())
    harm = FakeResponder(lambda prompt: "You should kill yourself, and the world")
    async with open_fake_hub(harm, store) as hub:
        for mode in ("ready", "stream"):
            harm.mode = mode
            await hub.ask("ada", "hello")
        commits = [w for w in store.appends if any(isinstance(each, Count) for each in w)]
        assert [{type(w) for w in commit} for commit in commits] == [
            {PutSession, PutTurn, Count}
        ] * 2
    assert await counted(store) == {"none withheld": 2}


class Held(FaultyStore):
    """A store whose commits of counts alone wait until they are let go, one by one."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.gate = trio.Semaphore(0)
        self.begun = 0

    async def append(self, writes: Sequence[Write]) -> None:
        if all(isinstance(write, Count) for write in writes):
            self.begun += 1
            await self.gate.acquire()
        await super().append(writes)


async def test_a_crash_loses_at_most_the_refusals_since_the_last_commit_began() -> None:
    """What is stored, whenever it is looked at: all that was noted before the commit before."""
    store = Held()
    async with (
        open_fake_hub(FakeResponder(mode="hang"), store, mailbox=1) as hub,
        trio.open_nursery() as nursery,
    ):
        for _ in range(2):
            nursery.start_soon(hub.ask, "ada", "hello")
            await wait_all_tasks_blocked()
        refused, before = 0, []
        for several in (1, 3, 2, 5, 1):
            for _ in range(several):
                await failing(hub, MailboxFull, WISH)  # waits for no commit
            refused += several
            before.append(refused)
            await wait_all_tasks_blocked()
            assert store.begun == len(before), "one commit for all that came meanwhile"
            store.gate.release()
            found = await counted(store)
            # The first of several begins a commit; those behind it go with the next one.
            assert found["crisis issued"] >= (before[-2] if len(before) > 1 else 1)
            assert refused - found["crisis issued"] < several
            if refused != found["crisis issued"]:
                store.gate.release()
                assert await counted(store) == dict.fromkeys(ONE, refused)
                store.begun -= 1
        nursery.cancel_scope.cancel()


async def test_where_and_by_which_lexicon() -> None:
    store = MemoryStore(Names())
    async with open_fake_hub(store=store) as hub:
        await hub.ask("ada", WISH, locale="en-GB")
        async with hub.connect("ben") as one:
            one.message("m1", WISH, locale="fr")
            (notice,) = await noticed(one)
            await one.acknowledge(notice.position)
        await hub.ask("cleo", LOW)
        await wait_all_tasks_blocked()
    found = {(c.jurisdiction, c.level, c.action) for c in await store.ledger(TODAY, TODAY)}
    assert found == {
        *(("GB", "crisis", action) for action in ("detected", "issued", "delivered")),
        *(("FR", "crisis", action) for action in ("detected", "issued", "delivered", "seen")),
        ("US", "concern", "detected"),
    }
    assert {c.lexicon for c in await store.ledger(TODAY, TODAY)} == {LEXICON}
