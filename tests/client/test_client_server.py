"""The client and the real server: in this process, and in one of its own that is killed."""

from __future__ import annotations

import random
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio
import trustme
from bridge_process import GUARD, Bridge
from live_clients import moody
from network import network

from nexus_trio import Settings, serve
from nexus_trio.client import (
    BadFrame,
    BridgeError,
    Client,
    Delta,
    Elsewhere,
    Event,
    Gap,
    NotAuthenticated,
    Notice,
    ReadFailed,
    Reconnected,
    Reset,
    RoomEvent,
    SessionErased,
    Timing,
    TooManyConnections,
    Unreachable,
    connect,
)
from nexus_trio.errors import InvalidRequest, TooLarge

WISH = "I want to die"
QUICK = Timing(backoff_s=0.01, backoff_most_s=0.2)
_NUMBERS = count(1)


def fresh(user: str) -> str:
    return f"{user}-{next(_NUMBERS)}"


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[str]:
    """The whole server on a free port, in this process; its URL."""
    quiet = {"durability": "memory", "jurisdictions": "none"}
    chosen = Settings(port=0, **{**quiet, **settings})  # type: ignore[arg-type]  # a test's own
    with trio.fail_after(GUARD):
        async with trio.open_nursery() as nursery:
            yield await nursery.start(serve, chosen)
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def guarded(url: str, **how: object) -> AsyncIterator[Client]:
    """`connect`, and what hangs counts as failed."""
    with trio.fail_after(GUARD):
        async with connect(url, **how) as client:  # type: ignore[arg-type]  # a test's own
            yield client


async def until(client: Client, kind: type[Event], text: str | None = None) -> list[Event]:
    """The events up to one of that kind, and with that text if one is given."""
    got: list[Event] = []
    with trio.fail_after(GUARD):
        async for event in client.events():
            got.append(event)
            if isinstance(event, kind) and text in (None, getattr(event, "text", None)):
                return got
    raise AssertionError("the events are over")


# --- in this process ---


async def test_a_turn_whole_and_as_it_is_written() -> None:
    async with serving(pace_s=0.002) as url, connect(url, user="ada") as client:
        reply = await client.ask("hello, my name is Ada")
        assert (reply.turn, reply.user_id, reply.crisis.level) == (1, "ada", "none")
        assert reply.text == reply.response
        pieces = []
        async with client.stream("who lives here?") as turn:
            assert turn.reply is None
            async for part in turn:
                assert isinstance(part, Delta)
                assert part.turn == 2
                pieces.append(part.text)
        assert turn.reply is not None
        assert "".join(pieces) == turn.reply.text
        assert len(pieces) > 1
        assert client.position == turn.reply.position
        assert await turn.result() is turn.reply
        assert (await client.ask("again", client_ref="r1")).turn == 3
        assert (await client.ask("again", client_ref="r1")).turn == 3
        with pytest.raises(BridgeError) as caught:
            await client.ask("other words", client_ref="r1")
        assert (caught.value.code, caught.value.retry) == ("conflict", False)


async def test_a_command_is_one_delta_and_its_reply() -> None:
    async with serving() as url, connect(url, user="ada") as client:
        async with client.stream("look") as turn:
            parts = [part async for part in turn]
        assert turn.reply is not None
        assert turn.reply.command == "look"
        assert [getattr(part, "text", None) for part in parts] == [turn.reply.text]


async def test_a_crisis_has_its_notice_first_and_by_itself() -> None:
    async with serving(pace_s=0.002) as url, connect(url, user="ada", locale="en-US") as client:
        async with client.stream(WISH) as turn:
            parts = [part async for part in turn]
        assert turn.reply is not None
        crisis = turn.reply.crisis
        assert crisis.detected
        assert crisis.notice is not None
        assert "988" in crisis.notice
        assert any("988" in resource.contact for resource in crisis.resources)
        assert isinstance(parts[0], Notice)
        assert (parts[0].kind, parts[0].text) == ("crisis", crisis.notice)
        told = "".join(part.text for part in parts if isinstance(part, Delta))
        assert turn.reply.text == (f"{crisis.notice}\n\n{told}" if told else crisis.notice)
        for hidden in (parts, turn.reply, crisis):
            assert "988" not in repr(hidden)


