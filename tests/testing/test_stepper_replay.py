"""I25, I26: the same choices give the same trace, in a fresh process, whatever its hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("replayed_program.py")


def run_under(hash_seed: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAM)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    plays: list[dict[str, object]] = json.loads(done.stdout)
    return plays


def test_the_trace_is_the_same_in_any_process() -> None:
    first, again = run_under("1")
    assert first == again
    trace, order = first["trace"], first["order"]
    assert isinstance(trace, list)
    assert isinstance(order, list)
    assert len(trace) > 50
    assert sorted(order) != order  # the choices did mix them up
    assert run_under("4242") == [first, first]
