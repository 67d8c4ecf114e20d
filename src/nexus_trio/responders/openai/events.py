"""The events of an answer, with bounds on what a server may make us hold.

httpx-sse parses; it keeps a line, and the lines of an event, however long they
grow. So what it is fed is counted here first.
"""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from typing import Final

import httpx
from httpx_sse import EventSource, ServerSentEvent

EVENT_BYTES: Final = 1024 * 1024
"""The longest event. A token's is some 300 bytes; a server that sends a whole reply as
one event needs the longest reply, twice over for the escapes of JSON."""

ANSWER_BYTES: Final = 64 * 1024 * 1024
"""The longest answer as it is on the wire: 200,000 tokens, each in an event of its own."""

EVENT_STREAM: Final = "text/event-stream"


class TooLong(Exception):
    """More bytes than an event or an answer may have."""


class Events:
    """The server-sent events in `content`, which stays the caller's to close.

    Cancelled while it waits, it gives no more of them.
    """

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        self._text = _Text(content)
        self._events = EventSource(_Fed(self._text)).aiter_sse()

    async def next(self) -> ServerSentEvent | None:
        """The next event, or None at the end.

        Raises `httpx.TransportError`, `TooLong`, and `UnicodeDecodeError` for
        what is no UTF-8.
        """
        event = await anext(self._events, None)
        self._text.since_event = 0
        return event

    async def aclose(self) -> None:
        """Forget what was read and not told. Has no checkpoint."""
        await self._events.aclose()


class _Text:
    """Bytes as text, counted. No generator, so that nothing of it is left half-run."""

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        self.since_event = 0
        self._content = content
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._left = ANSWER_BYTES

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        text = ""
        while not text:
            data = await anext(self._content)
            self.since_event += len(data)
            self._left -= len(data)
            if self.since_event > EVENT_BYTES or self._left < 0:
                raise TooLong
            text = self._decoder.decode(data)
        return text


class _Fed(httpx.Response):
    """What httpx-sse reads from, in place of the answer that it would read without a bound."""

    def __init__(self, text: _Text) -> None:
        super().__init__(200, headers={"content-type": EVENT_STREAM})
        self._fed = text

    def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """The text, in pieces of whatever size."""
        return self._fed
