"""One batch: some conversations at a time against one server in this process, and two innocents.

The server is the simulation's (`tests/sim`): the hub, the application and the lane. What
begins with `/bridge` or `/v1` is the real door's, all else an echo's. Order and time are drawn.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import trio
from fuzz_grammar import Conversation, conversation, frame, upgrade
from fuzz_judge import Heard, Unlawful, judge
from sim_pipe import End
from sim_stack import Make, Stack

from nexus_trio.testing import Stepper

CRASH = "FuzzCrash"
COUNT = 100
AT_ONCE = 5
STEPS = 400_000
"""A batch takes some thousands: who takes so many goes round in circles."""

REAL = ("/bridge", "/v1", "/docs", "/openapi", "/safety", "/nowhere")


class FuzzCrash(Exception):
    """The echo's, when it is told to break: contained, and no finding."""


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Says what it heard, in the way that its path names."""
    path = scope["path"]
    if path == "/crash":
        raise FuzzCrash
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    said = b"%s %s\n" % (scope["method"].encode(), target)
    if path == "/early":
        said = b""
    else:
        while True:
            event = await receive()
            said += event.get("body", b"")
            if event["type"] == "http.disconnect":
                return
            if not event["more_body"]:
                break
    if path == "/slow":
        await trio.sleep(0.5)
    head = [] if path in ("/stream", "/unsized") else [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    if path in ("/stream", "/late"):
        size = len(said) // 3 + 1
        for start in range(0, len(said), size):
            piece = said[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if path == "/late":
                raise FuzzCrash
        said = b""
    await send({"type": "http.response.body", "body": said})


async def echo_socket(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})


class World(Stack):
    """The simulation's server with the echo beside it; both ends of each connection are known."""

    def _watched(self, app: Any) -> Any:
        async def both(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].startswith(REAL):
                await app(scope, receive, send)
            elif scope["type"] == "websocket":
                await echo_socket(receive, send)
            else:
                await echo(scope, receive, send)

        return both


@dataclass
class Talk:
    """One conversation as it went."""

    conversation: Conversation
    raw: bytearray = field(default_factory=bytearray)
    ended: bool = False
    cut: bool = False
    more: trio.Event | None = None

    async def run(self, world: World) -> None:
        """Do what it says, then go."""
        end = world.connect(self.conversation.capacity)
        async with trio.open_nursery() as nursery:
            over = trio.Event()
            nursery.start_soon(self._read, end, over)
            try:
                for how, what in self.conversation.actions:
                    await self._act(end, how, what)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self.cut = True
            await self._leave(end, over)
            nursery.cancel_scope.cancel()
        end.close()

    async def _act(self, end: End, how: str, what: Any) -> None:
        if how == "send":
            with trio.move_on_after(100):
                await end.send_all(what)
        elif how == "pause":
            await trio.sleep(what)
        elif how == "eof":
            end.half_close()
        else:
            wanted = b"HTTP/1.1 100 " if how == "continue" else b"\r\n\r\n"
            with trio.move_on_after(5):
                while wanted not in self.raw and not (self.ended or self.cut):
                    self.more = trio.Event()
                    await self.more.wait()

    async def _read(self, end: End, over: trio.Event) -> None:
        reads = self.conversation.reads
        try:
            if reads == "late":
                await trio.sleep(10)
            while reads != "never" and (piece := await end.receive_some(65536)):
                self.raw += piece
                self._wake()
            self.ended = reads != "never"
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.cut = True
        over.set()
        self._wake()

    def _wake(self) -> None:
        if self.more is not None:
            self.more.set()

    async def _leave(self, end: End, over: trio.Event) -> None:
        leaves = self.conversation.leaves
        if leaves == "reset":
            end.reset()
            return
        if leaves == "close":
            with trio.move_on_after(3):
                await over.wait()
            return
        if leaves == "eof":
            end.half_close()
        with trio.move_on_after(400):
            await over.wait()


@dataclass
class Innocent:
    """Somebody else, whose answers are to come to the byte; `whole` is that none was missing."""

    world: World
    over: bool = False
    answered: int = 0
    wrong: str = ""

    async def asks(self) -> None:
        """Over HTTP, on one connection."""
        end = self.world.connect()
        while not self.over:
            target = f"/echo?innocent={self.answered}"
            body = b"b" * (self.answered % 50)
            head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
            wanted = b"POST %s\n%s" % (target.encode(), body)
            if not await self._told(end, head.encode() + b"\r\n\r\n" + body, wanted):
                break
        end.close()

    async def talks(self) -> None:
        """Over a WebSocket."""
        end = self.world.connect()
        if await self._told(end, upgrade("innocent"), b"\r\n\r\n"):
            rng = random.Random(0)
            while not self.over:
                text = f"innocent {self.answered} ".encode()
                wanted = bytes([0x81, len(text)]) + text
                if not await self._told(end, frame(rng, text), wanted):
                    break
        end.close()

    async def _told(self, end: End, sent: bytes, wanted: bytes) -> bool:
        got = b""
        try:
            await end.send_all(sent)
            while not got.endswith(wanted):
                piece = await end.receive_some(65536)
                if not piece:
                    raise trio.BrokenResourceError
                got += piece.replace(b"\x89\x00", b"")
                if len(got) > len(wanted) + 500:
                    raise trio.BrokenResourceError
        except trio.BrokenResourceError:
            if not self.over:
                self.wrong = f"{wanted[:60]!r} did not come, but {got[-200:]!r}"
            return False
        self.answered += 1
        # At times in the thick of it, and at times as long as others' silences.
        await trio.sleep((0, 0.1, 1, 5)[self.answered % 4])
        return True


