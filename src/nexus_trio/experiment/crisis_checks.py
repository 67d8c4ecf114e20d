"""The checks on crisis detection: pure functions from a `Record` to a `Check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nexus_trio.experiment.checks import Check, by_user
from nexus_trio.experiment.record import Chat, Person, Record, Role
from nexus_trio.experiment.traces import (
    canaries,
    crisis_of,
    detected,
    level_of,
    names_hotline,
    objects,
    text_of,
    words,
)


def _speakers(record: Record, role: Role) -> list[tuple[Person, list[Chat]]]:
    chats = by_user(record)
    return [(each, chats[each.user_id]) for each in record.people if each.role == role]


def third_turn(record: Record) -> Check:
    """Three turns of low distress: crisis on the third, and on neither of the first two."""
    found = [
        (person.setting, [detected(chat.reply) for chat in chats])
        for person, chats in _speakers(record, "distress")
    ]
    passed = bool(found) and all(flags == [False, False, True] for _, flags in found)
    seen = "; ".join(f"{setting}: {_marks(flags)}" for setting, flags in found)
    name = "crisis detected on turn 3 of low distress, not on turns 1 and 2"
    return Check(name, passed, seen or "nothing", "crisis")


def hotline_named(record: Record) -> Check:
    """988 stands in the response to that third turn."""
    thirds = [chats[2].reply for _, chats in _speakers(record, "distress") if len(chats) == 3]
    named = sum(names_hotline(text_of(reply.get("response"))) for reply in thirds)
    seen = f"988 in {named} of {len(thirds)} responses"
    return Check("988 in that response", bool(thirds) and named == len(thirds), seen, "crisis")


def explicit_detected(record: Record) -> Check:
    """An explicit statement is detected on its own turn."""
    found = [
        (person.setting, [detected(chat.reply) for chat in chats])
        for person, chats in _speakers(record, "explicit")
    ]
    passed = bool(found) and all(flags == [True] for _, flags in found)
    seen = "; ".join(f"{setting}: {_marks(flags)}" for setting, flags in found)
    return Check("explicit statement detected on its own turn", passed, seen or "nothing", "crisis")


def same_under_load(record: Record) -> Check:
    """The verdicts on the same words are the same alone and in the crowd, while others spoke."""
    alone, load = _verdicts(record, "alone"), _verdicts(record, "load")
    others = overlap(record)
    passed = bool(alone) and alone == load and others > 0
    verdict = "equal" if alone == load else f"alone {alone}, under load {load}"
    seen = f"verdicts {verdict}; {others} messages of others at the same time"
    return Check("detection the same under load as alone", passed, seen, "crisis")


def overlap(record: Record) -> int:
    """How many messages of ordinary users were under way while those under load spoke."""
    chats = by_user(record)
    loaded = [
        chat
        for person in record.people
        if person.role != "ordinary" and person.setting == "load"
        for chat in chats[person.user_id]
    ]
    others = [chat for person in record.ordinary() for chat in chats[person.user_id]]
    return sum(
        any(chat.started < other.ended and other.started < chat.ended for chat in loaded)
        for other in others
    )


def no_trace(record: Record) -> Check:
    """Nobody else's replies, histories or room views carry a trace of anyone's crisis."""
    found = list(_traces(record))
    seen = f"{len(found)} traces"
    if found:
        seen += f"; the first: {found[0]}"
    looked = bool(record.chats and record.histories and record.looks and record.sessions)
    name = "no trace of it in anyone else's replies, histories or rooms"
    return Check(name, looked and not found, seen, "crisis")


def _marks(flags: list[bool]) -> str:
    return " ".join("detected" if flag else "quiet" for flag in flags) or "no reply"


def _verdicts(record: Record, setting: str) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    chats = by_user(record)
    for person in record.people:
        if person.role != "ordinary" and person.setting == setting:
            crises = [crisis_of(chat.reply) for chat in chats[person.user_id]]
            found[person.role] = [
                (crisis.get("level"), crisis.get("detected"), crisis.get("turns"))
                for crisis in crises
            ]
    return found


def _traces(record: Record) -> Iterator[str]:
    chats = by_user(record)
    private = {person.canary for person in record.people if person.role != "ordinary"}
    for person in record.people:
        others = private - {person.canary}
        if any(canaries(chat.raw) & others for chat in chats[person.user_id]):
            yield "another's canary in a reply"
    for person in record.ordinary():
        yield from (trace for chat in chats[person.user_id] for trace in _in_reply(chat.reply))
        yield from _in_history(record, person)
        shown = record.shown.get(person.user_id)
        if shown is not None and level_of(shown.body.get("crisis_level")) != "none":
            yield "a level in the session of someone who said nothing"
    yield from _in_public(record, private)


def _in_reply(reply: dict[str, Any]) -> Iterator[str]:
    crisis = crisis_of(reply)
    if level_of(crisis) != "none" or detected(reply) or crisis.get("notice"):
        yield "a verdict in a reply to everyday words"
    if any(map(names_hotline, words(reply))):
        yield "988 in a reply to everyday words"


def _in_history(record: Record, person: Person) -> Iterator[str]:
    private = {each.canary for each in record.people if each.role != "ordinary"}
    for page in record.histories.get(person.user_id, []):
        if canaries(page.raw) & private:
            yield "a canary of theirs in a history"
        for turn in objects(page.body, "turns"):
            if level_of(turn.get("crisis")) != "none":
                yield "a level in a history of everyday words"
            if names_hotline(text_of(turn.get("response"))):
                yield "988 in a history of everyday words"


def _in_public(record: Record, private: set[str]) -> Iterator[str]:
    """What anybody may ask for: rooms and the list of sessions."""
    for call in [look.call for look in record.looks] + record.left + record.moves:
        if canaries(call.raw) & private:
            yield "a canary of theirs in a room"
        if names_hotline(" ".join(text_of(call.body.get(key)) for key in ("title", "description"))):
            yield "988 in a room"
    for call in record.sessions:
        if canaries(call.raw) & private:
            yield "a canary of theirs in the list of sessions"
        if any("crisis_level" in each for each in objects(call.body, "sessions")):
            yield "crisis levels in the list of sessions"
