"""Whether and when a call that was refused is made again: pure, its chance and clock injected."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_S: Final = 0.25
"""The first pause; each further one is twice as long, and each between half of that and all:
callers that failed together do not come back together."""

LONGEST_S: Final = 8.0

WAITS_S: Final = 20.0
"""The longest `Retry-After` that is waited for. A person sits in front of this: a server
that wants more is a failure now, and is not asked before its time."""

_SECONDS: Final = re.compile(r"\d{1,9}", re.ASCII)


def may_retry(status: int) -> bool:
    """Whether the same call may succeed later: too many requests, or the server's own fault."""
    return status == 429 or 500 <= status <= 599


def pause(attempt: int, chance: float, retry_after: float | None) -> float | None:
    """Seconds before the attempt behind `attempt` (from 0), or None where it is not worth waiting.

    `chance` is from 0 to 1.
    """
    if retry_after is not None and retry_after > WAITS_S:
        return None
    own = min(LONGEST_S, FIRST_S * 2.0**attempt) * (0.5 + 0.5 * chance)
    return max(own, retry_after or 0.0)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds in a `Retry-After` (RFC 9110, section 10.2.3), or None where there is none of use."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    # Without a zone it is UTC all the same: HTTP knows no other.
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
