"""How a call can be answered: well, slowly, half, wrongly, or not at all. `MODES` has them all."""

from __future__ import annotations

import gzip
import time
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from nexus_trio.testing.model_server.call import Call

Mode = Callable[[Call], Awaitable[None]]


async def ok(call: Call) -> None:
    """A good reply: `words` of them, `pace` seconds apart. `tail` is what ends it: `both`
    a reason and the mark, or one of `reason`, `mark`."""
    await call.head()
    await call.delta(role="assistant", content="")
    await _say(call, call.words())
    await _finish(call)


async def _say(call: Call, words: list[str]) -> None:
    pace = call.number("pace", 0)
    for word in words:
        await trio.sleep(pace)
        await call.delta(content=word)


async def _finish(call: Call) -> None:
    tail = call.orders.get("tail", "both")
    if tail != "mark":
        await call.delta("stop")
    if call.record.body.get("stream_options"):
        count = len(call.words())
        await call.event(choices=[], usage={"prompt_tokens": 7, "completion_tokens": count})
    if tail != "reason":
        await call.piece(b"data: [DONE]\n\n")
    await call.end()


async def mute(call: Call) -> None:
    """Not a byte, until released; then a good reply."""
    await call.release.wait()
    await ok(call)


async def hang(call: Call) -> None:
    """A head and no word, until released; then the rest of a good reply."""
    await call.head()
    await call.delta(role="assistant", content="")
    await call.release.wait()
    await _say(call, call.words())
    await _finish(call)


async def halt(call: Call) -> None:
    """Half a reply and no more, until released; then the rest."""
    words = await _half(call)
    await call.release.wait()
    await _say(call, words)
    await _finish(call)


async def _half(call: Call) -> list[str]:
    """Send the first half; returns the other."""
    await call.head()
    words = call.words()
    middle = (len(words) + 1) // 2
    await _say(call, words[:middle])
    return words[middle:]


async def late(call: Call) -> None:
    """All the words and the reason that they end, and then nothing, until released."""
    await call.head()
    await _say(call, call.words())
    await call.delta("stop")
    await call.release.wait()
    await call.end()


async def cut(call: Call) -> None:
    """Half a reply, and the connection closes."""
    await _half(call)
    call.keep = False


async def short(call: Call) -> None:
    """Half a reply that ends as if it were whole."""
    await _half(call)
    await call.end()


async def drop(call: Call) -> None:
    """The connection closes without an answer."""
    call.keep = False


async def garbled(call: Call) -> None:
    """Half a reply, then an event that is not JSON, with the caller's words in it."""
    await _half(call)
    await call.piece(b'data: {"choices": [{"delta": %b\n\n' % call.text.encode())
    await call.end()


async def octets(call: Call) -> None:
    """Half a reply, then bytes that are not UTF-8."""
    await _half(call)
    await call.piece(b'data: {"choices": "\xff\xfe"}\n\n')
    await call.end()


async def nested(call: Call) -> None:
    """An event of JSON deeper than a parser goes."""
    await call.head()
    await call.piece(b"data: " + b"[" * 100_000 + b"\n\n")
    await call.end()


async def odd(call: Call) -> None:
    """Events of JSON that is none of this wire; `event` says which."""
    odds = {
        "list": b"[1]",
        "word": b'"x"',
        "nothing": b"{}",
        "choice": b'{"choices": [3]}',
        "delta": b'{"choices": [{"delta": 3}]}',
        "content": b'{"choices": [{"delta": {"content": 3}}]}',
        "digits": b'{"choices": ' + b"9" * 10_000 + b"}",
    }
    await call.head()
    await call.piece(b"data: " + odds[call.orders["event"]] + b"\n\n")
    await call.end()


async def noise(call: Call) -> None:
    """Bytes that are not HTTP, with the caller's words in them."""
    await call.raw(b"\x00\x01 " + call.text.encode() + b"\r\n\r\n")
    call.keep = False


async def report(call: Call) -> None:
    """Half a reply, then an error within the stream that quotes the caller."""
    await _half(call)
    await call.event(error={"message": f"can't say {call.text}", "code": 500})
    await call.end()


async def status(call: Call) -> None:
    """Status `status`, with `retry_after`, and words that quote the caller and the key."""
    key = call.record.headers.get("authorization", "")
    quoted = f'{{"error": {{"message": "{call.text} {key}"}}}}'.encode()
    wait = call.orders.get("retry_after")
    headers = {} if wait is None else {"Retry_After": wait.replace("_", " ")}
    await call.whole(int(call.orders["status"]), "application/json", quoted, **headers)


async def flaky(call: Call) -> None:
    """As `status`, or as `then` (`drop`, …), the first `times` times; then a good reply."""
    if call.earlier >= call.number("times", 1):
        await ok(call)
    else:
        await MODES[call.orders.get("then", "status")](call)


async def redirect(call: Call) -> None:
    """Sent on to another path of the same server."""
    await call.whole(307, "text/plain", b"there", Location="/elsewhere/chat/completions")


