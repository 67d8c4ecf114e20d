"""The one file that uses private names of trio: a trio run that is driven by hand.

Trio has no public way to say which task goes next. But its scheduler hands the
batch of runnable tasks to `_r.shuffle(batch)`, as a list that may be changed,
and takes from that list whatever it then runs. While one tick runs, an object
of our own stands in place of `_r`: it leaves in the batch the tasks that may
step now and puts the others back on the run queue.

The run itself goes through guest mode, which is public: each tick is a plain
function call, made from here. The clock says that nothing is ever worth
waiting for, so guest mode never starts its thread and no real time passes.

`check_trio` compares the source of trio with the lines that this rests on.
"""

from __future__ import annotations

import functools
import inspect
import random
import warnings
from collections.abc import Awaitable, Callable, MutableSequence
from math import inf
from typing import Any, Final, NoReturn

import outcome
import trio
from trio._core import _run  # private, see above

KNOWN_TO_WORK: Final = ("0.35.0",)

# What must be found in the source of each function, in this order.
_RELIED_ON: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "unrolled_run",
        (
            "if runner.runq:",
            "timeout = runner.clock.deadline_to_sleep_time(deadline)",
            "events = yield timeout",
            "runner.io_manager.process_events(events)",
            "if runner.deadlines.expire(now):",
            "batch = list(runner.runq)",
            "runner.runq.clear()",
            "if _ALLOW_DETERMINISTIC_SCHEDULING:",
            "batch.sort(key=lambda t: t._counter)",
            "_r.shuffle(batch)",
            "while batch:",
            "task = batch.pop()",
            "next_send_fn = task._next_send_fn",
            "next_send = task._next_send",
        ),
    ),
    (
        "GuestState.guest_tick",
        (
            "self.unrolled_run_next_send.send(self.unrolled_run_gen)",
            "self.done_callback(self.runner.main_task_outcome)",
            "if timeout <= 0 or ",
            "self.unrolled_run_next_send = events_outcome",
            "self.run_sync_soon_not_threadsafe(self.guest_tick)",
        ),
    ),
    ("Runner.reschedule", ("self.runq.append(task)",)),
    ("Runner.spawn_impl", ('self.instruments.call("task_spawned", task)', "self.reschedule(")),
    ("Deadlines.next_deadline", ("return deadline", "return inf")),
    ("Task._attempt_abort", ("success = self._abort_func(raise_cancel)", "reschedule(self, ")),
    ("CancelStatus", ("_scope: CancelScope", "_parent: CancelStatus | None")),
    ("Task._activate_cancel_status", ("self._cancel_status = cancel_status",)),
)

# Trio's own tasks need a few ticks: the entry queue two, the end of a run about ten.
_HOUSEKEEPING_LIMIT: Final = 1_000

# Runs that would not end, kept so that collecting their coroutines does not
# add noise to the error that names them. Empty in every healthy process.
_never_ended: list[object] = []


class TrioChanged(RuntimeError):
    """Trio's source is not the one that the control of the schedule was written for."""


class Abandoned(BaseException):
    """Thrown into a task that would not end when it was cancelled."""


@functools.lru_cache(maxsize=1)
def check_trio() -> None:
    """Raise `TrioChanged` unless trio still has every line that this file relies on."""
    for path, lines in _RELIED_ON:
        try:
            target = functools.reduce(getattr, path.split("."), _run)
            source = inspect.getsource(target)
        except (AttributeError, OSError, TypeError):
            _changed(path, "its source can't be read")
        position = 0
        for line in lines:
            position = source.find(line, position)
            if position < 0:
                _changed(path, f"the line {line!r} is not where it was")


def _changed(path: str, what: str) -> NoReturn:
    known = ", ".join(KNOWN_TO_WORK)
    raise TrioChanged(
        f"nexus_trio.testing can't control the schedule of trio {trio.__version__}: "
        f"in trio._core._run.{path} {what}. Known to work: trio {known}. Install that version "
        f"for the tests (pip install 'trio=={KNOWN_TO_WORK[-1]}'), or compare {path} with it "
        f"and adapt {__name__}."
    )


class HandClock(trio.abc.Clock):
    """Virtual time, in seconds from 0.0; it moves only when `now` is set.

    It is not `trio.testing.MockClock`, because that one asks the run loop to
    wait, for which guest mode starts a thread; and because moving it by a
    difference can land one rounding error before the deadline.
    """

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0.0

    def start_clock(self) -> None:
        """Nothing to start."""

    def current_time(self) -> float:
        """The virtual time, in seconds."""
        return self.now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Always 0: the loop never waits, it is called again."""
        return 0.0


class _Picker(random.Random):
    """Stands in place of the scheduler's random source while one tick runs."""

    def __init__(self, is_choice: Callable[[trio.lowlevel.Task], bool]) -> None:
        super().__init__(0)
        self.is_choice = is_choice
        self.chosen: trio.lowlevel.Task | None = None
        self.all = False
        """Whether every task may step, in the order of spawning."""
        self.run_queue: MutableSequence[trio.lowlevel.Task] | None = None

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """Leave in the batch what may step now; put the rest back on the run queue."""
        queue, chosen, is_choice = self.run_queue, self.chosen, self.is_choice
        if queue is None:  # the run is still being set up: only trio's own tasks
            return
        if self.all:
            x.reverse()  # it comes in the order of spawning, and is taken from its end
        elif chosen is None:
            queue.extend(task for task in x if is_choice(task))
            x[:] = [task for task in x if not is_choice(task)]
        elif len(x) > 1:
            queue.extend(task for task in x if task is not chosen)
            x[:] = [chosen]


