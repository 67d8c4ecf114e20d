"""Replies by a model server: any that speaks the chat completions wire of OpenAI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from nexus_trio.responders.base import Prompt
from nexus_trio.responders.openai.address import Address
from nexus_trio.responders.openai.lines import Lines
from nexus_trio.responders.openai.reply import ReplyStream
from nexus_trio.responders.openai.upstream import Terms, Upstream


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the start, and what is now: calls `running` and `waiting`, connections.

    `prompt_tokens` and `reply_tokens` are what the server says that it counted.
    """

    running: int
    waiting: int
    busy_connections: int
    idle_connections: int
    replies: int
    failures: int
    prompt_tokens: int
    reply_tokens: int


class OpenAIResponder:
    """Implements `Responder` over the model server at `address`; open until `aclose`.

    `lines` are the connections, its own without; `how` as for `Upstream`.
    """

    def __init__(
        self, address: Address, terms: Terms, lines: Lines | None = None, **how: Any
    ) -> None:
        self.models: tuple[str, ...] = (terms.model,)
        self._lines = lines or Lines(address.url, terms.connect_s, terms.concurrency)
        self._upstream = Upstream(address, terms, self._lines, **how)

    def ready(self, prompt: Prompt) -> str | None:
        """None: no model answers at once."""
        return None

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The reply as the model writes it. Raises `ResponderFailed` alone.

        The call is made when the first piece is asked for. Leaving the context
        closes it at once unless the reply has come whole.
        """
        return ReplyStream(self._upstream, prompt)

    def statistics(self) -> Statistics:
        """What it counts, of all users together."""
        upstream = self._upstream
        gate, lines = upstream.gate.statistics(), self._lines.statistics()
        return Statistics(
            gate.inside,
            gate.waiting,
            lines.busy,
            lines.idle,
            upstream.replies,
            upstream.complaints.count,
            upstream.prompt_tokens,
            upstream.reply_tokens,
        )

    async def aclose(self) -> None:
        """Close what is idle. Streams that run are their callers' to leave."""
        await self._lines.aclose()
