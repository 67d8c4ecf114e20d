"""A program full of sets inside trio, stepped by fixed choices; prints its trace as JSON.

Run by `test_stepper_replay.py` in fresh processes. One event wakes many tasks,
scopes share a deadline, a nursery cancels many children: inside trio each of
these goes through a set of objects, whose order is a matter of addresses.
"""

from __future__ import annotations

import json

import trio

from nexus_trio.testing import Stepper


async def waiter(gate: trio.Event, order: list[int], number: int) -> None:
    with trio.move_on_after(1 + number % 3):
        await gate.wait()
    order.append(number)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(trio.sleep, 5)
        with trio.move_on_after(2):
            await trio.sleep(9)
        nursery.cancel_scope.cancel()


def play() -> dict[str, object]:
    """The trace and what the program saw of it."""
    gate, order, number = trio.Event(), list[int](), 1
    with Stepper() as stepper:
        for which in range(8):
            stepper.start(waiter, gate, order, which)
        while stepper.pending():
            number = (number * 1_103_515_245 + 12_345) % 2**31
            if stepper.steps == 40:
                gate.set()
            if number % 11 == 0 and stepper.steps % 50 == 49:
                stepper.cancel(number // 11)
            if number % 7 == 0 or stepper.step(number // 7) is None:
                stepper.jump()
        return {"trace": stepper.trace, "order": order, "now": stepper.now}


if __name__ == "__main__":
    print(json.dumps([play(), play()]))
