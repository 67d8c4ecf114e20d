"""What a store promises of what is old, and of the crisis ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from nexus_trio.model.envelope import (
    Position,
    RoomEvent,
)
from nexus_trio.store.base import (
    Count,
    PutRoomEvent,
    PutSession,
    PutTurn,
    Store,
)
from nexus_trio.testing.contracts.values import NOW, answered, received, session


def aged(number: int, days: int, user: str = "ada") -> list[PutSession | PutTurn]:
    at = NOW - timedelta(days=days)
    turn = replace(answered(number, f"{user} {number}", f"r{number}"), at=at)
    return [PutSession(replace(session(user), last_active=at)), PutTurn(user, turn)]


class StoreAge:
    """Part of `StoreContract`."""

    async def test_old_turns_go_and_numbers_and_offsets_go_on(self, store: Store) -> None:
        await store.append([PutSession(session("idle")), PutTurn("idle", received())])
        for number, days in enumerate((9, 8, 7, 1), start=1):
            await store.append(aged(number, days))
        week = NOW - timedelta(days=5)
        taken = [await store.expire(week, 2) for _ in range(3)]
        assert [dict(t.turns) for t in taken] == [{"ada": 2}, {"ada": 3}, {}]
        assert not taken[2]
        await store.sweep()
        loaded = await store.load("ada", 9)
        assert loaded is not None
        assert (loaded.turns, loaded.offset, loaded.removed) == (4, 4, 3)
        assert [turn.number for turn in loaded.window] == [4]
        assert await store.reference("ada", "r1", NOW - timedelta(days=99)) is None
        for after in (None, Position("e1", 0), Position("e1", 2), Position("e1", 3)):
            page = await store.history("ada", after, 5)
            assert page is not None
            assert [turn.number for turn in page.turns] == [4]
        # All of them, and the next one is still the fifth.
        assert dict((await store.expire(NOW, 9)).turns) == {"ada": 4}
        loaded = await store.load("ada", 9)
        assert loaded is not None
        assert (loaded.turns, loaded.offset, loaded.window) == (4, 4, ())
        with pytest.raises(ValueError, match=r".*"):
            await store.append([PutTurn("ada", answered(4))])
        await store.append([PutTurn("ada", received(5))])
        await store.append([PutTurn("ada", answered(5))])
        page = await store.history("ada", Position("e1", 4), 5)
        assert page is not None
        assert [turn.number for turn in page.turns] == [5]
        idle = await store.load("idle", 1)
        assert idle is not None
        assert idle.unfinished == received(), "a turn without an end is never too old"

    async def test_old_events_become_tombstones_in_place(self, store: Store) -> None:
        tail = await store.room_tail("Tower")
        for offset, days in enumerate((9, 8, 1), start=1):
            at = NOW - timedelta(days=days)
            event = RoomEvent(
                "Tower", "said", "ada", "Ada", "words", Position(tail.epoch, offset), at
            )
            await store.append([PutRoomEvent(event)])
        expired = await store.expire(NOW - timedelta(days=5), 9)
        assert (dict(expired.turns), dict(expired.rooms)) == ({}, {"Tower": 2})
        events = await store.room_events("Tower", Position(tail.epoch, 0), 9)
        assert [(e.event, e.user_id, e.text) for e in events] == [
            ("erased", None, None),
            ("erased", None, None),
            ("said", "ada", "words"),
        ]
        assert events[2].at == NOW - timedelta(days=1)
        assert not await store.expire(NOW - timedelta(days=5), 9)
        assert (await store.room_tail("Tower")).offset == 3

    async def test_who_was_not_active_is_named_in_order(self, store: Store) -> None:
        for user, days in (("cleo", 9), ("ada", 8), ("ben", 1), ("dan", 7)):
            await store.append(aged(1, days, user))
        week = NOW - timedelta(days=5)
        assert await store.inactive(week, "", 2) == ("ada", "cleo")
        assert await store.inactive(week, "cleo", 2) == ("dan",)
        assert await store.inactive(week, "dan", 2) == ()

    async def test_the_ledger_adds_up_by_day_level_and_action(self, store: Store) -> None:
        first, second = date(2026, 3, 1), date(2026, 3, 2)
        await store.append([PutSession(session()), Count(first, "crisis", "detected")])
        await store.append([Count(first, "crisis", "issued"), Count(first, "crisis", "issued", 2)])
        await store.append(
            [Count(second, "imminent", "seen"), Count(second, "concern", "detected")]
        )
        of_the_first = (Count(first, "crisis", "detected"), Count(first, "crisis", "issued", 3))
        of_the_second = (Count(second, "concern", "detected"), Count(second, "imminent", "seen"))
        assert await store.ledger(first, first) == of_the_first
        assert (
            await store.ledger(date(2026, 1, 1), date(2026, 12, 31)) == of_the_first + of_the_second
        )
        assert await store.ledger(date(2026, 3, 3), date(2026, 12, 31)) == ()

    async def test_what_is_refused_is_not_counted_and_an_erasure_leaves_the_counts(
        self,
        store: Store,
    ) -> None:
        day = date(2026, 3, 1)
        await store.append([PutSession(session()), PutTurn("ada", answered())])
        with pytest.raises(ValueError, match=r".*"):
            await store.append([Count(day, "crisis", "issued"), PutTurn("ada", answered(5))])
        assert await store.ledger(day, day) == ()
        await store.append([Count(day, "crisis", "issued")])
        await store.erase("ada")
        assert await store.ledger(day, day) == (Count(day, "crisis", "issued"),)

    async def test_the_ledger_keeps_countries_and_lexicons_apart(self, store: Store) -> None:
        day = date(2026, 3, 1)
        counts = [
            Count(day, "crisis", "issued", 2, "AT", "b"),
            Count(day, "crisis", "issued", 1, "US", "a"),
            Count(day, "crisis", "issued", 3, "US", "b"),
            Count(day, "none", "withheld", 1, "US", "b"),
        ]
        for _ in range(2):
            await store.append(counts)
        assert await store.ledger(day, day) == tuple(
            replace(c, number=2 * c.number) for c in counts
        )
