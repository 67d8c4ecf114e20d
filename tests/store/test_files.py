"""The data folder and the database file: who may have them, and what is left in them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from random import Random

import apsw
import pytest

from nexus_trio.errors import SettingsError
from nexus_trio.model.envelope import NO_CRISIS, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store import database
from nexus_trio.store.base import Count, PutRoomEvent, PutSession, PutTurn, SessionRecord, Write
from nexus_trio.store.database import File, migrate, prepare
from nexus_trio.store.folder import claim
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.hubs import Names

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def put(user: str, number: int, words: str = "hello", answered: bool = True) -> list[Write]:
    turn = Turn(number, NOW, "Tower", words, NO_CRISIS, client_ref=f"{user}-{number}")
    if answered:
        turn = turn.ended("answer", words * 2, Position("e", number))
    return [PutSession(SessionRecord(user, "s", "e", NOW, NOW, user)), PutTurn(user, turn)]


# --- the folder ---


async def test_the_folder_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with open_store(tmp_path / "a" / "b", "power", Names()) as store:
            await store.append(put("ada", 1))
            modes = {
                each.name: stat.S_IMODE(each.stat().st_mode)
                for each in (tmp_path / "a" / "b").iterdir()
            }
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert modes.keys() >= {"nexus.db", "nexus.db-wal", "lock"}
    assert set(modes.values()) == {0o600}


async def test_a_folder_in_use_names_its_owner(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom nexus_trio.store.folder import claim\n"
        "with claim(Path(sys.argv[1])):\n    print('mine', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs here
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(SettingsError, match=f"in use by process {other.pid};"):
            async with open_store(tmp_path, "power", Names()):
                pass
    # It has ended: the folder is free, whatever its file says.
    async with open_store(tmp_path, "power", Names()):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


async def test_a_folder_can_be_had_again_in_the_same_process(tmp_path: Path) -> None:
    for _ in range(3):
        async with open_store(tmp_path, "process", Names()):
            with pytest.raises(SettingsError, match="in use"), claim(tmp_path):
                pass


@pytest.mark.parametrize("where", ["/proc/sys/nexus", "/dev/null", "/dev/null/below"])
async def test_a_folder_that_can_not_be_written_is_refused(where: str) -> None:
    with pytest.raises(SettingsError, match="--data"):
        async with open_store(Path(where), "power", Names()):
            pass


# --- the file ---


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if "nexus" in each.name}


async def refused(folder: Path) -> str:
    """The refusal to open `folder`, in which nothing was changed."""
    before = contents(folder)
    with pytest.raises(SettingsError) as caught:
        async with open_store(folder, "power", Names()):
            pass
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    return str(caught.value)


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nexus.db").write_bytes(b"these are somebody's notes, not a database\n" * 99)
    assert "damaged or not a database; nothing was changed" in await refused(tmp_path)


@pytest.mark.parametrize("harm", ["torn", "overwritten"])
async def test_a_damaged_database_is_refused(tmp_path: Path, harm: str) -> None:
    async with open_store(tmp_path, "power", Names()) as store:
        for number in range(1, 60):
            await store.append(put("ada", number, "words " * 60))
    path = tmp_path / "nexus.db"
    with path.open("r+b") as file:
        if harm == "torn":
            file.truncate(path.stat().st_size // 2 // 4096 * 4096)
        else:
            file.seek(path.stat().st_size // 2)
            file.write(b"\xff" * 8192)
    said = await refused(tmp_path)
    assert "damaged" in said
    assert ".recover" in said


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path, "power", Names()):
        pass
    connection = apsw.Connection(str(tmp_path / "nexus.db"))
    connection.pragma("user_version", len(database.SCHEMA) + 1)
    connection.close()
    assert "newer version" in await refused(tmp_path)


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "nexus.db"))
    connection.execute("CREATE TABLE theirs (a)")
    connection.pragma("user_version", 1)
    connection.close()
    assert "another program" in await refused(tmp_path)


def test_migrations_go_forward_from_every_version_with_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two later scripts that stand for those to come."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    own = files("nexus_trio.store").joinpath("schema.sql").read_text("utf-8")
    (scripts / "schema.sql").write_text(own)
    (scripts / "two.sql").write_text("ALTER TABLE sessions ADD COLUMN extra TEXT;\n")
    (scripts / "three.sql").write_text("UPDATE sessions SET extra = user_id || '!';\n")
    monkeypatch.setattr(database, "files", lambda _: scripts)
    names = ("schema.sql", "two.sql", "three.sql")
    for version in range(1, 4):
        path = tmp_path / f"from-{version}.db"
        path.touch()
        file = File(path, "power")
        prepare(file, "boot", Names(), names[:version])
        connection = file.writer()
        if version < 3:
            connection.execute(
                "INSERT INTO sessions (user_id, session_id, epoch, created_at, last_active)"
                " VALUES ('ada', 's', 'e', 1, 2)"
            )
        connection.close()
        prepare(file, "boot", Names(), names)
        connection = file.reader()
        assert connection.pragma("user_version") == 3
        found = connection.execute("SELECT user_id, extra FROM sessions").fetchall()
        connection.close()
        assert found == ([("ada", "ada!")] if version < 3 else [])


def test_a_migration_that_fails_leaves_the_version_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.sql").write_text("CREATE TABLE half (a); CREATE TABLE half (a);")
    path = tmp_path / "nexus.db"
    path.touch()
    file = File(path, "power")
    prepare(file, "boot", Names())
    monkeypatch.setattr(database, "files", lambda _: tmp_path)
    connection = file.writer()
    with pytest.raises(apsw.SQLError):
        migrate(connection, (*database.SCHEMA, "bad.sql"))
    assert connection.pragma("user_version") == len(database.SCHEMA)
    assert not connection.table_exists("main", "half")
    connection.close()


# --- epochs after a crash of the machine ---


@pytest.mark.parametrize(
    ("durability", "boot", "renewed"),
    [
        ("process", "another boot", True),
        ("process", "", True),
        ("process", "this boot", False),
        ("power", "another boot", False),
    ],
)
def test_epochs_are_new_where_writes_may_be_lost(
    tmp_path: Path, durability: database.Durability, boot: str, renewed: bool
) -> None:
    path = tmp_path / "nexus.db"
    path.touch()
    file = File(path, durability)
    prepare(file, "this boot", Names())
    connection = file.writer()
    connection.execute(
        "INSERT INTO sessions (user_id, session_id, epoch, created_at, last_active)"
        " VALUES ('ada', 's', 'old', 1, 2);"
        "INSERT INTO rooms (name, epoch) VALUES ('Tower', 'old')"
    )
    connection.close()
    prepare(file, boot, Names())  # the one before did not end in good order
    connection = file.writer()
    epochs = {
        e for (e,) in connection.execute("SELECT epoch FROM sessions UNION SELECT epoch FROM rooms")
    }
    assert epochs == ({"id1", "id2"} if renewed else {"old"})
    database.end_run(connection)
    connection.close()
    prepare(file, "a third boot", Names())
    connection = file.reader()
    after = {e for (e,) in connection.execute("SELECT epoch FROM sessions")}
    assert after <= epochs, "an end in good order loses nothing"
    connection.close()


# --- erasing ---


def left_of(folder: Path, user: bytes) -> dict[str, int]:
    """How often the user's mark stands in each file of the folder."""
    return {each.name: each.read_bytes().count(user) for each in folder.iterdir()}


