"""How a command comes to what is in a data folder: through its server, or by itself.

A folder with a server is the server's alone. One without is opened as a server
would open it, for the moment that the command takes.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable
from pathlib import Path
from typing import Final, TypeVar

import trio

from nexus_trio.control.client import ask_server
from nexus_trio.control.desk import answer
from nexus_trio.control.protocol import Request, Tell
from nexus_trio.errors import NexusError, NotFound, SettingsError, StoreUnavailable
from nexus_trio.model.envelope import Erased
from nexus_trio.runtime.records import Records
from nexus_trio.store.base import Store
from nexus_trio.store.folder import DATABASE, InUse
from nexus_trio.store.sqlite import open_store

T = TypeVar("T")

TURNOVER_S: Final = 10.0
"""How long a server may take to start or to end: meanwhile it has the folder, and no ear."""

AGAIN_S: Final = 0.05

DOWN_S: Final = 5
"""Seconds without a disk that takes writes after which an erasure is given up."""

ERASE_S: Final = 600
"""Seconds for an erasure on a disk that works: enough for a hundred GB."""

_FOR_EVER: Final = 1e6
"""No commit is overdue: nobody else waits, and whoever does can press Ctrl-C."""


async def perform(folder: Path, request: Request, tell: Tell) -> None:
    """Do what is asked in `folder`, and tell the parts of the answer.

    Makes no folder. Raises a `NexusError` where it can't be done, such as
    `NotFound`, and `SettingsError` where the folder can't be used.
    """
    _require(folder)
    deadline = trio.current_time() + TURNOVER_S
    while not await ask_server(folder, request, tell):
        try:
            await _by_itself(folder, request, tell)
            return
        except InUse as busy:
            if trio.current_time() >= deadline:
                raise SettingsError(
                    f"process {busy.owner} has the data folder {folder} and answers no commands: "
                    "it starts, ends, or is a command itself; try again when it is done"
                ) from None
        # Neither an end nor a start of another process can be waited for.
        await trio.sleep(AGAIN_S)


def _require(folder: Path) -> None:
    try:
        (folder / DATABASE).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise SettingsError(
            f"{folder} is no data folder of a server; name one with --data "
            "(a server with durability memory has none)"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"can't look into {folder}: {error.strerror}; run this as the user that the "
            "server runs as, or name another folder with --data"
        ) from None


async def _by_itself(folder: Path, request: Request, tell: Tell) -> None:
    """Open the folder and do it. What goes wrong inside comes out as it is, in no group."""
    logging.getLogger("nexus_trio").addHandler(logging.NullHandler())  # errors say it all
    wrong: Exception | None = None
    async with open_store(folder, "power", _new_epoch, patience=_FOR_EVER) as store:
        try:
            await answer(Files(store), request, tell)
        except (NexusError, SettingsError, OSError) as error:
            wrong = error
    if wrong is not None:
        raise wrong


def _new_epoch() -> str:
    return secrets.token_hex(8)


class Files:
    """The desk of a folder that no server has. Nobody is live in it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.records = Records(store, _as_long_as_it_takes, lambda _: None, lambda _: False)

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        """Remove all that is held of the user, from the file's unused bytes too.

        Raises `NotFound` where nothing is held, and `StoreUnavailable` where the
        disk takes no writes. Cancelled, it may be done or not; the next opening
        finishes one that has begun.
        """
        await self.records.held(user_id)
        erased: Erased | None = None
        wrong: NexusError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._give_up_when_down, nursery.cancel_scope)
            try:
                erased = await self._store.erase(user_id)
            except NexusError as error:
                wrong = error
            nursery.cancel_scope.cancel()
        if erased is None:
            raise wrong or StoreUnavailable("the disk takes no writes; see to it, then erase again")
        return erased

    def protocol(self) -> dict[str, str]:
        """Raises `NotFound`: what runs nowhere has no protocol of its own."""
        raise NotFound("no server runs in this folder")

    async def _give_up_when_down(self, scope: trio.CancelScope) -> None:
        down = 0
        for _ in range(ERASE_S):
            await trio.sleep(1)
            down = 0 if self._store.healthy else down + 1
            if down == DOWN_S:
                break
        scope.cancel()


async def _as_long_as_it_takes(call: Awaitable[T]) -> T:
    return await call
