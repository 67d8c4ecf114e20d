"""The whole server inside a nursery of yours, on a free port, until you are done with it."""

import trio

from nexus_trio import Settings, serve


async def main() -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(serve, Settings(port=0))
        print("listening:", url.startswith("http://127.0.0.1:"))
        nursery.cancel_scope.cancel()


trio.run(main)