@dataclass
class Batch:
    """What came of one: `failures` name the conversation, if one is to blame."""

    seed: str
    conversations: int = 0
    sent: int = 0
    steps: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    exact: int = 0
    digest: str = ""
    failures: list[tuple[int | None, str]] = field(default_factory=list)

    def add(self, heard: Heard) -> None:
        self.statuses.update(status for status, _ in heard.answers)
        if heard.code is not None:
            self.codes[heard.code] += 1


def conversations_of(seed: str, count: int, only: int | None) -> list[Conversation]:
    numbers = range(count) if only is None else [only]
    rngs = [random.Random(f"{seed}/{number}") for number in numbers]
    # No bit that is turned makes one of another.
    return [conversation(rng, f"t{rng.getrandbits(40):010x}q") for rng in rngs]


def run_batch(seed: str, count: int = COUNT, only: int | None = None) -> Batch:
    """Run and judge it. The same seed does the same in every process."""
    batch = Batch(seed)
    rng = random.Random(f"{seed}/schedule")
    talks = [Talk(each) for each in conversations_of(seed, count, only)]
    # Where a deadline may win against who could go on, a right request may be late.
    eager_clock = rng.random() < 0.15
    stepper = Stepper()
    try:
        world = World(stepper, Make(), lambda what: None)
        try:
            _converse(batch, world, stepper, talks, rng, eager_clock)
        finally:
            world.leave()
            stepper.close(200_000)
    except BaseException as error:  # a finding, and said so; what is none of ours goes on
        if not isinstance(error, Exception):
            raise
        batch.failures.append((None, f"{type(error).__name__}: {error}"[:600]))
    # What is said to the bridge may be heard aloud there, by whom it is meant for.
    others = {talk.conversation.token for talk in talks if not talk.conversation.aloud}
    batch.digest = hashlib.sha256(b"".join(talk.raw for talk in talks)).hexdigest()
    for number, talk in enumerate(talks):
        place = number if only is None else only
        _judge(batch, place, talk, others, exact=not eager_clock)
    return batch


def _judge(batch: Batch, number: int, talk: Talk, others: set[str], *, exact: bool) -> None:
    batch.conversations += 1
    batch.sent += len(talk.conversation.sent)
    batch.kinds[talk.conversation.kind] += 1
    batch.exact += exact and not talk.conversation.kind.endswith("mutated")
    try:
        batch.add(judge(talk.conversation, bytes(talk.raw), others, exact=exact))
        known = not talk.conversation.kind.endswith("mutated")
        if exact and known and talk.conversation.leaves == "wait" and not talk.ended:
            raise Unlawful("the server has not let it go")
    except Unlawful as unlawful:
        batch.failures.append((number, f"{talk.conversation.kind}: {unlawful}"[:600]))


def _converse(
    batch: Batch,
    world: World,
    stepper: Stepper,
    talks: list[Talk],
    rng: random.Random,
    eager_clock: bool,
) -> None:
    waiting = deque(talks)

    async def one_after_the_other() -> None:
        while waiting:
            await waiting.popleft().run(world)

    innocents = [Innocent(world), Innocent(world)]
    workers = [
        stepper.start(one_after_the_other, name=f"client {n}")
        for n in range(min(AT_ONCE, len(talks)))
    ]
    beside = [
        stepper.start(innocents[0].asks, name="innocent"),
        stepper.start(innocents[1].talks, name="innocent talk"),
    ]
    _go_on(stepper, rng, eager_clock, lambda: all(each.done for each in workers))
    for innocent in innocents:
        innocent.over = True
    _go_on(stepper, rng, False, lambda: all(each.done for each in beside))
    for each in (*workers, *beside):
        each.result()
    for innocent in innocents:
        if innocent.wrong and not eager_clock:
            batch.failures.append((None, f"an innocent: {innocent.wrong}"))
        if not innocent.answered:
            batch.failures.append((None, "an innocent was never answered"))
    # All clients are gone: within the longest of its bounds the server has let go of all.
    _go_on(stepper, rng, False, lambda: not world.context.ledger.connections)
    left = [name for name in stepper.tasks() if "Lane.run" in name or "LaneConnection" in name]
    if left:
        batch.failures.append((None, f"tasks are left: {left}"))
    open_ones = sum(not end.outward.deaf for end in world.ends)
    if open_ones:
        batch.failures.append((None, f"{open_ones} streams are left open"))
    contained = [line for line in world.log.lines if "contained in" in line and CRASH not in line]
    batch.failures += [(None, line[:600]) for line in contained]
    batch.steps = stepper.steps


def _go_on(stepper: Stepper, rng: random.Random, eager_clock: bool, done: Any) -> None:
    """Take steps as they are drawn, until it is `done`."""
    stays = rng.choice((0.0, 0.5, 0.9))
    for _ in range(STEPS):
        if done():
            return
        names, going_on, jumps = stepper.choices()
        if not names:
            if stepper.jump() is None:
                raise Unlawful("all wait, and nothing would wake anybody")
        elif eager_clock and jumps and rng.random() < 0.002:
            stepper.jump()
        else:
            stays_on = rng.random() < stays
            stepper.take(going_on if stays_on else int(rng.random() * len(names)))
    raise Unlawful("it does not come to an end")
