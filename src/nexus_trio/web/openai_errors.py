"""Refusals of the OpenAI wire, in the shape that its clients show to a person.

Status, code and `Retry-After` are those of the problem that another call would
get. The crisis notice stands first in the message: a plain front end shows
that and nothing else of an error (I23).
"""

from __future__ import annotations

from msgspec import UNSET

from nexus_trio.errors import InvalidRequest, NexusError, NotFound
from nexus_trio.web import openai_shapes as shapes
from nexus_trio.web import wire

ROOT = "/v1"

_TYPES = {403: "permission_error", 429: "rate_limit_error"}

_UNDECIDED = 408
"""A body that was cut off: whether to send it again is for the client to say."""


class BadParameter(InvalidRequest):
    """A parameter is missing, of the wrong type, out of its bounds, or asks for what isn't here."""

    param: str | None = None


class NoSuchModel(NotFound):
    """No model has that id."""


def bad(param: str, detail: str) -> BadParameter:
    """The refusal of `param`. `detail` holds nothing of what was sent."""
    error = BadParameter(detail)
    error.param = param
    return error


def is_here(path: str) -> bool:
    """Whether what is refused at `path` is refused in this shape."""
    return path == ROOT or path.startswith(f"{ROOT}/")


def shaped(problem: wire.ProblemObject, error: NexusError | None = None) -> shapes.ErrorReply:
    """`problem` in OpenAI's shape; `error` is what it was made of, if anything."""
    param, code = getattr(error, "param", None), problem.code
    if isinstance(error, NoSuchModel):
        param, code = "model", "model_not_found"
    general = "invalid_request_error" if problem.status < 500 else "server_error"
    return shapes.ErrorReply(
        shapes.ErrorObject(
            "\n\n".join(part for part in (_notice(problem), problem.detail) if part),
            _TYPES.get(problem.status, general),
            param,
            code,
            problem.retry,
            problem.crisis,
            problem.partial,
        )
    )


def headers(problem: wire.ProblemObject) -> dict[str, str]:
    """What else OpenAI's clients go by.

    They repeat a call by themselves after a 409 or any 5xx, and meanwhile show
    nothing; not so where that can't help, nor where a person should see the
    notice now.
    """
    if problem.status == _UNDECIDED or (problem.retry and not _notice(problem)):
        return {}
    return {"X-Should-Retry": "false"}


def _notice(problem: wire.ProblemObject) -> str | None:
    return None if problem.crisis is UNSET else problem.crisis.notice
