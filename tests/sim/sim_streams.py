"""What must hold of the frames on one connection: the pieces of replies, positions, rooms."""

from __future__ import annotations

from typing import Any, Protocol

from sim_client import Seen, Talk
from sim_plan import Op


class Requires(Protocol):
    """Whoever counts what was evaluated, and raises where it does not hold."""

    ops: list[Op]
    room_events: dict[tuple[str, str], dict[str, Any]]

    def require(self, number: str, holds: bool, what: str) -> None: ...


class Pieces:
    """The deltas of the turns on one connection: from 0, without a gap, and together the reply."""

    def __init__(self, judge: Requires, user: str) -> None:
        self._judge = judge
        self._user = user
        self._turns: dict[int, list[str]] = {}
        self._over: set[int] = set()

    def hear_all(self, frames: list[dict[str, Any]]) -> None:
        for frame in frames:
            self.hear(frame)

    def hear(self, frame: dict[str, Any]) -> None:
        require, turn = self._judge.require, frame.get("turn")
        if frame["type"] == "delta":
            heard = self._turns.setdefault(frame["turn"], [])
            require("I9", turn not in self._over, f"{self._user}: {frame} after its end")
            require("I9", frame["seq"] == len(heard), f"{self._user}: {frame} after {len(heard)}")
            heard.append(frame["text"])
        elif frame["type"] == "reply" and "command" not in frame:
            notice = frame["crisis"]["notice"]
            heard = self._turns.get(frame["turn"], [])
            whole = "\n\n".join(part for part in (notice, "".join(heard)) if part)
            # The responder failed somebody in need: then the notice alone is the reply.
            alone = frame["crisis"]["detected"] and frame["response"] == notice
            if heard and not alone and turn not in self._over:
                require("I9", whole == frame["response"], f"{self._user}: {heard} and {frame}")
            self._over.add(frame["turn"])


class Stream:
    """The positions of a session's own events on one connection (I18)."""

    def __init__(self, judge: Requires, talk: Talk) -> None:
        self._judge = judge
        self._talk = talk
        self._epoch = ""
        self._last = 0
        self._again = {f"m{op.n}" for op in talk.life.ops if op.ref is not None} | {
            None if any(op.ref for op in judge.ops if op.user == talk.life.user) else "-"
        }

    def hear(self, seen: Seen) -> None:
        frame, kind = seen.frame, seen.frame["type"]
        require, name = self._judge.require, self._talk.life.name
        if kind == "welcome":
            self._epoch, _, offset = frame["position"].partition(":")
            self._last = int(offset)
            asked = self._talk.after
            if asked and frame["recovered"]:
                require("I18", frame["position"] == asked, f"{name}: {frame} for {asked}")
            return
        position = frame.get("position")
        if kind not in ("reply", "error", "notice") or "command" in frame or not position:
            return
        epoch, _, number = position.partition(":")
        if epoch != self._epoch:
            require("I18", kind == "notice" and epoch == "0", f"{name}: {frame} of another epoch")
            return
        offset = int(number)
        if offset <= self._last:
            known = kind == "notice" or frame.get("ref") in self._again
            require("I18", known, f"{name}: {offset} again, after {self._last}")
            return
        require("I18", offset == self._last + 1, f"{name}: {offset} after {self._last}")
        self._last = offset


class Rooms:
    """The events of rooms on one connection: one order, no gap, and only while one is there."""

    def __init__(self, judge: Requires, talk: Talk) -> None:
        self._judge = judge
        self._talk = talk
        self._here: dict[str, int] = {}

    def hear(self, frame: dict[str, Any]) -> None:
        require, user = self._judge.require, self._talk.life.user
        if frame["type"] == "welcome" and frame["room"] is not None:
            self._here = {frame["room"]: int(frame["room_position"].split(":")[1])}
        if frame["type"] != "room":
            return
        room, offset = frame["room"], int(frame["position"].split(":")[1])
        self._alike(room, frame)
        own = frame["user_id"] == user
        if own and frame["event"] == "joined":
            self._here[room] = offset
            return
        where = f"{self._talk.life.name}: {frame}"
        require("I16", room in self._here, f"{where}, and {user} is not in there")
        last = self._here[room]
        require("I14", offset == last + 1, f"{where} after {last}")
        self._here[room] = offset
        if own and frame["event"] == "left":
            del self._here[room]

    def _alike(self, room: str, frame: dict[str, Any]) -> None:
        if frame["event"] == "erased":
            return
        heard = {key: value for key, value in frame.items() if key != "event_id"}
        first = self._judge.room_events.setdefault((room, frame["position"]), heard)
        self._judge.require("I14", first == heard, f"{first} for one, {heard} for another")
