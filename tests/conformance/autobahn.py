"""The Autobahn fuzzing client against the lane, by both ways to start it.

    python tests/conformance/autobahn.py --wstest PATH

It speaks to an app that echoes, for that is what its cases expect; what it
finds holds for `/bridge/ws`, which stands on the same lane. Twice: within the
bounds of the product, and with messages of up to 32 MiB for the sections on
large ones and on compression. Prints a line for each section, and exits 1 where
a case failed or a close code was wrong.

`wstest` is a program for Python 2.7. In a virtual environment of that:
`pip install autobahntestsuite`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "lane"))

from lane_process import ENTRIES, started

LARGE = ["9.*", "12.*", "13.*"]
RUNS: list[tuple[dict[str, float], dict[str, list[str]]]] = [
    ({}, {"cases": ["*"], "exclude-cases": LARGE}),
    ({"frame": 32 << 20}, {"cases": LARGE, "exclude-cases": []}),
]

GOOD = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}
GOOD_END = {"OK", "INFORMATIONAL"}


def run(wstest: Path, entry: str) -> dict[str, Any]:
    """What came of each case."""
    found: dict[str, Any] = {}
    for limits, cases in RUNS:
        server = started(entry, **limits)
        try:
            with tempfile.TemporaryDirectory(prefix="autobahn-") as folder:
                spec = {
                    **cases,
                    "outdir": folder,
                    "options": {"failByDrop": False},
                    "servers": [{"agent": entry, "url": f"ws://127.0.0.1:{server.port}/ws"}],
                    "exclude-agent-cases": {},
                }
                path = Path(folder, "spec.json")
                path.write_text(json.dumps(spec))
                command = [str(wstest), "-m", "fuzzingclient", "-s", str(path)]
                subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
                found |= json.loads(Path(folder, "index.json").read_text())[entry]
        finally:
            server.close()
    return found


def show(entry: str, found: dict[str, Any]) -> bool:
    """Print what came, by section; whether all of it is good."""
    sections: dict[str, Counter[str]] = defaultdict(Counter)
    bad = []
    for case, result in found.items():
        sections[case.partition(".")[0]][result["behavior"]] += 1
        if result["behavior"] not in GOOD or result["behaviorClose"] not in GOOD_END:
            bad.append(f"{case}: {result['behavior']}, at its end {result['behaviorClose']}")
    for section, counts in sorted(sections.items(), key=lambda item: int(item[0])):
        line = ", ".join(f"{count} {behavior}" for behavior, count in counts.most_common())
        print(f"{entry}: section {section}: {line}")
    for line in bad:
        print(f"{entry}: {line}")
    return not bad


def main() -> None:
    parser = argparse.ArgumentParser(description="Autobahn's cases against the lane.")
    parser.add_argument("--wstest", type=Path, required=True, metavar="PATH")
    given = parser.parse_args()
    good = [show(entry, run(given.wstest, entry)) for entry in ENTRIES]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
