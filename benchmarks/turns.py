"""How many turns a second, and how late are the slowest, beside the plain design?

Measures turns over HTTP at 1, 5 and 64 users (one connection each, the next
message as soon as the last is answered) for this server in each durability and
for the plain design behind aiohttp (on asyncio's loop and on uvloop's), Starlette
on uvicorn, and Quart on Hypercorn, in the same minutes and in turns, A B C,
B C A, …, so that what the machine does meanwhile falls on all alike. The last
one is a bare trio server with a canned answer: the most that trio, and the load
generator, can do. Medians over the rounds, with the lowest and highest round;
ratios are made round by round. The processor time is the server's own.

With `--sessions 5,5000` it asks instead what a turn costs with few and with many
sessions open: two servers of each kind, five users at each, in turns again.

    python benchmarks/turns.py --users 1,5,64 --seconds 1 --rounds 5 --json turns.json
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from figures import Spread, facts, in_turns, ratio, save, spread, text
from launch import OURS, Server, started
from load import Sample, measure, open_sessions, sessions_open

PEER, CEILING = "aiohttp", "bare-trio"
OTHERS = ("aiohttp uvloop", "starlette", "quart")


def faster(above: list[Sample], below: list[Sample]) -> Spread:
    """Turns a second of one server over those of another, round by round."""
    return ratio([each.per_second for each in above], [each.per_second for each in below])


def thriftier(ours: list[Sample], theirs: list[Sample]) -> Spread:
    """How many turns one server does in the processor time that another needs for one."""
    return ratio([each.cpu_us for each in theirs], [each.cpu_us for each in ours])


Samples = dict[str, list[Sample]]


def rounds(servers: dict[str, Server], users: int, given: argparse.Namespace) -> Samples:
    """Every server once per round, each round beginning with another one."""
    found: Samples = defaultdict(list)
    for name in in_turns(list(servers), given.rounds):
        server = servers[name]
        sample = measure(server.url, users, given.seconds, given.turns, server.pid)
        found[name].append(sample)
    return found


def row(samples: list[Sample]) -> dict[str, Any]:
    """One server at one number of users."""
    return {
        "turns_per_sec": asdict(spread([each.per_second for each in samples])),
        "p50_ms": asdict(spread([each.p50_ms for each in samples])),
        "p95_ms": asdict(spread([each.p95_ms for each in samples])),
        "p99_ms": asdict(spread([each.p99_ms for each in samples])),
        "cpu_us": asdict(spread([each.cpu_us for each in samples])),
        "p99_over_p50": asdict(spread([each.p99_ms / each.p50_ms for each in samples])),
        "turns": sum(each.turns for each in samples),
        "errors": sum(each.errors for each in samples),
    }


def compare(given: argparse.Namespace) -> dict[str, Any]:
    """Turns at each number of users, side by side."""
    found: dict[str, Any] = {}
    ours = {f"{OURS} {durability}": durability for durability in given.durability}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(started(OURS, {"NEXUS_DURABILITY": durability}))
            for name, durability in ours.items()
        }
        for name in (PEER, *given.peers, CEILING):
            servers[name] = stack.enter_context(started(name))
        for users in given.users:
            samples = rounds(servers, users, given)
            found[str(users)] = {
                **{name: row(samples[name]) for name in servers},
                "over_peer": {n: asdict(faster(samples[n], samples[PEER])) for n in servers},
                "thrift": {n: asdict(thriftier(samples[n], samples[PEER])) for n in servers},
                "over_ceiling": {n: asdict(faster(samples[n], samples[CEILING])) for n in servers},
            }
            show(users, found[str(users)])
    return found


def sessions(given: argparse.Namespace) -> dict[str, Any]:
    """Five users' turns with few and with many sessions open."""
    few, many = given.sessions
    settings = {"NEXUS_DURABILITY": given.durability[0]}
    found: dict[str, Any] = {}
    for name in (OURS, PEER):
        with ExitStack() as stack:
            sizes = {str(few): few, str(many): many}
            servers = {}
            for size, count in sizes.items():
                servers[size] = stack.enter_context(started(name, settings))
                # The five who are measured are sessions, too.
                open_sessions(servers[size].url, max(0, count - 5))
            samples = rounds(servers, 5, given)
            still = {size: sessions_open(servers[size].url) for size in sizes}
        if any(still[size] < count - 5 for size, count in sizes.items()):
            raise SystemExit(f"{name} closed sessions during the measurement: {still}.")
        found[name] = {
            **{size: row(samples[size]) for size in sizes},
            # Above 1: a turn costs more when many sessions are open.
            "cost_many_over_few": asdict(faster(samples[str(few)], samples[str(many)])),
        }
        for size in sizes:
            line(f"{name}, {size} sessions open", found[name][size])
        print(f"  cost of a turn, {many} over {few}: {text(found[name]['cost_many_over_few'])}\n")
    return found


def line(title: str, figures: dict[str, Any]) -> None:
    late = f"p50 {text(figures['p50_ms'])}, p95 {text(figures['p95_ms'])}"
    late += f", p99 {text(figures['p99_ms'])} ms, p99/p50 {text(figures['p99_over_p50'])}"
    errors = f"; {figures['errors']} ERRORS" if figures["errors"] else ""
    print(f"  {title}: {text(figures['turns_per_sec'])} turns/s; {late}{errors}")


def show(users: int, found: dict[str, Any]) -> None:
    """One row for each server, the ratios last."""
    print(f"{users} users; the load average is {os.getloadavg()[0]:.1f}")
    print(f"  {'':<20}{'turns/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}   over {PEER}")
    for name, over in found["over_peer"].items():
        each = found[name]
        title = "bare trio (ceiling)" if name == CEILING else name
        errors = f"; {each['errors']} ERRORS" if each["errors"] else ""
        print(
            f"  {title:<20}{each['turns_per_sec']['median']:>9,.0f}{each['p50_ms']['median']:>9.2f}"
            f"{each['p99_ms']['median']:>9.2f}{each['cpu_us']['median']:>9,.0f}   "
            f"{text(over)}{errors}"
        )
    print(flush=True)


def numbers(value: str) -> list[int]:
    found = [int(each) for each in value.split(",")]
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError("give numbers from 1 on, such as 1,5,64")
    return found


def pair(value: str) -> list[int]:
    found = numbers(value)
    if len(found) != 2 or found[0] >= found[1]:
        raise argparse.ArgumentTypeError("give two rising numbers, such as 5,5000")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Turns a second over HTTP, side by side.")
    parser.add_argument("--users", type=numbers, default=[1, 5, 64], help="such as 1,5,64")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement")
    parser.add_argument("--turns", type=int, help="end a measurement after so many turns instead")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=pair, help="few,many: compare those, such as 5,5000")
    parser.add_argument(
        "--durability",
        type=lambda value: value.split(","),
        default=["power", "process", "memory"],
        help="of this server, such as power,memory; with --sessions the first one counts",
    )
    parser.add_argument(
        "--peers",
        type=lambda value: [each for each in value.split(",") if each],
        default=list(OTHERS),
        help=f"beside {PEER}, of: {', '.join(OTHERS)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    part = "sessions" if given.sessions else "users"
    found = sessions(given) if given.sessions else compare(given)
    report = {
        "rounds": given.rounds,
        "seconds": given.seconds,
        "turns": given.turns,
        part: found,
        "environment": facts(",".join(given.durability)),
    }
    save(given.json, report)


if __name__ == "__main__":
    main()
