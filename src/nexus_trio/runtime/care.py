"""From a verdict to what the user is shown: the watch folded, the words chosen.

Synchronous: the level of a message is decided before anything awaits, so that
neither load nor a failing part can change it (I23).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from nexus_trio import crisis
from nexus_trio.crisis.disclosure import due, interval, jurisdictions, words
from nexus_trio.crisis.guidance import (
    HELPLINES,
    Guidance,
    Helplines,
    for_friend,
    guidance,
    instead,
)
from nexus_trio.crisis.protocol import Configured
from nexus_trio.crisis.screen import lexicon
from nexus_trio.crisis.watch import Watch, fold
from nexus_trio.errors import SettingsError
from nexus_trio.model.envelope import DISCLOSURE, NO_CRISIS, CrisisView, Notice, Resource
from nexus_trio.settings import Settings


class Care:
    """What these settings make of verdicts. One for all sessions; it keeps nothing of any.

    A `locale` of None, or one that names no country, is that of the settings.
    Raises `SettingsError` where the operator's file of lines can't be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        lexicon()  # now, and not when the first message comes
        self._lines = _lines(settings)
        self._country = self._lines.home(settings.locale)
        self._minors = settings.minors == "yes"
        self._every = interval(jurisdictions(settings.jurisdictions), minors=self._minors)

    def country(self, locale: str | None) -> str:
        """The country of a call, ISO 3166."""
        return self._lines.country_of(locale or self._settings.locale, self._country)

    def assess(
        self, watch: Watch, verdict: crisis.Verdict, locale: str | None
    ) -> tuple[Watch, CrisisView]:
        """The watch after this message, and what its reply says of it."""
        folded, found = fold(watch, verdict)
        if found.level == "none":
            return folded, NO_CRISIS
        country = self.country(locale)
        if not found.detected:
            return folded, CrisisView(found.level, False, found.turns, country=country)
        shown = guidance(
            found.level,
            locale or self._settings.locale,
            found.repeat,
            default_country=self._country,
            lines=self._lines,
        )
        lines = _resources(shown)
        return folded, CrisisView(found.level, True, found.turns, shown.text, lines, country)

    def help_for(
        self, watch: Watch | None, verdict: crisis.Verdict, locale: str | None
    ) -> CrisisView | None:
        """What a refusal must carry: as `assess`, with nothing folded; None for nothing."""
        view = self.assess(watch or Watch(), verdict, locale)[1]
        return None if view.level == "none" else view

    def notices(
        self, verdict: crisis.Verdict, view: CrisisView, locale: str | None
    ) -> tuple[Notice, ...]:
        """Further words for the reply: how to help a friend, where the worry is about another."""
        if not verdict.about_other or view.detected:
            return ()
        found = for_friend(
            locale or self._settings.locale, default_country=self._country, lines=self._lines
        )
        return (Notice("friend", found.text),)

    def instead(self, locale: str | None) -> str:
        """What stands where the rest of a reply was withheld."""
        found = instead(
            locale or self._settings.locale, default_country=self._country, lines=self._lines
        )
        return found.text

    def disclosure(self, last: datetime | None, now: datetime) -> tuple[Notice, ...]:
        """That this is an AI, where it is to be said now; it was said before at `last`."""
        kind = due(self._every, last, now)
        return () if kind is None else (Notice(DISCLOSURE, words(kind, minors=self._minors)),)

    def configured(self, version: str) -> Configured:
        """What the published protocol says of these settings."""
        settings = self._settings
        return Configured(
            settings.locale,
            settings.crisis_patience_s,
            jurisdictions(settings.jurisdictions),
            self._minors,
            settings.retention_days,
            bool(settings.crisis_webhook_url),
            version,
            self._lines,
        )


def _lines(settings: Settings) -> Helplines:
    path = settings.crisis_resources
    if not path:
        return HELPLINES
    try:
        return HELPLINES.overridden(Path(path).read_text("utf-8"))
    except OSError as error:
        raise SettingsError(
            f"can't read the lines {path}: {error.strerror}; check NEXUS_CRISIS_RESOURCES"
        ) from None
    except ValueError as error:
        raise SettingsError(
            f"the lines {path} can't be used: {error} (NEXUS_CRISIS_RESOURCES)"
        ) from None


def _resources(found: Guidance) -> tuple[Resource, ...]:
    return tuple(Resource(r.name, r.contact, r.url, r.country) for r in found.resources)
