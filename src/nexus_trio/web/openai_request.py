"""From the body of a completion to the turn that it asks for.

Clients send the whole history every time, so a body may be large. It is read
without making values of what is not looked at: of the fields below, then of
the last user message, and for a model that keeps no session of what stands
shortly before it. So what a body costs in memory is at most its own size and
four times that, however it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from nexus_trio.errors import InvalidRequest
from nexus_trio.model import fields
from nexus_trio.runtime.stateless import Earlier
from nexus_trio.web import codec
from nexus_trio.web.body import MAX_BODY_BYTES
from nexus_trio.web.openai_errors import NoSuchModel, bad
from nexus_trio.web.openai_shapes import Role, StreamOptions

MAX_BYTES = 8 * 1024 * 1024
"""Of one body: a long chat is some hundred KiB, but a front end also sends again, with every
message, a photo that somebody put into the chat and that was refused."""

STATELESS = "-stateless"

HISTORY_BYTES = 256 * 1024
"""Of the client's history, what a model without a session is given: 16 of the longest messages."""

_END = 16 * 1024

_ABSENT = Raw(b"null")


class _Body(Struct):
    """What is looked at, each as its own bytes."""

    model: Raw = _ABSENT
    messages: Raw = _ABSENT
    user: Raw = _ABSENT
    stream: Raw = _ABSENT
    stream_options: Raw = _ABSENT
    n: Raw = _ABSENT
    logprobs: Raw = _ABSENT
    response_format: Raw = _ABSENT
    modalities: Raw = _ABSENT
    tool_choice: Raw = _ABSENT
    function_call: Raw = _ABSENT


# A role is one of a few shared strings, and must be there: so a body can't be
# made of messages that cost much more in memory than on the wire.
class _Message(Struct, gc=False):
    role: Role
    content: Raw = _ABSENT


class _Part(Struct, gc=False):
    type: Literal["text", "refusal", "image_url", "input_audio", "file"]
    text: str | None = None


class _Format(Struct):
    type: Literal["text"] = "text"


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_messages = msgspec.json.Decoder(list[_Message]).decode
_decode_content = msgspec.json.Decoder(str | list[_Part] | None).decode

_CHOICE = "tools are not called here: leave {name} out, or give none or auto"

