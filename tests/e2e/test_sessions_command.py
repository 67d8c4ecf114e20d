"""`nexus-trio sessions` beside a server by either entry, and on the folder that it leaves.

The servers are processes of their own. So is the command once for each entry; the
rest of the time it runs in this one, for a process takes a second to start.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bridge_process import ENTRIES, GUARD, Bridge, bridge, spawn

from nexus_trio.cli import main

CANARY = "kestrel-9214"


@dataclass
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


def sessions(data: Path, *arguments: str) -> Done:
    """The command, with everything but the process."""
    out, error = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(error), pytest.raises(SystemExit) as ended:
        main(["sessions", *arguments, "--data", str(data)])
    for said in (out, error):
        said.seek(0)
    assert isinstance(ended.value.code, int)
    return Done(ended.value.code, out.read(), error.read())


def program(data: Path, *arguments: str) -> Done:
    """The command as an operator runs it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "nexus_trio", "sessions", *arguments],
        capture_output=True,
        text=True,
        timeout=GUARD,
        env=os.environ | {"NEXUS_DATA": str(data)},
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def found(data: Path, *arguments: str) -> Any:
    """What a command that goes well says, as JSON."""
    done = sessions(data, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def missing(data: Path, *arguments: str) -> None:
    done = sessions(data, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing is held" in done.stderr
    assert done.stderr.count("\n") == 1


def marks_in(data: Path) -> int:
    """How often the canary stands in the files of the folder."""
    files = [each for each in data.iterdir() if not each.is_socket()]
    assert len(files) >= 2
    return sum(each.read_bytes().count(CANARY.encode()) for each in files)


def talk(server: Bridge) -> dict[str, Any]:
    """A crowd, with one who leaves the canary wherever words go; her last reply."""
    for number in range(10):
        server.chat(f"user-{number:02}", "hello there, all of you " * 20)
        server.chat(
            CANARY, f"{CANARY} says {number} " * 20, username=CANARY, client_ref=f"r{number}"
        )
    server.call("POST", "/bridge/rooms/Garden/say", {"user_id": CANARY, "text": f"{CANARY} aloud"})
    server.chat(CANARY, f"I want to die {CANARY}")
    reply: dict[str, Any] = server.chat(CANARY, f"good night from {CANARY}")
    return reply


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_operator_looks_exports_and_erases(entry: str, tmp_path: Path) -> None:
    with bridge(entry, data=tmp_path) as server:
        reply = talk(server)
        assert (tmp_path / "control.sock").stat().st_mode & 0o777 == 0o600
        shown = program(tmp_path, "list")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.splitlines()[1].split()[:3] == [CANARY, "live", "Garden"]
        assert shown.stdout.endswith("\n11 sessions, 11 live\n")
        listed = found(tmp_path, "list")
        assert listed["count"] == 11
        assert [s["user_id"] for s in listed["sessions"]][:2] == [CANARY, "user-00"]
        one = found(tmp_path, "show", CANARY)
        told = server.call("GET", f"/bridge/sessions/{CANARY}")[1]
        assert {name: one[name] for name in told} == told
        assert (one["live"], one["crisis_level"]) == (True, "crisis")
        live = found(tmp_path, "export", CANARY)
        history = server.call("GET", f"/bridge/sessions/{CANARY}/history?limit=1000")[1]["turns"]
        assert [{name: t[name] for name in history[0]} for t in live["turns"]] == history
        assert live["turns"][-1]["position"] == reply["position"] == live["session"]["position"]
        assert live["turns"][0]["client_ref"] == "r0"
        assert [e["event"] for e in live["events"]] == ["joined", "left", "joined", "said"]
        assert "user-0" not in json.dumps(live)
        server.process.terminate()
        assert server.wait() == 0, server.said()
    assert not (tmp_path / "control.sock").exists()

    # Without its server, the folder says the same.
    still = found(tmp_path, "export", CANARY)
    assert (still["turns"], still["session"]) == (live["turns"], live["session"])
    assert (still["live"], found(tmp_path, "list")["count"]) == (None, 11)
    assert not any(s["live"] for s in found(tmp_path, "list")["sessions"])

    with bridge(entry, data=tmp_path) as server:
        # And looking at it has changed nothing for those who come back.
        again = server.chat(CANARY, f"{CANARY} says 3 " * 20, client_ref="r3")
        assert again["turn"] == 4
        assert again["position"] == live["turns"][3]["position"]
        assert server.chat(CANARY, "next")["turn"] == len(live["turns"]) + 1
        assert marks_in(tmp_path) > 0
        erased = found(tmp_path, "erase", CANARY)["erased"]
        assert erased["turns"] == len(live["turns"]) + 1
        assert erased["events"] >= len(live["events"])
        assert marks_in(tmp_path) == 0
        for verb in ("show", "export", "erase"):
            missing(tmp_path, verb, CANARY)
        assert server.call("GET", f"/bridge/sessions/{CANARY}")[0] == 404
        assert server.chat(CANARY, "a new life")["turn"] == 1
        assert found(tmp_path, "export", CANARY)["turns"][0]["message"] == "a new life"


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A folder whose server was stopped, with everybody in it."""
    with bridge("serve", data=tmp_path) as server:
        talk(server)
        server.process.terminate()
        assert server.wait() == 0, server.said()
    return tmp_path


def test_an_erasure_without_a_server_is_as_whole(stopped: Path) -> None:
    with_her = found(stopped, "list")["sessions"]
    other = found(stopped, "export", "user-07")
    erased = found(stopped, "erase", CANARY)["erased"]
    assert erased["turns"] == 12
    assert marks_in(stopped) == 0
    for verb in ("show", "export", "erase"):
        missing(stopped, verb, CANARY)
    assert found(stopped, "list")["sessions"] == [s for s in with_her if s["user_id"] != CANARY]
    same = found(stopped, "export", "user-07")
    assert same | {"exported_at": ""} == other | {"exported_at": ""}
    with bridge("serve", data=stopped) as server:
        assert server.call("GET", f"/bridge/sessions/{CANARY}")[0] == 404
        turn = server.call("GET", "/bridge/sessions/user-07/history")[1]["turns"][0]
        assert turn["position"] == other["turns"][0]["position"]
        assert server.chat("user-07", "back")["turn"] == 2
        assert server.chat(CANARY, "a new life")["turn"] == 1


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_killed_servers_socket_is_in_nobodys_way(entry: str, tmp_path: Path) -> None:
    with bridge("serve", data=tmp_path) as server:
        before = server.chat("ada", "hello")
        server.process.kill()
        server.wait()
    assert (tmp_path / "control.sock").is_socket()
    assert found(tmp_path, "list")["count"] == 1
    with bridge(entry, data=tmp_path) as server:
        assert [s["live"] for s in found(tmp_path, "list")["sessions"]] == [False]
        assert server.chat("ada", "again")["position"].startswith(before["position"][:-1])
        assert found(tmp_path, "show", "ada")["live"] is True


def test_a_server_killed_in_a_turn_leaves_it_in_the_export(tmp_path: Path) -> None:
    with bridge("serve", data=tmp_path, NEXUS_PACE_S="5") as server, hanging(server):
        live = found(tmp_path, "export", "ada")["turns"]
        assert [(t["message"], t["status"], t["position"]) for t in live] == [
            ("cut", "received", None)
        ]
        assert "not answered yet" in sessions(tmp_path, "show", "ada").stdout
        server.process.kill()
        server.wait()
    assert found(tmp_path, "export", "ada")["turns"] == live
    with bridge("serve", data=tmp_path) as server:
        server.chat("ada", "next")
        assert [t["status"] for t in found(tmp_path, "export", "ada")["turns"]] == [
            "aborted",
            "answered",
        ]


def hanging(server: Bridge) -> socket.socket:
    """A message of ada whose answer takes long; returns once it is received."""
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=GUARD)
    body = b'{"user_id":"ada","message":"cut"}'
    sock.sendall(
        b"POST /bridge/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    deadline = time.monotonic() + GUARD
    while server.call("GET", "/bridge/sessions/ada")[1].get("session_messages") != 1:
        assert time.monotonic() < deadline
    return sock


@pytest.mark.parametrize("entry", ENTRIES)
def test_commands_are_answered_while_the_server_drains(entry: str, tmp_path: Path) -> None:
    # The hypercorn command has the grace period on its own command line.
    options = ("--graceful-timeout", "60") if entry == "command" else ()
    slow = {"NEXUS_PACE_S": "5", "NEXUS_GRACE_S": "60"}
    with bridge(entry, *options, data=tmp_path, **slow) as server:
        with hanging(server):
            server.process.terminate()
            while server.call("GET", "/bridge/ready")[0] == 200:
                assert server.process.poll() is None
            assert found(tmp_path, "show", "ada")["unfinished"] is True
            assert found(tmp_path, "erase", "ada")["erased"]["turns"] == 1
        # With its turn erased and its client gone, nothing keeps it any more.
        assert server.wait() == 0, server.said()
    missing(tmp_path, "show", "ada")


def test_a_long_path_and_a_relative_one(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 120) / ("y" * 120)
    with bridge("serve", data=data) as server:
        server.chat("ada", "hello")
        assert found(data, "list")["count"] == 1
        relative = Path(os.path.relpath(data))
        assert found(relative, "list")["count"] == 1


def test_a_socket_that_can_not_be_made_ends_the_start_plainly(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()
    (tmp_path / "control.sock" / "mine").touch()
    for entry, options in (("serve", ()), ("command", ("--workers", "0"))):
        server = spawn(entry, *options, data=tmp_path)
        try:
            assert server.wait() == 2, server.said()
            assert "can't make the control socket" in server.said()
            assert "Traceback" not in server.said()
        finally:
            server.close()


def test_a_server_in_memory_has_neither_folder_nor_socket(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with bridge("serve", data=data, NEXUS_DURABILITY="memory") as server:
        server.chat("ada", "hello")
        done = sessions(data, "list")
        assert done.returncode == 2
        assert "a server with durability memory has none" in done.stderr
        assert not data.exists()
