"""How a command asks in a data folder, and ends in plain words where that goes wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import trio

from nexus_trio.commands.base import Unmet
from nexus_trio.commands.folder import perform
from nexus_trio.commands.output import output_checked
from nexus_trio.control.protocol import Request, Tell
from nexus_trio.errors import NexusError, NotFound, SettingsError
from nexus_trio.model import fields
from nexus_trio.settings import load

Ask = Callable[[Request, Tell], None]

INTERRUPTED = 130
"""What shells give a command that was ended by Ctrl-C."""


@contextmanager
def asking(data: str | None, config: Path | None, user: str | None = None) -> Iterator[Ask]:
    """Ask in the data folder of these settings. What goes wrong ends the command in plain words."""
    settings = load({"data": data}, os.environ, config).settings
    if settings.durability == "memory":
        raise SettingsError(
            "with durability memory all is in the server's memory alone, where commands can't see "
            "it: ask the server over HTTP, or set another NEXUS_DURABILITY"
        )
    try:
        if user is not None:
            fields.user_id(user)
        with output_checked():
            yield partial(_ask, Path(settings.data))
    except NotFound as error:
        raise Unmet(f"{user}: {error.detail}; see 'nexus-trio sessions list'") from None
    except NexusError as error:
        raise SettingsError(error.detail) from None


def _ask(folder: Path, request: Request, tell: Tell) -> None:
    interrupted = False
    try:
        trio.run(perform, folder, request, tell)
    except* KeyboardInterrupt:
        interrupted = True
    if interrupted:
        raise SystemExit(INTERRUPTED)
