"""The level `scenes`: small scenes on the real hub, most of them drawn, under drawn schedules.

Each example is one scene under one schedule. What is found is a program with its operations
and its segments, so it is shrunk, saved and replayed as any failure of `nexus_trio.testing` is.
"""

from __future__ import annotations

import copyreg
import random
import time
from collections.abc import Iterator
from typing import Any, Final

from bridge_calls import Broken
from fresh import apart, broken_again, told
from scenarios import SCENES

from nexus_trio.testing import replay
from nexus_trio.testing.play import Run, Script, play
from nexus_trio.testing.program import Named
from nexus_trio.testing.shrink import kind as kind_of
from nexus_trio.testing.shrink import shrink_program
from nexus_trio.testing.strategies import PartialOrder, Pct, RandomWalk, RunToBlock, Strategy

PROGRAM: Final = "tests/stateful/scenarios.py:scene"

Failed = tuple[Named, Run]

copyreg.pickle(Broken, broken_again)

USERS: Final = ("ada", "bob", "cyd")
ROOMS: Final = ("Tower", "Garden")
LEVELS: Final = ("none", "none", "concern", "concern", "crisis")
MODES: Final = ("ready", "stream", "stream", "fail", "hang", "crash")
VERBS: Final = {
    "ask": 9, "ask again": 3, "join": 4, "leave": 2, "say": 3, "command": 3,
    "erase": 1, "stop": 2, "cancel": 2, "listen": 2, "unlisten": 1,
}  # fmt: skip
"""What is drawn how often. No `look`: which of the moves that nobody asked for may explain one is
known of the written scenes alone; and the oracle looks into each room after every step."""

TRIES: Final = 80
"""Runs of one shrinking: most failures are there in fewer."""

BY_HAND: Final = 0.15
"""The share of the scenes that were written: the rest is drawn."""


class Draw:
    """Draws the operations of one scene."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.users = USERS[: rng.choice((1, 2, 2, 3))]
        self.operations: list[list[Any]] = []
        self.asked: list[list[Any]] = []
        self.calls: list[str] = []
        self.listening: list[str] = []
        self.number = 0

    def scene(self) -> list[list[Any]]:
        """Two to eight operations."""
        for _ in range(self.rng.randint(2, 8)):
            verb = self.rng.choices(list(VERBS), list(VERBS.values()))[0]
            operation = getattr(self, "_" + verb.replace(" ", "_"))(self.rng.choice(self.users))
            if operation is not None:
                self.operations.append(operation)
        return self.operations

    def _called(self, user: str, kind: str) -> None:
        name = f"{user}:{kind}"
        again = sum(each.split("#")[0] == name for each in self.calls)
        self.calls.append(f"{name}#{again + 1}" if again else name)

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _ask(self, user: str) -> list[Any]:
        rng = self.rng
        operation = ["ask", user, rng.choice(LEVELS), rng.choice(MODES), self._next()]
        if rng.random() < 0.4:
            operation.append(rng.choice(("r1", "r2")))
            self.asked.append(operation)
        self._called(user, "ask")
        return operation

    def _ask_again(self, user: str) -> list[Any]:
        mine = [operation for operation in self.asked if operation[1] == user]
        if not mine:
            return self._ask(user)
        self._called(user, "ask")
        return list(self.rng.choice(mine))

    def _join(self, user: str) -> list[Any]:
        self._called(user, "join")
        return ["join", user, self.rng.choice(ROOMS)]

    def _leave(self, user: str) -> list[Any]:
        self._called(user, "leave")
        return ["leave", user, self.rng.choice(ROOMS)]

    def _say(self, user: str) -> list[Any]:
        self._called(user, "say")
        return ["say", user, self.rng.choice(ROOMS), self.rng.choice(LEVELS), self._next()]

    def _command(self, user: str) -> list[Any]:
        self._called(user, "command")
        return ["command", user, f"/go {self.rng.choice(ROOMS)}"]

    def _erase(self, user: str) -> list[Any]:
        self._called(user, "erase")
        return ["erase", user]

    def _stop(self, user: str) -> list[Any]:
        return ["stop", user, self.rng.choice(("r1", "r2"))]

    def _cancel(self, user: str) -> list[Any] | None:
        return ["cancel", self.rng.choice(self.calls)] if self.calls else None

    def _listen(self, user: str) -> list[Any] | None:
        if user in self.listening:
            return None
        self.listening.append(user)
        return ["listen", user, self.rng.choice((None, *ROOMS))]

    def _unlisten(self, user: str) -> list[Any] | None:
        return ["unlisten", user] if user in self.listening else None


def drawn(seed: int) -> Iterator[Named]:
    """Scenes without end, from one seed."""
    rng = random.Random(f"scenes {seed}")
    while True:
        if rng.random() < BY_HAND:
            yield Named(PROGRAM, SCENES[rng.choice(list(SCENES))])
        else:
            yield Named(PROGRAM, {"operations": Draw(rng).scene()})


def strategies(seed: int) -> list[Strategy]:
    """Each gives a schedule in its turn: the plain one too, for many a defect needs no other."""
    return [PartialOrder(seed), RandomWalk(seed), Pct(seed, 3)]


def hunt(
    seed: int, examples: int, kind: str = "mixed", skip: int = 0
) -> tuple[dict[str, Any], Failed | None]:
    """Examples from one seed behind those to skip, until one fails: the figures, the failure.

    There is one kind of scenes.
    """
    began, given, overlaps, failed = time.process_time(), strategies(seed), 0, None
    done, how = 0, ""
    for scene in drawn(seed):
        strategy = given[done % len(given)] if done % 5 else RunToBlock()
        chooser = strategy.next()
        assert chooser is not None
        done += 1
        if done > skip:
            run = play(scene, chooser)
            strategy.ended(run)
            overlaps += run.overlaps
            if run.error is not None:
                failed, how = (scene, told(run)), strategy.name
                break
        if done >= examples:
            break
    figures = {
        "seed": seed,
        "how": how and f"scene, {how}",
        "examples": done,
        "overlaps": overlaps,
        "seconds": time.process_time() - began,
    }
    return figures, failed


def confirmed(failed: Failed) -> Failed | None:
    """The same failure in a fresh process, where it is one there too."""
    scene, run = failed
    again = apart(play, scene, Script(run.segments))
    assert run.error is not None
    assert again is not None
    same = again.error is not None and kind_of(again.error) == kind_of(run.error)
    return (scene, again) if same else None


def small(failed: Failed) -> Failed:
    """The failure with few operations and few segments."""
    return shrink_program(*failed, tries=TRIES, apart=apart)


def size(failed: Failed) -> tuple[int, int]:
    """How many operations and segments it has."""
    scene, run = failed
    return len(scene.arguments["operations"]), len(run.segments)


def saved(failed: Failed, seed: int, how: str) -> replay.Saved:
    return replay.save(*failed, seed=seed, how=how)


def replayed(saved: replay.Saved) -> Run:
    """The saved scene once more, under the saved segments."""
    return saved.play()
