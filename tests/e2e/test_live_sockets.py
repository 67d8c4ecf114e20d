"""WebSockets and event streams of the whole program over real sockets, by both entries."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest
from bridge_process import ENTRIES, GUARD, Bridge, bridge
from live_clients import WISH, ended_turns, following, joined, streaming, talking

from nexus_trio.experiment.socket import open_socket
from nexus_trio.experiment.wire import Address, WireError


@pytest.fixture(scope="module", params=ENTRIES)
def server(request: pytest.FixtureRequest) -> Iterator[Bridge]:
    with bridge(request.param, NEXUS_PACE_S="0.01") as running:
        yield running
        assert running.process.poll() is None, running.said()


async def test_a_stream_cut_in_the_middle_comes_whole(server: Bridge) -> None:
    message = "tell me about this place"
    async with talking(server, "cut") as ws:
        await ws.send(type="message", ref="m1", message=message)
        await ws.until("delta")
    async with talking(server, "cut", after=ws.welcome["position"]) as back:
        assert back.welcome["recovered"]
        frames = await back.outcome(None)
        assert joined(frames) == frames[-1]["response"]
        assert sum(f["type"] == "reply" for f in frames) == 1
    assert ended_turns(server, "cut") == [(message, "answered", 1)]


async def test_a_crisis_over_the_wire(server: Bridge) -> None:
    async with talking(server, "low") as ws:
        await ws.until("room")
        await ws.send(type="message", ref="m1", message=WISH)
        frames = await ws.until("reply")
        assert "988" in frames[0]["text"]
        assert frames[-1]["response"] == f"{frames[0]['text']}\n\n{joined(frames)}"


async def test_stop_over_the_wire(server: Bridge) -> None:
    async with talking(server, "stopper") as ws:
        await ws.send(type="message", ref="m1", message="tell me about this place")
        await ws.until("delta")
        await ws.send(type="stop", ref="s", target="m1")
        error = (await ws.until("error"))[-1]
        assert (error["code"], error["ref"]) == ("aborted", "m1")
    history = server.call("GET", "/bridge/sessions/stopper/history")[1]["turns"]
    assert [(t["status"], t["response"]) for t in history] == [("aborted", error["partial"])]


async def test_two_users_meet_and_one_follows_by_events(server: Bridge) -> None:
    async with talking(server, "eve", room="Chapel") as ws:
        await ws.until("room")
        async with following(server, "adam") as came:
            await came.until("welcome")
            server.call("POST", "/bridge/rooms/Chapel/join", {"user_id": "adam"})
            assert (await ws.until("room"))[-1]["user_id"] == "adam"
            await ws.send(type="say", ref="s", text="good evening, adam")
            while (await came.until("room"))[-1].get("text") != "good evening, adam":
                pass
            await ws.send(type="go", ref="g", room="Garden")
            assert (await came.until("room"))[-1]["event"] == "left"
        assert (await ws.until("occupants"))[-1]["room"] == "Garden"


async def test_a_chat_as_events(server: Bridge) -> None:
    async with streaming(server, "sse", WISH) as came:
        events = await came.rest()
    names = [event["type"] for event in events]
    assert names[0] == "notice"
    assert names[-1] == "reply"
    assert names.count("reply") == 1
    assert names.count("delta") > 1
    assert joined(events) in events[-1]["response"]


# --- what is wrong ---


async def test_a_foreign_page_gets_no_socket(server: Bridge) -> None:
    with pytest.raises(WireError, match="403"):
        await open_socket(
            Address("127.0.0.1", server.port, ""),
            headers=[(b"origin", b"http://evil.example")],
        )


# --- slow consumers ---


@pytest.mark.parametrize("entry", ENTRIES)
async def test_clients_that_do_not_read_harm_nobody_and_hold_up_no_shutdown(entry: str) -> None:
    grace = ("--graceful-timeout", "3") if entry == "command" else ()
    with bridge(entry, *grace, NEXUS_GRACE_S="3") as server:
        deaf = [mute(server, f"deaf-{n}") for n in range(5)]
        half = mute(server, "half")
        half.sendall(b"\x81\xfe\x10")
        drip = mute(server, "drip")
        floods = [mute(server, "pings"), mute(server, "pings-of-json")]
        flood(floods[0], b"\x89\x84\x00\x00\x00\x00ping")
        flood(floods[1], b'\x81\x99\x00\x00\x00\x00{"type":"ping","ref":"p"}')
        async with talking(server, "speaker") as ws:
            before = server.resident()
            # 40 MB to the deaf, of which each may hold 1 MiB and what the kernel takes.
            for number in range(500):
                await ws.send(type="say", ref=f"s{number}", text="x" * 16_000)
                await ws.until("done")
                drip.recv(1)
            grown = server.resident() - before
            # The room's window holds 500 events of 16 KB, twice: as words and encoded.
            assert grown < 40_000_000, f"{grown} bytes more"
        began = time.monotonic()
        server.process.terminate()
        assert server.wait() == 0
        assert time.monotonic() - began < 3 + 2
        for each in (*deaf, half, drip, *floods):
            each.close()


def mute(server: Bridge, user: str) -> socket.socket:
    """A WebSocket that says hello and then does nothing of its own."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(GUARD)
    sock.connect(("127.0.0.1", server.port))
    sock.sendall(
        b"GET /bridge/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: nexus.v1\r\n\r\n"
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1)
    assert head.startswith(b"HTTP/1.1 101")
    hello = json.dumps({"type": "hello", "user_id": user}).encode()
    # A mask of zeros is a mask (RFC 6455, section 5.3).
    sock.sendall(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    return sock


def flood(sock: socket.socket, frame: bytes) -> None:
    """Send it again and again, until the kernel takes no more."""
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sock.sendall(frame * 1000)
