"""Stable names and a stable order for the tasks of one run."""

from __future__ import annotations

import re
from dataclasses import dataclass

import trio

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(slots=True)
class Entry:
    """One living task: its place in the order of spawning, its name, its steps so far."""

    ordinal: int
    name: str
    steps: int = 0


class TaskBook(trio.abc.Instrument):
    """Knows the living tasks of the program, and no task of trio's own.

    A task in `root` keeps the name that it was spawned with. Any other is
    called after its parent and its function: `ada:ask/stream`, the second one
    `ada:ask/stream#2`. Names and order depend on the order of spawning alone,
    never on an address or a hash.
    """

    def __init__(self) -> None:
        self.root: trio.Nursery | None = None
        self.entries: dict[trio.lowlevel.Task, Entry] = {}
        self.knows = self.entries.__contains__
        """Whether it is a task of the program and not one of trio's own."""
        self.changes = 0
        """How often a task was spawned or has exited."""
        self._used: set[str] = set()
        self._spawned = 0
        self._last_stepped = -1

    def unique(self, name: str) -> str:
        """The name, or the first of name#2, name#3 … that was not given before."""
        found, count = name, 1
        while found in self._used:
            count += 1
            found = f"{name}#{count}"
        self._used.add(found)
        return found

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        """Trio calls this; tasks outside of the root nursery's tree are not entered."""
        nursery = task.parent_nursery
        if nursery is None:
            return
        if nursery is self.root:
            name = task.name
        elif parent := self.entries.get(nursery.parent_task):
            name = self.unique(f"{parent.name}/{_short_name(task)}")
        else:
            return
        self.entries[task] = Entry(self._spawned, name)
        self._spawned += 1
        self.changes += 1

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        """Trio calls this."""
        self.entries.pop(task, None)
        self.changes += 1

    def in_order(self, tasks: list[trio.lowlevel.Task]) -> list[trio.lowlevel.Task]:
        """The tasks in the order in which they were spawned."""
        if len(tasks) < 2:
            return tasks
        entries = self.entries
        return sorted(tasks, key=lambda task: entries[task].ordinal)

    def going_on(self, order: list[trio.lowlevel.Task]) -> int:
        """Of tasks in order, the index of who stepped last, or else of the next in turn."""
        entries, last = self.entries, self._last_stepped
        for index, task in enumerate(order):
            if entries[task].ordinal >= last:
                return index
        return 0

    def find(self, name: str) -> trio.lowlevel.Task:
        """The living task of that name. Raises `LookupError` where there is none."""
        for task, entry in self.entries.items():
            if entry.name == name:
                return task
        raise LookupError(f"no task {name!r} lives; these do: {self.names()}")

    def note_step(self, task: trio.lowlevel.Task) -> Entry:
        """Count one step of the task, and return its entry."""
        entry = self.entries[task]
        entry.steps += 1
        self._last_stepped = entry.ordinal
        return entry

    def names(self) -> list[str]:
        """The names of all living tasks, in the order in which they were spawned."""
        return [entry.name for entry in self.entries.values()]


def _short_name(task: trio.lowlevel.Task) -> str:
    # Without an explicit name trio says `module.qualname`; the last part is enough here.
    qualname = getattr(task.coro, "__qualname__", "")
    name = qualname if qualname and task.name.endswith(qualname) else task.name
    return _ADDRESS.sub("", name.rpartition("<locals>.")[2])
