"""A copy of the program with one defect put in on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import nexus_trio

# The store says "stored" once the append is in its queue.
EARLY = (
    "store/writer.py",
    "        self._wake.set()\n        try:\n",
    "        self._wake.set()\n        return None\n        try:\n",
)


def make(folder: Path, file: str, good: str, bad: str) -> Path:
    """The folder to put first on the path; fails where the source is not as expected."""
    shutil.copytree(Path(nexus_trio.__file__).parent, folder / "nexus_trio")
    path = folder / "nexus_trio" / file
    source = path.read_text("utf-8")
    assert source.count(good) == 1, f"{file} has changed: the mutant must be written anew"
    path.write_text(source.replace(good, bad), "utf-8")
    return folder
