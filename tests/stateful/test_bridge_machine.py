"""The first proof: the real hub under drawn schedules, against an oracle of plain dicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bridge_calls import Broken, fold
from bridge_life import ROOMS, USERS, WORDS
from bridge_machine import BridgeMachine, Tally
from bridge_oracle import Oracle
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import nexus_trio
from nexus_trio.crisis import screen

SETTINGS = settings(
    stateful_step_count=40,
    deadline=None,  # what a real clock says is no verdict
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
INVARIANTS = {f"I{n}" for n in range(1, 25) if n not in (6, 12, 17)}
OUTCOMES = {"ok", "cancelled", "aborted", "conflict", "mailbox_full", "responder_failed"}


def run_machine(*, cuts: bool, examples: int) -> Tally:
    """The machine from a seed of Hypothesis's own, and the figures of the run."""
    tally = Tally()
    machine = type("Machine", (BridgeMachine,), {"tally": tally, "cuts": cuts})
    try:
        run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=examples))
    finally:
        print("\n" + tally.table())
    return tally


def check_reach(tally: Tally, examples: int) -> None:
    """A run that evaluated nothing, or in which nothing overlapped, proves nothing."""
    assert tally.examples >= examples
    never = {number for number in INVARIANTS if not tally.counts[number]}
    assert not never, f"never evaluated: {never}"
    unmet = OUTCOMES - {name.split()[1] for name in tally.outcomes}
    assert not unmet, f"no call ended so: {unmet}"
    assert tally.overlaps > 20 * examples
    assert tally.overlaps > tally.steps / 4


def test_the_bridge_keeps_its_promises_under_any_schedule() -> None:
    check_reach(run_machine(cuts=False, examples=1000), 1000)


def test_it_keeps_them_when_commits_run_out_of_time() -> None:
    check_reach(run_machine(cuts=True, examples=600), 600)


def digests_under(hash_seed: str) -> list[str]:
    """What was done from the seeds 7, 7 and 8, in a fresh process."""
    source = Path(nexus_trio.__file__).parents[1]
    script = Path(__file__).with_name("bridge_run.py")
    done = subprocess.run(
        [sys.executable, "-W", "error", script, source, "20", "7", "7", "8"],
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line)["digest"] for line in done.stdout.splitlines()]


def test_the_same_seed_gives_the_same_trace() -> None:
    """I25, I26: in one process, in a fresh one, under another order of sets."""
    first, again, other = digests_under("1")
    assert first == again != other
    assert digests_under("4242") == [first, first, other]


# --- what the machine itself rests on ---


@pytest.mark.parametrize("level", WORDS)
def test_the_sentences_have_the_level_that_the_oracle_believes(level: str) -> None:
    for user in USERS:
        for number in range(200):
            words = f"{WORDS[level]} zq{user}{number}q"
            assert screen(words).level == level
            assert screen(f"{words} (stream)").level == level


def test_the_oracle_folds_low_distress_by_the_rule() -> None:
    watch, seen = (0.0, 0), []
    for level in ("concern", "concern", "concern", "concern", "none", "crisis"):
        watch, verdict = fold(watch, level)
        seen.append(verdict)
    assert [(level, turns) for level, _, turns in seen] == [
        ("concern", 1), ("concern", 2), ("crisis", 3), ("concern", 4), ("none", 0), ("crisis", 1),
    ]  # fmt: skip


def event(kind: str, user: str, offset: int) -> dict[str, object]:
    position = {"epoch": "e", "offset": offset}
    return {
        "room": "Tower", "event": kind, "user_id": user, "username": None,
        "text": None, "position": position,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("offset", "shown"),
    [(0, ("ada",)), (1, ()), (1, ("ada", "bob")), (2, ("ada",))],
    ids=["too early", "one missing", "one too many", "from the future"],
)
def test_a_look_that_no_order_explains_is_broken(offset: int, shown: tuple[str, ...]) -> None:
    oracle = Oracle(ROOMS, Tally().counts)
    oracle.members["Tower"].append(frozenset({"ada"}))
    oracle.streams["Tower"].append(event("joined", "ada", 1))
    oracle.looked("Tower", 0, ())
    with pytest.raises(Broken, match="I13"):
        oracle.looked("Tower", offset, shown)


def test_a_look_that_goes_back_is_broken() -> None:
    oracle = Oracle(ROOMS, Tally().counts)
    oracle.members["Tower"].append(frozenset({"ada"}))
    oracle.streams["Tower"].append(event("joined", "ada", 1))
    oracle.looked("Tower", 1, ("ada",))
    with pytest.raises(Broken, match="I13"):
        oracle.looked("Tower", 0, ())


@pytest.mark.parametrize(
    "kind_and_offset", [("left", 1), ("said", 1), ("joined", 2), ("joined", 1)], ids=str
)
def test_an_event_that_makes_no_sense_is_broken(kind_and_offset: tuple[str, int]) -> None:
    """Also a join at its right place, where nobody asked for it."""
    kind, offset = kind_and_offset
    with pytest.raises(Broken, match=r"I13|I14"):
        Oracle(ROOMS, Tally().counts).committed_event(event(kind, "ada", offset))
