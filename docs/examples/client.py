"""The Trio client with a server of ours: a turn whole, a turn as it is written, and its end."""

import trio

from nexus_trio import Settings, serve
from nexus_trio.client import BridgeError, Delta, Reset, connect


async def talk(url: str) -> None:
    async with connect(url, user="ada") as client:
        reply = await client.ask("hello, my name is Ada")
        print(reply.text)

        shown = ""
        async with client.stream("who lives here?") as turn:
            async for part in turn:
                match part:
                    case Delta(text=text):
                        shown += text
                    case Reset():
                        shown = ""
        print(turn.reply is not None and shown == turn.reply.text)

        try:
            await client.go("Nowhere")
        except BridgeError as error:
            print(error.code, error.retry)


async def main() -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(serve, Settings(port=0))
        await talk(url)
        nursery.cancel_scope.cancel()


trio.run(main)
