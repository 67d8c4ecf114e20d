"""Calls in processes of their own: what a defect leaves behind in one reaches no other.

A planted defect may be a global that lasts from one run to the next. What is found with the
help of such a rest would not be found again in a fresh process. So this process only imports,
and whatever runs the server runs in a child of it.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, TypeVarTuple

from nexus_trio.crisis import screen
from nexus_trio.testing import Stepper
from nexus_trio.testing.play import Run

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def broken_again(error: Any) -> tuple[type[Any], tuple[str, str]]:
    """How a `Broken` comes out of a child as it went in: its number is not in its `args`."""
    return type(error), (error.number, str(error).removeprefix(f"{error.number}: "))


class Lost(RuntimeError):
    """The child has ended without an answer; what it wrote to stderr says why."""


def made_ready() -> None:
    """Do here, once, what each child would do at its beginning: of what serves users, nothing.

    The lexicon and the check of trio's source are made when they are first needed; and what
    the collector of garbage does not touch is not copied for a child.
    """
    screen("hello")
    with Stepper():
        pass
    gc.collect()
    gc.freeze()


def told(run: Run) -> Run:
    """The run without what no pipe takes: code objects."""
    return replace(run, struck=frozenset())


def apart(call: Callable[..., Run | None], *arguments: Any) -> Run | None:
    """A try of the shrinker, in a process of its own."""

    def tried() -> Run | None:
        run = call(*arguments)
        return run and told(run)

    return fresh(tried)


def fresh(call: Callable[[*Ts], T], *args: *Ts) -> T:
    """`call(*args)`, in a child as fresh as this process; the answer must be picklable."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _answer(call, args, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    if not data:
        raise Lost(f"{call} gave no answer")
    answer: T = pickle.loads(data)
    return answer


def _answer(call: Callable[..., object], args: tuple[object, ...], writing: int) -> None:
    try:
        data = pickle.dumps(call(*args))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent's is another process
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(0)  # no clean-up of the parent's is this one's to do
