"""The OpenAI wire in front of the bridge: `/v1/models` and `/v1/chat/completions`.

A completion is served beside the web framework, as event streams are: its body
is larger than other calls' may be, and its turn must end with its client,
wherever in the call that goes away.
"""

from __future__ import annotations

from typing import Any

from quart.wrappers import Response
from quart_trio import QuartTrio

from nexus_trio.runtime.hub import Hub
from nexus_trio.web import openai_shapes as shapes
from nexus_trio.web import problems, rest
from nexus_trio.web.guard import Asgi, Receive, Send
from nexus_trio.web.openai_call import PATH, Call, Gone, Headers
from nexus_trio.web.openai_request import STATELESS
from nexus_trio.web.openai_retries import Retries
from nexus_trio.web.openapi import described


class Models:
    """The list of models, and the description of both calls."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._since = int(hub.now().timestamp())

    def register(self, app: QuartTrio) -> None:
        """Put the calls on `app`."""
        app.get("/v1/models")(self.models)
        app.post(PATH)(self.completion)

    @described(shapes.ModelList, "", tag="openai", errors=shapes.ErrorReply)
    async def models(self) -> Response:
        """List the models of this server.

        These are the responder's own, and each with `-stateless` behind its id,
        which answers without a session.
        """
        own = self._hub.models
        ids = [*own, *(f"{name}{STATELESS}" for name in own)]
        return rest.answer(shapes.ModelList([shapes.Model(name, self._since) for name in ids]))

    @described(
        shapes.Completion,
        "not_found conflict too_large rate_limited mailbox_full aborted responder_failed"
        " draining store_unavailable turn_timeout",
        tag="openai",
        body=shapes.CompletionRequest,
        streamed=True,
        errors=shapes.ErrorReply,
    )
    async def completion(self) -> Response:
        """Send a message and get its answer, as OpenAI's clients do.

        One turn of the user's session: the last user message. What the server
        holds of the session wins over the rest of `messages`. No message is a
        command. A client that goes away stops the turn. With `stream` the answer
        comes as `data:` events, ended by `[DONE]`. A repeated `Idempotency-Key`
        gives the same answer, and never a second turn.
        """
        raise RuntimeError("a completion is served before it comes here (`Completions`)")


class Completions:
    """ASGI middleware: serves `POST /v1/chat/completions`, passes everything else on."""

    def __init__(self, hub: Hub, app: Asgi) -> None:
        self._hub = hub
        self._app = app
        self._retries = Retries(hub.new_id)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one call. Cancelled, or with its client gone, its turn is stopped."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", PATH):
            await self._app(scope, receive, send)
            return
        call = Call(self._hub, self._retries, Headers(scope["headers"]), receive, send)
        try:
            await call.run()
        except* Gone:
            pass
        # The border of a call: what broke here is this call's and nobody else's
        # (I5). Cancelled is no `Exception`, and leaves.
        except* Exception as crash:  # noqa: BLE001 - see above
            problems.log_defect(crash)
            await call.broke()
