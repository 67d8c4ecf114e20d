"""Event streams over real sockets: a chat as it is answered, and a user as they are told."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from bridge_process import Bridge
from live_clients import (
    LOW,
    WISH,
    Events,
    ended_turns,
    following,
    fresh,
    joined,
    offset,
    streaming,
    talking,
)


async def whole(came: Events) -> list[dict[str, Any]]:
    """All events of a chat: it has ended with its one `reply` or `error`."""
    events = await came.rest()
    assert [e["type"] for e in events[:-1] if e["type"] in ("reply", "error")] == []
    assert events[-1]["type"] in ("reply", "error")
    assert {e.get("ref") for e in events} == {None}
    return events


# --- a chat ---


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("hello", None),
        ("hello (stream)", None),
        (f"{WISH} (stream)", None),
        (f"{WISH} (fail)", None),
        (f"{WISH} (hang)", None),
        ("look", None),
        ("hello (fail)", "responder_failed"),
        ("hello (hang)", "turn_timeout"),
    ],
)
async def test_a_chat_ends_with_one_reply_or_error(
    hasty: Bridge, message: str, code: str | None
) -> None:
    async with streaming(hasty, fresh("ends"), message) as came:
        events = await whole(came)
    last = events[-1]
    if code is not None:
        assert (last["code"], last["partial"], last["turn"]) == (code, joined(events), 1)
        return
    notice = last["crisis"]["notice"]
    told = [e["text"] for e in events if e["type"] == "notice"]
    assert told == ([] if notice is None else [notice])
    assert events[0]["type"] == ("notice" if notice else events[0]["type"])
    if "(fail)" in message or "(hang)" in message:
        assert last["response"] == notice
    elif "command" not in last:
        assert (
            last["response"] == joined(events)
            if notice is None
            else f"{notice}\n\n{joined(events)}"
        )


@pytest.mark.parametrize("how", ["stop", "erase"])
async def test_a_chat_that_is_ended_elsewhere_ends_with_one_error(calm: Bridge, how: str) -> None:
    user = fresh("ended")
    async with streaming(calm, user, "(hang) on", client_ref="r") as came:
        begun = await came.until("delta")
        if how == "stop":
            async with talking(calm, user) as ws:
                await ws.send(type="message", ref="m", message="(hang) on", client_ref="r")
                await ws.send(type="stop", ref="s", target="m")
                assert (await ws.outcome("m"))[-1]["code"] == "aborted"
        else:
            await trio.to_thread.run_sync(calm.call, "DELETE", f"/bridge/sessions/{user}")
        events = begun + await whole(came)
    assert (events[-1]["code"], events[-1]["partial"]) == ("aborted", "reply")


async def test_references_of_a_chat_in_events(calm: Bridge) -> None:
    user, message = fresh("refs"), f"{WISH} (hang)"
    async with streaming(calm, user, message, client_ref="r") as first:
        begun = await first.until("delta")
        async with streaming(calm, user, message, client_ref="r") as second:
            # Whoever comes later is told all of it too: the notice, and from the first delta.
            again = await second.until("delta")
            assert [placeless(e) for e in again] == [placeless(e) for e in begun]
            async with streaming(calm, user, "other", client_ref="r") as third:
                assert await refusal(third) == (409, "conflict")
            calm.chat("friend", f"(release {user})")
            events, others = begun + await whole(first), again + await whole(second)
        assert events[len(begun) :] == others[len(again) :]
        assert events[-1]["response"] == f"{begun[0]['text']}\n\n{joined(events)}"
    async with streaming(calm, user, message, client_ref="r") as later:
        assert (await whole(later))[-1] == events[-1]
    async with streaming(calm, user, f"{LOW} other", client_ref="r") as later:
        (error,) = await whole(later)
        assert (error["code"], error["crisis"]["level"]) == ("conflict", "concern")
    assert ended_turns(calm, user) == [(message, "answered", 2)]


def placeless(event: dict[str, Any]) -> dict[str, Any]:
    """A notice that came before the session was open has no place yet."""
    return {**event, "position": 0} if event["type"] == "notice" else event


async def refusal(came: Events) -> tuple[int, str]:
    """Status and code of a chat that was refused before any event."""
    problem = await came.problem()
    return problem["status"], problem["code"]


async def test_a_full_mailbox_is_no_stream(calm: Bridge) -> None:
    user = fresh("full")
    async with talking(calm, user) as ws:
        for number in range(17):
            await ws.send(type="message", ref=f"m{number}", message="(hang) on")
            await ws.settled()
        async with streaming(calm, user, WISH) as came:
            problem = await came.problem()
        assert (problem["status"], problem["code"]) == (429, "mailbox_full")
        assert "988" in problem["crisis"]["notice"]
        await trio.to_thread.run_sync(calm.call, "DELETE", f"/bridge/sessions/{user}")


# --- a user ---


async def test_last_event_id_brings_both_streams_back(calm: Bridge) -> None:
    user, room = fresh("events"), "Library"
    async with talking(calm, fresh("speaker"), room=room) as speaker:
        calm.chat(user, "one", room=room)
        async with following(calm, user) as came:
            welcome = await came.event()
            assert (welcome["type"], welcome["recovered"]) == ("welcome", True)
            calm.chat(user, "two")
            await speaker.send(type="say", ref="s1", text="first")
            reply = (await came.until("room"))[-2:]
            last = reply[-1]["id"]
        assert last == f"{reply[0]['position']},{reply[1]['position']}"
        calm.chat(user, WISH)
        calm.chat(user, "four")
        for word in ("second", "third"):
            await speaker.send(type="say", ref=word, text=word)
            await speaker.until("done")
        async with following(calm, user, last) as came:
            assert (await came.event())["recovered"]
            missed = [await came.event() for _ in range(5)]
            await speaker.send(type="say", ref="s4", text="fourth")
            missed.append(await came.event())
        turns = [e for e in missed if e["type"] != "room"]
        assert [(e["type"], offset(e["position"])) for e in turns] == [
            ("notice", 3),
            ("reply", 4),
            ("reply", 5),
        ]
        assert [e["message"] for e in turns[1:]] == [WISH, "four"]
        assert [e["text"] for e in missed if e["type"] == "room"] == ["second", "third", "fourth"]
        assert missed[-1]["id"] == f"{turns[-1]['position']},{missed[-1]['position']}"


async def test_a_last_event_id_that_is_not_known_is_not_recovered(calm: Bridge) -> None:
    user = fresh("unknown")
    reply = calm.chat(user, "one")
    for last in ("ffff:1,ffff:1", f"{reply['position']},ffff:1", "ffff:1,"):
        async with following(calm, user, last) as came:
            welcome = await came.event()
            assert (welcome["recovered"], welcome["position"]) == (False, reply["position"])
    async with following(calm, user, f"{reply['position']},") as came:
        assert (await came.event())["recovered"]


async def test_a_running_turn_is_followed_from_its_first_delta(calm: Bridge) -> None:
    user = fresh("running")
    async with streaming(calm, user, f"{LOW} (hang)") as asked:
        begun = await asked.until("delta")
        async with following(calm, user) as came:
            events = await came.until("delta")
            delta = events[-1]
            assert (delta["ref"], delta["turn"], delta["seq"]) == (None, 1, 0)
            assert delta["message"] == f"{LOW} (hang)"
            calm.chat("friend", f"(release {user})")
            events += await came.until("reply")
        assert joined(events) == joined(begun + await whole(asked)) == events[-1]["response"]


async def test_an_erased_user_is_followed_no_further(calm: Bridge) -> None:
    user = fresh("erased")
    async with following(calm, user) as came:
        await came.until("room")
        await trio.to_thread.run_sync(calm.call, "DELETE", f"/bridge/sessions/{user}")
        bye = (await came.rest())[-1]
        assert (bye["type"], bye["code"], bye["reconnect"]) == ("bye", 4410, False)


async def test_a_silent_stream_is_kept_with_comments(hasty: Bridge) -> None:
    user = fresh("silent")
    async with following(hasty, user) as came, streaming(hasty, user, "(hang) on") as asked:
        for stream in (came, asked):
            while (await stream.block()) != ":":
                pass
        assert (await whole(asked))[-1]["code"] == "turn_timeout"
