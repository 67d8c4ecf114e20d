"""The whole program over real sockets, by both entries: the contract's calls, faults, endings."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bridge_process import ENTRIES, GUARD, HERE, Bridge, bridge, spawn


@pytest.fixture(scope="module", params=ENTRIES)
def server(request: pytest.FixtureRequest) -> Iterator[Bridge]:
    with bridge(request.param) as running:
        yield running
        assert running.process.poll() is None, running.said()


def chatted(server: Bridge, body: Any, **headers: str) -> tuple[int, Any]:
    return server.call("POST", "/bridge/chat", body, headers or None)


# --- the calls ---


def test_a_walk_through_every_call(server: Bridge) -> None:
    reply = server.chat("walker", "hello", username="Walker", room="Library", client_ref="w1")
    assert reply["user_id"] == "walker"
    assert (reply["room"], reply["turn"], reply["session_messages"]) == ("Library", 1, 1)
    assert reply["crisis"] == {
        "level": "none",
        "detected": False,
        "turns": 0,
        "notice": None,
        "resources": [],
    }
    assert reply["position"].endswith(":1")
    again = server.chat("walker", "hello", username="Walker", room="Library", client_ref="w1")
    assert again == reply
    status, listed = server.call("GET", "/bridge/sessions")
    assert status == 200
    mine = [s for s in listed["sessions"] if s["user_id"] == "walker"]
    assert "crisis_level" not in mine[0]
    assert server.call("GET", "/bridge/sessions/walker")[1]["crisis_level"] == "none"
    history = server.call("GET", "/bridge/sessions/walker/history?limit=1")[1]
    assert history["turns"][0]["message"] == "hello"
    assert history["turns"][0]["response"] == reply["response"]
    rooms = server.call("GET", "/bridge/rooms")[1]["rooms"]
    names = [room["room"] for room in rooms]
    assert names == ["Tower", "Chapel", "Library", "Garden", "Dungeon"]
    assert server.call("GET", "/bridge/rooms/Library")[1]["occupants"] == ["walker"]
    joined = server.call("POST", "/bridge/rooms/Garden/join", {"user_id": "walker"})[1]
    assert joined["occupants"] == ["walker"]
    said = server.call(
        "POST", "/bridge/rooms/Garden/say", {"user_id": "walker", "text": "good evening"}
    )[1]
    assert said["room_position"] == said["position"]
    assert said["crisis"]["level"] == "none"
    left = server.call("POST", "/bridge/rooms/Garden/leave", {"user_id": "walker"})[1]
    assert left["occupants"] == []
    assert server.call("GET", "/bridge/health")[1]["status"] == "ok"
    assert server.call("GET", "/bridge/ready")[0] == 200
    assert server.call("GET", "/openapi.json")[1]["openapi"].startswith("3.1")
    assert server.call("GET", "/docs")[0] == 200
    assert server.call("GET", "/")[0] == 200
    erased = server.call("DELETE", "/bridge/sessions/walker")
    assert erased[0] == 200
    assert erased[1]["erased"]["turns"] == 1
    assert server.call("GET", "/bridge/sessions/walker")[0] == 404


def test_three_turns_of_low_distress_and_one_plain_word(server: Bridge) -> None:
    levels = [
        server.chat("low", text)["crisis"]
        for text in ("I feel hopeless", "nothing matters anymore", "I feel like a burden")
    ]
    assert [c["detected"] for c in levels] == [False, False, True]
    assert "988" in levels[2]["notice"]
    reply = server.chat("plain", "I want to kill myself")
    assert reply["response"].startswith(reply["crisis"]["notice"])
    assert "988" in reply["crisis"]["notice"]
    assert server.chat("other", "hello")["crisis"]["level"] == "none"


# --- bad input ---

GOOD = {"user_id": "ada", "message": "hello"}
DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ("text", 400),
        ({**GOOD, "user_id": "no space"}, 400),
        ({**GOOD, "user_id": 7}, 400),
        ({**GOOD, "user_id": "x" * 65}, 400),
        ({**GOOD, "message": ""}, 400),
        ({**GOOD, "message": 7}, 400),
        ({**GOOD, "message": None}, 400),
        ({**GOOD, "message": "\ud800"}, 400),
        ({**GOOD, "message": "x" * 16_385}, 413),
        ({**GOOD, "message": "x" * 300_000}, 413),
        ({**GOOD, "username": "x" * 65}, 400),
        ({**GOOD, "username": "a\nb"}, 400),
        ({**GOOD, "room": "Nowhere"}, 400),
        ({**GOOD, "room": ["Tower"]}, 400),
        ({**GOOD, "client_ref": "x" * 65}, 400),
        ({**GOOD, "locale": "not a locale"}, 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_field_is_a_problem(server: Bridge, body: Any, status: int) -> None:
    seen, problem = chatted(server, body)
    assert seen == status, problem
    assert set(problem) >= {"type", "title", "status", "detail", "code", "retry"}
    assert problem["status"] == status
    still_well(server)


def still_well(server: Bridge) -> None:
    """Another user notices nothing."""
    assert server.chat("bystander", "still there?")["turn"] >= 1


def raw(server: Bridge, data: bytes, *, half_close: bool = True) -> bytes:
    """Send bytes as they are; what came back until the server closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
        try:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))
        except (ConnectionResetError, BrokenPipeError):
            return b""