async def test_rooms_and_what_is_heard_in_them() -> None:
    async with (
        serving() as url,
        connect(url, user="ada", room="Garden", username="Ada L.") as ada,
        connect(url, user="bob") as bob,
    ):
        assert (ada.room, bob.room) == ("Garden", "Tower")
        view = await bob.go("Garden")
        assert (view.room, view.occupants, view.persona) == ("Garden", ("ada", "bob"), "Fernby")
        assert bob.room == "Garden"
        assert (await ada.look()).occupants == ("ada", "bob")
        spoken = await ada.say("good evening")
        assert spoken.crisis is not None
        assert spoken.crisis.level == "none"
        heard = (await until(bob, RoomEvent, "good evening"))[-1]
        assert isinstance(heard, RoomEvent)
        assert (heard.user_id, heard.username, heard.room) == ("ada", "Ada L.", "Garden")
        assert heard.position == spoken.position == bob.room_position
        assert {each.room: each.occupants for each in await bob.rooms()}["Garden"] == 2
        with pytest.raises(BridgeError, match="there is no such room") as caught:
            await bob.go("Nowhere")
        assert caught.value.code == "not_found"


async def test_going_and_being_cut_has_no_gap_that_is_none() -> None:
    async with (
        serving() as url,
        network(urlsplit(url).port or 0) as net,
        connect(net.url, user="ada", timing=QUICK) as ada,
        connect(url, user="bob", room="Library") as bob,
    ):
        for room in ("Library", "Garden", "Library"):
            await ada.go(room)
            await ada.look()
            net.cut()
            told = await until(ada, Reconnected)
            await ada.look()
            assert not any(isinstance(event, Gap) for event in told)
            assert ada.room == room
        await bob.say("welcome back")
        events = await until(ada, RoomEvent, "welcome back")
        assert not any(isinstance(event, Gap) for event in events)


async def test_the_history_is_read_page_by_page() -> None:
    async with serving() as url, connect(url, user="ada") as client:
        with pytest.raises(InvalidRequest, match="at least 1 character"):
            await client.ask("")
        replies = [await client.ask(f"message {n}") for n in range(5)]
        page = await client.history(limit=2)
        assert [(t.turn, t.message, t.status) for t in page.turns] == [
            (1, "message 0", "answered"),
            (2, "message 1", "answered"),
        ]
        assert page.turns[0].at.tzinfo is not None
        rest = await client.history(page.next, 10)
        assert [turn.response for turn in rest.turns] == [each.text for each in replies[2:]]
        assert rest.next is None
        with pytest.raises(BridgeError, match="limit"):
            await client.history(limit=0)
        async with network(urlsplit(url).port or 0) as net, connect(net.url, user="ada") as cut:
            net.cut_after = 100
            with pytest.raises(ReadFailed, match="try again"):
                await cut.history()
            assert len((await cut.history()).turns) == 5
            assert (await cut.ask("still here")).turn == 6
        assert "message 0" not in repr(page)


async def test_what_can_not_be_sent_is_said_and_the_rest_goes_on() -> None:
    async with serving() as url, connect(url, user="ada") as client:
        with pytest.raises(TooLarge, match="16 KiB"):
            await client.ask("x" * 70_000)
        # The server says so itself where it can, with the help that the words deserve.
        with pytest.raises(BridgeError) as caught:
            await client.ask(f"{WISH} " * 2_000)
        assert caught.value.code == "too_large"
        assert caught.value.crisis is not None
        assert "988" in (caught.value.crisis.notice or "")
        assert "988" not in repr(caught.value)
        with pytest.raises(InvalidRequest, match="surrogate"):
            await client.ask("half \ud800 a pair")
        assert (await client.ask("\U0001f600" * 4_000)).turn == 1
        assert client.statistics().welcomes == 1


async def test_stopping_and_leaving_a_stream_end_the_turn() -> None:
    async with serving(pace_s=0.2) as url, connect(url, user="ada") as client:
        async with client.stream("tell me everything about this room") as turn:
            first = await anext(turn)
            assert isinstance(first, Delta)
            await turn.stop()
            with pytest.raises(BridgeError) as caught:
                await turn.result()
        assert caught.value.code == "aborted"
        assert (caught.value.partial or "").startswith(first.text)
        assert caught.value.turn == 1
        with trio.move_on_after(GUARD) as scope:
            async with client.stream("and of that one") as turn:
                await anext(turn)
                scope.cancel()
                await trio.sleep_forever()
        # It has ended, else this would wait for all its words.
        assert (await client.ask("look")).command == "look"
        statuses = [turn.status for turn in (await client.history()).turns]
        assert statuses == ["aborted", "aborted"]


async def test_another_connections_turn_is_an_event() -> None:
    async with (
        serving() as url,
        connect(url, user="ada") as one,
        connect(url, user="ada") as two,
    ):
        reply = await one.ask("hello")
        event = (await until(two, Elsewhere))[-1]
        assert isinstance(event, Elsewhere)
        assert (event.turn, event.message, event.reply, event.error) == (1, "hello", reply, None)
        assert "hello" not in repr(event)


