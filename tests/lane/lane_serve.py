"""The entry through `hypercorn.trio.serve`: `python lane_serve.py HOST PORT GRACE`."""

from __future__ import annotations

import signal
import sys
from functools import partial

import hypercorn.trio
import trio
from lane_app import app

from nexus_trio.lane import configured, plain_refusal


async def main(host: str, port: int, grace: float) -> None:
    config = configured(host, port, grace)
    config.keep_alive_timeout = 60
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            serve = partial(
                hypercorn.trio.serve, app, config, shutdown_trigger=partial(anext, aiter(signals))
            )
            binds = await nursery.start(serve)
            print(binds[0], flush=True)


if __name__ == "__main__":
    with plain_refusal():
        trio.run(main, sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
