"""A peer for rooms: a fresh Evennia game, as `evennia --init` makes it, with guests let in.

    python benchmarks/peers/evennia_game.py EVENNIA

makes the game in a temporary folder and starts it by the program EVENNIA, which may be of
another environment. It speaks telnet; no web server runs, nothing is debugged, and nobody is
told that they write too fast. Prints `evennia listening on http://HOST:PORT, processes PID PID`
(it is no HTTP: that is how all peers say it), and stops the game at SIGTERM.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS = """
GUEST_ENABLED = True
MAX_COMMAND_RATE = 1_000_000
MAX_CONNECTION_RATE = 1_000
TELNET_INTERFACES = ["127.0.0.1"]
TELNET_PORTS = [{telnet}]
AMP_PORT = {amp}
WEBSERVER_ENABLED = False
WEBCLIENT_ENABLED = False
WEBSOCKET_CLIENT_ENABLED = False
"""
OWNER = {
    "EVENNIA_SUPERUSER_USERNAME": "owner",
    "EVENNIA_SUPERUSER_EMAIL": "owner@example.org",
    "EVENNIA_SUPERUSER_PASSWORD": "a lamp, and a kettle 42",
}
READY = b"Limbo"  # the first room that a guest sees
PATIENCE_S = 120


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def let_in(port: int) -> bool:
    """Whether a guest comes in: the game is set up after it listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as line:
            line.sendall(b"connect guest\r\n")
            seen = b""
            while READY not in seen:
                piece = line.recv(65536)
                if not piece:
                    return False
                seen += piece
            line.sendall(b"quit\r\n")
            return True
    except OSError:
        return False


def main() -> None:
    evennia = str(Path(sys.argv[1]).absolute())
    telnet, amp = free_ports(2)
    # `evennia` starts `twistd`, which stands beside it.
    path = f"{Path(evennia).parent}{os.pathsep}{os.environ['PATH']}"
    given = {"env": {**os.environ, **OWNER, "PATH": path}, "stdout": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory(prefix="evennia-") as folder:
        subprocess.run([evennia, "--init", "game"], cwd=folder, check=True, **given)
        game = Path(folder, "game")
        with (game / "server" / "conf" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS.format(telnet=telnet, amp=amp))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        subprocess.run([evennia, "migrate"], cwd=game, check=True, **given)
        try:
            subprocess.run([evennia, "start"], cwd=game, check=True, **given)
            until = time.monotonic() + PATIENCE_S
            while not let_in(telnet):
                if time.monotonic() > until:
                    raise SystemExit("The game lets nobody in.")
                time.sleep(1)
            files = (game / "server" / name for name in ("portal.pid", "server.pid"))
            pids = " ".join(file.read_text("ascii").strip() for file in files)
            print(f"evennia listening on http://127.0.0.1:{telnet}, processes {pids}", flush=True)
            signal.pause()
        finally:
            subprocess.run([evennia, "stop"], cwd=game, check=False, **given)


if __name__ == "__main__":
    main()
