"""Any interleaving of events, disconnects and resumes gives each event once, in order, or says so.

A client is modelled as it should be: it remembers the position of the last
event that it was given, and comes back with it.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import trio
from hypothesis import event, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import Aborted, MailboxFull, ResponderFailed, TurnTimeout
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard, Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub


@dataclass
class Client:
    """What one device of ada has been given; positions as it would send them."""

    position: Position | None = None
    room_position: Position | None = None
    events: list[Position] = field(default_factory=list)
    heard: list[Position] = field(default_factory=list)
    deltas: dict[int, list[str]] = field(default_factory=dict)
    connection: Connection | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def come(self, hub: Hub) -> None:
        if self.connection is not None:
            return
        self.connection = await self.stack.enter_async_context(
            hub.connect("ada", after=self.position, room_after=self.room_position)
        )
        welcome = self.connection.welcome
        if not welcome.recovered:
            event("not recovered")
            self.events.clear()
            self.heard.clear()
        elif self.position is not None:
            assert welcome.position == self.position
        if not welcome.recovered or self.position is None:
            self.position, self.room_position = welcome.position, welcome.room_position
        self.deltas.clear()

    async def go(self) -> None:
        if self.connection is not None:
            self.connection.gone()
            self.connection = None
            await self.stack.aclose()
            self.stack = AsyncExitStack()

    def read(self, most: int) -> None:
        box = self.connection.outbox if self.connection is not None else ()
        for _ in range(min(most, len(box))):
            assert self.connection is not None
            self.take(self.connection.outbox.take())

    def take(self, frame: Frame) -> None:
        match frame:
            case Delta(turn=turn, seq=seq, text=text):
                pieces = self.deltas.setdefault(turn, [])
                assert seq == len(pieces)
                pieces.append(text)
            case Answered(reply=reply):
                pieces = self.deltas.pop(reply.turn, None)
                # Where the responder failed someone in need, the notice is all.
                if pieces is not None and reply.response != reply.crisis.notice:
                    assert reply.response.endswith("".join(pieces))
                self.advance(reply.position)
            case Failed(position=position):
                assert position is not None
                self.advance(position)
            case Noticed(position=position):
                # Sent again until acknowledged, which this client never does.
                if self.position is None or position.offset > self.position.offset:
                    self.advance(position)
            case Heard(event=heard):
                assert heard.position is not None
                assert self.room_position is not None
                assert heard.position.epoch == self.room_position.epoch
                assert heard.position.offset == self.room_position.offset + 1
                self.room_position = heard.position
                self.heard.append(heard.position)

    def advance(self, position: Position) -> None:
        assert self.position is not None
        assert position == Position(self.position.epoch, self.position.offset + 1)
        self.position = position
        self.events.append(position)


STEPS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(["hello", "I want to die", "again"])),
    st.tuples(st.just("speak"), st.sampled_from(["bob", "ada"])),
    st.tuples(st.just("mode"), st.sampled_from(["ready", "stream", "hang", "fail"])),
    st.tuples(st.just("come"), st.integers(0, 1)),
    st.tuples(st.just("go"), st.integers(0, 1)),
    st.tuples(st.just("read"), st.integers(0, 6)),
    st.tuples(st.just("settle"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 61.0, 700.0])),
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, min_size=10, max_size=50), policy=st.sampled_from(["keep", "abort"]))
def test_each_event_once_and_in_order_or_not_recovered(
    steps: list[tuple[str, object]], policy: str
) -> None:
    trio.run(play, steps, policy, clock=MockClock(autojump_threshold=0))


async def play(steps: list[tuple[str, object]], policy: str) -> None:
    responder, clients = FakeResponder(), [Client(), Client()]
    async with (
        open_fake_hub(responder, on_disconnect=policy, outbox_frames=24) as hub,
        trio.open_nursery() as nursery,
    ):
        for client in clients:
            await client.come(hub)
        for name, value in steps:
            await step(hub, nursery, responder, clients, name, value)
        # At the end all come back, and what anybody holds is the whole.
        responder.mode = "ready"
        responder.release.set()
        await wait_all_tasks_blocked()
        for client in clients:
            await client.go()
            await client.come(hub)
        await wait_all_tasks_blocked()
        last = (await hub.ask("ada", "the end")).position
        for client in clients:
            client.read(10_000)
            assert client.position == last
            assert client.room_position == hub.look("Tower").position
            await client.go()


async def step(
    hub: Hub,
    nursery: trio.Nursery,
    responder: FakeResponder,
    clients: list[Client],
    name: str,
    value: object,
) -> None:
    match name, value:
        case "ask", str(message):
            nursery.start_soon(ask, hub, message)
        case "speak", str(user):
            nursery.start_soon(hub.say, user, "Tower", "aloud")
        case "mode", str(mode):
            responder.mode = mode
            responder.release.set()
            responder.release = trio.Event()
        case "come", int(at):
            await clients[at].come(hub)
        case "go", int(at):
            await clients[at].go()
        case "read", int(most):
            for client in clients:
                client.read(most)
        case "settle", _:
            await wait_all_tasks_blocked()
        case "wait", float(seconds):
            await trio.sleep(seconds)


async def ask(hub: Hub, message: str) -> None:
    try:
        await hub.ask("ada", message)
    except (ResponderFailed, MailboxFull, TurnTimeout, Aborted) as error:
        event(error.code)
