"""What does screening a message cost, and can words be found that make it slow?

Measures processor time of `screen` on messages of about 200 characters (plain
talk, and words of distress), beside a plain list of 21 keywords on the same
texts. Then it looks for slow texts of 64 KB: families that are slow by design, and
words of the lexicon, changed step by step towards what costs more.

    python benchmarks/crisis.py --json crisis.json
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from statistics import median
from time import process_time

from nexus_trio.crisis import screen
from nexus_trio.crisis.phrasebook import load
from nexus_trio.crisis.screen import lexicon
from nexus_trio.experiment.environment import environment

SIZE = 200
HOSTILE = 64 * 1024
ROUNDS = 5
SEED = 1

KEYWORDS = (
    *("suicide", "suicidal", "kill myself", "end my life", "want to die", "better off dead"),
    *("self harm", "self-harm", "hurt myself", "cut myself", "no reason to live", "end it all"),
    *("take my life", "hopeless", "worthless", "can't go on", "give up", "overdose"),
    *("goodbye forever", "not worth living", "wish i was dead"),
)

DISTRESS = (
    "I don't know where to begin. Work has been bad since spring and I can't sleep. ",
    "Some days I feel like a burden to everyone, and I don't see the point any more. ",
    "My sister says that it will pass. I keep thinking about dying, and I don't tell her. ",
    "I just want it to stop. I want to go to sleep and never wake up. ",
    "He told me to kill myself, and I laughed, and then I cried all night. ",
)


def naive(text: str) -> bool:
    """The peer: whether one of the keywords stands in the text."""
    low = text.lower()
    return any(word in low for word in KEYWORDS)


def plain_talk() -> list[str]:
    """The personas' lines, cut into messages of about the size."""
    text = (resources.files("nexus_trio") / "world" / "default.toml").read_text("utf-8")
    rooms = tomllib.loads(text)["rooms"].values()
    topics = [lines for room in rooms for lines in room["persona"]["lines"].values()]
    return messages([f"{line} " for lines in topics for line in lines])


def messages(lines: list[str]) -> list[str]:
    """Lines put together, in any order, until each message is about as long as it should be."""
    draw = random.Random(SEED)
    made = []
    for _ in range(200):
        text = ""
        while len(text) < SIZE:
            text += draw.choice(lines)
        made.append(text[:SIZE])
    return made


def cost(judge: Callable[[str], object], text: str) -> float:
    """Microseconds, the least of the rounds: what disturbed the others is no cost of it."""
    least = float("inf")
    for _ in range(ROUNDS):
        began = process_time()
        judge(text)
        least = min(least, process_time() - began)
    return least * 1e6


def families(words: list[str], draw: random.Random) -> Iterator[tuple[str, str]]:
    """Texts that are slow by design, by name."""
    yield "one phrase", "i want to die "
    yield "one phrase, cut into clauses", "i want to die, "
    yield "guards", "he told me that i should not want to kill myself "
    yield "begun phrases", "i want to "
    yield "gaps", "i a b c want a die "
    yield "letters apart", "k i l l m y s e l f "
    yield "glued", "iwanttodie"
    yield "look-alikes", "w\u0430nt t\u043e d\u0456\u0435 "
    yield "marks", "d\u0301\u0316i\u0301\u0316e\u0301\u0316 "
    yield "one sign for eighteen", "\ufdfa"
    yield "digits for letters", "k1ll my53lf "
    yield "numbers", "7 days left until i die "
    yield "words of the lexicon", " ".join(draw.choice(words) for _ in range(9000))
    yield "other letters", "\U0001d400\u24d0\uff41\u0430 "


def search(words: list[str], draw: random.Random, steps: int) -> tuple[str, float]:
    """The slowest short piece that changing one word at a time came to, and its cost."""
    piece = [draw.choice(words) for _ in range(8)]
    slowest = cost(screen, filled(" ".join(piece) + " "))
    for _ in range(steps):
        changed = list(piece)
        changed[draw.randrange(len(changed))] = draw.choice([*words, ",", "."])
        taken = cost(screen, filled(" ".join(changed) + " "))
        if taken > slowest:
            piece, slowest = changed, taken
    return " ".join(piece), slowest


def filled(piece: str) -> str:
    """A piece, again and again, up to the hostile size."""
    return (piece * (HOSTILE // len(piece) + 1))[:HOSTILE]


def main() -> None:
    """Measure, print, and write the file that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--search", type=int, default=150, help="steps of each search")
    asked = parser.parse_args()
    began = process_time()
    load()
    found: dict[str, float] = {"lexicon_ms": round((process_time() - began) * 1e3, 1)}
    for name, texts in (("plain", plain_talk()), ("distress", messages(list(DISTRESS)))):
        found[f"{name}_us"] = round(median(cost(screen, text) for text in texts), 1)
        found[f"{name}_keywords_us"] = round(median(cost(naive, text) for text in texts), 1)
    draw = random.Random(SEED)
    words = sorted(
        w
        for w in {*lexicon().book.cues, *lexicon().book.guards, *lexicon().book.anchors}
        if re.fullmatch(r"\w+", w)
    )
    hostile = {n: round(cost(screen, filled(p)) / 1e3, 2) for n, p in families(words, draw)}
    for number in range(1, 4):
        piece, slowest = search(words, draw, asked.search)
        hostile[f"found by search {number}: {piece}"] = round(slowest / 1e3, 2)
    found["hostile_ms"] = max(hostile.values())
    for key, value in found.items():
        print(f"{key:28} {value}")
    for name, value in sorted(hostile.items(), key=lambda pair: -pair[1]):
        print(f"  {value:7.2f} ms  {name}")
    if asked.json is not None:
        report = {"environment": environment("", {}, None), **found, "hostile": hostile}
        asked.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
