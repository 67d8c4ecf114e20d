"""A disk that misbehaves when told: SQLite's file layer, with faults on its writes and syncs."""

from __future__ import annotations

import threading

import apsw

GUARD = 20.0
"""Seconds after which a disk that was told to hang goes on, so that no test does."""


class Disk(apsw.VFS):
    """`fault` is None, `full`, `broken` (writes fail) or `hang` (until `release`)."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.fault: str | None = None
        self.release = threading.Event()
        self.hung = threading.Event()

    def xOpen(  # noqa: N802 - SQLite's name, as below
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        return _File(self, name, flags)

    def check(self) -> None:
        if self.fault == "full":
            raise apsw.FullError("told to be full")
        if self.fault == "broken":
            raise apsw.IOError("told to be broken")
        if self.fault == "hang":
            self.hung.set()
            self.release.wait(GUARD)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - see above
        self.disk.check()
        super().xWrite(data, offset)
