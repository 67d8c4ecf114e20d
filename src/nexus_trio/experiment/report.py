"""The report for people: Markdown with its words made from the figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nexus_trio.experiment.checks import Check, Group

if TYPE_CHECKING:
    from nexus_trio.experiment.result import Result

# Title of the table, group of the checks, and how the analysis names the property.
SECTIONS: tuple[tuple[str, Group, str], ...] = (
    ("Session Isolation", "sessions", "Session isolation"),
    ("Room Occupancy", "rooms", "Room occupancy"),
    ("Crisis Detection Under Load", "crisis", "Crisis detection"),
    ("The Run Itself", "run", "The run itself"),
)


def markdown(result: Result) -> str:
    """The whole report, ending with a newline."""
    parts = [
        f"# {result.users}-User Isolation Experiment",
        heading(result),
        "## Configuration",
        configuration(result),
        "## Throughput & Latency",
        throughput(result),
    ]
    for title, group, _ in SECTIONS:
        parts += [f"## {title}", checks_table(result.of(group))]
    parts += ["## Analysis", *analysis(result), "## How to reproduce", reproduce(result)]
    return "\n\n".join(parts) + "\n"


def heading(result: Result) -> str:
    """The verdict, the date, the program and the machine."""
    facts = result.environment
    failed = sum(not check.passed for check in result.checks)
    verdict = f"{failed} of {len(result.checks)} checks failed" if failed else "all checks passed"
    hardware = f"{facts['cpu']}, {facts['cpus']} cores, {facts['memory_gib']} GiB, {facts['os']}"
    return "\n".join(
        (
            f"- Result: **{verdict}**",
            f"- Date: {facts['date']}",
            f"- Program: nexus-trio {facts['version']}, "
            f"Python {facts['python']}, trio {facts['trio']}",
            f"- Server: version {facts['server_version']}, durability {facts['durability']}",
            f"- Hardware: {hardware}",
        )
    )


def configuration(result: Result) -> str:
    """What was asked for."""
    rows = (
        ("Users", result.users),
        ("Messages per user", result.messages_per_user),
        ("Total messages", result.total_messages),
        ("Messages of the crisis part", result.crisis_messages),
        ("Rooms tested", ", ".join(result.rooms)),
        ("Endpoint", result.environment["endpoint"]),
        ("Transport", result.environment["transport"]),
    )
    return table(("Setting", "Value"), rows)


def throughput(result: Result) -> str:
    """The figures of the N users' messages under load."""
    rows = (
        ("Throughput", f"{result.throughput_msg_per_sec:,.1f} messages/s"),
        ("Latency p50", f"{result.latency_p50_ms:.3f} ms"),
        ("Latency p95", f"{result.latency_p95_ms:.3f} ms"),
        ("Latency p99", f"{result.latency_p99_ms:.3f} ms"),
        ("Latency max", f"{result.latency_max_ms:.3f} ms"),
        ("Wall time", f"{result.wall_time_sec:.3f} s"),
        ("Errors", result.total_errors),
    )
    return table(("Figure", "Value"), rows)


def checks_table(found: list[Check]) -> str:
    """One row per check."""
    rows = ((check.name, "pass" if check.passed else "**FAIL**", check.seen) for check in found)
    return table(("Check", "Result", "Seen"), rows)


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(str(value)) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def analysis(result: Result) -> list[str]:
    """Paragraphs made from the figures; what failed is named first in its paragraph."""
    return [speed(result), *(_property(result, *section) for section in SECTIONS)]


def speed(result: Result) -> str:
    """Throughput, and how far the slow messages are from the usual ones."""
    if result.throughput_msg_per_sec == 0:
        return "No message was answered, so there is no throughput and no latency to speak of."
    text = (
        f"{result.users} users sent {result.total_messages} messages in "
        f"{result.wall_time_sec:.3f} s: {result.throughput_msg_per_sec:,.1f} messages per second. "
        f"Half of them were answered within {result.latency_p50_ms:.3f} ms, "
        f"99 of 100 within {result.latency_p99_ms:.3f} ms"
    )
    if result.latency_p50_ms > 0:
        ratio = result.latency_p99_ms / result.latency_p50_ms
        text += f", {ratio:.1f} times the median"
    text += "."
    if result.total_messages < 100:
        text += " With fewer than 100 messages the 99th percentile is the slowest one."
    return text


def _property(result: Result, title: str, group: Group, name: str) -> str:
    found = result.of(group)
    failed = [check for check in found if not check.passed]
    if not failed:
        seen = "; ".join(check.seen for check in found)
        return f"{name} held in all {len(found)} checks: {seen}."
    what = "; ".join(f"“{check.name}” ({check.seen})" for check in failed)
    rest = len(found) - len(failed)
    return f"**{name} did not hold**: {what}. {rest} of {len(found)} checks of it passed."


def reproduce(result: Result) -> str:
    """The command with the same numbers."""
    options = f"--users {result.users} --messages {result.messages_per_user}"
    if result.environment["transport"] != "http":
        options += f" --transport {result.environment['transport']}"
    return (
        "Against a server of its own, with a fresh data folder:\n\n"
        f"```sh\nnexus-trio experiment {options}\n```\n\n"
        "Against the server of this report, if it still runs:\n\n"
        f"```sh\nnexus-trio experiment {options} --url {result.environment['endpoint']}\n```"
    )


def _cell(text: str) -> str:
    """Text of a server's making must not end a table's cell or line."""
    return " ".join(text.split()).replace("|", "\\|")
