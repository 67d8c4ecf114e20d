"""Plants one defect after the other in a copy of the source, and has it searched for.

    python tests/mutants/mutant_run.py [--seeds 5] [--replays 100] [--jobs 2] [--keep DIR] [NAME...]

Each defect is a TOML file beside this one: `level` says what searches for it (`scenes`: the hub
in small scenes under drawn schedules, `sim`: the whole server), `breaks` which invariants it
may be found by, `why` how it comes about. Prints a table and, last, `mutants: N planted, N
killed`; exits 1 unless the two are the same. The size is of the first seed's failure, made
small: its operations, and the segments of its schedule.

`--replays N` replays that failure N times from its file, in `--processes` fresh processes (20)
with a PYTHONHASHSEED of their own each; a failure that does not come again each time counts
as not killed. `--keep` keeps the files of the failures.
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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
TESTS = HERE.parent
SOURCE = HERE.parents[1] / "src"
FILES = sorted(HERE.glob("*.toml"))

SEEDS = ("1", "2", "3", "4", "5")
WITHIN_S = 60.0
"""Of the processor, for all seeds together, until each has found it."""

EXAMPLES = {"scenes": 3000, "sim": 1500, "machine": 500}
"""For each seed; most defects take a few, a sound copy takes all."""

REPLAYS = "mutant_replay.py"

HASH_SEEDS = 1_000
"""Those of replays are above this one, so none is that of the hunt, which is 0."""


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
    keep: str = "-",
) -> list[dict[str, Any]]:
    """What the level finds in the copy from each seed, in a process of its own.

    The level `machine` is the one that Hypothesis draws for. With `keep`, the first seed's failure
    is made small, and its file is put there.
    """
    most = str(examples or EXAMPLES[level])
    if level == "machine":
        command = [str(TESTS / "stateful" / "bridge_run.py"), str(copy), most]
    else:
        command = [str(HERE / "mutant_hunt.py"), level, str(copy), kind, most, keep]
    return [json.loads(line) for line in _run(copy, "0", *command, *seeds).splitlines()]


def _run(copy: Path, hash_seed: str, *command: str) -> str:
    """What that script prints, run on the copy; the folders of tests are named from the root."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONHASHSEED": hash_seed},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def replayed(level: str, copy: Path, file: str, times: int, processes: int) -> int:
    """How often that failure came again, shared out over so many fresh processes."""
    shares = [times // processes + (i < times % processes) for i in range(processes)]
    return sum(
        int(_run(copy, str(HASH_SEEDS + i), str(HERE / REPLAYS), level, file, str(share)))
        for i, share in enumerate(shares)
        if share
    )


def killed(mutant: dict[str, Any], runs: list[dict[str, Any]]) -> bool:
    """Whether every run found it, by an invariant that it is known to break."""
    return bool(runs) and all(run["broke"] in mutant["breaks"] for run in runs)


@dataclass
class Hunted:
    """One mutant, and what came of the hunt for it. `fault` says why it was not hunted at all."""

    name: str
    mutant: dict[str, Any]
    runs: list[dict[str, Any]] = field(default_factory=list)
    again: int | None = None
    """How often its failure came again, where that was asked for."""
    fault: str = ""

    @property
    def seconds(self) -> float:
        """Of the processor, over all seeds."""
        return float(sum(run["seconds"] for run in self.runs))

    @property
    def size(self) -> tuple[int, int] | None:
        """Of the first seed's failure, made small: operations and segments."""
        found = [run for run in self.runs if run.get("operations") is not None]
        return (found[0]["operations"], found[0]["segments"]) if found else None

    def dead(self, replays: int) -> bool:
        """Whether it was found from every seed, in time, and came again each time."""
        found = not self.fault and killed(self.mutant, self.runs)
        return found and self.seconds <= WITHIN_S and (not replays or self.again == replays)

    def row(self) -> list[str]:
        """Its row of the table."""
        if self.fault:
            return [self.name, self.fault]
        by = dict.fromkeys(str(run["broke"]) for run in self.runs)
        how = self.runs[0].get("how", "") if self.runs else ""
        examples = sorted(run["examples"] for run in self.runs)
        size = self.size or ("-", "-")
        row = [self.name, ",".join(by), how, f"{examples[0]}-{examples[-1]}"]
        row += [f"{self.seconds:.1f}", str(size[0]), str(size[1])]
        return row if self.again is None else [*row, str(self.again)]


def hunt(
    path: Path,
    seeds: Sequence[str] = SEEDS,
    *,
    level: str = "",
    keep: str = "-",
    replays: int = 0,
    processes: int = 1,
) -> Hunted:
    """Plant the defect of the file and search for it, by its own level if not told otherwise.

    Raises `AssertionError` where the defect does not fit the source, or a search can't be run.
    """
    mutant = tomllib.loads(path.read_text())
    level = level or mutant["level"]
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        plant(mutant, copy)
        runs = search(level, copy, seeds, mutant.get("kind", "mixed"), keep=keep)
        found = Hunted(path.stem, mutant, runs)
        files = [run["file"] for run in runs if "file" in run]
        if replays:
            found.again = replayed(level, copy, files[0], replays, processes) if files else 0
    return found


HEADS = ("mutant", "found by", "how", "examples", "seconds", "operations", "segments", "replays")
WIDTHS = (26, 10, 24, 10, 8, 11, 9, 8)


def _line(cells: Sequence[str]) -> str:
    return " ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=False)).rstrip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--replays", type=int, default=0, help="how often each failure is replayed")
    parser.add_argument("--processes", type=int, default=20, help="fresh ones, for the replays")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants at a time")
    parser.add_argument("--keep", type=Path, help="a folder for the failures' files")
    parser.add_argument("--level", choices=["scenes", "sim"], help="only the mutants of this one")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    files = [path for path in FILES if not given.names or path.stem in given.names]
    files = [path for path in files if given.level in (None, _level(path))]
    print(_line(HEADS if given.replays else HEADS[:-1]), flush=True)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.jobs) as pool:
        keep = given.keep or Path(folder)
        found = list(pool.map(lambda path: _hunted(path, given, keep.resolve()), files))
    _print_medians(found, given.replays)
    dead = sum(each.dead(given.replays) for each in found)
    print(f"mutants: {len(files)} planted, {dead} killed")
    return 0 if dead == len(files) else 1


def _level(path: Path) -> str:
    return str(tomllib.loads(path.read_text())["level"])


def _hunted(path: Path, given: argparse.Namespace, keep: Path) -> Hunted:
    """One mutant of the run; its row is printed as soon as there is one."""
    seeds = [str(seed) for seed in range(1, given.seeds + 1)]
    folder = str(keep / path.stem)
    try:
        found = hunt(path, seeds, keep=folder, replays=given.replays, processes=given.processes)
    except AssertionError as error:
        found = Hunted(path.stem, {}, fault=str(error))
    mark = "" if found.dead(given.replays) else "  NOT KILLED"
    print(_line(found.row()) + mark, flush=True)
    return found


def _print_medians(found: Sequence[Hunted], replays: int) -> None:
    sizes = [each.size for each in found if each.size is not None]
    if not sizes:
        return
    operations, segments = (median(column) for column in zip(*sizes, strict=True))
    words = f"medians: {operations:g} operations, {segments:g} segments"
    if replays:
        came = sum(each.again or 0 for each in found)
        words += f"; replayed as saved: {came} of {replays * len(found)}"
    print(words)


if __name__ == "__main__":
    sys.exit(main())
