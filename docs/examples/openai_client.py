"""The `openai` package, unmodified, talks with a server of ours: two messages of one session."""

import trio
from openai import OpenAI

from nexus_trio import Settings, serve


def talk(url: str) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="any") as client:
        for words in ("hello, my name is Ada", "what is my name?"):
            stream = client.chat.completions.create(
                model="scripted",
                user="ada",
                messages=[{"role": "user", "content": words}],
                stream=True,
            )
            for chunk in stream:
                print(chunk.choices[0].delta.content or "", end="")
            print()


async def main() -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(serve, Settings(port=0))
        await trio.to_thread.run_sync(talk, url)
        nursery.cancel_scope.cancel()


trio.run(main)
