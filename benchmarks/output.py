"""What does screening a reply cost, per word?

Measures processor time of `OutputScreen` on plain talk (the lines of the default
world) and on words that begin phrases all the time, whole and in pieces of a
few characters, what a glance at a whole reply costs instead (`crisis.glance`), and
what reading the lexicon costs at the start.

    python benchmarks/output.py --json output.json
"""

from __future__ import annotations

import argparse
import json
import tomllib
from importlib import resources
from pathlib import Path
from statistics import median
from time import process_time

from nexus_trio.crisis.glance import harmless
from nexus_trio.crisis.output import OutputScreen
from nexus_trio.crisis.phrasebook import load_output
from nexus_trio.experiment.environment import environment

ROUNDS = 7
HOSTILE = "you should take two no one would you could the best it will be here is how two "


def plain_lines() -> list[str]:
    """The personas' lines."""
    text = (resources.files("nexus_trio") / "world" / "default.toml").read_text("utf-8")
    rooms = tomllib.loads(text)["rooms"].values()
    topics = [lines for room in rooms for lines in room["persona"]["lines"].values()]
    return [line for lines in topics for line in lines]


def per_word(text: str, step: int) -> float:
    """Microseconds a word, the median of the rounds."""
    words, taken = len(text.split()), []
    for _ in range(ROUNDS):
        screen, began = OutputScreen(), process_time()
        for at in range(0, len(text), step):
            screen.feed(text[at : at + step])
        screen.finish()
        taken.append((process_time() - began) / words * 1e6)
        if screen.withheld:
            raise SystemExit(f"the text was withheld ({screen.withheld}): nothing was measured")
    return round(median(taken), 2)


def at_a_glance(replies: list[str]) -> float:
    """Microseconds a word, the median of the rounds."""
    words, taken = sum(len(reply.split()) for reply in replies), []
    for _ in range(ROUNDS):
        began = process_time()
        for reply in replies:
            harmless(reply)
        taken.append((process_time() - began) / words * 1e6)
    return round(median(taken), 2)


def main() -> None:
    """Measure, print, and write the file that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    to = parser.parse_args().json
    began = process_time()
    load_output()
    found: dict[str, float] = {"lexicon_ms": round((process_time() - began) * 1e3, 1)}
    lines = plain_lines()
    found["glance_us_per_word"] = at_a_glance(lines)
    for name, text in (("plain", " ".join(lines)), ("hostile", HOSTILE * 500)):
        for pieces, step in (("whole", len(text)), ("pieces", 5)):
            found[f"{name}_{pieces}_us_per_word"] = per_word(text, step)
    for key, value in found.items():
        print(f"{key:28} {value}")
    if to is not None:
        to.write_text(json.dumps({"environment": environment("", {}, None), **found}, indent=2))


if __name__ == "__main__":
    main()
