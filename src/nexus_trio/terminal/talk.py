"""One conversation: what the user types goes to the client, what the client tells to the view."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from typing import Final

import trio

from nexus_trio.client import (
    BridgeError,
    Client,
    ClientError,
    Connected,
    Delta,
    Disconnected,
    Elsewhere,
    Ended,
    Event,
    Gap,
    Notice,
    ReadFailed,
    Reconnected,
    Reply,
    Reset,
    RoomEvent,
    RoomView,
    Turn,
    Unsettled,
)
from nexus_trio.errors import NexusError
from nexus_trio.terminal import items
from nexus_trio.terminal.care import Care
from nexus_trio.terminal.scene import Scene
from nexus_trio.terminal.view import View
from nexus_trio.terminal.words import Ask, Do, Wrong, help_text, parse

LOST: Final = "The connection is lost; trying again."
BACK: Final = "The connection was lost, and is back."
BACK_WITHOUT: Final = "The connection was lost, and is back; some of what was said may be missing."
MISSED: Final = "Some of what was said here may be missing."
UNSETTLED: Final = (
    "The connection was lost meanwhile: nobody can tell whether that was heard. Say it again?"
)

AT_ONCE: Final = 16
"""Messages under way at once: as many as a session's mailbox holds by default."""


LEAVING_S: Final = 1.0
"""For the last acknowledgement; a notice that comes once more does no harm."""


