"""`nexus-trio chat`: the terminal client."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Final, TypeVar

import trio
import typer

from nexus_trio.commands.base import Unmet, first
from nexus_trio.errors import SettingsError
from nexus_trio.settings import load

T = TypeVar("T")

INTERRUPTED: Final = 130
"""What shells give a command that was ended by Ctrl-C."""

NO_READER: Final = 141
"""What they give one whose output nobody reads any more."""

Url = Annotated[
    str | None,
    typer.Option(help="The server. Default http://127.0.0.1:4004.", show_default=False),
]
User = Annotated[
    str | None,
    typer.Option(help="Who you are: letters, digits, '.', '_', '-'.", show_default=False),
]
Username = Annotated[
    str | None,
    typer.Option(help="The name that others see. Default: the user.", show_default=False),
]
Room = Annotated[
    str | None,
    typer.Option(help="The room to go to. Default: where you were.", show_default=False),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours, as with NO_COLOR set.")]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Plain lines, nothing drawn over: for screen readers."),
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Plain, and each thing that happens a line of JSON.")
]

HELP: Final = """Talk in the terminal: your persona's replies, and what happens in the room.

What you write goes to the persona of your room, and nobody else reads it.
/say WORDS is heard by all in the room, /help lists the other commands.

\b
Without --user it asks for a name, or takes $USER. Where no server answers at
the default address it offers to start one, until you leave, with the data
folder of 'nexus-trio serve'. Where nobody can be asked, it starts one that
keeps nothing. The address is that of NEXUS_HOST and NEXUS_PORT, if set.

\b
Commands:
  /help         what can be typed
  /look         the room, its ways out, and who is here
  /go ROOM      go to another room
  /say WORDS    say something aloud
  /stop         end the answer that is being written
  /quit         leave

\b
Keys:
  Ctrl-C        stop the answer; when none is being written, leave
  Ctrl-D        leave
  Up, Down      what you wrote before (kept in memory alone)
  Tab           complete a command, a room or a name

\b
Pipes: where input or output is no terminal, each line of the input is a
message, sent when the one before is answered. The answers go to standard
output, all else that happens to standard error; with --json everything is a
line of JSON on standard output.

\b
Examples:
  nexus-trio chat
  nexus-trio chat --user ada --room Library
  nexus-trio chat --url http://127.0.0.1:4005 --user ada --plain
  echo "hello" | nexus-trio chat --user ada
  nexus-trio chat --user ada --json < questions.txt

\b
Environment:
  NO_COLOR      if not empty, no colours
  TERM          dumb: plain lines
  USER          your name, where none is given
  NEXUS_*       settings of a server that this command starts

\b
Exit status:
  0             you left, or the input ended and all of it was answered
  1             a line of a pipe has no answer, or the connection is over for good
  2             wrong use: no such server, a user or an option that can't be
  130           a pipe was interrupted; 141: nobody reads the output
"""


def chat(
    url: Url = None,
    user: User = None,
    username: Username = None,
    room: Room = None,
    no_color: NoColor = False,
    plain: Plain = False,
    as_json: JsonLines = False,
) -> None:
    """See `HELP`."""
    # Loaded only where it is run: it brings the server and the screen.
    from nexus_trio.terminal.start import Wanted, manner_of
    from nexus_trio.terminal.start import chat as run_chat

    settings = load({}, os.environ, None).settings
    manner = manner_of(os.environ, plain=plain, colour=not no_color, as_json=as_json)
    wanted = Wanted(url, user, username, room, settings, manner, os.environ)
    outcome = run(partial(run_chat, wanted))
    if outcome.over is not None:
        raise Unmet(outcome.over)
    if outcome.interrupted:
        raise SystemExit(INTERRUPTED)
    if outcome.failed and not wanted.asks:
        raise SystemExit(1)


def run(function: Callable[[], Awaitable[T]]) -> T:
    """Run it under trio. An end by the user, or by whoever reads the output, is no crash."""
    from nexus_trio.terminal.plain import OutputGone

    try:
        return trio.run(function)
    except BaseExceptionGroup as group:
        plainly = (SettingsError, OutputGone, KeyboardInterrupt)
        if group.split(plainly)[1] is not None:
            raise
        error = first(group)
    except (OutputGone, KeyboardInterrupt) as alone:
        error = alone
    if isinstance(error, OutputGone):
        raise SystemExit(NO_READER)
    if isinstance(error, KeyboardInterrupt):
        raise SystemExit(INTERRUPTED)
    raise error
