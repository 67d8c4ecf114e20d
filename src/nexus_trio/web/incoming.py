"""What a client's message on the WebSocket is: a frame of ours, or why it is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec

from nexus_trio.errors import InvalidRequest, NexusError
from nexus_trio.model.commands import spoken
from nexus_trio.model.envelope import CrisisView
from nexus_trio.web import codec, frames

Helper = Callable[[str, str | None], CrisisView | None]
"""The help that words deserve, by the locale beside them; None for none."""

_decoder: msgspec.json.Decoder[frames.ClientFrame] = msgspec.json.Decoder(frames.ClientFrame)

_KINDS: dict[str, tuple[str, ...]] = {
    str(each.__struct_config__.tag): each.__struct_fields__ for each in get_args(frames.ClientFrame)
}


class Bad(Exception):
    """A frame that ends the connection. `view` is the help that its words deserve."""

    def __init__(self, view: CrisisView | None = None) -> None:
        super().__init__()
        self.view = view

    def error(self) -> NexusError:
        """What is said of it where its words deserve help."""
        return InvalidRequest("the frame must be a JSON object in a text frame", crisis=self.view)


class Refused(InvalidRequest):
    """A frame of JSON that is none of ours: `kind` is its type, `ref` its own, where usable."""

    kind: str | None = None
    ref: str | None = None


class Gone(Exception):
    """The client has closed, or is cut off."""


def frame_in(event: Any, help_for: Helper) -> frames.ClientFrame:
    """The frame that an ASGI event brings.

    Raises `Gone`, `Bad`, and `Refused` for one that changes nothing.
    """
    if event["type"] != "websocket.receive":
        raise Gone
    sent = event.get("text")
    if sent is None:
        raise Bad
    try:
        return _decoder.decode(sent)
    except msgspec.ValidationError:
        raise _refused(sent, help_for) from None
    except (ValueError, RecursionError):
        # `from None`: the decoder's errors may quote the words.
        raise Bad(help_for(*codec.words_in(_bytes(sent)))) from None


def words_of(frame: frames.ClientFrame) -> str | None:
    """A person's own words in a frame, as they are screened; None where it has none."""
    if isinstance(frame, frames.Message):
        return spoken(frame.message)
    return frame.text if isinstance(frame, frames.Say) else None


def help_in(error: Bad | Refused | Gone) -> CrisisView | None:
    """The help in what is wrong with a frame."""
    if isinstance(error, Refused):
        found: CrisisView | None = error.crisis
        return found
    return error.view if isinstance(error, Bad) else None


def _refused(sent: str, help_for: Helper) -> Refused | Bad:
    """Why a frame of JSON is none of ours."""
    view = help_for(*codec.words_in(_bytes(sent)))
    try:
        found = codec.decode_fields(_bytes(sent))
    except NexusError:
        return Bad(view)
    kind, ref = found.get("type"), found.get("ref")
    if isinstance(kind, str) and kind in _KINDS:
        names = ", ".join(_KINDS[kind])
        error = Refused(
            f"the fields of {kind} are {names}; a ref has 1 to 64 characters; "
            "one is missing, of another type or out of its bounds"
        )
        error.kind = kind
    else:
        error = Refused(f"type must be one of: {', '.join(sorted(_KINDS))}")
    error.crisis = view
    if isinstance(ref, str) and len(ref) <= 64:
        error.ref = ref
    return error


def _bytes(sent: str) -> bytes:
    return sent.encode("utf-8", "surrogatepass")
