"""What goes wrong, by type: an answer that is an error, an end for good, a question left open.

No message holds a user's words. What may hold them (`partial`, `crisis`) is an
attribute, and no repr shows it.
"""

from __future__ import annotations

from typing import ClassVar

from nexus_trio.model.envelope import CrisisView, Position


class ClientError(Exception):
    """Whatever a call of the client raises, bounds of its own arguments excepted (`NexusError`)."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class BridgeError(ClientError):
    """The server's answer is an error: the one outcome of that call.

    `code` is of docs/protocol.md (`mailbox_full`, `aborted` …), `detail` says what to
    do, `retry` whether the same call may succeed later. `crisis`, where it is not
    None, is the help that the words deserve: show `crisis.notice`. `partial` is what an
    ended turn had said, `turn` and `position` are there where a turn of it is stored.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry: bool = False,
        crisis: CrisisView | None = None,
        partial: str | None = None,
        turn: int | None = None,
        position: Position | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.retry = retry
        self.crisis = crisis
        self.partial = partial
        self.turn = turn
        self.position = position


class Unsettled(ClientError):
    """The connection fell while something was said aloud, and nobody can tell whether it was heard.

    It is not said again by itself, for it might then be said twice.
    """


class ReadFailed(ClientError):
    """What was asked for over HTTP did not come, whole and in time. The client goes on."""


class Ended(ClientError):
    """The connection is over for good: every call that waits, and every later one, raises it.

    `code` is how the server closed (docs/protocol.md), None where it did not.
    """

    advice: ClassVar[str] = ""

    def __init__(self, detail: str, code: int | None = None) -> None:
        super().__init__(f"{detail}; {self.advice}" if self.advice else detail)
        self.detail = detail
        self.code = code

    def again(self) -> Ended:
        """The same error for one more who waits: an exception is raised by one task alone."""
        return type(self)(self.detail, self.code)


class Closed(Ended):
    """The `connect` block that this client belongs to has been left."""


class Unreachable(Ended):
    """Nobody listens there, or nobody answered for as long as `Timing.give_up_s`."""


class NotAuthenticated(Ended):
    """4401: the server does not know who this is."""

    advice = "give connect() the user, or the token, that this server knows"


class TooManyConnections(Ended):
    """4409: the user has more connections than the server holds, and this was the oldest."""

    advice = "close some of this user's other connections, then connect again"


class SessionErased(Ended):
    """4410: all that was held of this user has been removed."""

    advice = "connect again only to begin anew"


class BadFrame(Ended):
    """4400: the server could not read what was sent, or refused the hello."""

    advice = "correct what connect() was given; is the client older than the server?"


class ProtocolBroken(Ended):
    """What answers there does not speak `nexus.v1`."""

    advice = "point the URL at a nexus_trio server of this version"
