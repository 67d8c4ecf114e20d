"""What comes in, as requests: llhttp reads, and this says what may not pass. No I/O.

llhttp is strict by itself: a bare line feed, a folded header, a space before a
colon, two lengths, a chunk size that is none and a version that it does not
know are faults (RFC 9112, sections 2.2, 5.1, 5.2, 6.3 and 7.1). What it lets
through and this server does not take is in `_fault`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httptools

from nexus_trio.lane import websocket
from nexus_trio.lane.config import Limits

Header = tuple[bytes, bytes]

BAD_REQUEST, TARGET_TOO_LONG, HEADERS_TOO_LARGE, NOT_IMPLEMENTED = 400, 414, 431, 501

_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)([^#]*)", re.IGNORECASE)
_METHOD = re.compile(rb"(?:\r\n)*[!#$%&'*+.^_`|~0-9A-Za-z-]+ ")


@dataclass(slots=True, eq=False)
class Request:
    """One request; `pieces` of its body and `complete` follow as it comes in.

    `headers` have names in lower case, and values without space around them.
    `expects` is that the client waits for a 100 before it sends the body.
    """

    method: bytes
    target: bytes
    http_version: bytes
    headers: list[Header]
    keep_alive: bool
    expects: bool = False
    websocket: bool = False
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False

    def take(self) -> bytes:
        """What has come of the body since it was last taken."""
        pieces = self.pieces
        if not pieces:
            return b""
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.pieces = []
        return body


class Requests:
    """Turns bytes into requests, in their order.

    `fault` is the status that answers what can't be read: it comes behind the
    requests before it, and nothing is read after it. `behind` is what came
    behind a request to become a WebSocket, and is not HTTP. What is held is
    bounded: a head by `Limits` and one feed, the rest by one feed.
    """

    def __init__(self, limits: Limits) -> None:
        self.fault: int | None = None
        # A list, of which nearly always the only one is taken: an empty deque takes 0.7 KB.
        self.ready: list[Request] = []
        self.behind = b""
        # Whether a head was begun and is not whole.
        self.within_head = False
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self._open: Request | None = None
        self._upgraded = False
        self._headers: list[Header] = []
        self._target = b""
        # Of the head under way: what its whole lines take, and what feeds brought.
        self._size = 0
        self._fed = 0

    def feed(self, data: bytes) -> None:
        """Read on. What follows a fault is dropped."""
        if self.fault is not None:
            return
        if self._upgraded:
            self.behind += data
            return
        within = self.within_head
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on(data[upgrade.args[0] :])
        except httptools.HttpParserInvalidMethodError:
            self._refuse(NOT_IMPLEMENTED if _METHOD.match(data) and not within else BAD_REQUEST)
        except httptools.HttpParserError:
            self._refuse(BAD_REQUEST)
        if self.within_head:
            # Half a line is in llhttp's hands, which has no bound of its own.
            self._fed += len(data) if within else 0
            if self._fed > self._limits.headers:
                self._refuse(HEADERS_TOO_LARGE if self._target else TARGET_TOO_LONG)

    def close(self) -> None:
        """Let go of the parser, which holds this as its listener."""
        del self._parser

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        """A head begins."""
        self._headers, self._target, self._size, self._fed = [], b"", 0, 0
        self.within_head = True

    def on_url(self, url: bytes) -> None:
        """The target, or a piece of it."""
        self._target += url
        if len(self._target) > self._limits.target:
            self._refuse(TARGET_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; or of the trailers, which nobody here reads."""
        if not self.within_head or self.fault is not None:
            return
        self._size += len(name) + len(value) + 4
        self._headers.append((name.lower(), value.strip()))
        if self._size > self._limits.headers or len(self._headers) > self._limits.header_count:
            self._refuse(HEADERS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.within_head = False
        if self.fault is not None:
            return
        parser = self._parser
        version = parser.get_http_version().encode()
        request = Request(
            parser.get_method(),
            self._target,
            version,
            self._headers,
            # As with h11: who speaks 1.0 is answered and let go.
            version == b"1.1" and parser.should_keep_alive(),
        )
        self.fault = _fault(request)
        if self.fault is None:
            self._open = request
            self.ready.append(request)
            self._headers = []  # they are the request's now, and go with it

    def on_body(self, data: bytes) -> None:
        """A piece of a body."""
        if self._open is not None:
            self._open.pieces.append(data)

    def on_message_complete(self) -> None:
        """The request is whole, its trailers included."""
        if self._open is not None:
            self._open.complete, self._open = True, None

    # ---

    def _go_on(self, rest: bytes) -> None:
        # A request for another protocol ends what llhttp reads. What is behind it
        # is HTTP, unless it is granted (RFC 9110, section 7.8): only WebSocket is.
        if self.fault is not None:
            return
        if self.ready and self.ready[-1].websocket:
            self.behind, self._upgraded = rest, True
            return
        self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.feed(rest)

    def _refuse(self, status: int) -> None:
        if self.fault is None:
            self.fault = status


def _fault(request: Request) -> int | None:
    """The status that refuses a whole head, or None; brings the request into its one form. Pure."""
    if request.http_version not in (b"1.1", b"1.0"):
        return BAD_REQUEST
    hosts = 0
    coded: bytes | None = None
    asks = False
    for name, value in request.headers:
        if name == b"host":
            hosts += 1
        elif name == b"transfer-encoding":
            coded = value if coded is None else coded + b"," + value
        elif name == b"expect":
            request.expects = request.http_version == b"1.1" and value.lower() == b"100-continue"
        elif name == b"upgrade":
            asks = True
    if hosts > 1 or (hosts == 0 and request.http_version == b"1.1"):
        return BAD_REQUEST  # RFC 9112, section 3.2
    if coded is not None:
        if request.http_version == b"1.0":
            return BAD_REQUEST  # faulty framing: RFC 9112, section 6.1
        if coded.lower() != b"chunked":
            return NOT_IMPLEMENTED  # a coding that is not understood: the same section
    if request.method == b"CONNECT":
        request.keep_alive = False
        return None
    request.websocket = asks and websocket.asked_for(request)
    return None if request.target.startswith(b"/") else _resolve(request)


def _resolve(request: Request) -> int | None:
    """A target that is no path: `*` for OPTIONS, or a whole address (RFC 9112, section 3.2)."""
    if request.target == b"*":
        return None if request.method == b"OPTIONS" else BAD_REQUEST
    match = _ABSOLUTE.fullmatch(request.target)
    if match is None:
        return BAD_REQUEST
    # Whatever its Host says: the address is what is asked for (section 3.2.2).
    host, path = match[1], match[2]
    request.headers = [(b"host", host), *(h for h in request.headers if h[0] != b"host")]
    request.target = path if path.startswith(b"/") else b"/" + path
    return None
