"""The shapes of the OpenAI wire: they are encoded from, and the API description is made of them.

What is not here is not sent. What a caller may send beyond this is ignored or
refused by `web.openai_request`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from nexus_trio.model import fields
from nexus_trio.web import wire

Role = Literal["developer", "system", "user", "assistant", "tool", "function"]

Created = Annotated[int, Meta(description="Seconds since 1970, UTC.")]
CompletionId = Annotated[str, Meta(examples=["chatcmpl-6fb1f0c2a9d34e57"])]


# --- what callers send ---


class TextPart(Struct):
    """A piece of text. Parts of any other type are refused."""

    type: Literal["text"]
    text: str


class InputMessage(Struct):
    """A message of the client's history. Of all of them, the last user message is read."""

    role: Role
    content: str | list[TextPart] | None = None


class StreamOptions(Struct):
    """How to stream. Other options are ignored."""

    include_usage: bool | None = None


class CompletionRequest(Struct):
    """A turn. Fields that are not named here are ignored, or refused where `docs` says so."""

    model: Annotated[str, Meta(description="An id that GET /v1/models lists.")]
    messages: list[InputMessage]
    user: (
        Annotated[
            str,
            Meta(
                pattern=f"^{fields.USER_ID.pattern}$",
                description=(
                    "Whose session it is; else the header X-Nexus-User or X-OpenWebUI-User-Id."
                    " Not needed by a -stateless model."
                ),
                examples=["ada"],
            ),
        ]
        | None
    ) = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


# --- what callers get ---


class Model(Struct):
    """A model. With `-stateless` behind its id, it keeps no session."""

    id: Annotated[str, Meta(examples=["scripted", "scripted-stateless"])]
    created: Created
    object: Literal["model"] = "model"
    owned_by: str = "nexus-trio"


class ModelList(Struct):
    """All models."""

    data: list[Model]
    object: Literal["list"] = "list"


class Usage(Struct):
    """Estimates: a token counts as four bytes of UTF-8."""

    prompt_tokens: wire.Count
    completion_tokens: wire.Count
    total_tokens: wire.Count


class OutputMessage(Struct):
    """The answer, in which a crisis notice stands first."""

    content: str
    role: Literal["assistant"] = "assistant"
    refusal: None = None


class Choice(Struct):
    """The one choice there is."""

    message: OutputMessage
    index: Literal[0] = 0
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Completion(Struct):
    """The answer to a turn."""

    id: CompletionId
    created: Created
    model: str
    choices: list[Choice]
    usage: Usage
    object: Literal["chat.completion"] = "chat.completion"


class Piece(Struct, omit_defaults=True):
    """What a chunk adds to the message."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET


class ChunkChoice(Struct):
    """The one choice there is, as it grows."""

    delta: Piece
    finish_reason: Literal["stop"] | None = None
    index: Literal[0] = 0
    logprobs: None = None


class Chunk(Struct):
    """A piece of a streamed answer. With `include_usage`, the last one has the usage alone."""

    id: CompletionId
    created: Created
    model: str
    choices: list[ChunkChoice]
    usage: Usage | UnsetType | None = UNSET
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"


class ErrorObject(Struct):
    """What went wrong. `message` begins with the crisis notice where the words deserve one.

    `code` is one of the problems' codes, or `model_not_found`. `crisis` and
    `partial` are as in a problem.
    """

    message: str
    type: Annotated[str, Meta(examples=["invalid_request_error"])]
    param: str | None
    code: Annotated[str, Meta(examples=["mailbox_full"])]
    retry: bool
    crisis: wire.CrisisObject | UnsetType = UNSET
    partial: str | UnsetType = UNSET


class ErrorReply(Struct):
    """A refused call, as OpenAI's clients read it."""

    error: ErrorObject
