"""The checks on what came over WebSockets: pure functions from a `Record` to a `Check`."""

from __future__ import annotations

import json
from typing import Any

from nexus_trio.experiment.checks import Check
from nexus_trio.experiment.record import Record
from nexus_trio.experiment.traces import canaries, crisis_of, text_of


def events_own(record: Record) -> Check:
    """No frame carries another's canary, and no notice reaches who has not asked for help."""
    frames, crossed, strayed = 0, 0, 0
    for person in record.people:
        for frame in record.frames.get(person.user_id, []):
            frames += 1
            crossed += bool(canaries(json.dumps(frame)) - {person.canary})
            # A disclosure, that this is an AI, is for everybody.
            notice = frame.get("type") == "notice" and frame.get("kind") != "disclosure"
            strayed += person.role == "ordinary" and notice
    seen = f"{frames} frames; {crossed} carry another's canary, {strayed} are another's notice"
    return Check(
        "events carry nobody else's words", frames > 0 and not crossed + strayed, seen, "sessions"
    )


def streams_whole(record: Record) -> Check:
    """Each reply is its deltas joined, behind its notice; each stream's positions rise by one."""
    replies, whole, gaps = 0, 0, 0
    for frames in record.frames.values():
        heard: dict[Any, list[dict[str, Any]]] = {}
        last: dict[str, int] = {}
        for frame in frames:
            gaps += _gap(frame, last)
            if frame.get("type") == "delta":
                heard.setdefault(frame.get("ref"), []).append(frame)
            elif frame.get("type") == "reply" and "command" not in frame:
                replies += 1
                whole += _joined(heard.pop(frame.get("ref"), []), frame)
    expected = sum(chat.status == 200 for chat in record.chats)
    seen = f"{whole} of {replies} replies are their deltas; {gaps} gaps in positions"
    passed = 0 < whole == replies == expected and not gaps
    return Check("streams whole and in order", passed, seen, "sessions")


def _gap(frame: dict[str, Any], last: dict[str, int]) -> int:
    if frame.get("type") not in ("reply", "notice", "room"):
        return 0
    epoch, _, offset = text_of(frame.get("position")).partition(":")
    if not offset.isdigit():
        return 1
    # A room that was left and entered again goes on further on.
    fresh = epoch not in last or frame.get("event") == "joined"
    gap = not fresh and int(offset) != last[epoch] + 1
    last[epoch] = int(offset)
    return int(gap)


def _joined(deltas: list[dict[str, Any]], reply: dict[str, Any]) -> bool:
    text = "".join(text_of(delta.get("text")) for delta in deltas)
    notice = crisis_of(reply).get("notice")
    whole = f"{notice}\n\n{text}" if notice else text
    in_order = [delta.get("seq") for delta in deltas] == list(range(len(deltas)))
    return in_order and whole == reply.get("response")
