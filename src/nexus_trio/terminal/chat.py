"""One chat from its first connection to its end, on a screen or in plain lines."""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import trio

from nexus_trio.client import Client
from nexus_trio.terminal import items
from nexus_trio.terminal.plain import BESIDES, Plain, lines_of
from nexus_trio.terminal.screen import Screen, open_screen
from nexus_trio.terminal.talk import Talk

WAITING_LINES: Final = 64
"""Typed lines that wait to be looked at, each a moment. What is typed beyond is said to be lost."""

LEAVING: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)
RESIZED: Final = getattr(signal, "SIGWINCH", None)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a chat is shown.

    `screen`: on a terminal that can draw. `typed`: a person types in plain lines.
    With neither, standard input is a pipe or a file. `watching`: nobody types, and
    what happens is what is wanted.
    """

    screen: bool = False
    typed: bool = False
    watching: bool = False
    colour: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a chat ended. `over` says why the connection is over for good; `failed`: something that
    was asked has no answer; `interrupted`: Ctrl-C ended it while nobody typed."""

    over: str | None = None
    failed: bool = False
    interrupted: bool = False


async def converse(
    client: Client, user: str, manner: Manner, *, seconds: float | None = None
) -> Outcome:
    """Chat until the user leaves, the input ends, or the connection does; `seconds` at most.

    Raises `OutputGone` where the output's reader has gone, in a group.
    """
    chat = _OnScreen(client, user, manner) if manner.screen else _InLines(client, user, manner)
    with trio.move_on_after(math.inf if seconds is None else seconds):
        await chat.run()
    return chat.outcome()


class _Chat:
    """What both ways share: the talk, its events, signals, and the leaving."""

    def __init__(self, client: Client, user: str, manner: Manner) -> None:
        self.client, self.user, self.manner = client, user, manner
        # None while there is nothing to talk on: keys may be pressed before.
        self.talk: Talk | None = None
        self.interrupted = False
        self.left = trio.Event()
        self.nursery: trio.Nursery

    def outcome(self) -> Outcome:
        """How it ended."""
        if self.talk is None:
            return Outcome(interrupted=self.interrupted)
        over = None if self.talk.over is None else str(self.talk.over)
        return Outcome(over, self.talk.failed, self.interrupted)

    def stop(self) -> None:
        """Ctrl-C: ends the answer that is being written; leaves where none is."""
        turn = None if self.talk is None else self.talk.running()
        if self.talk is not None and turn is not None:
            self.nursery.start_soon(self.talk.stop, turn)
        else:
            self.left.set()

    @asynccontextmanager
    async def going_on(self, talk: Talk) -> AsyncIterator[None]:
        """Events are shown and signals heard; at the end all that runs is ended."""
        async with trio.open_nursery() as self.nursery:
            self.talk = talk
            self.nursery.start_soon(self.watch, talk)
            await self.nursery.start(self.signals)
            yield
            await talk.leave()
            self.nursery.cancel_scope.cancel()

    async def watch(self, talk: Talk) -> None:
        """Show what happens; when the connection is over for good, so is the chat."""
        await talk.watch()
        self.left.set()

    async def signals(self, task_status: trio.TaskStatus[None]) -> None:
        """Hear signals, those of the keyboard among them."""
        resized = () if RESIZED is None else (RESIZED,)
        with trio.open_signal_receiver(signal.SIGINT, *LEAVING, *resized) as heard:
            task_status.started()
            async for number in heard:
                if number == signal.SIGINT:
                    self.stop()
                elif number == RESIZED:
                    await self.resized()
                else:
                    self.left.set()

    async def resized(self) -> None:
        """The terminal has another size. Plain lines are its own to cut."""


class _OnScreen(_Chat):
    """On a terminal that can draw: lines are typed while others are still answered."""

    screen: Screen
    too_many = False

    async def run(self) -> None:
        """Until the user leaves, or the connection is over."""
        typed, lines = trio.open_memory_channel[str](WAITING_LINES)
        async with open_screen(
            colour=self.manner.colour,
            typed=partial(self.typed, typed),
            stop=self.stop,
            leave=self.left.set,
        ) as self.screen:
            talk = Talk(self.client, self.screen, self.user, keys=True)
            async with self.going_on(talk):
                await talk.enter(look=True)
                self.nursery.start_soon(self.lines, talk, lines)
                await self.left.wait()

    def typed(self, typed: trio.MemorySendChannel[str], text: str) -> None:
        """A line from the screen. Never waits."""
        try:
            typed.send_nowait(text)
        except trio.WouldBlock:
            self.too_many = True

    async def lines(self, talk: Talk, lines: trio.MemoryReceiveChannel[str]) -> None:
        """Each line is a task, begun when the one before is sent: the server screens it now."""
        async for text in lines:
            sent = trio.Event()
            self.nursery.start_soon(self.line, talk, text, sent)
            await sent.wait()
            if self.too_many:
                self.too_many = False
                await self.screen.show(items.trouble("Too many lines at once: some were not sent."))

    async def line(self, talk: Talk, text: str, sent: trio.Event) -> None:
        """One line, until it is answered."""
        if not await talk.line(text, sent):
            self.left.set()

    async def resized(self) -> None:
        """Draw it at its new size."""
        await self.screen.resized()


class _InLines(_Chat):
    """In plain lines: the next one is read when the last one is answered."""

    async def run(self) -> None:
        """Until the input ends, the user leaves, or the connection is over."""
        watched = self.manner.typed or self.manner.watching
        view = Plain(BESIDES & {"trouble"} if watched else BESIDES, as_json=self.manner.as_json)
        talk = Talk(self.client, view, self.user)
        async with self.going_on(talk):
            await talk.enter(look=watched)
            if not self.manner.watching:
                self.nursery.start_soon(self.lines, talk)
            await self.left.wait()

    async def lines(self, talk: Talk) -> None:
        """One after the other."""
        async with aclosing(lines_of(sys.stdin.fileno())) as lines:
            async for text in lines:
                if not await talk.line(text) or self.left.is_set():
                    break
        self.left.set()

    def stop(self) -> None:
        """Ctrl-C; to a pipe it is an end whatever runs."""
        if not self.manner.typed:
            self.left.set()
            self.interrupted = True
        else:
            super().stop()
