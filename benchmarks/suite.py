"""Every benchmark, one after another, then one table of ratios and the plot.

    python benchmarks/suite.py --quick --into bench-results --only turns,ws

Each writes its JSON into the folder. One that fails or takes far too long is named
at the end, and the rest is measured all the same; the exit status tells. In full it
takes some ten minutes on two quiet cores; `--quick` takes three, and shows that all
runs and the rough size of things. `--only` chooses, and keeps the other figures.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SOCKET_IO = HERE / "peers" / "socketio"

# No benchmark takes so long, on whatever machine: one that does hangs.
LONGEST_S = 900


@dataclass(frozen=True, slots=True)
class Step:
    """One benchmark: its script, its options, those of a quick look, what it may exit with."""

    name: str
    command: str
    quick: str = ""
    success: tuple[int, ...] = (0,)


STEPS = (
    Step("turns", "turns.py --seconds 0.6", "--rounds 2 --seconds 0.3"),
    Step("ws", "ws.py --seconds 0.6", "--rounds 1 --seconds 0.3"),
    Step("rooms", "rooms.py", "--rounds 1 --seconds 0.3"),
    Step("idle_connections", "idle_connections.py", "--connections 1000 --traced 300"),
    Step(
        "sessions",
        "turns.py --sessions 5,5000 --rounds 3",
        "--sessions 5,500 --rounds 1 --seconds 0.3",
    ),
    Step("stages", "stages.py --seconds 1", "--turns 300 --seconds 0.3"),
    # In memory: what is measured is the actor, and 10,000 of them take a minute less to open.
    Step("idle_sessions", "idle_sessions.py --durability memory", "--sessions 1000"),
    Step("store", "store.py --large --many --seconds 3", ""),
    Step("output", "output.py"),
    Step("crisis", "crisis.py", "--search 10"),
    Step("notices", "notices.py", "--samples 20"),
    # Exits 1 where a noisy machine shows nothing: the figures are printed all the same.
    Step("screening", "screening.py", "--pairs 600", success=(0, 1)),
    Step("stream", "stream.py --seconds 4 --rounds 2", "--rounds 1 --seconds 2"),
    Step("slow_consumer", "slow_consumer.py --rounds 3", "--rounds 1 --seconds 1"),
)

# What the plot is made from: without any of them there is none.
DRAWN = ("turns", "ws", "idle_connections")

# What a quick look leaves out: options that make the full one long.
NOT_QUICK = {"--large", "--many"}


def prepare() -> None:
    """Installs Socket.IO beside its peer where Node.js is here; without it, it is left out."""
    if (SOCKET_IO / "node_modules").is_dir() or shutil.which("npm") is None:
        return
    command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(command, cwd=SOCKET_IO, check=False).returncode:
        print("npm could not install Socket.IO; it is left out.", flush=True)


def run(step: Step, quick: bool, folder: Path) -> str | None:
    """One benchmark; what went wrong, or None."""
    words = step.command.split()
    if quick:
        words = [word for word in words if word not in NOT_QUICK] + step.quick.split()
    report = folder / f"{step.name}.json"
    report.unlink(missing_ok=True)
    print(f"== {step.name}: benchmarks/{' '.join(words)}", flush=True)
    began = time.perf_counter()
    command = [sys.executable, str(HERE / words[0]), *words[1:], "--json", str(report)]
    with subprocess.Popen(command, process_group=0) as process:
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # with the servers that it started
            return f"took longer than {LONGEST_S} s"
        except BaseException:
            os.killpg(process.pid, 15)
            raise
    print(f"   {time.perf_counter() - began:.0f} s\n", flush=True)
    return None if code in step.success else f"exited with {code}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Every benchmark, a table and the plot.")
    parser.add_argument("--quick", action="store_true", help="short rounds, and fewer of them")
    parser.add_argument("--only", default="", help="some of: " + ",".join(s.name for s in STEPS))
    parser.add_argument("--into", type=Path, default=Path("bench-results"), metavar="FOLDER")
    given = parser.parse_args()
    only = set(filter(None, given.only.split(",")))
    if unknown := only - {step.name for step in STEPS}:
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}.")
    given.into.mkdir(parents=True, exist_ok=True)
    prepare()
    began = time.perf_counter()
    wrong = {}
    for step in STEPS:
        if not only or step.name in only:
            reason = run(step, given.quick, given.into)
            if reason is not None:
                wrong[step.name] = reason
    if any((given.into / f"{name}.json").exists() for name in DRAWN):
        plot = [sys.executable, str(HERE / "plot.py"), str(given.into), "--into", str(given.into)]
        if subprocess.run(plot, check=False).returncode:
            wrong["plot"] = "the table or the plot could not be made"
    print(f"{(time.perf_counter() - began) / 60:.1f} minutes in all")
    for name, reason in wrong.items():
        print(f"{name}: {reason}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
