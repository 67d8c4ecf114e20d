"""What a user hears: one speaks aloud, the other one listens until it has been said."""

import trio

from nexus_trio import Settings, serve
from nexus_trio.client import Client, Connected, Gap, Notice, RoomEvent, connect


async def listen(client: Client) -> None:
    async for event in client.events():
        match event:
            case Connected(room=room):
                print("in", room)
            case RoomEvent(event="said", user_id=who, text=text):
                print(f"{who}: {text}")
                return
            case Notice(text=text):  # must be shown; acknowledged when the next event is asked for
                print(text)
            case Gap():
                print("something is missing: read client.history()")


async def main() -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(serve, Settings(port=0))
        async with (
            connect(url, user="ada", room="Garden") as ada,
            connect(url, user="bob", room="Garden") as bob,
            trio.open_nursery() as listening,
        ):
            listening.start_soon(listen, ada)
            await bob.say("Good evening.")
        nursery.cancel_scope.cancel()


trio.run(main)
