"""The lane's two readers by themselves: whatever comes, and however it is cut, it is read alike.

    python tests/fuzz/fuzz_readers.py http|frames [-runs=N] [-max_total_time=S]

under atheris, which begins with what the grammar makes and goes where new lines run; the suite
has the former alone.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path[:0] = [str(Path(__file__).parent)]

Read = Callable[[list[bytes]], Any]


def requests_of(pieces: list[bytes]) -> Any:
    """What is made of them: each request, the fault behind them, and what is no HTTP any more."""
    from nexus_trio.lane.config import Limits
    from nexus_trio.lane.http1 import Requests

    reader = Requests(Limits())
    made = []
    for piece in pieces:
        reader.feed(piece)
    for each in reader.ready:
        head = (each.method, each.target, each.http_version, tuple(each.headers))
        made.append((*head, each.keep_alive, each.expects, each.take(), each.complete))
    fault, behind = reader.fault, reader.behind
    reader.close()
    # Of a fault the status may lie in the pieces (400 or 501); that it is one does not.
    return made, fault is not None, behind if fault is None else b""


def messages_of(pieces: list[bytes]) -> Any:
    """What a WebSocket hears of them, and the code that ends it."""
    from wsproto.events import CloseConnection, Message, Ping

    from nexus_trio.lane.http1 import Request
    from nexus_trio.lane.socket import _OPEN, Socket

    config: Any = SimpleNamespace(config=SimpleNamespace(websocket_max_message_size=1000))
    socket = Socket(config, Request(b"GET", b"/", b"1.1", [], keep_alive=True))
    socket._state = _OPEN
    heard: list[Any] = []
    parts: list[Any] = []
    for piece in pieces:
        socket._raw += piece
        while True:
            event = None if socket._events is None else next(socket._events, None)
            if event is None:
                socket._events = None
                text = socket._whole_text()
                if text is not None:
                    heard.append(text)
                elif not socket._hand_over():
                    break
            elif isinstance(event, Message):
                parts.append(event.data)
                if event.message_finished:
                    heard.append(parts[0][:0].join(parts))
                    parts = []
            elif isinstance(event, CloseConnection):
                return heard, int(event.code)
            elif isinstance(event, Ping):
                heard.append(("ping", bytes(event.payload)))
    return heard, None


READERS: dict[str, Read] = {"http": requests_of, "frames": messages_of}


def alike(reader: str, raw: bytes, seed: int = 0) -> Any:
    """Read it whole and in two other ways. Raises `AssertionError` where they differ."""
    read, rng = READERS[reader], random.Random(seed)
    whole = read([raw])
    at, drawn = 0, []
    while at < len(raw):
        size = rng.randint(1, 20)
        drawn.append(raw[at : at + size])
        at += size
    for pieces in ([raw[at : at + 1] for at in range(len(raw))], drawn):
        found = read(pieces)
        if found != whole:
            raise AssertionError(f"{reader}: {raw!r}: whole {whole}, in {len(pieces)} {found}")
    return whole


def corpus(reader: str, folder: Path, count: int = 500) -> None:
    """What the grammar makes, a file each; of a WebSocket what is behind its opening."""
    from fuzz_grammar import conversation, upgrade

    for number in range(count):
        made = conversation(random.Random(number), "t1q")
        raw, opening = made.sent, upgrade("t1q")
        if reader == "frames":
            raw = raw[len(opening) :] if raw.startswith(opening) else b""
        (folder / str(number)).write_bytes(raw[:2000])


def main() -> None:
    import atheris

    reader = sys.argv.pop(1)
    folder = tempfile.mkdtemp()
    corpus(reader, Path(folder))
    sys.argv.append(folder)
    with atheris.instrument_imports(include=["nexus_trio.lane", "wsproto"]):
        READERS[reader]([b""])

    def one(raw: bytes) -> None:
        alike(reader, raw)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
