"""One run of a program under one schedule, from its start to its end, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import CodeType
from typing import Final, Protocol

from nexus_trio.testing.program import Checks, NeverEnds, Program
from nexus_trio.testing.schedule import StepLimitExceeded, Stepper
from nexus_trio.testing.segments import CANCEL, CLOCK, END, GO_ON, Recorder, Segment, is_choice

Place = tuple[CodeType, int]
"""A line of code, with the code object that it is in."""

CHOICES: Final = 5_000
"""How many choices a run may take, if not told otherwise; small scenarios take some fifty."""


@dataclass(slots=True)
class Point:
    """A point of a run where something must be chosen.

    `names` are the tasks that could step, in the order of their spawning, and last
    `@clock` where there is a deadline; never empty. `default` is the index of what comes in
    run-to-block order. `index` counts the choices before this one.
    """

    index: int
    names: list[str]
    default: int


class Chooser(Protocol):
    """Makes the choices of one run."""

    def choose(self, point: Point) -> int | str:
        """An index into `point.names`; or, as a string, a cancellation (see `segments`).

        After a cancellation it is asked again, with the same `index`.
        """
        ...


class Default:
    """Run-to-block order throughout."""

    def choose(self, point: Point) -> int:
        return point.default


class Unplayable(LookupError):
    """A segment names a task that can't take a step there: it is of another program, or version."""


class Script:
    """Plays segments, then goes on in run-to-block order.

    Where a task can't take the step that a segment says, the rest of the segment is
    left out; `strict`, that raises `Unplayable` instead.
    """

    def __init__(self, segments: Sequence[Segment], *, strict: bool = False) -> None:
        self._waiting = list(reversed(segments))
        self._left = 0  # of the last one in `waiting`, where it has begun
        self._strict = strict

    def choose(self, point: Point) -> int | str:
        while self._waiting:
            who, count = self._waiting[-1]
            self._left = self._left or count
            found = self._found(who, point)
            self._left = 0 if found is None else self._left - 1
            if not self._left:
                self._waiting.pop()
            if found is not None:
                return found
        return point.default

    def _found(self, who: str, point: Point) -> int | str | None:
        if who == GO_ON:
            return point.default
        if not is_choice(who):
            return who
        if who in point.names:
            return point.names.index(who)
        if self._strict:
            raise Unplayable(
                f"choice {point.index}: {who!r} can't go on here; these can: {point.names}"
            )
        return None


@dataclass(slots=True)
class Run:
    """What came of one run. `error` is what was found wrong, or None.

    `segments` replay it. `digest` is of all choices in order: two runs with the same
    one are the same. `seconds` are virtual.
    """

    segments: list[Segment]
    digest: str
    choices: int
    steps: int
    overlaps: int
    seconds: float
    counts: Counter[str]
    error: BaseException | None = None
    struck: frozenset[Place] = frozenset()
    """Where tasks were suspended that a schedule's own cancellations hit: each await on the way."""


@dataclass(slots=True)
class _Course:
    """What a run notes on its way."""

    recorder: Recorder = field(default_factory=Recorder)
    chosen: list[str] = field(default_factory=list)
    choices: int = 0
    struck: set[Place] = field(default_factory=set)


def play(program: Program, chooser: Chooser | None = None, limit: int = CHOICES) -> Run:
    """Run the program once, in a stepper of its own; `chooser` None is run-to-block order.

    Ends when all are blocked and no operation is pending. What goes wrong is in `Run.error`:
    what a check or an operation raised, `NeverEnds`, `StepLimitExceeded` after `limit`
    choices, tasks that don't end. Only what is no `Exception` is raised at once.
    """
    course, checks, stepper = _Course(), Checks(), Stepper()
    error: Exception | None = None
    try:
        with stepper:
            checks = program(stepper)
            _conduct(stepper, checks, chooser or Default(), course, limit)
            checks.at_rest()
    except Exception as wrong:  # noqa: BLE001 - whatever it is, it is what the run found
        error = wrong
    try:
        checks.at_end()
    except Exception as wrong:  # noqa: BLE001 - as above; what came first counts
        error = error or wrong
    return Run(
        course.recorder.segments(),
        sha256("\n".join(course.chosen).encode()).hexdigest()[:16],
        course.choices,
        stepper.steps,
        stepper.overlaps,
        stepper.now,
        checks.counts,
        error,
        frozenset(course.struck),
    )


def _conduct(
    stepper: Stepper, checks: Checks, chooser: Chooser, course: _Course, limit: int
) -> None:
    while True:
        names, default, jumps = stepper.choices()
        if not names:
            if not stepper.pending():
                return
            if not jumps:
                waiting = [operation.name for operation in stepper.pending()]
                raise NeverEnds(f"these wait for ever: {waiting}; living tasks: {stepper.tasks()}")
        if course.choices >= limit:
            raise StepLimitExceeded(
                f"not at rest after {limit} choices; living tasks: {stepper.tasks()}; look for a "
                "loop that never blocks or a timer that repeats, or give a higher limit"
            )
        steppers = len(names)
        if jumps:
            names.append(CLOCK)
        choice = chooser.choose(Point(course.choices, names, default))
        if isinstance(choice, str):
            course.struck |= _cancel(stepper, choice)
            who = choice
        else:
            who = names[choice]
            if choice < steppers:
                stepper.take(choice)
            else:
                stepper.jump()
            course.choices += 1
        course.recorder.note(who, names[default])
        course.chosen.append(who)
        checks.after_step()


def _cancel(stepper: Stepper, what: str) -> set[Place]:
    """Carry out a cancellation; of who is not there any more, nothing. Returns where it hit."""
    if what.startswith(CANCEL):
        name = what.removeprefix(CANCEL)
        if name not in stepper.tasks():
            return set()
        places = stepper.suspended_at(name)
        return set() if stepper.interrupt(name) is None else set(places)
    name = what.removeprefix(END)
    for operation in stepper.pending():
        if operation.name == name:
            operation.cancel()
    return set()
