"""From what a session tells to the text of the wire, for WebSockets and event streams alike."""

from __future__ import annotations

from msgspec import UNSET, structs

from nexus_trio.errors import NexusError
from nexus_trio.model.envelope import Position, RoomEvent, RoomView
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard, Noticed, Own
from nexus_trio.runtime.session import Welcome
from nexus_trio.web import codec, frames, wire


def text(value: frames.ServerFrame) -> str:
    """A frame as JSON."""
    return codec.encode(value).decode()


def encoded(frame: Frame) -> str:
    """What a session told, as JSON. A room's event is encoded once for all who hear it."""
    if isinstance(frame, Heard):
        if frame.wire is None:
            frame.wire = text(room_event(frame.event))
        return frame.wire
    if isinstance(frame, Own):
        return frame.wire
    return text(shaped(frame))


def shaped(frame: Delta | Answered | Failed | Noticed | Heard) -> frames.ServerFrame:
    """What a session told, as a frame of the wire."""
    match frame:
        case Delta(ref, turn, seq, piece, message):
            return frames.Delta(ref, seq, piece, turn, UNSET if message is None else message)
        case Answered(ref, reply, message):
            return frames.Reply(
                *structs.astuple(codec.reply(reply)),
                ref=ref,
                message=UNSET if message is None else message,
            )
        case Failed():
            return failure(frame)
        case Noticed():
            return frames.Notice(
                frame.kind,  # type: ignore[arg-type]  # of a closed set, which the wire's type repeats
                frame.text,
                [wire.ResourceObject(r.name, r.contact, r.url, r.country) for r in frame.resources],
                str(frame.position),
            )
    return room_event(frame.event)


def kind(frame: Frame) -> str:
    """The `type` of the frame that it becomes."""
    names: dict[type, str] = {
        Delta: "delta",
        Answered: "reply",
        Failed: "error",
        Noticed: "notice",
        Heard: "room",
    }
    return names[type(frame)]


def position(frame: Frame) -> Position | None:
    """The place of the event in its stream; None for what is no event."""
    match frame:
        case Answered(_, reply):
            return reply.position if reply.command is None else None
        case Failed() | Noticed():
            return frame.position
        case Heard(event):
            return event.position
    return None


def failure(frame: Failed) -> frames.Error:
    """An ended message without a reply."""
    found = refusal(frame.error, frame.ref)
    if frame.turn is not None and frame.position is not None:
        found.turn, found.position = frame.turn, str(frame.position)
    if frame.message is not None:
        found.message = frame.message
    return found


def refusal(error: NexusError, ref: str | None) -> frames.Error:
    """A refused frame."""
    return frames.Error(
        ref,
        error.code,
        error.detail,
        error.retry,
        UNSET if error.partial is None else error.partial,
        UNSET if error.crisis is None else codec.crisis(error.crisis),
    )


def room_event(event: RoomEvent) -> frames.Room:
    """An event of a room."""
    return frames.Room(
        event.room,
        str(event.position),
        event.event,
        event.user_id,
        event.username,
        UNSET if event.text is None else event.text,
    )


def occupants(view: RoomView, ref: str) -> frames.Occupants:
    """A look at a room, or the room that was gone to."""
    return frames.Occupants(*structs.astuple(codec.room(view)), ref=ref)


def welcome(value: Welcome) -> frames.Welcome:
    """Where a connection stands."""
    room = None if value.room_position is None else str(value.room_position)
    return frames.Welcome(value.session_id, value.room, str(value.position), room, value.recovered)


def bye(code: int) -> frames.Bye:
    """The last frame."""
    detail, again = frames.CLOSE_CODES[code]
    return frames.Bye(code, detail, again)
