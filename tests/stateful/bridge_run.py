"""Runs the machine in a process of its own, on the source that PYTHONPATH names.

    python bridge_run.py SOURCE EXAMPLES SEED...

Prints one JSON line a seed: what broke (null for nothing), after how many
examples and seconds, and the digest of all that was done.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import hypothesis
from bridge_calls import Broken
from bridge_machine import BridgeMachine, Tally
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

import nexus_trio
from nexus_trio.testing import StepLimitExceeded


def run(seed: int, examples: int) -> dict[str, object]:
    """One run from that seed: its first failure ends it, unshrunk."""
    tally = Tally()
    machine = type("Machine", (BridgeMachine,), {"tally": tally, "cuts": False})
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=40,
        database=None,  # the seed alone decides
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    began, broke = time.process_time(), None
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=settings)
    except (Broken, Flaky):
        # A defect may last from one example to the next: then it does not come again the same.
        broke = tally.broke
    except StepLimitExceeded:
        broke = "I22"  # somebody waits for ever, while timers go on
    return {
        "seed": seed,
        "broke": broke,
        "examples": tally.examples,
        "size": tally.size if broke else None,
        "overlaps": tally.overlaps,
        "seconds": round(time.process_time() - began, 1),
        "digest": tally.trace.hexdigest(),
    }


def main() -> None:
    source, examples, *seeds = sys.argv[1:]
    if not Path(nexus_trio.__file__).is_relative_to(Path(source)):
        sys.exit(f"imported {nexus_trio.__file__}, which is not in {source}")
    logging.getLogger("nexus_trio").addHandler(logging.NullHandler())
    for seed in seeds:
        print(json.dumps(run(int(seed), int(examples))), flush=True)


if __name__ == "__main__":
    main()
