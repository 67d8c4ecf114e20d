"""What must hold of what a client was sent, whatever it had sent itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import h11
import wsproto.events
from fuzz_grammar import Conversation
from wsproto.connection import Connection, ConnectionType
from wsproto.utilities import RemoteProtocolError

PIECE = 65536


class Unlawful(AssertionError):
    """The server broke a law of the wire, or a promise of its own."""


@dataclass
class Heard:
    """The answers of one connection, and what came of its WebSocket."""

    answers: list[tuple[int, bytes]] = field(default_factory=list)
    whole: bool = True
    upgraded: bool = False
    messages: list[str | bytes] = field(default_factory=list)
    code: int | None = None


def parsed(raw: bytes, methods: tuple[str, ...]) -> Heard:
    """Read by h11 and wsproto, as a client would. Raises `Unlawful`."""
    heard = Heard()
    wire = h11.Connection(h11.CLIENT)
    given = False
    while raw or wire.trailing_data[0]:
        number = len(heard.answers)
        method = methods[number] if number < len(methods) else "GET"
        asked = [("Host", "a"), ("Upgrade", "websocket"), ("Connection", "upgrade")]
        wire.send(h11.Request(method=method, target="/", headers=asked))
        wire.send(h11.EndOfMessage())
        if not given:
            wire.receive_data(raw)
            given = True
        if not _one(wire, heard):
            return heard
        rest, _ = wire.trailing_data
        if not rest:
            return heard
        if wire.our_state is not h11.DONE or wire.their_state is not h11.DONE:
            raise Unlawful(f"{rest[:60]!r} came behind the last answer")
        wire.start_next_cycle()
    return heard


def _one(wire: h11.Connection, heard: Heard) -> bool:
    """One answer; false where it is the last that can be read."""
    status, body, ended = 0, b"", False
    try:
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA and not ended:
                wire.receive_data(b"")
                ended = True
            elif isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                heard.upgraded = True
                heard.answers.append((101, b""))
                _frames(wire.trailing_data[0], heard)
                return False
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                heard.answers.append((status, body))
                return True
            elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                heard.whole = False
                return False
    except h11.RemoteProtocolError as error:
        if not ended:
            raise Unlawful(f"no answer: {error}") from None
        # The connection ended in the midst of this one.
        heard.whole = False
        if status:
            heard.answers.append((status, body))
        return False


def _frames(raw: bytes, heard: Heard) -> None:
    wire = Connection(ConnectionType.CLIENT)
    text: list[str] = []
    data: list[bytes] = []
    try:
        for start in range(0, len(raw), PIECE):
            wire.receive_data(raw[start : start + PIECE])
            for event in wire.events():
                if isinstance(event, wsproto.events.TextMessage):
                    text.append(event.data)
                    if event.message_finished:
                        heard.messages.append("".join(text))
                        text = []
                elif isinstance(event, wsproto.events.BytesMessage):
                    data.append(bytes(event.data))
                    if event.message_finished:
                        heard.messages.append(b"".join(data))
                        data = []
                elif isinstance(event, wsproto.events.CloseConnection):
                    heard.code = event.code
    except RemoteProtocolError as error:
        raise Unlawful(f"no frame: {error}") from None


def _heads(conversation: Conversation) -> list[tuple[str, ...]]:
    """By which methods the answers may be read: of a mutation it is not known which were heard."""
    found = [conversation.methods]
    if conversation.answers is None and b"HEAD" in conversation.sent:
        found += [("GET",) * 9, ("HEAD",) * 9, ("GET", "HEAD") * 5, ("HEAD", "GET") * 5]
    return found


def read(conversation: Conversation, raw: bytes) -> Heard:
    """What was heard, read in the first way that makes sense. Raises `Unlawful`."""
    first: Unlawful | None = None
    for methods in _heads(conversation):
        try:
            return parsed(raw, methods)
        except Unlawful as unlawful:
            first = first or unlawful
    assert first is not None
    raise first


def judge(conversation: Conversation, raw: bytes, others: set[str], *, exact: bool) -> Heard:
    """Hold what came against the law and, where it is `exact`, against what must have come."""
    for token in others:
        if token != conversation.token and token.encode() in raw:
            raise Unlawful(f"{conversation.token} was sent what is {token}'s")
    heard = read(conversation, raw)
    for status, _ in heard.answers:
        if not (status == 101 or 200 <= status <= 599):
            raise Unlawful(f"{status} is no answer")
    if exact:
        _exactly(conversation, heard)
    return heard


def _exactly(conversation: Conversation, heard: Heard) -> None:
    if conversation.answers is not None:
        if len(heard.answers) != len(conversation.answers) or not heard.whole:
            raise Unlawful(f"{heard} for {conversation.answers}")
        for (status, body), (wanted, known) in zip(
            heard.answers, conversation.answers, strict=True
        ):
            if status not in (wanted, *_class(wanted)) or known not in (None, body):
                raise Unlawful(f"{status} {body!r} for {wanted} {known!r}")
    if conversation.heard is not None:
        if tuple(heard.messages) != conversation.heard:
            raise Unlawful(f"{heard.messages} for {conversation.heard}")
        if heard.code not in (conversation.codes or ()):
            raise Unlawful(f"closed with {heard.code}, and not {conversation.codes}")


def _class(wanted: int) -> range | tuple[()]:
    """4 and 5 stand for all of their class: what can't be understood is 501."""
    return range(400, 502) if wanted == 4 else ()
