"""The real program on a pseudo-terminal, and a terminal in memory that shows what it drew."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte

GUARD = 60.0  # seconds after which something that hangs counts as failed

CTRL_C, CTRL_D, ENTER, TAB, UP = "\x03", "\x04", "\r", "\t", "\x1b[A"

# A session leader takes the terminal that it has as its own: then it is told of a new size.
TAKE = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, '-W', 'error', *sys.argv[1:]])"
)
PROGRAM = ("-m", "nexus_trio")

COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


class Terminal:
    """A program on a terminal of this size."""

    def __init__(self, process: subprocess.Popen[bytes], near: int, columns: int, rows: int):
        self.process = process
        self.near = near
        self.raw = b""
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self.attributes = termios.tcgetattr(near)

    @property
    def rows(self) -> list[str]:
        """What is seen."""
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        """All that is seen, as one line: how rows are cut does not matter."""
        return " ".join(" ".join(self.rows).split())

    @property
    def prompt(self) -> str:
        """The last row that has something."""
        return next((row for row in reversed(self.rows) if row), "")

    def type(self, *keys: str) -> None:
        os.write(self.near, "".join(keys).encode())

    def until(self, seen: Callable[[Terminal], bool] | str) -> None:
        """Read what is drawn until `seen`: a text on the screen, or a condition."""
        wanted = (lambda t: seen in t.text) if isinstance(seen, str) else seen
        deadline = time.monotonic() + GUARD
        while not wanted(self):
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"{seen!r} was not seen, but:\n" + "\n".join(self.rows))

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.near], [], [], max(0.0, seconds))
        piece = b""
        with suppress(OSError):  # EIO: the program has gone
            piece = os.read(self.near, 65536) if ready else b""
        self.raw += piece
        self._stream.feed(piece)
        return bool(piece)

    def end(self) -> int:
        """Read to the end, and the exit status."""
        while self._read(GUARD):
            pass
        return self.process.wait(timeout=GUARD)

    def resize(self, columns: int, rows: int) -> None:
        """As a window's frame is drawn smaller; the text that is there is cut, not wrapped."""
        self.screen.resize(rows, columns)
        set_size(self.near, columns, rows)

    def hang_up(self) -> None:
        """The window is closed."""
        os.close(self.near)
        self.near = -1


def set_size(number: int, columns: int, rows: int) -> None:
    fcntl.ioctl(number, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextmanager
def terminal(
    *arguments: str,
    folder: Path,
    columns: int = 80,
    rows: int = 24,
    program: tuple[str, ...] = PROGRAM,
    **env: str,
) -> Iterator[Terminal]:
    """`nexus-trio ARGUMENTS` on a terminal of its own, killed at the end if it still runs."""
    near, far = pty.openpty()
    set_size(near, columns, rows)
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, *program, *arguments],
        stdin=far,
        stdout=far,
        stderr=far,
        start_new_session=True,
        cwd=folder,
        env=clean | {"TERM": "xterm-256color", "USER": "ada"} | env,
    )
    os.close(far)
    shown = Terminal(process, near, columns, rows)
    try:
        yield shown
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=GUARD)
        if shown.near >= 0:
            os.close(shown.near)
