"""Each check alone: it passes on a sound record and fails on a doctored one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from experiment_records import MESSAGES, sound, verdict

from nexus_trio.experiment.record import Call, Record
from nexus_trio.experiment.result import CHECKS
from nexus_trio.experiment.traces import names_hotline

Doctor = Callable[[Record], None]


def change_reply(record: Record, at: int, **fields: Any) -> None:
    before = record.chats[at]
    reply = {**before.reply, **fields}
    record.chats[at] = replace(before, reply=reply, raw=json.dumps(reply))


def first_history(record: Record) -> list[Call]:
    return record.histories[record.people[0].user_id]


def other_canary_in_reply(record: Record) -> None:
    text = record.chats[0].reply["response"] + record.people[1].canary
    change_reply(record, 0, response=text)


def other_canary_begins_a_sentence(record: Record) -> None:
    text = record.chats[0].reply["response"] + record.people[1].canary.capitalize()
    change_reply(record, 0, response=text)


def canary_missing(record: Record) -> None:
    change_reply(record, 0, response="I heard nothing.")


def canary_elsewhere_in_body(record: Record) -> None:
    change_reply(record, 0, debug=record.people[2].canary)


def reply_of_another(record: Record) -> None:
    change_reply(record, 0, user_id=record.people[1].user_id)


def shared_session_id(record: Record) -> None:
    record.sessions[0].body["sessions"][1]["session_id"] = "s0"


def wrong_count(record: Record) -> None:
    record.sessions[0].body["count"] += 1


def listed_twice(record: Record) -> None:
    body = record.sessions[0].body
    body["sessions"].append(dict(body["sessions"][0], session_id="s9"))
    body["count"] += 1


def history_out_of_order(record: Record) -> None:
    first_history(record)[0].body["turns"].reverse()


def history_page_missing(record: Record) -> None:
    first_history(record).pop()


def history_of_another(record: Record) -> None:
    pages = first_history(record)
    pages[1] = replace(pages[1], raw=pages[1].raw + record.people[1].canary)


def turn_twice(record: Record) -> None:
    change_reply(record, 1, turn=1)


def count_shown_too_low(record: Record) -> None:
    record.shown[record.people[1].user_id].body["session_messages"] = MESSAGES - 1


def reply_missing(record: Record) -> None:
    del record.chats[1]


def room_not_visited(record: Record) -> None:
    del record.moves[0]


def mover_not_seen(record: Record) -> None:
    record.moves[0].body["occupants"] = []


def reply_from_elsewhere(record: Record) -> None:
    change_reply(record, 0, room="Attic")


def looks_differ(record: Record) -> None:
    body = record.looks[0].call.body
    body["occupants"] = body["occupants"][1:]


def looks_all_miss_one(record: Record) -> None:
    for look in record.looks:
        look.call.body["occupants"] = look.call.body["occupants"][1:]


def look_unsorted(record: Record) -> None:
    body = record.looks[0].call.body
    body["occupants"] = body["occupants"][::-1]


def look_refused(record: Record) -> None:
    look = record.looks[0]
    record.looks[0] = replace(look, call=replace(look.call, status=503, body={}))


def stranger_at_one_position(record: Record) -> None:
    body = record.looks[0].call.body
    body["occupants"] = sorted([*body["occupants"], "zoe"])


def left_one_still_there(record: Record) -> None:
    for look in record.looks:
        occupants = [*look.call.body["occupants"], record.people[-1].user_id]
        look.call.body["occupants"] = sorted(occupants)


def ghost(record: Record) -> None:
    record.left[0].body["occupants"] = [record.people[0].user_id]


def spoken(record: Record, role: str, setting: str) -> list[int]:
    """Where the messages of one user of the crisis part stand."""
    (person,) = (p for p in record.people if (p.role, p.setting) == (role, setting))
    return [at for at, each in enumerate(record.chats) if each.user_id == person.user_id]


def both(record: Record, role: str, number: int, **fields: Any) -> None:
    """Changes what was said of one message, alone and under load alike."""
    for setting in ("alone", "load"):
        at = spoken(record, role, setting)[number]
        change_reply(record, at, crisis={**record.chats[at].reply["crisis"], **fields})


def third_not_detected(record: Record) -> None:
    both(record, "distress", 2, detected=False)


def second_detected(record: Record) -> None:
    both(record, "distress", 1, detected=True)


def explicit_not_detected(record: Record) -> None:
    both(record, "explicit", 0, detected=False)


def no_hotline_in_response(record: Record) -> None:
    change_reply(record, spoken(record, "distress", "load")[2], response="Talk to somebody.")


def other_level_under_load(record: Record) -> None:
    at = spoken(record, "explicit", "load")[0]
    change_reply(record, at, crisis={**record.chats[at].reply["crisis"], "level": "imminent"})


def no_overlap(record: Record) -> None:
    for role in ("distress", "explicit"):
        for at in spoken(record, role, "load"):
            record.chats[at] = replace(record.chats[at], started=900.0, ended=901.0)


def hotline_for_another(record: Record) -> None:
    change_reply(record, 0, response=record.chats[0].reply["response"] + " Call 988.")


def notice_for_another(record: Record) -> None:
    notices = [{"kind": "crisis", "text": "Call 988."}]
    change_reply(record, 0, notices=notices)


def verdict_for_another(record: Record) -> None:
    change_reply(record, 0, crisis=verdict("concern", 1))


def level_of_another(record: Record) -> None:
    record.shown[record.people[0].user_id].body["crisis_level"] = "concern"


def level_in_history(record: Record) -> None:
    first_history(record)[0].body["turns"][0]["crisis"] = {"level": "crisis"}


def hotline_in_history(record: Record) -> None:
    first_history(record)[0].body["turns"][0]["response"] += " Text 988."


def words_in_room(record: Record) -> None:
    view = record.looks[0].call
    record.looks[0] = replace(record.looks[0], call=replace(view, raw=record.people[-1].canary))


def levels_listed(record: Record) -> None:
    record.sessions[0].body["sessions"][0]["crisis_level"] = "none"


def erasure_failed(record: Record) -> None:
    record.erasures[1] = replace(record.erasures[1], status=200)


def message_refused(record: Record) -> None:
    record.chats[0] = replace(record.chats[0], status=429, error="status 429 rate_limited")


def nothing_at_all(record: Record) -> None:
    for kept in (record.chats, record.moves, record.looks, record.left, record.sessions):
        kept.clear()  # type: ignore[attr-defined]  # lists of different types
    record.shown.clear()
    record.histories.clear()
    record.erasures.clear()


DOCTORED: dict[Doctor, set[str]] = {
    other_canary_in_reply: {"independent_streams"},
    other_canary_begins_a_sentence: {"independent_streams"},
    canary_missing: {"independent_streams"},
    canary_elsewhere_in_body: {"independent_streams"},
    reply_of_another: {"independent_streams"},
    shared_session_id: {"sessions_tracked"},
    wrong_count: {"sessions_tracked"},
    listed_twice: {"sessions_tracked"},
    history_out_of_order: {"histories_own"},
    history_page_missing: {"histories_own"},
    history_of_another: {"histories_own"},
    turn_twice: {"counts_correct"},
    count_shown_too_low: {"counts_correct"},
    reply_missing: {"independent_streams", "histories_own", "counts_correct"},
    room_not_visited: {"rooms_visited"},
    mover_not_seen: {"rooms_visited"},
    reply_from_elsewhere: {"rooms_visited"},
    looks_differ: {"looks_consistent", "same_members"},
    looks_all_miss_one: {"same_members"},
    look_unsorted: {"looks_consistent"},
    look_refused: {"looks_consistent", "same_members", "no_errors"},
    stranger_at_one_position: {"looks_consistent"},
    left_one_still_there: {"same_members"},
    ghost: {"no_ghosts"},
    third_not_detected: {"third_turn"},
    second_detected: {"third_turn"},
    explicit_not_detected: {"explicit_detected"},
    no_hotline_in_response: {"hotline_named"},
    other_level_under_load: {"same_under_load"},
    no_overlap: {"same_under_load"},
    hotline_for_another: {"no_trace"},
    notice_for_another: {"no_trace"},
    verdict_for_another: {"no_trace"},
    level_of_another: {"no_trace"},
    level_in_history: {"no_trace"},
    hotline_in_history: {"no_trace"},
    words_in_room: {"no_trace"},
    levels_listed: {"no_trace"},
    erasure_failed: {"users_erased"},
    message_refused: {"histories_own", "no_errors"},
    nothing_at_all: {check.__name__ for check in CHECKS} - {"no_errors"},
}


def failing(record: Record) -> set[str]:
    return {check.__name__ for check in CHECKS if not check(record).passed}


def test_a_sound_record_passes() -> None:
    assert failing(sound()) == set()


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_exactly_the_matching_checks_fail(doctor: Doctor) -> None:
    record = sound()
    doctor(record)
    assert failing(record) == DOCTORED[doctor]


def test_every_check_is_seen_to_fail_for_a_reason_of_its_own() -> None:
    wanted = set().union(*(found for found in DOCTORED.values() if len(found) < len(CHECKS) - 1))
    assert wanted == {check.__name__ for check in CHECKS}


def test_strangers_may_come_between_two_looks() -> None:
    record = sound()
    body = record.looks[0].call.body
    body["occupants"] = sorted([*body["occupants"], "zoe"])
    body["position"] = "r:1000"
    assert failing(record) == set()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Call or text 988.", True),
        ("See 988lifeline.org", True),
        ("(988)", True),
        ("canary-0988", False),
        ("canary-988", False),
        ("room 19885", False),
        ("nothing", False),
    ],
)
def test_the_hotline_is_a_word(text: str, named: bool) -> None:
    assert names_hotline(text) is named