def post(body: bytes, *headers: bytes) -> bytes:
    lines = (b"POST /bridge/chat HTTP/1.1", b"Host: localhost", b"Content-Type: application/json")
    return b"\r\n".join([*lines, *headers]) + b"\r\n\r\n" + body


OPENINGS = {
    "bad json": post(b"{oops", b"Content-Length: 5"),
    "deep json": post(DEEP, b"Content-Length: %d" % len(DEEP)),
    "content-length twice": post(b"{}", b"Content-Length: 2", b"Content-Length: 3"),
    "both lengths": post(b"0\r\n\r\n", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "headers of 200 KB": post(b"", b"X: " + b"y" * 200_000),
    "a body that stops": post(b'{"user', b"Content-Length: 500"),
    "not http": b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
    "upgrade with a byte behind": (
        b"GET /bridge/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\nx"
    ),
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 64,
}


@pytest.mark.parametrize("name", OPENINGS)
def test_a_hostile_opening_is_a_4xx_or_a_closed_connection(server: Bridge, name: str) -> None:
    came = raw(server, OPENINGS[name])
    assert came == b"" or came.startswith(b"HTTP/1.1 4"), came[:200]
    assert server.process.poll() is None, server.said()
    still_well(server)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_foreign_page_may_not_speak_for_its_visitor(
    server: Bridge, headers: dict[str, str]
) -> None:
    status, problem = chatted(server, GOOD, **headers)
    assert (status, problem["code"]) == (403, "forbidden")


def test_what_is_not_built_says_so(server: Bridge) -> None:
    for path in ("/metrics", "/operator", "/nowhere"):
        status, problem = server.call("GET", path)
        assert (status, problem["code"]) == (404, "not_found")


# --- clients that go away ---


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_client_that_goes_away_leaves_a_whole_turn(entry: str) -> None:
    with bridge(entry, NEXUS_PACE_S="0.02") as server:
        body = json.dumps({**GOOD, "client_ref": "gone"}).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
            sock.sendall(post(body, b"Content-Length: %d" % len(body)))
            until_received(server)
        # The same reference waits for the turn that runs, or has its reply.
        status, reply = chatted(server, {**GOOD, "client_ref": "gone"})
        assert status == 200
        assert (reply["turn"], reply["session_messages"]) == (1, 1)
        turns = server.call("GET", "/bridge/sessions/ada/history")[1]["turns"]
        assert [(t["message"], t["status"]) for t in turns] == [("hello", "answered")]
        assert turns[0]["response"] == reply["response"]


def until_received(server: Bridge) -> None:
    """Return once the message of ada is stored."""
    deadline = time.monotonic() + GUARD
    while server.call("GET", "/bridge/sessions/ada")[1].get("session_messages") != 1:
        assert time.monotonic() < deadline


# --- endings ---


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_crash_of_the_hub_ends_the_process_with_its_traceback(entry: str) -> None:
    with bridge(entry, app="crashing_hub:app", program=(str(HERE / "crashing_hub.py"),)) as server:
        crash(server)


def crash(server: Bridge) -> None:
    try:
        status, _ = chatted(server, GOOD)
    except (http.client.HTTPException, OSError):
        status = 0
    assert status != 200
    assert server.wait() == 1, server.said()
    assert "Traceback" in server.said()
    assert "HubBroke: the hub broke on purpose" in server.said()


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_stops_within_its_grace_under_a_crowd(entry: str) -> None:
    options = ("--graceful-timeout", "3") if entry == "command" else ()
    with (
        bridge(entry, *options, NEXUS_GRACE_S="5", NEXUS_PACE_S="0.01") as server,
        ExitStack() as crowd,
    ):
        for number in range(100):
            sock = crowd.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=GUARD)
            )
            body = json.dumps({"user_id": f"u{number}", "message": "tell me a story"}).encode()
            if number % 10 == 0:
                # Asks for much and reads nothing: the descriptions are the largest replies.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
            elif number % 10 == 1:
                sock.sendall(b"POST /bridge/chat HTTP/1.1\r\nHost: loc")
            elif number % 10 < 5:
                sock.sendall(post(body, b"Content-Length: %d" % len(body)))
        still_well(server)
        began = time.monotonic()
        server.process.terminate()
        assert server.wait() == 0, server.said()
        assert time.monotonic() - began < 10, "longer than twice its grace period"


