"""The data folder: made private, claimed by one process, and known to be on disk."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nexus_trio.errors import SettingsError

DATABASE = "nexus.db"
LOCK = "lock"


class InUse(SettingsError):
    """Another process holds the folder; `owner` is its id, as far as is known."""

    def __init__(self, folder: Path, owner: str) -> None:
        super().__init__(
            f"the data folder {folder} is in use by process {owner}; stop that server, "
            "or choose another folder with --data"
        )
        self.owner = owner


@contextmanager
def claim(folder: Path) -> Iterator[Path]:
    """Hold `folder` for this process, and give the path of its database, which then exists.

    The folder is made with mode 0700, the database file with 0600, and both
    names are on disk before this returns. Raises `SettingsError` where the
    folder can't be written, `InUse` where another process holds it.
    """
    try:
        _make(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        _lock(lock, folder)
        path = folder / DATABASE
        try:
            # SQLite gives its WAL the mode of the file that it belongs to.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            sync(folder)
        except OSError as error:
            raise _unusable(folder, error) from None
        yield path
    finally:
        # The file stays: removing it would let two processes lock two files.
        os.close(lock)


def _make(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync(each.parent)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise InUse(folder, owner) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _unusable(folder: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f"can't write the data folder {folder}: {error.strerror}; "
        "give this user the right to, or choose another with --data"
    )


def sync(folder: Path) -> None:
    """Have the folder's names on disk: a new file without this may be gone after a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def this_boot() -> str:
    """What names the machine's present boot; empty where it can't be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
