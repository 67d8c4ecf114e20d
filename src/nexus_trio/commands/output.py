"""What commands print: JSON as it comes, however much it is, and tables that do the same."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from nexus_trio.errors import SettingsError
from nexus_trio.store.folder import sync

Write = Callable[[str], None]

_CONTROLS = re.compile("[\x7f-\x9f]")
"""Characters that JSON may hold as they are, and that a terminal takes for orders."""


def stdout(text: str) -> None:
    """Print as UTF-8, whatever the terminal's own encoding is: JSON has no other."""
    sys.stdout.buffer.write(text.encode())


@contextmanager
def output_checked() -> Iterator[None]:
    """See that all of the output was taken.

    Where its reader has gone (`| head`), end quietly, with the status that a
    shell gives such a command. Raises `SettingsError` where it can't be written.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is buffered would be written, and fail, once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except OSError as error:
        raise SettingsError(f"can't write the output: {error.strerror}") from None


@contextmanager
def whole_file(path: Path, option: str = "--output") -> Iterator[Write]:
    """Write `path`, private (0600), so that it is there whole or not at all.

    `option` named it, for the error. Raises `SettingsError` where it can't be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise SettingsError(f"{path} is no plain file; choose another one with {option}")
    try:
        handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with open(handle, "w", encoding="utf-8") as file:
            yield _checked(path, file.write)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
        sync(target.parent)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise


def _checked(path: Path, write: Callable[[str], object]) -> Write:
    def checked(text: str) -> None:
        try:
            write(text)
        except OSError as error:
            raise _unwritable(path, error) from None

    return checked


def _unwritable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"can't write {path}: {error.strerror}; choose another file")


class Document:
    """One JSON object, written as its parts come: fields, then lists, each item on a line.

    `lists` are in it even when they have no items. What was not `end`ed is no
    valid JSON, so nobody takes a part for the whole.
    """

    def __init__(self, write: Write, lists: Sequence[str]) -> None:
        self._write = write
        self._lists = list(lists)
        self._begun = False
        self._items = 0
        self._open = False

    def fields(self, values: Mapping[str, Any]) -> None:
        """Plain fields."""
        for name, value in values.items():
            self._name(name)
            self._write(dumps(value))

    def item(self, name: str, value: Any) -> None:
        """The next item of the list `name`; of the lists before it, none come any more."""
        while not self._open or self._lists[0] != name:
            self._next_list()
        self._write(",\n" if self._items else "\n")
        self._write(dumps(value))
        self._items += 1

    def end(self, values: Mapping[str, Any] | None = None) -> None:
        """All lists, then these fields, and the end of the object."""
        while self._lists:
            self._next_list()
        self.fields(values or {})
        self._write("\n}\n" if self._begun else "{}\n")

    def _next_list(self) -> None:
        """Close the list that is open, or open the next one."""
        if self._open:
            self._write("\n]" if self._items else "]")
            del self._lists[0]
        else:
            self._name(self._lists[0])
            self._write("[")
        self._open, self._items = not self._open, 0

    def _name(self, name: str) -> None:
        self._write(f'{"," if self._begun else "{"}\n"{name}": ')
        self._begun = True


def dumps(value: Any) -> str:
    """Compact JSON in which nothing can give a terminal orders."""
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Columns:
    """A table without an end: as wide as the first rows need, with no cell cut.

    On a terminal with styles, elsewhere plain.
    """

    def __init__(self, titles: Sequence[str], right: frozenset[int] = frozenset()) -> None:
        self._titles = titles
        self._right = right
        self._widths: list[int] | None = None

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Print these rows, and the titles above the first ones."""
        if self._widths is None:
            cells = zip(self._titles, *rows, strict=True)
            self._widths = [max(map(len, column)) for column in cells]
            self._print([self._titles], style="bold")
        self._print(rows)

    def _print(self, rows: Sequence[Sequence[str]], style: str = "") -> None:
        say("\n".join(self._line(row) for row in rows), style)

    def _line(self, row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if nth in self._right else cell.ljust(width)
            for nth, (cell, width) in enumerate(zip(row, self._widths or [], strict=True))
        ]
        return "  ".join(cells).rstrip()


def say(text: str, style: str = "") -> None:
    """Print lines for people: in their terminal's encoding, never folded."""
    console = Console()
    with console.capture() as captured:
        console.print(Text(text, style), soft_wrap=True)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.buffer.write(captured.get().encode(encoding, "replace"))
