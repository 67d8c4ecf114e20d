"""What Linux knows of a server's process: memory, processor time, files that it may open."""

from __future__ import annotations

import os
import resource
from pathlib import Path


def resident(pid: int) -> int:
    """The resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def anonymous(pid: int) -> int:
    """The resident memory of a process in bytes that no file stands behind.

    Pages of programs and libraries come and go as the kernel likes; these are the
    process's own.
    """
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("This kernel does not tell a process's own memory (RssAnon, Linux 4.5).")


def processor_s(pid: int) -> float:
    """Seconds of processor time that the living threads of a process have had.

    From schedstat, which counts nanoseconds: the ticks of `stat` are too coarse for one round.
    """
    nanoseconds = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            nanoseconds += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has just ended
    return nanoseconds / 1e9


def allow_files(most: int) -> int:
    """Let this process and the servers that it starts open `most` files, or as many as it may.

    Returns how many that is.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return most
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
