"""Does a client that does not read cost the others anything?

Ten users send turns over WebSockets, one at a time, while somebody speaks aloud
in their room; five more connections hear it all. They read, or they don't: the
two are measured in turns, and the others' p99 compared round by round.

    python benchmarks/slow_consumer.py --rounds 5 --seconds 2 --json slow.json
"""

from __future__ import annotations

import argparse
import json
import secrets
import time
from pathlib import Path
from statistics import median

import trio

from launch import started
from nexus_trio.experiment.environment import environment
from nexus_trio.experiment.result import percentile
from processes import resident
from ws_line import Line, drain, frame, open_line
from ws_poll import MESSAGE

TALKERS, HEARERS = 10, 5
PACE_S = 0.01
"""Between two sentences of 4 KB: 400 KB/s to each who hears them."""


async def measure(url: str, deaf: bool, seconds: float) -> tuple[float, float]:
    """The talkers' p50 and p99 in milliseconds."""
    run = secrets.token_hex(3)
    hearers = [await open_line(url, f"{run}-hear-{n}") for n in range(HEARERS)]
    speaker = await open_line(url, f"{run}-speaker")
    talkers = [await open_line(url, f"{run}-talk-{n}") for n in range(TALKERS)]
    latencies: list[float] = []

    async def talk(line: Line, until: float) -> None:
        message = frame(type="message", ref="m", message=MESSAGE)
        while (sent := time.perf_counter()) < until:
            await line.stream.send_all(message)
            await line.count(b"reply", 1)
            latencies.append((time.perf_counter() - sent) * 1000)

    async def speak() -> None:
        while True:
            await speaker.stream.send_all(frame(type="say", ref="s", text="x" * 4000))
            await trio.sleep(PACE_S)

    async with trio.open_nursery() as nursery:
        for line in (speaker, *(() if deaf else hearers)):
            nursery.start_soon(drain, line, nursery.cancel_scope)
        nursery.start_soon(speak)
        async with trio.open_nursery() as inner:
            until = time.perf_counter() + seconds
            for line in talkers:
                inner.start_soon(talk, line, until)
        nursery.cancel_scope.cancel()
    for line in (speaker, *hearers, *talkers):
        await trio.aclose_forcefully(line.stream)
    ordered = sorted(latencies)
    return percentile(ordered, 50), percentile(ordered, 99)


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of clients that do not read.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    rounds: list[dict[str, float]] = []
    with started("nexus-trio") as server:
        before = resident(server.pid)
        for number in range(given.rounds):
            found: dict[str, float] = {}
            for deaf in (False, True) if number % 2 == 0 else (True, False):
                name = "deaf" if deaf else "reading"
                p50, p99 = trio.run(measure, server.url, deaf, given.seconds)
                found |= {f"{name}_p50_ms": p50, f"{name}_p99_ms": p99}
            found["p99_ratio"] = found["deaf_p99_ms"] / found["reading_p99_ms"]
            rounds.append(found)
            print(", ".join(f"{key} {value:.2f}" for key, value in found.items()), flush=True)
        grown = resident(server.pid) - before
    ratios = [each["p99_ratio"] for each in rounds]
    print(f"p99 with deaf over p99 with reading: {median(ratios):.2f}", end=" ")
    print(f"({min(ratios):.2f}-{max(ratios):.2f}); the server grew by {grown:,} bytes")
    if given.json:
        report = {"rounds": rounds, "grown": grown, "environment": environment("", {}, "default")}
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
