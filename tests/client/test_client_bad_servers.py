"""Servers that break the protocol, say nothing, or close: what the client makes of each."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from fake_server import WELCOME, FakeServer, Peer, delta, faked, reply, said
from trio.testing import MockClock
from wsproto.events import BytesMessage, TextMessage

from nexus_trio.client import (
    BadFrame,
    Client,
    Disconnected,
    Ended,
    NotAuthenticated,
    ProtocolBroken,
    Reconnected,
    SessionErased,
    TooManyConnections,
    Unreachable,
    connect,
)


async def good(peer: Peer) -> None:
    """Answers every message."""
    await peer.welcome()
    while True:
        frame = await peer.receive()
        if frame["type"] == "message":
            await peer.send(reply(frame["ref"], f"to {frame['message']}"))


# --- the first connection ---


async def garbage(peer: Peer) -> None:
    await peer.stream.send_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    await trio.sleep_forever()


async def wrong_subprotocol(peer: Peer) -> None:
    await peer.accept(None)
    await peer.quiet()


async def no_json(peer: Peer) -> None:
    await peer.accept()
    await peer.receive()
    await peer.text("hello there")
    await peer.quiet()


async def no_welcome_fields(peer: Peer) -> None:
    await peer.accept()
    await peer.receive()
    await peer.send({**WELCOME, "position": 7})
    await peer.quiet()


async def too_large(peer: Peer) -> None:
    await peer.accept()
    await peer.receive()
    await peer.text("x" * (1024 * 1024 + 1))
    await peer.quiet()


async def endless(peer: Peer) -> None:
    await peer.accept()
    for _ in range(100):  # of a message that is never finished
        await peer.put(TextMessage(data="x" * 65536, message_finished=False))
        await trio.lowlevel.checkpoint()
    await peer.quiet()


async def binary(peer: Peer) -> None:
    await peer.accept()
    await peer.put(BytesMessage(data=b"{}"))
    await peer.quiet()


async def broken_frame(peer: Peer) -> None:
    await peer.accept()
    await peer.stream.send_all(b"\xff\xff\xff\xff")
    await peer.quiet()


@pytest.mark.parametrize(
    "script",
    [
        garbage,
        wrong_subprotocol,
        no_json,
        no_welcome_fields,
        too_large,
        endless,
        binary,
        broken_frame,
    ],
)
async def test_what_does_not_speak_the_protocol_is_refused_at_once(
    script: Any, autojump_clock: MockClock
) -> None:
    with pytest.raises(ProtocolBroken) as caught:
        async with faked(script):
            pass
    assert "point the URL" in str(caught.value)
    assert ("more than 1048576" in str(caught.value)) == (script in (too_large, endless))
    assert "hello there" not in repr(caught.value)


async def silent(peer: Peer) -> None:
    await trio.sleep_forever()


async def no_welcome(peer: Peer) -> None:
    await peer.accept()
    await peer.quiet()


@pytest.mark.parametrize(
    ("script", "waited"), [(silent, 3), (no_welcome, 4)], ids=["no upgrade", "no welcome"]
)
async def test_a_server_that_never_answers_has_its_time(
    script: Any, waited: float, autojump_clock: MockClock
) -> None:
    began = trio.current_time()
    with pytest.raises(Unreachable, match="start the server"):
        async with faked(script, connect_s=3, hello_s=4):
            pass
    assert trio.current_time() - began == pytest.approx(waited)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, NotAuthenticated), (404, ProtocolBroken), (400, ProtocolBroken), (503, Unreachable)],
)
async def test_an_upgrade_that_is_refused_says_how(
    status: int, kind: type[Ended], autojump_clock: MockClock
) -> None:
    async def refusing(peer: Peer) -> None:
        await peer.reject(status)
        await peer.quiet()

    with pytest.raises(kind, match=str(status)):
        async with faked(refusing):
            pass


CODES = {
    4400: BadFrame,
    4401: NotAuthenticated,
    4409: TooManyConnections,
    4410: SessionErased,
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("says_bye", [True, False], ids=["bye", "close alone"])
async def test_codes_that_end_it_end_the_first_connection(
    code: int, says_bye: bool, autojump_clock: MockClock
) -> None:
    async def closing(peer: Peer) -> None:
        await peer.accept()
        await peer.receive()
        if says_bye:
            await peer.send({"type": "error", "ref": None, "code": "invalid_request",
                             "detail": "username is taken", "retry": False})  # fmt: skip
            await peer.bye(code, False)
        else:
            await peer.close(code)
        await peer.quiet()

    with pytest.raises(CODES[code]) as caught:
        async with faked(closing):
            pass
    assert caught.value.code == code
    assert ("username is taken" in str(caught.value)) == says_bye


async def test_nobody_at_the_address_is_said_with_what_to_do(autojump_clock: MockClock) -> None:
    with pytest.raises(Unreachable, match="start the server"):
        async with connect("http://127.0.0.1:1", user="ada"):
            pass


# --- later ones ---


async def outcome_of(client: Client, server: FakeServer) -> str:
    """What becomes of an ask."""
    return (await client.ask("hello")).text


@pytest.mark.parametrize("code", CODES)
async def test_codes_that_end_it_end_every_call_and_the_events(
    code: int, autojump_clock: MockClock
) -> None:
    async def closing(peer: Peer) -> None:
        await peer.welcome()
        await peer.until("message")
        await peer.bye(code, False)
        await peer.quiet()

    ends, kept = set(), []
    async with faked(closing, good) as (client, server):
        async with trio.open_nursery() as nursery:

            async def asks() -> None:
                with pytest.raises(CODES[code]) as caught:
                    await client.ask("one")
                ends.add(id(caught.value))
                kept.append(caught.value)

            nursery.start_soon(asks)
            nursery.start_soon(asks)
        assert len(ends) == 2  # one each: what two tasks raise would grow two tracebacks
        with pytest.raises(CODES[code]):
            await client.look()
        with pytest.raises(CODES[code]):
            async for _ in client.events():
                pass
        await trio.sleep(1000)
        assert len(server.dialled) == 1
        assert client.statistics().pending == 0


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1009, 1011, 1012, 4408, 4429, 4999])
@pytest.mark.parametrize("says_bye", [True, False], ids=["bye", "close alone"])
async def test_codes_that_mean_come_back_lose_no_reply(
    code: int, says_bye: bool, autojump_clock: MockClock
) -> None:
    async def closing(peer: Peer) -> None:
        await peer.welcome()
        await peer.until("message")
        if says_bye:
            await peer.bye(1012 if code == 1006 else code, True)
        elif code != 1006:
            await peer.close(code)
        await trio.lowlevel.checkpoint()

    async with faked(closing, good) as (client, server):
        assert await outcome_of(client, server) == "to hello"
        assert len(server.dialled) == 2


async def test_a_bye_that_says_no_is_obeyed_whatever_its_code(autojump_clock: MockClock) -> None:
    async def closing(peer: Peer) -> None:
        await peer.welcome()
        await peer.bye(1012, False)
        await peer.quiet()

    async with faked(closing, good) as (client, server):
        with pytest.raises(Ended, match="farewell"):
            await client.ask("hello")
        assert len(server.dialled) == 1


async def lying(peer: Peer) -> None:
    await peer.welcome()
    frame = await peer.until("message")
    await peer.send({"type": "reply", "ref": frame["ref"], "response": "secret words"})
    await peer.quiet()


async def leaping(peer: Peer) -> None:
    await peer.welcome()
    frame = await peer.until("message")
    await peer.send(delta(frame["ref"], 0, "a"), delta(frame["ref"], 2, "c"))
    await peer.quiet()


async def nested(peer: Peer) -> None:
    await peer.welcome()
    await peer.until("message")
    await peer.text("[" * 200_000)
    await peer.quiet()


@pytest.mark.parametrize("script", [lying, leaping, nested])
async def test_nonsense_is_tried_again_three_times_and_then_said(
    script: Any, autojump_clock: MockClock
) -> None:
    async with faked(script, good) as (client, server):
        assert await outcome_of(client, server) == "to hello"
    async with faked(script) as (client, server):
        with pytest.raises(ProtocolBroken) as caught:
            await client.ask("hello")
        assert "secret" not in repr(caught.value)
        assert len(server.dialled) == 3


async def test_frames_of_a_later_version_are_passed_over(autojump_clock: MockClock) -> None:
    async def newer(peer: Peer) -> None:
        await peer.welcome(more={"nested": [1]})
        frame = await peer.until("message")
        await peer.send({"type": "weather", "sky": "blue"}, {"type": "delta2", "ref": "zzz"})
        await peer.send(delta("unknown", 5, "of nobody"), reply("unknown", "of nobody", 7))
        await peer.send(reply(frame["ref"], "here", 8, mood="fine"))
        await peer.quiet()

    async with faked(newer) as (client, server):
        assert await outcome_of(client, server) == "here"


async def test_a_silent_server_is_pinged_and_then_left(autojump_clock: MockClock) -> None:
    async def falling_silent(peer: Peer) -> None:
        peer.lively = False
        await peer.welcome()
        await peer.quiet()

    async with faked(falling_silent, good, quiet_s=20, pong_s=10) as (client, server):
        began = trio.current_time()
        assert await outcome_of(client, server) == "to hello"
        assert 30 <= trio.current_time() - began < 31
        assert server.peers[0].pings == 1


async def test_a_quiet_server_that_answers_pings_is_kept(autojump_clock: MockClock) -> None:
    async def quiet(peer: Peer) -> None:
        await peer.welcome()
        await peer.quiet()

    async with faked(quiet, quiet_s=20, pong_s=10) as (client, server):
        await trio.sleep(1000)
        assert client.connected
        assert len(server.dialled) == 1
        assert 30 <= server.peers[0].pings <= 50


async def test_a_server_that_does_not_read_is_left(autojump_clock: MockClock) -> None:
    async def deaf(peer: Peer) -> None:
        await peer.welcome()
        while True:
            await trio.sleep(5)
            await peer.send(said("still talking", int(trio.current_time() * 10) + 1))

    async with faked(deaf, good) as (client, server):
        take_no_more(client)
        assert await outcome_of(client, server) == "to hello"
        assert len(server.dialled) == 2


def take_no_more(client: Client) -> None:
    """What the client sends from now on is not taken."""
    client._core.link._socket.stream.send_stream.send_all_hook = trio.sleep_forever  # type: ignore[union-attr]


async def test_too_much_for_a_server_that_does_not_read_ends_the_connection(
    autojump_clock: MockClock,
) -> None:
    async with faked(good, good) as (client, server):
        take_no_more(client)
        await trio.testing.wait_all_tasks_blocked()
        client._core.link.put("first")  # type: ignore[union-attr]
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        for _ in range(300):
            if client._core.link is not None:
                client._core.link.put("x" * 60_000)
        assert await outcome_of(client, server) == "to hello"
        assert trio.current_time() - began <= 31


async def test_leaving_waits_for_no_server_that_does_not_read(autojump_clock: MockClock) -> None:
    async with faked(good) as (client, _):
        take_no_more(client)
        left = trio.current_time()
    assert trio.current_time() - left <= 1


# --- attempts ---


async def test_waits_grow_with_chance_and_have_a_bound(autojump_clock: MockClock) -> None:
    async def once(peer: Peer) -> None:
        await peer.welcome()

    async def never(peer: Peer) -> None:
        await peer.stream.aclose()

    with pytest.raises(Unreachable, match="given up after 600 s"):
        async with faked(once, never, give_up_s=600) as (client, server):
            await client.ask("hello")
    waits = [b - a for a, b in zip(server.dialled, server.dialled[1:], strict=False)]
    for step, wait in enumerate(waits):
        most = min(15.0, 0.1 * 2**step)
        assert most / 2 <= wait <= most
    assert len({round(wait / min(15.0, 0.1 * 2**n), 6) for n, wait in enumerate(waits)}) > 5
    assert 600 <= server.dialled[-1] - server.dialled[0] < 620


async def test_a_server_that_welcomes_and_falls_is_no_busy_loop(autojump_clock: MockClock) -> None:
    async def falling(peer: Peer) -> None:
        await peer.welcome()

    async with faked(falling) as (client, server):
        await trio.sleep(60)
        # The wait is 0.4 to 0.8 s, once it has grown.
        assert 60 / 0.8 - 1 <= len(server.dialled) <= 60 / 0.4 + 10
        assert client.statistics().attempts == len(server.dialled)


async def test_who_waits_for_ever_may_say_so(autojump_clock: MockClock) -> None:
    scripts = 0

    async def late(peer: Peer) -> None:
        if trio.current_time() < 1_000:
            return
        await good(peer)

    async def first(peer: Peer) -> None:
        nonlocal scripts
        scripts += 1
        await peer.welcome()

    began = trio.current_time()
    async with faked(first, late, give_up_s=math.inf) as (client, server):
        with trio.move_on_after(1e5):
            assert await outcome_of(client, server) == "to hello"
        assert trio.current_time() - began < 2_000


async def test_where_it_stands_is_told(autojump_clock: MockClock) -> None:
    async def once(peer: Peer) -> None:
        await peer.welcome()
        await trio.sleep(20)

    async with faked(once, good) as (client, _):
        told = []
        async for event in client.events():
            told.append(event)
            if isinstance(event, Reconnected):
                break
        kinds = [type(event).__name__ for event in told]
        assert kinds == ["Connected", "Disconnected", "Reconnected"]
        assert isinstance(told[1], Disconnected)
        assert 0.05 <= told[1].retry_in_s <= 0.1
        assert isinstance(told[2], Reconnected)
        assert told[2].attempts == 1


@pytest.mark.parametrize("code", CODES)
async def test_a_goodbye_is_read_though_nothing_can_be_sent_any_more(
    code: int, autojump_clock: MockClock
) -> None:
    async def leaving(peer: Peer) -> None:
        await peer.welcome()
        await peer.bye(code, False)
        # What the client sends from here on breaks.

    for _ in range(20):  # whichever of its tasks runs first
        async with faked(leaving, good) as (client, server):
            with pytest.raises(CODES[code]):
                await client.ask("hello")
            assert len(server.dialled) == 1
