"""What the benchmarks take apart is still where they look for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_the_stages_of_a_turn_are_functions_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import stages

    found = [(owner, name) for each in stages.STAGES.values() for owner, name in each]
    assert len(found) > 6
    for owner, name in found:
        assert callable(getattr(owner, name, None)), f"{owner.__name__} has no {name}"
