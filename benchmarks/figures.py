"""Figures with their spread, and the reports that the plot is made from."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from nexus_trio.experiment.environment import environment


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the lowest and the highest round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:,.2f} ({self.low:,.2f}-{self.high:,.2f})"


def spread(values: Sequence[float]) -> Spread:
    """The spread of one or more values."""
    return Spread(round(median(values), 4), round(min(values), 4), round(max(values), 4))


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """One series over another, round by round."""
    return spread([one / other for one, other in zip(above, below, strict=True)])


def text(value: dict[str, float]) -> str:
    """A spread that has been through JSON."""
    return str(Spread(**value))


def in_turns(names: Sequence[str], rounds: int) -> list[str]:
    """Every name once per round, each round beginning with another one: A B C, B C A, …"""
    found: list[str] = []
    for number in range(rounds):
        at = number % len(names)
        found += [*names[at:], *names[:at]]
    return found


def facts(durability: str, *without: str) -> dict[str, Any]:
    """The machine, the versions, and how busy the machine is; some facts may be left out."""
    found: dict[str, Any] = dict(environment("", {}, durability))
    for key in ("endpoint", "server_version", *without):
        del found[key]
    return {**found, "load_average": [round(each, 2) for each in os.getloadavg()]}


def save(file: Path | None, report: dict[str, Any]) -> None:
    """Write a report as JSON, where a file was asked for."""
    if file is not None:
        file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
