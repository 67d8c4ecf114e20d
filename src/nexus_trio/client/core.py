"""What the client knows, and what each frame does to it. Nothing here waits.

A link is up or it is not. Calls outlive it: after a welcome, what has no outcome is
sent again, as far as that is safe (`_take_up`). Positions are where the next hello resumes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final, Protocol

from nexus_trio.client import decode
from nexus_trio.client.calls import Call, SayCall, StopCall, TurnCall, encode
from nexus_trio.client.decode import Breach
from nexus_trio.client.elsewhere import Others
from nexus_trio.client.errors import BridgeError, Ended, Unsettled
from nexus_trio.client.events import (
    Connected,
    Disconnected,
    Elsewhere,
    Event,
    Gap,
    Notice,
    Reconnected,
)
from nexus_trio.client.notices import Notices
from nexus_trio.client.places import Places
from nexus_trio.client.queue import EventQueue
from nexus_trio.client.telling import BadTelling
from nexus_trio.model.envelope import Position, Reply

RESUMED: Final = "resumed"
"""The ref of a ping behind the hello: its pong comes when all that was missed has come."""


class Goodbye(Exception):
    """The server's last frame."""

    def __init__(self, code: int, detail: str, again: bool) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.again = again


class Link(Protocol):
    """A connection that was welcomed."""

    def put(self, text: str) -> None:
        """Have a frame sent. Never waits, never raises."""
        ...


