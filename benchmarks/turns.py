"""How many turns a second, and how late are the slowest, beside the plain design?

Measures turns over HTTP at 1, 5 and 64 users (one connection each, the next
message as soon as the last is answered) for this server in each durability and
for the plain aiohttp design, in the same minute and in turns, A B C, B C A, …,
so that what the machine does meanwhile falls on all alike. The last one is a
bare trio server with a canned answer: the most that the load generator can do.
Medians over the rounds, with the lowest and highest round; ratios are made
round by round.

With `--sessions 5,5000` it asks instead what a turn costs with few and with many
sessions open: two servers of each kind, five users at each, in turns again.

    python benchmarks/turns.py --users 1,5,64 --seconds 1 --rounds 5 --json turns.json
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import trio

from launch import Server, started
from load import Sample, measure, open_sessions, sessions_open
from nexus_trio.experiment.environment import environment

OURS, PEER, CEILING = "nexus-trio", "aiohttp", "bare-trio"


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the lowest and the highest round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:,.2f} ({self.low:,.2f}-{self.high:,.2f})"


def spread(values: list[float]) -> Spread:
    """The spread of one or more values."""
    return Spread(round(median(values), 4), round(min(values), 4), round(max(values), 4))


def ratio(above: list[Sample], below: list[Sample]) -> Spread:
    """Turns a second of one server over those of another, round by round."""
    pairs = zip(above, below, strict=True)
    return spread([one.per_second / other.per_second for one, other in pairs])


Samples = dict[str, list[Sample]]


def rounds(servers: dict[str, Server], users: int, given: argparse.Namespace) -> Samples:
    """Every server once per round, each round beginning with another one."""
    found: Samples = defaultdict(list)
    names = list(servers)
    for number in range(given.rounds):
        at = number % len(names)
        for name in names[at:] + names[:at]:
            url = servers[name].url
            found[name].append(trio.run(measure, url, users, given.seconds, given.turns))
    return found


def row(samples: list[Sample]) -> dict[str, Any]:
    """One server at one number of users."""
    return {
        "turns_per_sec": asdict(spread([each.per_second for each in samples])),
        "p50_ms": asdict(spread([each.p50_ms for each in samples])),
        "p95_ms": asdict(spread([each.p95_ms for each in samples])),
        "p99_ms": asdict(spread([each.p99_ms for each in samples])),
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
        servers |= {name: stack.enter_context(started(name)) for name in (PEER, CEILING)}
        for users in given.users:
            samples = rounds(servers, users, given)
            found[str(users)] = {
                **{name: row(samples[name]) for name in servers},
                "over_peer": {n: asdict(ratio(samples[n], samples[PEER])) for n in ours},
                "over_ceiling": {n: asdict(ratio(samples[n], samples[CEILING])) for n in ours},
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
                trio.run(open_sessions, servers[size].url, max(0, count - 5))
            samples = rounds(servers, 5, given)
            still = {size: trio.run(sessions_open, servers[size].url) for size in sizes}
        if any(still[size] < count - 5 for size, count in sizes.items()):
            raise SystemExit(f"{name} closed sessions during the measurement: {still}.")
        found[name] = {
            **{size: row(samples[size]) for size in sizes},
            # Above 1: a turn costs more when many sessions are open.
            "cost_many_over_few": asdict(ratio(samples[str(few)], samples[str(many)])),
        }
        for size in sizes:
            line(f"{name}, {size} sessions open", found[name][size])
        print(f"  cost of a turn, {many} over {few}: {text(found[name]['cost_many_over_few'])}\n")
    return found


def text(value: dict[str, float]) -> str:
    return str(Spread(**value))


def line(title: str, figures: dict[str, Any]) -> None:
    late = f"p50 {text(figures['p50_ms'])}, p95 {text(figures['p95_ms'])}"
    late += f", p99 {text(figures['p99_ms'])} ms, p99/p50 {text(figures['p99_over_p50'])}"
    errors = f"; {figures['errors']} ERRORS" if figures["errors"] else ""
    print(f"  {title}: {text(figures['turns_per_sec'])} turns/s; {late}{errors}")


def show(users: int, found: dict[str, Any]) -> None:
    print(f"{users} users")
    for name in found["over_peer"]:
        line(name, found[name])
    line(PEER, found[PEER])
    line("ceiling of the generator", found[CEILING])
    for name, over in found["over_peer"].items():
        print(f"  {name} over {PEER}: {text(over)}")
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
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    part = "sessions" if given.sessions else "users"
    found = sessions(given) if given.sessions else compare(given)
    facts = environment("", {}, ",".join(given.durability))
    for key in ("endpoint", "server_version"):
        del facts[key]
    report = {
        "rounds": given.rounds,
        "seconds": given.seconds,
        "turns": given.turns,
        part: found,
        "environment": facts,
    }
    if given.json:
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
