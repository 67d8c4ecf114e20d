"""Every earlier version of the database, with data in it, opened by this program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from nexus_trio.model.envelope import NO_CRISIS, CrisisView, Notice, Position, Resource
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import Count, PutSession, PutTurn, SessionRecord
from nexus_trio.store.database import SCHEMA, File, prepare
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.hubs import Names

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AT = int(NOW.timestamp() * 1_000_000)
SECOND = 1_000_000

# As version 1 wrote them: two sessions side by side, one with a crisis turn and
# a turn that never ended, and a room that both have been in.
VERSION_1 = f"""
INSERT INTO sessions VALUES
    (1, 'ada', 's-ada', 'ea', {AT}, {AT + SECOND}, 'Ada', 'Garden', '[1.0, 1, "concern", 0, 1]'),
    (2, 'ben', 's-ben', 'eb', {AT}, {AT}, NULL, NULL, NULL);
INSERT INTO turns VALUES
    (1 << 32 | 1, {AT}, 'Tower', 'one',
     '["crisis", true, 1, "call 988", [["L", "988", "u", "US"]]]', 'answered',
     'call 988', 2, 'r1', '[["friend", "be kind"]]'),
    (1 << 32 | 2, {AT + SECOND}, 'Tower', 'two', NULL, 'aborted', 'half', 3, NULL, NULL),
    (1 << 32 | 3, {AT + 3 * SECOND}, 'Garden', 'three', NULL, 'received', '', NULL, 'r3', NULL),
    (2 << 32 | 1, {AT + 2 * SECOND}, 'Tower', 'other', NULL, 'answered', 'reply', 1, 'r1', NULL);
INSERT INTO rooms VALUES (1, 'Tower', 'et');
INSERT INTO room_events VALUES
    (1 << 40 | 1, 'joined', 'ada', 'Ada', NULL), (1 << 40 | 2, 'erased', NULL, NULL, NULL),
    (1 << 40 | 3, 'said', 'ada', 'Ada', 'aloud');
INSERT INTO occupants VALUES (1, 'ada', 'Ada');
"""

# The same as version 2 wrote it: turns in the order of their arrival, events with their time.
VERSION_2 = f"""
INSERT INTO sessions VALUES
    (1, 'ada', 's-ada', 'ea', {AT}, {AT + SECOND}, 'Ada', 'Garden', '[1.0, 1, "concern", 0, 1]',
     1, 0, 0),
    (2, 'ben', 's-ben', 'eb', {AT}, {AT}, NULL, NULL, NULL, 0, 0, 0);
INSERT INTO turns VALUES
    (1, 1 << 32 | 1, {AT}, 'Tower', 'one',
     '["crisis", true, 1, "call 988", [["L", "988", "u", "US"]]]', 'answered',
     'call 988', 2, 'r1', '[["friend", "be kind"]]'),
    (2, 1 << 32 | 2, {AT + SECOND}, 'Tower', 'two', NULL, 'aborted', 'half', 3, NULL, NULL),
    (3, 2 << 32 | 1, {AT + 2 * SECOND}, 'Tower', 'other', NULL, 'answered', 'reply', 1, 'r1', NULL),
    (4, 1 << 32 | 3, {AT + 3 * SECOND}, 'Garden', 'three', NULL, 'received', '', NULL, 'r3', NULL);
INSERT INTO rooms VALUES (1, 'Tower', 'et', 0);
INSERT INTO room_events VALUES
    (1 << 40 | 1, 'joined', 'ada', 'Ada', NULL, {AT}),
    (1 << 40 | 2, 'erased', NULL, NULL, NULL, {AT}),
    (1 << 40 | 3, 'said', 'ada', 'Ada', 'aloud', {AT});
