"""Where the control socket is: `DATA/control.sock`, which only the server's own user may open.

A socket's address holds 108 bytes, and a data folder's path may be longer. So
the folder is opened, and the address leads through `/proc/self/fd`; where there
is no such thing, a path that is too long is refused.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from nexus_trio.errors import SettingsError

SOCKET: Final = "control.sock"

_MAKING: Final = "control.new"
"""A folder in which the socket is made. It is private whatever the data folder is, so the
socket has its mode before anybody can reach it."""

BACKLOG: Final = 64


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """The address of the folder's control socket, good while the context is open.

    Raises `OSError` where the folder can't be opened.
    """
    with _opened(folder) as handle:
        yield _through(handle, folder, SOCKET)


@contextmanager
def listening(folder: Path) -> Iterator[socket.socket]:
    """A socket that listens there, mode 0600, until the context ends; then its file is gone.

    To be called by whoever holds the folder's lock: what a server that was
    killed has left behind is replaced. Raises `SettingsError` where the folder
    can't have a socket.
    """
    with socket.socket(socket.AF_UNIX) as sock, _opened(folder) as handle:
        try:
            _bind(sock, handle, folder)
        except OSError as error:
            raise SettingsError(
                f"can't make the control socket {folder / SOCKET}: {error.strerror or error}; "
                "choose another folder with --data, on a disk that can have sockets"
            ) from None
        try:
            yield sock
        finally:
            with suppress(FileNotFoundError):
                os.unlink(SOCKET, dir_fd=handle)


def _bind(sock: socket.socket, handle: int, folder: Path) -> None:
    made = f"{_MAKING}/{SOCKET}"
    with suppress(FileExistsError):
        os.mkdir(_MAKING, 0o700, dir_fd=handle)
    with suppress(FileNotFoundError):
        os.unlink(made, dir_fd=handle)
    sock.bind(_through(handle, folder, made))
    os.chmod(made, 0o600, dir_fd=handle)
    sock.listen(BACKLOG)
    # It takes its place complete: whoever finds it can connect.
    os.rename(made, SOCKET, src_dir_fd=handle, dst_dir_fd=handle)
    os.rmdir(_MAKING, dir_fd=handle)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


def _through(handle: int, folder: Path, name: str) -> str:
    opened = f"/proc/self/fd/{handle}"
    return f"{opened}/{name}" if Path(opened).exists() else str(folder / name)