class Talk:
    """What is said and heard between one user and the server, until it ends.

    `failed` tells whether something that was asked has no answer, `over` why the
    connection is over for good. `keys`: whether there are keys to explain.
    """

    def __init__(self, client: Client, view: View, user: str, *, keys: bool = False) -> None:
        self.failed = False
        self.over: Ended | None = None
        self._client = client
        self._view = view
        self._keys = keys
        self._scene = Scene(view, user)
        self._care = Care(view)
        self._turns: list[Turn] = []
        # The connection is lost; it is back, and that was not shown yet.
        self._lost = self._back = False
        # Held by the answer that is being written: the next one begins below it.
        self._pen = trio.Lock()

    # --- what the user does ---

    async def enter(self, *, look: bool) -> None:
        """Learn where the user is; show it where `look` is set."""
        try:
            with suppress(ReadFailed):  # no name of a room is then completed
                self._scene.rooms(tuple(each.room for each in await self._client.rooms()))
            view = await self._client.look()
        except Ended:
            return  # the events say why
        except BridgeError as error:
            await self._view.show(items.refused(error))
            return
        self._scene.at(view)
        if look:
            await self._view.show(items.room(view))
            await self._view.show(items.told(self._greeting()))

    def _greeting(self) -> str:
        return (
            f"You are {self._scene.place.user}. What you write goes to {self._scene.by}, and "
            "nobody else reads it. /say WORDS is heard by all here, /help tells the rest."
        )

    async def line(self, text: str, sent: trio.Event | None = None) -> bool:
        """Do what a typed line asks for, and return when it is done; False where it asks to leave.

        `sent` is set when the next line may follow: the server gets them in their order.
        Errors are shown. Cancelled, what runs is stopped.
        """
        sent = trio.Event() if sent is None else sent
        match parse(text):
            case Do("quit"):
                return False
            case None:
                pass
            case Wrong(why):
                await self._wrong(why)
            case Ask() | Do() as wanted:
                await self._perform(wanted, sent)
        sent.set()
        return True

    async def leave(self) -> None:
        """Say to the server which notices were seen, so that they don't come again."""
        if self._care.last is not None:
            with trio.move_on_after(LEAVING_S), suppress(ClientError):
                await self._client.ack(self._care.last)

    def running(self) -> Turn | None:
        """The turn that Ctrl-C stops; None where none runs."""
        return self._turns[0] if self._turns else None

    async def stop(self, turn: Turn) -> None:
        """End `turn`; its own task then shows how it ended."""
        with suppress(ClientError):  # it is over already, or the connection is: as was wanted
            await turn.stop()

    async def _perform(self, wanted: Ask | Do, sent: trio.Event) -> None:
        if isinstance(wanted, Do):
            sent.set()  # its call is the next thing that this task does
        try:
            match wanted:
                case Ask(text):
                    await self._ask(text, sent)
                case Do("say", text):
                    spoken = await self._client.say(text)
                    await self._care.of_turn(spoken.crisis, None)
                case Do("go", room):
                    await self._look_at(await self._client.go(room))
                case Do("look"):
                    await self._look_at(await self._client.look())
                case Do("stop"):
                    await self._stop_running()
                case Do():
                    text = help_text(self._scene.place.rooms, keys=self._keys)
                    await self._view.show(items.answer(text))
        except BridgeError as error:
            await self._refused(error)
        except NexusError as error:  # the client's own bounds: nothing was sent
            await self._wrong(f"Not sent: {error.detail}.")
        except Unsettled:
            await self._wrong(UNSETTLED)
        except Ended:
            self.failed = True  # the events say why

    async def _wrong(self, why: str) -> None:
        self.failed = True
        await self._view.show(items.trouble(why))

    async def _stop_running(self) -> None:
        turn = self.running()
        if turn is None:
            await self._view.show(items.answer("No answer is being written."))
        else:
            await self.stop(turn)

    async def _look_at(self, view: RoomView) -> None:
        self._scene.at(view)
        await self._view.show(items.room(view))

    # --- a turn ---

    async def _ask(self, text: str, sent: trio.Event) -> None:
        if len(self._turns) >= AT_ONCE:
            await self._wrong("Too many messages wait already; send it when one is answered.")
            return
        await self._view.show(items.own(text))
        async with self._client.stream(text) as turn:
            self._turns.append(turn)
            sent.set()
            try:
                await self._status()
                await self._hear(turn)
            finally:
                self._turns.remove(turn)
        await self._status()

    async def _hear(self, turn: Turn) -> None:
        """Show a turn as it is told, and how it ends."""
        by, words = self._scene.by, ""
        async with AsyncExitStack() as pen:
            try:
                async for part in turn:
                    match part:
                        case Notice():
                            await self._care.told(part)
                        case Reset():
                            words = ""
                            await self._view.grow(None)
                        case Delta(text=text):
                            if not self._is_writing():
                                await pen.enter_async_context(self._pen)
                                await self._view.status("")
                            words += text
                            await self._view.grow(items.reply(words, by))
            except BridgeError as error:
                await self._ended_early(error, words, by)
            else:
                if turn.reply is not None:
                    await self._answered(turn.reply, by)

    def _is_writing(self) -> bool:
        return self._pen.statistics().owner is trio.lowlevel.current_task()

    async def _answered(self, reply: Reply, by: str) -> None:
        # Its other notices were told as events, or are part of its words.
        await self._care.of_turn(reply.crisis, reply.position)
        await self._view.settle(items.reply(items.words_of(reply), by, reply))
        if reply.room != self._scene.place.room:
            await self._refresh()

    async def _ended_early(self, error: BridgeError, words: str, by: str) -> None:
        said = error.partial or words
        if said or error.code == "aborted":
            await self._view.settle(items.stopped(said, by))
        if error.code == "aborted":
            self.failed = True
            await self._care.of_turn(error.crisis, error.position)
        else:
            await self._refused(error)

    async def _refused(self, error: BridgeError) -> None:
        self.failed = True
        await self._care.of_turn(error.crisis, error.position)
        await self._view.show(items.refused(error))

    async def _status(self) -> None:
        text = LOST if self._lost else ""
        if self._turns and not self._lost:
            text = f"Waiting for {self._scene.by}. Ctrl-C stops it."
        await self._view.status(text)

    # --- what happens ---

    async def watch(self) -> None:
        """Show what happens until the connection is over for good; then `over` says why.

        A crisis notice is acknowledged when it has been shown.
        """
        try:
            async for event in self._client.events():
                if self._back and not isinstance(event, Gap):
                    await self._returned(BACK)
                await self._happened(event)
                # A gap would be there by now, and they are one line together.
                if self._back and not self._client.statistics().queued:
                    await self._returned(BACK)
        except Ended as error:
            self.over = error

    async def _happened(self, event: Event) -> None:
        match event:
            case Notice():
                await self._care.told(event)
            case RoomEvent():
                await self._heard(event)
            case Elsewhere():
                await self._elsewhere(event)
            case Disconnected():
                self._lost = True
                await self._status()
            case Reconnected():
                self._lost, self._back = False, True
                await self._status()
            case Gap():
                await self._returned(BACK_WITHOUT if self._back else MISSED)
            case Connected():
                pass  # `enter` shows where that is

    async def _returned(self, told: str) -> None:
        self._back = False
        await self._view.show(items.told(told, type="reconnected" if told == BACK else "gap"))
        await self._refresh()

    async def _heard(self, event: RoomEvent) -> None:
        moved = self._scene.heard(event)
        item = items.happened(event, self._scene.place.user)
        if item is not None:
            await self._view.show(item)
        if moved:
            await self._refresh()

    async def _elsewhere(self, event: Elsewhere) -> None:
        said = event.error.partial if event.error is not None else None
        if event.reply is not None:
            await self._care.of_turn(event.reply.crisis, event.reply.position)
            said = items.words_of(event.reply)
        if said:
            await self._view.show(items.elsewhere(event.message, said, self._scene.by))

    async def _refresh(self) -> None:
        """Look at the room anew, after a move or where events may be missing."""
        with suppress(BridgeError):  # the names stay those of before; the next command says more
            self._scene.at(await self._client.look())