async def html(call: Call) -> None:
    """A page, as a proxy has them."""
    await call.whole(200, "text/html", b"<p>Please log in.</p>")


async def plain(call: Call) -> None:
    """A completion that is not streamed."""
    await call.whole(200, "application/json", b'{"choices": [{"message": {"content": "x"}}]}')


async def squeezed(call: Call) -> None:
    """A compressed stream, though none was asked for."""
    data = gzip.compress(b": " + b"x" * 10_000_000 + b"\n\n")
    await call.whole(200, "text/event-stream", data, Content_Encoding="gzip")


async def line(call: Call) -> None:
    """One event that does not end."""
    await call.head()
    await call.piece(b"data: ")
    while True:
        await call.piece(b"x" * 65_536)


async def lines(call: Call) -> None:
    """One event of lines without end."""
    await call.head()
    while True:
        await call.piece(b"data: x\n" * 8_192)


async def header(call: Call) -> None:
    """A head that does not end."""
    await call.raw(b"HTTP/1.1 200 OK\r\n")
    while True:
        await call.raw(b"X-More: " + b"x" * 1_000 + b"\r\n")


async def flood(call: Call) -> None:
    """Words without end."""
    await call.head()
    while True:
        await call.delta(content=" more" * 100)


async def comments(call: Call) -> None:
    """Signs of life without end, and never a word."""
    await call.head()
    while True:
        await call.piece(b": still here\n\n")
        await trio.sleep(call.number("pace", 0.01))


async def blank(call: Call) -> None:
    """Chunks without end, and never a word in them."""
    await call.head()
    while True:
        await call.delta(content="")
        await trio.sleep(call.number("pace", 0.01))


async def empty(call: Call) -> None:
    """A reply without a word."""
    await call.head()
    await _finish(call)


async def think(call: Call) -> None:
    """`thoughts` pieces of reasoning, then the reply."""
    await call.head()
    for _ in range(int(call.number("thoughts", 3))):
        await trio.sleep(call.number("pace", 0))
        await call.delta(reasoning_content="hm")
    await _say(call, call.words())
    await _finish(call)


async def decline(call: Call) -> None:
    """A refusal, in the field that there is for it."""
    await call.head()
    await call.delta(content=None, refusal="I would rather not.")
    await _finish(call)


async def halves(call: Call) -> None:
    """Half a surrogate pair in one chunk, the other in the next; then one that stays alone."""
    await call.head()
    for word in ("a \ud83d", "\ude00 b \ud800 c", " \ud83d"):
        await call.delta(content=word)
    await _finish(call)


async def bytewise(call: Call) -> None:
    """A good reply, byte by byte."""
    sent = call.stream

    class Slow:
        async def send_all(self, data: bytes) -> None:
            for at in range(len(data)):
                await sent.send_all(data[at : at + 1])

    call.stream = Slow()  # type: ignore[assignment]  # a call only sends
    await ok(call)


async def once(call: Call) -> None:
    """A good reply on a connection that is not kept."""
    call.keep = False
    await call.head(Connection="close")
    await _say(call, call.words())
    await _finish(call)


async def twice(call: Call) -> None:
    """A good reply, and behind it, unasked, a second answer with the same words.

    `gap` seconds later, or in the same packet.
    """
    sent, data = call.stream, bytearray()

    class Held:
        async def send_all(self, piece: bytes) -> None:
            data.extend(piece)

    call.stream = Held()  # type: ignore[assignment]  # a call only sends
    await ok(call)
    if "gap" in call.orders:
        await sent.send_all(bytes(data))
        await trio.sleep(call.number("gap", 0))
        await sent.send_all(bytes(data))
    else:
        await sent.send_all(bytes(data * 2))


async def cookie(call: Call) -> None:
    """A good reply with a cookie that holds the caller's words."""
    await call.head(Set_Cookie=f"who={call.text.replace(' ', '-')}; Path=/")
    await _say(call, call.words())
    await _finish(call)


STAMPED: Final = "zq{}zq{}zq"
LETTERS: Final = str.maketrans("0123456789", "abcdefghij")


async def stamp(call: Call) -> None:
    """Words that say when they were sent, for measuring: received and sent, in nanoseconds.

    As `STAMPED` with a letter for each digit: the server must take them for words,
    and not for the beginning of a dose, which it would hold back.
    """
    came = int(call.record.began * 1e9)
    await call.head()
    pace, due = call.number("pace", 0), trio.current_time()
    for _ in range(int(call.number("words", 20))):
        due += pace
        await trio.sleep_until(due)
        await call.delta(content=f"{STAMPED.format(came, time.monotonic_ns())} ".translate(LETTERS))
    await _finish(call)


MODES: Final[dict[str, Mode]] = {
    mode.__name__: mode
    for mode in (
        ok, mute, hang, halt, late, cut, short, drop, garbled, octets, nested, odd, noise, report,
        status, flaky, redirect, html, plain, squeezed, line, lines, header, flood, comments,
        blank, empty, think, decline, halves, bytewise, once, twice, cookie, stamp,
    )
}  # fmt: skip
