"""The commands. Each writes errors to stderr as one plain line that says what to do.

Exit statuses: 0 success, 1 what was checked does not hold, 2 wrong use.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import trio
import typer
from rich.console import Console
from rich.table import Table

from nexus_trio import __version__
from nexus_trio.commands.base import Config, Data, Json, Unmet, first
from nexus_trio.commands.chat import HELP as CHAT
from nexus_trio.commands.chat import chat
from nexus_trio.commands.crisis import app as crisis_app
from nexus_trio.commands.demo import HELP as DEMO
from nexus_trio.commands.demo import demo
from nexus_trio.commands.sessions import app as sessions_app
from nexus_trio.errors import SettingsError
from nexus_trio.settings import Loaded, Settings, load, rows

app = typer.Typer(
    name="nexus-trio",
    help="A server through which people talk with AI personas in shared rooms.",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="The settings in force.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config_app, name="config")
app.add_typer(sessions_app, name="sessions")
app.add_typer(crisis_app, name="crisis")
app.command(help=DEMO, short_help="See it work: a server, five visitors, and you.")(demo)
app.command(help=CHAT, short_help="Talk in the terminal.")(chat)

Host = Annotated[str | None, typer.Option(help="The address to listen on. Default 127.0.0.1.")]
Transport = Annotated[
    str | None, typer.Option(help="lane, or hypercorn: who speaks with clients. Default lane.")
]
Certfile = Annotated[
    str | None, typer.Option(help="A certificate with its chain, in PEM: serves HTTPS.")
]
Keyfile = Annotated[str | None, typer.Option(help="Its private key, in PEM.")]
Port = Annotated[int | None, typer.Option(help="The port; 0 takes a free one. Default 4004.")]


LATER = frozenset({"token"})
"""Commands that are announced and not built yet: asking for one says so."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit status."""
    try:
        status = app(arguments, standalone_mode=False)
    except SettingsError as error:
        fail(str(error), 2)
    except Unmet as error:
        fail(str(error), 1)
    except _WRONG_USE as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
            sys.exit(2)
        given = sys.argv[1:] if arguments is None else arguments
        for command in (" ".join(given[:1]), " ".join(given[:2])):
            if command in LATER:
                fail(f"this version does not have the command {command!r} yet", 2)
        where = error.ctx.command_path if error.ctx is not None else "nexus-trio"
        fail(f"{error.format_message().rstrip('.')}; see '{where} --help'", 2)
    sys.exit(status if isinstance(status, int) else 0)


# The base class of wrong use is not among typer's public names; its subclass is.
_WRONG_USE: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def fail(line: str, status: int) -> NoReturn:
    """Say what is wrong on stderr, in one line, and exit."""
    print(f"nexus-trio: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(status)


def show_version(wanted: bool) -> None:
    """`--version`."""
    if wanted:
        print(f"nexus-trio {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A server through which people talk with AI personas in shared rooms."""


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    certfile: Certfile = None,
    keyfile: Keyfile = None,
    transport: Transport = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run the server until SIGTERM or Ctrl-C; a second one exits at once."""
    flags = {"host": host, "port": port, "data": data, "transport": transport}
    flags |= {"certfile": certfile, "keyfile": keyfile}
    settings = load(flags, os.environ, config).settings
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        trio.run(partial(_serve, settings, as_json=as_json))
    except BaseExceptionGroup as group:
        # Refusing to start is wrong use, and one plain line; all else is a
        # crash, with its traceback and exit status 1.
        if group.split(SettingsError)[1] is None:
            raise first(group) from None
        raise


async def _serve(settings: Settings, *, as_json: bool) -> None:
    from nexus_trio.server import serve as run_server  # the web stack loads only where it is run

    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(partial(_until_done, nursery, run_server, settings, stop))
            nursery.start_soon(_listen_for_signals, signals, stop)
            line = json.dumps({"listening": url}) if as_json else f"nexus-trio listening on {url}"
            print(line, flush=True)


async def _until_done(
    nursery: trio.Nursery,
    run_server: Any,
    settings: Settings,
    stop: trio.Event,
    task_status: trio.TaskStatus[str],
) -> None:
    await run_server(settings, shutdown=stop, task_status=task_status)
    nursery.cancel_scope.cancel()


async def _listen_for_signals(signals: Any, stop: trio.Event) -> None:
    async for number in signals:
        if stop.is_set():
            # At once means at once: whatever hangs may hang in cleaning up.
            os._exit(128 + number)
        stop.set()


@app.command()
def experiment(
    url: Annotated[
        str | None, typer.Option(help="The server to test. Default: one of its own.")
    ] = None,
    users: Annotated[int, typer.Option(min=1, max=1000, help="How many at once.")] = 5,
    messages: Annotated[int, typer.Option(min=1, max=10_000, help="Messages of each.")] = 20,
    transport: Annotated[str, typer.Option(help="http or ws.")] = "http",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON; - for stdout.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", help="Write the report as Markdown.")
    ] = None,
) -> None:
    """Let users talk all at once and check that no one sees another's words."""
    if transport not in ("http", "ws"):
        raise SettingsError("--transport must be http or ws")
    from nexus_trio.experiment.command import run_and_report
    from nexus_trio.experiment.report import markdown

    result = trio.run(run_and_report, url, users, messages, transport)
    text = markdown(result)
    if markdown_file is not None:
        write(markdown_file, text)
    if json_file is not None:
        write(json_file, result.to_json())
    if json_file != Path("-") and markdown_file != Path("-"):
        print(text)
    failed = [check.name for check in result.checks if not check.passed]
    if failed:
        raise Unmet(f"{len(failed)} of {len(result.checks)} checks failed: {'; '.join(failed)}")


def write(path: Path, text: str) -> None:
    """Write a report; `-` is stdout."""
    if path == Path("-"):
        print(text, end="")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"can't write {path}: {error.strerror}; choose another file") from None


@config_app.command("show")
def config_show(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The settings in force and where each came from; secrets masked."""
    loaded = load({"host": host, "port": port, "data": data}, os.environ, config)
    table = rows(loaded)
    if as_json:
        print(json.dumps({"settings": table}, indent=2))
    else:
        Console().print(_settings_table(loaded, table))


def _settings_table(loaded: Loaded, table: list[dict[str, Any]]) -> Table:
    shown = Table("setting", "value", "from", "why", title=None)
    for row in table:
        shown.add_row(row["name"], str(row["value"]), row["source"], row["reason"])
    return shown


@app.command()
def openapi(as_json: Json = True) -> None:
    """The OpenAPI 3.1 document of the HTTP calls."""
    print(json.dumps(trio.run(_document), indent=2))


async def _document() -> dict[str, Any]:
    from nexus_trio.server import open_hub
    from nexus_trio.web.app import create_app
    from nexus_trio.web.openapi import document

    async with open_hub(Settings(durability="memory")) as hub:
        return document(create_app(hub))
