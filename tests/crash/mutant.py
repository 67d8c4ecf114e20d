"""The program with one defect put in on purpose: it says "stored" before it has committed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import trio

import nexus_trio
from nexus_trio.store import rows
from nexus_trio.store.base import Write
from nexus_trio.store.batch import Job
from nexus_trio.store.sqlite import SqliteStore

# The append is in its queue, and nobody has committed it yet.
EARLY = (
    "store/writer.py",
    "        self._wake.set()\n        try:\n",
    "        self._wake.set()\n        return None\n        try:\n",
)


def make(folder: Path, file: str, good: str, bad: str) -> Path:
    """A copy of the source, for a process of its own: the folder to put first on the path.

    Fails where the source is not as expected.
    """
    shutil.copytree(Path(nexus_trio.__file__).parent, folder / "nexus_trio")
    path = folder / "nexus_trio" / file
    source = path.read_text("utf-8")
    assert source.count(good) == 1, f"{file} has changed: the mutant must be written anew"
    path.write_text(source.replace(good, bad), "utf-8")
    return folder


@contextmanager
def acknowledging_early() -> Iterator[None]:
    """The same defect in this process, while the context lasts."""

    async def early(self: SqliteStore, writes: Sequence[Write]) -> None:
        self._writer._queue.append(Job(lambda connection: rows.write(connection, writes)))
        self._writer._wake.set()
        await trio.lowlevel.checkpoint()

    good = SqliteStore.append
    SqliteStore.append = early  # type: ignore[method-assign]  # put back below
    try:
        yield
    finally:
        SqliteStore.append = good  # type: ignore[method-assign]  # as above