INSERT INTO occupants VALUES (1, 'ada', 'Ada');
INSERT INTO crisis_ledger VALUES ('2026-03-01', 'crisis', 'detected', 1);
"""

# And as version 3 did: with whom it was that an answer aloud was for.
VERSION_3 = VERSION_2.replace(
    "INSERT INTO room_events VALUES",
    "INSERT INTO room_events (id, event, user_id, username, text, at) VALUES",
)

# Version 4, with whose words an answer aloud was made of.
VERSION_4 = f"{VERSION_3}INSERT INTO heard VALUES (1 << 40 | 3, 'ben');"

FILLED_BY: dict[int, str] = {1: VERSION_1, 2: VERSION_2, 3: VERSION_3, 4: VERSION_4}
"""What each version that was ever released had in its tables."""


def made_by(path: Path, version: int) -> File:
    """A database as that version of the program left it."""
    path.touch()
    file = File(path, "power")
    prepare(file, "boot", Names(), SCHEMA[:version])
    connection = file.writer()
    connection.execute(FILLED_BY[version])
    connection.close()
    return file


def test_every_earlier_version_is_tried() -> None:
    assert set(FILLED_BY) == set(range(1, len(SCHEMA)))


@pytest.mark.parametrize("version", FILLED_BY)
async def test_all_of_it_is_there_and_goes_on(tmp_path: Path, version: int) -> None:
    made_by(tmp_path / "nexus.db", version)
    async with open_store(tmp_path, "power", Names()) as store:
        loaded = await store.load("ada", 10)
        assert loaded is not None
        assert loaded.record == SessionRecord(
            "ada", "s-ada", "ea", NOW, NOW + timedelta(seconds=1), "Ada", "Garden",
            (1.0, 1, "concern", 0, 1), 1,
        )  # fmt: skip
        view = CrisisView("crisis", True, 1, "call 988", (Resource("L", "988", "u", "US"),))
        first = Turn(
            1, NOW, "Tower", "one", view, "answered", "call 988", Position("ea", 2), "r1",
            (Notice("friend", "be kind"),),
        )  # fmt: skip
        second = Turn(
            2, NOW + timedelta(seconds=1), "Tower", "two", NO_CRISIS, "aborted", "half",
            Position("ea", 3),
        )  # fmt: skip
        third = Turn(
            3, NOW + timedelta(seconds=3), "Garden", "three", NO_CRISIS, client_ref="r3"
        )  # fmt: skip
        assert (loaded.turns, loaded.offset) == (3, 3)
        assert (loaded.window, loaded.unfinished) == ((first, second), third)
        assert await store.reference("ada", "r1", NOW) == first
        page = await store.history("ben", None, 10)
        assert page is not None
        assert [turn.message for turn in page.turns] == ["other"]
        assert await store.room_tail("Tower") == Position("et", 3)
        events = await store.room_events("Tower", Position("et", 0), 10)
        assert [e.event for e in events] == ["joined", "erased", "said"]
        assert await store.occupants("Tower") == {"ada": "Ada"}
        counted = () if version == 1 else (Count(NOW.date(), "crisis", "detected"),)
        assert await store.ledger(NOW.date(), NOW.date()) == counted
        ended = third.ended("restart", "", Position("ea", 4))
        await store.append([PutSession(loaded.record), PutTurn("ada", ended)])
        page = await store.history("ada", Position("ea", 3), 10)
        assert page is not None
        assert page.turns == (ended,)


async def test_an_answer_of_before_personas_heard_all_is_its_askers_alone(tmp_path: Path) -> None:
    connection = made_by(tmp_path / "nexus.db", 3).writer()
    connection.execute(
        "INSERT INTO room_events VALUES"
        f" (1 << 40 | 4, 'said', 'persona:Iris', 'Iris', 'hm', {AT}, 'ben')"
    )
    connection.close()
    async with open_store(tmp_path, "power", Names()) as store:
        (answer,) = await store.room_events("Tower", Position("et", 3), 10)
        assert (answer.about, answer.heard) == ("ben", frozenset())
        assert (await store.erase("ada")).events == 2
        assert await store.room_events("Tower", Position("et", 3), 10) == (answer,)
        assert (await store.erase("ben")).events == 1


@pytest.mark.parametrize("version", FILLED_BY)
def test_it_ends_as_a_new_database_is(tmp_path: Path, version: int) -> None:
    prepare(made_by(tmp_path / "old.db", version), "boot", Names())
    new = tmp_path / "new.db"
    new.touch()
    prepare(File(new, "power"), "boot", Names())
    assert tables(tmp_path / "old.db") == tables(new)


def tables(path: Path) -> dict[str, str]:
    connection = apsw.Connection(str(path))
    try:
        assert connection.pragma("quick_check") == "ok"
        return dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOTNULL"))
    finally:
        connection.close()
