"""The whole server over streams in memory, under drawn schedules: what came over the wire holds."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import trio
from sim_checks import Judge
from sim_client import Talk
from sim_found import FOUND
from sim_pipe import Reset, pair
from sim_plan import Draw, Life, Op, Plan, frame, planned, request
from sim_program import Ran, chooser, named
from sim_run import Tally, drawn, simulate
from sim_shrink import number as number_of
from sim_shrink import saved, shrunk
from sim_words import USERS, WORDS, message

import nexus_trio
from nexus_trio.crisis import screen
from nexus_trio.testing import replay
from nexus_trio.testing.play import Run, play
from nexus_trio.testing.program import Broken

INVARIANTS = {f"I{n}" for n in (*range(1, 7), *range(8, 13), *range(14, 19), *range(20, 25))}
SEED = 20261124
EXAMPLES = 250
ENOUGH = {
    "lane", "hypercorn", "sqlite", "openai", "memory", "moody", "walk", "pos", "pct", "block",
    "pushes", "hurry",
    "proxy", "ws", "sse", "http", "operator", "flood", "calm", "resume", "pieces",
}  # fmt: skip
"""What the plans of a run must have among them."""

OUTCOMES = {
    "chat reply", "chat aborted", "chat responder_failed", "chat turn_timeout", "say reply",
    "say done", "stop done", "ack done", "bad invalid_request", "history reply", "erase reply",
}  # fmt: skip


def parts(plan: Plan) -> set[str]:
    """What a plan is made of, by the names of `ENOUGH`."""
    found = {plan.store, plan.responder, plan.transport, plan.strategy}
    found |= {life.kind for life in plan.lives}
    found |= {
        part for life in plan.lives for part in ("proxy", "flood", "calm") if part in life.name
    }
    found |= {"pushes"} if plan.pushes else set()
    found |= {"hurry"} if plan.hurry else set()
    found |= {"resume"} if any(life.resume for life in plan.lives) else set()
    return found | ({"pieces"} if any(life.pieces for life in plan.lives) else set())


def fail_with(plan: Plan, run: Run) -> None:
    """Cut it down, save it, and say how to see it again."""
    smaller, run = shrunk(plan, run)
    path = saved(smaller, run, Path("failures"))
    pytest.fail(f"{run.error}\n{plan}\ncut down to\n{smaller}\n{replay.command(path)}")


def test_everything_that_comes_over_the_wire_holds() -> None:
    """From one seed, so that what was met is known; `nox -s simulate` goes on with others."""
    tally, met = Tally(), set[str]()
    for plan in drawn(SEED):
        run = simulate(plan, tally)
        if run.error is not None:
            fail_with(plan, run)
        met |= parts(plan)
        if tally.examples >= EXAMPLES:
            break
    print(tally.table())
    check_reach(tally)
    assert met >= ENOUGH, f"never drawn: {ENOUGH - met}"


def check_reach(tally: Tally) -> None:
    """A run that evaluated nothing, or in which nothing overlapped, proves nothing."""
    never = {number for number in INVARIANTS if not tally.counts[number]}
    assert not never, f"never evaluated: {never}"
    unmet = {outcome for outcome in OUTCOMES if not tally.seen[outcome]}
    assert not unmet, f"no call ended so: {unmet}"
    assert tally.overlaps > tally.steps / 4
    assert tally.together > tally.examples / 4, "hardly two connections were ever open at once"


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_and_mended_holds(name: str) -> None:
    """Under the schedules of its time, and under others: what a seed stands for may change."""
    for seed in range(4):
        for strategy in ("walk", "pos", "pct", "block"):
            plan = dataclasses.replace(FOUND[name], strategy=strategy)
            run = simulate(dataclasses.replace(plan, seed=plan.seed + seed), Tally())
            assert run.error is None, (strategy, seed, run.error)


# --- the same seed, the same trace ---


def digests_under(hash_seed: str) -> list[str]:
    """Of three seeds' runs in a fresh process, the first one twice."""
    here, source = Path(__file__).parent, Path(nexus_trio.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", here / "sim_run.py", source, "mixed", "8", "7", "7", "8"],
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line)["digest"] for line in done.stdout.splitlines()]


def test_the_same_seed_gives_the_same_trace() -> None:
    """I25, I26: every step and every byte; in one process, in a fresh one, whatever the hashes."""
    first, again, other = digests_under("1")
    assert first == again != other
    assert digests_under("4242") == [first, first, other]


