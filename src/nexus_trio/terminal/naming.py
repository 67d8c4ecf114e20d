"""Who somebody is who has not said so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from nexus_trio.model import fields

NOBODY: Final = "guest"

_OTHERS: Final = re.compile(r"[^A-Za-z0-9._-]+")


def default_user(environ: Mapping[str, str]) -> str:
    """A user id made of the name that one has on this machine, else `guest`. Pure."""
    for name in ("USER", "LOGNAME", "USERNAME"):
        made = _OTHERS.sub("-", environ.get(name, "")).lstrip("._-")[:64].rstrip("-")
        if fields.USER_ID.fullmatch(made):
            return made
    return NOBODY
