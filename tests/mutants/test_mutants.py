"""The levels find defects that were planted in a copy of the source, and none in the copy.

Of the many that stand beside this file the suite hunts some; `nox -s mutants` hunts all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from mutant_run import FILES, Hunted, copied, hunt, killed, plant, search

HERE = Path(__file__).parent
SOME = {
    "check_then_act_join": ("1", "2"),
    "crossed_slot": ("1", "2"),
    "shared_history": ("1", "2"),
    "two_rooms": ("1", "2"),
    "acknowledged_before_commit": ("1", "2"),
    "dirty_connection": ("1", "2"),
    "phantom_member": ("1", "2"),
    "room_resume_twice": ("1", "2"),
}
"""Quick ones, of both levels, and from which seeds."""

BY_THE_MACHINE = ("crossed_slot", "shared_history", "two_rooms")
"""Some that Hypothesis's own machine is hunted with as well."""

QUIET = {"scenes": 300, "machine": 100, "sim": 60}
"""How many examples of each level must find nothing in a sound copy."""

FOUND = sorted((HERE.parent / "stateful" / "found").glob("*.json"))
"""What the search has found in this server; beside each, as edits, the defect that it was."""

REPLAYS = 4
"""In as many fresh processes, each with a hash seed of its own."""


@pytest.mark.parametrize("name", SOME)
def test_a_planted_defect_is_found_from_every_seed(name: str) -> None:
    found = hunt(HERE / f"{name}.toml", SOME[name])
    print(f"\n{name}:", *(f"\n  {run}" for run in found.runs))
    assert killed(found.mutant, found.runs), found.runs


@pytest.mark.parametrize("name", BY_THE_MACHINE)
def test_the_machine_finds_a_planted_defect(name: str) -> None:
    found = hunt(HERE / f"{name}.toml", ("1", "2"), level="machine")
    assert killed(found.mutant, found.runs), found.runs


@pytest.mark.parametrize("name", ["check_then_act_join", "phantom_member"])
def test_a_failure_is_small_and_comes_again_in_fresh_processes(name: str, tmp_path: Path) -> None:
    path, keep = HERE / f"{name}.toml", str(tmp_path / name)
    found = hunt(path, ("1",), keep=keep, replays=REPLAYS, processes=REPLAYS)
    assert found.again == REPLAYS
    assert found.size is not None
    assert found.size[0] <= 5
    assert found.size[1] <= 4


def test_what_an_earlier_example_left_behind_is_no_failure_of_the_next() -> None:
    """A history that all share, in the process: found is only what two users of one scene do."""
    found = hunt(HERE / "shared_history.toml", ("1",), keep="-")
    assert found.runs[0]["broke"] == "I1"
    names = [name for name in ("ada", "bob", "cyd") if name in found.runs[0]["what"]]
    assert len(names) == 2


def test_a_failure_that_does_not_come_again_is_not_killed() -> None:
    """Nor one that came too late, nor a mutant that fits no more."""
    runs = [{"broke": "I1", "seconds": 1.0}]
    assert Hunted("some", {"breaks": ["I1"]}, runs, again=100).dead(100)
    assert not Hunted("some", {"breaks": ["I1"]}, runs, again=99).dead(100)
    assert not Hunted("some", {"breaks": ["I2"]}, runs, again=100).dead(100)
    assert not Hunted("some", {"breaks": ["I1"]}, [{**runs[0], "seconds": 61.0}]).dead(0)
    assert not Hunted("some", {}, fault="0 places").dead(0)


@pytest.mark.parametrize("level", QUIET)
def test_nothing_is_found_in_the_copy_itself(level: str, tmp_path: Path) -> None:
    runs = search(level, copied(tmp_path), ("1", "2"), examples=QUIET[level])
    print(f"\nno mutant, {level}:", *(f"\n  {found}" for found in runs))
    assert [found["broke"] for found in runs] == [None, None]
    assert all(found["examples"] >= QUIET[level] for found in runs)
    assert all(found["overlaps"] > QUIET[level] for found in runs)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_is_found_again_with_its_defect_back(
    path: Path, tmp_path: Path
) -> None:
    """A saved failure that no longer shows its defect would hold for ever, and guard nothing."""
    copy = copied(tmp_path)
    plant(tomllib.loads(path.with_suffix(".toml").read_text()), copy)
    done = subprocess.run(
        [sys.executable, "-m", "nexus_trio.testing.replay", "--any-version", str(path)],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "fails as saved:" in done.stdout, done.stdout


def test_every_mutant_says_what_it_breaks_and_fits_the_source(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    for path in FILES:
        mutant = tomllib.loads(path.read_text())
        assert mutant["level"] in ("scenes", "sim"), path.stem
        assert mutant["why"].strip(), path.stem
        assert mutant["breaks"], path.stem
        for edit in mutant["edits"]:
            text = (copy / "nexus_trio" / edit["file"]).read_text()
            assert text.count(edit["old"]) == 1, f"{path.stem} no longer fits {edit['file']}"
    levels = [tomllib.loads(path.read_text())["level"] for path in FILES]
    assert levels.count("sim") >= 8
    assert len(levels) >= 25


def test_a_mutant_that_no_longer_fits_is_told(tmp_path: Path) -> None:
    edit = {"file": "runtime/room.py", "old": "no such line", "new": ""}
    with pytest.raises(AssertionError, match="0 places"):
        plant({"edits": [edit]}, copied(tmp_path))
