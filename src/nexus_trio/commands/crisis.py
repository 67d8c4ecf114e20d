"""`nexus-trio crisis`: how well the screen does on labelled messages; report and protocol."""

from __future__ import annotations

import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from nexus_trio.commands.base import Json
from nexus_trio.commands.crisis_operator import protocol, report
from nexus_trio.commands.output import Columns, dumps, output_checked, stdout, whole_file
from nexus_trio.errors import SettingsError

if TYPE_CHECKING:
    from nexus_trio.crisis.evaluation import Evaluation, Row

LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a line, its end included: a packed file may hold far more than it is long."""

_OPENERS: Final[dict[str, Callable[..., Any]]] = {".gz": gzip.open, ".xz": lzma.open}

app = typer.Typer(
    help="What an operator answers for: the screen's error rates, the counts, the protocol.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("eval")
def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help='Labelled JSONL, also .gz and .xz: {"id", "text" or "turns", "label", "source"}.',
            show_default=False,
        ),
    ],
    errors: Annotated[
        Path | None,
        typer.Option(
            help="Write misses and false alarms to this file, private, with their words.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Recall, false alarms and precision, with 95 % intervals, per source and in all."""
    if errors is not None and any(same(errors, file) for file in files):
        raise SettingsError(f"--errors {errors} would replace what is read; choose another file")
    # Here, as reading the lexicon takes a while: other commands need not wait for it.
    from nexus_trio.crisis.evaluation import Evaluation

    result = Evaluation()
    with whole_file(errors, "--errors") if errors is not None else nullcontext() as write:
        for row in rows(files):
            wrong = result.add(row)
            if wrong is not None and write is not None:
                write(dumps(wrong) + "\n")
    with output_checked():
        if as_json:
            stdout(json.dumps({"files": [str(f) for f in files], **result.report()}, indent=2))
            stdout("\n")
        else:
            show(result)


app.command()(report)
app.command()(protocol)


def same(one: Path, other: Path) -> bool:
    """Whether two paths are one file that is there."""
    return one.exists() and other.exists() and one.samefile(other)


def rows(files: list[Path]) -> Iterator[Row]:
    """Every row of every file. Raises `SettingsError` that names the file and the line."""
    from nexus_trio.crisis.evaluation import BadRow, read_row

    for path in files:
        name = path.name.split(".")[0]
        for number, line in enumerate(lines(path), 1):
            if line.strip():
                try:
                    yield read_row(line, name)
                except BadRow as error:
                    raise SettingsError(f"{path}, line {number}: the row {error}") from None


def lines(path: Path) -> Iterator[str]:
    """The lines of a file, unpacked, one at a time. Raises `SettingsError`."""
    with readable(path), _OPENERS.get(path.suffix, open)(path, "rb") as file:
        for number, line in enumerate(bounded(file), 1):
            if len(line) > LONGEST:
                raise SettingsError(f"{path}, line {number}: longer than {LONGEST} bytes; split it")
            try:
                # A mark at the start of a file is no part of its first row.
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise SettingsError(f"{path}, line {number}: is no UTF-8") from None


def bounded(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, none much longer than `LONGEST`."""
    while line := file.readline(LONGEST + 1):
        yield line


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say plainly what keeps a file from being read."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
        raise SettingsError(f"{path} is no whole {path.suffix} file; fetch it again") from None
    except OSError as error:
        raise SettingsError(f"can't read {path}: {error.strerror}") from None


def show(result: Evaluation) -> None:
    """The table for people: a share and its interval in each cell."""
    titles = ("source", "rows", "recall", "false alarms", "precision", "distress that fires")
    table = Columns(titles, right=frozenset((1,)))
    table.rows(
        [
            (
                name,
                str(found["rows"]),
                cell(found["recall"]),
                cell(found["false_alarms"]),
                cell(found["precision"]),
                cell(found["distress_fired"]),
            )
            for name, found in result.named()
        ]
    )


def cell(found: dict[str, Any]) -> str:
    """`12/20 0.600 (0.387-0.781)`, or a dash where there was nothing."""
    if not found["of"]:
        return "-"
    span = f"({found['low']:.4f}-{found['high']:.4f})"
    return f"{found['hits']}/{found['of']} {found['share']:.4f} {span}"
