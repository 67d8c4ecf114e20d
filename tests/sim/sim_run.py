"""Draws plans from seeds, runs each under its schedule, and saves what fails, cut down.

    python tests/sim/sim_run.py [--save FOLDER] SOURCE KIND EXAMPLES SEED...

in a process of its own, on the source that PYTHONPATH names. Prints one JSON
line a seed: what broke (null for nothing), after how many examples and seconds,
how large the plan was when it was cut down, and the digest of all that was
done and seen; with a folder, also the command that replays it. Exits 1 if anything broke.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sim_plan import Draw, Plan
from sim_program import Ran, chooser
from sim_shrink import number, saved, shrunk

import nexus_trio
from nexus_trio.testing.play import Run, play
from nexus_trio.testing.replay import command


@dataclass
class Tally:
    """What a whole run came to."""

    counts: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    examples: int = 0
    """Plans under a drawn schedule; what their users do alone is no example."""
    steps: int = 0
    steps_alone: int = 0
    overlaps: int = 0
    together: int = 0
    """Plans in which two connections or more were open at once."""
    schedules: set[str] = field(default_factory=set)
    trace: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, ran: Ran, run: Run) -> None:
        self.counts += run.counts
        self.seen += ran.seen
        self.examples += 1
        self.steps += run.steps
        self.steps_alone += ran.alone_steps
        self.overlaps += run.overlaps
        self.together += ran.together
        self.schedules.add(run.digest)
        self.trace.update(run.digest.encode())
        for name, talk in ran.world.talks.items():
            self.trace.update(name.encode() + talk.raw)

    def table(self) -> str:
        rows = sorted(self.counts.items(), key=lambda row: int(row[0][1:]))
        names = ("examples", "steps", "steps_alone", "overlaps", "together")
        rows += [(name, getattr(self, name)) for name in names]
        rows += [("schedules", len(self.schedules)), *sorted(self.seen.items())]
        return "\n".join(f"{name:30} {count:>10,}" for name, count in rows)


def simulate(plan: Plan, tally: Tally) -> Run:
    """Run it and judge it; what is wrong is the run's `error`."""
    ran = Ran(plan)
    run = play(ran, chooser(plan))
    tally.add(ran, run)
    return run


def drawn(seed: int, kind: str = "mixed") -> Iterator[Plan]:
    """Plans without end, from one seed."""
    rng = random.Random(seed)
    while True:
        each = rng.randrange(1 << 40)
        plan = _plan(Draw(each), kind, rng.random() if kind == "mixed" else 1.0)
        # The lane is what serves if nothing else is asked for.
        yield plan if each % 4 else replace(plan, transport="hypercorn")


def _plan(draw: Draw, kind: str, which: float) -> Plan:
    if kind == "calm" or which < 0.15:
        return draw.calm()
    if kind == "crowd" or which < 0.22:
        return draw.crowd()
    if kind == "sockets" or which < 0.28:
        return draw.sockets()
    if kind == "stops" or which < 0.33:
        return draw.stops()
    if kind == "care" or which < 0.4:
        return draw.care()
    if kind == "ending" or which < 0.42:
        return draw.ending()
    return draw.plan(kind)


def search(
    seed: int, examples: int, kind: str, *, shrink: bool = True, folder: Path | None = None
) -> dict[str, object]:
    """Examples from one seed; the first failure ends it."""
    tally, began, broken = Tally(), time.process_time(), None
    for plan in drawn(seed, kind):
        run = simulate(plan, tally)
        if run.error is not None:
            broken = plan, run
        if broken or tally.examples >= examples:
            break
    found: dict[str, object] = {
        "seed": seed,
        "broke": None,
        "examples": tally.examples,
        "overlaps": tally.overlaps,
        "seconds": round(time.process_time() - began, 1),
        "size": None,
        "digest": tally.trace.hexdigest(),
    }
    return found if broken is None else found | _told(*broken, shrink=shrink, folder=folder)


def _told(plan: Plan, run: Run, *, shrink: bool, folder: Path | None) -> dict[str, object]:
    assert run.error is not None
    told: dict[str, object] = {"broke": number(run.error), "what": str(run.error)[:300]}
    if shrink:
        plan, run = shrunk(plan, run)
    told |= {"size": plan.size, "segments": len(run.segments)}
    if folder is not None:
        told["replay"] = command(saved(plan, run, folder))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--save", type=Path, help="where a failure is written to, as a file")
    parser.add_argument("source", type=Path)
    parser.add_argument("kind")
    parser.add_argument("examples", type=int)
    parser.add_argument("seeds", type=int, nargs="+")
    given = parser.parse_args()
    if not Path(nexus_trio.__file__).is_relative_to(given.source.resolve()):
        sys.exit(f"imported {nexus_trio.__file__}, which is not in {given.source}")
    broke = False
    for seed in given.seeds:
        first = seed == given.seeds[0]
        found = search(seed, given.examples, given.kind, shrink=first, folder=given.save)
        print(json.dumps(found), flush=True)
        broke = broke or found["broke"] is not None
    sys.exit(broke)


if __name__ == "__main__":
    main()
