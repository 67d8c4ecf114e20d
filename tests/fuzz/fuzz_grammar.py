"""Conversations made from a seed: what a client sends, in which pieces, and how it goes.

Some are right, and their answers are known to the byte; some are wrong in a way that has
one answer; the rest are mutations of either, of which only the law holds.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from typing import Any

Rng = random.Random
Action = tuple[str, Any]
"""`send` bytes, `pause` seconds, `continue` (wait for a 100), `eof`."""

METHODS = ("GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD")
ECHOES = ("/echo", "/echo", "/stream", "/unsized", "/slow", "/early")
REAL = (
    ("GET", "/bridge/health"),
    ("GET", "/bridge/rooms"),
    ("GET", "/bridge/sessions"),
    ("GET", "/bridge/sessions/ada/history"),
    ("GET", "/v1/models"),
    ("GET", "/nowhere"),
    ("POST", "/bridge/chat"),
    ("POST", "/bridge/chat"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/bridge/rooms/Garden/say"),
    ("DELETE", "/bridge/sessions/bob"),
    ("GET", "/bridge/events?user_id=ada"),
)
HEADERS = (
    "Accept: */*",
    "X: y",
    "X:",
    "Connection: keep-alive",
    "Accept: text/event-stream",
    "User-Agent: \xe9",
    "Cookie: a=b; c=d",
    "Upgrade: h2c",
    "X-Long: " + "a" * 300,
)
TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\r\n\r\n",
    b"\r\n ",
    b"\xff",
    b"0\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: identity, chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Host: evil\r\n",
    b"ffffffffffffffff\r\n",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x81\x80\0\0\0\0",
    b"\x88\x80\0\0\0\0",
    b"\x89\xfe\xff\xff",
    b"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00\0\0\0\0",
    b"\x16\x03\x01\x02\x00\x01\x00",
)


@dataclass(frozen=True)
class Conversation:
    """What one client does. `reads` is eager, late or never; `leaves` is how it goes.

    `answers` are the statuses and, where known, the bodies of the answers, where all of
    it is known; `heard` the messages of a WebSocket and `codes` one of its closings.
    """

    kind: str
    token: str
    actions: tuple[Action, ...]
    methods: tuple[str, ...] = ()
    answers: tuple[tuple[int, bytes | None], ...] | None = None
    heard: tuple[str | bytes, ...] | None = None
    codes: tuple[int, ...] | None = None
    reads: str = "eager"
    leaves: str = "wait"
    capacity: int = 65536
    breaks: bool = False

    @property
    def aloud(self) -> bool:
        """Whether others may hear of it."""
        return self.kind.startswith(("real", "live"))

    @property
    def sent(self) -> bytes:
        """All that it sends."""
        return b"".join(what for how, what in self.actions if how == "send")


@dataclass
class Written:
    """Requests being written, with what they are answered."""

    token: str
    raw: bytearray = field(default_factory=bytearray)
    methods: list[str] = field(default_factory=list)
    answers: list[tuple[int, bytes | None]] = field(default_factory=list)
    over: bool = False


def chunked(rng: Rng, body: bytes) -> bytes:
    out, at = b"", 0
    while at < len(body):
        size = rng.randint(1, 40)
        piece = body[at : at + size]
        extension = rng.choice((b"", b"", b";a=b", b';a="b c"'))
        out += (b"%x" if rng.random() < 0.7 else b"%04X") % len(piece) + extension
        out += b"\r\n" + piece + b"\r\n"
        at += size
    return out + b"0\r\n" + rng.choice((b"", b"", b"X-Trailer: z\r\n")) + b"\r\n"


def request(rng: Rng, written: Written, *, last: bool = False) -> None:
    """One right request to the echo, and its answer."""
    method, path = rng.choice(METHODS), rng.choice(ECHOES)
    lines = rng.sample(HEADERS, rng.randint(0, 3))
    body, framing = b"", rng.random()
    sent = b""
    if framing < 0.5 and method not in ("GET", "HEAD"):
        body = rng.randbytes(rng.choice((0, 1, 9, 80)))
        if framing < 0.25:
            lines.append("Transfer-Encoding: chunked")
            sent = chunked(rng, body)
        else:
            lines.append(f"Content-Length: {len(body)}")
            sent = body
    if sent and path == "/early":
        path = "/echo"  # the connection ends where a body is not read
    target = f"{path}?t={written.token}"
    shown = f"http://localhost{target}" if rng.random() < 0.1 else target
    closes = last and rng.random() < 0.3
    if closes:
        lines.append("Connection: close")
    rng.shuffle(lines)
    head = "\r\n".join([f"{method} {shown} HTTP/1.1", "Host: localhost", *lines, "", ""])
    written.raw += head.encode("latin-1") + sent
    written.methods.append(method)
    said = b"" if path == "/early" else b"%s %s\n%s" % (method.encode(), target.encode(), body)
    written.answers.append((200, b"" if method == "HEAD" else said))
    written.over = closes


def cut(rng: Rng, raw: bytes) -> list[Action]:
    """The bytes in pieces, some apart in time."""
    actions: list[Action] = []
    at = 0
    most = rng.choice((1 << 20, 1 << 20, 200, 40, 7, 1 if len(raw) < 150 else 30))
    while at < len(raw):
        size = rng.randint(1, most)
        actions.append(("send", raw[at : at + size]))
        at += size
        if rng.random() < 0.2:
            actions.append(("pause", rng.choice((0, 0, 0.1, 1))))
    return actions


def pipelined(rng: Rng, token: str) -> Conversation:
    written = Written(token)
    count = rng.choice((1, 1, 1, 2, 3, 6))
    for number in range(count):
        request(rng, written, last=number == count - 1)
    return Conversation(
        "pipelined",
        token,
        tuple(cut(rng, bytes(written.raw))),
        tuple(written.methods),
        tuple(written.answers),
        leaves="wait" if written.over else rng.choice(("wait", "close", "close")),
    )


def expecting(rng: Rng, token: str) -> Conversation:
    body = rng.randbytes(rng.randint(1, 60))
    target = f"/echo?t={token}"
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    patient = rng.random() < 0.7
    actions = [("send", head.encode()), *([("continue", None)] if patient else [])]
    said = b"POST %s\n%s" % (target.encode(), body)
    return Conversation(
        "expecting", token, (*actions, ("send", body)), ("POST",), ((200, said),), leaves="close"
    )


SMUGGLING = (
    "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 4",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Content-Length: 4\r\nContent-Length: 5",
    "Content-Length: +4",
    "Content-Length: 4, 5",
    "Content-Length : 4",
    "Content-Length: 0x4",
    " Content-Length: 4",
    "X: a\n Content-Length: 4",
    "Host: other",
    "X: a\0b",
    "X y: a",
)


def smuggling(rng: Rng, token: str) -> Conversation:
    """A head that can be read in two ways, and a request behind it that must not be seen."""
    line = rng.choice(SMUGGLING)
    head = f"POST /echo?t={token} HTTP/1.1\r\nHost: localhost\r\n{line}\r\n\r\n"
    inner = f"GET /echo?t={token}&smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    raw = head + rng.choice(("0\r\n\r\n", "5c\r\n", "1234", "")) + inner
    actions = cut(rng, raw.encode())
    return Conversation("smuggling", token, tuple(actions), ("POST",), ((4, None),))


def real(rng: Rng, token: str) -> Conversation:
    """Calls of the bridge; what they are answered is not known here."""
    raw, methods = "", []
    for _ in range(rng.choice((1, 1, 2, 4))):
        method, path = rng.choice(REAL)
        user = rng.choice(("ada", "bob", "cyd"))
        text = f"hello {token} " + rng.choice(("", "(stream)", "(slow)", "/look", "/go Garden"))
        made: dict[str, Any] = {"user_id": user, "message": text, "text": text, "user": user}
        if path.startswith("/v1"):
            made = {"model": "moody", "user": user, "messages": [{"role": "user", "content": text}]}
            made["stream"] = rng.random() < 0.5
        body = json.dumps(made) if method == "POST" else ""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        if body:
            lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
        if rng.random() < 0.3:
            lines.append("Accept: text/event-stream")
        raw += "\r\n".join([*lines, "", body])
        methods.append(method)
    leaves = rng.choice(("close", "close", "reset", "eof"))
    return Conversation("real", token, tuple(cut(rng, raw.encode())), tuple(methods), leaves=leaves)


def breaking(rng: Rng, token: str) -> Conversation:
    """The app crashes: before its answer, or within it."""
    path = rng.choice(("/crash", "/late", "/early"))
    if path == "/early":
        head = f"POST {path}?t={token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n"
        part = rng.randbytes(rng.choice((0, 10, 900)))
        return Conversation("early", token, tuple(cut(rng, head.encode() + part)), ("POST",))
    raw = f"GET {path}?t={token} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    actions = cut(rng, raw)
    if path == "/crash":
        return Conversation("breaking", token, tuple(actions), ("GET",), ((500, b""),), breaks=True)
    return Conversation("breaking", token, tuple(actions), ("GET",), breaks=True)


def large(rng: Rng, token: str) -> Conversation:
    """A head over its bounds."""
    start = f"GET /echo?t={token}"
    how = rng.randrange(3)
    if how == 0:
        raw, status = f"{start}{'a' * 8200} HTTP/1.1\r\nHost: localhost\r\n\r\n", 414
    elif how == 1:
        raw, status = f"{start} HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 140 + "\r\n", 431
    else:
        raw, status = f"{start} HTTP/1.1\r\nHost: localhost\r\nX: {'a' * 33_000}\r\n\r\n", 431
    actions = [("send", raw[:5000].encode()), ("send", raw[5000:].encode())]
    return Conversation("large", token, tuple(actions), ("GET",), ((status, b""),))


def stalling(rng: Rng, token: str) -> Conversation:
    """Stops in the midst: of a head without a word, of a body with a 408."""
    if rng.random() < 0.5:
        raw, answers = f"GET /echo?t={token} HTTP/1.1\r\nHos", ()
        return Conversation("stalling", token, (("send", raw.encode()),), ("GET",), answers)
    head = f"POST /echo?t={token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n123"
    return Conversation("stalling", token, tuple(cut(rng, head.encode())), ("POST",), ((408, b""),))


# --- WebSockets ---


def frame(rng: Rng, payload: bytes, opcode: int = 1, *, fin: bool = True, rsv: int = 0) -> bytes:
    """A client's frame; now and then with more of a length than it needs to be is not made here."""
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    size, key = len(payload), rng.randbytes(4)
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65536:
        head += b"\xfe" + size.to_bytes(2)
    else:
        head += b"\xff" + size.to_bytes(8)
    whole = (key * (size // 4 + 1))[:size]
    return head + key + (int.from_bytes(payload) ^ int.from_bytes(whole)).to_bytes(size)


def upgrade(token: str, path: str = "/ws", protocol: str = "") -> bytes:
    lines = [
        f"GET {path}?t={token} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
    ]
    lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
    return "\r\n".join([*lines, "", ""]).encode()


def said(rng: Rng) -> tuple[list[bytes], str | bytes]:
    """The frames of one message, and the message."""
    text = rng.choice(("", "hi", "\u20ac" * rng.randint(1, 50), "x" * rng.choice((125, 126, 300))))
    message: str | bytes = text if rng.random() < 0.7 else rng.randbytes(rng.choice((0, 5, 130)))
    data = message.encode() if isinstance(message, str) else message
    opcode = 1 if isinstance(message, str) else 2
    if rng.random() < 0.6:
        return [frame(rng, data, opcode)], message
    places = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 3)))
    ends = list(zip([0, *places], [*places, len(data)], strict=True))
    frames = []
    for number, (start, end) in enumerate(ends):
        frames.append(
            frame(
                rng,
                data[start:end],
                opcode if number == 0 else 0,
                fin=number == len(ends) - 1,
            )
        )
        if rng.random() < 0.3:
            frames.append(frame(rng, b"p", rng.choice((9, 10))))
    return frames, message


