"""The ceiling: how fast the load generator is when the server does next to nothing.

A bare trio server with llhttp that parses each request and answers the same
canned reply. No server in Python on trio can be faster at the same wire format,
so a figure near this one is a figure about the generator.

    python benchmarks/peers/bare_trio.py --port 0

prints `bare-trio listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

import argparse
import json
from functools import partial

import httptools
import trio

CHUNK = 65536

# The size of an ordinary reply object.
BODY = json.dumps(
    {
        "user_id": "bench",
        "session_id": "0" * 16,
        "room": "Tower",
        "turn": 1,
        "response": "A canned reply of about the usual length, said by nobody. " * 3,
        "crisis": {"level": "none", "detected": False, "turns": 0, "notice": None, "resources": []},
        "notices": [],
        "session_messages": 1,
        "position": "00000000:1",
    }
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


class Requests:
    """Counts the requests that have come in whole."""

    def __init__(self) -> None:
        self.whole = 0

    def on_message_complete(self) -> None:
        self.whole += 1


async def answer(stream: trio.SocketStream) -> None:
    async with stream:
        requests = Requests()
        parser = httptools.HttpRequestParser(requests)
        try:
            while data := await stream.receive_some(CHUNK):
                parser.feed_data(data)
                if requests.whole:
                    await stream.send_all(ANSWER * requests.whole)
                    requests.whole = 0
        except trio.BrokenResourceError:
            return  # the generator has gone; nothing is owed to it


async def run(host: str, port: int) -> None:
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, answer, port, host=host))
        bound = listeners[0].socket.getsockname()[1]
        print(f"bare-trio listening on http://{host}:{bound}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="A canned answer, for the generator's ceiling.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    try:
        trio.run(run, given.host, given.port)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
