"""Runs a model server until its standard input ends."""

from __future__ import annotations

import argparse
import sys

import trio

from nexus_trio.testing.model_server.server import ModelServer


async def serve(port: int) -> None:
    """Serve on loopback; print the address once it listens."""
    async with trio.open_nursery() as nursery:
        bound = await nursery.start(ModelServer().serve, port)
        print(f"model server listening on http://127.0.0.1:{bound}/v1", flush=True)
        # Ends with whoever started it, however that ended.
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A model server that echoes, and more when told.")
    parser.add_argument("--port", type=int, default=0)
    trio.run(serve, parser.parse_args().port)
