"""The demo: a server, five visitors, and a chat, all gone at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge_process import GUARD
from pty_terminal import CTRL_C, ENTER, terminal

from nexus_trio.model import fields
from nexus_trio.model.world import parse_world
from nexus_trio.terminal.visitors import visitors

SOURCE = Path(__file__).parent.parent.parent / "src" / "nexus_trio"


@contextmanager
def start(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The demo in a pipe, killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nexus_trio", "demo", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(folder), "USER": "ada"},
        cwd=folder,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_it_shows_what_happens_until_it_is_interrupted(tmp_path: Path) -> None:
    with start(tmp_path, "--seconds", "600") as running:
        assert running.stdout is not None
        shown = ""
        while " says aloud: " not in shown:
            line = running.stdout.readline().decode()
            assert line, shown
            shown += line
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=GUARD)
    assert (running.returncode, told) == (0, b"")
    assert "Wyndal lives here, an AI." in shown
    assert " comes in.\n" in shown
    assert not list(tmp_path.iterdir())  # its data folder is gone, and it made no other


def test_it_ends_by_itself_and_is_json_lines_where_asked(tmp_path: Path) -> None:
    with start(tmp_path, "--seconds", "2", "--json") as running:
        out, _ = running.communicate(timeout=GUARD)
    assert running.returncode == 0
    kinds = {json.loads(line)["type"] for line in out.splitlines()}
    assert "room" in kinds
    assert not list(tmp_path.iterdir())


def test_one_talks_in_their_midst_and_ctrl_c_ends_it_all(tmp_path: Path) -> None:
    folder = {"TMPDIR": str(tmp_path)}
    with terminal("demo", "--user", "newcomer", folder=tmp_path, **folder) as shown:
        shown.until("newcomer in Tower>")
        shown.until(" comes in.")
        shown.type("hello", ENTER)
        shown.until("Wyndal: ")
        shown.until(" says aloud: ")
        shown.type("/quit", ENTER)
        assert shown.end() == 0
        assert not list(tmp_path.iterdir())
    with terminal("demo", "--user", "other", folder=tmp_path, **folder) as shown:
        shown.until("other in Tower>")
        shown.type(CTRL_C)
        assert shown.end() == 0
        assert not list(tmp_path.iterdir())


def test_the_script_is_of_this_world() -> None:
    world = parse_world((SOURCE / "world" / "default.toml").read_text(), "default.toml")
    people = visitors()
    assert len(people) == len({each.user for each in people}) == 5
    for each in people:
        fields.user_id(each.user)
        fields.username(each.name, world.persona_names)
        for step in each.steps:
            assert world.find(step.room) is not None
            assert step.lines
            # Whom a line names must be where it is said: others would not answer.
            absent = {r.persona.name for r in world.rooms.values()} - {
                world.rooms[step.room].persona.name
            }
            assert not [line for line in step.lines for name in absent if name in line]
    # Somebody is met where one comes in, and soon.
    assert sum(each.steps[0].room == world.default for each in people) >= 2
