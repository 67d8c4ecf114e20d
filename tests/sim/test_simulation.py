"""The whole server over streams in memory, under drawn schedules: what came over the wire holds."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from sim_checks import Broken, Judge
from sim_client import Talk
from sim_found import FOUND
from sim_pipe import Reset, pair
from sim_plan import Draw, Life, Op, Plan, frame, request
from sim_run import Ran, Tally, drawn, shrunk, simulate
from sim_words import USERS, WORDS, message

import nexus_trio
from nexus_trio.crisis import screen

INVARIANTS = {f"I{n}" for n in (*range(1, 7), *range(8, 13), *range(14, 19), *range(20, 25))}
SEED = 20261124
EXAMPLES = 250
ENOUGH = {
    "sqlite", "openai", "memory", "moody", "walk", "pos", "pct", "turns", "pushes", "hurry",
    "proxy", "ws", "sse", "http", "operator", "flood", "calm", "resume", "pieces",
}  # fmt: skip
"""What the plans of a run must have among them."""

OUTCOMES = {
    "chat reply", "chat aborted", "chat responder_failed", "chat turn_timeout", "say reply",
    "say done", "stop done", "ack done", "bad invalid_request", "history reply", "erase reply",
}  # fmt: skip


def parts(plan: Plan) -> set[str]:
    """What a plan is made of, by the names of `ENOUGH`."""
    found = {plan.store, plan.responder, plan.strategy}
    found |= {life.kind for life in plan.lives}
    found |= {
        part for life in plan.lives for part in ("proxy", "flood", "calm") if part in life.name
    }
    found |= {"pushes"} if plan.pushes else set()
    found |= {"hurry"} if plan.hurry else set()
    found |= {"resume"} if any(life.resume for life in plan.lives) else set()
    return found | ({"pieces"} if any(life.pieces for life in plan.lives) else set())


def test_everything_that_comes_over_the_wire_holds() -> None:
    """From one seed, so that what was met is known; `nox -s simulate` goes on with others."""
    tally, met = Tally(), set[str]()
    for plan in drawn(SEED):
        try:
            simulate(plan, tally)
        except Broken as broken:
            smaller = shrunk(plan, broken.number)
            pytest.fail(f"{broken}\n{plan}\ncut down to\n{smaller!r}")
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
    simulate(FOUND[name], Tally())


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
    ran.run()
    Judge(ran, Tally().counts, Tally().seen).everything()
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