def wrong_frame(rng: Rng) -> tuple[bytes, int]:
    """A frame that ends a WebSocket, and with which code."""
    return rng.choice(
        (
            (b"\x81\x02hi", 1002),
            (frame(rng, b"", 3), 1002),
            (frame(rng, b"", 0), 1002),
            (frame(rng, b"x", 1, rsv=0x40), 1002),
            (frame(rng, b"x" * 126, 9), 1002),
            (frame(rng, b"x", 9, fin=False), 1002),
            (frame(rng, b"x", 8), 1002),
            (frame(rng, b"\xff\xfe"), 1007),
            (b"\x82\xff" + (1 << 40).to_bytes(8) + bytes(4), 1009),
            (b"\x82\xff" + (1 << 16 | 1).to_bytes(8) + bytes(4), 1009),
            (frame(rng, (1000).to_bytes(2) + b"bye", 8), 1000),
        )
    )


def websocket(rng: Rng, token: str) -> Conversation:
    frames, heard = [], []
    for _ in range(rng.choice((0, 1, 2, 5))):
        parts, message = said(rng)
        frames += parts
        heard.append(message)
    wrong, code = wrong_frame(rng)
    raw = b"".join(frames) + wrong
    return Conversation(
        "websocket",
        token,
        (("send", upgrade(token)), ("upgraded", None), *cut(rng, raw)),
        ("GET",),
        heard=tuple(heard),
        codes=(code,),
        leaves="wait",
    )


