"""What a bad disk does: appends are refused, none is half stored, and all comes back by itself."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
import trio.testing
from disk import Disk

from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import NO_CRISIS, Position
from nexus_trio.model.transcript import Turn
from nexus_trio.store import upkeep, writer
from nexus_trio.store.base import PutSession, PutTurn, SessionRecord
from nexus_trio.store.sqlite import SqliteStore, open_store
from nexus_trio.testing.hubs import Names, open_fake_hub

NOW = datetime(2026, 3, 1, tzinfo=UTC)


# A thread that a hanging disk held may go on after its test: none is ever let go.
DISKS: list[Disk] = []


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    made = Disk(f"disk-{request.node.name}")
    DISKS.append(made)
    yield made
    made.release.set()


@asynccontextmanager
async def on_disk(disk: Disk, folder: Path, **how: Any) -> AsyncIterator[SqliteStore]:
    async with open_store(folder / "data", "power", Names(), vfs=disk.name, **how) as store:
        try:
            yield store
        finally:
            disk.fault = None
            disk.release.set()


def put(user: str, number: int = 1) -> list[PutSession | PutTurn]:
    turn = Turn(number, NOW, "Tower", f"hello {number}", NO_CRISIS)
    ended = turn.ended("answer", "reply", Position("e", number))
    return [PutSession(SessionRecord(user, "s", "e", NOW, NOW)), PutTurn(user, ended)]


async def until(true: Callable[[], bool]) -> None:
    """Return once it holds; health has no event, it is asked for, as a load balancer does."""
    with trio.fail_after(20):
        while not true():  # noqa: ASYNC110 - see above
            await trio.sleep(0.01)


@pytest.mark.parametrize("fault", ["full", "broken"])
async def test_a_bad_disk_refuses_and_comes_back_by_itself(
    disk: Disk,
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(writer, "PROBE_S", 0.02)
    caplog.set_level(logging.WARNING)
    async with on_disk(disk, tmp_path) as store:
        await store.append(put("ada"))
        disk.fault = fault
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await store.append(put("bob"))
        assert not store.healthy
        assert await store.load("bob", 1) is None
        loaded = await store.load("ada", 1)
        assert loaded is not None
        disk.fault = None
        await until(lambda: store.healthy)
        await store.append(put("bob"))
        loaded = await store.load("bob", 1)
        assert loaded is not None
    said = [record.message for record in caplog.records]
    assert len(said) == 2, said


async def test_a_bridge_without_its_disk_says_so_and_still_helps(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PROBE_S", 0.02)
    async with on_disk(disk, tmp_path) as store, open_fake_hub(store=store) as hub:
        assert hub.ready
        disk.fault = "full"
        with pytest.raises(StoreUnavailable) as caught:
            await hub.ask("ada", "I want to die")
        assert "988" in caught.value.crisis.notice
        assert not hub.ready
        disk.fault = None
        await until(lambda: store.healthy)
        assert hub.ready
        assert (await hub.ask("ada", "back")).turn == 1


async def test_a_slow_disk_fills_the_queue_and_then_refuses(disk: Disk, tmp_path: Path) -> None:
    stored: list[str] = []
    async with on_disk(disk, tmp_path, queue=4, patience=0.05) as store:

        async def one(user: str) -> None:
            await store.append(put(user))
            stored.append(user)

        async with trio.open_nursery() as nursery:
            disk.fault = "hang"
            nursery.start_soon(one, "first")
            await trio.to_thread.run_sync(disk.hung.wait, writer.CLOSING_S)
            for number in range(4):
                nursery.start_soon(one, f"user-{number}")
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(StoreUnavailable, match="keep up"):
                await store.append(put("one-too-many"))
            await until(lambda: not store.healthy)  # the commit is overdue now
            assert stored == []
            disk.fault = None
            disk.release.set()
        assert sorted(stored) == ["first", "user-0", "user-1", "user-2", "user-3"]
        assert store.healthy


async def test_a_caller_that_goes_away_leaves_its_append_and_no_read_is_wrong(
    disk: Disk, tmp_path: Path
) -> None:
    async with on_disk(disk, tmp_path) as store, trio.open_nursery() as nursery:
        disk.fault = "hang"
        with trio.CancelScope() as gone:
            nursery.start_soon(cancel_when_hung, disk, gone)
            await store.append(put("ada"))
        assert gone.cancelled_caught
        found: list[object] = []

        async def read() -> None:
            found.append(await store.load("ada", 1))

        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        assert found == []  # nobody knows yet
        disk.fault = None
        disk.release.set()
        await until(lambda: bool(found))
        assert found[0] is not None


async def cancel_when_hung(disk: Disk, scope: trio.CancelScope) -> None:
    await trio.to_thread.run_sync(disk.hung.wait, 10)
    scope.cancel()


async def test_reads_give_up_on_appends_that_stay_open(disk: Disk, tmp_path: Path) -> None:
    async with on_disk(disk, tmp_path, patience=0.05) as store, trio.open_nursery() as nursery:
        disk.fault = "hang"
        with trio.CancelScope() as gone:
            nursery.start_soon(cancel_when_hung, disk, gone)
            await store.append(put("ada"))
        with pytest.raises(StoreUnavailable, match="slow"):
            await store.load("ada", 1)


async def test_a_disk_that_hangs_does_not_keep_the_end_waiting(disk: Disk, tmp_path: Path) -> None:
    refused: list[str] = []

    async def one(store: SqliteStore) -> None:
        try:
            await store.append(put("ada"))
        except StoreUnavailable as error:
            refused.append(error.detail)

    with trio.fail_after(15):
        async with trio.open_nursery() as nursery:
            folder, vfs = tmp_path / "data", disk.name
            async with open_store(folder, "power", Names(), closing=0.1, vfs=vfs) as store:
                disk.fault = "hang"
                nursery.start_soon(one, store)
                await trio.to_thread.run_sync(disk.hung.wait, 10)
            assert not disk.release.is_set()
    assert len(refused) == 1


async def test_what_was_appended_before_the_end_is_stored(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        async with open_store(tmp_path / "data", "power", Names()) as store:
            for number in range(30):
                nursery.start_soon(store.append, put(f"user-{number}"))
            for _ in range(2):  # by then each has put its append into the queue
                await trio.lowlevel.checkpoint()
        with pytest.raises(StoreUnavailable):
            await store.append(put("late"))
    async with open_store(tmp_path / "data", "power", Names()) as store:
        for number in range(30):
            assert await store.load(f"user-{number}", 1) is not None
        assert await store.load("late", 1) is None


async def test_a_cancellation_of_all_around_it_lets_the_last_commits_through(
    tmp_path: Path,
) -> None:
    with trio.CancelScope() as everything:
        async with open_store(tmp_path / "data", "power", Names()) as store:
            everything.cancel()
            with trio.CancelScope(shield=True):
                await store.append(put("ada"))
    async with open_store(tmp_path / "data", "power", Names()) as store:
        assert await store.load("ada", 1) is not None


def test_the_disk_can_fail() -> None:
    disk = Disk("disk-check")
    DISKS.append(disk)
    disk.fault = "full"
    with pytest.raises(apsw.FullError):
        disk.check()


async def test_a_log_that_can_not_be_folded_stops_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither beside the writer nor by it: what was committed is safe in the log."""
    whole, refused = upkeep.fold_log, 0

    def full(connection: apsw.Connection, mode: int) -> int:
        nonlocal refused
        refused += 1
        raise apsw.FullError("told to be full")

    for name, pages in (("FOLD_PAGES", 5), ("FULL_PAGES", 10), ("MOST_PAGES", 20)):
        monkeypatch.setattr(upkeep, name, pages)
    monkeypatch.setattr(upkeep, "fold_log", full)
    async with open_store(tmp_path / "data", "power", Names()) as store:
        for number in range(1, 60):
            await store.append(put("ada", number))
        assert refused > 1
        assert store.healthy
        assert "could not be folded: FullError" in caplog.text
        monkeypatch.setattr(upkeep, "fold_log", whole)
        await store.append(put("ada", 60))
    async with open_store(tmp_path / "data", "power", Names()) as store:
        loaded = await store.load("ada", 1)
        assert loaded is not None
        assert loaded.turns == 60
