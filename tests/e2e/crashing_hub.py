"""The program with a hub that crashes: `python crashing_hub.py serve …`, or `crashing_hub:app`.

The crash is put in where a task of the hub's own would have it, a moment after
the first session was opened.
"""

from __future__ import annotations

import sys

from nexus_trio.runtime import hub


class HubBroke(Exception):
    """The true error, which must be seen."""


async def crash() -> None:
    raise HubBroke("the hub broke on purpose")


_open = hub.Hub._open


async def open_and_crash(self: hub.Hub, user_id: str, username: str | None) -> object:
    self._nursery.start_soon(crash)
    return await _open(self, user_id, username)


hub.Hub._open = open_and_crash  # type: ignore[method-assign, assignment]  # a defect on purpose

if __name__ == "__main__":
    from nexus_trio.cli import main

    main(sys.argv[1:])

if __name__ != "__main__":
    from nexus_trio.asgi import app as app