async def test_the_ninth_connection_ends_the_oldest_for_good() -> None:
    async with serving() as url, connect(url, user="ada") as oldest:
        async with trio.open_nursery() as nursery:

            async def another() -> None:
                async with connect(url, user="ada"):
                    await trio.sleep_forever()

            for _ in range(8):
                nursery.start_soon(another)
            with pytest.raises(TooManyConnections, match="close some") as caught:
                await until(oldest, Elsewhere)
            nursery.cancel_scope.cancel()
        assert caught.value.code == 4409
        with pytest.raises(TooManyConnections):
            await oldest.ask("hello")


async def test_who_is_refused_is_told_why() -> None:
    async with serving() as url:
        with pytest.raises(NotAuthenticated, match="token"):
            async with connect(url, token="nxt_secret"):
                pass
        with pytest.raises(BadFrame, match="room must be one of"):
            async with connect(url, user="ada", room="Nowhere"):
                pass
        with pytest.raises(BadFrame, match="name of a persona"):
            async with connect(url, user="ada", username="Wyndal"):
                pass
        with pytest.raises(InvalidRequest, match="user must be"):
            async with connect(url, user="no spaces please"):
                pass
    for wrong in ("127.0.0.1:4004", "ftp://x", "http://u@x", "http://x/?q", "http://x:port"):
        with pytest.raises(ValueError, match="URL"):
            async with connect(wrong, user="ada"):
                pass
    with pytest.raises(ValueError, match="a user, or a token"):
        async with connect(url):
            pass
    with pytest.raises(ValueError, match="hello_s"):
        Timing(hello_s=0)


async def test_over_tls() -> None:
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(ours)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    async with serving() as url, network(urlsplit(url).port or 0, theirs) as net:
        secure = net.url.replace("http:", "https:")
        async with connect(secure, user="ada", ssl_context=ours) as client:
            assert (await client.ask("hello")).turn == 1
            assert len((await client.history()).turns) == 1
            net.cut()
            assert (await client.ask("again")).turn == 2
        with pytest.raises(Unreachable, match="no TLS"):
            async with connect(secure, user="ada"):
                pass


async def test_a_connection_cut_at_any_byte_costs_nothing() -> None:
    """Every fall between two bytes of what the server sends: handshake, welcome, reply."""
    chance = random.Random(7)
    async with (
        serving() as url,
        network(urlsplit(url).port or 0) as net,
        connect(net.url, user="ada", timing=QUICK) as client,
    ):
        asked = []
        for number in range(80):
            net.cut_after = chance.randrange(900)
            asked.append(f"message {number}")
            reply = await client.ask(asked[-1])
            assert reply.turn == number + 1
        stored = (await client.history(limit=1000)).turns
        assert [turn.message for turn in stored] == asked
        assert client.statistics().welcomes > 20


# --- a process of its own ---


@pytest.fixture(scope="module")
def calm() -> Iterator[Bridge]:
    """A server that obeys its messages."""
    with moody() as running:
        yield running


async def test_a_notice_comes_again_until_it_was_read(calm: Bridge) -> None:
    url, user = f"http://127.0.0.1:{calm.port}", fresh("notice")
    async with guarded(url, user=user) as client:
        reply = await client.ask(WISH)
        after = client.position
    async with guarded(url, user=user, after=after) as client:
        notice = (await until(client, Notice))[-1]
        assert isinstance(notice, Notice)
        assert notice.text == reply.crisis.notice
        # Seen, once the next event is asked for.
        await client.say("here")
        await until(client, RoomEvent, "here")
        await client.look()
    async with guarded(url, user=user, after=after) as client:
        await client.say("again")
        assert not any(isinstance(e, Notice) for e in await until(client, RoomEvent, "again"))
        await client.ask(WISH)
        await client.ack(client.position)
        again = client.position
    async with guarded(url, user=user, after=again) as client:
        await client.say("and again")
        events = await until(client, RoomEvent, "and again")
        assert not any(isinstance(event, Notice) for event in events)


async def test_what_was_missed_since_a_position_comes(calm: Bridge) -> None:
    url, user = f"http://127.0.0.1:{calm.port}", fresh("missed")
    async with guarded(url, user=user, room="Library") as client:
        await client.ask("one")
        await client.say("mark")
        after, room_after = client.position, client.room_position
    calm.chat(user, "two")
    async with guarded(url, user=fresh("bob"), room="Library") as bob:
        await bob.say("three")
    async with guarded(url, user=user, after=after, room_after=room_after) as client:
        events = await until(client, RoomEvent, "three")
        assert [e.message for e in events if isinstance(e, Elsewhere)] == ["two"]
        assert not any(isinstance(event, Gap) for event in events)


