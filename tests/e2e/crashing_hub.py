"""The program with a hub that crashes: `python crashing_hub.py serve …`, or `crashing_hub:app`.

The crash is put in where a task of the hub's own would have it, a moment after
the first session was opened.
"""

from __future__ import annotations

import sys

from nexus_trio.runtime import hub
from nexus_trio.runtime.session import Session


class HubBroke(Exception):
    """The true error, which must be seen."""


async def crash() -> None:
    raise HubBroke("the hub broke on purpose")


_start = hub.Hub._start


def start_and_crash(self: hub.Hub, session: Session) -> None:
    self._nursery.start_soon(crash)
    _start(self, session)


hub.Hub._start = start_and_crash  # type: ignore[method-assign]  # a defect on purpose

if __name__ == "__main__":
    from nexus_trio.cli import main

    main(sys.argv[1:])

if __name__ != "__main__":
    from nexus_trio.asgi import app as app