def brimful(rng: Rng, token: str) -> Conversation:
    """A message of all that is allowed, its header in pieces."""
    message = rng.randbytes(65536)
    raw = frame(rng, message, 2) + frame(rng, (1000).to_bytes(2), 8)
    head = [("send", raw[at : at + 1]) for at in range(14)]
    pieces = [each for one in head for each in (one, ("pause", 0))]
    opening = [("send", upgrade(token)), ("upgraded", None)]
    return Conversation(
        "brimful",
        token,
        (*opening, *pieces, ("send", raw[14:])),
        ("GET",),
        heard=(message,),
        codes=(1000,),
    )


def live(rng: Rng, token: str) -> Conversation:
    """The bridge's own WebSocket."""
    frames = b""
    made: list[dict[str, Any]] = [{"type": "hello", "user_id": rng.choice(("ada", "bob", "cyd"))}]
    for number in range(rng.randint(0, 4)):
        kind = rng.choice(("message", "say", "look", "go", "stop", "ack", "ping", "nonsense"))
        made.append(
            {
                "type": kind,
                "ref": f"r{number}",
                "message": f"hello {token}",
                "text": f"hello {token}",
                "room": "Garden",
                "target": "r0",
                "position": "x:1",
            }
        )
    for each in made:
        frames += frame(rng, json.dumps(each).encode())
    return Conversation(
        "live",
        token,
        (
            ("send", upgrade(token, "/bridge/ws", "nexus.v1")),
            ("upgraded", None),
            *cut(rng, frames),
        ),
        ("GET",),
        leaves=rng.choice(("close", "reset", "eof")),
    )


