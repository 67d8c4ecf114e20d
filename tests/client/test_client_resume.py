"""A connection that falls at an exact place: what is asked again, shown again, and never twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from fake_server import CALM, Peer, delta, faked, notice, refusal, reply, said
from trio.testing import MockClock

from nexus_trio.client import (
    BridgeError,
    Client,
    Closed,
    Delta,
    Elsewhere,
    Gap,
    Notice,
    Position,
    Reset,
    RoomEvent,
    Unsettled,
)

Script = Callable[[Peer], Awaitable[None]]


async def told(client: Client, message: str = "hello") -> list[str]:
    """What a reader of the stream is given; "|" is a reset, "!" a notice."""
    got = []
    async with client.stream(message) as turn:
        async for part in turn:
            match part:
                case Delta(text=text):
                    got.append(text)
                case Reset():
                    got.append("|")
                case Notice():
                    got.append("!")
    return got


async def gather(client: Client, until: str) -> list[Any]:
    """The events up to the words `until`, without those on the connection itself."""
    got: list[Any] = []
    async for event in client.events():
        if isinstance(event, RoomEvent | Elsewhere | Gap | Notice):
            got.append(event)
        if isinstance(event, RoomEvent) and event.text == until:
            return got
    return got


def telling(*texts: str) -> Script:
    """Welcomes, tells the turn's first pieces, and falls."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        frame = await peer.until("message")
        for seq, text in enumerate(texts):
            await peer.send(delta(frame["ref"], seq, text))
            await trio.sleep(0.01)  # so that each is a delta of its own

    return script


def retelling(*texts: str, turn: int = 1, whole: str | None = None) -> Script:
    """Tells it again, as the server does after a hello: without ref, with the message."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        for seq, text in enumerate(texts):
            more = {"message": "hello"} if seq == 0 else {}
            await peer.send(delta(None, seq, text, turn, **more))
            await trio.sleep(0.01)
        frame = await peer.until("message")
        text = "".join(texts) if whole is None else whole
        await peer.send(reply(frame["ref"], text, turn))
        await peer.quiet()

    return script


@pytest.mark.parametrize(
    ("scripts", "shown"),
    [
        ([telling("one ", "two"), retelling("one ", "two", " three")], ["one ", "two", " three"]),
        ([telling("one ", "two"), retelling("one two three")], ["one ", "two", " three"]),
        ([telling("one two"), retelling("one ", "t", "wo", " three")], ["one two", " three"]),
        ([telling("one"), retelling("o", "ne"), retelling("one")], ["one"]),
        # Told anew, with other words: a server that was restarted asked its model again.
        ([telling("one ", "two"), retelling("one ", "2")], ["one ", "two", "|", "one 2"]),
        ([telling("one"), retelling("two", turn=2)], ["one", "|", "two"]),
        # Cut while it was told again, and cut before the first word.
        (
            [telling("one ", "two"), telling("one "), retelling("one ", "two")],
            ["one ", "two"],
        ),
        ([telling(), retelling("one", " two")], ["one", " two"]),
        # The reply goes on, or has other words, than what was told.
        ([telling("one"), retelling(whole="one and all")], ["one", " and all"]),
        ([telling("one"), retelling(whole="none")], ["one", "|", "none"]),
        ([telling("one"), retelling(whole="")], ["one", "|"]),
    ],
)
async def test_what_was_shown_is_not_shown_twice(
    scripts: list[Script], shown: list[str], autojump_clock: MockClock
) -> None:
    async with faked(*scripts) as (client, server):
        assert await told(client) == shown
        hellos = [peer.hello for peer in server.peers]
        assert "after" not in hellos[0]
        assert all(hello["after"] == "e:0" for hello in hellos[1:])


async def test_one_message_is_asked_with_one_reference(autojump_clock: MockClock) -> None:
    asked = []

    async def falling(peer: Peer) -> None:
        await peer.welcome()
        asked.append(await peer.until("message"))
        if len(asked) == 5:
            await peer.send(reply(asked[-1]["ref"], "at last"))
            await peer.quiet()

    async with faked(falling) as (client, _):
        assert (await client.ask("hello")).text == "at last"
        assert len({(each["client_ref"], each["message"]) for each in asked}) == 1
        assert len(asked[0]["client_ref"]) >= 32
    async with faked(falling) as (client, _):
        asked.clear()
        await client.ask("hello", client_ref="mine")
        assert {each["client_ref"] for each in asked} == {"mine"}


async def test_a_missed_reply_of_our_own_is_no_event_and_anothers_is(
    autojump_clock: MockClock,
) -> None:
    """Two messages with the same words, ours and another connection's: each once."""

    async def resuming(peer: Peer) -> None:
        await peer.welcome(position="e:0")
        await peer.send(reply(None, "of another", 1, message="hello"))
        await peer.send(reply(None, "ours", 2, message="hello"))
        await peer.send(reply(None, "else", 3, message="good night"))
        frame = await peer.until("message")
        await peer.send(reply(frame["ref"], "ours", 2))
        await peer.send(said("the end", 1))
        await peer.quiet()

    async with faked(telling(), resuming) as (client, _):
        assert (await client.ask("hello")).turn == 2
        events = await gather(client, "the end")
        assert [(e.turn, e.message) for e in events[:-1]] == [(3, "good night"), (1, "hello")]
        assert client.position == Position("e", 3)


