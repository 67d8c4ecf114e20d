"""The ceiling for WebSockets: how fast the client is when the server does next to nothing.

Sockets and epoll; canned frames of the usual size. A `message` has a delta and a
reply, and what is said is sent to all. It parses nothing: the frames of the
benchmarks come whole, and their types are looked for as bytes. So a figure near
this one is a figure about the client, or about the kernel.

    python benchmarks/peers/bare_ws.py --port 0

prints `bare-ws listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

import argparse
import json
import select
import socket

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
WORDS = "A canned reply of about the usual length, said by nobody. " * 3


def frame(**fields: object) -> bytes:
    data = json.dumps(fields, separators=(",", ":")).encode()
    if len(data) < 126:
        return bytes([0x81, len(data)]) + data
    return b"\x81\x7e" + len(data).to_bytes(2, "big") + data


WELCOME = frame(type="welcome", session_id="0" * 16)
REPLY = frame(type="delta", ref="m", seq=0, text=WORDS) + frame(
    type="reply",
    ref="m",
    user_id="bench",
    session_id="0" * 16,
    room="Tower",
    turn=1,
    response=WORDS,
    crisis={"level": "none", "detected": False, "turns": 0, "notice": None, "resources": []},
    notices=[],
    session_messages=1,
    position="00000000:1",
)
SAID = frame(
    type="room", room="Dungeon", position="00000000:1", event="said", user_id="s", text=WORDS[:90]
)
DONE = frame(type="done", ref="s", position="00000000:1")


class Server:
    """All connections, in one loop."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.lines: dict[int, socket.socket] = {}
        self.poll = select.epoll()
        self.poll.register(listener.fileno(), select.EPOLLIN)

    def run(self) -> None:
        while True:
            for file, _ in self.poll.poll():
                if file == self.listener.fileno():
                    line, _ = self.listener.accept()
                    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.lines[line.fileno()] = line
                    self.poll.register(line.fileno(), select.EPOLLIN)
                elif file in self.lines:
                    self.answer(file, self.lines[file])

    def answer(self, file: int, line: socket.socket) -> None:
        try:
            data = line.recv(65536)
            if data.startswith(b"GET "):
                line.sendall(SWITCH)
            elif b'"hello"' in data:
                line.sendall(WELCOME)
            elif messages := data.count(b'"type": "message"'):
                line.sendall(REPLY * messages)
            elif says := data.count(b'"type": "say"'):
                for other in self.lines.values():
                    other.sendall(SAID * says)
                line.sendall(DONE * says)
        except OSError:
            data = b""
        if not data:  # it has gone; nothing is owed to it
            self.poll.unregister(file)
            del self.lines[file]
            line.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Canned frames, for the client's ceiling.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with socket.create_server((given.host, given.port), backlog=1024) as listener:
        bound = listener.getsockname()[1]
        print(f"bare-ws listening on http://{given.host}:{bound}", flush=True)
        try:
            Server(listener).run()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
