"""The same script over WebSockets: messages, replies and events on one connection a user."""

from __future__ import annotations

import json
import time
from typing import Any

import trio

from nexus_trio.experiment import script
from nexus_trio.experiment.record import Chat, Person
from nexus_trio.experiment.socket import Socket, SocketError, open_socket
from nexus_trio.experiment.stage import Stage
from nexus_trio.experiment.traces import text_of
from nexus_trio.experiment.wire import DEADLINE, WireError


class LiveStage(Stage):
    """A stage whose messages go over WebSockets; looks, histories and erasures stay calls."""

    async def chat(
        self, person: Person, rooms: list[str], gates: list[trio.Event] | None = None
    ) -> None:
        """As in `Stage`; what a user is told meanwhile is recorded too."""
        talk = Talk(person, self.record.frames.setdefault(person.user_id, []))
        try:
            for number, room in enumerate(rooms, start=1):
                if gates is not None:
                    await gates[number - 1].wait()
                self.record.chats.append(await talk.say(self, number, room))
                if person.role == "ordinary":
                    self.step()
        finally:
            await talk.close()


class Talk:
    """One user's connection, opened with the first message."""

    def __init__(self, person: Person, frames: list[dict[str, Any]]) -> None:
        self._person = person
        self._frames = frames
        self._socket: Socket | None = None
        self._room = ""

    async def say(self, stage: Stage, number: int, room: str) -> Chat:
        """One message and its outcome; what kept it from one is in `error`."""
        message, ref = script.say(self._person, number), f"m{number}"
        started, found, error = time.perf_counter(), {}, ""
        try:
            with trio.fail_after(DEADLINE):
                socket = await self._there(stage, room)
                started = time.perf_counter()
                await socket.send(type="message", ref=ref, message=message)
                found = await self._answer(socket, ref)
        except (WireError, SocketError, trio.TooSlowError) as failure:
            error = str(failure) or f"No answer within {DEADLINE:g} s."
        status = {"reply": 200, "": 0}.get(text_of(found.get("type")), 500)
        if status == 500:
            error = f"error {text_of(found.get('code'))}"
        ended, user = time.perf_counter(), self._person.user_id
        raw = json.dumps(found, ensure_ascii=False)
        return Chat(user, number, room, message, started, ended, status, found, raw, error)

    async def _there(self, stage: Stage, room: str) -> Socket:
        if self._socket is None:
            self._socket = await open_socket(stage.address)
            user = self._person.user_id
            await self._socket.send(type="hello", user_id=user, room=room, locale="en-US")
        elif room != self._room:
            await self._socket.send(type="go", ref=f"go {room}", room=room)
        self._room = room
        return self._socket

    async def _answer(self, socket: Socket, ref: str) -> dict[str, Any]:
        while True:
            frame = await socket.receive()
            self._frames.append(frame)
            if frame.get("ref") == ref and frame.get("type") in ("reply", "error"):
                return frame

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