def too_early(rng: Rng, token: str) -> Conversation:
    """Bytes behind an upgrade: it is refused, and they are nobody's."""
    behind = rng.choice((b"x", frame(rng, b"early"), b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"))
    raw = upgrade(token) + behind
    return Conversation("too early", token, (("send", raw),), ("GET",), ((400, b""),))


def mutated(rng: Rng, base: Conversation) -> Conversation:
    """The same, no longer right."""
    raw = bytearray(base.sent)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = rng.randint(0, len(raw))
        end = min(len(raw), at + rng.choice((1, 2, 5, 20)))
        how = rng.randrange(6)
        if how == 0 and at < len(raw):
            raw[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            del raw[at:end]
        elif how == 2:
            raw[at:at] = raw[at:end]
        elif how == 3:
            raw[at:end] = rng.choice(TOKENS)
        elif how == 4:
            raw[at:at] = rng.randbytes(rng.choice((1, 3, 17)))
        else:
            raw[at:at] = rng.choice(TOKENS)
    if rng.random() < 0.15:
        del raw[rng.randint(0, len(raw)) :]
    actions = cut(rng, bytes(raw))
    first = base.actions[0][1]
    if len(base.actions) > 1 and base.actions[1][0] == "upgraded" and rng.random() < 0.7:
        # The frames alone: with a broken opening nobody would look at them.
        actions = [base.actions[0], base.actions[1], *cut(rng, bytes(raw[len(first) :]))]
    if rng.random() < 0.1:
        actions.insert(rng.randint(0, len(actions)), ("pause", rng.choice((16, 31, 80))))
    if rng.random() < 0.2:
        actions.append(("eof", None))
    return replace(
        base,
        kind=f"{base.kind}, mutated",
        actions=tuple(actions),
        answers=None,
        heard=None,
        codes=None,
        reads=rng.choice(("eager",) * 8 + ("late", "never")),
        leaves=rng.choice(("wait", "close", "close", "close", "reset", "eof")),
        capacity=rng.choice((65536, 65536, 2048, 100)),
    )


KINDS = (
    (pipelined, 8),
    (expecting, 1),
    (smuggling, 2),
    (real, 2),
    (breaking, 1),
    (large, 0.1),
    (stalling, 0.5),
    (websocket, 4),
    (brimful, 0.03),
    (live, 1),
    (too_early, 1),
)


def conversation(rng: Rng, token: str) -> Conversation:
    """One of any kind."""
    makers, weights = zip(*KINDS, strict=True)
    made: Conversation = rng.choices(makers, weights)[0](rng, token)
    if rng.random() < 0.55:
        return mutated(rng, made)
    return made
