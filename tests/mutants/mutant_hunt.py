"""Hunts in a process of its own, on the source that PYTHONPATH names.

    python mutant_hunt.py LEVEL SOURCE KIND EXAMPLES FOLDER SEED...

Prints one JSON line a seed: what broke (null for nothing), how it was found, after how many
examples and seconds. The first seed's failure is made small and written into FOLDER (`-`: it is
not), and its line says how small it is, in operations and segments, and where it lies.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
from pathlib import Path
from typing import Any, Final

from fresh import fresh, made_ready

import nexus_trio

TESTS = Path(__file__).resolve().parents[1]


def level_named(name: str) -> Any:
    """The module of that level, its own folder on the path, and all made ready for its children."""
    sys.path.insert(0, str(TESTS / {"scenes": "stateful", "sim": "sim"}[name]))
    hunter = importlib.import_module(f"hunt_{name}")
    made_ready()
    return hunter


NUMBERS: Final = {"NeverEnds": "I22", "StepLimitExceeded": "I22", "NotLinearizable": "I13"}
"""Which invariant an error without a number of its own is about."""


def number_of(error: BaseException) -> str:
    """The invariant that it says is broken."""
    name = type(error).__name__
    return str(getattr(error, "number", NUMBERS.get(name, name)))


def hunted(hunter: Any, seed: int, examples: int, kind: str) -> tuple[dict[str, Any], Any]:
    """From that seed, the first failure that a fresh process has too: its figures, and itself.

    A defect may last from one example to the next. Then what fails with the help of an
    earlier one is passed by, and the hunt goes on behind it, from a fresh beginning.
    """
    skip, seconds, overlaps = 0, 0.0, 0
    while True:
        figures, failed = fresh(hunter.hunt, seed, examples, kind, skip)
        seconds, overlaps = seconds + figures["seconds"], overlaps + figures["overlaps"]
        figures |= {"seconds": round(seconds, 1), "overlaps": overlaps, "broke": None}
        if failed is None:
            return figures, None
        again = hunter.confirmed(failed)
        if again is not None:
            error = again[1].error
            return {**figures, "broke": number_of(error), "what": repr(error)[:300]}, again
        skip = figures["examples"]
        if skip >= examples:
            return figures, None


def main() -> None:
    level, source, kind, examples, folder, *seeds = sys.argv[1:]
    hunter = level_named(level)
    if not Path(nexus_trio.__file__).is_relative_to(Path(source).resolve()):
        sys.exit(f"imported {nexus_trio.__file__}, which is not in {source}")
    logging.getLogger("nexus_trio").addHandler(logging.NullHandler())
    for seed in seeds:
        figures, failed = hunted(hunter, int(seed), int(examples), kind)
        if failed is not None and seed == seeds[0] and folder != "-":
            small = hunter.small(failed)
            figures["operations"], figures["segments"] = hunter.size(small)
            saved = hunter.saved(small, seed=int(seed), how=figures["how"])
            figures["file"] = str(saved.write(Path(folder)))
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