async def test_an_erased_session_is_over_for_its_clients(calm: Bridge) -> None:
    url, user = f"http://127.0.0.1:{calm.port}", fresh("erased")
    async with guarded(url, user=user) as client:
        await client.ask("hello")
        async with trio.open_nursery() as nursery:

            async def asks() -> None:
                with pytest.raises((BridgeError, SessionErased)):
                    await client.ask("(hang)")

            nursery.start_soon(asks)
            while not client.statistics().pending:  # noqa: ASYNC110 - nothing tells of it
                await trio.sleep(0.001)
            assert calm.call("DELETE", f"/bridge/sessions/{user}")[0] == 200
        with pytest.raises(SessionErased, match="begin anew"):
            await until(client, Gap)


async def test_a_line_that_goes_dead_is_found_out(calm: Bridge) -> None:
    timing = Timing(quiet_s=0.2, pong_s=0.2, backoff_s=0.01)
    async with (
        network(calm.port) as net,
        guarded(net.url, user=fresh("dead"), timing=timing) as client,
    ):
        await client.ask("hello")
        net.deaf = True
        with trio.fail_after(GUARD):
            while client.connected:  # noqa: ASYNC110 - its fall is what is waited for
                await trio.sleep(0.01)
            net.deaf = False
            net.cut()
            assert (await client.ask("hello again")).turn == 2


async def test_a_turn_in_flight_is_the_same_turn_after_a_fall(calm: Bridge) -> None:
    user = fresh("flight")
    async with (
        network(calm.port) as net,
        guarded(net.url, user=user, timing=QUICK) as client,
        client.stream("(hang) on") as turn,
    ):
        first = await anext(turn)
        assert first == Delta("reply", 1)
        for _ in range(5):
            welcomes = client.statistics().welcomes
            net.cut()
            while client.statistics().welcomes == welcomes:  # noqa: ASYNC110 - nothing tells of it
                await trio.sleep(0.001)
            await client.look()
        await trio.to_thread.run_sync(calm.chat, fresh("friend"), f"(release {user})")
        rest = [part async for part in turn]
        assert turn.reply is not None
        assert turn.reply.turn == 1
        assert all(isinstance(part, Delta) for part in rest)
        assert "".join(p.text for p in [first, *rest]) == "reply 1 to (hang) on"  # type: ignore[union-attr]  # deltas
    assert calm.call("GET", f"/bridge/sessions/{user}")[1]["session_messages"] == 1


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
async def test_a_turn_that_a_restart_cut_is_asked_again_and_answered_once(
    sign: signal.Signals, tmp_path: Path
) -> None:
    with moody(data=tmp_path, NEXUS_GRACE_S="1") as server, trio.fail_after(GUARD):
        async with (
            network(server.port) as net,
            guarded(net.url, user="ada", timing=QUICK) as client,
        ):
            assert (await client.ask("hello")).turn == 1
            async with client.stream("(hang) on") as turn:
                shown = [await anext(turn)]
                welcomes = client.statistics().welcomes
                server.process.send_signal(sign)
                await trio.to_thread.run_sync(server.wait)
                with moody(data=tmp_path) as second:
                    net.target = second.port
                    while client.statistics().welcomes == welcomes:  # noqa: ASYNC110 - as above
                        await trio.sleep(0.01)
                    await client.look()
                    await trio.to_thread.run_sync(second.chat, "friend", "(release ada)")
                    shown += [part async for part in turn]
                    # Turn 2 was cut, and ended as aborted: it was asked again as turn 3.
                    assert turn.reply is not None
                    assert (turn.reply.turn, turn.reply.text) == (3, "reply 3 to (hang) on")
                    turns = (await client.history()).turns
    assert [each.status for each in turns] == ["answered", "aborted", "answered"]
    # "reply" was shown of turn 2; turn 3 begins with it, too.
    assert not any(isinstance(part, Reset) for part in shown)
    assert "".join(getattr(part, "text", "") for part in shown) == turn.reply.text


def test_importing_it_brings_in_nothing_of_the_server() -> None:
    program = (
        "import sys, nexus_trio.client;"
        "heavy = {'quart', 'hypercorn', 'msgspec', 'apsw', 'httpx', 'typer', 'nexus_trio.runtime',"
        "'nexus_trio.web', 'nexus_trio.server', 'nexus_trio.crisis'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=GUARD
    )
    assert found.stdout == "[]\n"
