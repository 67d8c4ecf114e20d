"""The database file: looked at before it is touched, brought up to date, and opened.

Synchronous; whoever calls it from a task does so in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import apsw

from nexus_trio.errors import SettingsError

Durability = Literal["power", "process"]

SCHEMA: Final = ("schema.sql", "schema-2.sql", "schema-3.sql", "schema-4.sql", "schema-5.sql")
"""The scripts that lead to the present schema; `PRAGMA user_version` counts those done."""

APPLICATION: Final = 0x4E585452
"""`PRAGMA application_id`, "NXTR": tells our files from another program's."""

CHECKED: Final = 32 << 20
"""Bytes up to which a database is checked whole at the start: a tenth of a second."""

BUSY_MS: Final = 2000
"""How long a connection waits for another of this process; no other process has the file."""

# FULL syncs the log at every commit, NORMAL at checkpoints only.
_SYNCHRONOUS: Final = {"power": "FULL", "process": "NORMAL"}


@dataclass(frozen=True, slots=True)
class File:
    """An existing database file, and how it is written.

    `vfs` names a file layer registered with SQLite, for whoever tests what a
    disk may do; None is the system's.
    """

    path: Path
    durability: Durability
    vfs: str | None = None

    def reader(self) -> apsw.Connection:
        """A connection that can only read."""
        return self._connect(apsw.SQLITE_OPEN_READONLY)

    def writer(self, durability: Durability | None = None) -> apsw.Connection:
        """A connection that writes, with this durability or another one."""
        connection = self._connect(apsw.SQLITE_OPEN_READWRITE)
        connection.wal_autocheckpoint(0)  # checkpoints have a task of their own
        connection.pragma("secure_delete", True)
        connection.pragma("synchronous", _SYNCHRONOUS[durability or self.durability])
        return connection

    def _connect(self, flags: int) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=flags, vfs=self.vfs)
        connection.set_busy_timeout(BUSY_MS)
        return connection


def discard(connection: apsw.Connection) -> None:
    """Close it whatever the disk says; what it had committed stays so."""
    with suppress(apsw.Error):
        connection.close(True)


def prepare(
    file: File, boot: str, new_epoch: Callable[[], str], schema: tuple[str, ...] = SCHEMA
) -> None:
    """Check the database, create or migrate it, and note that a process has it now.

    All of that is on disk when this returns, whatever the durability. Raises
    `SettingsError`, having changed nothing, where the file is damaged, of
    another program, or newer than this one.
    """
    _inspect(file, len(schema))
    try:
        connection = file.writer("power")
        try:
            connection.pragma("journal_mode", "wal")
            migrate(connection, schema)
            with connection:
                _begin_run(connection, file.durability, boot, new_epoch)
            empty_log(connection)
        finally:
            discard(connection)
    except apsw.Error as error:
        raise _unusable(file.path, error) from None


def _unusable(path: Path, error: apsw.Error) -> SettingsError:
    return SettingsError(
        f"can't open {path}: {type(error).__name__}; see that the disk has room and takes "
        "writes, or choose another folder with --data"
    )


def _inspect(file: File, newest: int) -> None:
    path = file.path
    size = path.stat().st_size
    if size == 0:
        return
    try:
        connection = file.reader()
        try:
            application = connection.pragma("application_id")
            version = connection.pragma("user_version")
            sound = size > CHECKED or connection.pragma("quick_check", 1) == "ok"
        finally:
            connection.close()
    except (apsw.NotADBError, apsw.CorruptError):
        sound, application, version = False, APPLICATION, 0
    except apsw.Error as error:
        raise _unusable(path, error) from None
    if not sound:
        raise SettingsError(
            f"{path} is damaged or not a database; nothing was changed. Copy the folder, then "
            "restore it from a backup, or salvage what can be read with the command sqlite3 "
            f"{path} .recover, or begin anew with another --data"
        )
    if application != APPLICATION and (application, version) != (0, 0):
        raise SettingsError(f"{path} is another program's database; choose another --data")
    if version > newest:
        raise SettingsError(
            f"{path} was written by a newer version of this program (schema {version}, this one "
            f"knows {newest}); install that version, or choose another --data"
        )


def migrate(connection: apsw.Connection, schema: tuple[str, ...] = SCHEMA) -> None:
    """Do the scripts that the database has not had, each with its number in one transaction."""
    for number in range(connection.pragma("user_version"), len(schema)):
        script = files("nexus_trio.store").joinpath(schema[number]).read_text("utf-8")
        with connection:
            connection.execute(script)
            connection.pragma("application_id", APPLICATION)
            connection.pragma("user_version", number + 1)


def _begin_run(
    connection: apsw.Connection, durability: Durability, boot: str, new_epoch: Callable[[], str]
) -> None:
    """Give every stream a new epoch where its last writes may be lost.

    That is after the machine itself went down under durability `process`: what
    clients have seen may be ahead of what is here (I18).
    """
    row = connection.execute("SELECT boot, durability, clean FROM run").fetchone()
    before, kept, clean = row or ("", "", 1)
    if not clean and kept == "process" and (before != boot or not boot):
        for table in ("sessions", "rooms"):
            keys = connection.execute(f"SELECT id FROM {table}").fetchall()
            connection.executemany(
                f"UPDATE {table} SET epoch = ? WHERE id = ?",
                ((new_epoch(), key) for (key,) in keys),
            )
    connection.execute("UPDATE run SET boot = ?, durability = ?, clean = 0", (boot, durability))


def end_run(connection: apsw.Connection) -> None:
    """Note that the database was closed in good order, and fold the log into it."""
    connection.pragma("synchronous", "FULL")
    connection.execute("UPDATE run SET clean = 1")
    empty_log(connection)


def empty_log(connection: apsw.Connection) -> None:
    """Fold the log into the database and cut it to nothing. Raises `BusyError` where it can't."""
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
