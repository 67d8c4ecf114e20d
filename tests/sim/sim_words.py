"""What users say in a simulation: each message has a canary, a level, and how it is answered.

A canary names its user, whether it is private (`p`) or said aloud (`a`), and a number.
"""

from __future__ import annotations

import re

USERS = ("ada", "bob", "cyd")
ROOMS = ("Tower", "Garden")
CANARY = re.compile(r"zq(ada|bob|cyd)([pa])([0-9]+)q")
MODE = re.compile(r"\((ready|stream|slow|hang|fail|crash)\)")

WORDS = {
    "none": "the sky is grey today",
    "concern": "everything feels pointless",
    "crisis": "I want to die",
}
HELP = "988 Suicide"
"""Stands in every crisis notice of the default locale, and in nothing else that is said here."""


def canary(user: str, number: int, *, aloud: bool = False) -> str:
    return f"zq{user}{'a' if aloud else 'p'}{number}q"


def message(user: str, number: int, level: str, mode: str) -> str:
    return f"{WORDS[level]} {canary(user, number)} ({mode})"


def foreign(text: str, user: str, kinds: str = "p") -> list[str]:
    """Others' canaries of these kinds in the text."""
    return [m[0] for m in CANARY.finditer(text) if m[1] != user and m[2] in kinds]


def canaries(text: str) -> list[str]:
    return [found[0] for found in CANARY.finditer(text)]


def mode_of(text: str) -> str:
    found = MODE.search(text)
    return found[1] if found else "ready"
