"""No byte of what was deleted is left in the database file or its log (I19).

`secure_delete` zeroes a deleted row where it stands and every page that is freed.
But when SQLite moves rows between pages, as it does whenever one is full, their
old bytes stay behind in the part of the page that no row uses. A sweep writes
zeros over that part of every page, in the file itself. It changes nothing that
SQLite reads, so that commits and reads go on meanwhile; the alternative, a rewrite
of the whole file (`VACUUM`), stops them for seconds on a large one.

Where the unused parts are is told by the page's own header (SQLite, "Database
File Format", 1.6 "B-tree Pages").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from struct import unpack_from
from typing import Final

import apsw

from nexus_trio.store.database import File, discard, empty_log

CHUNK: Final = 32
"""Pages read at once, and between two moments at which other threads may run: 0.1 ms."""

TELLABLE: Final = 0x02000000
"""Pages up to which the first byte tells a b-tree page from all others: those begin with a
page's number, whose first byte is then 0 or 1. That is 128 GiB."""

# Interior and leaf pages of indexes and tables, and the length of their headers.
_HEADER: Final = {2: 12, 5: 12, 10: 8, 13: 8}

_names = count()


class _Raw(apsw.VFS):
    """A file layer that keeps hold of the database file that was opened through it.

    A plain descriptor would not do: closing one drops all of the process's locks
    on the file (POSIX), SQLite's own among them.
    """

    def __init__(self, base: str) -> None:
        self.name = f"nexus-sweep-{next(_names)}"
        self.base = base
        self.file: apsw.VFSFile | None = None
        super().__init__(self.name, base)

    def xOpen(  # noqa: N802 - SQLite's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        opened = apsw.VFSFile(self.base, name, flags)
        if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            self.file = opened
        return opened


@contextmanager
def raw(file: File) -> Iterator[tuple[apsw.VFSFile, int]]:
    """The database file and the size of its pages. Nobody may fold the log meanwhile."""
    layer = _Raw(file.vfs or "")
    connection = apsw.Connection(str(file.path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=layer.name)
    try:
        size = connection.pragma("page_size")
        assert layer.file is not None, "SQLite opens the database file through its layer"
        yield layer.file, size
    finally:
        discard(connection)
        layer.unregister()


def sweep(
    file: File, pages: Sequence[int] | None = None, *, go_on: Callable[[], bool] = lambda: True
) -> bool:
    """Zero what no row uses in these pages, which rise, by default in all; on disk at the end.

    It covers what is in the file, and not what the log holds. False where
    `go_on` said no, asked every `CHUNK` pages.
    """
    with raw(file) as (bare, size):
        total = bare.xFileSize() // size
        if total > TELLABLE:
            raise apsw.TooBigError(f"more than {TELLABLE} pages can't be swept")
        wanted = range(1, total + 1) if pages is None else [p for p in pages if p <= total]
        for first, length in _runs(wanted):
            if not go_on():
                return False
            _sweep_chunk(bare, size, first, length)
            time.sleep(0)  # let other threads run: this one never waits otherwise
        bare.xSync(apsw.SQLITE_SYNC_NORMAL)
    return True


def sweep_logged(file: File, connection: apsw.Connection) -> None:
    """End a sweep: empty the log, sweep the pages that it held, and note that it is done.

    `connection` is the one that has written, and is closed: what it keeps of pages
    in memory has the old bytes in it. Nobody may write meanwhile.
    """
    try:
        pages = logged(file.path, connection.pragma("page_size"))
        empty_log(connection)
    finally:
        discard(connection)
    sweep(file, sorted(pages))
    connection = file.writer("power")
    try:
        connection.execute("UPDATE run SET scrub = 0")
    finally:
        discard(connection)


def sweep_if_due(file: File) -> None:
    """Finish what an end cut short. Nobody else may have the file, and its log is empty."""
    connection = file.writer("power")
    (due,) = connection.execute("SELECT scrub FROM run").fetchone() or (0,)
    if due:
        sweep(file)
        sweep_logged(file, connection)
    else:
        discard(connection)


def _runs(pages: Sequence[int]) -> Iterator[tuple[int, int]]:
    """These pages, which rise, as runs of neighbours: the first one, and how many."""
    at = 0
    while at < len(pages):
        length = 1
        while (
            length < CHUNK
            and at + length < len(pages)
            and (pages[at + length] == pages[at] + length)
        ):
            length += 1
        yield pages[at], length
        at += length


def _sweep_chunk(bare: apsw.VFSFile, size: int, first: int, length: int) -> None:
    content = bare.xRead(size * length, size * (first - 1))
    for nth in range(length):
        page = content[size * nth : size * (nth + 1)]
        number = first + nth
        for start, end in unused(page, number):
            if page[start:end].strip(b"\0"):
                bare.xWrite(bytes(end - start), size * (number - 1) + start)


def unused(page: bytes, number: int) -> list[tuple[int, int]]:
    """Where in this page no row has anything, as start and end. Pure.

    Empty for pages that are no b-tree's. `number` counts from 1; the first page
    begins with the file's own header.
    """
    header = 100 if number == 1 else 0
    length = _HEADER.get(page[header])
    if length is None:
        return []
    free, cells, content = unpack_from(">HHH", page, header + 1)
    found = [(header + length + 2 * cells, content or 65536)]
    while free:
        following, taken = unpack_from(">HH", page, free)
        found.append((free + 4, free + taken))
        # They stand in rising order; a page that is damaged must not keep us here.
        free = following if following > free else 0
    return found


def logged(path: Path, size: int) -> set[int]:
    """The numbers of all pages in the log of the database at `path`.

    The log has a header of 32 bytes; each frame's one, of 24, begins with the
    page's number (SQLite, "WAL-mode File Format").
    """
    found: set[int] = set()
    if not path.with_name(f"{path.name}-wal").exists():
        return found
    with path.with_name(f"{path.name}-wal").open("rb") as log:
        log.seek(32)
        while len(head := log.read(24)) == 24:
            found.add(int.from_bytes(head[:4], "big"))
            log.seek(size, 1)
    return found - {0}
