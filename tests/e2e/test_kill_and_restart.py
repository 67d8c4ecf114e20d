"""The program killed with SIGKILL and started again on the same folder."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from bridge_process import GUARD, Bridge, bridge, spawn
from live_clients import LOW, ended_turns, epoch, moody, talking

from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.store.sqlite import open_store


@pytest.mark.parametrize("durability", ["power", "process"])
def test_all_comes_back_after_a_kill(tmp_path: Path, durability: str) -> None:
    slow = {"NEXUS_PACE_S": "1", "NEXUS_DURABILITY": durability}
    with bridge("serve", data=tmp_path, NEXUS_DURABILITY=durability) as server:
        first = server.chat("ada", "hello", client_ref="r1", username="Ada", room="Garden")
        crisis = server.chat("ada", "I want to die", client_ref="r2")
        server.chat("bob", "good morning")
        session = server.call("GET", "/bridge/sessions/ada")[1]
        garden = server.call("GET", "/bridge/rooms/Garden")[1]
        assert garden["occupants"] == ["ada"]
        server.process.kill()
        server.wait()
    with bridge("serve", data=tmp_path, **slow) as server:
        again = server.call("GET", "/bridge/sessions/ada")[1]
        for same in ("session_id", "session_messages", "created_at", "crisis_level"):
            assert again[same] == session[same]
        assert server.call("GET", "/bridge/sessions")[1]["count"] == 0
        empty = server.call("GET", "/bridge/rooms/Garden")[1]
        assert empty["occupants"] == []
        assert offset(empty) == offset(garden) + 1
        assert server.chat("ada", "hello", client_ref="r1", username="Ada") == first
        assert server.chat("ada", "I want to die", client_ref="r2") == crisis
        begin(server, {"user_id": "bob", "message": "cut", "client_ref": "c"})
        server.process.kill()
        server.wait()
    with bridge("serve", data=tmp_path, NEXUS_DURABILITY=durability) as server:
        last = server.chat("bob", "cut", client_ref="c")
        turns = server.call("GET", "/bridge/sessions/bob/history")[1]["turns"]
        assert [(t["message"], t["status"]) for t in turns] == [
            ("good morning", "answered"),
            ("cut", "aborted"),
            ("cut", "answered"),
        ]
        assert [t["position"] for t in turns][2] == last["position"]
        assert [offset(t) for t in turns] == [1, 2, 3]
        server.process.terminate()
        assert server.wait() == 0, server.said()
    log = trio.run(room_log, tmp_path, "Garden", garden["position"])
    # Her old messages, sent again, had their old answers and brought her nowhere.
    assert [(e.event, e.user_id, e.username) for e in log] == [("left", "ada", "Ada")]


def offset(shown: dict[str, str]) -> int:
    return Position.parse(shown["position"]).offset


def begin(server: Bridge, body: dict[str, str]) -> None:
    """Send a message whose answer takes long; return once it is received."""
    before = server.call("GET", f"/bridge/sessions/{body['user_id']}")[1]["session_messages"]
    data = json.dumps(body).encode()
    head = (
        b"POST /bridge/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(data)
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
        sock.sendall(head + data)
        deadline = time.monotonic() + GUARD
        path = f"/bridge/sessions/{body['user_id']}"
        while server.call("GET", path)[1]["session_messages"] == before:
            assert time.monotonic() < deadline


async def test_what_clients_find_after_kills_a_day_and_a_boot(tmp_path: Path) -> None:
    """One folder through three processes: events heard, then nobody warned."""
    with killed(tmp_path, boot="one") as server:
        async with talking(server, "ada") as ada, talking(server, "bob") as bob:
            first = (await ada.turn("m1", "hello", client_ref="r"))[-1]
            await ada.send(type="say", ref="s", text="aloud")
            while (heard := (await bob.until("room"))[-1])["event"] != "said":
                pass
            await ada.send(type="message", ref="m2", message=f"{LOW} (hang)", client_ref="cut")
            await ada.until("delta")
            server.process.kill()
    with killed(tmp_path, boot="one", clock=24 * 3600 + 1) as server:
        # What was heard was stored: the room goes on behind it.
        tower = server.call("GET", "/bridge/rooms/Tower")[1]
        assert tower["occupants"] == []
        assert epoch(tower["position"]) == epoch(heard["position"])
        assert offset(tower) == offset(heard) + 2  # both have left
        async with talking(server, "ada", after=first["position"]) as ada:
            assert ada.welcome["recovered"]
            assert ada.welcome["session_id"] == first["session_id"]
            error = next(f for f in await ada.settled() if f["type"] == "error")
            assert (error["code"], error["turn"], error["message"]) == (
                "aborted",
                2,
                f"{LOW} (hang)",
            )
            assert error["position"] == f"{epoch(first['position'])}:2"
            assert error["crisis"]["turns"] == 1
            # The reference is forgotten after a day; what was folded is not.
            reply = (await ada.turn("m3", LOW, client_ref="r"))[-1]
            assert (reply["turn"], offset(reply), reply["crisis"]["turns"]) == (3, 3, 2)
        async with talking(server, "ada", room_after=heard["position"]) as ada:
            assert not ada.welcome["recovered"]  # it came into the room after that
        server.process.kill()
    with killed(tmp_path, boot="two") as server:
        # The machine went down, and under `process` that may have lost writes.
        async with talking(server, "ada", after=reply["position"]) as ada:
            assert not ada.welcome["recovered"]
            assert epoch(ada.welcome["position"]) != epoch(reply["position"])
            assert offset(ada.welcome) == 3
        assert epoch(server.call("GET", "/bridge/rooms/Tower")[1]["position"]) != epoch(
            tower["position"]
        )
        assert ended_turns(server, "ada") == [
            ("hello", "answered", 1),
            (f"{LOW} (hang)", "aborted", 2),
            (LOW, "answered", 3),
        ]


@contextmanager
def killed(folder: Path, **wishes: object) -> Iterator[Bridge]:
    with moody(data=folder, wishes=wishes, NEXUS_DURABILITY="process") as server:
        yield server
        server.process.kill()
        server.wait()


async def room_log(folder: Path, room: str, after: str) -> tuple[RoomEvent, ...]:
    async with open_store(folder, "power", lambda: "unused") as store:
        return await store.room_events(room, Position.parse(after), 100)


def test_a_folder_in_use_is_refused_by_the_program(tmp_path: Path) -> None:
    with bridge("serve", data=tmp_path) as server:
        other = spawn("serve", data=tmp_path)
        try:
            assert other.wait() == 2, other.said()
            assert f"in use by process {server.process.pid}" in other.said()
            assert other.said().count("\n") == 1
        finally:
            other.close()
        assert server.chat("ada", "hello")["turn"] == 1