def test_a_second_signal_ends_it_at_once() -> None:
    with bridge("serve", NEXUS_PACE_S="5", NEXUS_GRACE_S="300") as server:
        body = json.dumps(GOOD).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
            sock.sendall(post(body, b"Content-Length: %d" % len(body)))
            until_received(server)
            server.process.send_signal(signal.SIGINT)
            until_draining(server)
            server.process.send_signal(signal.SIGINT)
            assert server.wait() == 128 + signal.SIGINT


def until_draining(server: Bridge) -> None:
    """Return once it takes no more work, and see that it says so and how it is."""
    deadline = time.monotonic() + GUARD
    while server.call("GET", "/bridge/ready")[0] == 200:
        assert time.monotonic() < deadline
    status, problem = server.call("GET", "/bridge/ready")
    assert (status, problem["code"], problem["retry"]) == (503, "draining", True)
    assert server.call("GET", "/bridge/health")[1]["status"] == "ok"
    status, problem = chatted(server, {"user_id": "late", "message": "I want to die"})
    assert (status, problem["code"]) == (503, "draining")
    assert "988" in problem["crisis"]["notice"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_turn_that_outlasts_the_grace_is_answered_as_aborted(entry: str) -> None:
    options = ("--graceful-timeout", "2") if entry == "command" else ()
    with bridge(entry, *options, NEXUS_PACE_S="5", NEXUS_GRACE_S="2") as server:
        connection = server.connect()
        body = json.dumps(GOOD)
        connection.request("POST", "/bridge/chat", body, {"Content-Type": "application/json"})
        until_received(server)
        server.process.terminate()
        response = connection.getresponse()
        problem = json.loads(response.read())
        connection.close()
        assert (response.status, problem["code"]) == (499, "aborted")
        assert server.wait() == 0, server.said()


@pytest.mark.parametrize(
    ("entry", "options", "env", "says"),
    [
        ("serve", ("--host", "0.0.0.0"), {}, "loopback"),
        ("command", ("--bind", "0.0.0.0:0", "--workers", "0"), {}, "loopback"),
        ("serve", (), {"NEXUS_AUTH": "tokens"}, "not built yet"),
        ("command", ("--workers", "0"), {"NEXUS_AUTH": "tokens"}, "not built yet"),
        ("serve", (), {"NEXUS_DURABILITY": "forever"}, "durability must be"),
        ("serve", ("--data", "/proc/sys/nexus"), {}, "--data"),
        ("serve", (), {"NEXUS_RESPONDER": "openai"}, "NEXUS_OPENAI_BASE_URL"),
        ("serve", (), {"NEXUS_BROKER": "redis://localhost"}, "not built yet"),
        ("serve", (), {"NEXUS_PORT": "many"}, "must be a number"),
        ("serve", (), {"NEXUS_WORLD": "/nowhere.toml"}, "NEXUS_WORLD"),
        ("command", ("--workers", "0"), {"NEXUS_WORLD": "/nowhere.toml"}, "NEXUS_WORLD"),
        ("serve", (), {"NEXUS_DATA": "/proc/nowhere"}, "data folder"),
        ("command", ("--workers", "0"), {"NEXUS_DATA": "/proc/nowhere"}, "data folder"),
        ("serve", ("--config", "/nowhere.toml"), {}, "--config"),
        ("serve", ("--no-such-option",), {}, "--help"),
    ],
)
def test_what_can_not_be_is_refused_plainly(
    entry: str, options: tuple[str, ...], env: dict[str, str], says: str
) -> None:
    server = spawn(entry, *options, **env)
    try:
        assert server.wait() == 2, server.said()
        assert says in server.said()
        assert "Traceback" not in server.said()
    finally:
        server.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [(("--bind", "0.0.0.0:0"), "loopback"), (("--workers", "2"), "--workers 1")],
)
def test_the_command_refuses_plainly_in_its_worker_too(options: tuple[str, ...], says: str) -> None:
    server = spawn("command", *options)
    try:
        server.wait()  # Hypercorn's parent process keeps its worker's status to itself
        assert says in server.said()
        assert "Traceback" not in server.said()
        assert "Running on" not in server.said()
    finally:
        server.close()


