"""How well the screen does on labelled messages: rows, counts, and their intervals. Pure.

A row is one message (`text`) or a dialogue (`turns`, in order). A turn is a
string, what the person said, or an object with a `role` and a `text`: those of
the other side (`OTHERS`) are passed over. A row counts as detected when a turn of
it reaches `crisis`. The turns of a dialogue are folded into the watch of one
session (`watch.py`), as a server does, so that three turns of low distress
count, too.

| label | counts as |
|---|---|
| `crisis` | found, or missed: the recall |
| `benign` | quiet, or a false alarm |
| `distress` | apart from both: how much of it fires |

Precision is of what fires among `crisis` and `benign`, in the shares that the
rows have: it says nothing of how rare a crisis is elsewhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast

from nexus_trio.crisis.levels import LEVELS, RANK, Level, highest
from nexus_trio.crisis.screen import Verdict, screen
from nexus_trio.crisis.watch import Assessment, Watch, fold

Label: TypeAlias = Literal["crisis", "distress", "benign"]

LABELS: Final[tuple[Label, ...]] = ("crisis", "distress", "benign")

DIALOGUES: Final = ("turns", "messages", "dialogue")
"""What a row may call its dialogue; the first is the one to write."""

ROLES: Final = ("role", "speaker", "from", "author")
WORDS: Final = ("text", "content", "utterance", "value")
"""What a turn may call who spoke, and what: data sets differ; the first is the one to write."""

OTHERS: Final = frozenset(
    (
        *("assistant", "ai", "bot", "chatbot", "model", "gpt", "agent", "system", "developer"),
        *("counsellor", "counselor", "therapist", "psychologist", "doctor", "clinician", "nurse"),
        *("supporter", "listener", "helper", "interviewer", "operator", "volunteer", "tool"),
    )
)
"""Whose turns are not the person's. Any other role is: rather one too many is screened."""

Z: Final = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""


class BadRow(ValueError):
    """A line is no row. The message says what is wrong with it, without its text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled message or dialogue. `whole`: it came as `turns`."""

    id: str
    source: str
    label: Label
    turns: tuple[str, ...] = field(repr=False)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row came to. `turn`: the first one that reached `crisis`, from 1; 0 if none did.

    `because` is that turn's, or what stood at the highest turn where none did.
    """

    level: Level
    turn: int
    because: tuple[str, ...]

    @property
    def detected(self) -> bool:
        """Whether a turn reached `crisis`."""
        return self.turn > 0


def read_row(line: str, source: str) -> Row:
    """The row on a line of JSON; `source` where it names none. Raises `BadRow`."""
    try:
        value = json.loads(line)
    except RecursionError:
        raise BadRow("is nested too deep") from None
    except ValueError:
        raise BadRow("is no JSON") from None
    if not isinstance(value, dict):
        raise BadRow("is no JSON object")
    name, label = value.get("id"), value.get("label")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str):
        raise BadRow('has no "id", which must be a string')
    if label not in LABELS:
        raise BadRow('needs a "label" that is "crisis", "distress" or "benign"')
    origin = value.get("source", source)
    if not isinstance(origin, str):
        raise BadRow('has a "source" that is no string')
    return Row(name, origin, cast(Label, label), _turns(value), "text" not in value)


def _turns(value: dict[str, Any]) -> tuple[str, ...]:
    named = [name for name in ("text", *DIALOGUES) if name in value]
    if len(named) != 1:
        raise BadRow('needs either a "text" or "turns"')
    turns = [value["text"]] if named == ["text"] else value[named[0]]
    if not isinstance(turns, list):
        raise BadRow('has "turns" that are no list')
    found = (_said(turn) for turn in turns)
    return tuple(words for words in found if words is not None)


def _said(turn: object) -> str | None:
    """The person's words in one turn; None where the other side has it. Raises `BadRow`."""
    if isinstance(turn, str):
        return turn
    if isinstance(turn, dict):
        who = next((turn[name] for name in ROLES if name in turn), None)
        words = next((turn[name] for name in WORDS if name in turn), None)
        if isinstance(who, str) and isinstance(words, str):
            return None if who.strip().lower() in OTHERS else words
    raise BadRow('has a "text" that is no string, or a turn without a "role" and a "text"')


