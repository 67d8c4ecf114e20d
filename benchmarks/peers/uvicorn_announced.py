"""uvicorn as one would run it: httptools, uvloop, one process, no access log."""

from __future__ import annotations

import argparse
import socket
from typing import Any

import uvicorn


class Announced(uvicorn.Server):
    """Says where it listens, once it does."""

    name = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        host, port = self.servers[0].sockets[0].getsockname()
        print(f"{self.name} listening on http://{host}:{port}", flush=True)


def serve(app: Any, name: str, given: argparse.Namespace) -> None:
    """Serves until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        host=given.host,
        port=given.port,
        loop="uvloop",
        http="httptools",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,  # as the others keep idle connections
    )
    server = Announced(config)
    server.name = name
    server.run()
