"""A server whose disk hangs until it is told to work, on a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from bridge_client import Bridge, serving
from live_wire import Wire, open_wire
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.runtime.turn import HURRY_S
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names

Frames = list[dict[str, Any]]


class Disk(FaultyStore):
    """Hangs until `work`, and then does what it was asked meanwhile."""

    def __init__(self) -> None:
        super().__init__(Names())
        self.works = trio.Event()
        self.fault = "hang"

    def work(self, fault: str | None = None) -> None:
        """Hang no longer, but be as `fault` says."""
        self.fault = fault
        self.works.set()

    async def _hang(self) -> None:
        if self.fault == "hang":
            await self.works.wait()
        if self.fault == "down":
            await self.append(())  # which says so


class Scene:
    """A server with a disk that hangs, and clients that don't wait for their welcome."""

    def __init__(self, bridge: Bridge, disk: Disk, nursery: trio.Nursery) -> None:
        self.bridge = bridge
        self.disk = disk
        self.nursery = nursery
        self.clock = trio.lowlevel.current_clock()

    async def sends(self, *frames: dict[str, Any], **hello: Any) -> Wire:
        """A WebSocket with a hello and these frames right behind it."""
        wire = await open_wire(self.nursery, self.bridge.app)
        await wire.send(**{"type": "hello", "user_id": "ada", **hello})
        for frame in frames:
            await wire.send(**frame)
        await wait_all_tasks_blocked()
        return wire

    async def pass_time(self, seconds: float) -> None:
        """Let that much time pass, and all come to rest."""
        assert isinstance(self.clock, MockClock)
        self.clock.jump(seconds)
        await wait_all_tasks_blocked()

    async def after_a_moment(self, wire: Wire) -> Frames:
        """What is there once a disk that hangs has been waited for."""
        await self.pass_time(HURRY_S)
        assert trio.current_time() <= 0.05
        return wire.arrived()

    async def goes_on(self, wire: Wire, fault: str | None = None) -> Frames:
        """What comes when the disk does something at last."""
        self.disk.work(fault)
        await wait_all_tasks_blocked()
        return wire.arrived()


@asynccontextmanager
async def hanging(**settings: Any) -> AsyncIterator[Scene]:
    """A server whose disk hangs from the first."""
    disk = Disk()
    disk.fault = None
    async with serving(FakeResponder(), disk, **settings) as bridge, trio.open_nursery() as nursery:
        disk.fault = "hang"
        try:
            yield Scene(bridge, disk, nursery)
        finally:  # a test that fails must not hang with the disk
            disk.work()
            clock = trio.lowlevel.current_clock()
            assert isinstance(clock, MockClock)
            clock.autojump_threshold = 0
            nursery.cancel_scope.cancel()


def message(ref: str, words: str, **more: str) -> dict[str, Any]:
    return {"type": "message", "ref": ref, "message": words, **more}


def say(ref: str, words: str) -> dict[str, Any]:
    return {"type": "say", "ref": ref, "text": words}
