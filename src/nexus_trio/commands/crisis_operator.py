"""`nexus-trio crisis report` and `protocol`: what an operator shows to whoever may ask."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import trio
import typer

from nexus_trio.commands.asking import asking
from nexus_trio.commands.base import Config, Data, Json
from nexus_trio.commands.output import dumps, output_checked, stdout
from nexus_trio.control.client import ask_server
from nexus_trio.control.protocol import Part, Request
from nexus_trio.crisis import LEXICON
from nexus_trio.crisis.protocol import markdown
from nexus_trio.crisis.report import Report, Row
from nexus_trio.errors import NexusError, SettingsError
from nexus_trio.runtime.care import Care
from nexus_trio.settings import load

Since = Annotated[
    str | None,
    typer.Option(
        metavar="DAY",
        help="The first day, YYYY-MM-DD (UTC). Default: 1 January of the last.",
        show_default=False,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="DAY", help="The last day, itself included. Default: today.", show_default=False
    ),
]


def report(
    since: Since = None,
    until: Until = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Count detections and referrals of a period, from the ledger: no names, no text."""
    first, last = _period(since, until)
    found: list[Row] = []

    async def take(parts: Sequence[Part]) -> None:
        for _, each in parts:
            found.append(Row(**{**each, "day": date.fromisoformat(each["day"])}))

    with asking(data, config) as ask:
        ask(Request("ledger", period=(first, last)), take)
        made = Report(first, last, tuple(found))
        stdout(dumps(made.document()) + "\n" if as_json else made.markdown())


def protocol(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """The crisis protocol as Markdown, to be published: of the folder's server, else as set."""
    settings = load({"data": data}, os.environ, config).settings
    found: dict[str, Any] = {}

    async def take(parts: Sequence[Part]) -> None:
        for _, each in parts:
            found.update(each)

    try:
        running = trio.run(ask_server, Path(settings.data), Request("protocol"), take)
    except NexusError as error:
        raise SettingsError(error.detail) from None
    if not running:
        text = markdown(Care(settings).configured(version("nexus-trio")))
        found = {"protocol": text, "lexicon": LEXICON}
    with output_checked():
        whole = {**found, "running": running}
        stdout(dumps(whole) + "\n" if as_json else found["protocol"])


def _period(since: str | None, until: str | None) -> tuple[date, date]:
    """The days that are asked for; by default this year up to today."""
    today = datetime.now(UTC).date()
    last = today if until is None else _day("--until", until)
    first = date(last.year, 1, 1) if since is None else _day("--since", since)
    if first > last and until is None:
        raise SettingsError(f"--since {first} is behind today, {last} (UTC); give an earlier day")
    if first > last:
        raise SettingsError(f"--since {first} is behind --until {last}; swap them")
    return first, last


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{option} must be a day, written YYYY-MM-DD") from None
