"""Was a task cancelled at every await of this function? Which ones were never reached?

`Exhaustive(0, cancellations=1)` cancels the innermost scope around each task at each of its
steps, one a run; `Exhaustive(1, cancellations=1)` the same with a preemption anywhere before or
behind. A `Tally` collects where the tasks that were hit were suspended. Here these places are
compared with the awaits that stand in the source.

A scope may be a nursery's own, or one with a deadline around a single call: then what is
seen is that nursery ending, or that call running out of time. Both are what a
program has to live with. A scope that `trio.sleep` opens for itself is passed over.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nexus_trio.testing.play import Place


@dataclass(frozen=True, slots=True)
class Await:
    """One place where a function may be suspended: `await`, `async for` or `async with`.

    `function` is the qualified name, `first` and `last` are its lines in `file`.
    """

    file: str
    function: str
    first: int
    last: int
    source: str

    def __str__(self) -> str:
        return f"{self.function}, line {self.first}: {self.source}"

    def holds(self, place: Place) -> bool:
        """Whether that place is here."""
        code, line = place
        return (
            self.first <= line <= self.last
            and code.co_qualname == self.function
            and code.co_filename == self.file
        )


def awaits(function: Callable[..., Any]) -> list[Await]:
    """The awaits that stand in the function itself, in their order; not those of inner functions.

    Raises `TypeError` or `OSError` where there is no source.
    """
    function = inspect.unwrap(function)
    code = function.__code__
    lines, start = inspect.getsourcelines(function)
    source = inspect.cleandoc("\n" + "".join(lines))
    tree = ast.parse(source).body[0]
    found = []
    for node in sorted(_suspending(tree), key=lambda node: (node.lineno, node.col_offset)):
        last = _last_line(node)
        text = source.splitlines()[node.lineno - 1].strip()
        shift = start - 1
        found.append(
            Await(code.co_filename, code.co_qualname, node.lineno + shift, last + shift, text)
        )
    return found


def missed(functions: Iterable[Callable[..., Any]], struck: Iterable[Place]) -> list[Await]:
    """The awaits of these functions at which no task was cancelled."""
    places = list(struck)
    every = (each for function in functions for each in awaits(function))
    return [each for each in every if not any(each.holds(place) for place in places)]


_Suspending = ast.Await | ast.AsyncFor | ast.AsyncWith


def _suspending(tree: ast.AST) -> Iterator[_Suspending]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, _Suspending):
            yield node
        yield from _suspending(node)


def _last_line(node: _Suspending) -> int:
    """Of a block, the last line of its head: what stands in it has awaits of its own."""
    match node:
        case ast.AsyncWith():
            return max(item.context_expr.end_lineno or node.lineno for item in node.items)
        case ast.AsyncFor():
            return node.iter.end_lineno or node.lineno
    return node.end_lineno or node.lineno
