"""The levels find defects that were planted in a copy of the source, and none in the copy.

Of the many that stand beside this file the suite hunts some; `nox -s mutants` hunts all.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from mutant_run import FILES, copied, hunt, killed, plant, search

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

QUIET = {"stateful": 100, "sim": 60}
"""How many examples of each level must find nothing in a sound copy."""


@pytest.mark.parametrize("name", SOME)
def test_a_planted_defect_is_found_from_every_seed(name: str) -> None:
    mutant, runs = hunt(HERE / f"{name}.toml", SOME[name])
    print(f"\n{name}:", *(f"\n  {found}" for found in runs))
    assert killed(mutant, runs), runs


@pytest.mark.parametrize("level", QUIET)
def test_nothing_is_found_in_the_copy_itself(level: str, tmp_path: Path) -> None:
    runs = search(level, copied(tmp_path), ("1", "2"), examples=QUIET[level])
    print(f"\nno mutant, {level}:", *(f"\n  {found}" for found in runs))
    assert [found["broke"] for found in runs] == [None, None]
    assert all(found["examples"] >= QUIET[level] for found in runs)
    assert all(found["overlaps"] > QUIET[level] for found in runs)


def test_every_mutant_says_what_it_breaks_and_fits_the_source(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    for path in FILES:
        mutant = tomllib.loads(path.read_text())
        assert mutant["level"] in QUIET, path.stem
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
