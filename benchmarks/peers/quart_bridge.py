"""A peer: the plain design behind Quart, on Hypercorn's asyncio worker.

One process, as all sides have here. The access log is off. The calls that the
benchmarks make, and no more of them.

    python benchmarks/peers/quart_bridge.py --port 0

prints `quart-bridge listening on http://HOST:PORT` once it accepts connections.
"""

from __future__ import annotations

import asyncio
import signal
from importlib.metadata import version
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets
from plain_design import Plain, Problem, arguments, object_of
from quart import Quart, Response, jsonify, request


class Bridge(Plain):
    """The plain design; each call is a coroutine of one event loop."""

    async def chat(self) -> Response:
        return jsonify(self.chat_reply(object_of(await request.get_json(silent=True))))

    async def list_sessions(self) -> Response:
        return jsonify(self.listed())

    async def history(self, user: str) -> Response:
        after, limit = request.args.get("after"), int(request.args.get("limit", 50))
        return jsonify(self.page(self.held(user), after, limit))

    async def erase(self, user: str) -> Response:
        return jsonify(self.forget(self.held(user)))

    async def health(self) -> Response:
        return jsonify(self.facts(f"quart {version('quart')}"))

    def app(self) -> Quart:
        app = Quart("quart_bridge")
        app.json.sort_keys = False  # type: ignore[attr-defined]  # the others do not sort
        app.add_url_rule("/bridge/chat", view_func=self.chat, methods=["POST"])
        app.add_url_rule("/bridge/sessions", view_func=self.list_sessions)
        app.add_url_rule("/bridge/sessions/<user>", view_func=self.erase, methods=["DELETE"])
        app.add_url_rule("/bridge/sessions/<user>/history", view_func=self.history)
        app.add_url_rule("/bridge/health", view_func=self.health)
        app.register_error_handler(Problem, problem)
        return app


async def problem(error: Problem) -> tuple[dict[str, Any], int]:
    return error.body(), error.status


class Announced(Config):
    """Says where it listens, once its sockets are open."""

    def create_sockets(self) -> Sockets:
        sockets = super().create_sockets()
        host, port = sockets.insecure_sockets[0].getsockname()
        print(f"quart-bridge listening on http://{host}:{port}", flush=True)
        return sockets


async def run(host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Announced()
    config.bind = [f"{host}:{port}"]
    config.errorlog = None
    config.keep_alive_timeout = 75  # as the others keep idle connections
    config.keep_alive_max_requests = 2**31  # no other side closes a connection that is in use

    async def stopped() -> None:
        await stop.wait()

    await serve(Bridge().app(), config, shutdown_trigger=stopped)


def main() -> None:
    given = arguments("The plain design behind Quart, for comparison.").parse_args()
    asyncio.run(run(given.host, given.port))


if __name__ == "__main__":
    main()
