"""The error family, and the one table of codes, statuses and `retry`.

Every error that may reach a user is a `NexusError`. Its `detail` is written by
us and says what to do; it never holds a user's words. What the caller may not
see is `NotFound`, so that nobody can probe for who exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Code:
    """How one kind of error looks on the wire (RFC 9457 over HTTP).

    `retry` is true where the same call may succeed later; `retry_after` is
    then the number of whole seconds that a client is asked to wait.
    """

    status: int
    title: str
    retry: bool = False
    retry_after: int | None = None


CODES: dict[str, Code] = {
    "invalid_request": Code(400, "The request is not valid"),
    "unauthenticated": Code(401, "Not authenticated"),
    "forbidden": Code(403, "Not allowed"),
    "not_found": Code(404, "Not found"),
    "conflict": Code(409, "In conflict with an earlier request"),
    "too_large": Code(413, "Too large"),
    "rate_limited": Code(429, "Too many requests", retry=True, retry_after=1),
    "mailbox_full": Code(429, "Too many messages are waiting", retry=True, retry_after=1),
    "aborted": Code(499, "The turn was ended before it was answered"),
    "responder_failed": Code(502, "No answer could be made", retry=True, retry_after=5),
    "draining": Code(503, "The server is shutting down", retry=True, retry_after=5),
    "store_unavailable": Code(503, "The store is not available", retry=True, retry_after=5),
    "turn_timeout": Code(504, "The answer took too long", retry=True, retry_after=5),
}


class NexusError(Exception):
    """What the caller is told. `crisis` rides on refusals, so that help is never refused.

    Parameters: `detail`, one plain sentence for a person, without their words;
    `crisis`, a `model.envelope.CrisisView` where the verdict was not `none`;
    `partial`, what an aborted turn had said so far.
    """

    code: ClassVar[str] = "invalid_request"

    def __init__(self, detail: str, *, crisis: Any = None, partial: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.crisis = crisis
        self.partial = partial

    @property
    def retry(self) -> bool:
        """Whether the same call may succeed later."""
        return CODES[self.code].retry

    def __repr__(self) -> str:
        # `partial` and `crisis` may hold words of a conversation: never shown.
        return f"{type(self).__name__}({self.detail!r})"


class InvalidRequest(NexusError):
    """A field is missing, of the wrong type or out of its bounds."""

    code = "invalid_request"


class Unauthenticated(NexusError):
    """No valid token came with the call."""

    code = "unauthenticated"


class Forbidden(NexusError):
    """A foreign Host or Origin: a web page may not speak for its visitor."""

    code = "forbidden"


class NotFound(NexusError):
    """There is no such thing, or it is not the caller's to see."""

    code = "not_found"


class Conflict(NexusError):
    """The same `client_ref` with another message."""

    code = "conflict"


class TooLarge(NexusError):
    """A body or a message over its bound."""

    code = "too_large"


class RateLimited(NexusError):
    """More calls than the user's rate."""

    code = "rate_limited"


class MailboxFull(NexusError):
    """The session's mailbox holds as many waiting messages as it may."""

    code = "mailbox_full"


class Aborted(NexusError):
    """The turn was stopped, erased, or its session broke: stored as aborted."""

    code = "aborted"


class ResponderFailed(NexusError):
    """The responder broke; what it had said so far is in `partial`."""

    code = "responder_failed"


class Draining(NexusError):
    """The server is shutting down and takes no new work."""

    code = "draining"


class StoreUnavailable(NexusError):
    """The store can't take the commit; nothing of the turn is stored."""

    code = "store_unavailable"


class TurnTimeout(NexusError):
    """The responder took longer than the turn's time-out."""

    code = "turn_timeout"


class SettingsError(Exception):
    """A setting that can't be used; the message says which and what to do. Exit status 2."""
