"""Replays a saved failure so many times, on the source that PYTHONPATH names.

    python mutant_replay.py LEVEL FILE TIMES

Each time in a child that has run nothing before. Prints how often it failed as saved: in the
same way, and under the same choices from the first to the last.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from fresh import fresh
from mutant_hunt import level_named

from nexus_trio.testing import replay
from nexus_trio.testing.shrink import kind


def main() -> None:
    level, file, times = sys.argv[1:]
    hunter, saved = level_named(level), replay.read(Path(file))
    logging.getLogger("nexus_trio").addHandler(logging.NullHandler())

    def as_saved() -> bool:
        run = hunter.replayed(saved)
        return run.error is not None and (run.digest, kind(run.error)) == (saved.digest, saved.kind)

    print(sum(fresh(as_saved) for _ in range(int(times))))


if __name__ == "__main__":
    main()
