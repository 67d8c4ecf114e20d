"""What all commands share: their options, and how they say that something does not hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option("--config", help="A TOML file with settings.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable JSON.")]
Data = Annotated[str | None, typer.Option(help="The data folder. Default ./nexus-data.")]


class Unmet(Exception):
    """What a command checked does not hold. Exit status 1; the line says what."""


def first(error: BaseException) -> BaseException:
    """The first error in a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
