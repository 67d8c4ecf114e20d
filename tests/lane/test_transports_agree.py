"""The lane beside Hypercorn's h11, on requests that are drawn: the same answers, the same end.

What is drawn leaves out where they differ, and the lane may:

- behind a request that ends the connection h11 refuses that very request, if
  more has come with it already; the lane answers it and reads no more (RFC 9112,
  section 9.6);
- h11 takes bare line feeds, folded headers, methods that nobody knows, targets
  that are none, and a Content-Length that comes twice; the lane refuses them (RFC
  9112, sections 2.2, 3, 5.2 and 6.3, allows or asks for it);
- h11 refuses empty lines between requests, which the lane passes over (2.2);
- an answer to a request whose body has not come says that the connection ends:
  h11 waits for the body (9.6 allows both); of one whose body has come, and which
  the app did not read, h11 ends the connection and the lane goes on;
- what has no Content-Length and comes in one piece is given one by the lane, and
  chunks by h11; an answer with a wrong length is a 500 where nothing is out yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_memory import lane
from lane_wire import answers, tells
from trio.testing import MockClock

from nexus_trio.lane.contained import TRANSPORTS


@dataclass(frozen=True)
class Seen:
    """What a client saw of one connection."""

    statuses: tuple[int, ...]
    bodies: tuple[bytes, ...]
    closed: bool


METHODS = ["GET", "POST", "HEAD", "OPTIONS", "DELETE", "PUT", "PATCH"]
TARGETS = ["/", "/a%20b?c=d", "/?stream", "/?unsized", "/?204", "/?crash", "/?404"]
HEADERS = ["X: y", "X:", "Accept: */*", "Connection: keep-alive", "Connection: close", "A: b"]
BODIES = [b"", b"1", b"12345", b"x" * 3000]


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A whole request, and whether the method is HEAD."""
    method = draw(st.sampled_from(METHODS))
    version = draw(st.sampled_from(["1.1"] * 5 + ["1.0"]))
    lines = [f"{method} {draw(st.sampled_from(TARGETS))} HTTP/{version}", "Host: localhost"]
    lines += draw(st.lists(st.sampled_from(HEADERS), max_size=3))
    body = draw(st.sampled_from(BODIES))
    framing = draw(st.sampled_from(["none", "length", "chunked"]))
    sent = b""
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
        sent = body
    elif framing == "chunked" and version == "1.1":
        lines.append("Transfer-Encoding: chunked")
        step = draw(st.sampled_from([1000, 2000]))
        for start in range(0, len(body), step):
            piece = body[start : start + step]
            sent += b"%x\r\n%b\r\n" % (len(piece), piece)
        sent += b"0\r\n\r\n"
    return "\r\n".join([*lines, "", ""]).encode() + sent, method == "HEAD"


async def seen_by(transport: str, sent: bytes, heads: tuple[int, ...], cut: int) -> Seen:
    """The whole conversation, sent in two pieces."""
    got, closed = bytearray(), False
    async with trio.open_nursery() as nursery:
        served = lane(nursery, tells, transport=transport)
        stream = served.connect()

        async def listen() -> None:
            nonlocal closed
            while piece := await stream.receive_some(65536):
                got.extend(piece)
            closed = True

        nursery.start_soon(listen)
        for piece in (sent[:cut], sent[cut:]):
            try:
                await stream.send_all(piece)
            except trio.BrokenResourceError:
                break
            await trio.testing.wait_all_tasks_blocked(0.01)
        await trio.testing.wait_all_tasks_blocked(0.01)
        ended = closed
        nursery.cancel_scope.cancel()
    found = answers(bytes(got), heads)
    return Seen(tuple(a.status for a in found), tuple(a.body for a in found), ended)


def both(sent: bytes, heads: tuple[int, ...], cut: int) -> dict[str, Seen]:
    async def run() -> dict[str, Seen]:
        return {name: await seen_by(name, sent, heads, cut) for name in TRANSPORTS}

    return trio.run(run, clock=MockClock(autojump_threshold=0.02))


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=3), st.integers(0, 600))
def test_whole_requests_are_answered_alike(
    conversation: list[tuple[bytes, bool]], cut: int
) -> None:
    for number, (each, _) in enumerate(conversation, 1):
        if b"Connection: close" in each or b"HTTP/1.0" in each or b"?crash" in each:
            del conversation[number:]
            break
    sent = b"".join(each for each, _ in conversation)
    heads = tuple(number for number, (_, head) in enumerate(conversation) if head)
    found = both(sent, heads, cut)
    assert found["lane"] == found["hypercorn"]
