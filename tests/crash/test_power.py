"""A short run of the power-cut proof (I17), and that it can fail."""

from __future__ import annotations

import mutant
import power_cut
import pytest


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


def test_acknowledging_before_the_commit_is_caught() -> None:
    with mutant.acknowledging_early():
        tally = power_cut.run("power", 150, 1)
    assert tally.lost > 0, tally.line()