class HandRun:
    """A trio run whose every tick is made by calling `tick`, in the caller's thread.

    `main` is the main task. `is_choice` says of a task whether the caller
    decides when it steps; all other tasks are trio's own and step at once.
    While the run is open, no other trio run can be opened in the same thread.
    Raises `TrioChanged`, and `RuntimeError` if a run is open already.
    """

    def __init__(
        self,
        main: Callable[[], Awaitable[None]],
        is_choice: Callable[[trio.lowlevel.Task], bool],
        instrument: trio.abc.Instrument,
    ) -> None:
        check_trio()
        if trio.lowlevel.in_trio_run():
            raise RuntimeError(
                "a trio run is open in this thread already: use a plain `def` test, "
                "not an async one, and close the run before"
            )
        self.clock = HandClock()
        self.outcome: outcome.Outcome[None] | None = None
        self._is_choice = is_choice
        self._picker = _Picker(is_choice)
        self._next_tick: Callable[[], object] | None = None
        self._steered(
            lambda: trio.lowlevel.start_guest_run(
                main,
                run_sync_soon_threadsafe=self._take_tick,
                done_callback=self._take_outcome,
                host_uses_signal_set_wakeup_fd=True,  # nothing sleeps, so nothing need be woken
                clock=self.clock,
                instruments=[instrument],
            )
        )
        self._runner = _run.GLOBAL_RUN_CONTEXT.runner
        self._guest: _run.GuestState = self._next_tick.__self__  # type: ignore[attr-defined]  # a bound method of it
        self._picker.run_queue = self._runner.runq

    def _take_tick(self, tick: Callable[[], object]) -> None:
        self._next_tick = tick

    def _take_outcome(self, result: outcome.Outcome[None]) -> None:
        self.outcome = result
        self._next_tick = None

    def _steered(self, call: Callable[[], object]) -> None:
        # Set for this call alone: other trio runs of the process keep trio's own way.
        names = vars(_run)
        before = names["_r"], names["_ALLOW_DETERMINISTIC_SCHEDULING"]
        names["_r"], names["_ALLOW_DETERMINISTIC_SCHEDULING"] = self._picker, True
        try:
            call()
        finally:
            names["_r"], names["_ALLOW_DETERMINISTIC_SCHEDULING"] = before

    def tick(self, chosen: trio.lowlevel.Task | None = None) -> None:
        """Let `chosen` take one step; or, without it, trio's own tasks one step each."""
        if self._next_tick is None:
            raise RuntimeError("this run is over")
        self._picker.chosen = chosen
        self._steered(self._next_tick)

    def tick_all(self) -> None:
        """Let every task that can step take one step, in the order of spawning."""
        if self._next_tick is None:
            raise RuntimeError("this run is over")
        self._picker.all = True
        try:
            self._steered(self._next_tick)
        finally:
            self._picker.all = False

    def housekeep(self) -> None:
        """Tick until nothing is left to do but what the caller chooses."""
        for _ in range(_HOUSEKEEPING_LIMIT):
            if not self._has_housekeeping():
                return
            self.tick()
        raise RuntimeError(
            "a system task goes round in circles, and no task of the program gets a step: "
            "run it in a nursery of the program instead, where its steps can be chosen"
        )

    def move_clock(self, now: float) -> None:
        """Set the virtual time, in seconds, and cancel the scopes whose deadline it reaches."""
        self.clock.now = now
        self.housekeep()

    def runnable(self) -> list[trio.lowlevel.Task]:
        """The tasks that could step now and are the caller's to choose, in no stable order."""
        is_choice = self._is_choice
        return [task for task in self._runner.runq if is_choice(task)]

    def _has_housekeeping(self) -> bool:
        if self.outcome is not None:
            return False
        # Asked twice a step: the one number that costs most here.
        runner, pending = self._runner, self._guest.unrolled_run_next_send
        if type(pending) is not outcome.Value or pending.value:
            return True  # input that trio has seen and not yet acted upon
        entries = runner.entry_queue
        if entries.queue or entries.idempotent_queue:
            return True
        if runner.deadlines.next_deadline() <= self.clock.now:
            return True
        return not all(map(self._is_choice, runner.runq))

    def next_deadline(self) -> float | None:
        """The virtual time of the nearest deadline of a scope in use, in seconds, or None."""
        deadline = self._runner.deadlines.next_deadline()
        return None if deadline == inf else deadline

    def throw_into(self, task: trio.lowlevel.Task) -> None:
        """End a task that ignored its cancellation: raise `Abandoned` where it stands.

        Shields don't help against it. A task that waits for its children stays
        until they are gone.
        """
        if task._next_send_fn is not None:
            task._next_send_fn, task._next_send = task.coro.throw, Abandoned()
        elif task._abort_func is not None:
            task._attempt_abort(_raise_abandoned)

    def innermost_scope(self, task: trio.lowlevel.Task) -> trio.CancelScope | None:
        """The innermost scope around the task that is not cancelled yet, nurseries' own included.

        A scope that `trio.sleep` opens for itself does not count: to cancel that one
        would make the sleep shorter, and cancel nothing of the program. None once over.
        """
        status: _run.CancelStatus | None = task._cancel_status
        sleeps = trio.sleep_until.__code__
        if status and any(frame.f_code is sleeps for frame, _ in task.iter_await_frames()):
            status = status._parent
        while status is not None and status._scope.cancel_called:
            status = status._parent
        return None if status is None else status._scope

    def give_up(self) -> None:
        """Leave a run that can't be ended, so that the thread can open another one."""
        _never_ended.append((self._runner, set(self._runner.tasks)))
        with warnings.catch_warnings():
            # Trio warns that the run is abandoned. The caller raises, and says more.
            warnings.simplefilter("ignore")
            self._guest.unrolled_run_gen.close()
        self._next_tick = None


def _raise_abandoned() -> NoReturn:
    raise Abandoned
