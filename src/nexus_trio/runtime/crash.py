"""What is said of a crash: what broke and where, never anybody's words."""

from __future__ import annotations

import logging
import traceback

log = logging.getLogger("nexus_trio")


def log_crash(what: str, crash: BaseException) -> None:
    """Log one crash that was contained, as an error."""
    log.error("%s: %s", what, anonymous(crash))


def anonymous(crash: BaseException) -> str:
    """What broke and where, without the message, which may quote somebody's words (I1)."""
    if isinstance(crash, BaseExceptionGroup):
        return "; ".join(anonymous(part) for part in crash.exceptions)
    frames = traceback.extract_tb(crash.__traceback__)[-3:]
    where = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(crash).__name__} at {where}"
