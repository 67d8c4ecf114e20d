"""Rules of the machine for connections: they come, read slowly, go, and come back; the server ends.

A device keeps what it was given, and checks each frame as it comes (`devices`). A
restart takes the store along and nothing else; with `lossy`, the store takes nothing more of the
server that ends, as where its disk hangs just then.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import trio
from bridge_calls import Call
from bridge_life import USERS, BridgeLife
from devices import Device
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from nexus_trio.errors import NexusError

MOST = 4
"""Devices in one example: two of one user are enough for what they do to each other."""

choices = st.integers(0, 11)
LEVELS = ["none", "crisis", "concern", "crisis"]
MODES = ["ready", "stream", "long", "long", "fail", "hang"]


class DeviceRules(BridgeLife):
    """To be mixed into the machine."""

    restarts = 0

    # --- coming and going ---

    @precondition(lambda self: len(self.devices) < MOST)
    @rule(user=st.sampled_from(USERS), reads=st.booleans(), at_once=st.booleans())
    def arrive(self, user: str, reads: bool, at_once: bool) -> None:
        """`at_once`: all go on until it is welcome, or has been for long enough on its way."""
        name = f"{user}/{len(self.devices)}"
        device = self.devices[name] = Device(self, user)
        if reads:
            device.may_read.set()
        self._visit(name)
        for _ in range(30 * at_once):
            if not device.answered.is_set():
                self.stepper.round()
                self._observe()

    def _visit(self, name: str) -> None:
        device = self.devices[name]
        device.gone, device.answered = trio.Event(), trio.Event()
        self.stepper.start(device.visit, name=f"{name}:device", background=True)

    @precondition(lambda self: self.devices)
    @rule(choice=choices)
    def drop(self, choice: int) -> None:
        """Its connection breaks."""
        self._device(choice).scope.cancel()

    @precondition(lambda self: any(d.gone.is_set() for d in self.devices.values()))
    @rule(choice=choices, seen=st.booleans())
    def come_back(self, choice: int, seen: bool) -> None:
        """From where it was, having `seen` what it was given or not."""
        gone = [name for name, device in self.devices.items() if device.gone.is_set()]
        name = gone[choice % len(gone)]
        self.devices[name].seen = seen
        self._visit(name)

    @precondition(lambda self: self.devices)
    @rule(choice=choices)
    def read_or_stop_reading(self, choice: int) -> None:
        device = self._device(choice)
        if device.may_read.is_set():
            device.may_read = trio.Event()
        else:
            device.may_read.set()

    # --- over a connection ---

    @precondition(
        lambda self: (
            any(d.connection for d in self.devices.values()) and len(self.stepper.pending()) < 8
        )
    )
    @rule(
        choice=choices,
        level=st.sampled_from(LEVELS),
        mode=st.sampled_from(MODES),
        at_once=st.booleans(),
    )
    def send(self, choice: int, level: str, mode: str, at_once: bool) -> None:
        able = [d for d in self.devices.values() if d.connection]
        device = able[choice % len(able)]
        message = f"{self._words(device.user, level)} ({mode})"
        call = Call("send", device.user, None, message, level, mode)
        self._start(call, self._send, device, f"m{self.messages}", message, level)
        for _ in range(9 * at_once):
            self.stepper.round()
            self._observe()

    async def _send(self, device: Device, ref: str, message: str, level: str) -> dict[str, Any]:
        if device.connection is not None:
            device.connection.message(ref, message)
            device.refs.append(ref)
            if level == "crisis":
                device.crises.add(ref)
        return {}

    @precondition(lambda self: any(d.connection and d.refs for d in self.devices.values()))
    @rule(choice=choices, which=choices)
    def stop_sent(self, choice: int, which: int) -> None:
        able = [d for d in self.devices.values() if d.connection and d.refs]
        device = able[choice % len(able)]
        ref = device.refs[which % len(device.refs)]
        if device.connection is not None and ref in device.connection._pending:
            device.connection.stop(ref)

    @precondition(lambda self: any(d.connection for d in self.devices.values()))
    @rule(choice=choices)
    def acknowledge(self, choice: int) -> None:
        able = [d for d in self.devices.values() if d.connection]
        device = able[choice % len(able)]

        async def acknowledge() -> None:
            if device.connection is None or device.position is None:
                return
            self.acknowledged.add(device.user)  # be it in doubt
            try:
                await device.connection.acknowledge(device.position)
            except NexusError as error:
                self.outcomes[f"ack {error.code}"] += 1

        self.stepper.start(acknowledge, name=f"{device.user}:ack")

    def _device(self, choice: int) -> Device:
        return list(self.devices.values())[choice % len(self.devices)]

    # --- the server ---

    @precondition(lambda self: not self.closing and self.restarts < 2)
    @rule(lossy=st.booleans())
    def restart(self, lossy: bool) -> None:
        self.closing = True
        self.restarts += 1
        restart = partial(self._restart, lossy=lossy)
        self.stepper.start(restart, name="restart", background=True)
