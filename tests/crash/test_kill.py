"""A short run of the SIGKILL proof (I17), and that it can fail."""

from __future__ import annotations

from pathlib import Path

import kill_nine
import mutant
import pytest


@pytest.mark.parametrize("durability", ["power", "process"])
def test_nothing_acknowledged_is_lost(tmp_path: Path, durability: str) -> None:
    # A busy machine may have little acknowledged by the second kill: then there are more.
    ledger = kill_nine.run(tmp_path, 120, 2, 21, NEXUS_DURABILITY=durability)
    assert (ledger.lost, ledger.doubled) == ([], [])
    assert ledger.kills >= 2
    assert len(ledger.answered) > 20, ledger.line()


def test_acknowledging_before_the_commit_is_caught(tmp_path: Path) -> None:
    program = mutant.make(tmp_path / "mutant", *mutant.EARLY)
    ledger = kill_nine.run(tmp_path / "data", 60, 12, PYTHONPATH=str(program))
    assert ledger.lost, ledger.line()
