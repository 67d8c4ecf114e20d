"""One WebSocket of the lane, as an ASGI application sees it.

wsproto is the law of frames. What nearly all of them are, a whole text in one
frame, is read without it; it gets the bytes of every other frame, and decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import trio
from hypercorn.protocol.ws_stream import Handshake
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, TextMessage

from nexus_trio.lane.answer import BadAnswer, Framing, checked
from nexus_trio.lane.http1 import BAD_REQUEST, Request
from nexus_trio.lane.websocket import MANY, Ceiling, headers, text_frame

if TYPE_CHECKING:
    from nexus_trio.lane.direct import LaneConnection

FORBIDDEN, BROKEN = 403, 500
NORMAL, ABNORMAL, INTERNAL, RESTART = 1000, 1006, 1011, 1012

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n"
PING = b"\x89\x00"
TEXT = 0x81
FIN, CONTROL, MASKED = 0x80, 0x08, 0x80

# Not answered yet, open, answered with something else, at its end.
_ASKED, _OPEN, _ELSEWHERE, _OVER = range(4)


def unmask(payload: bytes, key: bytes) -> bytes:
    """The payload of a client's frame (RFC 6455, section 5.3). Pure."""
    size = len(payload)
    whole = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(whole)).to_bytes(size)


def measure(raw: bytes) -> tuple[int, int] | None:
    """Of the frame at the beginning: where its payload begins, and where it ends. Pure.

    None while its header is not whole.
    """
    if len(raw) < 2:
        return None
    size, start = raw[1] & 0x7F, 2
    if size > 125:
        start = 4 if size == 126 else 10
        if len(raw) < start:
            return None
        size = int.from_bytes(raw[2:start])
    start += 4 if raw[1] & MASKED else 0
    return None if len(raw) < start else (start, start + size)