async def test_what_comes_twice_is_told_once(autojump_clock: MockClock) -> None:
    async def first(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(said("a", 1), said("b", 2), notice(1), said("b", 2))

    async def second(peer: Peer) -> None:
        await peer.welcome(position="e:1", room_position="r:2")
        assert (peer.hello["after"], peer.hello["room_after"]) == ("e:1", "r:2")
        # Owed until it is acknowledged, and a room's event that came already.
        await peer.send(notice(1), said("b", 2), said("the end", 3))
        await peer.quiet()

    async with faked(first, second) as (client, _):
        events = await gather(client, "the end")
        assert [e.text for e in events] == ["a", "b", "Call 988.", "the end"]


async def test_what_can_not_be_had_whole_is_a_gap(autojump_clock: MockClock) -> None:
    async def second(peer: Peer) -> None:
        await peer.welcome(position="f:7", room_position="q:9", recovered=False)
        await peer.send(said("the end", 10, epoch="q"))
        await peer.quiet()

    async def first(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(said("a", 1))

    async with faked(first, second) as (client, _):
        events = await gather(client, "the end")
        assert events[1] == Gap("not_recovered", None, Position("e", 0), Position("r", 1))
        assert len(events) == 3
        assert client.position == Position("f", 7)
        assert client.room_position == Position("q", 10)


async def test_an_earlier_position_is_asked_for_and_the_room_only_once(
    autojump_clock: MockClock,
) -> None:
    async def twice(peer: Peer) -> None:
        await peer.welcome(position="e:4")
        await peer.until("look")

    async with faked(twice, after=Position("e", 4), room="Library") as (client, server):
        with trio.move_on_after(5):
            await client.look()
        first, second = (peer.hello for peer in server.peers[:2])
        assert (first["after"], first["room"]) == ("e:4", "Library")
        assert "room" not in second


# --- acknowledgements ---


async def test_a_notice_is_acknowledged_when_the_next_event_is_asked_for(
    autojump_clock: MockClock,
) -> None:
    acked: list[tuple[int, str]] = []

    async def script(peer: Peer) -> None:
        await peer.welcome()
        if peer.number == 0:
            await peer.send(notice(1))
        while True:
            frame = await peer.receive()
            if frame["type"] == "ack":
                acked.append((peer.number, frame["position"]))
                if peer.number == 0:
                    return  # it falls before the answer
                await peer.send({"type": "done", "ref": frame["ref"], "position": "e:1"})
                await peer.send(said("the end", 1))

    async with faked(script) as (client, _):
        events = client.events()
        assert type(await anext(events)).__name__ == "Connected"
        assert isinstance(await anext(events), Notice)
        with trio.move_on_after(100):
            await trio.sleep_forever()
        assert acked == []  # it is being shown
        await gather(client, "the end")
        assert acked == [(0, "e:1"), (1, "e:1")]
        await trio.sleep(100)
        assert len(acked) == 2


async def test_a_notice_that_comes_before_its_turn_has_nothing_to_acknowledge(
    autojump_clock: MockClock,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.send({**notice(0), "position": "0:0"}, notice(1))
        frame = await peer.until("ack")
        assert frame["position"] == "e:1"
        await peer.send(said("the end", 1))
        await peer.quiet()

    async with faked(script) as (client, _):
        events = await gather(client, "the end")
        assert [str(e.position) for e in events] == ["0:0", "e:1", "r:1"]
        assert client.position == Position("e", 1)


async def test_a_notice_is_shown_in_the_stream_before_the_words(
    autojump_clock: MockClock,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.welcome()
        frame = await peer.until("message")
        await peer.send(notice(1), delta(frame["ref"], 0, "I am here."))
        crisis = {**CALM, "level": "crisis", "detected": True, "notice": "Call 988."}
        text = "Call 988.\n\nI am here."
        await peer.send(reply(frame["ref"], text, crisis=crisis, position="e:2"))
        await peer.quiet()

    async with faked(script) as (client, _):
        assert await told(client) == ["!", "I am here."]


# --- words aloud ---


def saying(*after: dict[str, Any]) -> list[Script]:
    """Falls before the answer to a `say`; `after` is what the next connection brings."""
    heard: list[str] = []

    async def falling(peer: Peer) -> None:
        await peer.welcome()
        heard.append((await peer.until("say"))["text"])

    async def next_one(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(*after)
        while True:
            frame = await peer.receive()
            assert frame["type"] != "say", "said twice"

    return [falling, next_one]


async def test_words_that_the_room_heard_are_said(autojump_clock: MockClock) -> None:
    scripts = saying(said("other", 1), said("hi", 2, "bob"), said("hi", 3, "ada"))
    async with faked(*scripts) as (client, _):
        spoken = await client.say("hi")
        assert (spoken.position, spoken.crisis) == (Position("r", 3), None)


async def test_words_that_nobody_heard_are_said_again_by_nobody(
    autojump_clock: MockClock,
) -> None:
    async with faked(*saying(said("hi", 1, "bob"))) as (client, _):
        with pytest.raises(Unsettled, match="look whether the room heard it"):
            await client.say("hi")


async def falling_at_once(peer: Peer) -> None:
    await peer.welcome()


async def hearing(peer: Peer) -> None:
    await peer.welcome()
    frame = await peer.until("say")
    await peer.send({"type": "done", "ref": frame["ref"], "position": "r:1", "crisis": CALM})
    await peer.quiet()


@pytest.mark.parametrize("goodbye_is_stuck", [False, True])
async def test_words_that_were_not_sent_wait_for_the_connection(
    goodbye_is_stuck: bool, autojump_clock: MockClock
) -> None:
    async with faked(falling_at_once, hearing) as (client, server):
        if goodbye_is_stuck:
            # The fall is known, and the next try is not yet waited for.
            client._core.link._socket.stream.send_stream.send_all_hook = trio.sleep_forever  # type: ignore[union-attr]
        while client.connected:
            await trio.lowlevel.checkpoint()
        spoken = await client.say("hi")
        assert spoken.crisis is not None
        assert spoken.crisis.level == "none"
        assert len(server.peers) == 2


async def test_a_room_that_was_gone_to_is_where_it_resumes(autojump_clock: MockClock) -> None:
    """Though none of its events has come yet."""

    async def going(peer: Peer) -> None:
        await peer.welcome()
        frame = await peer.until("go")
        await peer.send(
            {
                "type": "occupants", "ref": frame["ref"], "room": "Garden", "title": "T",
                "description": "D", "exits": {}, "position": "g:7", "occupants": ["ada"],
            }
        )  # fmt: skip

    async with faked(going, hearing) as (client, server):
        assert (await client.go("Garden")).room == "Garden"
        assert client.room == "Garden"
        while client.statistics().welcomes < 2:  # noqa: ASYNC110 - nothing tells of it
            await trio.sleep(0.01)
        assert server.peers[1].hello["room_after"] == "g:7"


# --- stop ---


async def test_a_stopped_turn_that_ended_meanwhile_is_not_begun_again(
    autojump_clock: MockClock,
) -> None:
    async def stopping(peer: Peer) -> None:
        await peer.welcome()
        frame = await peer.until("message")
        await peer.send(delta(frame["ref"], 0, "I keep"))
        await peer.until("stop")

    async def later(peer: Peer) -> None:
        await peer.welcome()
        fields = {"partial": "I keep", "turn": 1, "position": "e:1", "message": "hello"}
        await peer.send(refusal(None, "aborted", **fields))
        while True:
            assert (await peer.receive())["type"] not in ("message", "stop")

    async with faked(stopping, later) as (client, _), client.stream("hello") as turn:
        assert await anext(turn) == Delta("I keep", 1)
        await turn.stop()
        with pytest.raises(BridgeError) as caught:
            await turn.result()
        assert (caught.value.code, caught.value.partial) == ("aborted", "I keep")
        assert "I keep" not in repr(caught.value)


async def test_a_stopped_turn_that_runs_on_is_stopped_again(autojump_clock: MockClock) -> None:
    async def stopping(peer: Peer) -> None:
        await peer.welcome()
        await peer.until("message")
        await peer.until("stop")

    async def later(peer: Peer) -> None:
        await peer.welcome()
        message, stop = await peer.receive(), await peer.receive()
        assert (message["type"], stop["target"]) == ("message", message["ref"])
        await peer.send(refusal(message["ref"], "aborted", partial="", turn=1, position="e:1"))
        await peer.send({"type": "done", "ref": stop["ref"], "position": "e:1"})
        await peer.quiet()

    async with faked(stopping, later) as (client, _), client.stream("hello") as turn:
        await client.stop()
        with pytest.raises(BridgeError, match="aborted"):
            await turn.result()
        await client.stop()  # there is nothing left to stop


# --- bounds, and the end ---


async def test_a_reader_who_is_too_slow_is_told_how_much_is_gone(
    autojump_clock: MockClock,
) -> None:
    async def flooding(peer: Peer) -> None:
        await peer.welcome()
        await peer.send(notice(1))
        await peer.send(*(said(f"{n}", n) for n in range(1, 1501)))
        await peer.send(said("the end", 1501))
        await peer.quiet()

    async with faked(flooding) as (client, _):
        await trio.sleep(1)
        statistics = client.statistics()
        # What came before the flood went first, and the notice not at all.
        assert (statistics.queued, statistics.dropped) == (1000, 503)
        events = await gather(client, "the end")
        assert events[0] == Gap("queue_full", 503)
        assert isinstance(events[1], Notice)
        numbers = [e.text for e in events[2:-1]]
        assert numbers == [f"{n}" for n in range(503, 1501)]


async def test_the_65th_turn_waits_for_its_turn(autojump_clock: MockClock) -> None:
    most = 0

    async def counting(peer: Peer) -> None:
        nonlocal most
        await peer.welcome()
        waiting = []
        while len(waiting) < 64:
            waiting.append((await peer.until("message"))["ref"])
        with trio.move_on_after(5) as quiet:
            waiting.append((await peer.until("message"))["ref"])
        assert quiet.cancelled_caught
        most = len(waiting)
        while True:
            for ref in waiting:
                await peer.send(reply(ref, "done"))
            waiting = [(await peer.until("message"))["ref"]]

    async with faked(counting) as (client, _):
        async with trio.open_nursery() as nursery:
            for _ in range(70):
                nursery.start_soon(client.ask, "hello")
        assert most == 64


async def test_leaving_the_block_ends_what_waits_within_a_second(
    autojump_clock: MockClock,
) -> None:
    async def never(peer: Peer) -> None:
        await peer.welcome()
        await peer.quiet()

    ends: list[BaseException | None] = []

    async def waits(call: Callable[[], Awaitable[Any]]) -> None:
        with pytest.raises(Closed) as caught:
            await call()
        ends.append(caught.value)

    async def reads(client: Client) -> None:
        async for _ in client.events():
            pass
        ends.append(None)

    async with trio.open_nursery() as nursery, faked(never) as (client, _):
        nursery.cancel_scope.deadline = trio.current_time() + 60  # who hangs has failed
        nursery.start_soon(waits, lambda: client.ask("hello"))
        nursery.start_soon(waits, client.look)
        nursery.start_soon(reads, client)
        await trio.sleep(1)
        left = trio.current_time()
    assert trio.current_time() - left < 1
    assert len(ends) == 3
    with pytest.raises(Closed):
        await client.ask("late")


async def test_an_error_ends_the_loop_after_what_was_told(autojump_clock: MockClock) -> None:
    async def failing(peer: Peer) -> None:
        await peer.welcome()
        frame = await peer.until("message")
        await peer.send(delta(frame["ref"], 0, "I keep"))
        await peer.send(refusal(frame["ref"], "responder_failed", partial="I keep", turn=1))
        await peer.quiet()

    shown: list[Any] = []
    async with faked(failing) as (client, _), client.stream("hello") as turn:
        with pytest.raises(BridgeError, match="responder_failed"):
            shown += [await anext(turn), await anext(turn)]
        with pytest.raises(BridgeError):
            _ = turn.reply
        with pytest.raises(BridgeError):
            await anext(turn)
