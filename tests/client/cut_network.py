"""The network is pulled every second: `python tests/client/cut_network.py --seconds 60`.

One client asks, streams, speaks and listens through a network that is cut; another one, whose
network holds, speaks and listens in the same room. At the end each message has one turn and
its one reply, whole; what was said came once, in order; what the first one said was heard
once, or it was told that nobody can tell; connections were tried at a person's pace; memory
is flat.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import trio

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "e2e")]

from bridge_process import GUARD, bridge  # noqa: E402 - a script and a module of the tests
from network import Network, network  # noqa: E402

from nexus_trio.client import (  # noqa: E402
    Client,
    Delta,
    Event,
    Gap,
    Reply,
    Reset,
    RoomEvent,
    Unsettled,
    connect,
)

WARM_UP_S = 5.0
"""Before that, memory grows with whatever is loaded and cached for the first time."""


@dataclass
class Run:
    """What came back."""

    replies: list[tuple[str, Reply]] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    # Through the cut network: what was said for certain, what not, and what the room heard.
    murmured: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    overheard: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    attempts: int = 0
    welcomes: int = 0
    cuts: int = 0
    resets: int = 0
    cpu_s: float = 0.0
    memory: tuple[int, int] = (0, 0)
    bob_heard_the_end: bool = False
    all_heard: trio.Event = field(default_factory=trio.Event)

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)


def resident() -> int:
    """Bytes of memory of this process (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def ask(client: Client, run: Run, over: trio.Event) -> None:
    """Messages, one after the other, whole and as they are written in turns."""
    while not over.is_set():
        message = f"message {len(run.replies)}: what can you tell me of this room?"
        if len(run.replies) % 2:
            run.replies.append((message, await client.ask(message)))
            continue
        shown = ""
        async with client.stream(message) as turn:
            async for part in turn:
                match part:
                    case Delta(text=text):
                        shown += text
                    case Reset():
                        shown = ""
                        run.resets += 1
        reply = turn.reply
        assert reply is not None
        run.expect(shown == reply.text, f"turn {reply.turn}: deltas are not the reply")
        run.replies.append((message, reply))


async def listen(client: Client, run: Run) -> None:
    async for event in client.events():
        run.seen[type(event).__name__] += 1
        note(event, run)


def note(event: Event, run: Run) -> None:
    match event:
        case RoomEvent(event="said", user_id=str(who), text=str(text)) if who.startswith("bob"):
            run.heard.append(text)
            if text == "the end":
                run.all_heard.set()
        case Gap():
            run.wrong.append(f"a gap: {event}")


async def speak(bob: Client, run: Run, over: trio.Event) -> None:
    while not over.is_set():
        run.spoken.append(f"word {len(run.spoken)}")
        await bob.say(run.spoken[-1])
        await trio.sleep(0.03)


async def murmur(ada: Client, run: Run, over: trio.Event) -> None:
    for number in count():
        if over.is_set():
            return
        text = f"murmur {number}"
        try:
            await ada.say(text)
            run.murmured.append(text)
        except Unsettled:
            run.unsettled.append(text)
        await trio.sleep(0.02)


async def overhear(bob: Client, run: Run) -> None:
    async for event in bob.events():
        if isinstance(event, RoomEvent) and event.event == "said" and event.text is not None:
            if event.text.startswith("murmur"):
                run.overheard[event.text] += 1
            run.bob_heard_the_end = event.text == "the end"


async def pull(
    net: Network, run: Run, over: trio.Event, every: float, chance: random.Random
) -> None:
    while not over.is_set():
        # Once in a while in the midst of a frame.
        net.cut_after = chance.choice((None, chance.randrange(4000)))
        await trio.sleep(every)
        net.cut()
        run.cuts += 1
    net.cut_after = None


async def cut_network(port: int, seconds: float, every: float = 1.0, seed: int = 0) -> Run:
    """The whole of it, against the server at `port`."""
    run, over = Run(), trio.Event()
    async with (
        network(port) as net,
        connect(f"http://127.0.0.1:{port}", user=f"bob-{seed}") as bob,
        connect(net.url, user=f"ada-{seed}") as ada,
        trio.open_nursery() as listening,
    ):
        listening.start_soon(listen, ada, run)
        listening.start_soon(overhear, bob, run)
        began, memory = time.process_time(), resident()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, ada, run, over)
            nursery.start_soon(speak, bob, run, over)
            nursery.start_soon(murmur, ada, run, over)
            nursery.start_soon(pull, net, run, over, every, random.Random(seed))
            await trio.sleep(min(WARM_UP_S, seconds / 2))
            memory = resident()
            await trio.sleep(seconds - min(WARM_UP_S, seconds / 2))
            over.set()
        run.spoken.append("the end")
        await bob.say("the end")
        with trio.fail_after(GUARD):
            await run.all_heard.wait()
            while not run.bob_heard_the_end:  # noqa: ASYNC110 - it comes to both at about once
                await trio.sleep(0.001)
        run.memory, run.cpu_s = (memory, resident()), time.process_time() - began
        await judge(ada, run)
        listening.cancel_scope.cancel()
    return run


async def judge(ada: Client, run: Run) -> None:
    """Hold what came back against what the server has."""
    statistics = ada.statistics()
    run.attempts, run.welcomes = statistics.attempts, statistics.welcomes
    run.expect(run.heard == run.spoken, "what was said did not come once each, in order")
    run.expect(statistics.pending == 0, "calls are left")
    run.expect(all(run.overheard[each] == 1 for each in run.murmured), "said, and not heard once")
    run.expect(max(run.overheard.values()) == 1, "said twice")
    # Two falls for a cut, one of them in the midst of a frame, and one may hit an opening.
    run.expect(statistics.attempts <= 3 * run.cuts + 3, f"{statistics.attempts} attempts")
    grown = run.memory[1] - run.memory[0]
    run.expect(grown < 8 * 1024 * 1024, f"memory grew by {grown} bytes")
    stored, after = [], None
    while True:
        page = await ada.history(after, 1000)
        stored += page.turns
        if page.next is None:
            break
        after = page.next
    said = [(turn.message, turn.response, turn.turn) for turn in stored]
    got = [(message, reply.text, reply.turn) for message, reply in run.replies]
    run.expect(said == got, "the history and the replies differ")
    run.expect(all(t.status == "answered" for t in stored), "a turn was aborted")


def report(run: Run) -> str:
    grown = (run.memory[1] - run.memory[0]) / 1024
    return (
        f"{run.cuts} cuts, {run.attempts} attempts, {run.welcomes} welcomes; "
        f"{len(run.replies)} replies, {run.resets} resets; {len(run.heard)} of "
        f"{len(run.spoken)} said were heard; {len(run.murmured)} murmured for certain, "
        f"{len(run.unsettled)} not; {run.cpu_s:.1f} s of CPU, memory grew {grown:.0f} KiB"
    )


def main() -> int:
    """0 where all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    wish = parser.parse_args()
    with bridge("serve", NEXUS_PACE_S="0.03", NEXUS_DURABILITY="process") as server:
        run = trio.run(cut_network, server.port, wish.seconds, wish.every, wish.seed)
    print(report(run))
    for each in run.wrong:
        print(f"wrong: {each}")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
