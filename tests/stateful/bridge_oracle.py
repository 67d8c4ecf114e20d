"""What must hold of the bridge, whatever the schedule: plain dicts and lists, no trio.

It shares no code with what it judges and imports nothing of it. It is told what
was called and answered, what the store committed, what a look showed and what a
listener heard, in the order in which these happened; each becomes one `tick`.
Because calls overlap, it knows no single right answer: it checks what every
order allows. Each check names its invariant and is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Plain = dict[str, Any]

TOKEN = re.compile(r"zq[a-z]+[0-9]+q")
"""Stands in every message, once: whose it is and which one."""

WINDOW = 3
"""How many answered turns the responder may be shown."""

# A call that ended so may still have its effect later, or never.
OPEN_END = {"cancelled", "aborted", "store_unavailable"}


class Broken(AssertionError):
    """An invariant does not hold. `number` is the one."""

    def __init__(self, number: str, what: str) -> None:
        super().__init__(f"{number}: {what}")
        self.number = number


@dataclass(slots=True)
class Call:
    """One call of one user: when it began and ended, and how."""

    kind: str
    user: str
    room: str | None = None
    message: str = ""
    level: str = "none"
    mode: str = "ready"
    ref: str | None = None
    start: int = 0
    end: int = 0
    outcome: str = "waiting"
    answer: Plain = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)  # each room's position at the start

    @property
    def open(self) -> bool:
        """Whether its effect may still come."""
        return bool(self.start) and (not self.end or self.outcome in OPEN_END)


@dataclass(slots=True)
class Listener:
    """One connection and the frames that it was given."""

    user: str
    connected: int = 0
    left: bool = False
    code: int | None = None
    frames: int = 0
    turn: int = 0
    offsets: dict[str, int] = field(default_factory=dict)  # rooms that it hears, and how far


def token_of(text: str) -> str:
    """The token in a message."""
    return TOKEN.findall(text)[0]


def owner(token: str) -> str:
    """Whose token it is."""
    return token[2:-1].rstrip("0123456789")


Watch = tuple[float, int]
Verdict = tuple[str, bool, int]


def fold(watch: Watch, level: str) -> tuple[Watch, Verdict]:
    """The rule of low distress: the third turn in a row fires; an explicit one by itself."""
    score = watch[0] * 0.8 + (level == "concern")
    if level == "concern" and score >= 2.4:
        level = "crisis"
    streak = 0 if level == "none" else watch[1] + 1
    fires = level == "crisis"
    return (0.0 if fires else score, streak), (level, fires, streak)


def verdict_of(crisis: Plain) -> Verdict:
    return crisis["level"], crisis["detected"], crisis["turns"]


class Oracle:
    """Everything seen in one run, and the checks on it."""

    def __init__(self, rooms: tuple[str, ...], counts: Counter[str]) -> None:
        self.counts = counts
        self.tick = 0
        self.broken = False
        self.calls: list[Call] = []
        self.turns: dict[str, list[Plain]] = {}  # by user, since its last erasure
        self.streams: dict[str, list[Plain]] = {room: [] for room in rooms}
        self.members = {room: [frozenset[str]()] for room in rooms}  # by offset
        self.seen = dict.fromkeys(rooms, 0)  # the latest position that a look showed
        self.erased: dict[str, int] = {}
        self.cut_users: set[str] = set()  # a commit's outcome was unknown to them
        self.cut_rooms: set[str] = set()
        self.crashes = 0

    def require(self, number: str, holds: bool, what: str) -> None:
        """Count one evaluation of an invariant, and raise `Broken` where it does not hold."""
        self.counts[number] += 1
        if not holds:
            self.broken = True
            raise Broken(number, what)

    def now(self) -> int:
        self.tick += 1
        return self.tick

    def own(self, user: str, text: object) -> None:
        """I1: the text that the user got holds nobody else's words."""
        foreign = [t for t in TOKEN.findall(str(text)) if owner(t) != user]
        self.require("I1", not foreign, f"{user} got {foreign}")

    # --- calls ---

    def begin(self, call: Call) -> None:
        call.start, call.seen = self.now(), dict(self.seen)
        self.calls.append(call)

    def finish(self, call: Call, outcome: str, answer: Plain) -> None:
        self.require("I9", not call.end, f"{call} ended before")
        call.end, call.outcome, call.answer = self.now(), outcome, answer
        self.own(call.user, answer)
        if call.level != "none" and outcome not in ("ok", "cancelled"):
            told = answer["crisis"] or {"level": "none", "notice": None}
            enough = told["level"] == "crisis" or (told["level"], call.level) == ("concern",) * 2
            self.require("I23", enough, f"{call} was refused without its verdict")
            helped = told["level"] != "crisis" or "988" in told["notice"]
            self.require("I23", helped, f"{call} was refused without a notice")
        if call.ref is not None and outcome != "cancelled":
            self._reference(call)
        if outcome == "ok":
            check = getattr(self, f"_{call.kind}", None)
            if check is not None:
                check(call)

    def _reference(self, call: Call) -> None:
        """I10: other words are a conflict, the same words never; one answer for all."""
        since = self.erased.get(call.user, 0)
        if call.start < since:
            return
        same = [c for c in self.calls if (c.user, c.ref) == (call.user, call.ref) and c is not call]
        if call.outcome == "conflict":
            others = any(c.message != call.message for c in same)
            self.require("I10", others, f"{call}: nobody used that reference for other words")
        if call.outcome != "ok":
            return
        for c in same:
            if c.outcome == "ok" and c.start > since:
                self.require("I10", c.message == call.message, f"{call} and {c} both answered")
                self.require("I10", c.answer == call.answer, f"{call} and {c} got two replies")

    def _ask(self, call: Call) -> None:
        """I2: the reply is the one to that very message, as it was committed."""
        reply = call.answer
        self.require("I2", reply["user_id"] == call.user, f"{call} got {reply['user_id']}'s reply")
        if reply["command"] is not None:
            return
        if not (reply["crisis"]["detected"] and call.mode != "ready"):
            token = token_of(call.message)
            self.require("I2", token in reply["response"], f"{call} got another reply")
        if call.end and self.erased.get(call.user, 0) > call.start:
            return
        row = self.turns[call.user][reply["turn"] - 1]
        stored = (row["message"], row["response"], row["position"], row["status"], row["crisis"])
        said = (call.message, reply["response"], reply["position"], "answered", reply["crisis"])
        self.require("I2", stored == said, f"{call}: turn {reply['turn']} is another one")
        self.require("I8", reply["session_messages"] == reply["turn"], f"{call} counts wrong")

    def _was(self, call: Call, room: str, inside: bool) -> bool:
        """Whether the user was in the room, or out of it, at some moment of the call."""
        span = self.members[room][call.seen[room] : self.seen[room] + 1]
        return any((call.user in members) is inside for members in span)

    def _join(self, call: Call) -> None:
        self.require("I13", self._was(call, str(call.room), True), f"{call}: never inside")

    def _leave(self, call: Call) -> None:
        gone = self._was(call, str(call.room), False) or call.room in self.cut_rooms
        self.require("I13", gone, f"{call}: answered, and never outside")

    def _say(self, call: Call) -> None:
        said = self._heard_aloud(call)
        offset = call.answer["room_position"]["offset"]
        where = (call.room, offset)
        self.require("I13", said == [where], f"{call}: told {where}, stands at {said}")
        self.require("I13", offset > call.seen[str(call.room)], f"{call}: said before it began")

    def _say_command(self, call: Call) -> None:
        said = self._heard_aloud(call)
        self.require("I13", len(said) == 1, f"{call}: said {len(said)} times")
        told = said[0][0] in call.answer["response"]
        self.require("I2", told, f"{call}: {call.answer['response']!r}, but said in {said[0][0]}")

    def _heard_aloud(self, call: Call) -> list[tuple[str, int]]:
        stand = self.streams.items()
        return [(r, e["offset"]) for r, s in stand for e in s if e["text"] == call.message]

    def _listen(self, call: Call) -> None:
        rooms = [call.room] if call.room else list(self.streams)
        inside = any(self._was(call, room, True) for room in rooms)
        self.require("I13", inside, f"{call}: attached, and never inside")

    # --- what the store commits ---

    def committed_turn(self, user: str, turn: Plain) -> None:
        rows = self.turns.setdefault(user, [])
        number, status = turn["number"], turn["status"]
        self.own(user, turn)
        if number == len(rows) + 1:
            before = rows[-1]["status"] if rows else "ended"
            self.require("I8", before != "received", f"{user}'s turn {number} began too early")
            rows.append({**turn, "first": self.now()})
        else:
            self.require("I8", number == len(rows), f"{user}'s turn {number} after {len(rows)}")
            was = rows[-1]
            self.require("I9", was["status"] == "received", f"{user}'s turn {number} ended twice")
            self.require("I9", status != "received", f"{user}'s turn {number} received twice")
            kept = all(was[k] == turn[k] for k in ("message", "crisis", "client_ref", "room"))
            self.require("I8", kept, f"{user}'s turn {number} became another one")
            was.update(turn)
        if status == "received":
            return
        self.require("I8", turn["position"]["offset"] == number, f"{user}: offset of {number}")
        if turn["client_ref"] is not None:
            with_ref = [row for row in rows if row["client_ref"] == turn["client_ref"]]
            answered = sum(row["status"] == "answered" for row in with_ref)
            self.require("I10", answered <= 1, f"{user}: {turn['client_ref']} answered twice")
            words = {row["message"] for row in with_ref}
            self.require("I10", len(words) == 1, f"{user}: {turn['client_ref']} for two messages")

    def committed_event(self, event: Plain) -> None:
        """I13: the stream of a room is its order; each event must make sense where it stands."""
        room, user, kind = event["room"], event["user_id"], event["event"]
        stream, members = self.streams[room], self.members[room]
        offset, inside = event["position"]["offset"], user in members[-1]
        self.require("I14", offset == len(stream) + 1, f"{room}: {offset} after {len(stream)}")
        self.require("I13", inside is (kind != "joined"), f"{room}: {user} {kind} at {offset}")
        mine = [c for c in self.calls if c.user == user and c.open]
        if kind == "joined":
            self.require("I13", bool(mine), f"{room}: {user} joined, and no call asked for it")
            members.append(members[-1] | {user})
        elif kind == "left":
            members.append(members[-1] - {user})
        else:
            asked = any(event["text"] == c.message for c in mine)
            self.require("I13", asked, f"{room}: {event['text']!r}, and no call said it")
            double = any(event["text"] == e["text"] for s in self.streams.values() for e in s)
            self.require("I13", not double, f"{room}: {event['text']!r} was said twice")
            members.append(members[-1])
        stream.append({**event, "offset": offset, "tick": self.now()})

    def cut(self, user: str | None, room: str | None) -> None:
        """A commit was cut by its time-out: those concerned can't know what was stored."""
        if user is not None:
            self.cut_users.add(user)
        if room is not None:
            self.cut_rooms.add(room)

    def forget(self, user: str) -> None:
        """The store has erased the user."""
        self.erased[user] = self.now()
        self.turns.pop(user, None)
        self.cut_users.discard(user)

    def gone(self, call: Call, held: str) -> None:
        """I19: nothing of what ended before an erasure is held after it."""
        mine = [c for c in self.calls if c.user == call.user and c is not call]
        left = [c.message for c in mine if c.message and 0 < c.end < call.start]
        kept = [m for m in left if token_of(m) in held]
        self.require("I19", not kept, f"erased, and still there: {kept}")
        if all(0 < c.end < call.start for c in mine):
            self.require("I19", f"'{call.user}'" not in held, f"{call.user} is still named")

    # --- what is seen ---

    def looked(self, room: str, offset: int, occupants: tuple[str, ...]) -> None:
        """I13: looks never go back, and show just those who are inside at their position."""
        newest = len(self.streams[room])
        ok = self.seen[room] <= offset <= newest
        self.require("I13", ok, f"{room}: {offset} seen after {self.seen[room]} of {newest}")
        self.seen[room] = offset
        inside, shown = self.members[room][offset], set(occupants)
        # Who left while the store was in doubt is hidden before the event stands.
        right = shown <= inside if room in self.cut_rooms else shown == inside
        self.require("I13", right, f"{room} at {offset}: shown {shown}, inside {set(inside)}")

    def prompted(self, user: str, message: str, history: list[str]) -> None:
        """I3: the responder is shown that user's own answered turns, in order, and no more."""
        rows = self.turns.get(user, [])
        answered = [row["message"] for row in rows if row["status"] == "answered"][-WINDOW:]
        for text in (message, *history):
            self.own(user, text)
        tail = answered[len(answered) - len(history) :]
        self.require("I3", history == tail, f"{user}: shown {history}, answered {answered}")

    def heard(self, listener: Listener, frame: Plain) -> None:
        listener.frames += 1
        if "response" in frame:
            self.own(listener.user, frame)
            self.require("I9", frame["turn"] > listener.turn, f"{listener}: {frame['turn']} again")
            listener.turn = frame["turn"]
            return
        room, offset, user = frame["room"], frame["position"]["offset"], listener.user
        event = self.streams[room][offset - 1]
        known = frame["event"] == "erased" or all(frame[k] == event[k] for k in frame)
        self.require("I14", known, f"{listener} heard {frame}, {room} had {event}")
        own_join = (event["event"], event["user_id"]) == ("joined", user)
        last = listener.offsets.get(room)
        if not own_join and room in listener.offsets:
            self.require("I16", last is not None, f"{listener} heard {offset} after it had left")
            self.require("I14", offset == last + 1, f"{listener} heard {offset}")
        here = user in self.members[room][offset - 1] | self.members[room][offset]
        self.require("I1", here, f"{listener} heard {offset} of {room}, and was not there")
        late = 0 < listener.connected < self.erased.get(user, 0) < event["tick"]
        self.require("I16", not late, f"{listener} heard {frame} after its erasure")
        own_left = (event["event"], event["user_id"]) == ("left", user)
        listener.offsets[room] = None if own_left else offset  # type: ignore[assignment]  # None: left

    # --- at rest ---

    def refold(self, user: str) -> None:
        """I4: the user's verdicts follow from that user's own words, in an order that was."""
        if user in self.cut_users:
            return
        turns, says = self.turns.get(user, []), list(self._said_by(user))
        levels = {c.message: c.level for c in self.calls if c.user == user}

        @cache
        def explains(i: int, j: int, watch: Watch) -> bool:
            if (i, j) == (len(turns), len(says)):
                return True
            return (i < len(turns) and turn(i, j, watch)) or (j < len(says) and say(i, j, watch))

        def turn(i: int, j: int, watch: Watch) -> bool:
            row, seen = turns[i], verdict_of(turns[i]["crisis"])
            if j < len(says) and says[j][2] < self._started(user, row["message"]):
                return False  # that was said, and answered, before this was asked
            again = self._sent_again(turns, i)
            if again is not None:
                return seen == again and explains(i + 1, j, watch)
            after, verdict = fold(watch, levels[row["message"]])
            return seen == verdict and explains(i + 1, j, after)

        def say(i: int, j: int, watch: Watch) -> bool:
            call, begun, _ = says[j]
            if i < len(turns) and turns[i]["first"] < begun:
                return False  # that turn was stored before this was said
            after, verdict = fold(watch, call.level)
            if call.outcome == "ok":
                return verdict_of(call.answer["crisis"]) == verdict and explains(i, j + 1, after)
            return explains(i, j + 1, after) or explains(i, j + 1, watch)

        shown = [(row["message"], verdict_of(row["crisis"])) for row in turns]
        self.require("I4", explains(0, 0, (0.0, 0)), f"{user}: {shown}, said {says}")

    def _said_by(self, user: str) -> Iterator[tuple[Call, int, int]]:
        """What the user said aloud since its erasure: the call, when it began, when it ended."""
        by_words = {c.message: c for c in self.calls if c.user == user and "say" in c.kind}
        events = [e for stream in self.streams.values() for e in stream if e["event"] == "said"]
        for event in sorted(events, key=lambda e: e["tick"]):
            call = by_words.get(event["text"])
            if call is not None and event["tick"] > self.erased.get(user, 0):
                yield call, call.start, call.end if call.outcome == "ok" else self.tick

    def _started(self, user: str, message: str) -> int:
        return min(c.start for c in self.calls if (c.user, c.message) == (user, message))

    def _sent_again(self, turns: list[Plain], i: int) -> Verdict | None:
        """The verdict of the aborted turn that this one repeats: it is not folded twice."""
        ref = turns[i]["client_ref"]
        for row in turns[:i]:
            if ref is not None and row["client_ref"] == ref:
                return verdict_of(row["crisis"])
        return None

    def at_rest(self, user: str, history: list[Plain], count: int) -> None:
        """I8: the history is what was committed, 1 to n, and all counts agree."""
        rows = self.turns.get(user, [])
        self.own(user, history)
        numbers = [(turn["number"], turn["position"]["offset"]) for turn in history]
        right = [(n, n) for n in range(1, len(history) + 1)]
        self.require("I8", numbers == right, f"{user}: {numbers}")
        same = [{**row, "first": 0} for row in rows] == [{**turn, "first": 0} for turn in history]
        self.require("I8", same, f"{user}: the history is not what was committed")
        self.require("I8", count == len(rows), f"{user}: {count} messages, {len(rows)} turns")
        self.refold(user)
