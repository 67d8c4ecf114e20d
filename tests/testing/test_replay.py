"""I26: a saved failure plays again in any process, or it is said plainly why it can't."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nexus_trio.testing import replay
from nexus_trio.testing.explore import explore
from nexus_trio.testing.program import Named
from nexus_trio.testing.shrink import shrink_program
from nexus_trio.testing.strategies import PartialOrder

HERE = Path(__file__).parent
LOST = Named("small_programs.py:lost_update", {"operations": ["add", "noise", "add"]})


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shrunk failure's file. Tests run where the program's path leads on."""
    monkeypatch.chdir(HERE)
    found = explore(LOST, PartialOrder(1), runs=3000).failures[0]
    named, run = shrink_program(LOST, found)
    return replay.save(named, run, strategy="partial order", seed=1).write(tmp_path / "failures")


def run_command(path: Path, hash_seed: str, *more: str) -> subprocess.CompletedProcess[str]:
    """The command as it is printed, in a fresh process."""
    _, *command = shlex.split(replay.command(path))
    return subprocess.run(
        [sys.executable, "-W", "error", *command, *more],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("hash_seed", ["0", "1", "77", "4242"])
def test_it_fails_in_a_fresh_process_just_as_it_was_saved(saved: Path, hash_seed: str) -> None:
    done = run_command(saved, hash_seed)
    assert (done.returncode, done.stderr) == (1, "")
    assert "fails as saved:" in done.stdout
    assert "Broken: sum: 1 of 2" in done.stdout
    assert "add#2 takes" in done.stdout


def test_it_fails_the_same_a_hundred_times(saved: Path) -> None:
    found = replay.read(saved)
    assert {found.play().digest for _ in range(100)} == {found.digest}


def test_the_file_is_small_and_says_all_that_is_needed(saved: Path) -> None:
    whole = json.loads(saved.read_text())
    assert len(saved.read_text()) < 1000
    assert whole["program"] == LOST.name
    assert whole["arguments"] == {"operations": ["add", "add"]}
    assert whole["found_by"] == {"strategy": "partial order", "seed": 1}
    assert set(whole["versions"]) == {"python", "trio", "nexus_trio"}
    assert whole["kind"] == "Broken sum"


def changed(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_other_versions_are_refused_unless_told(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(saved, versions={"python": "3.11", "trio": "0.1", "nexus_trio": "0"})
    assert replay.main([str(saved)]) == 2
    said = capsys.readouterr().err
    assert "found under python 3.11, trio 0.1" in said
    assert "--any-version" in said
    assert replay.main([str(saved), "--any-version"]) == 1


def test_what_holds_now_is_said(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(saved, arguments={"operations": ["add"]}, segments=[])
    assert replay.main([str(saved)]) == 0
    assert "holds now" in capsys.readouterr().out


def test_another_failure_is_said(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(saved, kind="Broken I1", error="Broken: I1: other")
    assert replay.main([str(saved)]) == 1
    assert "in another way than saved (Broken: I1: other)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"format": 99}, "has format 99"),
        ({"segments": [["nobody", 3]]}, "'nobody' can't go on here"),
        ({"segments": 3}, "no saved failure"),
        ({"program": "small_programs.py:nothing"}, "no program 'small_programs.py:nothing'"),
        ({"program": "elsewhere.py:nothing"}, "there is no elsewhere.py here"),
        ({"program": "no_such_module_at_all:x"}, "no program"),
    ],
)
def test_what_can_not_be_played_is_refused(
    saved: Path, changes: dict[str, Any], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay.main([str(changed(saved, **changes))]) == 2
    assert word in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.main([str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("{")
    assert replay.main([str(tmp_path / "bad.json")]) == 2
