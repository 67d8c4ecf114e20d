"""One reply, top to bottom: a place, the request, the words as they come, the end.

The request is made again only where it was refused before a word had come.
Whatever goes wrong on the way becomes a `ResponderFailed` in one place, in words
of our own: no key, no prompt and nothing that the server said is in it, in a log
line, or in a repr.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import httpx
import trio
from httpx_sse import ServerSentEvent

from nexus_trio.errors import ResponderFailed
from nexus_trio.responders.base import Prompt
from nexus_trio.responders.openai import retry
from nexus_trio.responders.openai.chunks import DONE, Garbled, Mender, Reported, read_chunk
from nexus_trio.responders.openai.complaints import refusal
from nexus_trio.responders.openai.events import EVENT_STREAM, Events, TooLong
from nexus_trio.responders.openai.gate import GateFull
from nexus_trio.responders.openai.upstream import Upstream

TAIL_S: Final = 1.0
"""After the words have ended, for what servers send behind them: the counts, `[DONE]`. One
that sends neither is not waited for longer, and its reply is whole all the same."""

DRAIN_S: Final = 0.1
"""After that, for the few bytes that end the answer, so that its connection can be kept."""

NO_PLACE: Final = "no place at it came free in time; it is too slow for NEXUS_OPENAI_CONCURRENCY"
FULL: Final = "as many calls as may wait for it already; see NEXUS_OPENAI_QUEUE"
UNREACHABLE: Final = "it can't be reached; check NEXUS_OPENAI_BASE_URL, and that it runs"
NO_WORDS: Final = "no first words came within NEXUS_OPENAI_FIRST_TOKEN_S"
STILL: Final = "it stood still for NEXUS_OPENAI_BETWEEN_TOKENS_S in the middle of a reply"
WHOLE: Final = "the reply was not whole within NEXUS_TURN_TIMEOUT_S"
BROKEN: Final = "the connection broke before the reply was whole"
CUT: Final = "the reply ended in the middle"
EMPTY: Final = "the reply had no words"
NO_STREAM: Final = "it answered with something that is no event stream"
GARBLED: Final = "it sent what is no stream of completions"
REPORTED: Final = "it reported an error within the reply; see its own log"
TOO_LONG: Final = "it sent more than an event or a reply may have; see NEXUS_OPENAI_REPLY_BYTES"


class Trouble(Exception):
    """Why there is no reply, or no more of it: one of our own sentences."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that came to nothing. `status` is None where nobody answered."""

    kind: str
    status: int | None = None
    retry_after: float | None = None

    @property
    def passing(self) -> bool:
        """Whether another attempt may be worth it."""
        return self.status is None or retry.may_retry(self.status)


_KINDS: Final[dict[type[Exception], str]] = {
    GateFull: FULL,
    httpx.TransportError: BROKEN,
    UnicodeDecodeError: GARBLED,
    Garbled: GARBLED,
    Reported: REPORTED,
    TooLong: TOO_LONG,
}


