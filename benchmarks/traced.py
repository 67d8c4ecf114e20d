"""A server in Python whose allocations are counted: how many bytes do its objects take?

    python benchmarks/traced.py FILE PROGRAM …

runs PROGRAM, a file or `-m MODULE`, with its arguments. From SIGUSR1 on what it
allocates is traced; at each SIGUSR2 FILE gets the bytes that are held of that.
Resident memory can't tell it: what a program has freed since its start is given
to its connections first, and seems to cost nothing. Tracing slows a server down,
and takes memory itself, so nothing else is measured of this process.
"""

from __future__ import annotations

import gc
import os
import runpy
import signal
import sys
import tracemalloc
from pathlib import Path


def begin(*_: object) -> None:
    """Trace from now on."""
    gc.collect()
    tracemalloc.start()


def tell(*_: object) -> None:
    """Write what is held; whole or not at all, for whoever waits for it."""
    gc.collect()
    part = REPORT.with_suffix(".part")
    part.write_text(str(tracemalloc.get_traced_memory()[0]), encoding="ascii")
    os.replace(part, REPORT)


if __name__ == "__main__":
    REPORT = Path(sys.argv[1])
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, tell)
    if sys.argv[2] == "-m":
        sys.argv = sys.argv[3:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[2:]
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        runpy.run_path(sys.argv[0], run_name="__main__")
