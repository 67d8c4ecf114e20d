"""What is read over HTTP: the history and the list of rooms."""

from __future__ import annotations

import json
import ssl
from typing import Any, Final

import trio

from nexus_trio.client import decode
from nexus_trio.client.address import Address
from nexus_trio.client.decode import Breach
from nexus_trio.client.errors import BridgeError, ReadFailed
from nexus_trio.client.pages import HistoryPage, RoomCount
from nexus_trio.client.timing import Timing
from nexus_trio.model.envelope import Position

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one answer: a page of 1,000 turns, 16 KiB each way and escaped."""


class Reading:
    """GETs, each on a connection of its own: they are rare, and nothing is left open."""

    def __init__(
        self, address: Address, headers: dict[str, str], timing: Timing, tls: ssl.SSLContext | None
    ) -> None:
        self._address = address
        self._headers = headers
        self._timing = timing
        self._tls = tls

    async def history(self, user: str, after: Position | None, limit: int) -> HistoryPage:
        """A page of turns. Raises `BridgeError`, `ReadFailed`."""
        query = {"limit": str(limit)} | ({} if after is None else {"after": str(after)})
        found = await self._get(f"/bridge/sessions/{user}/history", query)
        try:
            return decode.history(found)
        except Breach as breach:
            raise ReadFailed(str(breach)) from None

    async def rooms(self) -> tuple[RoomCount, ...]:
        """All rooms. Raises as `history`."""
        try:
            return decode.rooms(await self._get("/bridge/rooms", {}))
        except Breach as breach:
            raise ReadFailed(str(breach)) from None

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        # Here, for it takes a tenth of a second, and most programs never read.
        import httpx

        patience = self._timing.connect_s + self._timing.hello_s
        # The same certificates as the WebSocket's; over plain HTTP none are read.
        verify = (self._tls or ssl.create_default_context()) if self._address.tls else False
        with trio.move_on_after(patience):
            try:
                # No proxy of the environment: what the WebSocket reaches is what is read.
                async with httpx.AsyncClient(
                    headers=self._headers, verify=verify, timeout=patience, trust_env=False
                ) as http:
                    url = self._address.url + path
                    async with http.stream("GET", url, params=query) as answer:
                        return _answered(answer.status_code, await _whole(answer))
            except httpx.HTTPError as error:
                kind = type(error).__name__
                where = self._address.where
                raise ReadFailed(f"{where} did not answer whole ({kind}); try again") from None
        raise ReadFailed(f"{self._address.where} did not answer within {patience:g} s; try again")


async def _whole(answer: Any) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise ReadFailed(f"the answer is larger than {MOST_BYTES} bytes")
    return bytes(body)


def _answered(status: int, body: bytes) -> dict[str, Any]:
    """The object, or its problem raised."""
    try:
        found = json.loads(body)
        if not isinstance(found, dict):
            raise TypeError
        if status != 200:
            problem: BridgeError = decode.error(found)
    except (ValueError, TypeError, RecursionError, Breach):
        raise ReadFailed(f"the server answered with status {status} and no JSON") from None
    if status != 200:
        raise problem
    return found