class ReplyStream(AbstractAsyncContextManager[AsyncIterator[str]]):
    """The pieces of one reply, and its own iterator. Made by `OpenAIResponder.stream`.

    Everything that it opens is closed when its context is left; that waits for
    nothing but, after a whole reply, `DRAIN_S`.
    """

    def __init__(self, upstream: Upstream, prompt: Prompt) -> None:
        self._upstream = upstream
        self._prompt = prompt
        self._answer: httpx.Response | None = None
        self._events: Events | None = None
        self._mender = Mender()
        self._patience = trio.CancelScope()
        self._ends_by = 0.0
        self._size = 0
        self._spoke = False
        self._usage = (0, 0)
        self._placed = False
        # The server said that its words have ended; all that it sends was read, but for the
        # end of the answer; the words were all told; nothing more will be, for whatever reason.
        self._ended = self._at_end = self._finished = self._over = False

    def __repr__(self) -> str:
        return f"<ReplyStream, {'over' if self._over else 'open'}>"

    async def __aenter__(self) -> AsyncIterator[str]:
        self._ends_by = trio.current_time() + self._upstream.terms.whole_s
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over = True
        try:
            if self._at_end and kind is None:
                await self._drain()
        finally:
            await self._hang_up()
            if self._placed:
                self._placed = False
                self._upstream.gate.leave()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        """The next words. Raises `ResponderFailed`. Cancelled, it was the last try."""
        if self._over:
            raise StopAsyncIteration
        self._over, trouble = True, None
        # Words that came together are told without waiting: a stop is heard all the same.
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            piece = await self._piece()
        except Trouble as error:
            trouble = error.kind
        except tuple(_KINDS) as error:
            trouble = next(kind for type_, kind in _KINDS.items() if isinstance(error, type_))
        # Raised out here, so that no foreign error with foreign words hangs on to it.
        if trouble is not None:
            self._upstream.complaints.add(trouble)
            raise ResponderFailed("the model server failed to make a reply; try again")
        if piece is None:
            raise StopAsyncIteration
        self._over = False
        return piece

    # --- within its times ---

    async def _piece(self) -> str | None:
        terms, began = self._upstream.terms, self._events is not None
        if not began:
            await self._take_place()
        wait = terms.between_tokens_s if began else terms.first_token_s
        deadline = self._within(TAIL_S if self._ended else wait)
        with trio.CancelScope(deadline=deadline) as self._patience:
            if not began:
                await self._open()
            return await self._words()
        if self._ended:
            return self._last_words()
        if trio.current_time() >= self._ends_by:
            raise Trouble(WHOLE)
        raise Trouble(STILL if self._size else NO_WORDS)

    def _within(self, seconds: float) -> float:
        """The deadline so many seconds from now, and never after the reply's own."""
        return min(trio.current_time() + seconds, self._ends_by)

    async def _take_place(self) -> None:
        with trio.CancelScope(deadline=self._ends_by):
            await self._upstream.gate.enter(self._prompt.user_id)
            self._placed = True
        if not self._placed:
            raise Trouble(NO_PLACE)

    # --- the call ---

    async def _open(self) -> None:
        """Ask until an event stream comes. Raises `Trouble`, `httpx.TransportError`."""
        upstream, attempt = self._upstream, 0
        while (refused := await self._ask_either_way()) is not None:
            wait = retry.pause(attempt, upstream.chance(), refused.retry_after)
            if wait is None or attempt == upstream.terms.retries or not refused.passing:
                raise Trouble(refused.kind)
            if trio.current_time() + wait >= self._patience.deadline:
                raise Trouble(refused.kind)
            attempt += 1
            await trio.sleep(wait)

    async def _ask_either_way(self) -> Refusal | None:
        """Ask for the counts of tokens; not so a server that takes a call only without that."""
        upstream = self._upstream
        if upstream.tells_usage is False:
            return await self._ask(with_usage=False)
        refused = await self._ask(with_usage=True)
        if refused is None:
            upstream.tells_usage = True
        elif upstream.tells_usage is None and refused.status in (400, 422):
            refused = await self._ask(with_usage=False)
            if refused is None:
                upstream.tells_usage = False
        return refused

    async def _ask(self, *, with_usage: bool) -> Refusal | None:
        upstream = self._upstream
        request = upstream.request(self._prompt, with_usage=with_usage)
        try:
            answer = self._answer = await upstream.transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Refusal(UNREACHABLE)
        if answer.status_code != 200:
            after = retry.retry_after(answer.headers.get("retry-after"), upstream.now())
            await self._hang_up()
            return Refusal(refusal(answer.status_code), answer.status_code, after)
        if not _is_event_stream(answer.headers):
            raise Trouble(NO_STREAM)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        self._events = Events(aiter(answer.stream))
        return None

    # --- the words ---

    async def _words(self) -> str | None:
        """The next words, or None after the last."""
        assert self._events is not None
        while not self._finished:
            event = await self._events.next()
            if event is None or event.data.strip() == DONE:
                if event is None and not self._ended:
                    raise Trouble(CUT)
                self._at_end = True
                break
            if words := self._read(event):
                return words
        return self._last_words()

    def _last_words(self) -> str | None:
        if not self._finished:
            self._finished = True
            if not self._spoke:
                raise Trouble(EMPTY)
            self._upstream.count(*self._usage)
        return self._mender.rest() or None

    def _read(self, event: ServerSentEvent) -> str:
        """The words in an event, if any; reasoning gives what comes next its time."""
        if not event.data:
            return ""
        if event.event == "error":
            raise Reported
        chunk = read_chunk(event.data)
        self._usage = chunk.usage or self._usage
        if chunk.ended:
            self._ended = True
            self._patience.deadline = self._within(TAIL_S)
        elif chunk.thought:
            self._patience.deadline = self._within(self._upstream.terms.between_tokens_s)
        words = self._mender.mend(chunk.words)
        self._size += len(words.encode()) + chunk.thought
        if self._size > self._upstream.terms.reply_bytes:
            raise TooLong
        self._spoke = self._spoke or bool(words)
        return words

    # --- the end ---

    async def _drain(self) -> None:
        """Read what ends the answer, if it is there: then its connection can be kept."""
        assert self._answer is not None
        assert isinstance(self._answer.stream, httpx.AsyncByteStream)
        with trio.move_on_after(DRAIN_S):
            try:
                async for _ in self._answer.stream:
                    pass
            except httpx.TransportError:
                return  # not kept, then

    async def _hang_up(self) -> None:
        """Close the answer and forget it."""
        # Shielded, with a bound, for a transport that is not our own: `Lines` has no
        # checkpoint in here.
        with trio.move_on_after(DRAIN_S, shield=True):
            if self._events is not None:
                await self._events.aclose()
            if self._answer is not None:
                await self._answer.aclose()
        self._events = self._answer = None


def _is_event_stream(headers: httpx.Headers) -> bool:
    """Whether an answer is one, and as it came: compression was not asked for."""
    kind = str(headers.get("content-type", "")).partition(";")[0]
    coding = str(headers.get("content-encoding", "identity"))
    return kind.strip().lower() == EVENT_STREAM and coding.strip().lower() == "identity"
