"""What a `client_ref` means, row by row, at a server in a process of its own."""

from __future__ import annotations

from bridge_process import Bridge
from live_clients import LOW, WISH, ended_turns, joined, offset, talking


async def test_a_reference_in_flight_waits_for_that_turn(calm: Bridge) -> None:
    async with talking(calm, "twice") as one, talking(calm, "twice") as two:
        await two.settled()
        await one.send(type="message", ref="m1", message="(hang) on", client_ref="r")
        await one.until("delta")
        await two.until("delta")
        await two.send(type="message", ref="x1", message="(hang) on", client_ref="r")
        (conflict,) = await two.turn("x2", "other", client_ref="r")
        assert (conflict["code"], conflict["retry"]) == ("conflict", False)
        calm.chat("friend", "(release twice)")
        first, second = (await one.outcome("m1"))[-1], (await two.outcome("x1"))[-1]
        assert {**first, "ref": None} == {**second, "ref": None}
        # Each has had it once, and nothing else.
        assert await one.settled() == await two.settled() == []
    assert ended_turns(calm, "twice") == [("(hang) on", "answered", 1)]


async def test_a_reference_answered_is_the_same_reply_and_else_a_conflict(calm: Bridge) -> None:
    async with talking(calm, "again") as ws:
        first = (await ws.turn("m1", LOW, client_ref="r"))[-1]
        (second,) = await ws.turn("m1", LOW, client_ref="r")
        assert second == first
        (conflict,) = await ws.turn("m2", WISH, client_ref="r")
        assert conflict["code"] == "conflict"
        assert "988" in conflict["crisis"]["notice"]
        reply = (await ws.turn("m3", LOW))[-1]
        assert (reply["turn"], reply["session_messages"], reply["crisis"]["turns"]) == (2, 2, 2)
        assert offset(reply["position"]) == 2


async def test_a_reference_aborted_is_a_new_turn_not_folded_again(calm: Bridge) -> None:
    message = f"{LOW} (hang)"
    async with talking(calm, "anew") as ws:
        await ws.send(type="message", ref="m1", message=message, client_ref="r")
        await ws.until("delta")
        await ws.send(type="stop", ref="s", target="m1")
        assert (await ws.outcome("m1"))[-1]["crisis"]["turns"] == 1
        (conflict,) = await ws.turn("m2", "other", client_ref="r")
        assert conflict["code"] == "conflict"
        await ws.send(type="message", ref="m3", message=message, client_ref="r")
        frames = await ws.until("delta")
        calm.chat("friend", "(release anew)")
        frames += await ws.outcome("m3")
        reply = frames[-1]
        assert joined(frames) == reply["response"]
        assert (reply["turn"], offset(reply["position"]), reply["crisis"]["turns"]) == (2, 2, 1)
        assert reply["session_messages"] == 2
        assert (await ws.turn("m4", message, client_ref="r"))[-1]["turn"] == 2
    assert [t[1:] for t in ended_turns(calm, "anew")] == [("aborted", 1), ("answered", 2)]
