"""A record made by hand of a run in which all went well."""

from __future__ import annotations

import json
from typing import Any

from nexus_trio.experiment import script
from nexus_trio.experiment.record import Call, Chat, Look, Person, Record

ROOMS = ["Hall", "Attic"]
MESSAGES = 4
ENVIRONMENT: dict[str, str | int | float] = {
    "date": "2030-01-01T00:00:00+00:00",
    "version": "9.9.9",
    "python": "3.11.0",
    "trio": "0.35.0",
    "cpus": 2,
    "transport": "http",
    "durability": "power",
    "endpoint": "http://127.0.0.1:4004",
    "server_version": "9.9.9",
    "cpu": "A Processor",
    "memory_gib": 4.0,
    "os": "An OS",
}


def chat(person: Person, number: int, room: str, at: float, crisis: dict[str, Any]) -> Chat:
    notice = f"{crisis['notice']} " if crisis["notice"] else ""
    reply = {
        "user_id": person.user_id,
        "room": room,
        "turn": number,
        "response": f"{notice}I heard {person.canary}.",
        "crisis": crisis,
        "notices": [{"kind": "disclosure", "text": "A program speaks. In need call 988."}],
        "session_messages": number,
    }
    message = script.say(person, number)
    raw = json.dumps(reply)
    return Chat(person.user_id, number, room, message, at, at + 0.5, 200, reply, raw)


def verdict(level: str, turns: int) -> dict[str, Any]:
    fired = level == "crisis"
    notice = "Call or text 988." if fired else None
    return {"level": level, "detected": fired, "turns": turns, "notice": notice, "resources": []}


def call(person: Person, what: str, body: dict[str, Any], status: int = 200) -> Call:
    raw = json.dumps(body)
    return Call(person.user_id, what, status, json.loads(raw), raw)


def sound() -> Record:
    """Three users, two rooms, four messages each, and the four users of the crisis part."""
    made = iter(range(1, 1000))
    people = script.people(3, lambda size: next(made).to_bytes(size, "big"))
    record = Record(people=people, rooms=list(ROOMS), messages=MESSAGES)
    ordinary = record.ordinary()
    ids = sorted(person.user_id for person in ordinary)
    for person in people:
        start = 0.0 if person.setting == "alone" else 100.0
        levels = ["none"] * MESSAGES
        if person.role != "ordinary":
            levels = ["concern", "concern", "crisis"][-script.length(person) :]
        for number, level in enumerate(levels, start=1):
            turns = 0 if level == "none" else number
            room = ROOMS[number * 2 // 5] if person.role == "ordinary" else "Hall"
            record.chats.append(
                chat(person, number, room, start + number / 4, verdict(level, turns))
            )
        for what, status in (("erase", 200), ("gone", 404)):
            record.erasures.append(call(person, what, {}, status))
    for person in ordinary:
        own = [each for each in record.chats if each.user_id == person.user_id]
        turns_held = [
            {"message": each.message, "response": each.reply["response"], "crisis": "none"}
            for each in own
        ]
        record.histories[person.user_id] = [
            call(person, "history", {"turns": turns_held[:3], "next": "e:3"}),
            call(person, "history", {"turns": turns_held[3:], "next": None}),
        ]
        shown = {"session_messages": MESSAGES, "crisis_level": "none"}
        record.shown[person.user_id] = call(person, "session", shown)
        for at, room in enumerate(ROOMS):
            view = {"room": room, "position": f"r:{at}", "occupants": ids}
            record.moves.append(call(person, "join", view))
            record.looks.append(Look(at, room, call(person, "look", view)))
    listed = [
        {"user_id": each.user_id, "session_id": f"s{at}", "session_messages": MESSAGES}
        for at, each in enumerate(ordinary)
    ]
    body = {"count": len(listed), "sessions": listed}
    record.sessions.append(call(ordinary[0], "sessions", body))
    record.left.append(call(ordinary[0], "look back", {"room": "Hall", "occupants": []}))
    return record
