"""Cancelled at every step of the run: the client works on, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from fake_server import CALM, FakeServer, Peer, delta, faked, notice, reply, said
from trio.testing import MockClock

from nexus_trio.client import Client, Gap, Position, RoomEvent

FALLS = 3
"""Connections that fall, where they do."""
MOST = 2000
"""Steps after which an operation would have to be over."""


class At(trio.abc.Instrument):
    """Cancels `scope` before step `k` of whatever task comes."""

    def __init__(self, k: int, scope: trio.CancelScope) -> None:
        self._left = k
        self._scope = scope
        self.done = False

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._left -= 1
        if self._left < 0 and not self.done:
            self.done = True
            self._scope.cancel()


async def cancelled_at(k: int, operation: Callable[[], Awaitable[Any]]) -> bool:
    """Whether it was cancelled before it was over."""
    with trio.CancelScope() as scope:
        instrument = At(k, scope)
        trio.lowlevel.add_instrument(instrument)
        try:
            await operation()
        finally:
            trio.lowlevel.remove_instrument(instrument)
    return scope.cancelled_caught


class Answers:
    """A server that tells, answers and remembers; each connection falls after `frames`."""

    def __init__(self, frames: int | None = None) -> None:
        self.frames = frames
        self.stops: list[str] = []
        self.messages: list[str] = []
        self.offset = 0

    async def __call__(self, peer: Peer) -> None:
        # As a server does: what fell is resumed where it was.
        await peer.welcome(room_position=f"r:{self.offset}")
        left = self.frames if peer.number < FALLS else None
        while left is None or left > 0:
            await self._answer(peer, await peer.receive())
            left = None if left is None else left - 1

    async def _answer(self, peer: Peer, frame: dict[str, Any]) -> None:
        ref = frame.get("ref")
        match frame["type"]:
            case "message":
                self.messages.append(frame["message"])
                await peer.send(notice(1), delta(ref, 0, "well, "))
                await trio.lowlevel.checkpoint()
                await peer.send(delta(ref, 1, frame["message"]))
                await peer.send(reply(ref, f"well, {frame['message']}"))
            case "look" | "go":
                await peer.send(
                    {
                        "type": "occupants", "ref": ref, "room": "Tower", "title": "T",
                        "description": "D", "exits": {}, "position": f"r:{self.offset}",
                        "occupants": ["ada"],
                    }
                )  # fmt: skip
            case "say":
                self.offset += 1
                await peer.send(said(frame["text"], self.offset, "ada"))
                position = f"r:{self.offset}"
                await peer.send({"type": "done", "ref": ref, "position": position, "crisis": CALM})
            case "stop" | "ack":
                if frame["type"] == "stop":
                    self.stops.append(frame["target"])
                await peer.send({"type": "done", "ref": ref, "position": "e:1"})


async def ask(client: Client) -> None:
    assert (await client.ask("hello")).text == "well, hello"


async def stream(client: Client) -> None:
    text = ""
    async with client.stream("hello") as turn:
        async for part in turn:
            text += getattr(part, "text", "") if type(part).__name__ == "Delta" else ""
    assert text == "well, hello"


async def go(client: Client) -> None:
    assert (await client.go("Tower")).room == "Tower"


async def look(client: Client) -> None:
    assert (await client.look()).occupants == ("ada",)


async def say(client: Client) -> None:
    assert (await client.say("hi")).position.epoch == "r"


async def ack(client: Client) -> None:
    await client.ack(Position("e", 1))


async def stop(client: Client) -> None:
    async with client.stream("hello") as turn:
        await turn.stop()
        await client.stop()


async def events(client: Client) -> None:
    async for event in client.events():
        if type(event).__name__ == "Connected":
            return


OPERATIONS = [ask, stream, go, look, say, ack, stop, events]


async def works(client: Client, answers: Answers) -> None:
    """All of it, after whatever was cancelled."""
    for _ in range(FALLS if answers.frames else 0):
        # One that was cut lives until a frame came: words aloud would fall with it.
        assert (await client.look()).room == "Tower"
        await trio.sleep(1)
    statistics = client.statistics()
    assert statistics.pending == 0
    assert (client._turns.value, client._others.value) == (64, 64)
    with trio.fail_after(60):
        assert (await client.ask("still there?")).text == "well, still there?"
        assert (await client.look()).room == "Tower"
        heard = client.statistics().queued
        await client.say("heard?")
        async for event in client.events():
            assert not isinstance(event, Gap)
            if isinstance(event, RoomEvent) and event.text == "heard?":
                break
    assert heard <= 1000
    assert client.statistics().pending == 0


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
async def test_a_call_that_is_cancelled_at_any_step_changes_no_other(
    operation: Callable[[Client], Awaitable[None]], autojump_clock: MockClock
) -> None:
    for k in range(MOST):
        answers = Answers()
        async with faked(answers) as (client, server):
            cut = await cancelled_at(k, lambda c=client: operation(c))  # type: ignore[misc]  # bound
            await works(client, answers)
            assert len(server.dialled) == 1  # nothing was torn
        if not cut:
            break
    assert 1 <= k < MOST - 1


@pytest.mark.parametrize("operation", [ask, stream, go], ids=lambda each: each.__name__)
async def test_the_same_while_the_connection_falls(
    operation: Callable[[Client], Awaitable[None]], autojump_clock: MockClock
) -> None:
    for k in range(MOST):
        answers = Answers(frames=1)
        async with faked(answers) as (client, _):
            cut = await cancelled_at(k, lambda c=client: operation(c))  # type: ignore[misc]  # bound
            await works(client, answers)
        if not cut:
            break
    assert 1 <= k < MOST - 1


async def test_a_stream_that_is_left_stops_its_turn_and_an_ask_does_not(
    autojump_clock: MockClock,
) -> None:
    class Slow(Answers):
        async def _answer(self, peer: Peer, frame: dict[str, Any]) -> None:
            if frame["type"] == "message" and frame["message"] == "hello":
                self.messages.append(frame["ref"])
                await peer.send(delta(frame["ref"], 0, "well"))
                return
            await super()._answer(peer, frame)

    answers = Slow()
    async with faked(answers) as (client, _):
        with trio.move_on_after(5):
            await client.ask("hello")
        await works(client, answers)
        assert answers.stops == []
        with trio.move_on_after(5):
            await stream(client)
        await works(client, answers)
        assert answers.stops == [answers.messages[2]]
        async with client.stream("hello") as turn:
            await anext(turn)
        await works(client, answers)
        assert len(answers.stops) == 2


async def test_connect_that_is_cancelled_at_any_step_leaves_nothing_open(
    autojump_clock: MockClock,
) -> None:
    for k in range(MOST):
        servers: list[FakeServer] = []

        async def whole(servers: list[FakeServer] = servers) -> None:
            async with faked(Answers()) as (client, server):
                servers.append(server)
                await client.ask("hello")
                await client.say("hi")

        began = trio.current_time()
        cut = await cancelled_at(k, whole)
        assert trio.current_time() - began < 1
        for server in servers:
            for peer in server.peers:
                with pytest.raises((trio.ClosedResourceError, trio.BrokenResourceError)):
                    await peer.stream.send_all(b"anybody?")
        if not cut:
            break
    assert 20 < k < MOST - 1


# --- what leaves the block ---


class Mine(Exception):
    pass


@pytest.mark.parametrize(
    "error", [Mine(), KeyboardInterrupt(), ExceptionGroup("mine", [Mine()]), StopAsyncIteration()]
)
async def test_an_exception_of_the_block_comes_out_bare(
    error: BaseException, autojump_clock: MockClock
) -> None:
    caught: BaseException | None = None
    try:
        async with faked(Answers()) as (client, _):
            await client.ask("hello")
            raise error
    except BaseException as found:  # noqa: BLE001 - it is looked at below
        caught = found
    assert caught is error


async def test_a_timeout_around_the_block_is_its_own(autojump_clock: MockClock) -> None:
    async def waits() -> None:
        with trio.fail_after(5):
            async with faked(Answers()):
                await trio.sleep_forever()

    with pytest.raises(trio.TooSlowError):
        await waits()
    with trio.move_on_after(5) as scope:
        async with faked(Answers()), trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
    assert scope.cancelled_caught


async def test_a_defect_of_the_client_itself_is_not_hidden(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks() -> None:
        async with faked(Answers()) as (client, _):
            monkeypatch.setattr(client._core, "take", lambda found: 1 / 0)
            await client.ask("hello")

    with pytest.raises(ExceptionGroup) as caught:
        await breaks()
    assert caught.group_contains(ZeroDivisionError)


async def test_two_readers_of_events_are_told_so(autojump_clock: MockClock) -> None:
    async with faked(Answers()) as (client, _):
        await anext(client.events())

        async def reads() -> None:
            async for _ in client.events():
                pass

        async with trio.open_nursery() as nursery:
            nursery.start_soon(reads)
            await trio.sleep(1)
            with pytest.raises(RuntimeError, match="one task"):
                await anext(client.events())
            nursery.cancel_scope.cancel()
        with trio.move_on_after(1):  # and the next one may
            await anext(client.events())
