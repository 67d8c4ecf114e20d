"""The screen of a terminal: what was said scrolls above a prompt that stays where it is.

prompt_toolkit reads keys and draws the prompt on an asyncio loop, in a thread of
its own; the conversation stays on trio. All that crosses is handed over: a call to
the loop and an event back, or a call to trio. Nothing is shared but immutable values.

The window is small: the answer that is being written, what is waited for, and the
prompt. Whatever is whole is printed above and never touched again, so it is in the
terminal's own scrollback, and a screen reader reads it once. A changed width alone
draws the last screenful anew.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import trio
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from nexus_trio.terminal.board import Board
from nexus_trio.terminal.items import Item
from nexus_trio.terminal.painting import STYLES, Row, painted
from nexus_trio.terminal.view import Place

KEPT: Final = 200
"""Items that are kept to draw a screenful anew: more than any screen has."""

DELAY_S: Final = 0.3
"""What is over sooner is not said to be waited for: the line would only flicker."""

Typed = Callable[[str], None]
Pressed = Callable[[], None]


class Screen:
    """A `View` on a terminal; `open_screen` makes one.

    Each call returns when the terminal has been written to. Once the screen is
    closed calls wait for ever: whoever closes it ends them.
    """

    def __init__(self, *, colour: bool, typed: Typed, stop: Pressed, leave: Pressed) -> None:
        self._colour = colour
        self._typed, self._stop, self._leave = typed, stop, leave
        self._trio = trio.lowlevel.current_trio_token()
        # Set in the screen's thread before `_begun`, and read by both from then on.
        self._loop: asyncio.AbstractEventLoop
        self._app: Application[None]
        self._output: Output
        self._board: Board
        self._style = Style.from_dict(STYLES)
        # The thread's alone.
        self._items: deque[Item] = deque(maxlen=KEPT)
        self._width = 0
        self._later: asyncio.TimerHandle | None = None

    # --- the view, called from trio ---

    async def show(self, item: Item) -> None:
        """Print it above the prompt."""
        await self._in_loop(self._print, item)

    async def grow(self, item: Item | None) -> None:
        """Draw it right above the prompt."""
        await self._in_loop(self._grow, item)

    async def settle(self, item: Item) -> None:
        """Print it, and draw it no more."""
        await self._in_loop(self._settle, item)

    async def status(self, text: str) -> None:
        """Draw it above the prompt, where it lasts."""
        await self._in_loop(self._wait, text)

    def place(self, place: Place) -> None:
        """The prompt's words, and the names that Tab completes."""
        with suppress(RuntimeError):  # the loop has ended: nobody is there to see it
            self._loop.call_soon_threadsafe(self._set_place, place)

    async def resized(self) -> None:
        """The terminal has another size."""
        await self._in_loop(self._resize)

    async def _in_loop(self, function: Callable[..., None], *arguments: object) -> None:
        done = trio.Event()

        def perform() -> None:
            try:
                function(*arguments)
            finally:  # what goes wrong ends the screen, by `_broken`
                self._to_trio(done.set)

        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(perform)
        await done.wait()

    # --- the thread ---

    async def _run(self, task_status: trio.TaskStatus[None]) -> None:
        """Run the screen until `_close`, or until the terminal goes away: then the user leaves."""
        begun = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_pass_on, begun, task_status)
            with trio.CancelScope(shield=True):  # it ends when it is closed
                await trio.to_thread.run_sync(self._thread, begun)
            nursery.cancel_scope.cancel()
        self._leave()

    def _thread(self, begun: trio.Event) -> None:
        # Not in trio's context: asyncio is asked for here, by whoever asks which it is.
        contextvars.Context().run(asyncio.run, self._main(begun))

    async def _main(self, begun: trio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        source = create_input(sys.stdin)
        self._loop.set_exception_handler(self._broken)
        # Not asked where its cursor is: what was typed meanwhile would mix with its answer.
        self._output = Vt100_Output(
            sys.stdout, _size, term=os.environ.get("TERM"), enable_cpr=False
        )
        self._app = self._application(source, self._output)
        with suppress(EOFError):  # the terminal was closed
            await self._app.run_async(
                pre_run=lambda: self._to_trio(begun.set),
                handle_sigint=False,
                set_exception_handler=False,
            )

    def _broken(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Whatever is raised in the loop ends it, and is raised where the screen was opened."""
        error = context.get("exception")
        if error is None or self._app.is_done or not self._app.is_running:
            loop.default_exception_handler(context)
        else:
            self._app.exit(exception=error)

    def _application(self, source: Input, output: Output) -> Application[None]:
        self._board = Board(
            typed=lambda text: self._to_trio(self._typed, text),
            stop=lambda: self._to_trio(self._stop),
            leave=lambda: self._to_trio(self._leave),
            choices=self._print,
            size=output.get_size,
        )
        self._width = output.get_size().columns
        return Application(
            layout=self._board.layout,
            key_bindings=self._board.keys,
            style=self._style,
            color_depth=self._depth,
            include_default_pygments_style=False,
            erase_when_done=True,
            # Trio hears of a new size; two hearers would draw at odds.
            terminal_size_polling_interval=None,
            input=source,
            output=output,
        )

    @property
    def _depth(self) -> ColorDepth:
        # Bold and reversed are no colours: a notice stays as plain to see.
        return ColorDepth.DEPTH_4_BIT if self._colour else ColorDepth.DEPTH_1_BIT

    def _to_trio(self, function: Callable[..., object], *arguments: object) -> None:
        with suppress(trio.RunFinishedError):
            self._trio.run_sync_soon(function, *arguments)

    def _close(self) -> None:
        def close() -> None:
            if self._app.is_running and not self._app.is_done:
                self._app.exit()

        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(close)

    # --- in the loop ---

    def _print(self, item: Item) -> None:
        self._items.append(item)
        self._app.renderer.erase()
        self._write(painted(item, self._columns))
        self._app.invalidate()

    def _grow(self, item: Item | None) -> None:
        self._board.growing = item
        self._app.invalidate()

    def _settle(self, item: Item) -> None:
        self._board.growing = None
        self._print(item)

    def _wait(self, text: str) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if text and not self._board.status:
            self._later = self._loop.call_later(DELAY_S, self._set_status, text)
        else:
            self._set_status(text)

    def _set_status(self, text: str) -> None:
        if self._board.status != text:
            self._board.status = text
            self._app.invalidate()

    def _set_place(self, place: Place) -> None:
        self._board.place = place
        self._app.invalidate()

    def _resize(self) -> None:
        size = self._output.get_size()
        if size.columns != self._width:
            self._width = size.columns
            self._draw_anew(size.rows)
        self._app.invalidate()

    def _draw_anew(self, height: int) -> None:
        """Print the last screenful at the new width: what was there is cut at the old one."""
        rows: list[Row] = []
        for item in reversed(self._items):
            rows[:0] = painted(item, self._columns)
            if len(rows) >= height:
                break
        below = self._board.height()
        self._output.erase_screen()
        self._output.cursor_goto(1, 1)
        self._app.renderer.reset()
        self._write(rows[-max(1, height - below - 1) :])

    @property
    def _columns(self) -> int:
        # One is left free: some terminals go to the next row once the last column is taken.
        return max(1, self._width - 1)

    def _write(self, rows: list[Row]) -> None:
        pieces: StyleAndTextTuples = []
        for row in rows:
            pieces += [*row, ("", "\n")]
        print_formatted_text(self._output, pieces, self._style, color_depth=self._depth)


def _size() -> Size:
    found = os.get_terminal_size(sys.stdout.fileno())
    # Some terminals do not know (0 by 0): then as the first ones were.
    return Size(rows=found.lines or 24, columns=found.columns or 80)


async def _pass_on(begun: trio.Event, task_status: trio.TaskStatus[None]) -> None:
    await begun.wait()
    task_status.started()


@asynccontextmanager
async def open_screen(
    *, colour: bool, typed: Typed, stop: Pressed, leave: Pressed
) -> AsyncIterator[Screen]:
    """A screen on standard input and output, until the context ends: then both are as before.

    `typed` gets each line, `stop` is for Ctrl-C, `leave` for Ctrl-D and for a
    terminal that goes away; all are called in trio, and may not wait.
    """
    screen = Screen(colour=colour, typed=typed, stop=stop, leave=leave)
    async with trio.open_nursery() as nursery:
        await nursery.start(screen._run)
        try:
            yield screen
        finally:
            screen._close()