@pytest.mark.parametrize("seed", [2, 4, 5])
async def test_no_byte_of_the_erased_is_left_in_any_file(tmp_path: Path, seed: int) -> None:
    """Rows that grow and pages that split: with these seeds SQLite leaves copies behind."""
    random = Random(seed)
    users = [f"canary{number:02}" for number in range(5)]
    turns = dict.fromkeys(users, 0)
    async with open_store(tmp_path, "process", Names()) as store:
        tail = await store.room_tail("Tower")
        for offset in range(1, 700):
            user = random.choice(users)
            turns[user] += 1
            words = f"{user} says so. " * random.randrange(1, 12)
            if random.random() < 0.5:
                await store.append(put(user, turns[user], words, answered=False))
            await store.append(put(user, turns[user], words))
            position = Position(tail.epoch, offset)
            event = RoomEvent("Tower", "said", user, user, words, position)
            await store.append([PutRoomEvent(event)])
        marks = {user: user.encode() for user in users}
        assert all(sum(left_of(tmp_path, mark).values()) for mark in marks.values())
        for user in users[:3]:
            erased = await store.erase(user)
            assert erased.turns == turns[user]
            assert erased.events == turns[user]
            assert sum(left_of(tmp_path, marks[user]).values()) == 0
            assert await store.load(user, 1) is None
        for user in users[3:]:
            loaded = await store.load(user, 1)
            assert loaded is not None
            assert loaded.turns == turns[user]
    for user in users[:3]:
        assert sum(left_of(tmp_path, marks[user]).values()) == 0


async def test_an_erasure_cut_short_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(tmp_path, "power", Names()) as store:
        for number in range(1, 50):
            await store.append(put("canary", number, "canary words " * 20))
            await store.append(put("other", number, "other words " * 20))
    path = tmp_path / "nexus.db"
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE run SET scrub = 1")
    connection.execute("DELETE FROM turns WHERE message LIKE 'canary%'")
    connection.execute("DELETE FROM sessions WHERE user_id = 'canary'")
    connection.close()
    assert sum(left_of(tmp_path, b"canary").values()) > 0
    async with open_store(tmp_path, "power", Names()):
        assert sum(left_of(tmp_path, b"canary").values()) == 0


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM crisis_ledger",
        "UPDATE crisis_ledger SET count = count - 1",
        "UPDATE crisis_ledger SET day = '2026-03-02'",
        "UPDATE crisis_ledger SET level = 'crisis'",
        "UPDATE crisis_ledger SET lexicon = 'other'",
    ],
)
async def test_no_count_of_the_ledger_is_taken_back(tmp_path: Path, change: str) -> None:
    day = date(2026, 3, 1)
    async with open_store(tmp_path, "power", Names()) as store:
        await store.append([Count(day, "imminent", "issued", 2, "US", "one")])
    connection = apsw.Connection(str(tmp_path / "nexus.db"))
    with pytest.raises(apsw.ConstraintError, match="only grows"):
        connection.execute(change)
    connection.close()