class Socket:
    """`receive` and `send` of one WebSocket; nothing of it is read before it is asked for.

    Its client is pinged by the `receive` that waits for it, and is gone where it
    is silent all the same. Each frame is a step of the scheduler: a flood is one
    task among many.
    """

    def __init__(self, connection: LaneConnection, request: Request) -> None:
        self._connection = connection
        self._most = connection.config.websocket_max_message_size
        # Until it was accepted.
        self._handshake: Handshake | None = Handshake(
            headers(request), request.http_version.decode()
        )
        self._wire = Connection(ConnectionType.SERVER, [Ceiling(self._most)])
        # What wsproto has made of what it was given, until all of it was taken.
        self._events: Iterator[Event] | None = None
        self._state = _ASKED
        self._connected = False
        self._framing: Framing | None = None
        self._start: Any = None
        # What was read and not looked at; of a frame that wsproto was begun to be given,
        # the part of its header so far, and then the bytes that are left of it.
        self._raw = b""
        self._begun = b""
        self._owed = 0
        # Whether a message was begun, by whichever frame, and not ended.
        self._within = False
        self._parts: list[Any] = []
        self._pinged = False
        self._code = ABNORMAL

    @property
    def subprotocols(self) -> list[str]:
        """What the client offers."""
        return (self._handshake and self._handshake.subprotocols) or []

    async def receive(self) -> Any:
        """The next message, at the end always the disconnect. Cancelled, it took nothing."""
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        if self._raw:
            await trio.lowlevel.checkpoint()
        while self._state in (_ASKED, _OPEN):
            event = None if self._events is None else next(self._events, None)
            if event is None:
                self._events = None
                text = self._whole_text()
                if text is not None:
                    return {"type": "websocket.receive", "bytes": None, "text": text}
                if not (self._hand_over() or await self._read_on()):
                    break
            elif isinstance(event, Message):
                self._parts.append(event.data)
                if event.message_finished:
                    return self._message(event)
                await trio.lowlevel.checkpoint()
            else:
                await self._control(event)
        return {"type": "websocket.disconnect", "code": self._code}

    async def send(self, message: Any) -> None:
        """As ASGI has it, and `MANY`: the texts of several frames in one send.

        Atomic with respect to cancellation; bounded by `Limits.send`. After the
        end it does nothing. Raises `BadAnswer`.
        """
        kind = message["type"]
        if self._state == _OPEN:
            await self._tell(kind, message)
        elif self._state == _ASKED and kind == "websocket.accept":
            await self._accept(message)
        elif self._state == _ASKED and kind == "websocket.close":
            await self._refuse(FORBIDDEN)
        elif self._state in (_ASKED, _ELSEWHERE) and kind.startswith("websocket.http.response."):
            await self._answer(kind, message)
        elif self._state != _OVER:
            raise BadAnswer(f"{kind} does not come here")

    def at_once(self, text: str) -> bool | None:
        """Send the text, one frame, in this very step. Never waits, never raises.

        True where all of it went out; False where nothing did, and where it may not come
        now. None where a part did: the rest goes before what is sent next, and something
        must be, be it nothing (an empty `MANY`).
        """
        if self._state != _OPEN or self._wire.state is not ConnectionState.OPEN:
            return False
        return self._connection.put_at_once(text_frame(text.encode()))

    async def finish(self) -> None:
        """The app has returned, or broke."""
        if self._state == _ASKED:
            await self._refuse(BROKEN)
        elif self._state == _OPEN:
            await self._close(CloseConnection(code=INTERNAL))

    def cut(self) -> bytes:
        """What there is to say where no time is left to say anything: come back later."""
        if self._state != _OPEN or self._wire.state is not ConnectionState.OPEN:
            return b""
        return self._wire.send(CloseConnection(code=RESTART))

    # --- what the client sends ---

    def _whole_text(self) -> str | None:
        raw = self._raw
        if self._owed or self._begun or self._within or self._state != _OPEN:
            return None
        if not raw or raw[0] != TEXT:
            return None
        found = measure(raw)
        if found is None or not raw[1] & MASKED:
            return None
        start, end = found
        announced = raw[1] & 0x7F
        if announced == 127 or (announced == 126 and end - start < 126):
            return None  # long, or longer than it need be
        if len(raw) < end or end - start > self._most:
            return None
        try:
            text = unmask(raw[start:end], raw[start - 4 : start]).decode()
        except UnicodeDecodeError:
            return None  # wsproto says so, too, and with which code
        self._raw = raw[end:]
        return text

    def _hand_over(self) -> bool:
        """Give wsproto what there is of one frame. False where more has to be read."""
        if not self._raw:
            return False
        if not self._owed:
            header = self._begun + self._raw
            found = measure(header)
            if found is None:
                # Half a header may be wrong already, or announce too much.
                self._begun, part, self._raw = header, self._raw, b""
                return self._given(part)
            self._owed, self._begun = found[1] - len(self._begun), b""
            if not header[0] & CONTROL:
                self._within = not header[0] & FIN
        part = self._raw[: self._owed]
        self._raw = self._raw[len(part) :]
        self._owed -= len(part)
        return self._given(part)

    def _given(self, part: bytes) -> bool:
        self._wire.receive_data(part)
        self._events = self._wire.events()
        return True

    async def _read_on(self) -> bool:
        """Read more. False at the client's end, and where it is silent for too long."""
        connection = self._connection
        while True:
            data = await connection.read_within(connection.patience(self._pinged))
            if data:
                self._pinged = False
                if self._state == _ASKED:
                    # A client waits for the answer to its upgrade (RFC 6455, section 4.1).
                    await self._refuse(BAD_REQUEST)
                    return False
                self._raw += data
                return True
            if data is not None or self._pinged or self._state != _OPEN:
                if data is None:
                    connection.cut_for_silence()
                self._state = _OVER
                return False
            self._pinged = True
            await connection.put(PING)

    def _message(self, event: Message[Any]) -> Any:
        parts, self._parts = self._parts, []
        if isinstance(event, TextMessage):
            return {"type": "websocket.receive", "bytes": None, "text": "".join(parts)}
        return {"type": "websocket.receive", "bytes": b"".join(parts), "text": None}

    async def _control(self, event: Event) -> None:
        if isinstance(event, Ping):
            await self._connection.put(self._wire.send(event.response()))
        elif isinstance(event, CloseConnection):
            # Where it is wsproto's own word for what can't be read: without its
            # reason, which may quote the client.
            unreadable = self._wire.state is ConnectionState.OPEN
            self._code = ABNORMAL if unreadable else event.code
            await self._close(CloseConnection(code=event.code) if unreadable else event.response())
            await self._connection.say_end()
        await trio.lowlevel.checkpoint()

    # --- what the app sends ---

    async def _tell(self, kind: str, message: Any) -> None:
        connection = self._connection
        if kind == MANY:
            texts = [text_frame(text.encode()) for text in message["texts"]]
            await connection.put(b"".join(texts))
        elif kind == "websocket.close":
            self._code = NORMAL
            code, reason = int(message.get("code") or NORMAL), message.get("reason")
            await self._close(CloseConnection(code=code, reason=reason))
        elif kind != "websocket.send":
            raise BadAnswer(f"{kind} does not come here")
        elif message.get("bytes") is not None:
            await connection.put(_binary_frame(bytes(message["bytes"])))
        else:
            await connection.put(text_frame(message["text"].encode()))

    async def _close(self, event: CloseConnection) -> None:
        self._state = _OVER
        if self._wire.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            await self._connection.put(self._wire.send(event))

    async def _accept(self, message: Any) -> None:
        assert self._handshake is not None
        _, lines, _ = self._handshake.accept(
            message.get("subprotocol"), message.get("headers") or []
        )
        self._handshake = None
        lines += self._connection.own_headers()
        head = [b"%b: %b\r\n" % (name, value) for _, name, value in checked(lines)]
        self._state = _OPEN
        await self._connection.put(b"".join([SWITCHING, *head, b"\r\n"]))
        await self._log({"status": 101, "headers": []})

    async def _refuse(self, status: int) -> None:
        self._state = _OVER
        await self._connection.refuse(status)
        await self._log({"status": status, "headers": []})

    async def _answer(self, kind: str, message: Any) -> None:
        if kind == "websocket.http.response.start":
            self._start, self._state = message, _ELSEWHERE
            return
        if self._start is None:
            raise BadAnswer("the answer has no head")
        body, more = bytes(message.get("body", b"")), message.get("more_body", False)
        out = b""
        if self._framing is None:
            self._framing = Framing(b"GET", b"1.1", keep_alive=False)
            out = self._framing.head(
                int(self._start["status"]),
                self._start.get("headers") or [],
                self._connection.own_headers(),
                None if more else len(body),
            )
        out += self._framing.piece(body) + (b"" if more else self._framing.end())
        if not more:
            self._state = _OVER
        await self._connection.put(out)
        if not more:
            await self._log(self._start)

    async def _log(self, response: Any) -> None:
        if self._connection.logs:
            await self._connection.log(response)


def _binary_frame(payload: bytes) -> bytes:
    return b"\x82" + text_frame(payload)[1:]
