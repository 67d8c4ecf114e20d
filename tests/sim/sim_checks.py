"""What must hold of everything that came over the wire, each check under its invariant's number.

The checks share no code with the server and look into nothing of it, but for
the counts that say whether its pools are back at their baseline. Each
evaluation is counted: one that is never made proves nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sim_client import Call, Seen, Talk
from sim_plan import Op
from sim_stack import SETTINGS
from sim_streams import Pieces, Rooms, Stream
from sim_wire import events
from sim_words import CANARY, HELP, USERS, canaries, foreign

from nexus_trio.testing.program import Broken

if TYPE_CHECKING:
    from sim_program import Ran

DEAF_FRAMES = 2 * SETTINGS["outbox_frames"] + 8
"""What may wait for somebody who does not read, beside what the connection itself holds:
one queue that is full, one that is being sent, and notices, which are always let in."""

SOON = 0.05
"""Virtual seconds within which somebody in need is helped."""

CONNECTION_SETTERS = ("stop", "down", "hang", "slow")


def judge(ran: Ran) -> None:
    """Raise `Broken` for the first thing that does not hold."""
    Judge(ran, ran.checks.counts, ran.seen).everything()


class Judge:
    def __init__(self, ran: Ran, counts: Counter[str], seen: Counter[str]) -> None:
        self.ran = ran
        self.counts = counts
        self.seen = seen
        self.calls = ran.world.calls
        self.erased = {c.op.user for c in self.calls if c.op.kind == "erase"}
        ops = [op for life in ran.plan.lives for op in life.ops]
        self.faulty = any(op.kind in CONNECTION_SETTERS for op in ops)
        self.ops = ops
        self.room_events: dict[tuple[str, str], dict[str, Any]] = {}
        # Who has said that something was seen, over a WebSocket or by coming back to a stream.
        self.acked = {call.op.user for call in self.calls if call.op.kind == "ack"} | {
            life.user for life in ran.plan.lives if life.kind == "sse" and life.resume
        }

    def require(self, number: str, holds: bool, what: str) -> None:
        self.counts[number] += 1
        if not holds:
            raise Broken(number, what)

    def everything(self) -> None:
        self._end()
        self._secrets()
        for talk in self.ran.world.talks.values():
            self._talk(talk)
        for call in self.calls:
            self._call(call)
            self._in_time(call)
        self._references()
        self._notices()
        self._notices_again()
        self._held()

    # --- the whole ---

    def _end(self) -> None:
        ran, stack = self.ran, self.ran.stack
        self.require("I22", not ran.tasks_left, f"tasks at the end: {ran.tasks_left}")
        self.require("I21", stack.ended_at is not None, "the server never ended")
        if not ran.plan.hurry:
            took = (stack.ended_at or 0.0) - (stack.stopped_at or 0.0)
            self.require("I21", took <= SETTINGS["grace_s"] + 1e-6, f"it took {took} s to stop")
        for name, value in ran.rest.items():
            self.require("I11", value == 0, f"at rest: {name} {value}, and not 0")
        for name, value in ran.crashes.items():
            self.require("I5", value == 0, f"{name} {value}, and not 0: {stack.log.lines}")
        for leak in ran.leaks:
            self.require("I6", False, leak)
        self.counts["I6"] += stack.prompts
        if ran.plan.responder == "openai":
            self.counts["I12"] += stack.upstream.reused

    def _secrets(self) -> None:
        stack = self.ran.stack
        for line in stack.log.lines:
            self.require(
                "I1", not CANARY.search(line) and "zzsecretzz" not in line, f"logged: {line}"
            )
        for prompt in stack.upstream.prompts:
            # A persona that speaks aloud is shown what all have said aloud, and no more.
            found = {(each[1], each[2]) for each in CANARY.finditer(prompt)}
            private = {user for user, kind in found if kind == "p"}
            alone = not private or len({user for user, _ in found}) == 1
            self.require("I1", alone, f"a prompt with private words and words of {sorted(found)}")

    def _calm(self, user: str) -> bool:
        """Whether nothing that the user says can come to a crisis."""
        spoken = [op.level for op in self.ops if op.user == user and op.speaks]
        return "crisis" not in spoken and spoken.count("concern") < 3

    def _own(self, user: str, text: str, kinds: str = "pa") -> None:
        if user not in USERS:
            return
        found = foreign(text, user, kinds)
        self.require("I1", not found, f"{user} got {found}")
        if self._calm(user):
            found_help = HELP in text or '"level":"crisis"' in text
            self.require(
                "I4", not found_help, f"{user} said nothing of a crisis and was told of one"
            )

    # --- one call ---

    def _call(self, call: Call) -> None:
        op = call.op
        self.seen[f"{'ws' if call.last else 'http'} {op.kind}"] += 1
        self.require("I9", len(call.last) <= 1, f"{op}: ended {len(call.last)} times")
        if call.cut:
            return
        if call.answer is not None and call.answer.status != 408:  # whose words never came
            self._answer(call, call.answer.status, call.answer.body)
        elif call.last:
            self._own(op.user, json.dumps(call.last[0]))
            self._outcome(call, call.last[0])

    def _in_time(self, call: Call) -> None:
        """I23: who speaks of a crisis over a WebSocket is not left alone, whatever hangs."""
        talk = self.ran.world.talks.get(call.life)
        if talk is None or talk.life.kind != "ws" or talk.deaf_from is not None:
            return
        # Where the clock runs ahead of who could run, no time means anything.
        if call.op.level != "crisis" or not call.op.speaks or self.ran.plan.hurry:
            return
        if call.ended_at - call.at > SOON:
            in_time = [s.frame for s in talk.frames if call.at <= s.at <= call.at + SOON]
            self.seen["in need, and something hung"] += 1
            helped = any(HELP in json.dumps(frame) for frame in in_time)
            self.require("I23", helped, f"{call.op}: alone from {call.at} to {call.ended_at}")

    def _answer(self, call: Call, status: int, body: bytes) -> None:
        op, text = call.op, body.decode()
        self._own(op.user, text)
        self.seen[f"status {status}"] += 1
        if op.stream and status == 200:
            told = events(body)
            ends = [each for each in told if each["type"] in ("reply", "error")]
            self.require("I9", len(ends) == 1 and told[-1] is ends[0], f"{op}: ended by {ends}")
            Pieces(self, op.user).hear_all(told)
            self._outcome(call, {**ends[0], "sse": text})
            return
        try:
            found = json.loads(body)
        except ValueError:
            found = {}
        kind = "reply" if status == 200 else "error"
        self._outcome(call, {"type": kind, **found})

    def _outcome(self, call: Call, last: dict[str, Any]) -> None:
        op, text = call.op, json.dumps(last)
        self.seen[f"{op.kind} {last.get('code', last['type'])}"] += 1
        if op.speaks and op.level == "crisis":
            self.require("I23", HELP in text, f"{op}: answered without its notice: {text[:300]}")
        if op.kind != "chat" or last["type"] != "reply":
            return
        self.require("I2", last["user_id"] == op.user, f"{op}: the reply to {last['user_id']}")
        if not (last["crisis"]["detected"] and self._waits(op)):
            own = canaries(op.words)[0]
            self.require("I2", f"re {own} " in last["response"], f"{op}: {last['response']!r}")

    def _waits(self, op: Op) -> bool:
        """Whether the reply is not ready at once, so that the notice may be all of it."""
        return op.mode != "ready" or self.ran.plan.responder == "openai"

    def _references(self) -> None:
        """I10: one reply for all who used a reference; here it always stands for the same words."""
        turns: dict[tuple[str, str], set[int]] = {}
        for call in self.calls:
            last = self._last(call)
            if call.op.ref and call.last:
                code = call.last[0].get("code")
                self.require("I10", code != "conflict", f"{call.op}: these are its words")
            if call.op.ref and last and last["type"] == "reply" and call.op.user not in self.erased:
                turns.setdefault((call.op.user, call.op.ref), set()).add(last["turn"])
        for reference, found in turns.items():
            self.require("I10", len(found) == 1, f"{reference} was answered as turns {found}")

    def _last(self, call: Call) -> dict[str, Any] | None:
        if call.last:
            return call.last[0]
        if call.answer is None or not call.answer.complete or call.answer.status != 200:
            return None
        if call.op.kind not in ("chat", "say"):
            return None
        if call.op.stream:
            return events(call.answer.body)[-1]
        return {"type": "reply", **json.loads(call.answer.body)}

    # --- one connection ---

    def _talk(self, talk: Talk) -> None:
        life, user = talk.life, talk.life.user
        self.require("I2", talk.unasked is None, f"{life.name}: {talk.unasked}")
        if user in USERS:
            self._own(user, talk.raw.decode("utf-8", "replace"), "p")
        if life.kind not in ("ws", "sse"):
            return
        pieces, stream, rooms = Pieces(self, user), Stream(self, talk), Rooms(self, talk)
        over = False
        for seen in talk.frames:
            frame = seen.frame
            self.require("I16", not over, f"{life.name}: {frame} after its bye")
            over = frame["type"] == "bye"
            if frame["type"] != "room":
                self._own(user, json.dumps(frame))
            pieces.hear(frame)
            stream.hear(seen)
            rooms.hear(frame)
        if talk.deaf_from is not None and talk.after is None:
            self._deaf(talk)

    def _deaf(self, talk: Talk) -> None:
        """I20: who does not read has little waiting, however much is said."""
        sizes = [len(json.dumps(s.frame, separators=(",", ":"))) for s in talk.frames]
        total, begun = 0, 0
        for size in sizes:  # about where it stopped to read
            total += size
            begun += total < (talk.deaf_from or 0)
        later = len(sizes) - begun
        most = DEAF_FRAMES + talk.life.capacity // 100  # no frame of an event is smaller
        # What was said, and answered, before it was welcome it had missed: handed over whole.
        welcome = next((s.tick for s in talk.frames if s.frame["type"] == "welcome"), 0)
        most += sum(c.op.kind == "say" and 0 < c.ended < welcome for c in self.calls)
        self.require("I20", later <= most, f"{talk.life.name}: {later} frames waited, {most} may")

    # --- what is held in the end ---

    def _held(self) -> None:
        probes = {c.op.n: c for c in self.calls if c.life == "probe" and c.answer is not None}
        for call in probes.values():
            assert call.answer is not None
            if call.op.kind == "rooms":
                for room in json.loads(call.answer.body)["rooms"]:
                    self.require("I15", room["occupants"] == 0, f"{room}, and nobody is connected")
            elif call.op.kind == "history" and call.answer.status == 200:
                self._history(call.op.user, json.loads(call.answer.body)["turns"])

    def _history(self, user: str, turns: list[dict[str, Any]]) -> None:
        numbers = [turn["turn"] for turn in turns]
        self.require("I8", numbers == [*range(1, len(turns) + 1)], f"{user}: {numbers}")
        plain = {op.words for op in self.ops if op.user == user and not op.ref}
        twice = Counter(turn["message"] for turn in turns if turn["message"] in plain)
        double = [message for message, count in twice.items() if count > 1]
        self.require("I8", not double, f"{user}: stored twice: {double}")
        if user in self.erased:
            return
        stored = {turn["turn"]: turn for turn in turns}
        for call in self.calls:
            last = self._last(call)
            if call.op.user != user or call.op.kind != "chat" or not last:
                continue
            if last["type"] == "reply" and "command" not in last:
                row = stored.get(last["turn"], {"response": None, "position": None})
                same = (row["response"], row["position"]) == (last["response"], last["position"])
                self.require(
                    "I17", same, f"{user}: turn {last['turn']} was answered, held is {row}"
                )

    def _notices(self) -> None:
        """I24: a notice that nobody acknowledged comes again on the next WebSocket."""
        # Where a commit failed, or ran out of time, nothing is stored that it could come from.
        if self.faulty or self.ran.plan.hurry:
            return
        talks = [t for t in self.ran.world.talks.values() if t.life.kind == "ws" and t.welcome]
        crashing = {op.user for op in self.ops if op.mode == "crash"}
        for call in self.calls:
            user = call.op.user
            if call.op.kind == "history" and user not in self.acked | self.erased | crashing:
                self._owed(user, call, [t for t in talks if t.life.user == user])

    def _notices_again(self) -> None:
        """I24, whatever the store and the responder did: what a WebSocket was told comes again.

        Of users who speak of a crisis over WebSockets alone: what comes over HTTP is seen.
        """
        spoken = [
            (life.kind, op)
            for life in self.ran.plan.lives
            for op in life.ops
            if op.level != "none" and op.speaks
        ]
        users = {op.user for _, op in spoken} - {op.user for kind, op in spoken if kind != "ws"}
        for user in users - self.acked - self.erased:
            talks = [
                talk
                for talk in self.ran.world.talks.values()
                if (talk.life.kind, talk.life.user) == ("ws", user) and talk.welcome
            ]
            for seen in (seen for talk in talks for seen in new_notices(talk)):
                for later in talks:
                    if later.begun > seen.tick and _read_on(self, later):
                        frames = [s.frame for s in later.frames if s.frame["type"] == "notice"]
                        places = [frame["position"] for frame in frames]
                        position = seen.frame["position"]
                        again = position in places
                        self.require("I24", again, f"{later.life.name}: {position} came no more")

    def _owed(self, user: str, history: Call, talks: list[Talk]) -> None:
        if history.life != "probe" or history.answer is None or history.answer.status != 200:
            return
        over_socket = {op.n for t in self.ran.plan.lives if t.kind == "ws" for op in t.ops}
        for turn in json.loads(history.answer.body)["turns"]:
            asked = CANARY.search(turn["message"])
            if not turn["crisis"]["detected"] or not asked or int(asked[3]) not in over_socket:
                continue
            begun = next(c.tick for c in self.calls if c.op.n == int(asked[3]))
            answered = [s.tick for t in talks for s in t.frames if _is_reply(s.frame, turn)]
            since = min(answered, default=None)
            for later in talks if since is not None else ():
                if later.begun > max(since, begun) and _read_on(self, later):
                    texts = [s.frame["text"] for s in later.frames if s.frame["type"] == "notice"]
                    told = turn["crisis"]["notice"] in texts
                    self.require(
                        "I24", told, f"{later.life.name}: turn {turn['turn']}'s came no more"
                    )


def new_notices(talk: Talk) -> Iterator[Seen]:
    """Those with a place of their own in the stream: one that was hastened has none yet."""
    last = talk.welcome["position"] if talk.welcome else ""
    for seen in talk.frames:
        position = seen.frame.get("position")
        if seen.frame["type"] not in ("notice", "reply", "error") or not position:
            continue
        epoch, _, offset = position.partition(":")
        newer = epoch == last.partition(":")[0] and int(offset) > int(last.partition(":")[2])
        if newer:
            last = position
            if seen.frame["type"] == "notice":
                yield seen


def _is_reply(frame: dict[str, Any], turn: dict[str, Any]) -> bool:
    return frame["type"] in ("reply", "error") and frame.get("position") == turn["position"]


def _read_on(judge: Judge, talk: Talk) -> bool:
    """Whether its client read so far that what was missed has come."""
    return any(c.life == talk.life.name and c.last for c in judge.calls)


# --- alone and in a crowd (I3) ---

LOOSE = ("position", "session_id", "room_position", "occupants", "event_id", "sse", "at", "detail")
"""What may differ: times, ids, positions, who else is there."""


def same_alone(user: str, crowd: Ran, alone: Ran) -> None:
    """The user's answers, verdicts and times of waiting are the same alone and in a crowd."""
    judge = Judge(alone, crowd.checks.counts, crowd.seen)
    there, here = _transcript(user, crowd), _transcript(user, alone)
    judge.require("I3", len(there) == len(here), f"{user}: {len(there)} answers, alone {len(here)}")
    for (op, one, took), (_, other, alone_took) in zip(there, here, strict=True):
        judge.require("I3", one == other, f"{op}: in a crowd {one}, alone {other}")
        late = abs(took - alone_took) < 1e-6
        judge.require("I5", late, f"{op}: took {took} s in a crowd, alone {alone_took}")


def _transcript(user: str, ran: Ran) -> list[tuple[Op, object, float]]:
    found: list[tuple[Op, object, float]] = []
    for call in ran.world.calls:
        if call.op.user != user or call.life == "probe":
            continue
        said: object = call.cut
        if call.answer is not None:
            body = call.answer.body
            told = events(body) if call.op.stream else [json.loads(body)]
            said = [call.answer.status, [_plain(each) for each in told]]
        elif call.last:
            said = [_plain(each) for each in call.last]
        found.append((call.op, said, round(call.ended_at - call.at, 6)))
    for talk in ran.world.talks.values():
        if talk.life.user == user and talk.life.kind == "ws":
            told = [_plain(s.frame) for s in talk.frames if s.frame["type"] != "room"]
            found.append((Op("frames", 0, user), told, 0.0))
    return found


def _plain(frame: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in frame.items() if key not in LOOSE}
