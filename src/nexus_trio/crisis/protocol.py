"""The crisis protocol as configured, in words: what is detected, when, what is shown. Pure.

Published because the law asks for it (California Business and Professions Code
22602(b)(2): the details of the protocol, on the operator's site). It is written
from the same values that the program runs on, so that it says what happens.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any, Final

from nexus_trio.crisis.disclosure import RULES, interval
from nexus_trio.crisis.guidance import (
    HELPLINES,
    Helplines,
    for_friend,
    guidance,
    instead,
)
from nexus_trio.crisis.screen import lexicon
from nexus_trio.crisis.version import LEXICON
from nexus_trio.crisis.watch import DECAY, FADE_TURNS, FIRES_AT


@dataclass(frozen=True, slots=True)
class Configured:
    """What an operator has set that the protocol speaks of; seconds end in `_s`."""

    locale: str
    crisis_patience_s: float
    jurisdictions: tuple[str, ...]
    minors: bool
    retention_days: int
    webhook: bool
    version: str
    lines: Helplines = HELPLINES


LEVELS: Final = (
    (
        "concern",
        "distress, hopelessness, being a burden, being trapped, with no wish to die said",
        "it counts towards the threshold",
    ),
    (
        "crisis",
        "a wish to be dead, thoughts of suicide, self-harm, asking for a method (C-SSRS 1 to 3)",
        "the notice is in the reply to this very message",
    ),
    (
        "imminent",
        "intent, a plan, means at hand, a time, an act under way, a goodbye (C-SSRS 4 and 5)",
        "the notice is in the reply to this very message, the emergency number first",
    ),
)


def markdown(configured: Configured) -> str:
    """The protocol as Markdown."""
    parts = [
        "# Crisis protocol",
        f"This is the protocol by which this server (nexus-trio {configured.version}, lexicon "
        f"{LEXICON}) answers whoever speaks of suicide or of hurting themselves. It is written "
        "from the running configuration. It is no clinical instrument and makes no claim of "
        "clinical validity: it misses what it has no words for.",
        *_detected(),
        *_shown(configured),
        *_lines(configured.lines),
        *_disclosed(configured),
        *_counted(configured),
        *_measured(),
    ]
    return "\n\n".join(parts) + "\n"


def _detected() -> list[str]:
    cues = sum(entry.kind == "cue" for entry in lexicon().book.entries.values())
    rows = [f"| `{level}` | {when} | {what} |" for level, when, what in LEVELS]
    return [
        "## What is detected, and when",
        "\n".join(["| level | when | what follows |", "|---|---|---|", *rows]),
        "Every message is screened before anything else happens to it: before limits, queues and "
        f"storage. The screen is a lexicon of {cues} entries, each of many phrases, with guards "
        "for negation, the past, other people, fiction and idiom. A guard lowers a level only "
        "where no other first-person words stand against it.",
        f"Distress adds up over a person's messages: the score is {DECAY} of what it was, plus 1 "
        f"for a message of `concern`, and at {FIRES_AT} it counts as `crisis`. So the third low "
        "message in a row brings the notice, and nothing explicit ever waits for a third. What "
        f"a session has reached sinks by one level after {FADE_TURNS} messages below it, never "
        "by time alone.",
        "The verdict on a message is made of that person's own words and of nothing else, is the "
        "same at any load, and is shown to nobody else.",
    ]


def _shown(configured: Configured) -> list[str]:
    locale = configured.locale
    lines = configured.lines
    country, home = lines.country_of(locale), lines.home(locale)
    notice = partial(guidance, default_country=home, lines=lines)
    friend = for_friend(locale, default_country=home, lines=lines)
    withheld = instead(locale, default_country=home, lines=lines)
    return [
        "## What is shown",
        "The notice comes first in the reply, before the first word of the AI, and by itself "
        f"where the AI fails or takes longer than {configured.crisis_patience_s:g} seconds. A "
        "message that can't be taken (limits, a full queue, a failing disk, a shutdown) is "
        "refused with the same help in the refusal. Over live connections a notice is sent again "
        "after every reconnect until it is acknowledged.",
        f"In {country}, where a call names no country of its own, the first notice reads:",
        _quoted(notice("crisis", locale).text),
        "At `imminent`:",
        _quoted(notice("imminent", locale).text),
        "A later one in the same session is shorter:",
        _quoted(notice("crisis", locale, 1).text),
        "Whoever worries about somebody else is told how to help them:",
        _quoted(friend.text),
        "What the AI writes is screened too, before anybody sees it. Where it names methods or "
        "encourages harm, the rest is withheld, and in its place stands:",
        _quoted(withheld.text),
    ]


def _lines(lines: Helplines) -> list[str]:
    rows = [
        f"| {row.country or 'everywhere'} | {row.name} | {row.contact} |"
        f" {row.verified_on or 'not yet'} |"
        for row in lines.rows
    ]
    head = ["| country | line | contact | seen on its own page |", "|---|---|---|---|"]
    return ["## The lines that are named", "\n".join([*head, *rows])]


def _disclosed(configured: Configured) -> list[str]:
    names = configured.jurisdictions
    every = interval(names, minors=configured.minors)
    head = "## That this is an AI"
    if every is None:
        return [head, "This server is configured to make no disclosure (`jurisdictions` is none)."]
    hours = every.total_seconds() / 3600
    laws = "; ".join(RULES[name].law for name in names)
    users = "minors" if configured.minors else "adults, or of unknown age"
    return [
        head,
        f"Users are told at the start that they talk with an AI and not with a person, and again "
        f"once {hours:g} {'hour has' if hours == 1 else 'hours have'} passed since they were last "
        f"told, over every connection, room and restart (users: {users}; kept: {laws}).",
    ]


def _counted(configured: Configured) -> list[str]:
    kept = (
        f"removed after {configured.retention_days} days"
        if configured.retention_days
        else "kept until it is erased"
    )
    told = (
        "The operator's own system is told at once of an `imminent` message, by a signed call "
        "that carries the session's opaque id and nothing of what was said."
        if configured.webhook
        else "No call goes out to anybody because of a message."
    )
    return [
        "## What is counted and kept",
        "By day, level, country and lexicon it is counted what was detected, and how many notices "
        "were issued, delivered and seen. These counts hold no text and no user and are never "
        f"taken back. What was said is {kept}. {told}",
    ]


def _measured() -> list[str]:
    found = measured()
    head = "## How it was measured"
    if not found:
        return [head, "This version has not been measured."]
    rows = [
        f"| {row['source']} | {_share(row.get('recall'))} | {_share(row.get('false_alarms'))} |"
        for row in found["row"]
    ]
    other = (
        ""
        if found["lexicon"] == LEXICON
        else (f" This server runs another one, {LEXICON}, which has not been measured.")
    )
    return [
        head,
        f"On {found['date']}, lexicon {found['lexicon']}, on {found['messages']:,} labelled "
        "messages; in brackets the 95 % interval (Wilson) and the number of messages. "
        f"{found['note']}{other}",
        "\n".join(
            ["| source | detected of `crisis` | false alarms of `benign` |", "|---|---|---|", *rows]
        ),
    ]


def measured() -> dict[str, Any]:
    """The figures of the last measurement; empty where there was none."""
    path = resources.files("nexus_trio.crisis") / "measured.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def _share(row: dict[str, Any] | None) -> str:
    if row is None:
        return "\u2013"
    share, low, high = (f"{100 * row[name]:.1f}" for name in ("share", "low", "high"))
    return f"{share} % ({low}\u2013{high}, n {row['n']:,})"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n"))
