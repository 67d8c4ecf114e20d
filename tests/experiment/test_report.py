"""The figures, the JSON and the words of the report."""

from __future__ import annotations

import json
from collections.abc import Callable

from experiment_records import ENVIRONMENT, sound

from nexus_trio.experiment.record import Record
from nexus_trio.experiment.report import markdown
from nexus_trio.experiment.result import Result, conclude


def ghost(record: Record) -> None:
    record.left[0].body["occupants"] = [record.people[0].user_id]


def nothing_answered(record: Record) -> None:
    record.chats.clear()


def result(doctor: Callable[[Record], None] | None = None) -> Result:
    record = sound()
    if doctor is not None:
        doctor(record)
    return conclude(record, ENVIRONMENT)


def test_figures_are_of_the_ordinary_messages() -> None:
    found = result().to_dict()
    assert found["total_messages"] == 12
    assert found["crisis_messages"] == 8
    # From the first sent at 100.25 to the last answered at 101.5.
    assert found["wall_time_sec"] == 1.25
    assert found["throughput_msg_per_sec"] == 9.6
    assert found["latency_p50_ms"] == found["latency_p99_ms"] == 500.0


def test_json_has_its_keys_in_one_order() -> None:
    first, second = json.loads(result().to_json()), json.loads(result(ghost).to_json())
    assert list(first) == list(second)
    assert list(first)[:5] == [
        "users",
        "messages_per_user",
        "total_messages",
        "total_errors",
        "throughput_msg_per_sec",
    ]
    assert [each["name"] for each in first["checks"]] == [each["name"] for each in second["checks"]]
    assert (first["room_occupancy"], second["room_occupancy"]) == (True, False)
    assert (first["passed"], second["passed"]) == (True, False)


def test_the_report_of_a_sound_run() -> None:
    text = markdown(result())
    for heading in (
        "# 3-User Isolation Experiment",
        "## Configuration",
        "## Throughput & Latency",
        "## Session Isolation",
        "## Room Occupancy",
        "## Crisis Detection Under Load",
        "## Analysis",
        "## How to reproduce",
    ):
        assert f"{heading}\n" in text
    for fact in ("2030-01-01", "nexus-trio 9.9.9", "A Processor", "| Users | 3 |", "Hall, Attic"):
        assert fact in text
    assert "all checks passed" in text
    assert "FAIL" not in text
    assert "did not hold" not in text


def test_the_report_says_what_failed() -> None:
    text = markdown(result(ghost))
    assert "1 of 15 checks failed" in text
    assert "| nobody is in two rooms | **FAIL** | 1 ghosts in 1 rooms left behind |" in text
    assert "**Room occupancy did not hold**: “nobody is in two rooms”" in text
    assert "Session isolation held" in text
    assert "Room occupancy held" not in text


def test_the_report_of_a_run_without_any_answer() -> None:
    found = result(nothing_answered)
    assert found.throughput_msg_per_sec == found.latency_p99_ms == 0.0
    assert "No message was answered" in markdown(found)


def test_text_of_a_server_breaks_no_table() -> None:
    record = sound()
    record.rooms[0] = "Ha|ll\n## No heading"
    text = markdown(conclude(record, ENVIRONMENT))
    assert "Ha\\|ll ## No heading, Attic" in text
    assert "\n## No heading" not in text
