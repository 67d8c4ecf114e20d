"""`nexus-trio sessions`: an operator's view of what is held of whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from nexus_trio.commands.asking import asking
from nexus_trio.commands.base import Config, Data, Json
from nexus_trio.commands.output import (
    Columns,
    Document,
    Write,
    dumps,
    say,
    stdout,
    whole_file,
)
from nexus_trio.control.protocol import Part, Request

app = typer.Typer(
    help="Look at what is held of whom, export it, erase it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

User = Annotated[str, typer.Argument(metavar="USER", help="The user_id.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option(
        help="Write to this file, private and whole, or not at all. Default: stdout.",
        show_default=False,
    ),
]


@app.command("list")
def list_sessions(data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """All sessions, stored and live, by user id."""
    with asking(data, config) as ask:
        shown: _JsonListing | _Listing = _JsonListing() if as_json else _Listing()
        ask(Request("list"), shown.take)
        shown.end()


@app.command()
def show(user: User, data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """One session, without its words."""
    with asking(data, config, user) as ask:
        found = _One()
        ask(Request("show", user), found.take)
        if as_json:
            stdout(dumps(found.value) + "\n")
        else:
            say(_session_text(found.value))


@app.command()
def export(
    user: User,
    output: Output = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Everything held of a user, as one JSON document."""
    with asking(data, config, user) as ask:
        with nullcontext(stdout) if output is None else whole_file(output) as write:
            exported = _Export(write)
            ask(Request("export", user), exported.take)
            exported.end()
        if output is None:
            return
        if as_json:
            stdout(dumps({"written": str(output), **exported.counts}) + "\n")
        else:
            say(f"wrote everything held of {user} to {output}: {_counted(exported.counts)}")


@app.command()
def erase(user: User, data: Data = None, config: Config = None, as_json: Json = False) -> None:
    """Remove everything held of a user. It can't be undone."""
    with asking(data, config, user) as ask:
        found = _One()
        ask(Request("erase", user), found.take)
        if as_json:
            stdout(dumps({"erased": found.value}) + "\n")
        else:
            say(f"erased everything held of {user}: {_counted(found.value)}")


class _One:
    """Takes the one part of an answer."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}

    async def take(self, parts: Sequence[Part]) -> None:
        for _, self.value in parts:
            pass


class _JsonListing:
    """Prints sessions as one JSON object."""

    def __init__(self) -> None:
        self._document = Document(stdout, ("sessions",))
        self._count = 0

    async def take(self, parts: Sequence[Part]) -> None:
        for _, session in parts:
            self._document.item("sessions", session)
        self._count += len(parts)

    def end(self) -> None:
        self._document.end({"count": self._count})


class _Listing:
    """Prints sessions as a table."""

    TITLES = ("USER", "STATE", "ROOM", "CONNECTIONS", "MESSAGES", "LAST ACTIVE")

    def __init__(self) -> None:
        self._table = Columns(self.TITLES, right=frozenset((3, 4)))
        self._seen = Counter[str]()

    async def take(self, parts: Sequence[Part]) -> None:
        rows = [_row(session) for _, session in parts]
        self._seen.update(row[1] for row in rows)
        if rows:
            self._table.rows(rows)

    def end(self) -> None:
        live, count = self._seen["live"], self._seen.total()
        say(f"{_several(count, 'session')}, {live:,} live" if count else "no sessions are held")


class _Export:
    """Writes an export as one JSON object."""

    def __init__(self, write: Write) -> None:
        self._document = Document(write, ("turns", "events"))
        self.counts = {"turns": 0, "events": 0}

    async def take(self, parts: Sequence[Part]) -> None:
        for name, value in parts:
            if name == "head":
                self._document.fields(value)
            else:
                self._document.item(f"{name}s", value)
                self.counts[f"{name}s"] += 1

    def end(self) -> None:
        self._document.end()


def _row(session: dict[str, Any]) -> tuple[str, ...]:
    return (
        session["user_id"],
        "live" if session["live"] else "stored",
        session["room"] or "-",
        str(session["connections"]),
        str(session["session_messages"]),
        _moment(session["last_active"]),
    )


def _session_text(session: dict[str, Any]) -> str:
    state = "stored"
    if session["live"]:
        state = f"live, {_several(session['connections'], 'connection')}"
    messages = str(session["session_messages"])
    if session.get("unfinished"):
        messages += ", the last one not answered yet"
    shown = {
        "user": session["user_id"],
        "name": session.get("username") or "-",
        "session": session["session_id"],
        "state": state,
        "room": session["room"] or "-",
        "messages": messages,
        "created": _moment(session["created_at"]),
        "last active": _moment(session["last_active"]),
        "crisis level": session["crisis_level"],
        "position": session.get("position", "-"),
    }
    return "\n".join(f"{name:<13} {value}" for name, value in shown.items())


def _moment(text: str) -> str:
    """A time to the second, for people."""
    return text[:19].replace("T", " ") + " UTC"


def _counted(counts: dict[str, Any]) -> str:
    return f"{_several(counts['turns'], 'turn')}, {_several(counts['events'], 'event')} in rooms"


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
