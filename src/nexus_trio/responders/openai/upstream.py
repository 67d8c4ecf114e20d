"""What all calls to the model server share: its address, the terms, the gate, the counts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from nexus_trio.responders.base import Prompt
from nexus_trio.responders.openai.address import Address
from nexus_trio.responders.openai.complaints import Complaints
from nexus_trio.responders.openai.gate import Gate
from nexus_trio.responders.openai.prompt import messages


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of the model server, for how long, and how much of it at once.

    Seconds end in `_s`: `connect_s` for a connection; `first_token_s` from the
    place at the gate to the first words, all attempts together; `between_tokens_s`
    from words to words; `whole_s` for everything, waiting for a place included.
    `concurrency` calls run at once, `queue` others may wait. A call that came to
    nothing before its first words is made again `retries` times at most. A prompt
    has about `history_tokens`, a reply `reply_bytes` of UTF-8 at most.
    """

    model: str
    connect_s: float = 5.0
    first_token_s: float = 60.0
    between_tokens_s: float = 30.0
    whole_s: float = 120.0
    concurrency: int = 32
    queue: int = 256
    retries: int = 2
    history_tokens: int = 3000
    reply_bytes: int = 256 * 1024


class Upstream:
    """The model server as its calls see it. Nothing of any user is kept here.

    `chance` gives numbers from 0 to 1, `now` the time of day (aware): for the
    pauses between attempts.
    """

    def __init__(
        self,
        address: Address,
        terms: Terms,
        transport: httpx.AsyncBaseTransport,
        chance: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.terms = terms
        self.transport = transport
        self.gate = Gate(terms.concurrency, terms.queue)
        self.complaints = Complaints()
        self.chance = chance
        self.now = now
        # Whether the server takes `stream_options`: not known until it has taken a call.
        self.tells_usage: bool | None = None
        self.replies = self.prompt_tokens = self.reply_tokens = 0
        self._url = address.url
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            # A compressed answer could be a thousand times as long as it looks.
            "Accept-Encoding": "identity",
            "User-Agent": "nexus-trio",
        }
        if address.authorization is not None:
            self._headers["Authorization"] = address.authorization

    def request(self, prompt: Prompt, *, with_usage: bool) -> httpx.Request:
        """The call for `prompt`. Of the user it holds the words and the name, no id."""
        body: dict[str, object] = {
            "model": self.terms.model,
            "messages": messages(prompt, self.terms.history_tokens),
            "stream": True,
        }
        if with_usage:
            body["stream_options"] = {"include_usage": True}
        return httpx.Request(
            "POST", self._url, headers=self._headers, content=json.dumps(body).encode("ascii")
        )

    def count(self, prompt_tokens: int, reply_tokens: int) -> None:
        """One more whole reply, and what the server says that it took."""
        self.replies += 1
        self.prompt_tokens += prompt_tokens
        self.reply_tokens += reply_tokens
