"""Fuzzes the lane for a while, in this process and its workers; exits 1 on a finding.

    python tests/fuzz/fuzz_run.py [--minutes M] [--conversations N] [--seed S] [--jobs J]
    python tests/fuzz/fuzz_run.py --replay S/B[#C]

Prints how much was said, what was answered, which lines of the lane ran, and of each finding
the command that replays it: one conversation, where one alone does it, or else its batch.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import random
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "sim")]

MEASURED = 4
"""How often one batch is run in a measurement of memory; the last world is kept each time."""

EVERY = 250
"""Batches from one measurement to the next."""

GROWTH = 1024
"""Bytes that a batch may leave behind: ten for each of its conversations."""

SAMPLE = 12
"""Batches in which the lines that run are counted."""


@dataclass
class Tally:
    """What a whole run came to."""

    conversations: int = 0
    sent: int = 0
    exact: int = 0
    steps: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    growth: list[int] = field(default_factory=list)

    def add(self, batch: Any) -> None:
        self.conversations += batch.conversations
        self.sent += batch.sent
        self.exact += batch.exact
        self.steps += batch.steps
        self.statuses += batch.statuses
        self.codes += batch.codes
        self.kinds += batch.kinds
        for number, what in batch.failures:
            self.findings.append(f"{what}\n    --replay {_smallest(batch.seed, number)}")


def _smallest(seed: str, blamed: int | None) -> str:
    """The seed of the one conversation that does it alone, or that of the batch."""
    from fuzz_world import COUNT, run_batch

    for number in range(COUNT) if blamed is None else (blamed,):
        if run_batch(seed, only=number).failures:
            return f"{seed}#{number}"
    return seed


def forget() -> None:
    """Empty Python's own cache of attributes: it is bounded, and takes 2 KB a batch until full."""
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache  # since 3.13
    clear()


def grown(seed: str) -> int:
    """Bytes that a batch leaves behind each time: what leaks does so always, a cache but once."""
    from fuzz_world import run_batch

    tracemalloc.start()
    try:
        marks = []
        for _ in range(MEASURED):
            run_batch(f"{seed}/memory")
            forget()
            gc.collect()
            marks.append(tracemalloc.get_traced_memory()[0])
        return max(0, min(after - before for before, after in pairwise(marks)))
    finally:
        tracemalloc.stop()


def covered(seed: str) -> dict[str, Any]:
    """Of each file of the lane, how many of its lines ran in a sample, and which did not.

    In a process of its own, for what an import runs has to be seen as well.
    """
    found = subprocess.run(
        [sys.executable, __file__, "--covered", seed], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        return {"error": found.stderr.strip().splitlines()[-1:]}
    result: dict[str, Any] = json.loads(found.stdout)
    return result


def _cover(seed: str) -> dict[str, Any]:
    import coverage

    lane = HERE.parent.parent / "src" / "nexus_trio" / "lane"
    tracer = coverage.Coverage(data_file=None, include=[str(lane / "*")], config_file=False)
    tracer.start()
    from fuzz_world import run_batch

    for number in range(SAMPLE):
        run_batch(f"{seed}/covered{number}")
    tracer.stop()
    found = {}
    for path in sorted(lane.glob("*.py")):
        _, lines, _, missing, _ = tracer.analysis2(str(path))
        if lines:
            found[path.name] = (len(lines), len(lines) - len(missing), missing)
    return found


def batches(seed: int, jobs: int) -> Iterator[Any]:
    """Batch after batch, without end."""
    from fuzz_world import run_batch

    seeds = (f"{seed}/{number}" for number in count())
    if jobs == 1:
        yield from map(run_batch, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        waiting = [pool.apply_async(run_batch, (next(seeds),)) for _ in range(2 * jobs)]
        while True:
            yield waiting.pop(0).get()
            waiting.append(pool.apply_async(run_batch, (next(seeds),)))


def fuzz(given: argparse.Namespace) -> Tally:
    tally, began = Tally(), time.monotonic()
    for number, batch in enumerate(batches(given.seed, given.jobs)):
        tally.add(batch)
        if number % 100 == 99:
            print(f"{tally.conversations:,} conversations", file=sys.stderr, flush=True)
        if number % EVERY == 0:
            tally.growth.append(grown(f"{given.seed}/{number}"))
            if tally.growth[-1] > GROWTH:
                tally.findings.append(f"a batch leaves {tally.growth[-1]:,} bytes behind")
        late = given.minutes and time.monotonic() - began > given.minutes * 60
        if late or (given.conversations and tally.conversations >= given.conversations):
            break
    return tally


def table(tally: Tally, lines: dict[str, Any], seconds: float) -> str:
    rows = [
        f"conversations {tally.conversations:,}, {tally.sent:,} bytes sent, {seconds:.0f} s; "
        f"{tally.exact:,} judged to the byte; {tally.steps:,} steps",
        "statuses      " + ", ".join(f"{k}: {v:,}" for k, v in sorted(tally.statuses.items())),
        "close codes   " + ", ".join(f"{int(k)}: {v:,}" for k, v in sorted(tally.codes.items())),
        "kinds         " + ", ".join(f"{k}: {v:,}" for k, v in sorted(tally.kinds.items())),
        "bytes left behind by a batch: " + ", ".join(f"{each:,}" for each in tally.growth),
    ]
    if "error" in lines:
        rows.append(f"no coverage: {lines['error']}")
    else:
        for name, (whole, ran, missing) in lines.items():
            rows.append(f"  {name:15} {100 * ran / whole:5.1f} %  not run: {missing}")
    rows += [f"FOUND: {each}" for each in tally.findings]
    return "\n".join(rows)


def replay(what: str) -> int:
    from fuzz_world import conversations_of, run_batch

    seed, _, number = what.partition("#")
    only = int(number) if number else None
    batch = run_batch(seed, only=only)
    if only is not None:
        print(conversations_of(seed, 0, only)[0])
    for place, failure in batch.failures:
        print(f"{place}: {failure}")
    print(f"{batch.conversations} conversations, statuses {dict(batch.statuses)}, {batch.digest}")
    return int(bool(batch.failures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--conversations", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--replay")
    parser.add_argument("--covered", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.covered:
        print(json.dumps(_cover(given.covered)))
        return
    if given.replay:
        sys.exit(replay(given.replay))
    if not given.minutes and not given.conversations:
        given.minutes = 1
    print(f"seed {given.seed}", flush=True)
    began = time.monotonic()
    tally = fuzz(given)
    print(table(tally, covered(str(given.seed)), time.monotonic() - began))
    sys.exit(bool(tally.findings))


if __name__ == "__main__":
    main()
