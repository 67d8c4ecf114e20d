"""The chat in a pipe: what goes where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bridge_process import GUARD, Bridge, bridge

PROGRAM = [sys.executable, "-W", "error", "-m", "nexus_trio"]
WISH = "I want to kill myself"


@pytest.fixture(scope="module")
def server() -> Iterator[Bridge]:
    with bridge("serve") as running:
        yield running


@pytest.fixture
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


def run(
    folder: Path, said: str | bytes, *arguments: str, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, "chat", *arguments],
        input=said.encode() if isinstance(said, str) else said,
        capture_output=True,
        timeout=GUARD,
        cwd=folder,
        env=os.environ | {"USER": "ada"} | env,
        check=False,
    )


def at(server: Bridge) -> dict[str, str]:
    """The default address is where this server is."""
    return {"NEXUS_PORT": str(server.port)}


def test_one_reply_with_a_server_at_the_default_address(server: Bridge, tmp_path: Path) -> None:
    done = run(tmp_path, "hello\n", "--user", "piping", **at(server))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Wyndal: ")
    assert done.stdout.count(b"\n") == 1
    assert b"\x1b" not in done.stdout
    _, history = server.call("GET", "/bridge/sessions/piping/history")
    assert [turn["message"] for turn in history["turns"]] == ["hello"]


def test_one_reply_without_a_server_which_leaves_nothing_behind(tmp_path: Path, port: str) -> None:
    done = run(tmp_path, "hello\n", "--user", "ada", NEXUS_PORT=port)
    assert done.returncode == 0
    assert done.stdout.startswith(b"Wyndal: ")
    assert done.stdout.count(b"\n") == 1
    nobody = f"No server answers at http://127.0.0.1:{port}. "
    first, second = done.stderr.decode().splitlines()
    assert first == nobody + "This chat has one of its own, and keeps nothing."
    assert second.startswith("You are talking with an AI, not with a person.")
    assert not list(tmp_path.iterdir())


def test_lines_are_answered_one_after_the_other(server: Bridge, tmp_path: Path) -> None:
    said = "my name is Ada\r\n\n   \nwhat is my name?\n/go Library\n//slash\nlast without an end"
    done = run(tmp_path, said, "--user", "lines", **at(server))
    assert done.returncode == 0
    _, history = server.call("GET", "/bridge/sessions/lines/history")
    asked = ["my name is Ada", "what is my name?", "/slash", "last without an end"]
    assert [turn["message"] for turn in history["turns"]] == asked
    shown = done.stdout.decode()
    answers = [turn["response"] for turn in history["turns"]]
    places = [shown.index(answer.splitlines()[0]) for answer in answers]
    assert places == sorted(places)
    assert shown.count("Quillan: ") == 2  # the last two were asked in the Library
    assert "The Library." in shown


def test_what_happens_besides_goes_to_the_other_output(server: Bridge, tmp_path: Path) -> None:
    done = run(tmp_path, "/say good evening\nhello\n", "--user", "aside", **at(server))
    assert b"You say aloud: good evening\n" in done.stderr
    assert b"good evening" not in done.stdout


def test_a_notice_comes_before_the_reply_and_is_not_repeated(
    server: Bridge, tmp_path: Path
) -> None:
    done = run(tmp_path, f"{WISH}\n", "--user", "pained", **at(server))
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert shown.startswith("\nIMPORTANT. Please read this:\n")
    assert shown.count("988 Suicide & Crisis Lifeline") == 1
    assert shown.index("End of the important message.") < shown.index("Wyndal: ")
    again = run(tmp_path, "/look\n", "--user", "pained", **at(server))
    assert b"IMPORTANT" not in again.stdout  # what was shown was acknowledged


def test_json_lines_hold_the_words_as_they_came(server: Bridge, tmp_path: Path) -> None:
    said = f"/say \x9b2J\x1b]0;x\x07\u202ehi\nhello\n/look\n{WISH}\n/nonsense\n"
    done = run(tmp_path, said, "--user", "json", "--json", **at(server))
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert not set(done.stdout) & set(range(0x20)) - {0x0A}
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [line["type"] for line in lines]
    for kind in ("said", "reply", "room", "notice", "error"):
        assert kind in kinds
    reply = next(line for line in lines if line["type"] == "reply")
    assert (reply["by"], reply["room"], reply["turn"]) == ("Wyndal", "Tower", 1)
    assert lines[kinds.index("room")]["occupants"].count("json") == 1
    said_aloud = next(line["text"] for line in lines if line["type"] == "said")
    assert said_aloud == "\x9b2J\x1b]0;x\x07\u202ehi"


def test_a_message_that_is_too_long_is_said_to_be(server: Bridge, tmp_path: Path) -> None:
    done = run(tmp_path, "x" * 20_000 + "\nhello\n", "--user", "long", **at(server))
    assert done.returncode == 1
    assert b"Not " in done.stderr
    assert b"16" in done.stderr
    assert done.stdout.startswith(b"Wyndal: ")  # the next one is answered


def test_bytes_that_are_no_utf8_do_no_harm(server: Bridge, tmp_path: Path) -> None:
    done = run(tmp_path, b"caf\xe9 \xff\n", "--user", "latin", **at(server))
    assert done.returncode == 0
    _, history = server.call("GET", "/bridge/sessions/latin/history")
    assert history["turns"][0]["message"] == "caf\ufffd \ufffd"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--url", "http://127.0.0.1:1"], "start the server, or correct the URL"),
        (["--url", "127.0.0.1:4004"], "give a URL such as http://127.0.0.1:4004"),
        (["--user", "a b"], "--user must be 1 to 64 ASCII letters"),
        (["--room", "Nowhere"], "room must be one of: Tower, Chapel"),
        (["--username", "Wyndal"], "username is the name of a persona"),
        (["--nonsense"], "chat --help'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_that_helps(
    server: Bridge, tmp_path: Path, options: list[str], told: str
) -> None:
    done = run(tmp_path, "hello\n", *options, **at(server))
    assert (done.returncode, done.stdout) == (2, b"")
    line = done.stderr.decode()
    assert line.startswith("nexus-trio: ")
    assert line.count("\n") == 1
    assert told in line


def test_what_speaks_something_else_is_no_server(tmp_path: Path) -> None:
    # A listener that never accepts would hang; this one closes what comes.
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = subprocess.Popen(
            [*PROGRAM, "chat", "--url", f"http://127.0.0.1:{other.getsockname()[1]}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        other.settimeout(GUARD)
        taken, _ = other.accept()
        taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        out, told = process.communicate(b"", timeout=GUARD)
        taken.close()
    assert (process.returncode, out) == (2, b"")
    assert told.startswith(b"nexus-trio: ")
    assert b"URL" in told


def test_an_output_that_nobody_reads_ends_it_quietly(server: Bridge, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [*PROGRAM, "chat", "--user", "unheard"],
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | at(server),
    )
    os.close(write)
    _, told = process.communicate(b"hello\n", timeout=GUARD)
    assert (process.returncode, told) == (141, b"")


def test_ctrl_c_ends_a_pipe(server: Bridge, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "chat", "--user", "piped"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | at(server),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"hello\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"Wyndal: ")
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=GUARD)
    assert (process.returncode, out, told) == (130, b"", b"")
