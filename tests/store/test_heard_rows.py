"""Whose words an answer was made of, in the file: all of it goes, some with each commit."""

from __future__ import annotations

from pathlib import Path
from random import Random

import apsw
import pytest
from test_files import NOW, left_of

from nexus_trio.model.envelope import Erased, Position, RoomEvent
from nexus_trio.runtime.earshot import MOST_HEARD
from nexus_trio.store import rows, sqlite
from nexus_trio.store.base import PutRoomEvent, Store
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.hubs import Names


async def answers(store: Store, number: int, among: list[str], most: int, seed: int) -> None:
    """Answers to some of these users, each made of the words of up to `most` others."""
    random = Random(seed)
    tail = await store.room_tail("Tower")
    for offset in range(tail.offset + 1, tail.offset + number + 1):
        about, *heard = random.sample(among, random.randrange(2, most + 1))
        position = Position(tail.epoch, offset)
        event = RoomEvent(
            "Tower", "said", "persona:Iris", "Iris", "well " * random.randrange(1, 40),
            position, NOW, about, frozenset(heard),
        )  # fmt: skip
        await store.append([PutRoomEvent(event)])


@pytest.mark.parametrize("seed", range(3))
async def test_no_byte_of_who_was_heard_is_left(tmp_path: Path, seed: int) -> None:
    """Rows of two indexes, between which SQLite moves them as they come and go."""
    users = [f"canary{number:02}" for number in range(40)]
    async with open_store(tmp_path / "data", "process", Names()) as store:
        await answers(store, 400, users, 20, seed)
        for user in users[:4]:
            assert sum(left_of(tmp_path / "data", user.encode()).values()) > 0
            assert (await store.erase(user)).events > 0
            assert sum(left_of(tmp_path / "data", user.encode()).values()) == 0
            assert not await store.traces(user)
            await answers(store, 50, users[4:], 20, seed)
        assert all([await store.traces(user) for user in users[4:]])
    assert not sum(left_of(tmp_path / "data", b"canary00").values())


async def test_each_commit_of_an_erasure_takes_a_bounded_number_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, taken, rest = 50, list[tuple[int, int]](), list[int]()
    users = [f"user{number}" for number in range(MOST_HEARD)]
    some, whole = rows.erase_some, rows.erase

    def count(connection: apsw.Connection) -> int:
        (number,) = connection.execute("SELECT count(*) FROM heard").fetchone() or (0,)
        return int(str(number))

    def erase_some(connection: apsw.Connection, user: str, limit: int) -> Erased:
        before = count(connection)
        erased = some(connection, user, limit)
        taken.append((erased.events, before - count(connection)))
        return erased

    def erase(connection: apsw.Connection, user: str) -> Erased:
        erased = whole(connection, user)
        rest.append(erased.events)
        return erased

    monkeypatch.setattr(sqlite, "ERASED_AT_ONCE", most)
    monkeypatch.setattr(rows, "erase_some", erase_some)
    monkeypatch.setattr(rows, "erase", erase)
    async with open_store(tmp_path / "data", "process", Names()) as store:
        await answers(store, 200, ["cleo", *users], MOST_HEARD, 1)
        for user in ("cleo", "user0"):
            taken.clear()
            erased = await store.erase(user)
            assert sum(events for events, _ in taken) == erased.events > 10
            assert len(taken) > 10
            # The one with which it is enough may have been heard by many.
            assert max(events + heard for events, heard in taken) < most + MOST_HEARD
    assert rest == [0, 0]
