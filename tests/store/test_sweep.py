"""What no row uses is zeroed, and nothing else: whatever was written, moved and deleted before."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_files import NOW, left_of

from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import NO_CRISIS, Position
from nexus_trio.model.transcript import Turn
from nexus_trio.store import sweep as sweeping
from nexus_trio.store import upkeep
from nexus_trio.store.base import PutSession, PutTurn, SessionRecord, Write
from nexus_trio.store.database import File, empty_log
from nexus_trio.store.sqlite import SqliteStore, open_store
from nexus_trio.store.sweep import sweep, unused
from nexus_trio.testing.hubs import Names

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "grow", "shrink", "delete"]),
        st.integers(0, 40),
        st.integers(1, 6000),
    ),
    min_size=5,
    max_size=60,
)


def tried(connection: apsw.Connection, step: tuple[str, int, int]) -> None:
    """One change of a table with two indexes; the words of a row bear its own number."""
    kind, key, length = step
    words = (f"<{key:04}>" * length)[: length if kind != "shrink" else max(length // 50, 6)]
    match kind:
        case "insert":
            connection.execute(
                "INSERT OR REPLACE INTO words VALUES (?, ?, ?)", (key, words, words[:200])
            )
        case "grow" | "shrink":
            connection.execute("UPDATE words SET text = ? WHERE id = ?", (words, key))
        case "delete":
            connection.execute("DELETE FROM words WHERE id = ?", (key,))


@given(steps=STEPS, page=st.sampled_from([512, 1024, 4096, 65536]))
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_sweep_leaves_the_rows_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], page: int
) -> None:
    path = tmp_path_factory.mktemp("swept") / "nexus.db"
    connection = apsw.Connection(str(path))
    connection.pragma("page_size", page)
    connection.pragma("journal_mode", "wal")
    connection.pragma("secure_delete", True)
    connection.execute(
        "CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT, mark TEXT);"
        "CREATE INDEX marks ON words (mark); CREATE INDEX texts ON words (text, mark)"
    )
    for step in steps:
        tried(connection, step)
    query = "SELECT id, text, mark FROM words ORDER BY id"
    before = connection.execute(query).fetchall()
    empty_log(connection)
    connection.close()
    assert sweep(File(path, "power"))
    connection = apsw.Connection(str(path))
    assert connection.execute(query).fetchall() == before
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
    alive = {key for key, _, _ in before}
    content = path.read_bytes()
    for key in range(41):
        assert key in alive or f"<{key:04}>".encode() not in content


def test_sqlite_does_leave_copies_behind(tmp_path: Path) -> None:
    """What the sweep is for; and that a search for the words would find them."""
    path, random = tmp_path / "nexus.db", Random(1)
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("secure_delete", True)
    connection.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT, mark TEXT)")
    for key in random.sample(range(300), 300):
        tried(connection, ("insert", key, 20))
        tried(connection, ("grow", key, random.randrange(20, 900)))
    connection.execute("DELETE FROM words WHERE id % 2")
    empty_log(connection)
    connection.close()
    assert copies(path)
    assert sweep(File(path, "power"))
    assert copies(path) == 0


def copies(path: Path) -> int:
    content = path.read_bytes()
    return sum(content.count(f"<{key:04}>".encode()) for key in range(1, 300, 2))


@pytest.mark.parametrize("seed", range(6))
async def test_erasing_while_others_write_leaves_no_byte(tmp_path: Path, seed: int) -> None:
    assert await left_after_erasing(tmp_path / "data", seed) == 0


async def left_after_erasing(folder: Path, seed: int) -> int:
    """How much of a user is left in the files when it was erased in the midst of others' turns."""
    random = Random(seed)
    others = [f"other{number}" for number in range(6)]
    async with open_store(folder, "process", Names()) as store:
        async with trio.open_nursery() as nursery:
            for user in (*others, "canary"):
                nursery.start_soon(talk, store, user, range(1, 60), random)
        overlapped = 0

        async def go_on(user: str) -> None:
            nonlocal overlapped
            for number in range(60, 140):
                await talk(store, user, range(number, number + 1), random)
                overlapped += not erased.is_set()

        erased = trio.Event()
        async with trio.open_nursery() as nursery:
            for user in others:
                nursery.start_soon(go_on, user)
            await talk(store, "canary", range(60, 80), random)
            await store.erase("canary")
            left = sum(left_of(folder, b"canary").values())
            erased.set()
        assert overlapped > 0, "nothing was written while the user was erased"
        left += sum(left_of(folder, b"canary").values())
        for user in others:
            loaded = await store.load(user, 1)
            assert loaded is not None
            assert loaded.turns == 139
    return left + sum(left_of(folder, b"canary").values())


async def talk(store: SqliteStore, user: str, numbers: range, random: Random) -> None:
    for number in numbers:
        words = f"{user} says so. " * random.randrange(1, 40)
        turn = Turn(number, NOW, "Tower", words, NO_CRISIS, client_ref=f"{user}-{number}")
        session: Write = PutSession(SessionRecord(user, "s", "e", NOW, NOW, user))
        if random.random() < 0.5:
            await store.append([session, PutTurn(user, turn)])
        ended = turn.ended("answer", words * 2, Position("e", number))
        await store.append([session, PutTurn(user, ended)])


def test_pages_of_other_kinds_are_left_alone() -> None:
    assert unused(bytes(4096), 7) == []
    overflow = (9).to_bytes(4, "big") + b"words" * 800
    assert unused(overflow.ljust(4096, b"."), 7) == []


async def test_a_sweep_that_the_disk_did_not_let_through_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, tries = sweeping._sweep_chunk, 0

    def once_broken(*chunk: Any) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise apsw.IOError("told to be broken")
        whole(*chunk)

    monkeypatch.setattr(sweeping, "_sweep_chunk", once_broken)
    monkeypatch.setattr(upkeep, "RETRY_S", 0.01)
    async with open_store(tmp_path / "data", "power", Names()) as store:
        await talk(store, "canary", range(1, 20), Random(1))
        await store.erase("canary")
        assert tries > 1
        assert sum(left_of(tmp_path / "data", b"canary").values()) == 0


async def test_an_erasure_that_the_end_cuts_short_says_so_and_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    def never(*chunk: Any) -> None:
        began.set()
        raise apsw.IOError("told to be broken")

    said: list[StoreUnavailable] = []

    async def erase(store: SqliteStore) -> None:
        try:
            await store.erase("canary")
        except StoreUnavailable as error:
            said.append(error)

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "_sweep_chunk", never)
        async with (
            trio.open_nursery() as nursery,
            open_store(tmp_path / "data", "power", Names()) as store,
        ):
            await talk(store, "canary", range(1, 60), Random(1))
            nursery.start_soon(erase, store)
            await trio.to_thread.run_sync(began.wait)
    assert len(said) == 1
    async with open_store(tmp_path / "data", "power", Names()) as store:
        assert await store.load("canary", 1) is None
        assert sum(left_of(tmp_path / "data", b"canary").values()) == 0
