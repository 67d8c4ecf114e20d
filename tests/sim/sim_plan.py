"""What a simulation does: plain values, drawn from one seed, that can be cut down and run again.

Each operation keeps the number that it was drawn with, so a plan from which
others were taken away does the rest just as before.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, fields, replace
from typing import Any

from sim_words import ROOMS, USERS, WORDS, canary, message


@dataclass(frozen=True, repr=False)
class Op:
    """One thing that a client does. `wait`: go on only when it was answered."""

    kind: str
    n: int
    user: str
    level: str = "none"
    mode: str = "ready"
    room: str = "Tower"
    ref: str | None = None
    stream: bool = False
    wait: bool = True
    seconds: float = 0.0

    def __repr__(self) -> str:
        return "Op(" + ", ".join(f"{name}={value!r}" for name, value in _given(self).items()) + ")"

    @property
    def words(self) -> str:
        """The message, or what is said aloud."""
        if self.kind == "say":
            to = "Iris, Moss, " if self.mode == "stream" else ""
            return f"{to}{WORDS[self.level]} {canary(self.user, self.n, aloud=True)}"
        number = sum(self.ref.encode()) if self.ref else self.n  # the same words again
        return message(self.user, number, self.level, self.mode)

    @property
    def speaks(self) -> bool:
        """Whether it carries words that are screened."""
        return self.kind in ("chat", "say", "bad")


@dataclass(frozen=True)
class Life:
    """One connection of the plan: `http` (of any users), `ws` or `sse` (of one)."""

    kind: str
    name: str
    user: str
    ops: tuple[Op, ...]
    pieces: tuple[int, ...] = ()
    resume: bool = False
    after: str | None = None  # the life that must have ended before
    capacity: int = 4096
    calm: bool = False
    early: bool = False
    """Whether it speaks behind its hello, and not only when it is welcome."""

    def without(self, index: int) -> Life:
        return replace(self, ops=self.ops[:index] + self.ops[index + 1 :])


@dataclass(frozen=True)
class Plan:
    """All of it: the connections, the server's make, and the schedule."""

    seed: int
    lives: tuple[Life, ...]
    store: str = "memory"
    responder: str = "moody"
    pushes: bool = True
    strategy: str = "walk"
    hurry: bool = False
    """Whether the clock may move on although somebody could run."""
    transport: str = "lane"

    @property
    def size(self) -> int:
        return sum(1 + len(life.ops) for life in self.lives)

    def only(self, user: str) -> Plan:
        """What that user does, alone."""
        mine = tuple(life for life in self.lives if life.user == user)
        return replace(self, lives=tuple(replace(life, calm=False) for life in mine))

    def arguments(self) -> dict[str, Any]:
        """As JSON has it, but for what chooses the schedule; `planned` makes a plan of it again.

        Of the `operations` each may be left out: an `open` with all that is done over it.
        """
        operations: list[dict[str, Any]] = []
        for life in self.lives:
            operations.append({"open": life.name, **_given(life, "name", "ops")})
            operations += [{"by": life.name, **_given(op)} for op in life.ops]
        names = ("store", "responder", "transport", "pushes", "hurry")
        return {"operations": operations, **{name: getattr(self, name) for name in names}}

    def __str__(self) -> str:
        head = f"{self.store} {self.responder} {self.transport} {self.strategy}"
        head += f" pushes={self.pushes}"
        head += f" hurry={self.hurry} seed={self.seed}"
        return "\n".join([head, *(f"  {_line(life)}" for life in self.lives)])


def planned(operations: list[dict[str, Any]], **how: Any) -> Plan:
    """The plan of these arguments."""
    lives: dict[str, dict[str, Any]] = {}
    for each in operations:
        fields = {name: value for name, value in each.items() if name not in ("open", "by")}
        if "open" in each:
            lives[each["open"]] = {**fields, "pieces": tuple(fields.get("pieces", ())), "ops": ()}
        elif each["by"] in lives:
            lives[each["by"]]["ops"] += (Op(**fields),)
    return Plan(0, tuple(Life(name=name, **fields) for name, fields in lives.items()), **how)


def _given(what: Op | Life, *but: str) -> dict[str, Any]:
    """The fields that have not their defaults."""
    given = {f.name: (getattr(what, f.name), f.default) for f in fields(what) if f.name not in but}
    return {name: value for name, (value, default) in given.items() if value != default}


def _line(life: Life) -> str:
    how = f"pieces={life.pieces} resume={life.resume} after={life.after} {life.capacity}"
    return f"{life.name} ({life.kind}) {how}: " + ", ".join(map(repr, life.ops))


LEVELS = ("none", "none", "none", "concern", "concern", "crisis")
MODES = ("ready", "ready", "stream", "stream", "slow", "fail", "hang", "crash")


