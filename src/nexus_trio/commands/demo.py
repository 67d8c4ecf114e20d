"""`nexus-trio demo`: the product in one line."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from typing import Annotated, Final

import typer

from nexus_trio.commands.base import Unmet
from nexus_trio.commands.chat import JsonLines, NoColor, Plain, User, run

SECONDS: Final = 20.0
"""How long it runs where nobody is there to leave: long enough for each visitor to have spoken."""

HELP: Final = """See it work: a server, five visitors, and a chat in their midst.

The server has a free port and a temporary folder, and the personas are
scripted: no network, no key, and nothing is left behind. The visitors of the
script wander through the rooms and talk; whoever speaks to a persona by name
is answered aloud. You may do all that 'nexus-trio chat' can: see its --help
for the commands and keys.

\b
Where input or output is no terminal it shows what happens for 20 seconds, or
for --seconds.

\b
Examples:
  nexus-trio demo
  nexus-trio demo --plain --seconds 60
  nexus-trio demo --json --seconds 10 < /dev/null

\b
Environment:
  NO_COLOR      if not empty, no colours
  TERM          dumb: plain lines
  USER          your name, where none is given

\b
Exit status:
  0             you left, by Ctrl-C or otherwise, or the seconds were over
  1             the connection was lost for good
  2             wrong use
  141           nobody reads the output
"""


def demo(
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="How long it runs. Default: until you leave."),
    ] = None,
    user: User = None,
    no_color: NoColor = False,
    plain: Plain = False,
    as_json: JsonLines = False,
) -> None:
    """See `HELP`."""
    from nexus_trio.terminal.demo import demo as run_demo
    from nexus_trio.terminal.start import manner_of, named

    manner = manner_of(os.environ, plain=plain, colour=not no_color, as_json=as_json)
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        manner = replace(manner, watching=True)
        seconds = SECONDS if seconds is None else seconds
    who = named(user, os.environ)
    outcome = run(partial(run_demo, who, manner, seconds, os.environ))
    if outcome.over is not None:
        raise Unmet(outcome.over)
