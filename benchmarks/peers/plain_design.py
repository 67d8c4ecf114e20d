"""The plain design, without a web framework: what all the Python peers do for a turn.

The question it answers: what does one turn cost when sessions are entries of a
dict, everything is in memory, and one event loop does it all? It screens every
message with the same screen and watch as the measured server, keeps the same
history and counts and answers with the same scripted responder, so that what
differs is the design and not the work. It has what the plain design has: no
durability, no mailboxes, no streams, no bounds on its memory.

Beside it stand the peers, one file for each framework, which parse its requests
and write its answers as one would with that framework, told nothing else.
"""

from __future__ import annotations

import argparse
import secrets
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from nexus_trio.crisis import screen
from nexus_trio.crisis.guidance import guidance
from nexus_trio.crisis.watch import Watch, fold
from nexus_trio.model.world import Room, World, parse_world
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.responders.scripted import ScriptedResponder

WINDOW = 20  # exchanges that the responder sees; the history itself is kept whole
COMMANDS = {"look", "who", "/look", "/who"}


def now() -> str:
    return datetime.now(UTC).isoformat()


def default_world() -> World:
    """The world that the measured server has, too: the personas' lines are the replies."""
    text = files("nexus_trio").joinpath("world/default.toml").read_text("utf-8")
    return parse_world(text, "world/default.toml")


@dataclass
class Session:
    """One user's entry in the dict."""

    user_id: str
    username: str | None
    session_id: str = field(default_factory=lambda: secrets.token_hex(8))
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    created_at: str = field(default_factory=now)
    last_active: str = field(default_factory=now)
    room: str | None = None
    turns: list[dict[str, Any]] = field(default_factory=list)
    window: deque[Exchange] = field(default_factory=lambda: deque(maxlen=WINDOW))
    watch: Watch = field(default_factory=Watch)

    def public(self) -> dict[str, Any]:
        return {
            "user_id": self.user_id,
            "session_id": self.session_id,
            "room": self.room,
            "session_messages": len(self.turns),
            "created_at": self.created_at,
            "last_active": self.last_active,
            "connections": 0,
        }


