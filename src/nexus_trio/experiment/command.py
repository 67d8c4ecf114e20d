"""The experiment as a command runs it: against a server of its own where none is named."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from nexus_trio.errors import SettingsError
from nexus_trio.experiment.result import Result
from nexus_trio.experiment.run import run_experiment
from nexus_trio.experiment.wire import WireError

LISTENING = b"nexus-trio listening on "
START_DEADLINE = 30.0
"""Seconds in which the server of its own must accept connections."""


async def run_and_report(
    url: str | None, users: int, messages: int, transport: str = "http"
) -> Result:
    """Run the experiment with a progress bar on stderr.

    Raises `SettingsError` where the server can't be reached or started.
    """
    console = Console(stderr=True)
    run = partial(run_experiment, transport=transport)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("messages answered", total=users * messages)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            if url is not None:
                return await run(url, users, messages, progress=progress)
            async with own_server() as own:
                return await run(own, users, messages, progress=progress)
        except WireError as error:
            raise SettingsError(str(error)) from None


@asynccontextmanager
async def own_server() -> AsyncIterator[str]:
    """A server in a process of its own, on a free port and a temporary data folder: its URL.

    A process, so that the client and the server do not share one core's time.
    It ends with the context, at the latest after its grace period.
    """
    with tempfile.TemporaryDirectory(prefix="nexus-experiment-") as data:
        command = [sys.executable, "-m", "nexus_trio", "serve", "--port", "0", "--data", data]
        async with trio.open_nursery() as nursery:
            run = partial(trio.run_process, command, stdout=subprocess.PIPE, check=False)
            process: trio.Process = await nursery.start(run)
            try:
                yield await _url(process)
            finally:
                process.terminate()
                with trio.CancelScope(shield=True):
                    await process.wait()


async def _url(process: trio.Process) -> str:
    if process.stdout is None:
        raise ValueError("the server was started without a pipe for its output")
    said = b""
    with trio.move_on_after(START_DEADLINE):
        while b"\n" not in said:
            piece = await process.stdout.receive_some()
            if not piece:
                break
            said += piece
    line = said.partition(b"\n")[0]
    if not line.startswith(LISTENING):
        raise SettingsError("the server did not start; run 'nexus-trio serve --port 0' to see why")
    return line.removeprefix(LISTENING).decode()
