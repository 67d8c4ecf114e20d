"""Plants one defect after the other in a copy of the source, and has it searched for.

    python tests/mutants/mutant_run.py [--seeds 5] [NAME...]

Each defect is a TOML file beside this one: `level` says what searches for it
(`stateful`: the hub under drawn schedules, `sim`: the whole server), `breaks`
which invariants it may be found by, `why` how it comes about. Prints a table
and, last, `mutants: N planted, N killed`; exits 1 unless the two are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TESTS = HERE.parent
SOURCE = HERE.parents[1] / "src"
FILES = sorted(HERE.glob("*.toml"))

SEEDS = ("1", "2", "3", "4", "5")
WITHIN_S = 60.0
"""Of the processor, for all seeds together, until each has found it."""

EXAMPLES = {"stateful": 500, "sim": 1500}
"""For each seed; most defects take a few, a sound copy takes all."""


def copied(to: Path) -> Path:
    """A copy of the source under `to`, which is what a run then imports."""
    copy = to / "src"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def plant(mutant: dict[str, Any], copy: Path) -> None:
    """Make the mutant's edits; each must find the one place that it was written for."""
    for edit in mutant["edits"]:
        path = copy / "nexus_trio" / edit["file"]
        text = path.read_text()
        found = text.count(edit["old"])
        assert found == 1, f"{edit['file']} has {found} places like this, not 1:\n{edit['old']}"
        path.write_text(text.replace(edit["old"], edit["new"]))


def search(
    level: str,
    copy: Path,
    seeds: Sequence[str] = SEEDS,
    kind: str = "mixed",
    examples: int | None = None,
) -> list[dict[str, Any]]:
    """What the level finds in the copy from each seed, in a process of its own."""
    most = str(examples or EXAMPLES[level])
    command = {
        "stateful": [TESTS / "stateful" / "bridge_run.py", copy, most],
        "sim": [TESTS / "sim" / "sim_run.py", copy, kind, most],
    }[level]
    done = subprocess.run(
        [sys.executable, "-W", "error", *command, *seeds],
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def killed(mutant: dict[str, Any], runs: list[dict[str, Any]]) -> bool:
    """Whether every run found it, by an invariant that it is known to break."""
    return bool(runs) and all(run["broke"] in mutant["breaks"] for run in runs)


def hunt(path: Path, seeds: Sequence[str] = SEEDS) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Plant the defect of the file and search for it: the mutant and what was found."""
    mutant = tomllib.loads(path.read_text())
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        plant(mutant, copy)
        runs = search(mutant["level"], copy, seeds, mutant.get("kind", "mixed"))
    return mutant, runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    files = [path for path in FILES if not given.names or path.stem in given.names]
    seeds = [str(seed) for seed in range(1, given.seeds + 1)]
    print(f"{'mutant':28} {'level':9} {'found by':12} {'examples':>10} {'seconds':>8} {'size':>5}")
    dead = 0
    for path in files:
        try:
            mutant, runs = hunt(path, seeds)
        except AssertionError as error:
            print(f"{path.stem:28} {error}", flush=True)
            continue
        took = sum(run["seconds"] for run in runs)
        ok = killed(mutant, runs) and took <= WITHIN_S
        dead += ok
        print(_row(path.stem, mutant, runs, took) + ("" if ok else "  NOT KILLED"), flush=True)
    print(f"mutants: {len(files)} planted, {dead} killed")
    return 0 if dead == len(files) else 1


def _row(name: str, mutant: dict[str, Any], runs: list[dict[str, Any]], took: float) -> str:
    by = ",".join(dict.fromkeys(str(run["broke"]) for run in runs))
    examples = sorted(run["examples"] for run in runs)
    several = f"{examples[0]}-{examples[-1]}"
    sizes = [run["size"] for run in runs if run["size"] is not None]
    size = min(sizes) if sizes else "-"
    return f"{name:28} {mutant['level']:9} {by:12} {several:>10} {took:8.1f} {size:>5}"


if __name__ == "__main__":
    sys.exit(main())
