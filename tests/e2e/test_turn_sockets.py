"""The table of a turn, row by row, at a server in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import trio
from bridge_process import GUARD, Bridge
from live_clients import (
    LOW,
    WISH,
    connected,
    counted,
    ended_turns,
    epoch,
    fresh,
    moody,
    noted,
    offset,
    streaming,
    talking,
    until_gone,
    until_noted,
)

# --- how a turn ends ---


async def test_answered_is_numbered_stored_and_folded(calm: Bridge) -> None:
    async with talking(calm, "answered") as ws:
        for number in (1, 2):
            reply = (await ws.turn(f"m{number}", f"{LOW} (stream)"))[-1]
            assert (reply["type"], reply["turn"], reply["session_messages"]) == (
                "reply",
                number,
                number,
            )
            assert (offset(reply["position"]), reply["crisis"]["turns"]) == (number, number)
    message = f"{LOW} (stream)"
    assert ended_turns(calm, "answered") == [(message, "answered", 1), (message, "answered", 2)]


async def test_stop_closes_the_call_upstream_within_100_ms(calm: Bridge, log: Path) -> None:
    message = f"{LOW} (hang)"
    async with talking(calm, "stopper") as ws:
        await ws.send(type="message", ref="m1", message=message)
        await ws.until("delta")
        began = time.monotonic()
        await ws.send(type="stop", ref="s", target="m1")
        frames = {f["type"]: f for f in (await ws.receive(), await ws.receive())}
        # As the responder saw it, in the other process.
        closed = await until_noted(log, "closed", "stopper")
        assert closed - began < 0.1, f"{closed - began:.3f} s"
        assert frames["done"]["ref"] == "s"
        error = frames["error"]
        assert (error["ref"], error["code"], error["partial"]) == ("m1", "aborted", "reply")
        assert (error["turn"], offset(error["position"])) == (1, 1)
        assert error["crisis"]["turns"] == 1
        reply = (await ws.turn("m2", LOW))[-1]
        assert (reply["turn"], offset(reply["position"]), reply["crisis"]["turns"]) == (2, 2, 2)
        assert reply["session_messages"] == 2
    assert ended_turns(calm, "stopper") == [(message, "aborted", 1), (LOW, "answered", 2)]


async def test_stop_of_a_waiting_message_ends_it_without_asking_upstream(
    calm: Bridge, log: Path
) -> None:
    async with talking(calm, "waiting") as ws:
        await ws.send(type="message", ref="m1", message="(hang) first")
        await ws.until("delta")
        await ws.send(type="message", ref="m2", message="(hang) second")
        await ws.send(type="stop", ref="s", target="m2")
        await ws.until("done")
        calm.chat("friend", "(release waiting)")
        assert (await ws.outcome("m1"))[-1]["type"] == "reply"
        error = (await ws.outcome("m2"))[-1]
        assert (error["code"], error["turn"], error["partial"]) == ("aborted", 2, "")
    assert len(noted(log, "opened", "waiting")) == 1


async def test_a_responder_that_fails_is_an_error_and_in_a_crisis_the_notice(
    calm: Bridge,
) -> None:
    async with talking(calm, "failing") as ws:
        frames = await ws.turn("m1", f"{LOW} (fail)")
        error = frames[-1]
        assert [f["type"] for f in frames[-2:]] == ["delta", "error"]
        assert (error["code"], error["retry"], error["partial"]) == (
            "responder_failed",
            True,
            "reply",
        )
        assert (error["turn"], offset(error["position"]), error["crisis"]["turns"]) == (1, 1, 1)
        await noticed_alone(ws, "(fail)", 2)
    assert [t[1:] for t in ended_turns(calm, "failing")] == [("aborted", 1), ("answered", 3)]
    assert counted(calm, "failing") == 2


async def noticed_alone(ws: Any, mood: str, number: int) -> None:
    """In a crisis: the notice at once, with an offset of its own; then it alone is the reply."""
    frames = await ws.turn("crisis", f"{WISH} {mood}")
    notice, reply = next(f for f in frames if f["type"] == "notice"), frames[-1]
    assert reply["response"] == reply["crisis"]["notice"] == notice["text"]
    assert "988" in notice["text"]
    assert (reply["type"], reply["turn"]) == ("reply", number)
    assert offset(reply["position"]) == offset(notice["position"]) + 1


async def test_a_responder_that_hangs_is_timed_out_and_in_a_crisis_sooner(hasty: Bridge) -> None:
    async with talking(hasty, "hanging") as ws:
        error = (await ws.turn("m1", f"{LOW} (hang)"))[-1]
        assert (error["code"], error["retry"], error["partial"]) == ("turn_timeout", True, "reply")
        assert (error["turn"], offset(error["position"]), error["crisis"]["turns"]) == (1, 1, 1)
        await noticed_alone(ws, "(hang)", 2)
    assert [t[1:] for t in ended_turns(hasty, "hanging")] == [("aborted", 1), ("answered", 3)]


@pytest.mark.parametrize("wire", ["socket", "events"])
async def test_a_disconnect_ends_the_turn_where_that_was_asked_for(
    aborting: Bridge, log: Path, wire: str
) -> None:
    user = fresh("cut")
    if wire == "socket":
        async with talking(aborting, user) as ws:
            await ws.send(type="message", ref="m1", message=f"{LOW} (hang)")
            await ws.until("delta")
    else:
        async with streaming(aborting, user, f"{LOW} (hang)") as came:
            await came.until("delta")
    with trio.fail_after(GUARD):
        await until_noted(log, "closed", user)
    async with talking(aborting, user) as ws:
        reply = (await ws.turn("m2", LOW))[-1]
        assert (reply["turn"], reply["crisis"]["turns"]) == (2, 2)
    assert [t[1:] for t in ended_turns(aborting, user)] == [("aborted", 1), ("answered", 2)]
    history = aborting.call("GET", f"/bridge/sessions/{user}/history")[1]["turns"]
    assert history[0]["response"] == "reply"


async def test_a_call_that_only_waits_may_go_away(aborting: Bridge, log: Path) -> None:
    user = fresh("waiter")
    connection = aborting.connect()
    body = json.dumps({"user_id": user, "message": "(hang) on"})
    connection.request("POST", "/bridge/chat", body, {"Content-Type": "application/json"})
    await until_noted(log, "opened", user)
    connection.close()
    aborting.chat("friend", f"(release {user})")
    await until_noted(log, "closed", user)
    async with talking(aborting, user) as ws:
        assert (await ws.turn("m", "hello"))[-1]["turn"] == 2
    assert [t[1] for t in ended_turns(aborting, user)] == ["answered", "answered"]


@pytest.mark.parametrize("message", ["(late) at once", "(stream) (late) in pieces"])
async def test_once_with_the_store_a_reply_wins_over_stop_and_disconnect(
    aborting: Bridge, log: Path, message: str
) -> None:
    user = fresh("late")
    async with talking(aborting, user) as ws:
        await ws.send(type="message", ref="m1", message=message, client_ref="r")
        await until_noted(log, "late", user)
        await ws.send(type="stop", ref="s", target="m1")
        await ws.until("done")
    await until_gone(aborting, user)
    async with talking(aborting, user) as ws:
        aborting.chat("friend", f"(release {user})")
        reply = (await ws.turn("m2", message, client_ref="r"))[-1]
        assert reply["response"] == f"reply 1 to {message}"
    assert ended_turns(aborting, user) == [(message, "answered", 1)]


async def test_an_erasure_aborts_what_runs_and_ends_the_connections(calm: Bridge) -> None:
    async with talking(calm, "erased") as ws, talking(calm, "erased") as other:
        await ws.turn("m1", "before")
        await ws.send(type="message", ref="m2", message="(hang) on")
        await ws.until("delta")
        status, found = await trio.to_thread.run_sync(
            calm.call, "DELETE", "/bridge/sessions/erased"
        )
        assert (status, found["erased"]["turns"]) == (200, 2)
        error = (await ws.outcome("m2"))[-1]
        assert (error["code"], error["partial"]) == ("aborted", "reply")
        assert (await other.outcome(None))[-1]["type"] == "reply"
        assert (await other.outcome(None))[-1]["code"] == "aborted"
        for each in (ws, other):
            bye = await each.ended()
            assert (bye["code"], bye["reconnect"]) == (4410, False)
    assert calm.call("GET", "/bridge/sessions/erased")[0] == 404
    async with talking(calm, "erased") as again:
        assert again.welcome["session_id"] != ws.welcome["session_id"]
        assert epoch(again.welcome["position"]) != epoch(ws.welcome["position"])
        assert offset(again.welcome["position"]) == 0


# --- what is refused ---


async def test_one_turn_runs_sixteen_wait_and_more_are_refused_with_help(calm: Bridge) -> None:
    async with talking(calm, "crowd") as ws, talking(calm, "crowd") as other:
        await ws.settled()
        await ws.send(type="message", ref="m0", message="(hang) 0")
        await ws.until("delta")
        for number in range(1, 17):
            await ws.send(type="message", ref=f"m{number}", message=f"(hang) {number}")
        for message, help_comes in ((f"{WISH} now", True), ("calm", False)):
            (error,) = await ws.turn("over", message)
            assert (error["code"], error["retry"]) == ("mailbox_full", True)
            assert ("988" in error.get("crisis", {}).get("notice", "")) == help_comes
            assert ("crisis" in error) == help_comes
        assert [f["type"] for f in await other.settled() if f["type"] != "room"] == ["delta"]
        for number in range(17):
            calm.chat("friend", "(release crowd)")
            reply = (await ws.outcome(f"m{number}"))[-1]
            assert (reply["turn"], offset(reply["position"])) == (number + 1, number + 1)
            if number < 16:
                # Only now does the next one begin.
                assert (await ws.until("delta"))[-1]["turn"] == number + 2
    assert counted(calm, "crowd") == 17
    # What was refused was not folded.
    assert calm.call("GET", "/bridge/sessions/crowd")[1]["crisis_level"] == "none"


async def test_without_its_disk_it_refuses_with_help_and_folds_nothing(calm: Bridge) -> None:
    async with talking(calm, "diskless") as ws:
        reply = (await ws.turn("m1", "before"))[-1]
        try:
            # From here on the system refuses every byte that it would write.
            limit_writes(calm, 0)
            frames = await ws.turn("m2", WISH)
            notice, error = frames[-2:]
            assert (notice["type"], error["code"], error["retry"]) == (
                "notice",
                "store_unavailable",
                True,
            )
            assert error["crisis"]["notice"] == notice["text"]
            (other,) = await ws.turn("m3", "calm")
            assert other["code"] == "store_unavailable"
            assert "crisis" not in other
            status, problem = calm.call(
                "POST", "/bridge/chat", {"user_id": "stranger", "message": WISH}
            )
            assert (status, problem["code"]) == (503, "store_unavailable")
            assert "988" in problem["crisis"]["notice"]
        finally:
            limit_writes(calm, resource.RLIM_INFINITY)
        while calm.call("GET", "/bridge/ready")[0] != 200:  # noqa: ASYNC110 - nothing tells of it
            await trio.sleep(0.02)
        # The notice has shown its position, so no other event gets it.
        back = (await ws.turn("m4", LOW))[-1]
        assert (back["turn"], back["session_messages"], back["crisis"]["turns"]) == (2, 2, 1)
        assert offset(back["position"]) == offset(reply["position"]) + 2
    assert calm.call("GET", "/bridge/sessions/stranger")[0] == 404


def limit_writes(server: Bridge, size: int) -> None:
    """No file of the server may grow beyond `size`, as on a disk that is full."""
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, most))


async def test_while_draining_it_refuses_with_help_and_stores_nothing(log: Path) -> None:
    with moody(log=log) as server:
        async with talking(server, "running") as ws:
            await ws.send(type="message", ref="m1", message="(hang) on")
            await ws.until("delta")
            os.kill(server.process.pid, signal.SIGTERM)
            bye = await ws.ended()
            assert (bye["code"], bye["reconnect"]) == (1012, True)
        async with connected(server) as late:
            assert (await late.say_hello("late"))["code"] == "draining"
            assert (await late.ended())["code"] == 1012
        for message, help_comes in ((WISH, True), ("calm", False)):
            status, problem = server.call(
                "POST", "/bridge/chat", {"user_id": "late", "message": message}
            )
            assert (status, problem["code"], problem["retry"]) == (503, "draining", True)
            assert ("crisis" in problem) == help_comes
            assert not help_comes or "988" in problem["crisis"]["notice"]
        assert server.call("GET", "/bridge/sessions/late")[0] == 404


async def test_nobody_waits_for_the_turns_of_others(calm: Bridge) -> None:
    async with AsyncExitStack() as stack:
        stuck = [await stack.enter_async_context(talking(calm, f"stuck-{n}")) for n in range(5)]
        for ws in stuck:
            await ws.send(type="message", ref="m", message="(hang) on")
            await ws.until("delta")
        async with talking(calm, "free") as ws:
            assert (await ws.turn("m", "hello"))[-1]["turn"] == 1
        for number, ws in enumerate(stuck):
            calm.chat("friend", f"(release stuck-{number})")
            assert (await ws.outcome("m"))[-1]["type"] == "reply"
