"""The whole experiment against a sound server and against servers broken on purpose."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from nexus_trio.crisis import screen
from nexus_trio.experiment import Result, WireError, run_experiment, script
from nexus_trio.experiment.report import markdown
from nexus_trio.experiment.wire import Connection, parse_url

STREAMS = "independent response streams"
TRACKED = "all N active sessions tracked"
HISTORY = "no cross-user history leakage"
COUNTS = "per-session message counts correct"
VISITED = "every room visited by every user"
LOOKS = "concurrent look returns consistent occupants"
MEMBERS = "all N users see the same N-member set"
GHOSTS = "nobody is in two rooms"
THIRD = "crisis detected on turn 3 of low distress, not on turns 1 and 2"
HOTLINE = "988 in that response"
EXPLICIT = "explicit statement detected on its own turn"
SAME = "detection the same under load as alone"
TRACE = "no trace of it in anyone else's replies, histories or rooms"
ERRORS = "no errors"
ERASED = "all users erased at the end"

# What must fail for each fault, and nothing else.
EXPECTED = {
    "Sound": set(),
    "CrossedReplies": {STREAMS},
    "SharedHistory": {HISTORY, TRACE},  # the words of those in distress are in it, too
    "DroppedMessage": {HISTORY},
    "LostTurn": {HISTORY, COUNTS},
    "Refuses": {STREAMS, COUNTS, ERRORS},
    "Miscounts": {COUNTS},
    "Unlisted": {TRACKED},
    "LookMissesOne": {MEMBERS},
    "LookFlickers": {LOOKS, MEMBERS},
    "Ghosts": {GHOSTS},
    "WrongRoom": {VISITED},
    "SharedWatch": {THIRD, HOTLINE, SAME},
    "BlindInACrowd": {THIRD, HOTLINE, EXPLICIT, SAME},
    "NoHotline": {HOTLINE},
    "MissesExplicit": {EXPLICIT},
    "TooEarly": {THIRD},
    "NoticeForTheNext": {TRACE},
    "LevelsInList": {TRACE},
    "NotErased": {ERASED},
}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """The address of each server, sound or broken."""
    program = str(Path(__file__).with_name("broken_bridge.py"))
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def failed(result: Result) -> set[str]:
    return {check.name for check in result.checks if not check.passed}


def test_every_fault_is_served(servers: dict[str, str]) -> None:
    assert set(servers) == set(EXPECTED)


@pytest.mark.parametrize("fault", EXPECTED)
async def test_exactly_the_matching_checks_fail(servers: dict[str, str], fault: str) -> None:
    result = await run_experiment(servers[fault], 5, 20)
    assert failed(result) == EXPECTED[fault]
    assert result.passed == (not EXPECTED[fault])


async def test_figures_and_groups(servers: dict[str, str]) -> None:
    seen: list[tuple[int, int]] = []
    result = await run_experiment(
        servers["Sound"], 3, 7, progress=lambda done, total: seen.append((done, total))
    )
    found = json.loads(result.to_json())
    assert seen == [(number, 21) for number in range(1, 22)]
    assert (found["users"], found["messages_per_user"], found["total_messages"]) == (3, 7, 21)
    assert found["total_errors"] == 0
    assert found["rooms"] == ["Tower", "Chapel", "Library", "Garden", "Dungeon"]
    assert (
        found["session_isolation"] is found["room_occupancy"] is found["crisis_detection"] is True
    )
    assert 0 < found["latency_p50_ms"] <= found["latency_p95_ms"] <= found["latency_p99_ms"]
    assert found["throughput_msg_per_sec"] == pytest.approx(21 / found["wall_time_sec"], rel=0.01)
    assert found["environment"]["durability"] == "memory"


@pytest.mark.parametrize(
    ("fault", "group"),
    [
        ("CrossedReplies", "session_isolation"),
        ("LookMissesOne", "room_occupancy"),
        ("NoHotline", "crisis_detection"),
    ],
)
async def test_each_summary_stands_for_its_own_group(
    servers: dict[str, str], fault: str, group: str
) -> None:
    found = (await run_experiment(servers[fault], 5, 20)).to_dict()
    groups = {"session_isolation", "room_occupancy", "crisis_detection"}
    assert {name for name in groups if not found[name]} == {group}


@pytest.mark.parametrize(("users", "messages"), [(1, 1), (2, 3), (1, 120), (12, 5)])
async def test_small_and_uneven_numbers(servers: dict[str, str], users: int, messages: int) -> None:
    result = await run_experiment(servers["Sound"], users, messages)
    assert failed(result) == set()
    assert result.total_messages == users * messages


async def test_errors_are_counted_and_fail_the_run(servers: dict[str, str]) -> None:
    result = await run_experiment(servers["Refuses"], 4, 10)
    assert result.total_errors == 4
    assert not result.passed
    assert "store_unavailable" in markdown(result)


async def live(url: str) -> int:
    line = Connection(parse_url(url))
    try:
        return int(json.loads((await line.request("GET", "/bridge/sessions")).body)["count"])
    finally:
        line.close()


async def test_a_cancelled_run_erases_its_users(servers: dict[str, str]) -> None:
    with trio.CancelScope() as scope:

        def stop(done: int, total: int) -> None:
            if done == 20:
                scope.cancel()

        await run_experiment(servers["Sound"], 5, 20, progress=stop)
    assert scope.cancelled_caught
    assert await live(servers["Sound"]) == 0


async def test_a_failed_run_erases_its_users(servers: dict[str, str]) -> None:
    def broken(done: int, total: int) -> None:
        raise RuntimeError("the display is gone")

    with pytest.raises(ExceptionGroup):
        await run_experiment(servers["Sound"], 5, 20, progress=broken)
    assert await live(servers["Sound"]) == 0


async def test_two_experiments_at_once_do_not_disturb_each_other(servers: dict[str, str]) -> None:
    results: list[Result] = []

    async def one() -> None:
        results.append(await run_experiment(servers["Sound"], 5, 20))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        nursery.start_soon(one)
    assert [failed(result) for result in results] == [set(), set()]


async def test_nobody_listens() -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    with pytest.raises(WireError, match="Nothing answers"):
        await run_experiment(f"http://127.0.0.1:{port}", 2, 2)


@pytest.mark.parametrize(("users", "messages"), [(0, 1), (1, 0), (1001, 1), (1, 10_001)])
async def test_numbers_out_of_bounds(users: int, messages: int) -> None:
    with pytest.raises(ValueError, match="Give 1 to"):
        await run_experiment("http://127.0.0.1:9", users, messages)


def test_the_same_entropy_gives_the_same_people() -> None:
    def entropy(size: int) -> bytes:
        return bytes(size)

    assert script.people(3, entropy) == script.people(3, entropy)


def screened(role: Any) -> list[str]:
    person = script.fresh(role, "load", lambda size: bytes(range(size)))
    count = len(script.LINES) if role == "ordinary" else script.length(person)
    return [screen(script.say(person, number)).level for number in range(1, count + 1)]


def test_the_script_means_what_it_says() -> None:
    assert set(screened("ordinary")) == {"none"}
    assert screened("distress") == ["concern"] * 3
    assert screened("explicit")[0] in {"crisis", "imminent"}


@pytest.mark.parametrize("messages", [5, 6, 7, 20, 101])
def test_every_user_is_led_through_all_rooms(messages: int) -> None:
    rooms = ["a", "b", "c", "d", "e"]
    for at in range(7):
        way = script.itinerary(at, rooms, messages)
        assert len(way) == messages
        assert set(way) == set(rooms)
        assert way[0] == rooms[at % 5]