def judge(row: Row) -> Outcome:
    """Screen each turn, folding one session's watch over them."""
    watch = Watch()
    told: list[tuple[Assessment, Verdict]] = []
    for text in row.turns:
        verdict = screen(text)
        watch, assessment = fold(watch, verdict)
        told.append((assessment, verdict))
    level = highest(*(assessment.level for assessment, _ in told))
    first = next((n for n, (assessment, _) in enumerate(told, 1) if assessment.detected), 0)
    gravest = max(told, key=lambda pair: RANK[pair[0].level], default=None)
    shown = told[first - 1] if first else gravest
    return Outcome(level, first, shown[1].because if shown else ())


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score); the whole range where there is nothing."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, Z * Z
    middle = share + z2 / (2 * of)
    reach = Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    scale = 1 + z2 / of
    # At the ends the interval holds the share itself; only rounding says otherwise.
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return (0.0 if hits == 0 else low), (1.0 if hits == of else high)


def share(hits: int, of: int) -> dict[str, float | int | None]:
    """A share as it is reported: how many, of how many, and its interval."""
    low, high = wilson(hits, of)
    value = round(hits / of, 4) if of else None
    return {"hits": hits, "of": of, "share": value, "low": round(low, 4), "high": round(high, 4)}


@dataclass(slots=True)
class Tally:
    """The counts of one source, or of all: rows and detections by label, and levels."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LABELS, 0))
    fired: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LABELS, 0))
    levels: dict[str, dict[str, int]] = field(
        default_factory=lambda: {label: dict.fromkeys(LEVELS, 0) for label in LABELS}
    )

    def count(self, row: Row, outcome: Outcome) -> None:
        """Count one more row."""
        self.rows[row.label] += 1
        self.fired[row.label] += outcome.detected
        self.levels[row.label][outcome.level] += 1

    def report(self) -> dict[str, Any]:
        """Recall, false alarms, precision, and the distress that fires, with their intervals."""
        found, false = self.fired["crisis"], self.fired["benign"]
        return {
            "rows": sum(self.rows.values()),
            "recall": share(found, self.rows["crisis"]),
            "false_alarms": share(false, self.rows["benign"]),
            "precision": share(found, found + false),
            "distress_fired": share(self.fired["distress"], self.rows["distress"]),
            "levels": {label: dict(counts) for label, counts in self.levels.items()},
        }


@dataclass(slots=True)
class Evaluation:
    """The tallies of all sources, and of all in all."""

    total: Tally = field(default_factory=Tally)
    sources: dict[str, Tally] = field(default_factory=dict)

    def add(self, row: Row) -> dict[str, Any] | None:
        """Judge and count a row; what to write of it where it was got wrong, else None."""
        outcome = judge(row)
        for tally in (self.total, self.sources.setdefault(row.source, Tally())):
            tally.count(row, outcome)
        return mistake(row, outcome)

    def report(self) -> dict[str, Any]:
        """Everything counted, as JSON values."""
        named = sorted(self.sources.items())
        return {
            "interval": "Wilson, 95 %",
            "all": self.total.report(),
            "sources": {name: tally.report() for name, tally in named},
        }

    def named(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The report of each source by name, then of `all`."""
        for name, tally in sorted(self.sources.items()):
            yield name, tally.report()
        yield "all", self.total.report()


def mistake(row: Row, outcome: Outcome) -> dict[str, Any] | None:
    """A miss or a false alarm, with the row's own words; None for any other row."""
    if row.label == "distress" or outcome.detected == (row.label == "crisis"):
        return None
    words: dict[str, Any] = {"turns": list(row.turns)} if row.whole else {"text": row.turns[0]}
    return {
        "id": row.id,
        "source": row.source,
        "label": row.label,
        "error": "miss" if row.label == "crisis" else "false_alarm",
        "level": outcome.level,
        "turn": outcome.turn or None,
        "because": list(outcome.because),
        **words,
    }
