"""What goes out: the head of an answer, and how its end is marked. Pure, but for the date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus

from nexus_trio.errors import RateLimited

Header = tuple[bytes, bytes]

_STATUS_LINES = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN = re.compile(rb"[\0\r\n]")

_known: dict[bytes, bytes] = {}
"""Names as they were sent before, in lower case: an app sends the same few over and over."""

_KNOWN_MOST = 256


class BadAnswer(Exception):
    """The app's answer can't be sent: a status, a header or a length that is none."""


def status_line(status: int) -> bytes:
    """The first line of a final answer (RFC 9112, section 4). Raises `BadAnswer`."""
    line = _STATUS_LINES.get(status)
    if line is not None and status >= 200:
        return line
    if not 200 <= status <= 599:
        raise BadAnswer(f"{status} is no status of a final answer")
    return b"HTTP/1.1 %d \r\n" % status


def lower(name: bytes) -> bytes:
    """The name of a header in lower case. Raises `BadAnswer` where it is none."""
    found = _known.get(name)
    if found is None:
        if not _NAME.fullmatch(name):
            raise BadAnswer("the name of a header is no token")
        found = name.lower()
        if len(_known) < _KNOWN_MOST:
            _known[name] = found
    return found


def checked(headers: Iterable[Header]) -> list[tuple[bytes, bytes, bytes]]:
    """Each header as its name in lower case, its name and its value. Raises `BadAnswer`.

    A line end within a value would make a header, or an answer, of somebody else's
    words (RFC 9110, section 5.5).
    """
    found = []
    for raw_name, raw_value in headers:
        name, value = bytes(raw_name).strip(), bytes(raw_value).strip()
        if _FORBIDDEN.search(value):
            raise BadAnswer("the value of a header has a line end or a zero in it")
        found.append((lower(name), name, value))
    return found


def written(headers: Iterable[Header]) -> bytes:
    """Headers as they go out."""
    return b"".join([b"%b: %b\r\n" % each for each in headers])


_OK = status_line(HTTPStatus.OK)
_CLOSE = b"connection: close\r\n\r\n"


class Framing:
    """How one answer is laid out on the wire, and what is left of it.

    `head` makes its head, once; `piece` each part of its body; `end` what marks
    the end. Whether the connection can go on is `keep_alive`.
    """

    def __init__(self, method: bytes, http_version: bytes, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self._silent = method == b"HEAD"
        self._modern = http_version == b"1.1"
        self._chunked = False
        # Bytes that a Content-Length still promises; None where none was.
        self._left: int | None = None

    def head(
        self, status: int, headers: Iterable[Header], extra: Iterable[Header], whole: int | None
    ) -> bytes:
        """The head. `whole` is the length of the body, where that is known already."""
        lines = [status_line(status)]
        named, bare = False, status == 204
        for key, name, value in checked(headers):
            if key == b"content-length":
                named = True
                self._promise(value)
                if bare:
                    continue  # RFC 9110, section 8.6
            elif key == b"transfer-encoding":
                continue  # how it is framed is decided here
            elif key == b"connection":
                self.keep_alive = self.keep_alive and b"close" not in value.lower()
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        if self._silent or bare or status == 304:
            self._silent, self._left = True, None
        elif not named:
            lines.append(self._frame(whole))
        lines.append(written(extra))
        lines.append(b"\r\n" if self.keep_alive else _CLOSE)
        return b"".join(lines)

    def whole(self, head: bytes, body: bytes, extra: bytes) -> bytes:
        """A 200 with its body, where `head` and `extra` are headers as they go out."""
        end = b"\r\n" if self.keep_alive else _CLOSE
        return b"%bcontent-length: %d\r\n%b%b%b" % (_OK + head, len(body), extra, end, body)

    def piece(self, data: bytes) -> bytes:
        """A part of the body as it goes out. Raises `BadAnswer` where it is more than promised."""
        if self._silent or not data:
            return b""
        if self._left is not None:
            if len(data) > self._left:
                raise BadAnswer("the body is longer than its Content-Length")
            self._left -= len(data)
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def end(self) -> bytes:
        """What marks the end. Raises `BadAnswer` where less came than was promised."""
        if self._left:
            raise BadAnswer("the body is shorter than its Content-Length")
        return b"0\r\n\r\n" if self._chunked and not self._silent else b""

    def _promise(self, value: bytes) -> None:
        if not value.isdigit() or self._left not in (None, int(value)):
            raise BadAnswer("the Content-Length is no number, or two")
        self._left = int(value)

    def _frame(self, whole: int | None) -> bytes:
        if whole is not None:
            self._left = whole
            return b"content-length: %d\r\n" % whole
        if self._modern:
            self._chunked = True
            return b"transfer-encoding: chunked\r\n"
        self.keep_alive = False  # the end of the connection is the end of the body
        return b""


def refusal(status: int, extra: Iterable[Header]) -> bytes:
    """An answer of the server's own, without a body, after which it closes."""
    lines = [status_line(status), b"content-length: 0\r\nconnection: close\r\n"]
    return b"".join([*lines, written(extra), b"\r\n"])


COME_BACK = 5
"""Seconds that a client over a limit is asked to wait: connections last longer than a request."""


@cache
def full(detail: str) -> bytes:
    """The whole answer to one connection too many, whatever it would have asked.

    The code is `rate_limited`, as on the control socket: this client asks for more
    than there is now. But the status is 503 and not that code's 429 (RFC 6585, section
    4), which would blame it for a crowd that others made.
    """
    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = {
        "type": f"/docs#{RateLimited.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": RateLimited.code,
        "retry": True,
    }
    body = json.dumps(problem, separators=(",", ":")).encode()
    headers = (
        b"content-type: application/problem+json\r\ncache-control: no-store\r\n"
        b"retry-after: %d\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    )
    return status_line(status) + headers % (COME_BACK, len(body)) + body
