"""A trio program, run one chosen step at a time.

Trio runs every runnable task once per tick, in an order of its own. So whole
classes of races never happen in a test, however often it runs: a task that is
starved while others go on, a timeout that fires although its task could have
run. A `Stepper` leaves each of these choices to its caller: which task takes
its next step, which operation is cancelled, when the clock moves. The choices
are plain integers, so Hypothesis can draw, shrink and replay them.

No threads and no real time: everything happens in the thread of the caller,
inside the call that asked for it. Put memory channels or memory streams where
sockets would be, for when a kernel delivers is no choice. The same choices
give the same trace, in any process, as long as the program itself is
deterministic: no iteration over a set of objects, no wall clock, no random
source of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from types import CodeType, TracebackType
from typing import Final, Self, TypeVar, TypeVarTuple

import trio

from nexus_trio.testing.ending import end_run, without_abandoned
from nexus_trio.testing.operation import Operation
from nexus_trio.testing.task_book import TaskBook
from nexus_trio.testing.trio_internals import HandRun

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# A program of a test takes tens or hundreds of steps; one that takes this many
# is most likely going round in circles. At some 20 µs a step that is 0.2 s.
STEP_LIMIT: Final = 10_000


class StepLimitExceeded(AssertionError):
    """The program went on for longer than it was given: it may never come to rest."""


class Stepper:
    """Runs a trio program step by step; open from the constructor until `close`.

    A step is what one task does from one checkpoint to the next. Nothing runs
    but by `step` and `settle`: `start`, `cancel`, `jump` and `advance` only
    make tasks runnable. Trio's own tasks (the init task, the entry queue, the
    closing of async generators, any system task) are no choices: they run at
    once, between the steps. Between calls it is fine to use the synchronous
    methods of events and channels from outside, and to look at any state.

    Use it as a context manager, or in a `RuleBasedStateMachine` make it in
    `__init__` and say `with self.stepper:` in `teardown`. Use it in plain
    tests, not in async ones, and one at a time in a thread.

    What an operation raised is raised by its `result()`; if nobody asked, then
    by `close`: never lost. What is no `Exception` (a keyboard interrupt, the
    end of a Hypothesis example) is raised at once, by the call that made the step.

    `trio.testing.wait_all_tasks_blocked` never returns inside (`settle` is what
    does its work), and threads (`trio.to_thread`) are not waited for. A step
    that never reaches a checkpoint can't be stopped.

    Raises `TrioChanged` if this version of trio can't be controlled, and
    `RuntimeError` if another trio run is open in the thread.
    """

    def __init__(self) -> None:
        self.steps = 0
        """How many steps were taken."""
        self.overlaps = 0
        """How many steps were taken with two or more operations begun and not ended."""
        self.trace: list[tuple[str, int]] = []
        """Each step taken: the name of the task, and which of its own steps it was, from 1."""
        self.operations: list[Operation[object]] = []
        """All operations that were started, in order."""
        self._book = TaskBook()
        self._offered: list[trio.lowlevel.Task] = []
        self._in_flight = self._most_in_flight = 0
        self._fatal: BaseException | None = None
        self._closed = False
        self._may_end = trio.Event()
        self._root_scope: trio.CancelScope | None = None
        self._run = HandRun(self._main, self._book.knows, self._book)
        self._run.housekeep()  # the main task is in its nursery now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        problems = self._shut_down(STEP_LIMIT)
        if error is None:
            _raise_all(problems)
        else:  # what happened in the block comes first
            for problem in problems:
                error.add_note(f"and while the stepper was closed: {problem!r}")

    async def _main(self) -> None:
        async with trio.open_nursery() as nursery:
            self._book.root = nursery
            self._root_scope = nursery.cancel_scope
            await self._may_end.wait()

    # What runs, and what could.

    @property
    def now(self) -> float:
        """The virtual time, in seconds; it starts at 0.0."""
        return self._run.clock.now

    def runnable(self) -> list[str]:
        """The names of the tasks that could take a step now, in the order of their spawning.

        The name of an operation's task is the operation's; a child is called
        after its parent and its function, such as `ada:ask/stream`.
        """
        return [self._book.entries[task].name for task in self._order()]

    def tasks(self) -> list[str]:
        """The names of all living tasks, runnable or blocked, in the order of their spawning."""
        return self._book.names()

    @property
    def spawned(self) -> int:
        """How many tasks have begun or ended so far: while it stays, `tasks` is the same."""
        return self._book.changes

    def choices(self) -> tuple[list[str], int, bool]:
        """`runnable()`; the index in it of who goes on; whether `jump` would move the clock.

        Who goes on is the task that stepped last, if it still can, and else the
        next one in the order of spawning, going round: run-to-block order. The
        index is 0 where nobody can.
        """
        order, entries = self._order(), self._book.entries
        self._offered = order
        jumps = self._run.next_deadline() is not None
        return [entries[task].name for task in order], self._book.going_on(order), jumps

    def suspended_at(self, name: str) -> list[tuple[CodeType, int]]:
        """Where the living task of that name waits: code and line of each await, outermost first.

        Empty for one that has not begun. Raises `LookupError` where there is none.
        """
        frames = self._book.find(name).iter_await_frames()
        return [(frame.f_code, line) for frame, line in frames]

    def pending(self) -> list[Operation[object]]:
        """The operations that have not ended, without those in the background."""
        return [op for op in self.operations if not op.done and not op.background]

    # The choices.

    def start(
        self,
        async_fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        name: str | None = None,
        background: bool = False,
    ) -> Operation[T]:
        """Make `async_fn(*args)` ready to run, as an operation; it takes no step yet.

        The name defaults to the function's; one that is taken gets `#2`, `#3`
        and so on behind it. For `background` see `Operation`.
        """
        self._check_open()
        if name is None:
            qualname: str = getattr(async_fn, "__qualname__", type(async_fn).__name__)
            name = qualname.rpartition("<locals>.")[2]
        operation: Operation[T] = Operation(self._book.unique(name), background=background)
        assert self._book.root is not None
        self.operations.append(operation)  # type: ignore[arg-type]  # a result is only ever read
        call = partial(async_fn, *args)
        self._book.root.start_soon(self._conduct, operation, call, name=operation.name)
        return operation

    def step(self, choice: int | str) -> str | None:
        """Let exactly one task take its next step, and return its name.

        An integer, from 0, chooses among `runnable()`, modulo their number; a
        string chooses by name. Returns None, having done nothing, if no task
        could step. Raises `LookupError` if the named task can't.
        """
        self._check_open()
        order = self._order()
        if isinstance(choice, str):
            return self._step(self._find(choice, order))
        return self._step(order[choice % len(order)]) if order else None

    def take(self, choice: int) -> str:
        """Let the task at that index of what `choices` has just returned take its step.

        As `step`, without looking anew who could: nothing else of the stepper may be called
        in between but `interrupt` and an operation's `cancel`, for these make nobody unable to.
        """
        self._check_open()
        return self._step(self._offered[choice])

    def cancel(self, choice: int) -> Operation[object] | None:
        """Cancel one of `pending()`, modulo their number; None if there are none.

        No step is taken: its tasks notice when they step. An operation can
        also be cancelled by its own `cancel()`.
        """
        pending = self.pending()
        if not pending:
            return None
        operation = pending[choice % len(pending)]
        operation.cancel()
        return operation

    def interrupt(self, name: str) -> trio.CancelScope | None:
        """Cancel the innermost scope around the living task of that name, and return it.

        Of those that are not cancelled yet. It may be a nursery's own, and so end tasks
        beside it. No step is taken: who is in the scope notices at the next step. None, having
        done nothing, where there is none. Raises `LookupError` where no such task lives.
        """
        self._check_open()
        scope = self._run.innermost_scope(self._book.find(name))
        if scope is None or scope is self._root_scope:
            return None
        scope.cancel("a test has cancelled the innermost scope")
        return scope

    def jump(self) -> float | None:
        """Move the clock to the next deadline, and return by how many seconds it moved.

        All scopes with exactly that deadline are cancelled; no step is taken.
        A task that could run may be left behind: that is how a timeout wins
        against it. Returns None, having done nothing, if there is no deadline.
        """
        self._check_open()
        self._run.housekeep()
        before, deadline = self.now, self._run.next_deadline()
        if deadline is None:
            return None
        self._run.move_clock(deadline)
        return deadline - before

    def advance(self, seconds: float) -> None:
        """Move the clock on by so many seconds, over every deadline on the way; no step is taken.

        Raises `ValueError` if negative.
        """
        self._check_open()
        if not seconds >= 0:
            raise ValueError(f"time can't go by {seconds} seconds: give 0 or more")
        self._run.move_clock(self.now + seconds)

    def settle(
        self,
        limit: int = STEP_LIMIT,
        choose: Callable[[list[str]], int] | None = None,
        *,
        jump: bool = False,
    ) -> int:
        """Step until all tasks are blocked, and return how many steps that took.

        `choose` is given `runnable()` and returns an index, taken modulo its
        length; without it the tasks take turns, in rounds as in `round`. With `jump`,
        the clock moves to the next deadline whenever all are blocked, until no operation is
        pending or no deadline is left. Raises `StepLimitExceeded` after
        `limit` steps and jumps, at the end of the round.
        """
        self._check_open()
        before, spent = self.steps, 0
        while (order := self._order()) or (jump and self._waits_for_time()):
            if spent >= limit:
                raise StepLimitExceeded(
                    f"not at rest after {limit} steps and jumps; living tasks: {self.tasks()}, "
                    f"of which could step: {self.runnable()}; look for a loop that never blocks "
                    "or a timer that repeats, or give a higher limit"
                )
            if not order:
                self.jump()
                spent += 1
            elif choose is None:
                spent += self._round(order)
            else:
                names = [self._book.entries[task].name for task in order]
                self._step(order[choose(names) % len(order)])
                spent += 1
        return self.steps - before

    def round(self) -> int:
        """Let each task that can step take one step, in the order of spawning.

        Returns how many these were. It costs less than as many calls of `step`.
        """
        self._check_open()
        order = self._order()
        return self._round(order) if order else 0

    def close(self, limit: int = STEP_LIMIT) -> None:
        """Cancel every operation, run all to its end, and end the run.

        The clock jumps where a clean-up waits for it. Raises `StillRunning`
        with the names of the tasks that have not ended after `limit` steps and
        jumps, or that wait for what will never come; what operations raised
        and nobody saw; and a crash of the run itself. More than one come as a
        group. In each case the run is over and another can be opened. Closing
        twice does nothing.
        """
        _raise_all(self._shut_down(limit))

    # Behind the choices.

    def _check_open(self) -> None:
        if self._closed or self._run.outcome is not None:
            raise RuntimeError("the run of this stepper is over: make another one")

    def _order(self) -> list[trio.lowlevel.Task]:
        self._run.housekeep()
        return self._book.in_order(self._run.runnable())

    def _waits_for_time(self) -> bool:
        return bool(self.pending()) and self._run.next_deadline() is not None

    def _find(self, name: str, order: list[trio.lowlevel.Task]) -> trio.lowlevel.Task:
        for task in order:
            if self._book.entries[task].name == name:
                return task
        raise LookupError(f"no task {name!r} can take a step now; these can: {self.runnable()}")

    def _step(self, task: trio.lowlevel.Task) -> str:
        entry = self._book.note_step(task)
        self.steps += 1
        self.trace.append((entry.name, entry.steps))
        self._most_in_flight = self._in_flight
        self._run.tick(task)
        self.overlaps += self._most_in_flight > 1
        self._run.housekeep()
        self._raise_fatal()
        return entry.name

    def _round(self, order: list[trio.lowlevel.Task]) -> int:
        for task in order:
            entry = self._book.note_step(task)
            self.trace.append((entry.name, entry.steps))
        self.steps += len(order)
        self._most_in_flight = self._in_flight
        self._run.tick_all()
        self.overlaps += len(order) * (self._most_in_flight > 1)
        self._run.housekeep()
        self._raise_fatal()
        return len(order)

    def _raise_fatal(self) -> None:
        if self._fatal is not None:
            fatal, self._fatal = self._fatal, None
            raise fatal

    async def _conduct(self, operation: Operation[T], call: Callable[[], Awaitable[T]]) -> None:
        counted = not operation.background
        self._in_flight += counted
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            await operation.conduct(call)
        finally:
            self._in_flight -= counted
        self._fatal = operation.fatal_error()

    def _shut_down(self, limit: int) -> list[BaseException]:
        if self._closed:
            return []
        self._closed = True
        for operation in self.operations:
            operation.cancel()
        problems = end_run(self._run, self._book, self._may_end, limit)
        if self._fatal is not None:
            problems.append(self._fatal)
        problems += [error for op in self.operations if (error := op.unseen_error()) is not None]
        return [left for error in problems if (left := without_abandoned(error)) is not None]


def _raise_all(problems: list[BaseException]) -> None:
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise BaseExceptionGroup("several things went wrong in the stepper", problems)
