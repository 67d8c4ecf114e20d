"""SIGKILL under load, again and again, with a ledger of what was acknowledged kept outside.

`python tests/crash/kill_nine.py --minutes 2` prints what it saw and exits 1 if
anything acknowledged was lost or stored twice, or if nothing was lost by a server that
acknowledges before it commits.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))

import mutant
from bridge_process import Bridge, bridge, call

USERS = 8


@dataclass
class Ledger:
    """What the clients know. Each message is its own reference, and unlike any other."""

    answered: dict[str, Any] = field(default_factory=dict)
    """By message: the reply, as it came whole."""
    open: dict[str, str] = field(default_factory=dict)
    """By user: the message that was sent and never answered."""
    said: dict[str, str] = field(default_factory=dict)
    """What was said aloud, and the position in the room that its speaker was told."""
    kills: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def line(self) -> str:
        return (
            f"kills {self.kills}, acknowledged {len(self.answered)} turns and "
            f"{len(self.said)} sayings, "
            f"lost {len(self.lost)}, stored twice {len(self.doubled)}"
        )


def talk(server: Bridge, ledger: Ledger, user: str, stop: threading.Event) -> None:
    """One client: a message after the other until the server dies under it."""
    connection = server.connect()
    try:
        while not stop.is_set():
            # What was cut by the kill is sent again, with its own reference.
            message = ledger.open.get(user) or f"{user}-{random.randrange(10**12)}"
            ledger.open[user] = message
            body = {"user_id": user, "message": message, "client_ref": message}
            status, reply = call(connection, "POST", "/bridge/chat", body)
            if status == 200:
                ledger.answered[message] = reply
                del ledger.open[user]
                if random.random() < 0.3:
                    say(connection, ledger, user, f"aloud {message}")
    except (http.client.HTTPException, OSError):
        return
    finally:
        connection.close()


def say(connection: http.client.HTTPConnection, ledger: Ledger, user: str, text: str) -> None:
    body = {"user_id": user, "text": text}
    status, reply = call(connection, "POST", "/bridge/rooms/Garden/say", body)
    if status == 200:
        ledger.said[text] = reply["room_position"]


def round_of(server: Bridge, ledger: Ledger, seconds: float) -> None:
    """Load for so long, then SIGKILL in the middle of it."""
    stop = threading.Event()
    clients = [
        threading.Thread(target=talk, args=(server, ledger, f"user-{n}", stop))
        for n in range(USERS)
    ]
    for client in clients:
        client.start()
    time.sleep(seconds)
    server.process.kill()
    stop.set()
    server.wait()
    for client in clients:
        client.join()
    ledger.kills += 1


def check(server: Bridge, data: Path, ledger: Ledger) -> None:
    """Compare the ledger with what the server holds after its restart."""
    stored: dict[str, Any] = {}
    seen: Counter[str] = Counter()
    for number in range(USERS):
        for turn in history(server, f"user-{number}"):
            if turn["status"] == "answered":
                seen[turn["message"]] += 1
                stored[turn["message"]] = turn
    heard: Counter[tuple[str, str]] = Counter()
    for number in range(USERS):
        for event in exported(data, f"user-{number}"):
            if event["event"] == "said":
                heard[event["text"], event["position"]] += 1
                seen[event["text"]] += 1
    ledger.doubled = [words for words, times in seen.items() if times > 1]
    ledger.lost = [
        message
        for message, reply in ledger.answered.items()
        if message not in stored
        or any(stored[message][name] != reply[name] for name in ("turn", "position", "response"))
    ]
    ledger.lost += [text for text, position in ledger.said.items() if not heard[text, position]]


def exported(data: Path, user: str) -> list[Any]:
    """What the user did in rooms, as an operator is told."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(data / "control.sock"))
        control.sendall(
            json.dumps({"control": 1, "do": "export", "user_id": user}).encode() + b"\n"
        )
        lines = [json.loads(line) for line in control.makefile("rb")]
    return [line["event"] for line in lines if "event" in line]


def history(server: Bridge, user: str) -> list[Any]:
    turns: list[Any] = []
    after = ""
    while True:
        status, page = server.call("GET", f"/bridge/sessions/{user}/history?limit=1000{after}")
        if status == 404:
            return turns
        turns += page["turns"]
        if page["next"] is None:
            return turns
        after = f"&after={page['next']}"


def run(data: Path, seconds: float, kills: int = 10**9, answers: int = 0, **env: str) -> Ledger:
    """Kill until the time is over, or so many kills were done and so many turns acknowledged.

    Ends early when something is lost.
    """
    ledger = Ledger()
    until = time.monotonic() + seconds
    while (ledger.kills < kills or len(ledger.answered) < answers) and time.monotonic() < until:
        with bridge("serve", data=data, **env) as server:
            check(server, data, ledger)
            if ledger.lost or ledger.doubled:
                return ledger
            round_of(server, ledger, random.uniform(0.05, 0.6))
    with bridge("serve", data=data, **env) as server:
        check(server, data, ledger)
    return ledger


def main() -> int:
    parser = argparse.ArgumentParser(description="SIGKILL under load; nothing may be lost.")
    parser.add_argument("--minutes", type=float, default=1)
    given = parser.parse_args()
    failed = False
    for durability in ("power", "process"):
        with tempfile.TemporaryDirectory(prefix="nexus-crash-") as data:
            ledger = run(Path(data), given.minutes * 30, NEXUS_DURABILITY=durability)
        print(f"{durability}: {ledger.line()}", flush=True)
        failed |= bool(ledger.lost or ledger.doubled)
    with tempfile.TemporaryDirectory(prefix="nexus-crash-") as data:
        program = mutant.make(Path(data) / "mutant", *mutant.EARLY)
        ledger = run(Path(data) / "data", 60, PYTHONPATH=str(program))
    print(f"a server that acknowledges before it commits: {ledger.line()}", flush=True)
    print(f"kills: the mutant was {'caught' if ledger.lost else 'NOT caught'}", flush=True)
    return int(failed or not ledger.lost)


if __name__ == "__main__":
    sys.exit(main())
