"""The content of a completion as it grows, and the chunks that carry it.

What was streamed can't be taken back here, as a delta of the bridge can be by
its reply. So what is told, joined, is the stored response: a notice stands
first, what is provisional waits for the reply, and the reply brings what is
missing. A disclosure, which this wire has no other place for, stands before the
words; it is no part of the response.
"""

from __future__ import annotations

from msgspec import UNSET, Struct

from nexus_trio.model.envelope import Reply
from nexus_trio.runtime.connection import TurnStream
from nexus_trio.runtime.frames import Answered, Delta, Failed, Noticed
from nexus_trio.runtime.outbox import Evicted
from nexus_trio.web import codec
from nexus_trio.web import openai_shapes as shapes
from nexus_trio.web.openai_request import Asked

DONE = b"data: [DONE]\n\n"


class Words:
    """The content of one turn, piece by piece."""

    def __init__(self, turn: TurnStream) -> None:
        self._turn = turn
        self._told: list[str] = []
        self._notice: str | None = None
        self._disclosed = False
        self._ended = False
        self._over = False

    async def next(self) -> str | None:
        """The next piece, never empty; None at the end.

        Raises the `NexusError` that ended the turn. Cancelled, nothing is lost:
        the next call goes on.
        """
        while not self._over:
            piece = await self._piece()
            if piece:
                return piece
        return None

    async def _piece(self) -> str:
        if not self._ended:
            try:
                frame = await self._turn.outbox.receive()
            except Evicted:
                # Too much for this reader: the rest comes with the outcome.
                self._ended = True
                return ""
            if isinstance(frame, Noticed):
                return self._noticed(frame)
            if isinstance(frame, Delta):
                # At a crisis the responder may still fail, and the notice alone be the answer.
                return "" if self._notice is not None else self._tell(frame.text)
            self._ended = isinstance(frame, (Answered, Failed))
            return ""
        reply = await self._turn.outcome()
        self._over = True
        return self._rest(reply)

    def _tell(self, text: str) -> str:
        """`text`, which is part of the response."""
        self._told.append(text)
        return text

    def _noticed(self, frame: Noticed) -> str:
        text = frame.text
        if frame.kind != "crisis":
            self._disclosed = True
            return f"\n\n{text}" if self._told else f"{text}\n\n"
        # One that could not wait for its turn comes again with it.
        if text == self._notice:
            return ""
        self._notice = text
        return self._tell(f"\n\n{text}" if self._told else text)

    def _rest(self, reply: Reply) -> str:
        response, told = reply.response, "".join(self._told)
        if not told and not self._disclosed:
            return content(reply)
        if response.startswith(told):
            return response[len(told) :]
        if self._notice is not None and response.startswith(self._notice):
            return response[len(self._notice) :]  # another notice stands before this one
        return f"\n\n{response}"


def content(reply: Reply) -> str:
    """The whole answer: the response, and in it what this wire has no other place for."""
    apart = [notice.text for notice in reply.notices if notice.apart]
    first = reply.crisis.notice or ""
    rest = reply.response.removeprefix(first).removeprefix("\n\n")
    return "\n\n".join(part for part in (first, *apart, rest) if part) if apart else reply.response


class Chunks:
    """Encodes the chunks of one completion."""

    def __init__(self, ident: str, created: int, asked: Asked) -> None:
        self._ident = ident
        self._created = created
        self._asked = asked
        self._begun = False

    def piece(self, text: str) -> bytes:
        """A piece of the content. The first one says whose words they are."""
        piece = shapes.Piece(content=text)
        if not self._begun:
            piece.role = "assistant"
            self._begun = True
        return self._chunk([shapes.ChunkChoice(piece)])

    def end(self, said: str) -> bytes:
        """What follows the last piece; `said` are all of them."""
        opening = b"" if self._begun else self.piece("")
        last = opening + self._chunk([shapes.ChunkChoice(shapes.Piece(), "stop")])
        if self._asked.include_usage:
            last += self._chunk([], usage(self._asked, said))
        return last + DONE

    def _chunk(
        self, choices: list[shapes.ChunkChoice], counted: shapes.Usage | None = None
    ) -> bytes:
        # Asked for, it stands in every chunk, and is null in all but the last.
        shown = counted if self._asked.include_usage else UNSET
        return data(shapes.Chunk(self._ident, self._created, self._asked.model, choices, shown))


def data(value: Struct) -> bytes:
    """One event: JSON holds no line break outside of its escapes."""
    return b"data: " + codec.encode(value) + b"\n\n"


def estimated(*texts: str) -> int:
    """About how many tokens these texts are: one for every four bytes of UTF-8, rounded up."""
    return -(-sum(len(text.encode()) for text in texts) // 4)


def usage(asked: Asked, said: str) -> shapes.Usage:
    """The usage of a call, in estimated tokens: of what was read of the request, and the answer."""
    earlier = (text for turn in asked.history for text in turn)
    prompt, completion = estimated(asked.text, *earlier), estimated(said)
    return shapes.Usage(prompt, completion, prompt + completion)
