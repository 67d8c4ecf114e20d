"""A failure as a small file, and the command that replays it.

    python -m nexus_trio.testing.replay FILE

The file says which program with which arguments, the schedule as segments, and under
which versions it was found. It holds nothing of the process that found it, so it replays in
any other, whatever `PYTHONHASHSEED` is there.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import trio

from nexus_trio import __version__
from nexus_trio.testing.play import Run, Script, Unplayable, play
from nexus_trio.testing.program import Named
from nexus_trio.testing.segments import Segment, shown
from nexus_trio.testing.shrink import kind

FORMAT: Final = 1


class Unreadable(ValueError):
    """The file is no saved failure, or not one that this version can read."""


class OtherVersions(RuntimeError):
    """The failure was found under other versions, where the same schedule is another one."""


def versions() -> dict[str, str]:
    """Those that a schedule depends on: of Python the minor one, of the others the whole."""
    major, minor, _ = platform.python_version_tuple()
    return {
        "python": f"{major}.{minor}",
        "trio": trio.__version__,
        "nexus_trio": __version__,
    }


@dataclass
class Saved:
    """A failure that can be played again. `found_by` is for people: strategy, seed, runs."""

    program: Named
    segments: list[Segment]
    digest: str
    kind: str
    error: str
    found_by: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)

    def write(self, folder: Path) -> Path:
        """Write it into the folder, which is made where it is missing; returns the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        function = self.program.name.rpartition(":")[2]
        path = folder / f"{function}-{self.digest}.json"
        path.write_text(self.to_json() + "\n", encoding="utf-8")
        return path

    def to_json(self) -> str:
        """The file's text."""
        whole = {
            "format": FORMAT,
            "program": self.program.name,
            "arguments": self.program.arguments,
            "segments": self.segments,
            "digest": self.digest,
            "kind": self.kind,
            "error": self.error,
            "found_by": self.found_by,
            "versions": self.versions,
        }
        return json.dumps(whole, indent=1, ensure_ascii=False)

    def play(self, *, any_version: bool = False) -> Run:
        """Play it, exactly. Raises `OtherVersions` unless told, `Unplayable`, `LookupError`."""
        if not any_version and self.versions != versions():
            raise OtherVersions(
                f"found under {_listed(self.versions)}; here is {_listed(versions())}: the same "
                "schedule may be another one. Install those, or play it all the same with "
                "--any-version"
            )
        self.program.function()  # whether it is there at all, before a run says so
        return play(self.program, Script(self.segments, strict=not any_version))


def save(program: Named, run: Run, **found_by: Any) -> Saved:
    """The failure of that run, ready to be written. Raises `ValueError` where it is none."""
    if run.error is None:
        raise ValueError("this run found nothing wrong: there is nothing to save")
    error = f"{type(run.error).__name__}: {run.error}"
    return Saved(program, run.segments, run.digest, kind(run.error), error, found_by)


def read(path: Path) -> Saved:
    """The failure in that file. Raises `Unreadable`."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        if whole["format"] != FORMAT:
            raise Unreadable(f"{path} has format {whole['format']}; this reads {FORMAT}")
        return Saved(
            Named(str(whole["program"]), dict(whole["arguments"])),
            [(str(who), int(count)) for who, count in whole["segments"]],
            str(whole["digest"]),
            str(whole["kind"]),
            str(whole["error"]),
            dict(whole["found_by"]),
            dict(whole["versions"]),
        )
    except OSError as error:
        raise Unreadable(f"can't read {path}: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise Unreadable(f"{path} is no saved failure: {error!r}") from None


def command(path: Path) -> str:
    """What to type to see it again."""
    return f"python -m nexus_trio.testing.replay {shlex.quote(str(path))}"


def _listed(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _report(saved: Saved, run: Run) -> int:
    print(f"{saved.program.name} {json.dumps(saved.program.arguments, ensure_ascii=False)}")
    print(f"  {shown(saved.segments)}")
    if run.error is None:
        print(f"holds now: {run.choices} choices, and nothing was wrong; saved was {saved.error}")
        return 0
    same = (run.digest, kind(run.error)) == (saved.digest, saved.kind)
    print("fails as saved:" if same else f"fails in another way than saved ({saved.error}):")
    traceback.print_exception(run.error, file=sys.stdout)
    return 1


def main(arguments: list[str] | None = None) -> int:
    """The command. Exits 1 where it fails, 0 where it holds now, 2 where it can't be played."""
    parser = argparse.ArgumentParser("python -m nexus_trio.testing.replay", description=__doc__)
    parser.add_argument("file", type=Path, help="a saved failure")
    parser.add_argument(
        "--any-version", action="store_true", help="play it under other versions too, leniently"
    )
    given = parser.parse_args(arguments)
    try:
        saved = read(given.file)
        run = saved.play(any_version=given.any_version)
        if isinstance(run.error, Unplayable):
            raise run.error
    except (Unreadable, OtherVersions, LookupError) as error:
        print(f"can't replay: {error.args[0]}", file=sys.stderr)
        return 2
    return _report(saved, run)


if __name__ == "__main__":
    sys.exit(main())