# --- what the simulation itself rests on ---


@pytest.mark.parametrize("level", WORDS)
def test_the_sentences_have_the_level_that_is_believed(level: str) -> None:
    for user in USERS:
        for number in range(40):
            op = Op("say", number, user, level, "stream")
            for mode in ("ready", "hang"):
                assert screen(message(user, number, level, mode)).level == level
            assert screen(op.words).level == level


def test_a_plan_is_made_of_its_seed_alone() -> None:
    assert Draw(5).plan() == Draw(5).plan() != Draw(6).plan()
    assert Draw(5).calm() == Draw(5).calm()


def test_an_operation_is_the_same_in_whatever_plan_it_stands() -> None:
    plan = Draw(11).plan()
    bytes_of = {op.n: request(op) for life in plan.lives for op in life.ops if op.speaks}
    for life in plan.lives:
        for index in range(len(life.ops)):
            for op in life.without(index).ops:
                assert not op.speaks or request(op) == bytes_of[op.n]
    assert json.loads(frame(Op("ping", 3, "ada"), "", ""))["ref"] == "m3"


async def test_a_connection_takes_no_more_than_it_holds() -> None:
    near, far = pair(10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(near.send_all, b"x" * 25)
        await trio.testing.wait_all_tasks_blocked()
        assert far.inward.most == 10
        got = b""
        while len(got) < 25:
            got += await far.receive_some(7)
    near.half_close()
    assert await far.receive_some(7) == b""


async def test_bytes_that_were_not_read_reset_a_connection_that_is_closed() -> None:
    near, far = pair(100)
    await near.send_all(b"an answer that is lost")
    await far.send_all(b"never read")
    near.close()
    with pytest.raises(Reset):
        await far.receive_some(100)
    with pytest.raises(Reset):
        await far.send_all(b"more")


# --- each check finds what it is there for ---


def ran_once() -> Ran:
    ops = (Op("chat", 1, "ada", "crisis"), Op("chat", 2, "ada", mode="stream", stream=True))
    socket = (Op("chat", 3, "bob"), Op("say", 4, "bob"), Op("pause", 5, "bob", seconds=1.0))
    lives = (Life("http", "ada-http", "ada", ops), Life("ws", "bob-ws", "bob", socket))
    ran = Ran(Plan(1, lives))
    assert play(ran, chooser(ran.plan)).error is None
    return ran


def broken_by(ran: Ran) -> str | None:
    try:
        Judge(ran, Tally().counts, Tally().seen).everything()
    except Broken as broken:
        return broken.number
    return None


def talk_of(ran: Ran) -> Talk:
    return ran.world.talks["bob-ws"]


def a_foreign_word(ran: Ran) -> None:
    talk_of(ran).raw += b"zqadap1q"


def a_logged_word(ran: Ran) -> None:
    ran.stack.log.lines.append("a session of zqadap1q crashed")


def another_reply(ran: Ran) -> None:
    ran.world.calls[0].op = dataclasses.replace(ran.world.calls[0].op, n=9)


def no_notice(ran: Ran) -> None:
    answer = ran.world.calls[0].answer
    assert answer is not None
    answer.body = answer.body.replace(b"988 Suicide", b"nobody")


def no_end(ran: Ran) -> None:
    call = next(call for call in ran.world.calls if call.op.stream)
    assert call.answer is not None
    call.answer.body = call.answer.body.replace(b"event: reply", b"event: x").replace(
        b'"type":"reply"', b'"type":"x"'
    )


def a_second_end(ran: Ran) -> None:
    call = next(call for call in ran.world.calls if call.last)
    call.last.append(call.last[0])


def a_gap(ran: Ran) -> None:
    seen = next(s for s in talk_of(ran).frames if s.frame["type"] == "reply")
    epoch, offset = seen.frame["position"].split(":")
    seen.frame["position"] = f"{epoch}:{int(offset) + 1}"


def an_event_twice(ran: Ran) -> None:
    frames = talk_of(ran).frames
    frames.append(next(s for s in reversed(frames) if s.frame["type"] == "room"))


def an_event_from_elsewhere(ran: Ran) -> None:
    frames = talk_of(ran).frames
    seen = next(s for s in frames if s.frame["type"] == "room")
    elsewhere = {**seen.frame, "room": "Garden", "user_id": "ada"}
    frames.append(dataclasses.replace(seen, frame=elsewhere))


def a_ghost(ran: Ran) -> None:
    call = next(call for call in ran.world.calls if call.op.kind == "rooms")
    assert call.answer is not None
    call.answer.body = call.answer.body.replace(b'"occupants":0', b'"occupants":1')


def a_lost_turn(ran: Ran) -> None:
    call = next(c for c in ran.world.calls if (c.op.kind, c.op.user) == ("history", "bob"))
    assert call.answer is not None
    call.answer.body = b'{"turns":[]}'


def a_lost_place(ran: Ran) -> None:
    ran.rest["running"] = 1


def a_late_end(ran: Ran) -> None:
    ran.stack.ended_at = (ran.stack.stopped_at or 0.0) + 11


DEFECTS = {
    "I1 raw": ("I1", a_foreign_word),
    "I1 log": ("I1", a_logged_word),
    "I2": ("I2", another_reply),
    "I9 none": ("I9", no_end),
    "I9 two": ("I9", a_second_end),
    "I11": ("I11", a_lost_place),
    "I14": ("I14", an_event_twice),
    "I15": ("I15", a_ghost),
    "I16": ("I16", an_event_from_elsewhere),
    "I17": ("I17", a_lost_turn),
    "I18": ("I18", a_gap),
    "I21": ("I21", a_late_end),
    "I23": ("I23", no_notice),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_each_check_finds_what_it_is_there_for(name: str) -> None:
    number, spoil = DEFECTS[name]
    ran = ran_once()
    spoil(ran)
    assert broken_by(ran) == number


# --- a failure as a file ---


def test_a_plan_is_the_same_from_its_arguments() -> None:
    for seed in range(20):
        for plan in (Draw(seed).plan(), Draw(seed).calm(), Draw(seed).care()):
            told = json.loads(json.dumps(plan.arguments()))
            assert planned(**told) == dataclasses.replace(plan, seed=0, strategy="walk")


def test_operations_may_be_left_out_of_the_arguments() -> None:
    told = Draw(11).plan().arguments()
    opened = [each["open"] for each in told["operations"] if "open" in each]
    told["operations"] = [each for each in told["operations"] if each.get("open") != opened[0]]
    assert [life.name for life in planned(**told).lives] == opened[1:]


def test_the_program_of_a_file_is_the_run_of_the_plan() -> None:
    for plan in (Draw(5).plan(), Draw(5).calm()):
        assert play(named(plan), chooser(plan)).digest == simulate(plan, Tally()).digest


MUTANT = Path(__file__).parents[1] / "mutants" / "phantom_member.toml"


def test_a_failure_is_a_file_that_fails_alike_in_any_process(tmp_path: Path) -> None:
    """Planted in a copy, found, cut down, saved; and played again, under other hashes."""
    mutant = tomllib.loads(MUTANT.read_text())
    shutil.copytree(Path(nexus_trio.__file__).parent, tmp_path / "src" / "nexus_trio")
    for edit in mutant["edits"]:
        path = tmp_path / "src" / "nexus_trio" / edit["file"]
        path.write_text(path.read_text().replace(edit["old"], edit["new"]))

    def run(*command: object, hashes: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PYTHONPATH": str(tmp_path / "src"), "PYTHONHASHSEED": hashes}
        return subprocess.run(
            [sys.executable, *map(str, command)],
            env=env,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )

    search = ("tests/sim/sim_run.py", "--save", tmp_path, tmp_path / "src", "mixed", "50", "1")
    done = run(*search, hashes="1")
    found = json.loads(done.stdout)
    assert found["broke"] in mutant["breaks"], done
    assert done.returncode == 1
    assert found["size"] <= 5
    assert found["segments"] <= 4
    command = found["replay"].split(" ")
    assert command[:3] == ["python", "-m", "nexus_trio.testing.replay"]
    for hashes in ("77", "78"):
        again = run(*command[1:], hashes=hashes)
        assert (again.returncode, "fails as saved" in again.stdout) == (1, True), again


def test_who_waits_for_ever_breaks_an_invariant() -> None:
    assert number_of(Broken("I3", "")) == "I3"
    assert number_of(ValueError()) == "ValueError"
    life = Life("http", "ada-1", "ada", (Op("history", 1, "ada"),), after="ada-2")
    waits = Life("http", "ada-2", "ada", (), after="ada-1")
    run = play(Ran(Plan(1, (life, waits))))
    assert run.error is not None
    assert number_of(run.error) == "I22"