# --- the other commands ---


def nexus(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nexus_trio", *arguments],
        capture_output=True,
        text=True,
        timeout=GUARD,
        check=False,
    )


def test_experiment_against_a_server_of_its_own(tmp_path: Path) -> None:
    report, markdown = tmp_path / "report.json", tmp_path / "report.md"
    done = nexus(
        "experiment", "--users", "3", "--messages", "6",
        "--json", str(report), "--markdown", str(markdown),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    assert all(check["passed"] for check in found["checks"])
    assert found["total_messages"] == 18
    assert "## Session Isolation" in markdown.read_text()


def test_experiment_without_a_server_says_so() -> None:
    done = nexus("experiment", "--url", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "start the server or correct --url" in done.stderr
    assert done.stderr.count("\n") == 1


def test_config_show_says_where_each_setting_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "nexus.toml"
    file.write_text('mailbox = 4\nlocale = "de-AT"\n')
    monkeypatch.setenv("NEXUS_LOCALE", "fr")
    monkeypatch.setenv("NEXUS_OPENAI_API_KEY", "very-secret")
    done = nexus("config", "show", "--json", "--config", str(file), "--port", "5000")
    assert done.returncode == 0, done.stderr
    assert "very-secret" not in done.stdout
    found = {
        row["name"]: (row["value"], row["source"]) for row in json.loads(done.stdout)["settings"]
    }
    assert found["mailbox"] == (4, "file")
    assert found["locale"] == ("fr", "environment")
    assert found["port"] == (5000, "flag")
    assert found["host"] == ("127.0.0.1", "default")


def test_openapi_and_help() -> None:
    assert json.loads(nexus("openapi").stdout)["openapi"].startswith("3.1")
    for command in ("serve", "experiment", "config", "openapi"):
        assert nexus(command, "--help").returncode == 0
