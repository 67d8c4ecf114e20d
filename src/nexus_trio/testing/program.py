"""What is explored: a program, the checks on it, and how it is named in a file."""

from __future__ import annotations

import functools
import importlib
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nexus_trio.testing.schedule import Stepper


class Broken(AssertionError):
    """Something that must always hold does not; `number` says which."""

    def __init__(self, number: str, what: str) -> None:
        super().__init__(f"{number}: {what}")
        self.number = number


class NeverEnds(AssertionError):
    """Operations wait, nobody can step, and there is no deadline that would wake them."""


def _nothing() -> None:
    """Of a program that checks nothing here."""


@dataclass(slots=True)
class Checks:
    """What a program has to say about its run.

    `after_step` is called after each step and each choice, `at_rest` once, when all is
    blocked and no operation is pending: there the program may use the stepper by
    itself, to look, or to let time pass. `at_end` is called in every case, last of
    all, when the run is over. Each raises what it finds wrong. `counts` says how
    often each thing was evaluated (`require` counts): a check that never was proves nothing.
    """

    after_step: Callable[[], None] = _nothing
    at_rest: Callable[[], None] = _nothing
    at_end: Callable[[], None] = _nothing
    counts: Counter[str] = field(default_factory=Counter)

    def require(self, number: str, holds: object, what: str) -> None:
        """Count one evaluation of `number`, and raise `Broken` where it does not hold."""
        self.counts[number] += 1
        if not holds:
            raise Broken(number, what)


Program = Callable[[Stepper], Checks]
"""Starts operations on the stepper, and returns the checks. It may `settle` first: what it
does before it returns is the same in every run, and no part of the schedule."""


@dataclass(frozen=True)
class Named:
    """A program that can be found again: a function, and its arguments as JSON has them.

    `name` is `package.module:function` or `path/to/file.py:function`, the path from
    the folder where Python runs; the file's own folder is put on the path for what it
    imports. The function is called with the stepper and the arguments. An
    argument called `operations` is a list whose items may be left out: shrinking does.
    Raises `LookupError` if there is no such function.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __call__(self, stepper: Stepper) -> Checks:
        checks: Checks = self.function()(stepper, **self.arguments)
        return checks

    def function(self) -> Callable[..., Checks]:
        """The function that `name` names."""
        return _function(self.name)


@functools.cache
def _function(program: str) -> Callable[..., Checks]:
    where, _, function = program.rpartition(":")
    if where.endswith(".py"):
        path = Path(where).resolve()
        if not path.exists():
            raise LookupError(f"there is no {where} here: run this where that path leads on")
        if str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        where = path.stem
    try:
        found: Callable[..., Checks] = getattr(importlib.import_module(where), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise LookupError(f"there is no program {program!r}: {error}") from error
    return found
