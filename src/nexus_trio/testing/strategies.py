"""Ways to choose schedules: in order, by chance in three ways, and all with few deviations.

A strategy gives one chooser a run. Moving the clock is a choice like any other, so that
timeouts race with everything; where chance chooses, it is the rarer one, for else
each run would soon be over by its timeouts.

Trio's own random order, and any order that lets all tasks step in turn, never starves a
task for long. Each of these can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf
from random import Random
from typing import Final, Protocol

from nexus_trio.testing.play import Chooser, Default, Point, Run
from nexus_trio.testing.segments import CANCEL, CLOCK

CLOCK_RARITIES: Final = (12, 50, 200)
"""In how many choices the clock moves once, by chance; each run draws one of these. Where it
moves often, little else comes to its end; where it moves rarely, late timeouts are reached."""


class Strategy(Protocol):
    """Where schedules come from."""

    name: str

    def next(self) -> Chooser | None:
        """The chooser of the next run, or None where there are no more schedules."""
        ...

    def ended(self, run: Run) -> None:
        """That run has ended, and this is what came of it."""
        ...


class RunToBlock:
    """One schedule: each task goes on until it blocks, then the next in the order of spawning."""

    name = "run to block"

    def __init__(self) -> None:
        self._given = False

    def next(self) -> Chooser | None:
        first, self._given = not self._given, True
        return Default() if first else None

    def ended(self, run: Run) -> None:
        """Nothing follows from it."""


class _Seeded:
    """Endless runs, each with a seed of its own that follows from the first."""

    def __init__(self, seed: int) -> None:
        self._seed, self._runs = seed, 0

    def _random(self) -> Random:
        self._runs += 1
        return Random(f"{self._seed} {self._runs}")

    def ended(self, run: Run) -> None:
        """Nothing follows from it."""


class RandomWalk(_Seeded):
    """Each choice by chance alone."""

    name = "random walk"

    def next(self) -> Chooser | None:
        return _Walk(self._random())


class _Walk:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._rarity = random.choice(CLOCK_RARITIES)

    def choose(self, point: Point) -> int:
        last = len(point.names) - 1
        if last and point.names[last] == CLOCK:
            if not self._random.randrange(self._rarity):
                return last
            last -= 1
        return self._random.randrange(last + 1)


class PartialOrder(_Seeded):
    """Partial order sampling: each coming step has a priority by chance, and the highest goes.

    Of the orders in which steps that touch each other can come, all get about the same
    share, and not only those that a random walk likes. A step that woke another task
    has that one's priority drawn anew.
    """

    name = "partial order"

    def next(self) -> Chooser | None:
        return _Priorities(self._random())


class _Priorities:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._rarity = random.choice(CLOCK_RARITIES)
        self._drawn: dict[str, float] = {}

    def choose(self, point: Point) -> int:
        before, names = self._drawn, point.names
        # Who was blocked meanwhile, and was woken, draws anew.
        self._drawn = drawn = {name: before.get(name) or self._draw(name) for name in names}
        best = max(range(len(names)), key=lambda index: drawn[names[index]])
        del drawn[names[best]]  # its next step is another one
        return best

    def _draw(self, name: str) -> float:
        value = self._random.random() or 0.5
        return value**self._rarity if name == CLOCK else value


class Pct(_Seeded):
    """Probabilistic concurrency testing: finds a bug of `depth` with a probability known before.

    Each task has a priority by chance, and the highest goes on; at `depth - 1` choices of
    the run, drawn before it, whoever would go on falls behind all others, or the
    clock moves. How many choices a run takes is `length`, or learnt from the first one.
    """

    def __init__(self, seed: int, depth: int = 3, length: int = 0) -> None:
        super().__init__(seed)
        if depth < 1:
            raise ValueError(f"depth is 1 or more, not {depth}")
        self.name = f"PCT {depth}"
        self._depth, self._length = depth, length

    def next(self) -> Chooser | None:
        random, length = self._random(), self._length or 50
        return _Ranks(random, {random.randrange(length) for _ in range(self._depth - 1)})

    def ended(self, run: Run) -> None:
        self._length = self._length or run.choices


class _Ranks:
    def __init__(self, random: Random, changes: set[int]) -> None:
        self._random, self._changes = random, changes
        # The clock moves where nobody can step: what falls behind is still before it.
        self._rank: dict[str, float] = {CLOCK: -inf}

    def choose(self, point: Point) -> int:
        names = point.names
        best = self._best(names)
        if point.index in self._changes:
            if names[-1] == CLOCK and self._random.random() < 0.5:
                return len(names) - 1
            if names[best] != CLOCK:
                self._rank[names[best]] = -float(point.index)
                best = self._best(names)
        return best

    def _best(self, names: list[str]) -> int:
        rank = self._rank
        for name in names:
            if name not in rank:
                rank[name] = self._random.random()
        return max(range(len(names)), key=lambda index: rank[names[index]])


Deviation = tuple[int, int]
"""At which choice, and the index of what is chosen there; `STRIKE`: who stepped last is hit."""

STRIKE: Final = -1


class Exhaustive:
    """Every schedule that deviates at most `deviations` times from run-to-block order.

    Fewer deviations come first. A deviation is one choice of another task, who then goes
    on; or one jump of the clock while somebody could step. With `cancellations`, so many
    times more: the innermost scope around who has just stepped is cancelled where it
    waits. So with one, each task is hit at each of its steps.
    """

    def __init__(self, deviations: int = 2, cancellations: int = 0) -> None:
        if min(deviations, cancellations) < 0:
            raise ValueError(f"0 or more of them, not {deviations} and {cancellations}")
        self.name = f"all with {deviations} deviations"
        if cancellations:
            self.name += f" and {cancellations} cancellations"
        self._most, self._strikes = deviations, cancellations
        self._waiting: deque[tuple[Deviation, ...]] = deque([()])
        self._running: _Deviating | None = None

    def next(self) -> Chooser | None:
        if not self._waiting:
            return None
        self._running = _Deviating(self._waiting.popleft())
        return self._running

    def ended(self, run: Run) -> None:
        if self._running is None:
            return
        done, seen = self._running.deviations, self._running.seen
        struck = sum(choice == STRIKE for _, choice in done)
        for index, (names, default) in enumerate(seen, start=self._running.first):
            # Hit at this very choice, who deviates next does so behind the blow.
            if struck < self._strikes and index and (index, STRIKE) not in done:
                self._waiting.append((*done, (index, STRIKE)))
            if len(done) - struck < self._most:
                others = (other for other in range(names) if other != default)
                self._waiting.extend((*done, (index, other)) for other in others)


class _Deviating:
    def __init__(self, deviations: Sequence[Deviation]) -> None:
        self.deviations = tuple(deviations)
        self._choices = {index: choice for index, choice in deviations if choice != STRIKE}
        self._strikes = {index for index, choice in deviations if choice == STRIKE}
        # The first choice where one more deviation may come, and the choices from there on.
        last, choice = deviations[-1] if deviations else (-1, 0)
        self.first = last if choice == STRIKE else last + 1
        self.seen: list[tuple[int, int]] = []
        self._stepped = CLOCK

    def choose(self, point: Point) -> int | str:
        if point.index in self._strikes:
            self._strikes.remove(point.index)
            if self._stepped != CLOCK:
                return CANCEL + self._stepped
        if point.index >= self.first:
            self.seen.append((len(point.names), point.default))
        choice = self._choices.get(point.index, point.default)
        self._stepped = point.names[choice]
        return choice
