"""A model server in memory, and connections to it: it answers with each caller's own canary.

It keeps its connections alive, and knows of each what was asked over it: a
request that comes before the last answer has been read to its end came over a
connection that should not have been used again (I12).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import h11
import httpx
import trio
from sim_pipe import End, pair
from sim_words import canaries, mode_of

from nexus_trio.responders.openai.lines import Line, Lines


class MemoryLines(Lines):
    """The responder's connections, over streams in memory."""

    def __init__(self, url: httpx.URL, connector: Callable[[], End], keep: int) -> None:
        super().__init__(url, 5.0, keep)
        self._connector = connector

    async def _connect(self) -> Line:
        # In a nursery, as `trio.open_tcp_stream` tries addresses: cancelled, it raises a group.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.lowlevel.checkpoint)
        stream: Any = self._connector()
        return Line(stream, stream)


class Upstream:
    """The server of all connections."""

    def __init__(self) -> None:
        self.calls = self.reused = 0
        self.prompts: list[str] = []
        self.ends: list[End] = []

    def connector(self, nursery: trio.Nursery) -> Callable[[], End]:
        def connect() -> End:
            near, far = pair(2048)
            self.ends.append(near)
            nursery.start_soon(self._serve, near)
            return far

        return connect

    async def _serve(self, end: End) -> None:
        http = h11.Connection(h11.SERVER)
        served = 0
        try:
            while (body := await self._request(http, end)) is not None:
                self.calls += 1
                self.reused += served > 0
                served += 1
                if not await self._answer(http, end, body):
                    break
                http.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            pass  # the caller has hung up
        finally:
            end.close()

    async def _request(self, http: h11.Connection, end: End) -> dict[str, Any] | None:
        body = b""
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await end.receive_some())
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.prompts.append(body.decode())
                return dict(json.loads(body))
            elif isinstance(event, h11.ConnectionClosed):
                return None

    async def _answer(self, http: h11.Connection, end: End, body: dict[str, Any]) -> bool:
        said = [m["content"] for m in body["messages"] if m["role"] == "user"]
        words, mode = said[-1], mode_of(said[-1])

        async def send(*events: Any) -> None:
            await end.send_all(b"".join(http.send(event) or b"" for event in events))

        if mode == "hang":
            await trio.sleep(9)  # the first words are not waited for as long as that
        if mode == "fail":
            head = [("content-type", "application/json"), ("content-length", "2")]
            await send(
                h11.Response(status_code=503, headers=head),
                h11.Data(data=b"{}"),
                h11.EndOfMessage(),
            )
            return True
        before = " ".join(canaries(" ".join(said[:-1]))) or "nothing"
        pieces = ["re ", " ".join(canaries(words)), " after ", before]
        head = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]
        await send(h11.Response(status_code=200, headers=head))
        for piece in pieces:
            if mode == "slow":
                await trio.sleep(0.5)
            await send(h11.Data(data=_chunk(piece)))
            if mode == "stream":
                await trio.lowlevel.checkpoint()
            if mode == "crash":
                return False
        await send(h11.Data(data=_chunk(None)), h11.Data(data=b"data: [DONE]\n\n"))
        await send(h11.EndOfMessage())
        return True


def _chunk(text: str | None) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": None if text else "stop"}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()
