"""Nobody reads another's reply, wherever a call is cut (I1, I2, I11, I12); and defects that
were planted in a copy of the source are found, from every seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "crash"))

import mutant  # noqa: E402 - the folder is named above

SEEDS = ("1", "2", "3", "4", "5")

LINES, GATE, REPLY = (f"responders/openai/{name}.py" for name in ("lines", "gate", "reply"))

# Name -> where, what stands there, and what is put in its place.
DEFECTS = {
    "a connection whose answer was not read to its end is kept": [
        (
            LINES,
            "        if not (self._ended and self._lines.put_back(self._line)):\n",
            "        if not self._lines.put_back(self._line):\n",
        ),
        (
            LINES,
            "        if not http.our_state is http.their_state is h11.DONE"
            ' or http.trailing_data != (b"", False):\n            return False\n'
            "        http.start_next_cycle()\n",
            "        self._http = h11.Connection(h11.CLIENT)\n",
        ),
    ],
    "a connection is used by whoever comes while it is in use": [
        (LINES, "self._idle.pop(), False\n", "self._idle[-1], False\n"),
    ],
    "what was left behind an answer is read as the next one": [
        (LINES, ' or http.trailing_data != (b"", False):\n', ":\n"),
    ],
    "what came while nobody asked is read as the next answer": [
        (LINES, "        if self._plain.socket.is_readable():\n", "        if False:\n"),
    ],
    "a cancelled call that waits for its place stays in line": [
        (GATE, "            self._withdraw(user, waiter)\n", ""),
    ],
    "a call that is cut keeps its place": [
        (REPLY, "            if self._placed:\n", "            if self._placed and not kind:\n"),
    ],
    "a call that is cut leaves its connection open": [
        (LINES, "        self._busy -= 1\n        line.close()\n", "        self._busy -= 1\n"),
    ],
}


def planted(folder: Path, name: str) -> Path:
    """The folder to put first on the path: a copy of the program with that defect."""
    (file, good, bad), *more = DEFECTS[name]
    mutant.make(folder, file, good, bad)
    for file, good, bad in more:
        path = folder / "nexus_trio" / file
        source = path.read_text("utf-8")
        assert source.count(good) == 1, f"{file} has changed: the mutant must be written anew"
        path.write_text(source.replace(good, bad), "utf-8")
    return folder


def run(path: str, *seeds: str) -> list[dict[str, Any]]:
    """What the calls of `isolation_run` see of the source in `path`."""
    done = subprocess.run(
        [sys.executable, HERE / "isolation_run.py", *seeds],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(path), "another source was run"
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nobody_reads_another_s_reply_wherever_a_call_is_cut() -> None:
    (found,) = run(str(HERE.parents[1] / "src"), SEEDS[0])
    print(f"\nno defect: {found}")
    assert found["broke"] is None
    assert found["awaits"] > 10
    assert found["cut"] > 80
    assert found["beside"] > 500


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_from_every_seed(name: str, tmp_path: Path) -> None:
    runs = run(str(planted(tmp_path, name)), *SEEDS)
    print(f"\n{name}:", *(f"\n  {found}" for found in runs))
    assert [found["seed"] for found in runs] == [int(seed) for seed in SEEDS]
    assert all(found["broke"] for found in runs), runs
    assert all(found["seconds"] < 60 for found in runs), runs
