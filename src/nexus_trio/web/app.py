"""The web application over an open hub."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from nexus_trio.errors import NexusError
from nexus_trio.runtime.hub import Hub
from nexus_trio.web import problems
from nexus_trio.web.body import MAX_BODY_BYTES
from nexus_trio.web.door import Door
from nexus_trio.web.guard import Guard
from nexus_trio.web.openai_api import Completions, Models
from nexus_trio.web.pages import Pages
from nexus_trio.web.rest import Rest
from nexus_trio.web.sse import Streams
from nexus_trio.web.ws import Sockets


class Application(QuartTrio):
    """Quart-Trio, without its log of tracebacks: their messages may quote words (I1)."""

    def log_exception(
        self,
        exception_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Log what broke and where, and no more."""
        error = exception_info[1] or sys.exc_info()[1]
        if error is not None:
            problems.log_defect(error)


def create_app(hub: Hub) -> QuartTrio:
    """The Quart-Trio application over `hub`, which the caller keeps open as long as it serves.

    In open mode it answers calls from this machine alone (`web.guard`).
    """
    app = Application("nexus_trio", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["BODY_TIMEOUT"] = hub.settings.body_timeout_s
    # An address is what it is: no redirect guesses what was meant.
    app.url_map.merge_slashes = False
    handlers: dict[Any, Any] = {
        NexusError: problems.refused,
        HTTPException: problems.unroutable,
        Exception: problems.broken,
    }
    for kind, handler in handlers.items():
        app.register_error_handler(kind, handler)
    Rest(hub).register(app)
    Models(hub).register(app)
    Pages(hub).register(app)
    live = Sockets(hub, Streams(hub, Completions(hub, app.asgi_app)))
    app.asgi_app = Guard(Door(hub, live))  # type: ignore[method-assign, assignment]  # how ASGI middleware is put on
    return app
