"""One started operation, seen from outside of the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import outcome
import trio

T = TypeVar("T")


class OperationNotDone(RuntimeError):
    """The result of an operation was asked for before it ended."""


class OperationCancelled(RuntimeError):
    """The result of an operation was asked for, and it had been cancelled."""


class Operation(Generic[T]):
    """An async call that runs inside a `Stepper`; made by `Stepper.start`.

    `name` is unique within the stepper. `background` operations are servers
    and the like: not counted in `Stepper.overlaps`, not chosen by
    `Stepper.cancel`, and nobody waits for their end.
    """

    def __init__(self, name: str, *, background: bool) -> None:
        self.name = name
        self.background = background
        self._scope = trio.CancelScope()
        self._done = self._cancelled = self._seen = False
        self._error: BaseException | None = None
        self._returned: list[T] = []  # empty, or the one value

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "done" if self.done else "running"
        return f"<Operation {self.name!r}, {state}>"

    @property
    def done(self) -> bool:
        """Whether it has ended: with a result, with an error, or cancelled."""
        return self._done

    @property
    def cancelled(self) -> bool:
        """Whether it has ended because it was cancelled.

        False for one that was cancelled too late, or that ended its own way.
        """
        return self._cancelled

    @property
    def error(self) -> BaseException | None:
        """What it raised, or None. Looking at it counts as having seen it."""
        self._seen = self._seen or self._done
        return self._error

    def result(self) -> T:
        """What it returned; what it raised is raised here, and counts as seen.

        Raises `OperationNotDone` while it runs and `OperationCancelled` if it
        was cancelled.
        """
        if self._cancelled:
            raise OperationCancelled(f"operation {self.name!r} was cancelled")
        if not self._done:
            raise OperationNotDone(
                f"operation {self.name!r} has not ended: step it, or settle() the stepper, first"
            )
        self._seen = True
        if self._error is not None:
            raise self._error
        return self._returned[0]

    def cancel(self) -> None:
        """Cancel it, at its next checkpoint, as its own task would be; no step is taken.

        Without effect once it is done.
        """
        if not self.done:
            self._scope.cancel(f"operation {self.name!r} was cancelled from outside")

    async def conduct(self, call: Callable[[], Awaitable[T]]) -> None:
        """Run the call to its end and keep the outcome; for the stepper."""
        result = await outcome.acapture(self._inside, call)
        self._done = True
        if isinstance(result, outcome.Error):
            self._error = result.error
        self._cancelled = self._error is None and not self._returned
        if self._error is not None and _holds_cancelled(self._error):
            # Our own scope has taken the Cancelled that was its own. What is
            # left is the run's, which is ending under us: never kept back.
            self._cancelled = self._seen = True
            raise self._error

    async def _inside(self, call: Callable[[], Awaitable[T]]) -> None:
        with self._scope:
            self._returned.append(await call())

    def unseen_error(self) -> BaseException | None:
        """What it raised, if nobody has looked at it yet; for the stepper."""
        return None if self._seen else self.error

    def fatal_error(self) -> BaseException | None:
        """What it raised, if that is no `Exception` and so must not wait; for the stepper."""
        return None if isinstance(self._error, Exception) else self.unseen_error()


def _holds_cancelled(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(trio.Cancelled) is not None
    return isinstance(error, trio.Cancelled)