class Problem(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail

    def body(self) -> dict[str, Any]:
        return {"status": self.status, "code": self.code, "detail": self.detail}


class Plain:
    """All state in plain dicts; aiohttp runs one handler at a time between awaits."""

    def __init__(self) -> None:
        world = default_world()
        self.world = world.rooms
        self.default = world.default
        self.sessions: dict[str, Session] = {}
        self.occupants: dict[str, set[str]] = {name: set() for name in self.world}
        self.room_epoch = secrets.token_hex(4)
        self.room_offset = dict.fromkeys(self.world, 0)
        self.responder = ScriptedResponder()
        self.started = time.monotonic()

    # Sessions

    def session_of(self, body: dict[str, Any]) -> Session:
        user = body.get("user_id")
        if not isinstance(user, str) or not 1 <= len(user) <= 64:
            raise Problem(400, "invalid_request", "Give a user_id of 1 to 64 characters.")
        session = self.sessions.get(user)
        if session is None:
            session = self.sessions[user] = Session(user, body.get("username"))
        session.last_active = now()
        return session

    def held(self, user: str) -> Session:
        session = self.sessions.get(user)
        if session is None:
            raise Problem(404, "not_found", "Nothing is held of that user.")
        return session

    # Rooms

    def room_named(self, name: Any) -> Room:
        room = self.world.get(name) if isinstance(name, str) else None
        if room is None:
            raise Problem(404, "not_found", "There is no such room.")
        return room

    def move(self, session: Session, room: str | None) -> None:
        if session.room == room:
            return
        if session.room is not None:
            self.occupants[session.room].discard(session.user_id)
            self.room_offset[session.room] += 1
        if room is not None:
            self.occupants[room].add(session.user_id)
            self.room_offset[room] += 1
        session.room = room

    def view(self, room: Room) -> dict[str, Any]:
        return {
            "room": room.name,
            "title": room.title,
            "description": room.description,
            "exits": room.exits,
            "position": f"{self.room_epoch}:{self.room_offset[room.name]}",
            "occupants": sorted(self.occupants[room.name]),
        }

    # A turn

    def assess(self, session: Session, message: str, locale: str) -> dict[str, Any]:
        """Screens the message and folds it into the session's watch."""
        session.watch, assessment = fold(session.watch, screen(message))
        crisis: dict[str, Any] = {
            "level": assessment.level,
            "detected": assessment.detected,
            "turns": assessment.turns,
            "notice": None,
            "resources": [],
        }
        if assessment.detected:
            shown = guidance(assessment.level, locale, assessment.repeat)
            crisis["notice"] = shown.text
            crisis["resources"] = [asdict(resource) for resource in shown.resources]
        return crisis

    def answer(self, session: Session, message: str, crisis: dict[str, Any]) -> str:
        prompt = Prompt(
            user_id=session.user_id,
            username=session.username,
            room=self.world[session.room or self.default],
            turn=len(session.turns) + 1,
            message=message,
            crisis_level=crisis["level"],
            history=tuple(session.window),
        )
        text = self.responder.ready(prompt) or ""
        session.window.append(Exchange(message, text))
        notice = crisis["notice"]
        return f"{notice}\n\n{text}" if notice else text

    def turn(self, session: Session, message: str, locale: str) -> dict[str, Any]:
        crisis = self.assess(session, message, locale)
        response = self.answer(session, message, crisis)
        number = len(session.turns) + 1
        position = f"{session.epoch}:{number}"
        session.turns.append(
            {
                "turn": number,
                "position": position,
                "at": session.last_active,
                "message": message,
                "response": response,
                "status": "answered",
                "crisis": crisis["level"],
            }
        )
        return {
            "user_id": session.user_id,
            "session_id": session.session_id,
            "room": session.room,
            "turn": number,
            "response": response,
            "crisis": crisis,
            "notices": [],
            "session_messages": number,
            "position": position,
        }

    def said(self, session: Session, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What those in the session's room hear, and what the speaker is told of the crisis."""
        assert session.room is not None
        crisis = self.assess(session, text, "en-US")
        self.room_offset[session.room] += 1
        event = {
            "room": session.room,
            "position": f"{self.room_epoch}:{self.room_offset[session.room]}",
            "event": "said",
            "user_id": session.user_id,
            "text": text,
        }
        return event, crisis

    def command(self, session: Session, message: str) -> dict[str, Any] | None:
        """`look`, `who` and `/go ROOM`; None where the message is a turn."""
        word = message.strip()
        if word.startswith("/go "):
            self.move(session, self.room_named(word[4:].strip()).name)
        elif word.lower() not in COMMANDS:
            return None
        return {
            "command": word.split()[0].lstrip("/"),
            "user_id": session.user_id,
            "room": session.room,
            "occupants": sorted(self.occupants[session.room or self.default]),
            "session_messages": len(session.turns),
        }

    # The calls, from a body's fields to those of the answer

    def chat_reply(self, body: dict[str, Any]) -> dict[str, Any]:
        message = body.get("message")
        if not isinstance(message, str) or not 1 <= len(message) <= 16384:
            raise Problem(400, "invalid_request", "Give a message of 1 character to 16 KiB.")
        session = self.session_of(body)
        if body.get("room") is not None:
            self.move(session, self.room_named(body["room"]).name)
        elif session.room is None:
            self.move(session, self.default)
        reply = self.command(session, message)
        if reply is None:
            reply = self.turn(session, message, body.get("locale") or "en-US")
        return reply

    def page(self, session: Session, after: str | None, limit: int) -> dict[str, Any]:
        start = int(after.partition(":")[2]) if after else 0
        page = session.turns[start : start + limit]
        more = start + limit < len(session.turns)
        following = page[-1]["position"] if page and more else None
        return {"user_id": session.user_id, "turns": page, "next": following}

    def forget(self, session: Session) -> dict[str, Any]:
        self.move(session, None)
        del self.sessions[session.user_id]
        return {"erased": {"turns": len(session.turns), "events": 0}}

    def facts(self, version: str) -> dict[str, Any]:
        return {
            "status": "ok",
            "version": version,
            "sessions": len(self.sessions),
            "rooms": len(self.world),
            "uptime_s": round(time.monotonic() - self.started, 3),
            "durability": "memory",
        }

    def listed(self) -> dict[str, Any]:
        found = [session.public() for session in self.sessions.values()]
        return {"count": len(found), "sessions": found}


def object_of(body: Any) -> dict[str, Any]:
    """The parsed body, which must be an object."""
    if not isinstance(body, dict):
        raise Problem(400, "invalid_request", "Send a JSON object.")
    return body


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser of `--host` and `--port`, the same for every peer."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    return parser
