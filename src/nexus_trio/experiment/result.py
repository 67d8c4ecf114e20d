"""A run's figures and checks as one value, in JSON and Markdown."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from nexus_trio.experiment import checks, crisis_checks, event_checks
from nexus_trio.experiment.checks import Check, Group
from nexus_trio.experiment.environment import Environment
from nexus_trio.experiment.record import Record

CHECKS = (
    checks.independent_streams,
    checks.sessions_tracked,
    checks.histories_own,
    checks.counts_correct,
    checks.rooms_visited,
    checks.looks_consistent,
    checks.same_members,
    checks.no_ghosts,
    crisis_checks.third_turn,
    crisis_checks.hotline_named,
    crisis_checks.explicit_detected,
    crisis_checks.same_under_load,
    crisis_checks.no_trace,
    checks.no_errors,
    checks.users_erased,
)

EVENTS = (event_checks.events_own, event_checks.streams_whole)
"""Further checks of a run over WebSockets."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to.

    Throughput, latencies and `wall_time_sec` are of the N users' messages under
    load alone: from the first one sent to the last one answered. The messages
    of the crisis part are in `crisis_messages` and nowhere else. Latencies are
    in milliseconds, as nearest ranks; 0 where nothing was answered.
    """

    users: int
    messages_per_user: int
    total_errors: int
    throughput_msg_per_sec: float
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float
    latency_max_ms: float
    wall_time_sec: float
    crisis_messages: int
    rooms: tuple[str, ...]
    checks: tuple[Check, ...]
    environment: Environment

    @property
    def total_messages(self) -> int:
        """Users times messages."""
        return self.users * self.messages_per_user

    @property
    def passed(self) -> bool:
        """Whether every check held."""
        return all(check.passed for check in self.checks)

    def holds(self, group: Group) -> bool:
        """Whether every check of one group held; a group without checks does not hold."""
        found = self.of(group)
        return bool(found) and all(check.passed for check in found)

    def of(self, group: Group) -> list[Check]:
        """The checks of one group, in order."""
        return [check for check in self.checks if check.group == group]

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON types, keys in a fixed order."""
        return {
            "users": self.users,
            "messages_per_user": self.messages_per_user,
            "total_messages": self.total_messages,
            "total_errors": self.total_errors,
            "throughput_msg_per_sec": self.throughput_msg_per_sec,
            "latency_p50_ms": self.latency_p50_ms,
            "latency_p95_ms": self.latency_p95_ms,
            "latency_p99_ms": self.latency_p99_ms,
            "latency_max_ms": self.latency_max_ms,
            "wall_time_sec": self.wall_time_sec,
            "session_isolation": self.holds("sessions"),
            "room_occupancy": self.holds("rooms"),
            "crisis_detection": self.holds("crisis"),
            "passed": self.passed,
            "crisis_messages": self.crisis_messages,
            "rooms": list(self.rooms),
            "checks": [
                {"name": each.name, "passed": each.passed, "seen": each.seen, "group": each.group}
                for each in self.checks
            ],
            "environment": self.environment,
        }

    def to_json(self) -> str:
        """`to_dict` as a JSON document that ends with a newline."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"


def conclude(record: Record, environment: Environment) -> Result:
    """The result of a finished run."""
    ids = {person.user_id for person in record.ordinary()}
    theirs = [chat for chat in record.chats if chat.user_id in ids and chat.status == 200]
    latencies = sorted((chat.ended - chat.started) * 1000 for chat in theirs)
    wall = 0.0
    if theirs:
        wall = max(chat.ended for chat in theirs) - min(chat.started for chat in theirs)
    return Result(
        users=len(ids),
        messages_per_user=record.messages,
        total_errors=checks.total_errors(record),
        throughput_msg_per_sec=round(len(theirs) / wall, 1) if wall > 0 else 0.0,
        latency_p50_ms=percentile(latencies, 50),
        latency_p95_ms=percentile(latencies, 95),
        latency_p99_ms=percentile(latencies, 99),
        latency_max_ms=percentile(latencies, 100),
        wall_time_sec=round(wall, 4),
        crisis_messages=sum(chat.user_id not in ids for chat in record.chats),
        rooms=tuple(record.rooms),
        checks=tuple(check(record) for check in (*CHECKS, *(EVENTS if record.frames else ()))),
        environment=environment,
    )


def percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile of sorted values, to three decimals; 0 of none."""
    if not ordered:
        return 0.0
    rank = max(1, math.ceil(len(ordered) * share / 100))
    return round(ordered[rank - 1], 3)
