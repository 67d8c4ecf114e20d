"""What a case sends and expects: a ping in JSON is answered, or the connection ends."""

from __future__ import annotations

from raw_socket import RawSocket, closing

KIB64 = 65536
PROTOCOL_ERROR, NO_UTF8, TOO_LARGE = 1002, 1007, 1009
BAD_FRAME, NO_HELLO, TOO_SLOW = 4400, 4408, 4429


def ping(ref: str = "p", size: int | None = None) -> bytes:
    """The JSON of a ping, filled up to `size` bytes."""
    text = f'{{"type":"ping","ref":"{ref}","pad":"'.encode()
    return text + b"x" * (0 if size is None else size - len(text) - 2) + b'"}'


def answered(raw: RawSocket, ref: str = "p") -> None:
    assert raw.answer() == {"type": "pong", "ref": ref}


def alive(raw: RawSocket) -> None:
    """The connection works, and ends as asked."""
    raw.say(type="ping", ref="alive")
    answered(raw, "alive")
    raw.send(closing(1000))
    assert raw.closed() == 1000


def refused(raw: RawSocket, code: int) -> None:
    """The connection ends with this code; with a `bye` before it where the code is ours."""
    if code >= 4000:
        bye = raw.answer()
        assert (bye["type"], bye["code"]) == ("bye", code)
    assert raw.closed() == code