class Draw:
    """Draws a plan."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.seed = seed
        self.n = 0
        self.known: list[str] = []

    def plan(self, kind: str = "mixed") -> Plan:
        """A rough one: everything that clients and disks do wrong.

        A small one. A race is between two or three who do a few things: more of them make
        a run longer, and its failure harder to read, but nothing more likely to be met.
        """
        rng, lives = self.rng, list[Life]()
        users = USERS[: rng.choice((1, 1, 2, 2, 2, 2, 3))]
        for user in users:
            lives += getattr(self, rng.choice(("_http", "_ws", "_ws", "_sse")))(user)
        if rng.random() < (0.1 if len(users) > 1 else 0.6):
            lives.append(self._proxy(USERS[:2]))
        if kind == "flood" or rng.random() < 0.015:
            lives += self._flood()
        store = "memory" if kind == "faulty" else rng.choices(("memory", "sqlite"), (7, 1))[0]
        if kind == "faulty" or rng.random() < 0.25:
            lives.append(self._operator(store))
        openai = kind == "openai" or (kind == "mixed" and rng.random() < 0.25)
        return Plan(
            self.seed,
            tuple(lives),
            store,
            "openai" if openai else "moody",
            rng.random() < 0.7,
            self._strategy(),
            rng.random() < 0.25,
        )

    def calm(self) -> Plan:
        """Users who each do one thing after the other, among others who do as they like (I3)."""
        rng = self.rng
        lives: list[Life] = []
        for user in USERS[: rng.choice((1, 1, 1, 2))]:
            kind = rng.choice(("http", "ws"))
            ops = tuple(self._calm_op(user, kind) for _ in range(rng.randint(1, 2)))
            lives.append(Life(kind, f"{user}-calm", user, ops, self._pieces(), calm=True))
        lives += rng.choice((self._ws, self._http))("cyd")
        strategy = self._strategy()
        return Plan(self.seed, tuple(lives), strategy=strategy, pushes=rng.random() < 0.7)

    def crowd(self) -> Plan:
        """Nothing but many who ask at the same time, each over a connection of their own."""
        rng = self.rng
        lives = []
        for user in USERS:
            ops = [
                replace(self._chat(user), ref=None, wait=True) for _ in range(rng.choice((1, 1, 2)))
            ]
            plain = tuple(replace(op, stream=False, mode=rng.choice(MODES[:4])) for op in ops)
            lives.append(Life("http", f"{user}-crowd", user, plain))
        pushes = rng.random() < 0.7
        return Plan(self.seed, tuple(lives), strategy=self._strategy(), pushes=pushes)

    def sockets(self) -> Plan:
        """WebSockets that hold little, over which much is asked and answered at the same time."""
        rng, lives = self.rng, list[Life]()
        for user in USERS[:2]:
            ops: list[Op] = []
            for _ in range(rng.choice((1, 2))):
                said = self._chat(user)
                ops.append(replace(said, ref=None, wait=rng.random() < 0.3))
                ops.append(Op("wsping", self._next(), user))
            ops.append(Op("deaf", self._next(), user, seconds=rng.choice((0.0, 1.0))))
            name = f"{user}-socket"
            lives.append(Life("ws", name, user, tuple(ops), self._pieces(), capacity=300))
        strategy = self._strategy()
        return Plan(self.seed, tuple(lives), strategy=strategy, pushes=rng.random() < 0.7)

    def stops(self) -> Plan:
        """More who ask a model than it has places, and who think better of it."""
        rng, lives = self.rng, list[Life]()
        for user in USERS:
            ops: list[Op] = []
            for _ in range(rng.choice((1, 1, 2))):
                mode = rng.choice(("stream", "stream", "slow", "hang"))
                said = Op("chat", self._next(), user, mode=mode, room="", wait=False)
                ops += [said, Op("yield", self._next(), user, seconds=rng.randint(0, 20))]
                ops.append(Op("stop", self._next(), user))
            lives.append(Life("ws", f"{user}-stops", user, tuple(ops)))
        return Plan(self.seed, tuple(lives), responder="openai", strategy=self._strategy())

    def care(self) -> Plan:
        """Somebody in need, over one WebSocket after the other, while everything else fails."""
        rng, lives = self.rng, list[Life]()
        before: str | None = None
        for _ in range(rng.choice((2, 3, 4))):
            ops = [
                replace(self._chat("ada"), ref=None, wait=rng.random() < 0.4, level=level)
                for level in rng.choices(("none", "crisis"), k=rng.randint(0, 2))
            ]
            if rng.random() < 0.5:  # else it may go before its words are looked at
                ops.append(Op(rng.choice(("look", "ping")), self._next(), "ada"))
            end = [*self._end("ada"), Op("pause", self._next(), "ada", seconds=rng.choice((0, 30)))]
            name = f"ada-care{self._next()}"
            resume = before is not None and rng.random() < 0.5
            early = rng.random() < 0.3
            life = Life("ws", name, "ada", (*ops, *end), (), resume, before, 1024, early=early)
            lives.append(life)
            before = name if rng.random() < 0.8 else before
        if rng.random() < 0.5:
            lives.append(self._operator("memory"))
        pushes = rng.random() < 0.7
        return Plan(self.seed, tuple(lives), strategy=self._strategy(), pushes=pushes)

    def ending(self) -> Plan:
        """The server is told to stop while somebody does not read what is being sent."""
        rng = self.rng
        ops = [replace(self._chat("ada"), ref=None, wait=False, level="crisis") for _ in range(2)]
        deaf = Op("deaf", self._next(), "ada", seconds=70.0)
        pause = Op("pause", self._next(), "-", seconds=rng.choice((0.1, 1.0, 6.0)))
        lives = (
            Life("ws", "ada-deaf", "ada", (*ops, deaf), capacity=300),
            Life("operator", "operator", "-", (pause, Op("stop", self._next(), "-"))),
        )
        return Plan(self.seed, lives, strategy=self._strategy())

    # --- parts ---

    def _strategy(self) -> str:
        return self.rng.choice(("walk", "walk", "pos", "pos", "pos", "pct", "pct", "block"))

    def _calm_op(self, user: str, kind: str) -> Op:
        op = self._chat(user) if self.rng.random() < 0.8 else self._say(user)
        # A session that crashes ends its connections: whether the next words still reach one
        # is the schedule's to say, and no business of anybody else.
        mode = "hang" if (kind, op.mode) == ("ws", "crash") else op.mode
        return replace(op, wait=True, ref=None, mode=mode, stream=op.stream and kind == "http")

    def _next(self) -> int:
        self.n += 1
        return self.n

    def _chat(self, user: str) -> Op:
        rng = self.rng
        ref = rng.choice((None, None, None, f"r{rng.randint(1, 2)}"))
        level, mode = rng.choice(LEVELS), rng.choice(MODES)
        if ref is not None:
            level, mode = "none", "stream"
        wait = rng.random() < 0.6
        return Op("chat", self._next(), user, level, mode, "", ref, rng.random() < 0.4, wait)

    def _say(self, user: str) -> Op:
        mode = self.rng.choice(("ready", "stream"))  # to the personas by name
        return Op("say", self._next(), user, self.rng.choice(LEVELS), mode, self._room())

    def _room(self) -> str:
        return self.rng.choice(ROOMS)

    def _pieces(self) -> tuple[int, ...]:
        rng = self.rng
        return tuple(rng.choice((1, 7, 40, 150)) for _ in range(rng.choice((0, 0, 0, 1, 2))))

    def _http_op(self, user: str) -> Op:
        rng = self.rng
        kind = rng.choice(
            ("chat",) * 8 + ("say", "say", "join", "leave", "look", "history", "session", "bad")
        )
        if kind == "chat":
            return self._chat(user)
        if kind == "say":
            return self._say(user)
        level = rng.choice(LEVELS) if kind == "bad" else "none"
        return Op(kind, self._next(), user, level, room=self._room(), wait=rng.random() < 0.7)

    def _end(self, user: str) -> tuple[Op, ...]:
        kind = self.rng.choice(("close", "close", "reset", "reset", "half", "halfclose", "deaf"))
        return (Op(kind, self._next(), user, seconds=self.rng.choice((0.0, 0.0, 1.0, 70.0))),)

    def _http(self, user: str) -> list[Life]:
        rng = self.rng
        ops = [self._http_op(user) for _ in range(rng.choice((1, 1, 2)))]
        if rng.random() < 0.1:
            ops.append(Op("erase", self._next(), user))
        name = f"{user}-http{self._next()}"
        return [Life("http", name, user, (*ops, *self._end(user)), self._pieces())]

    def _proxy(self, users: tuple[str, ...]) -> Life:
        """One connection that a proxy keeps alive for several users, pipelined."""
        ops = tuple(
            replace(self._chat(self.rng.choice(users)), ref=None, wait=self.rng.random() < 0.5)
            for _ in range(self.rng.randint(2, 3))
        )
        return Life("http", f"proxy{self._next()}", "proxy", ops, self._pieces())

    def _ws(self, user: str) -> list[Life]:
        """A WebSocket, and perhaps another one after it that resumes."""
        rng, lives = self.rng, list[Life]()
        before: str | None = None
        if rng.random() < 0.1 and self.known:
            before = rng.choice(self.known)  # it says that it was where somebody else is
        for _ in range(rng.choice((1, 1, 1, 2))):
            ops = [self._ws_op(user) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            name = f"{user}-ws{self._next()}"
            capacity = rng.choice((1024, 4096))
            lives.append(
                Life(
                    "ws", name, user, (*ops, *self._end(user)), self._pieces(),
                    before is not None and rng.random() < 0.7, before, capacity,
                    early=rng.random() < 0.2,
                )
            )  # fmt: skip
            before = name
            self.known.append(name)
        return lives

    def _flood(self) -> list[Life]:
        """Much is said in a room where somebody does not read, and comes back for it later."""
        words = [Op("say", self._next(), "bob", wait=False) for _ in range(80)]
        deaf = [Op("go", self._next(), "ada"), Op("deaf", self._next(), "ada", seconds=5.0)]
        return [
            Life("ws", f"ada-deaf{self._next()}", "ada", tuple(deaf), capacity=1024),
            Life("http", f"bob-flood{self._next()}", "bob", tuple(words)),
        ]

    def _ws_op(self, user: str) -> Op:
        rng = self.rng
        kind = rng.choice(
            ("chat",) * 6 + ("say", "say", "go", "look", "stop", "ack", "ping", "wsping", "bad")
        )
        if kind == "chat":
            return self._chat(user)
        if kind == "say":
            return self._say(user)
        level = rng.choice(LEVELS) if kind == "bad" else "none"
        return Op(kind, self._next(), user, level, room=self._room(), wait=rng.random() < 0.5)

    def _sse(self, user: str) -> list[Life]:
        rng, lives = self.rng, list[Life]()
        before: str | None = None
        for _ in range(rng.choice((1, 2))):
            name = f"{user}-sse{self._next()}"
            pause = Op("pause", self._next(), user, seconds=rng.choice((0.1, 2.0, 40.0)))
            resume = before is not None
            lives.append(
                Life("sse", name, user, (pause, *self._end(user)), (), resume, before, 1024)
            )
            before = name
        return lives + (self._http(user) if rng.random() < 0.4 else [])

    def _operator(self, store: str) -> Life:
        """Somebody who stops the server in the middle, or whose disk has its moods."""
        rng = self.rng
        moods = ("stop",) if store == "sqlite" else ("stop", "down", "hang", "slow")
        mood = rng.choice(moods)
        ops = [Op("pause", self._next(), "-", seconds=rng.choice((0.0, 0.2, 1.0)))]
        ops += [Op("yield", self._next(), "-") for _ in range(rng.randint(0, 4))]
        ops.append(Op(mood, self._next(), "-"))
        if mood != "stop":
            ops.append(Op("pause", self._next(), "-", seconds=rng.choice((0.5, 7.0))))
            ops.append(Op("up", self._next(), "-"))
        return Life("operator", "operator", "-", tuple(ops))


def request(op: Op) -> bytes:
    """An operation as a request of HTTP/1.1."""
    method, path, fields = _call(op)
    body = b"" if fields is None else json.dumps(fields).encode()
    if op.kind == "bad":
        body = body[:-1]  # no JSON any more
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"X-Sim: {op.user}#{op.n}"]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    if op.stream:
        head.append("Accept: text/event-stream")
    return "\r\n".join([*head, "", ""]).encode() + body


def _call(op: Op) -> tuple[str, str, dict[str, str] | None]:
    user, words = {"user_id": op.user}, op.words
    match op.kind:
        case "chat" | "bad":
            reference = {} if op.ref is None else {"client_ref": op.ref}
            return "POST", "/bridge/chat", {**user, "message": words, **reference}
        case "say":
            return "POST", f"/bridge/rooms/{op.room}/say", {**user, "text": words}
        case "join" | "leave":
            return "POST", f"/bridge/rooms/{op.room}/{op.kind}", user
        case "look":
            return "GET", f"/bridge/rooms/{op.room}", None
        case "rooms":
            return "GET", "/bridge/rooms", None
        case "history":
            return "GET", f"/bridge/sessions/{op.user}/history?limit=100", None
        case "erase":
            return "DELETE", f"/bridge/sessions/{op.user}", None
    return "GET", f"/bridge/sessions/{op.user}", None


def frame(op: Op, target: str, position: str) -> str:
    """An operation as a frame of the WebSocket."""
    ref = {"ref": f"m{op.n}"}
    match op.kind:
        case "chat":
            reference = {} if op.ref is None else {"client_ref": op.ref}
            return json.dumps({"type": "message", **ref, "message": op.words, **reference})
        case "say":
            return json.dumps({"type": "say", **ref, "text": op.words})
        case "go":
            return json.dumps({"type": "go", **ref, "room": op.room})
        case "stop":
            return json.dumps({"type": "stop", **ref, "target": target})
        case "ack":
            return json.dumps({"type": "ack", **ref, "position": position})
        case "bad":
            return json.dumps({"type": "nonsense", **ref, "message": op.words})
    return json.dumps({"type": op.kind, **ref})
