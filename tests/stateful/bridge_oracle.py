"""What must hold of the bridge, whatever the schedule: plain dicts and lists, no trio.

It shares no code with what it judges and imports nothing of it. It is told what
was called and answered, what the store committed, what a look showed and what a
listener heard, in the order in which these happened; each becomes one `tick`.
Because calls overlap, it knows no single right answer: it checks what every
order allows. Each check names its invariant and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

from bridge_calls import (
    TOKEN,
    Broken,
    Call,
    Listener,
    Plain,
    Verdict,
    Watch,
    fold,
    owner,
    token_of,
    verdict_of,
)

WINDOW = 3
"""How many answered turns the responder may be shown."""


Lost = tuple[str, ...]


def offset_of(turns: list[Plain], number: int) -> int:
    """The offset of turn `number`: each turn takes one at its end, and its notice one before."""
    return sum(2 if turn["crisis"]["detected"] else 1 for turn in turns[:number])


class Oracle:
    """Everything seen in one run, and the checks on it."""

    def __init__(self, rooms: tuple[str, ...], counts: Counter[str]) -> None:
        self.counts = counts
        self.tick = 0
        self.broken: Broken | None = None  # the first that did not hold
        self.over = False  # what the end of the run itself brings is no outcome
        self.calls: list[Call] = []
        self.turns: dict[str, list[Plain]] = {}  # by user, since its last erasure
        self.streams: dict[str, list[Plain]] = {room: [] for room in rooms}
        self.members = {room: [frozenset[str]()] for room in rooms}  # by offset
        self.seen = dict.fromkeys(rooms, 0)  # the latest position that a look showed
        self.erased: dict[str, int] = {}
        self.owners: dict[str, tuple[str, int]] = {}  # of ids and epochs: the user, and since when
        self.cut_users: set[str] = set()  # a commit's outcome was unknown to them
        self.hurried = False  # the clock went on while somebody could still run
        self.hidden = {room: set[str]() for room in rooms}  # gone, and their `left` is owed
        self.crashes = 0

    def require(self, number: str, holds: bool, what: str) -> None:
        """Count one evaluation of an invariant, and raise `Broken` where it does not hold."""
        if self.over:
            return
        self.counts[number] += 1
        if not holds:
            broken = Broken(number, what)
            self.broken = self.broken or broken
            raise broken

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
        gone = self._was(call, str(call.room), False) or call.user not in call.answer["occupants"]
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

    def committed_session(self, user: str, names: tuple[str, str]) -> None:
        """I18: a session's id and epoch are nobody else's, and not those of before an erasure."""
        owner = user, self.erased.get(user, 0)
        for name in names:
            had = self.owners.setdefault(name, owner)
            self.require("I18", had == owner, f"{name} was {had}'s, and is {owner}'s now")

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
        behind = turn["position"]["offset"] - offset_of(rows, number)
        self.require("I8", self._left_empty(user, rows) <= behind, f"{user}: offset of {number}")
        self.require("I18", behind <= self._shown(user, rows), f"{user}: a gap before {number}")
        if turn["client_ref"] is not None:
            with_ref = [row for row in rows if row["client_ref"] == turn["client_ref"]]
            answered = sum(row["status"] == "answered" for row in with_ref)
            self.require("I10", answered <= 1, f"{user}: {turn['client_ref']} answered twice")
            words = {row["message"] for row in with_ref}
            self.require("I10", len(words) == 1, f"{user}: {turn['client_ref']} for two messages")

    def _left_empty(self, user: str, rows: list[Plain]) -> int:
        """How many offsets before the last of these turns belong to no turn."""
        ended = [row for row in rows[:-1] if row["status"] != "received"]
        return ended[-1]["position"]["offset"] - offset_of(ended, len(ended)) if ended else 0

    def _shown(self, user: str, rows: list[Plain]) -> int:
        """How many notices may have been shown at offsets of their own, and were never stored."""
        since, stored = self.erased.get(user, 0), {row["message"] for row in rows}
        mine = [c for c in self.calls if c.user == user]
        # What was sent over a connection has its outcome there, and not in the call.
        mine = [c for c in mine if c.kind == "send" or (c.kind == "ask" and c.open)]
        mine = [c for c in mine if c.level != "none" and not 0 < c.end < since]
        # Of words that were sent again the turn may be stored whose first commit was not, be it
        # that the store or that the session failed: then the notice was shown twice, at two
        # offsets.
        ended = Counter(c.message for c in mine if c.outcome == "aborted" and c.message in stored)
        ended -= Counter(row["message"] for row in rows[:-1] if row["status"] == "aborted")
        failed = sum(c.message not in stored or c.outcome == "store_unavailable" for c in mine)
        return failed + ended.total()

    def committed_event(self, event: Plain) -> None:
        """I13: the stream of a room is its order; each event must make sense where it stands."""
        room, user, kind = event["room"], event["user_id"], event["event"]
        stream, members = self.streams[room], self.members[room]
        offset, inside = event["position"]["offset"], user in members[-1]
        self.require("I14", offset == len(stream) + 1, f"{room}: {offset} after {len(stream)}")
        if user.startswith("persona:"):
            there = event["about"] in members[-1]
            self.require("I16", there, f"{room}: {event['about']} was answered, and had gone")
            members.append(members[-1])
            stream.append({**event, "offset": offset, "tick": self.now()})
            return
        self.require("I13", inside is (kind != "joined"), f"{room}: {user} {kind} at {offset}")
        mine = [c for c in self.calls if c.user == user and (c.open or self._runs(c))]
        if kind == "joined":
            self.require("I13", bool(mine), f"{room}: {user} joined, and no call asked for it")
            members.append(members[-1] | {user})
        elif kind == "left":
            members.append(members[-1] - {user})
            self.hidden[room].discard(user)
        else:
            self.require("I13", user not in self.hidden[room], f"{room}: {user} spoke, and is gone")
            asked = any(event["text"] == c.message for c in mine)
            self.require("I13", asked, f"{room}: {event['text']!r}, and no call said it")
            double = any(event["text"] == e["text"] for s in self.streams.values() for e in s)
            self.require("I13", not double, f"{room}: {event['text']!r} was said twice")
            members.append(members[-1])
        stream.append({**event, "offset": offset, "tick": self.now()})

    def _runs(self, call: Call) -> bool:
        """Whether a turn that was sent over a connection may still be under way."""
        rows = self.turns.get(call.user, [])
        ended = any(r["message"] == call.message and r["status"] != "received" for r in rows)
        return call.kind == "send" and not ended

    def cut(self, user: str | None) -> None:
        """A commit was cut by its time-out: its user can't know what was stored."""
        if user is not None:
            self.cut_users.add(user)

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
        # Who leaves while the store is too slow is hidden before the event stands; then
        # the next that is heard of them must be that they left.
        right = shown == inside or (self.hurried and shown < inside)
        right = right and not shown & self.hidden[room]
        self.require("I13", right, f"{room} at {offset}: shown {shown}, inside {set(inside)}")
        if offset == newest:
            self.hidden[room] = set(inside - shown)

    def prompted(self, user: str, message: str, history: list[str]) -> None:
        """I3: the responder is shown that user's own answered turns, in order, and no more."""
        rows = self.turns.get(user, [])
        answered = [row["message"] for row in rows if row["status"] == "answered"][-WINDOW:]
        for text in (message, *history):
            self.own(user, text)
        tail = answered[len(answered) - len(history) :]
        self.require("I3", history == tail, f"{user}: shown {history}, answered {answered}")

    def prompted_aloud(self, room: str, shown: list[str]) -> None:
        """I1: a persona that answers aloud is shown what was said aloud in its room, no more."""
        said = {token_of(e["text"]) for e in self.streams[room] if TOKEN.search(e["text"] or "")}
        seen = {token for text in shown for token in TOKEN.findall(text)}
        self.require("I1", seen <= said, f"{room}: its persona was shown {seen - said}")

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
        last = listener.offsets.get(room, 0)
        if not own_join and room in listener.offsets:
            self.require("I16", last != 0, f"{listener} heard {offset} after it had left")
            self.require("I14", offset == last + 1, f"{listener} heard {offset}")
        here = user in self.members[room][offset - 1] | self.members[room][offset]
        self.require("I1", here, f"{listener} heard {offset} of {room}, and was not there")
        late = 0 < listener.connected < self.erased.get(user, 0) < event["tick"]
        self.require("I16", not late, f"{listener} heard {frame} after its erasure")
        own_left = (event["event"], event["user_id"]) == ("left", user)
        listener.offsets[room] = 0 if own_left else offset

    # --- at rest ---

    def refold(self, user: str) -> None:
        """I4: the user's verdicts follow from that user's own words, in an order that was."""
        if user in self.cut_users:
            return
        turns, says = self.turns.get(user, []), list(self._said_by(user))
        levels = {c.message: c.level for c in self.calls if c.user == user}

        @cache
        def explains(i: int, j: int, lost: Lost, watch: Watch) -> bool:
            if (i, j) == (len(turns), len(says)):
                return True
            if (i < len(turns) and turn(i, j, lost, watch)) or (
                j < len(says) and say(i, j, lost, watch)
            ):
                return True
            # Words that were refused half-way were not heard, and may have been counted.
            return any(
                explains(i, j, lost[:n] + lost[n + 1 :], fold(watch, level)[0])
                for n, level in enumerate(lost)
                if level not in lost[:n]
            )

        def turn(i: int, j: int, lost: Lost, watch: Watch) -> bool:
            row, seen = turns[i], verdict_of(turns[i]["crisis"])
            if j < len(says) and says[j][2] < self._started(user, row["message"]):
                return False  # that was said, and answered, before this was asked
            again = self._sent_again(turns, i)
            if again is not None:
                return seen == again and explains(i + 1, j, lost, watch)
            after, verdict = fold(watch, levels[row["message"]])
            return seen == verdict and explains(i + 1, j, lost, after)

        def say(i: int, j: int, lost: Lost, watch: Watch) -> bool:
            call, begun, _ = says[j]
            if i < len(turns) and turns[i]["first"] < begun:
                return False  # that turn was stored before this was said
            after, verdict = fold(watch, call.level)
            if call.outcome == "ok":
                seen = verdict_of(call.answer["crisis"])
                return seen == verdict and explains(i, j + 1, lost, after)
            return explains(i, j + 1, lost, after) or explains(i, j + 1, lost, watch)

        shown = [(row["message"], verdict_of(row["crisis"])) for row in turns]
        self.require(
            "I4", explains(0, 0, self._lost(user), (0.0, 0)), f"{user}: {shown}, said {says}"
        )

    def _said_by(self, user: str) -> Iterator[tuple[Call, int, int]]:
        """What the user said aloud since its erasure: the call, when it began, when it ended."""
        by_words = {c.message: c for c in self.calls if c.user == user and "say" in c.kind}
        events = [e for stream in self.streams.values() for e in stream if e["event"] == "said"]
        for event in sorted(events, key=lambda e: e["tick"]):
            call = by_words.get(event["text"])
            if call is not None and event["tick"] > self.erased.get(user, 0):
                yield call, call.start, call.end if call.outcome == "ok" else self.tick

    def _lost(self, user: str) -> Lost:
        """The levels of words since the erasure that were cut off: neither heard nor stored.

        Of what was said aloud, and of a message whose responder crashed while
        something was said.
        """
        heard = {e["text"] for stream in self.streams.values() for e in stream}
        mine = [c for c in self.calls if c.user == user and c.open and c.end > 0]
        cut_off = [c for c in mine if "say" in c.kind or c.mode == "crash"]
        since = self.erased.get(user, 0)
        lost = {c.message: c.level for c in cut_off if c.end > since and c.message not in heard}
        return tuple(sorted(lost.values()))

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
        numbers = [turn["number"] for turn in history]
        self.require("I8", numbers == [*range(1, len(history) + 1)], f"{user}: {numbers}")
        ended = [row for row in rows if row["status"] != "received"]
        same = [{**row, "first": 0} for row in ended] == [{**turn, "first": 0} for turn in history]
        self.require("I8", same, f"{user}: the history is not what was committed")
        # Whose commit was cut finds its turn unfinished when it comes back.
        whole = len(ended) == len(rows) or user in self.cut_users
        self.require("I9", whole, f"{user}: turn {len(rows)} never ended")
        self.require("I8", count == len(rows), f"{user}: {count} messages, {len(rows)} turns")
        self.refold(user)
