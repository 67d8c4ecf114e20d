"""`app`, for `hypercorn --worker-class trio nexus_trio.asgi:app`.

The same server as `nexus-trio serve`, configured by `NEXUS_*` variables; the
address, the certificates and the log are Hypercorn's own options. Importing
this module puts the contained TCP server in place, in the worker that imports
it and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, Scope
from hypercorn.utils import LifespanFailureError
from quart_trio import QuartTrio

from nexus_trio.errors import SettingsError
from nexus_trio.lane import Address, install, plain_refusal, refuse_non_loopback
from nexus_trio.runtime.hub import Hub
from nexus_trio.server import connection_limits, drain, open_hub
from nexus_trio.settings import Settings, load
from nexus_trio.web.app import create_app


class Refused(LifespanFailureError, SettingsError):
    """What the hub needs can't be used: one plain line, and no server.

    Both kinds at once: Hypercorn lets the one out of the lifespan, and the lane
    knows the other by what it is.
    """

    def __init__(self, group: ExceptionGroup[SettingsError]) -> None:
        error: Exception = group
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        Exception.__init__(self, str(error))


class Application:
    """The ASGI application. The hub lives in its lifespan, around the web app's own."""

    def __init__(self) -> None:
        self._hub: Hub | None = None
        self._app: QuartTrio | None = None

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif self._app is None:
            raise RuntimeError("the application was called before its lifespan; use hypercorn")
        else:
            await self._app(scope, receive, send)

    async def _lifespan(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        settings = current_settings()
        # Taken before anything can be refused: Hypercorn would otherwise send it
        # to a lifespan that has ended, and its own error would hide the true one.
        startup: ASGIReceiveEvent | None = await receive()

        async def receive_again() -> ASGIReceiveEvent:
            nonlocal startup
            event, startup = startup, None
            return event or await receive()

        try:
            async with open_hub(settings) as self._hub:
                self._app = create_app(self._hub)
                # Returns after the web app's own shutdown, when no connection is left.
                await self._app(scope, receive_again, send)
        except* SettingsError as refused:
            raise Refused(refused) from None
        except* Exception as crash:
            raise LifespanFailureError("hub", "the hub crashed, see above") from crash

    async def drain(self, within: float) -> None:
        """The worker was told to stop: let what runs finish, for at most `within` seconds."""
        if self._hub is not None:
            await drain(self._hub, within)


def current_settings() -> Settings:
    """The settings of the environment. Raises `SettingsError`."""
    return load({}, os.environ).settings


def check(addresses: Sequence[Address]) -> None:
    """Before anything is served: usable settings, and loopback alone in open mode."""
    current_settings()
    refuse_non_loopback(addresses)


app = Application()
with plain_refusal():
    settings = current_settings()
    install(check, connection_limits(settings), app.drain, settings.transport)