class Core:
    """One client's state. `hello` are the fields of the first frame, without positions."""

    def __init__(
        self, hello: dict[str, str], after: Position | None, room_after: Position | None
    ) -> None:
        self.events = EventQueue()
        self.attempts = 0
        self.welcomes = 0
        self.session_id = ""
        self.places = Places(after, room_after)
        self.link: Link | None = None
        self.ended: Ended | None = None
        # Why the server refused a frame that no call waits for: the hello, before its bye.
        self.refusal: BridgeError | None = None
        self.pending: dict[str, Call] = {}
        self.on_welcome: Callable[[], None] = lambda: None
        self._hello = hello
        self._refs = count(1)
        self._tries = 0
        self._told_fall = 0
        self._notices = Notices()
        self._others = Others()

    # --- calls ---

    def ref(self) -> str:
        """A ref that no other call has."""
        return f"c{next(self._refs)}"

    def start(self, call: Call) -> None:
        """A call begins: it is sent now, or with the next welcome. Raises `Ended`."""
        if self.ended is not None:
            raise self.ended.again()
        self.pending[call.ref] = call
        if isinstance(call, StopCall):
            call.target.stopping = True
        self._send(call)

    def leave(self, call: Call) -> None:
        """Nobody waits for it any more. A turn that is told to a reader is stopped: `abandon`."""
        self.pending.pop(call.ref, None)
        self._let_go()

    def abandon(self, call: TurnCall) -> None:
        """As `leave`; what was sent of it on this connection is stopped."""
        here = call.sent_on == self.welcomes and self.link is not None
        if call.ref in self.pending and here and self.link is not None:
            self.link.put(encode({"type": "stop", "ref": self.ref(), "target": call.ref}))
        self.leave(call)

    def _send(self, call: Call) -> None:
        if self.link is not None:
            call.sent_on = self.welcomes
            call.first_on = call.first_on or self.welcomes
            self.link.put(call.text)

    async def next_event(self) -> Event:
        """The next event for its reader, who has seen the one before. See `EventQueue.get`."""
        seen = self._notices.looked_away()
        if seen is not None:
            self._acknowledge(seen)
        event = await self.events.get()
        self._notices.show(event)
        return event

    def _acknowledge(self, position: Position) -> None:
        """No call waits for it. Of a turn that has not begun it comes again, with its own place."""
        if self.places.knows(position):
            frame = self._notices.owe(position)
            if self.link is not None:
                self.link.put(encode(frame))

    # --- the link ---

    def hello(self) -> str:
        """The first frame of a connection."""
        fields = dict(self._hello)
        if self.welcomes:
            fields.pop("room", None)  # where the user went since is not undone
        return encode({"type": "hello", **fields, **self.places.fields()})

    def welcomed(self, link: Link, found: dict[str, Any]) -> None:
        """The link is up: say where it stands, and send what has no outcome."""
        session, room, position, room_position, recovered = decode.welcome(found)
        asked = (self.places.session, self.places.in_room)
        self.link, self.session_id, self.refusal = link, session, None
        self.places.welcomed(room, position, room_position)
        if self.welcomes:
            self.events.put(Reconnected(session, room, self._tries))
        else:
            self.events.put(Connected(session, room))
        if not recovered:
            self.events.put(Gap("not_recovered", None, *asked))
        self.welcomes += 1
        self._tries = 0
        self.on_welcome()
        self._take_up(link)

    def _take_up(self, link: Link) -> None:
        link.put(encode({"type": "ping", "ref": RESUMED}))
        if self._notices.owed is not None:
            self._acknowledge(self._notices.owed)
        for call in tuple(self.pending.values()):
            if not _waits_for_the_rest(call):
                self._send(call)

    def _resumed(self) -> None:
        """All that was missed is here: what could not be sent again before is decided now."""
        for call in tuple(self.pending.values()):
            if call.sent_on == self.welcomes:
                continue
            if isinstance(call, SayCall):
                detail = "the connection fell before the answer; look whether the room heard it"
                heard = call.echo
                self._settle(call, Unsettled(detail) if heard is None else (heard, None))
            elif isinstance(call, StopCall) and call.target.done:
                self._settle(call, None)
            else:
                self._send(call)

    def trying(self) -> None:
        """One more attempt at a connection."""
        self.attempts += 1
        self._tries += 1

    def lost(self) -> None:
        """The link is no more: what begins now is sent with the next one."""
        self.link = None

    def fell(self, reason: str, retry_in_s: float) -> None:
        """It is tried again; told once for each welcome."""
        if self._told_fall != self.welcomes:
            self._told_fall = self.welcomes
            self.events.put(Disconnected(reason, retry_in_s))

    def end(self, error: Ended) -> None:
        """Over for good: every call has its outcome."""
        self.link = None
        if self.ended is None:
            self.ended = error
            self.events.end(error)
        for call in tuple(self.pending.values()):
            self._settle(call, error.again())

    # --- frames ---

    def take(self, found: dict[str, Any]) -> None:
        """One frame. Raises `Goodbye`, `Breach`. What is not known is passed over."""
        match found["type"]:
            case "delta":
                self._delta(found)
            case "reply":
                self._outcome(found, decode.reply(found))
            case "error":
                self._outcome(found, decode.error(found))
            case "room":
                self._room_event(found)
            case "notice":
                self._notice(decode.notice(found))
            case "occupants":
                self._view(found)
            case "done":
                self._done(found)
            case "pong" if found.get("ref") == RESUMED:
                self._resumed()
            case "bye":
                raise Goodbye(*decode.bye(found))

    def _settle(self, call: Call, outcome: Any) -> None:
        self.pending.pop(call.ref, None)
        if isinstance(outcome, Exception):
            call.fail(outcome)  # type: ignore[arg-type]  # of the client's own family
        else:
            call.settle(outcome)
        self._let_go()

    def _delta(self, found: dict[str, Any]) -> None:
        turn, seq, text, message = decode.delta(found)
        call = self._teller(found.get("ref"), turn, message)
        if call is None:
            self._others.introduce(turn, message)
            return
        try:
            call.telling.hear(turn, seq, text)
        except BadTelling:
            raise Breach("The server left out a piece of a reply.") from None
        call.wake()

    def _teller(self, ref: str | None, turn: int, message: str | None) -> TurnCall | None:
        """Whose delta it is. After a lost connection the server knows the turn, and no ref."""
        if ref is not None:
            call = self.pending.get(ref)
            return call if isinstance(call, TurnCall) else None
        turns = [call for call in self.pending.values() if isinstance(call, TurnCall)]
        for call in turns:
            if call.telling.turn == turn:
                return call
        for call in turns:
            # The same words; should it be another's turn, the reply puts it right.
            if self._was_asked(call) and call.telling.turn is None and call.message == message:
                return call
        return None

    def _was_asked(self, call: TurnCall) -> bool:
        """Whether a connection before this one asked, so that its turn may be told without ref."""
        return 0 < call.first_on < self.welcomes

    def _outcome(self, found: dict[str, Any], outcome: Reply | BridgeError) -> None:
        if isinstance(outcome, BridgeError) or outcome.command is None:
            self.places.reached(outcome.position)
        if isinstance(outcome, Reply) and outcome.command == "go" and outcome.room:
            self.places.room = outcome.room
        ref = found.get("ref")
        if ref is None:
            if isinstance(outcome, BridgeError) and outcome.turn is None:
                self.refusal = outcome
            else:
                self._elsewhere(outcome, found.get("message"))
            return
        call = self.pending.get(ref)
        if call is not None:
            self._answer(call, outcome)

    def _answer(self, call: Call, outcome: Reply | BridgeError) -> None:
        if isinstance(call, TurnCall):
            self._others.own(outcome.turn)
            if isinstance(outcome, Reply):
                call.telling.end(_told(outcome))
                call.telling.turn = outcome.turn
        elif isinstance(outcome, Reply):
            raise Breach("The server answered with a reply what was no message.")
        elif isinstance(call, StopCall) and outcome.code == "not_found":
            # The turn ended on a connection before this one.
            self._settle(call, None)
            return
        self._settle(call, outcome)

    def _elsewhere(self, outcome: Reply | BridgeError, message: object) -> None:
        """A turn ended that was asked for on another connection: maybe on our last one."""
        reply, error = (outcome, None) if isinstance(outcome, Reply) else (None, outcome)
        words = self._others.words(outcome.turn, message)
        event = Elsewhere(outcome.turn, words, reply, error)
        for call in tuple(self.pending.values()):
            if not (isinstance(call, TurnCall) and self._was_asked(call)):
                continue
            known = call.telling.turn == outcome.turn
            if known or (call.telling.turn is None and call.message == words):
                if call.stopping:
                    self._answer(call, outcome)
                    return
                if error is not None or self._others.hold(event):
                    return
        self.events.put(event)

    def _let_go(self) -> None:
        """Tell of held turns that turned out to be nobody's here."""
        asked = {call.message for call in self.pending.values() if isinstance(call, TurnCall)}
        for event in self._others.release(asked):
            self.events.put(event)

    def _notice(self, notice: Notice) -> None:
        if not self._notices.is_new(notice):
            return
        self.places.reached(notice.position)
        self.events.put(notice)
        for call in self.pending.values():
            if isinstance(call, TurnCall):
                call.telling.notice(notice)
                call.wake()

    def _room_event(self, found: dict[str, Any]) -> None:
        event = decode.room_event(found)
        if not self.places.heard(event):
            return
        if event.event == "said" and event.user_id == self._hello.get("user_id"):
            self._echo(event.text, event.position)
        self.events.put(event)

    def _echo(self, text: str | None, position: Position | None) -> None:
        for call in self.pending.values():
            if isinstance(call, SayCall) and call.awaits(text):
                call.echo = position
                return

    def _view(self, found: dict[str, Any]) -> None:
        view = decode.room_view(found)
        self.places.viewed(view)
        call = self.pending.get(found.get("ref") or "")
        if call is not None and call.kind in ("go", "look"):
            self._settle(call, view)

    def _done(self, found: dict[str, Any]) -> None:
        position, ref = decode.place(found), found.get("ref")
        self._notices.taken(ref)
        call = self.pending.get(ref or "")
        if isinstance(call, SayCall):
            view = found.get("crisis")
            self._settle(call, (position, None if view is None else decode.crisis(view)))
        elif call is not None:
            self._settle(call, None)


def _waits_for_the_rest(call: Call) -> bool:
    """Whether it may be sent again only once all that was missed is here."""
    match call:
        case SayCall():
            return bool(call.first_on)
        case StopCall():
            return bool(call.target.first_on)
        case TurnCall():
            return call.stopping and bool(call.first_on)
    return False


def _told(reply: Reply) -> str:
    """What its deltas, joined, come to: the response without the crisis notice."""
    notice = reply.crisis.notice
    if notice is None or not reply.response.startswith(notice):
        return reply.response
    return reply.response[len(notice) :].removeprefix("\n\n")
