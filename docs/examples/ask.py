"""One turn, in process: sessions, rooms and responder without a web server."""

import trio

from nexus_trio import Settings, open_hub


async def main() -> None:
    async with open_hub(Settings()) as hub:
        reply = await hub.ask("ada", "hello, my name is Ada")
        print(reply.text)
        print(reply.turn, reply.crisis.level)


trio.run(main)
