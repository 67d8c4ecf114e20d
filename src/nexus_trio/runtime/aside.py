"""A message that is a command of the room: answered aside, outside the count of turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nexus_trio.model.commands import (
    Command,
    describe_room,
    help_text,
    list_people,
    parse_command,
)
from nexus_trio.model.envelope import NO_CRISIS, Reply
from nexus_trio.runtime.job import Job
from nexus_trio.runtime.place import Move, Placed
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState

Mover = Callable[[Move], Awaitable[Placed]]


async def answer_command(
    state: SessionState, job: Job, room: RoomActor, services: Services, move: Mover
) -> Reply | None:
    """The reply to a room command, or None where the message is a turn.

    The verdict of its words stands in the reply as in every other (I23); only
    words said aloud are folded into the watch. Raises `StoreUnavailable`.
    """
    command = parse_command(job.post.message, services.world)
    if command is None:
        return None
    found = services.care.help_for(state.watch, job.verdict, job.post.locale)
    job.crisis = found or NO_CRISIS
    text, occupants = "", None
    match command.kind:
        case "help":
            text = help_text(services.world)
        case "look":
            occupants = room.view().occupants
            text = describe_room(room.spec, occupants)
        case "who":
            occupants = room.view().occupants
            text = list_people(occupants)
        case "go":
            text, occupants = await _go(command, room, services, move)
        case "say":
            text = await _say(command, job, move)
    shown = job.crisis.notice
    return state.aside(command.kind, f"{shown}\n\n{text}" if shown else text, job.crisis, occupants)


async def _go(
    command: Command, room: RoomActor, services: Services, move: Mover
) -> tuple[str, tuple[str, ...]]:
    if not command.argument:
        return "Write where you want to go behind it: /go ROOM.", room.view().occupants
    target = services.world.find(command.argument)
    if target is None:
        names = ", ".join(services.world.rooms)
        return f"There is no such room. You can /go to: {names}.", room.view().occupants
    await move(Move("go", target.name))
    occupants = services.rooms[target.name].view().occupants
    return describe_room(target, occupants), occupants


async def _say(command: Command, job: Job, move: Mover) -> str:
    if not command.argument:
        return "Write what you want to say behind it: /say TEXT."
    post = job.post
    placed = await move(Move("say", text=command.argument, verdict=job.verdict, locale=post.locale))
    job.crisis = placed.crisis or NO_CRISIS
    return f"You say it aloud in the {placed.room}."
