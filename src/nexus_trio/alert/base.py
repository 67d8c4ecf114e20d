"""The seam through which a session says that its user may be in danger right now."""

from __future__ import annotations

from typing import Protocol


class Alerts(Protocol):
    """Whoever is told of an `imminent` message."""

    def imminent(self, session_id: str) -> None:
        """A message of that session was `imminent`. Never waits, never raises.

        The session's opaque id is all that is told: no user, no text, no level of
        anything before.
        """
        ...


class Nobody:
    """Tells nobody: the default."""

    def imminent(self, session_id: str) -> None:
        """Nothing."""
