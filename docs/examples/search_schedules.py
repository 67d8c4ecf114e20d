"""A program with a race, the schedule that shows it, and the file that replays it."""

from pathlib import Path

import trio

from nexus_trio.testing import Stepper, replay
from nexus_trio.testing.explore import explore
from nexus_trio.testing.program import Checks, Named
from nexus_trio.testing.segments import shown
from nexus_trio.testing.shrink import shrink_program
from nexus_trio.testing.strategies import Exhaustive


class Till:
    """Looks, waits for the bank, and pays out: by then the money may be gone."""

    def __init__(self) -> None:
        self.money = 100

    async def pay(self, amount: int) -> None:
        if self.money >= amount:
            await trio.lowlevel.checkpoint()  # stands for the bank
            self.money -= amount


def customers(stepper: Stepper, operations: list[int]) -> Checks:
    """Each operation is a customer; at rest the till owes nobody."""
    till, checks = Till(), Checks()
    for number, amount in enumerate(operations):
        stepper.start(till.pay, amount, name=f"customer {number}")
    checks.at_rest = lambda: checks.require("no debt", till.money >= 0, f"{till.money}")
    return checks


def main() -> None:
    program = Named(f"{__file__}:customers", {"operations": [10, 80, 20, 30]})
    tally = explore(program, Exhaustive(2), runs=1000)
    smaller, run = shrink_program(program, tally.failures[0])
    print(smaller.arguments, run.error)
    print(shown(run.segments))
    path = replay.save(smaller, run).write(Path("failures"))
    print(replay.read(path).play().error)


if __name__ == "__main__":
    main()
