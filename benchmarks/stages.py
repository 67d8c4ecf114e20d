"""Where the time of a turn goes, stage by stage, in each durability.

One user, one turn behind the other: asked of the hub of this process, of the ASGI
application over it, and over HTTP of a process of its own. The stages are timed
where they stand, by functions put around theirs; what lies between them is the
difference of the medians. On a busy machine all of them are too long, so compare
them with each other and not with those of another hour.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import trio

from launch import started
from load import MESSAGE, measure
from nexus_trio import create_app, open_hub
from nexus_trio.crisis.glance import Glance
from nexus_trio.experiment.environment import environment
from nexus_trio.responders.scripted import ScriptedResponder
from nexus_trio.runtime import hub as hub_module
from nexus_trio.runtime import turn as turn_module
from nexus_trio.runtime.hub import Hub
from nexus_trio.settings import Settings
from nexus_trio.web import codec, door, guard

DURABILITIES = ("memory", "process", "power")

STAGES: dict[str, list[tuple[Any, str]]] = {
    "guard": [(guard, "refusal")],
    "decode": [(door, "fields_of")],
    "screen": [(hub_module, "_screen")],
    "responder": [(ScriptedResponder, "ready")],
    "glance at the reply": [(Glance, "harmless")],
    "commit": [(turn_module, "_commit")],
    "encode": [(codec, "reply"), (codec, "encode")],
}
"""Which functions each stage is; of those that stand in a turn, in its order."""

IN_TURN = ("screen", "responder", "glance at the reply", "commit")

BODY = json.dumps({"user_id": "ada", "message": MESSAGE}).encode()
SCOPE: dict[str, Any] = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/bridge/chat",
    "raw_path": b"/bridge/chat",
    "query_string": b"",
    "root_path": "",
    "headers": [
        (b"host", b"127.0.0.1:4004"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ],
    "client": ("127.0.0.1", 5),
    "server": ("127.0.0.1", 4004),
    "extensions": {},
}

Taken = dict[str, list[float]]


@contextmanager
def timed(taken: Taken) -> Iterator[None]:
    """Note how long each function of the stages takes, under its name, until the end."""
    kept = [(owner, name, getattr(owner, name)) for each in STAGES.values() for owner, name in each]
    for owner, name, function in kept:
        setattr(owner, name, (around_await if name == "_commit" else around)(function, taken[name]))
    try:
        yield
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)


def around(function: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            taken.append(time.perf_counter() - began)

    return call


def around_await(function: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    async def call(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return await function(*given, **named)
        finally:
            taken.append(time.perf_counter() - began)

    return call


@asynccontextmanager
async def opened(durability: str) -> AsyncIterator[Hub]:
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as data:
        async with open_hub(Settings(durability=durability, data=data)) as hub:
            yield hub


async def again_and_again(call: Callable[[], Awaitable[object]], turns: int) -> float:
    """Microseconds of one call."""
    taken = []
    for _ in range(turns):
        began = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": BODY, "more_body": False}


async def send(event: dict[str, Any]) -> None:
    if event.get("status", 200) != 200:
        raise SystemExit(f"a call was refused with {event['status']}")


async def in_process(durability: str, turns: int) -> dict[str, float]:
    """Microseconds of a turn, of a call of the application, and of each stage in that."""
    async with opened(durability) as hub:
        asked = await again_and_again(lambda: hub.ask("ada", MESSAGE), turns)
    async with opened(durability) as hub:
        app = create_app(hub).asgi_app
        called = await again_and_again(lambda: app(SCOPE, receive, send), turns)  # type: ignore[arg-type]  # plain dicts
        taken: Taken = defaultdict(list)
        with timed(taken):
            await again_and_again(lambda: app(SCOPE, receive, send), turns)  # type: ignore[arg-type]  # as above
    stages = {
        stage: sum(median(taken[name]) for _, name in functions) * 1e6
        for stage, functions in STAGES.items()
    }
    between = asked - sum(stages[stage] for stage in IN_TURN)
    before = called - asked - sum(us for stage, us in stages.items() if stage not in IN_TURN)
    return {**stages, "mailbox, watch, slot": between, "door": before, "call": called}


def over_http(durability: str, seconds: float) -> float:
    """Microseconds of a turn over one connection."""
    with started("nexus-trio", {"NEXUS_DURABILITY": durability}) as server:
        return measure(server.url, 1, seconds).p50_ms * 1e3


def sync() -> float:
    """Microseconds of a 4 KiB write and its fdatasync."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for number in range(200):
            began = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(4096), number * 4096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="Where the time of a turn goes.")
    parser.add_argument("--turns", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    parts = {name: trio.run(in_process, name, given.turns) for name in DURABILITIES}
    http = {name: over_http(name, given.seconds) for name in DURABILITIES}
    print(f"{'µs, medians':<34}" + "".join(f"{name:>10}" for name in DURABILITIES))
    found: dict[str, Any] = {"fdatasync_us": round(sync())}
    order = ("guard", "decode", "door", "screen", "mailbox, watch, slot", *IN_TURN[1:], "encode")
    rows = {title: {name: parts[name][title] for name in DURABILITIES} for title in order}
    rows["parse, transport, send"] = {n: http[n] - parts[n]["call"] for n in DURABILITIES}
    rows["a turn over HTTP"] = http
    for title, row in rows.items():
        found[title] = {name: round(value) for name, value in row.items()}
        print(f"{title:<34}" + "".join(f"{row[name]:>10,.0f}" for name in DURABILITIES))
    print(f"a write and its fdatasync: {found['fdatasync_us']} µs")
    if given.json:
        report = {"found": found, "environment": environment("", {}, "each")}
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
