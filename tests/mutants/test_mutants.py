"""The machine finds defects that were planted in a copy of the source, and none in the copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
MUTANTS = sorted((HERE / "mutants").glob("*.toml"))
SEEDS = ("1", "2", "3", "4", "5")
EXAMPLES = 500
"""For each seed; a planted defect takes a few, a sound copy takes all."""


def copied(to: Path) -> Path:
    """A copy of the source under `to`, which is what a run then imports."""
    copy = to / "src"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def run(copy: Path) -> list[dict[str, Any]]:
    """The machine on the copy, from every seed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", HERE / "bridge_run.py", copy, str(EXAMPLES), *SEEDS],
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def plant(mutant: dict[str, Any], copy: Path) -> None:
    """Make the mutant's edits; each must find the one place that it was written for."""
    for edit in mutant["edits"]:
        path = copy / "nexus_trio" / edit["file"]
        text = path.read_text()
        found = text.count(edit["old"])
        assert found == 1, f"{edit['file']} has {found} places like this, not 1:\n{edit['old']}"
        path.write_text(text.replace(edit["old"], edit["new"]))


@pytest.mark.parametrize("path", MUTANTS, ids=lambda path: path.stem)
def test_a_planted_defect_is_found_from_every_seed(path: Path, tmp_path: Path) -> None:
    mutant, copy = tomllib.loads(path.read_text()), copied(tmp_path)
    plant(mutant, copy)
    runs = run(copy)
    print(f"\n{path.stem}:", *(f"\n  {found}" for found in runs))
    assert [found["seed"] for found in runs] == [int(seed) for seed in SEEDS]
    assert all(found["broke"] in mutant["breaks"] for found in runs), runs


def test_nothing_is_found_in_the_copy_itself(tmp_path: Path) -> None:
    runs = run(copied(tmp_path))
    print("\nno mutant:", *(f"\n  {found}" for found in runs))
    assert [found["broke"] for found in runs] == [None] * len(SEEDS)
    assert all(found["examples"] >= EXAMPLES for found in runs)
    assert all(found["overlaps"] > EXAMPLES for found in runs)


def test_a_mutant_that_no_longer_fits_is_told(tmp_path: Path) -> None:
    edit = {"file": "runtime/room.py", "old": "no such line", "new": ""}
    with pytest.raises(AssertionError, match="0 places"):
        plant({"edits": [edit]}, copied(tmp_path))
