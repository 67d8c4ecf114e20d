"""Calls under way: what was asked, whether it was sent, and the one outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import trio

from nexus_trio.client.errors import ClientError
from nexus_trio.client.telling import Telling
from nexus_trio.errors import InvalidRequest, TooLarge
from nexus_trio.model.envelope import Position

MOST_BYTES: Final = 64 * 1024
"""Of a frame, as the server takes them: more would end the connection with 1009."""


def encode(frame: Mapping[str, Any]) -> str:
    """A frame as JSON. Raises `InvalidRequest` for lone surrogates, `TooLarge`."""
    text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        # `from None`: the codec's error quotes the words.
        raise InvalidRequest("the text holds half of a surrogate pair; send UTF-8") from None
    if size > MOST_BYTES:
        raise TooLarge(f"a frame has at most {MOST_BYTES} bytes; a message 16 KiB of UTF-8")
    return text


class Call:
    """One question and its one outcome; `ref` is the same on every connection."""

    def __init__(self, ref: str, kind: str, **fields: str) -> None:
        self.ref = ref
        self.kind = kind
        self.text = encode({"type": kind, "ref": ref, **fields})
        # The welcomes, counted, after which it was sent first and last; 0: it was not.
        self.first_on = 0
        self.sent_on = 0
        self.done = False
        self.changed = trio.Event()
        self._value: Any = None
        self._error: ClientError | None = None

    def settle(self, value: Any) -> None:
        """The answer; the first outcome counts."""
        if not self.done:
            self.done, self._value = True, value
            self.wake()

    def fail(self, error: ClientError) -> None:
        """The answer is an error; the first outcome counts."""
        if not self.done:
            self.done, self._error = True, error
            self.wake()

    def wake(self) -> None:
        """Whoever waits looks again."""
        self.changed.set()
        self.changed = trio.Event()

    @property
    def value(self) -> Any:
        """The outcome, raised where it is an error. Only when `done`."""
        if self._error is not None:
            raise self._error
        return self._value

    async def wait(self) -> Any:
        """The outcome. A checkpoint; cancelled, nothing is lost: wait again."""
        await trio.lowlevel.checkpoint()
        while not self.done:
            await self.changed.wait()
        return self.value


class TurnCall(Call):
    """A message. It may be sent again: `client_ref` makes it the same turn."""

    def __init__(self, ref: str, message: str, client_ref: str) -> None:
        super().__init__(ref, "message", message=message, client_ref=client_ref)
        self.message = message
        self.client_ref = client_ref
        self.telling = Telling()
        # Sent again, a stopped turn would begin anew: first it is seen whether it ended.
        self.stopping = False


class SayCall(Call):
    """Words aloud. Never sent twice; `echo` is where they were heard, as an event of the room."""

    def __init__(self, ref: str, text: str) -> None:
        super().__init__(ref, "say", text=text)
        self.echo: Position | None = None
        self._words = text

    def awaits(self, text: str | None) -> bool:
        """Whether these words, heard in the room, may be ours: sent, and not heard before."""
        return bool(self.first_on) and self.echo is None and text == self._words


class StopCall(Call):
    """The end of a turn."""

    def __init__(self, ref: str, target: TurnCall) -> None:
        super().__init__(ref, "stop", target=target.ref)
        self.target = target
