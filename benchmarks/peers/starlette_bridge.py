"""A peer: the plain design behind Starlette, on uvicorn with httptools and uvloop.

One process, as all sides have here. The access log is off. The calls that the
benchmarks make, and no more of them.

    python benchmarks/peers/starlette_bridge.py --port 0

prints `starlette-bridge listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

import json

import starlette
from plain_design import Plain, Problem, arguments, object_of
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn_announced import serve


class Bridge(Plain):
    """The plain design; each call is a coroutine of one event loop."""

    async def chat(self, request: Request) -> Response:
        try:
            body = await request.json()
        except json.JSONDecodeError as error:
            raise Problem(400, "invalid_request", "Send a JSON object.") from error
        return JSONResponse(self.chat_reply(object_of(body)))

    async def list_sessions(self, request: Request) -> Response:
        return JSONResponse(self.listed())

    async def history(self, request: Request) -> Response:
        session = self.held(request.path_params["user"])
        after, limit = request.query_params.get("after"), request.query_params.get("limit", 50)
        return JSONResponse(self.page(session, after, int(limit)))

    async def erase(self, request: Request) -> Response:
        return JSONResponse(self.forget(self.held(request.path_params["user"])))

    async def health(self, request: Request) -> Response:
        return JSONResponse(self.facts(f"starlette {starlette.__version__}"))

    def app(self) -> Starlette:
        routes = [
            Route("/bridge/chat", self.chat, methods=["POST"]),
            Route("/bridge/sessions", self.list_sessions),
            Route("/bridge/sessions/{user}", self.erase, methods=["DELETE"]),
            Route("/bridge/sessions/{user}/history", self.history),
            Route("/bridge/health", self.health),
        ]
        return Starlette(routes=routes, exception_handlers={Problem: problem})


async def problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return JSONResponse(error.body(), status_code=error.status)


def main() -> None:
    given = arguments("The plain design behind Starlette, for comparison.").parse_args()
    serve(Bridge().app(), "starlette-bridge", given)


if __name__ == "__main__":
    main()
