"""Captures of the terminal client for docs/terminal.md, made anew from the real program.

`python tests/terminal/captures.py` starts a server, drives `nexus-trio chat` in tmux through four
scenes, at 80 columns and then resized to 40, and writes what is seen into the page, between its
markers. `--print` shows it instead. It needs tmux, and ends with status 2 where there is none.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "terminal.md"
PROGRAM = [sys.executable, "-m", "nexus_trio"]
GUARD_S = 60.0
LOOK_S = 0.05  # a terminal has no event to wait for

WIDE, NARROW, ROWS = 80, 40, 40

_NUMBERS = itertools.count()


class Pane:
    """One program in a tmux of its own, which leaves yours alone."""

    def __init__(self, command: list[str]) -> None:
        # One that ends may still be there when the next begins.
        self._server = f"nexus-captures-{os.getpid()}-{next(_NUMBERS)}"
        size = ("-x", str(WIDE), "-y", str(ROWS))
        self.tmux("-f", os.devnull, "new-session", "-d", "-s", "chat", *size, shlex.join(command))

    def tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._server, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-t", "chat", "-l", text)
        self.tmux("send-keys", "-t", "chat", "Enter")

    def seen(self) -> str:
        rows = [row.rstrip() for row in self.tmux("capture-pane", "-p", "-t", "chat").splitlines()]
        return "\n".join(rows).strip("\n")

    def until(self, condition: Callable[[str], bool] | str) -> None:
        wanted = (lambda t: condition in t) if isinstance(condition, str) else condition
        deadline = time.monotonic() + GUARD_S
        while not wanted(" ".join(self.seen().split())):
            if time.monotonic() > deadline:
                raise SystemExit(f"not seen: {condition!r}, but:\n{self.seen()}")
            time.sleep(LOOK_S)

    def both(self, name: str) -> dict[str, str]:
        """What is seen, and what is seen of it at 40 columns."""
        wide, last = self.seen(), self.seen().split()[-4:]
        self.tmux("resize-window", "-t", "chat", "-x", str(NARROW), "-y", str(ROWS))
        self.until(lambda text: text.split()[-4:] == last and self._fits())
        return {f"{name} {WIDE}": wide, f"{name} {NARROW}": self.seen()}

    def _fits(self) -> bool:
        return max(map(len, self.seen().splitlines())) < NARROW

    def close(self) -> None:
        self.tmux("kill-server")


@contextmanager
def server(port: int, data: str) -> Iterator[subprocess.Popen[str]]:
    command = [*PROGRAM, "serve", "--port", str(port), "--data", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("nexus-trio listening")
            yield process
        finally:
            process.kill()


@contextmanager
def chat(port: int, *options: str) -> Iterator[Pane]:
    url = f"http://127.0.0.1:{port}"
    pane = Pane([*PROGRAM, "chat", "--url", url, "--user", "ada", *options])
    try:
        pane.until("ada in ")
        yield pane
    finally:
        pane.close()


def post(port: int, path: str, **body: str) -> None:
    call = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(call, timeout=GUARD_S).close()


def conversation(port: int) -> dict[str, str]:
    with chat(port) as pane:
        pane.type("hello, my name is Ada")
        pane.until("Wyndal: ")
        pane.type("tell me a riddle")
        pane.until(lambda text: text.count("Wyndal: ") == 2)
        return pane.both("conversation")


def room(port: int) -> dict[str, str]:
    with chat(port, "--room", "Garden") as pane:
        say = "/bridge/rooms/Garden/say"
        post(port, say, user_id="bob", username="Robert", text="Good evening. Is it the mint?")
        pane.until("mint?")
        post(port, say, user_id="kenji", username="健二", text="今晩は。Fernby, what grows here?")
        pane.until("Fernby says aloud: ")
        pane.type("/say Good evening, both of you.")
        pane.until("You say aloud: ")
        post(port, "/bridge/rooms/Garden/leave", user_id="bob")
        pane.until("leaves.")
        return pane.both("room")


def notice(port: int) -> dict[str, str]:
    with chat(port, "--room", "Chapel") as pane:
        pane.type("I don't want to live any more")
        pane.until("Oriel: ")
        return pane.both("notice")


def reconnect(port: int, data: str) -> dict[str, str]:
    with server(port, data) as first, chat(port, "--room", "Library") as pane:
        pane.type("hello")
        pane.until("Quillan: ")
        first.kill()
        first.wait()
        pane.until("trying again.")
        lost = pane.seen()
        pane.type("are you still there?")
        with server(port, data):
            pane.until(lambda text: text.count("Quillan: ") == 2)
            return {f"lost {WIDE}": lost} | pane.both("reconnect")


def captures() -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="nexus-captures-") as data:
        with server(port, data):
            for scene in (conversation, room, notice):
                found |= scene(port)
        return found | reconnect(port, data)


def written(page: str, found: dict[str, str]) -> str:
    """The page with each capture between its markers. Raises `SystemExit` where it lacks one."""
    for name, text in found.items():
        block = f"<!-- capture {name} -->\n```text\n{text}\n```\n<!-- end -->"
        page, times = re.subn(
            rf"<!-- capture {name} -->.*?<!-- end -->", lambda _, b=block: b, page, flags=re.DOTALL
        )
        if times != 1:
            raise SystemExit(f"{PAGE.name} has {times} places for the capture {name!r}")
    return page


def main() -> None:
    options = argparse.ArgumentParser(description="Make the captures of docs/terminal.md anew.")
    options.add_argument("--print", action="store_true", help="show them, and write nothing")
    wanted = options.parse_args()
    if shutil.which("tmux") is None:
        print("captures need tmux: install it (apt-get install tmux)", file=sys.stderr)
        raise SystemExit(2)
    found = captures()
    if wanted.print:
        print("\n\n".join(f"--- {name}\n{text}" for name, text in found.items()))
    else:
        PAGE.write_text(written(PAGE.read_text("utf-8"), found), "utf-8")


if __name__ == "__main__":
    main()
