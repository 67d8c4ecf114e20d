"""Servers in processes of their own, and the bytes that clients send them."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
GUARD = 60.0  # seconds after which a test that hangs is called failed
ENTRIES = ("serve", "command")


@dataclass
class Server:
    """A server process; `port` 0 until it is known."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]
    port: int = 0

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=GUARD)

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()

    def wait(self) -> int:
        return self.process.wait(timeout=GUARD)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.terminate()
        return self.wait()

    def close(self) -> None:
        """Kill what still runs: the whole group, for the command's worker outlives its parent."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.log.close()


def start(
    entry: str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    grace: int = 10,
    options: tuple[str, ...] = (),
    lifespan: str = "",
    **limits: float,
) -> Server:
    """Start one; not ready yet. The command's parent binds, so its port is read off its log."""
    if entry == "serve":
        command = [str(HERE / "lane_serve.py"), host, str(port), str(grace)]
    else:
        command = ["-m", "hypercorn", "--worker-class", "trio", "--bind", f"{host}:{port}"]
        command += ["--keep-alive", "60", "--graceful-timeout", str(grace), *options]
        command += ["lane_app:app"]
    log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *command],
        stdout=subprocess.PIPE,
        stderr=log,
        cwd=HERE,
        start_new_session=True,
        env=os.environ
        | {"PYTHONPATH": str(HERE), "LANE_LIMITS": json.dumps(limits), "LANE_LIFESPAN": lifespan},
    )
    return Server(process, log)


def started(entry: str, **settings: Any) -> Server:
    """Start one and wait until it takes connections."""
    if entry == "serve":
        server = start(entry, **settings)
        assert server.process.stdout is not None
        line = server.process.stdout.readline().decode()
        assert line.startswith("http://127.0.0.1:"), server.said()
        server.port = int(line.rsplit(":", 1)[1])
        return server
    port = free_port()
    server = start(entry, port=port, **settings)
    server.port = port
    until_answered(server)
    return server


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until_answered(server: Server) -> None:
    """The parent binds before its worker listens: until then, connections are refused."""
    while True:
        assert server.process.poll() is None, server.said()
        try:
            with server.connect() as sock:
                assert ask(sock).startswith(b"HTTP/1.1 200")
                return
        except ConnectionError:
            continue


def request(path: str = "/", *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


def upgrade(*headers: str) -> bytes:
    return request(
        "/ws",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode(),
        *(headers or ("Sec-WebSocket-Version: 13",)),
    )


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """One masked frame, with a mask of zeros."""
    if len(payload) < 126:
        head = bytes([0x80 | opcode, 0x80 | len(payload)])
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + len(payload).to_bytes(8, "big")
    return head + bytes(4) + payload


def ask(sock: socket.socket, path: str = "/") -> bytes:
    """One request on a connection that stays open; the whole answer."""
    sock.sendall(request(path))
    return answer(sock)


def answer(sock: socket.socket) -> bytes:
    """One answer with a Content-Length, or only a head."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = sock.recv(65536)
        assert piece, "closed within an answer"
        got += piece
    length = re.search(rb"content-length: (\d+)", got, re.IGNORECASE)
    whole = got.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
    while len(got) < whole:
        piece = sock.recv(65536)
        assert piece, "closed within an answer"
        got += piece
    return got


def until_closed(sock: socket.socket) -> bytes:
    """All that comes until the server closes."""
    got = b""
    while piece := sock.recv(65536):
        got += piece
    return got


def until_open(server: Server, connections: int) -> None:
    """Wait until no more are open than these and the one that asks."""
    give_up = time.monotonic() + GUARD
    while statistics(server)["open"] > connections + 1:
        assert time.monotonic() < give_up, "connections were left behind"


def statistics(server: Server) -> dict[str, int]:
    with server.connect() as sock:
        counts: dict[str, int] = json.loads(ask(sock, "/statistics").split(b"\r\n\r\n")[1])
    return counts
