"""From a verdict to what the user is shown: the watch folded, the words chosen.

Synchronous: the level of a message is decided before anything awaits, so that
neither load nor a failing part can change it (I23).
"""

from __future__ import annotations

from datetime import datetime

from nexus_trio import crisis
from nexus_trio.crisis.disclosure import due, interval, jurisdictions, words
from nexus_trio.crisis.guidance import Guidance, country_of, for_friend, guidance
from nexus_trio.crisis.protocol import Configured
from nexus_trio.crisis.watch import Watch, fold
from nexus_trio.model.envelope import DISCLOSURE, NO_CRISIS, CrisisView, Notice, Resource
from nexus_trio.settings import Settings


def assess(watch: Watch, verdict: crisis.Verdict, locale: str) -> tuple[Watch, CrisisView]:
    """The watch after this message, and what its reply says of it."""
    folded, assessment = fold(watch, verdict)
    if assessment.level == "none":
        return folded, NO_CRISIS
    country = country_of(locale)
    if not assessment.detected:
        return folded, CrisisView(assessment.level, False, assessment.turns, country=country)
    found = guidance(assessment.level, locale, assessment.repeat)
    return folded, CrisisView(
        assessment.level, True, assessment.turns, found.text, _resources(found), country
    )


def help_for(watch: Watch | None, verdict: crisis.Verdict, locale: str) -> CrisisView | None:
    """What a refusal must carry: as `assess`, with nothing folded; None for nothing."""
    view = assess(watch or Watch(), verdict, locale)[1]
    return None if view.level == "none" else view


def notices(verdict: crisis.Verdict, view: CrisisView, locale: str) -> tuple[Notice, ...]:
    """Further words for the reply: how to help a friend, where the worry is about another."""
    if verdict.about_other and not view.detected:
        return (Notice("friend", for_friend(locale).text),)
    return ()


def disclosure(settings: Settings, last: datetime | None, now: datetime) -> tuple[Notice, ...]:
    """That this is an AI, where it is to be said now; it was said before at `last`."""
    minors = settings.minors == "yes"
    every = interval(jurisdictions(settings.jurisdictions), minors=minors)
    kind = due(every, last, now)
    return () if kind is None else (Notice(DISCLOSURE, words(kind, minors=minors)),)


def configured(settings: Settings, version: str) -> Configured:
    """What the published protocol says of these settings."""
    return Configured(
        settings.locale,
        settings.crisis_patience_s,
        jurisdictions(settings.jurisdictions),
        settings.minors == "yes",
        settings.retention_days,
        bool(settings.crisis_webhook_url),
        version,
    )


def _resources(found: Guidance) -> tuple[Resource, ...]:
    return tuple(Resource(r.name, r.contact, r.url, r.country) for r in found.resources)
