"""What the users do in each phase of the experiment, over one connection each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import trio

from nexus_trio.experiment import script
from nexus_trio.experiment.calls import attempt, decoded, fields, room_path
from nexus_trio.experiment.record import Call, Chat, Look, Person, Record
from nexus_trio.experiment.traces import objects, text_of
from nexus_trio.experiment.wire import Address, Connection, WireError, encode

Progress = Callable[[int, int], None]

# Turns asked for at once: the page of a history that the server gives by default.
PAGE = 50


class Stage:
    """The run's connections, one per user, and the record that they fill.

    Each phase returns when all its users are done. A call that fails is
    recorded with status 0 and ends nothing.
    """

    def __init__(self, address: Address, record: Record, progress: Progress | None) -> None:
        self.address = address
        self.record = record
        self.progress = progress
        self.lines = {each.user_id: Connection(address) for each in record.people}
        self.done = 0
        self.gates: list[tuple[int, trio.Event]] = []

    def close(self) -> None:
        for line in self.lines.values():
            line.close()

    async def begin(self) -> dict[str, Any]:
        """Reads health and the rooms; raises `WireError` where there is no such server."""
        line = next(iter(self.lines.values()))
        try:
            health = await line.request("GET", "/bridge/health")
            rooms = await line.request("GET", "/bridge/rooms")
        except WireError:
            line.close()
            raise
        names = [text_of(each.get("room")) for each in objects(decoded(rooms.body), "rooms")]
        if rooms.status != 200 or not names:
            line.close()
            raise WireError("No rooms at /bridge/rooms: the URL is not that of this server.")
        self.record.rooms = names
        return decoded(health.body)

    # Phases

    async def alone(self) -> None:
        """The crisis messages with nobody else about."""
        for person in self.crisis("alone"):
            await self.chat(person, self.crisis_rooms(person))
            await self.leave(person)

    async def load(self) -> None:
        """N users and the crisis messages at once; then a look and the list of sessions."""
        async with trio.open_nursery() as nursery:
            for line in self.lines.values():
                nursery.start_soon(self.open, line)
        async with trio.open_nursery() as nursery:
            for at, person in enumerate(self.record.ordinary()):
                rooms = script.itinerary(at, self.record.rooms, self.record.messages)
                nursery.start_soon(self.chat, person, rooms)
            for person in self.crisis("load"):
                gates = self.paced(person)
                nursery.start_soon(self.chat, person, self.crisis_rooms(person), gates)
        await self.look_together(0, self.record.rooms[0], False)
        first = self.record.people[0]
        self.record.sessions.append(await self.call(first, "sessions", "GET", "/bridge/sessions"))
        for person in self.crisis("load"):
            await self.leave(person)

    async def gather(self) -> None:
        """All users go to one room after the other, and all look at once in each."""
        for number, room in enumerate(self.record.rooms):
            async with trio.open_nursery() as nursery:
                for at, person in enumerate(self.record.ordinary()):
                    nursery.start_soon(self.move, person, room, at % 2 == 1)
            await self.look_together(number + 1, room, True)
            if number:
                before = room_path(self.record.rooms[number - 1])
                left = await self.call(self.record.people[0], "look back", "GET", before)
                self.record.left.append(left)

    async def read_back(self) -> None:
        """Each user's session object and whole history."""
        async with trio.open_nursery() as nursery:
            for person in self.record.ordinary():
                nursery.start_soon(self.read_one, person)

    async def erase(self) -> None:
        """Erases everyone and asks for each once more."""
        async with trio.open_nursery() as nursery:
            for person in self.record.people:
                nursery.start_soon(self.erase_one, person)

    # What one user does

    async def open(self, line: Connection) -> None:
        # Where this fails, the user's first message tries again, and its
        # failure is the one that is counted.
        with suppress(WireError):
            await line.open()

    async def chat(
        self, person: Person, rooms: list[str], gates: list[trio.Event] | None = None
    ) -> None:
        """One message per room named, each once the one before is answered and its gate open."""
        requests = self.requests(person, rooms)
        line, came = self.lines[person.user_id], []
        for at, request in enumerate(requests):
            if gates is not None:
                await gates[at].wait()
            started = time.perf_counter()
            answer = await attempt(line, request)
            came.append((started, time.perf_counter(), answer))
            if person.role == "ordinary":
                self.step()  # whether answered or not, so that every gate opens
        # Decoding waits until here, so that it is in nobody's latency but, at
        # worst, in that of users who are still under way.
        for number, (room, (started, ended, answer)) in enumerate(
            zip(rooms, came, strict=True), start=1
        ):
            message = script.say(person, number)
            self.record.chats.append(
                Chat(person.user_id, number, room, message, started, ended, **fields(answer))
            )

    def requests(self, person: Person, rooms: list[str]) -> list[bytes]:
        """The user's messages as bytes; `room` only where it changes."""
        made, before = [], ""
        for number, room in enumerate(rooms, start=1):
            body = {"user_id": person.user_id, "message": script.say(person, number)}
            if person.role != "ordinary":
                body["locale"] = "en-US"
            if room != before:
                body["room"] = before = room
            made.append(encode(self.address, "POST", "/bridge/chat", json.dumps(body).encode()))
        return made

    async def move(self, person: Person, room: str, by_command: bool) -> None:
        """Goes to a room, by its join call or by saying `/go ROOM`."""
        body = {"user_id": person.user_id}
        path = room_path(room, "/join")
        if by_command:
            body["message"] = f"/go {room}"
            path = "/bridge/chat"
        self.record.moves.append(await self.call(person, "join", "POST", path, body))

    async def leave(self, person: Person) -> None:
        room = self.crisis_rooms(person)[0]
        body = {"user_id": person.user_id}
        left = await self.call(person, "leave", "POST", room_path(room, "/leave"), body)
        self.record.moves.append(left)

    async def look_together(self, number: int, room: str, alone: bool) -> None:
        async with trio.open_nursery() as nursery:
            for person in self.record.ordinary():
                nursery.start_soon(self.look, number, person, room, alone)

    async def look(self, number: int, person: Person, room: str, alone: bool) -> None:
        call = await self.call(person, "look", "GET", room_path(room))
        self.record.looks.append(Look(number, room, call, alone))

    async def read_one(self, person: Person) -> None:
        path = f"/bridge/sessions/{person.user_id}"
        self.record.shown[person.user_id] = await self.call(person, "session", "GET", path)
        pages = self.record.histories.setdefault(person.user_id, [])
        following = f"{path}/history?limit={PAGE}"
        # One page more than there can be shows a history that is too long, and ends.
        while following and len(pages) <= self.record.messages // PAGE + 1:
            page = await self.call(person, "history", "GET", following)
            pages.append(page)
            after = text_of(page.body.get("next"))
            following = f"{path}/history?limit={PAGE}&after={quote(after)}" if after else ""

    async def erase_one(self, person: Person) -> None:
        path = f"/bridge/sessions/{person.user_id}"
        self.record.erasures.append(await self.call(person, "erase", "DELETE", path))
        self.record.erasures.append(await self.call(person, "gone", "GET", path))

    # Below all of them

    def crisis(self, setting: str) -> list[Person]:
        return [p for p in self.record.people if p.role != "ordinary" and p.setting == setting]

    def crisis_rooms(self, person: Person) -> list[str]:
        """The crisis messages are said where the first users begin: close by, were there a leak."""
        return [self.record.rooms[0]] * script.length(person)

    def paced(self, person: Person) -> list[trio.Event]:
        """One gate per crisis message, opened when so many of the load's messages are through."""
        total = self.record.messages * len(self.record.ordinary())
        made = [(int(share * total), trio.Event()) for share in script.PACE[person.role]]
        self.gates += made
        self.open_gates()
        return [event for _, event in made]

    def open_gates(self) -> None:
        for threshold, event in self.gates:
            if self.done >= threshold:
                event.set()

    def step(self) -> None:
        self.done += 1
        self.open_gates()
        if self.progress is not None:
            self.progress(self.done, self.record.messages * len(self.record.ordinary()))

    async def call(
        self, person: Person, what: str, method: str, path: str, body: dict[str, str] | None = None
    ) -> Call:
        data = b"" if body is None else json.dumps(body).encode()
        request = encode(self.address, method, path, data)
        got = fields(await attempt(self.lines[person.user_id], request))
        return Call(person.user_id, what, got["status"], got["reply"], got["raw"], got["error"])
