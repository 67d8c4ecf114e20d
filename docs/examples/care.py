"""Low distress brings the notice on the third message in a row; what is explicit, at once."""

import trio

from nexus_trio import Settings, open_hub

LOW = (
    "I feel so hopeless lately",
    "everything feels pointless",
    "I can't see any way out of this",
)


async def main() -> None:
    async with open_hub(Settings(durability="memory", jurisdictions="none")) as hub:
        for message in LOW:
            reply = await hub.ask("ada", message)
            print(f"{reply.turn}: {reply.crisis.level}, 988 named: {'988' in reply.text}")
        reply = await hub.ask("ben", "I want to die")
        print(f"{reply.turn}: {reply.crisis.level}, 988 named: {'988' in reply.text}")
        print(reply.text)


trio.run(main)
