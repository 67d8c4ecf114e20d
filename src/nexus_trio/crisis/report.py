"""The counts of a period, as a law asks for them (California SB 243, section 22603). Pure.

It is made from the ledger alone, which holds no text and no user: so neither can
be in a report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple


class Row(NamedTuple):
    """One count of the ledger."""

    day: date
    level: str
    action: str
    number: int
    jurisdiction: str
    lexicon: str


ACTIONS: Final = ("detected", "issued", "delivered", "seen", "withheld")
LEVELS: Final = ("concern", "crisis", "imminent")

UNKNOWN: Final = "unknown"
"""Stands where the ledger does not say: what was counted by an early version."""


@dataclass(frozen=True)
class Report:
    """The counts from `since` to `until`, both included (days in UTC)."""

    since: date
    until: date
    rows: tuple[Row, ...]

    def total(self, action: str, **where: str) -> int:
        """How often `action` was counted, where the other fields are as given."""
        return sum(
            row.number
            for row in self.rows
            if row.action == action and all(getattr(row, n) == v for n, v in where.items())
        )

    def values(self, name: str) -> list[str]:
        """All values of a field that occur, sorted."""
        return sorted({str(getattr(row, name)) for row in self.rows})

    def document(self) -> dict[str, Any]:
        """The report as plain values, for programs."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "detections": {level: self.total("detected", level=level) for level in LEVELS},
            "referrals": {action: self.total(action) for action in ("issued", "delivered", "seen")},
            "withheld_replies": self.total("withheld"),
            "by_level": self._by("level", self._levels()),
            "by_jurisdiction": self._by("jurisdiction", self.values("jurisdiction")),
            "by_lexicon": self._by("lexicon", self.values("lexicon")),
            "by_month": self._months(),
        }

    def _by(self, name: str, values: Iterable[str]) -> dict[str, dict[str, int]]:
        return {
            value or UNKNOWN: {action: self.total(action, **{name: value}) for action in ACTIONS}
            for value in values
        }

    def _levels(self) -> tuple[str, ...]:
        """Those of a referral; and `none` where the AI's own words were all that was amiss."""
        return ("none", *LEVELS) if any(row.level == "none" for row in self.rows) else LEVELS

    def _months(self) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = {}
        for row in self.rows:
            found.setdefault(f"{row.day:%Y-%m}", Counter())[row.action] += row.number
        return {
            month: {action: counts[action] for action in ACTIONS}
            for month, counts in sorted(found.items())
        }

    def markdown(self) -> str:
        """The report for people."""
        document = self.document()
        referrals = document["referrals"]
        parts = [
            f"# Crisis referrals from {self.since} to {self.until}",
            f"Crisis referral notifications issued: **{referrals['issued']}**. Of these "
            f"{referrals['delivered']} were handed to their reader's connection or call, and "
            f"{referrals['seen']} were acknowledged by a reader's program.",
            "Days are days in UTC. The counts hold no names and no text, and none is ever taken "
            "back; users of the isolation experiment are not among them.",
            _table("level", document["by_level"]),
        ]
        for title, key in (
            ("Country of the call", "by_jurisdiction"),
            ("Month", "by_month"),
            ("Lexicon", "by_lexicon"),
        ):
            if document[key]:
                parts += [f"## {title}", _table(title.lower(), document[key])]
        parts.append(
            f"Replies whose rest was withheld, with guidance in its place: "
            f"{document['withheld_replies']}."
        )
        return "\n\n".join(parts) + "\n"


def _table(name: str, rows: dict[str, dict[str, int]]) -> str:
    head = f"| {name} | {' | '.join(ACTIONS)} |\n|---|{'---:|' * len(ACTIONS)}"
    lines = [
        f"| {value} | {' | '.join(f'{counts[action]:,}' for action in ACTIONS)} |"
        for value, counts in rows.items()
    ]
    return "\n".join([head, *lines])
