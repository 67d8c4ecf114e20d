"""A short run of the power-cut proof (I17), and that it can fail."""

from __future__ import annotations

from collections.abc import Sequence

import power_cut
import pytest
import trio

from nexus_trio.store import rows
from nexus_trio.store.base import Write
from nexus_trio.store.batch import Job
from nexus_trio.store.sqlite import SqliteStore


@pytest.mark.parametrize("seed", [1, 2])
def test_power_keeps_what_was_acknowledged(seed: int) -> None:
    tally = power_cut.run("power", 150, seed)
    assert (tally.lost, tally.wrong) == (0, [])
    assert tally.acknowledged > 1000, tally.line()
    assert tally.erased > 20, tally.line()


def test_process_loses_what_power_keeps_and_is_never_damaged() -> None:
    tally = power_cut.run("process", 150, 1)
    assert tally.lost > 0, tally.line()
    assert tally.wrong == []  # never damaged, and never a loss under the old epoch


def test_acknowledging_before_the_commit_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    async def early(self: SqliteStore, writes: Sequence[Write]) -> None:
        self._writer._queue.append(Job(lambda connection: rows.write(connection, writes)))
        self._writer._wake.set()
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(SqliteStore, "append", early)
    tally = power_cut.run("power", 150, 1)
    assert tally.lost > 0, tally.line()