# What is checked: the type of a field, and what its refusal says.
FIELDS: dict[str, tuple[Any, str]] = {
    "model": (str, "model must be the id of a model; GET /v1/models lists them"),
    "user": (str | None, "user must be a string: who speaks"),
    "stream": (bool | None, "stream must be true or false"),
    "stream_options": (
        StreamOptions | None,
        'stream_options must be an object such as {"include_usage": true}',
    ),
    "n": (Literal[1] | None, "n must be 1: a turn has one answer"),
    "logprobs": (bool | None, "logprobs must be true or false"),
    "response_format": (_Format | None, "response_format must be text: other forms aren't kept"),
    "modalities": (list[Literal["text"]] | None, "modalities must be text alone"),
    "tool_choice": (Literal["none", "auto"] | None, _CHOICE.format(name="tool_choice")),
    "function_call": (Literal["none", "auto"] | None, _CHOICE.format(name="function_call")),
}
_DECODERS = {name: msgspec.json.Decoder(kind).decode for name, (kind, _) in FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A completion that may be asked of the hub.

    `model` as the client wrote it. `history` is what the client sent before
    `text`, for a model that keeps no session; else it is empty.
    """

    model: str
    stateless: bool
    text: str = field(repr=False)
    history: tuple[Earlier, ...] = field(repr=False)
    user: str | None
    stream: bool
    include_usage: bool


def read(body: bytes | bytearray, models: Sequence[str], window: int) -> Asked:
    """What `body` asks for. `window` is how many earlier turns a responder is given.

    Raises `InvalidRequest`, `TooLarge` or `NotFound`, without a word of the body.
    """
    top = _top(body)
    sent = {name: _value(top, name) for name in FIELDS}
    if sent["logprobs"]:
        raise bad("logprobs", "logprobs are not known here; leave them out")
    stateless = _keeps_nothing(sent["model"], models)
    messages = _messages(top)
    last = _last_user(messages)
    if last is None:
        raise bad("messages", "messages must hold a message with the role user")
    text = _text(messages[last].content)
    try:
        fields.message(text, "the last user message")
    except InvalidRequest as error:
        raise bad("messages", error.detail) from None
    options = sent["stream_options"] or StreamOptions()
    return Asked(
        sent["model"],
        stateless,
        text,
        tuple(_earlier(messages[:last], window)) if stateless else (),
        sent["user"],
        bool(sent["stream"]),
        bool(options.include_usage),
    )


def words_in(body: bytes | bytearray) -> str:
    """What of a body that was refused is to be screened: the last user message, as far as it
    can be read; else the bytes themselves.
    """
    try:
        messages = _messages(_top(body))
    except InvalidRequest:
        return _forgiven(body, _last_said)
    last = _last_user(messages)
    if last is None:
        return _forgiven(body, _last_said)
    content = messages[last].content
    said = _readable(content)
    return _forgiven(bytes(content), _all_said) if said is None else said


def _top(body: bytes | bytearray) -> _Body:
    try:
        return _decode_body(body)
    except msgspec.ValidationError:
        raise InvalidRequest("the body must be a JSON object") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deep") from None
    except ValueError:
        # `from None`: the decoders' errors may quote the words.
        raise InvalidRequest("the body must be a JSON object in UTF-8") from None


def _value(top: _Body, name: str) -> Any:
    try:
        return _DECODERS[name](getattr(top, name))
    except (ValueError, RecursionError):
        raise bad(name, FIELDS[name][1]) from None


def _keeps_nothing(model: str, models: Sequence[str]) -> bool:
    """Whether `model` is one that keeps no session. Raises `NotFound` where it is none."""
    if model in models:
        return False
    if model.removesuffix(STATELESS) in models:
        return True
    raise NoSuchModel("there is no such model; GET /v1/models lists them")


def _messages(top: _Body) -> list[_Message]:
    try:
        return _decode_messages(top.messages)
    except (ValueError, RecursionError):
        raise bad(
            "messages",
            "messages must be an array of objects with a role of developer, system, user,"
            " assistant or tool, and their content",
        ) from None


def _last_user(messages: Sequence[_Message]) -> int | None:
    at = len(messages) - 1
    while at >= 0 and messages[at].role != "user":
        at -= 1
    return None if at < 0 else at


def _text(content: Raw) -> str:
    """The text of a message's content. Parts of text stand in lines of their own."""
    try:
        found = _decode_content(content)
    except (ValueError, RecursionError):
        raise bad(
            "messages", "content must be a string or an array of text parts, in UTF-8"
        ) from None
    if not isinstance(found, list):
        return found or ""
    if any(part.type != "text" for part in found):
        raise bad("messages", "only text can be read here: leave images, audio and files out")
    if any(part.text is None for part in found):
        raise bad("messages", "every text part of a content must have its text")
    return _joined(found)


def _joined(parts: Sequence[_Part]) -> str:
    return "\n".join(part.text for part in parts if part.text is not None)


def _earlier(messages: Sequence[_Message], window: int) -> list[Earlier]:
    """The newest `window` turns of the client's history, oldest first, within its bytes.

    A turn is a user message and the last answer that follows it; all else is left out.
    """
    turns: list[Earlier] = []
    left, answer = HISTORY_BYTES, None
    for message in reversed(messages):
        if len(turns) == window:
            break
        if message.role == "assistant" and answer is None:
            answer = _readable(message.content) or ""
        elif message.role == "user" and answer is not None:
            asked = _readable(message.content) or ""
            left -= len(asked.encode()) + len(answer.encode())
            if left < 0:
                break
            turns.append((asked, answer))
            answer = None
    return turns[::-1]


def _readable(content: Raw) -> str | None:
    """The text in a content, whatever else is in it; None where it is none of ours."""
    try:
        found = _decode_content(content)
    except (ValueError, RecursionError):
        return None
    return _joined(found) if isinstance(found, list) else found or ""


def _forgiven(sent: bytes | bytearray, words: Callable[[Any], str]) -> str:
    """The words in JSON that only a forgiving decoder can read, or the JSON itself."""
    if len(sent) > MAX_BODY_BYTES:
        # Of a text both ends are screened, whatever its length.
        return bytes(sent[:_END] + sent[-_END:]).decode("utf-8", "replace")
    return words(codec.forgiven(bytes(sent))) or bytes(sent).decode("utf-8", "replace")


def _all_said(content: Any) -> str:
    return "\n".join(_texts(content))


def _last_said(found: Any) -> str:
    messages = found.get("messages") if isinstance(found, dict) else None
    listed = messages if isinstance(messages, list) else []
    users = [m for m in listed if isinstance(m, dict) and m.get("role") == "user"]
    return _all_said(users[-1].get("content")) if users else ""


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            text = part.get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                yield text
