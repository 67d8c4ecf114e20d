"""One request and its answer, as an ASGI application sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nexus_trio.lane.answer import BadAnswer, Framing
from nexus_trio.lane.http1 import BAD_REQUEST, Request, Requests

if TYPE_CHECKING:
    from nexus_trio.lane.direct import LaneConnection

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
REQUEST_TIMEOUT, BROKEN = 408, 500

# What was sent of the answer: nothing, nothing but the app's word for its head,
# a part, all of it.
_NOTHING, _HELD, _BEGUN, _DONE = range(4)

_GONE = {"type": "http.disconnect"}


class Exchange:
    """`receive` and `send` of one request; nothing of it is read before it is asked for.

    `receive` reads the connection itself, in whichever of the app's tasks asks:
    so a client that goes is seen without a task that waits for it, and a client
    that sends faster than the app reads has to wait.
    """

    __slots__ = ("_connection", "_framing", "_heard", "_request", "_requests", "_start", "_state")

    def __init__(self, connection: LaneConnection, request: Request, requests: Requests) -> None:
        self._connection = connection
        self._request = request
        self._requests = requests
        self._framing = Framing(request.method, request.http_version, request.keep_alive)
        self._state = _NOTHING
        # Whether the app has been given the end of the body.
        self._heard = False
        self._start: Any = None

    async def receive(self) -> Any:
        """The next part of the body; behind its end, that the client is gone, once it is.

        Cancelled, it took nothing.
        """
        request = self._request
        if not self._heard:
            while not (request.complete or request.pieces):
                if not await self._read_on():
                    return _GONE
            self._heard = request.complete
            body = request.take()
            return {"type": "http.request", "body": body, "more_body": not self._heard}
        if self._state != _DONE:
            await self._connection.until_gone()
        return _GONE

    def whole_body(self) -> bytes | None:
        """The rest of the body, where all of it has come; else None, and nothing was taken."""
        if self._heard or not self._request.complete:
            return None
        self._heard = True
        return self._request.take()

    async def send(self, message: Any) -> None:
        """A part of the answer. To a client that is gone it does nothing.

        Atomic with respect to cancellation; the wait for a client that does not
        read is bounded by `Limits.send`. The head of an answer whose length is
        known goes out with the first of its body. Raises `BadAnswer`.
        """
        kind = message["type"]
        if kind == "http.response.body" and self._state in (_HELD, _BEGUN):
            await self._body(message.get("body", b""), not message.get("more_body", False))
        elif kind == "http.response.start" and self._state == _NOTHING:
            self._start, self._state = message, _HELD
            headers = message.get("headers", ())
            if not any(name.lower() == b"content-length" for name, _ in headers):
                # Such as a stream of events, whose first may be long in coming.
                head = self._head(None)
                self._state = _BEGUN
                await self._put(head)
        elif self._connection.refused or self._connection.lost:
            return  # the app may still think that the answer is its own
        else:
            raise BadAnswer(f"{kind} does not come here")

    async def answer(self, head: bytes, body: bytes) -> bool:
        """The whole answer, a 200, in one; False where it has to be sent part by part.

        `head` are its headers as they go out, with none that says how it is framed: the
        app makes them once, and no answer pays for their being looked at. To the byte what
        `send` would make of them; as there with respect to cancellation.
        """
        connection, framing = self._connection, self._framing
        # A log would have each header by itself.
        if self._state != _NOTHING or connection.logs or self._request.method == b"HEAD":
            return False
        if not self._request.complete or connection.is_last:
            framing.keep_alive = False
        self._state = _BEGUN
        await self._put(framing.whole(head, body, connection.own_lines()))
        await self._end()
        return True

    async def finish(self) -> bool:
        """The app has returned, or broke: whether the connection goes on to the next request."""
        if self._connection.refused:
            return False
        if self._state in (_NOTHING, _HELD) and not self._connection.heard_end:
            await self._connection.refuse(BROKEN)
            await self._log({"status": BROKEN, "headers": []})
            return False
        if self._state != _DONE:
            # Less than was promised: only the connection's end can say so. Or nothing,
            # for the app was told that nobody is there.
            await self._log(None)
            return False
        return self._framing.keep_alive and self._request.complete

    async def _body(self, data: Any, last: bool) -> None:
        data = bytes(data)
        out = b""
        if self._state == _HELD:
            out = self._head(len(data) if last else None)
        out += self._framing.piece(data)
        if last:
            out += self._framing.end()
        self._state = _BEGUN
        if out:
            await self._put(out)
        if last:
            await self._end()

    def _head(self, whole: int | None) -> bytes:
        connection, request = self._connection, self._request
        if not request.complete or connection.is_last:
            # Whoever sends no more of its body, or waits to be told to, can't be
            # told where the next request would begin.
            self._framing.keep_alive = False
        return self._framing.head(
            int(self._start["status"]),
            self._start.get("headers", ()),
            connection.own_headers(),
            whole,
        )

    async def _end(self) -> None:
        self._state = _DONE
        await self._log(self._start)
        if not self._framing.keep_alive:
            await self._connection.say_end()
        self._connection.stop_hearing()

    async def _put(self, data: bytes) -> None:
        if data and not self._connection.refused:
            await self._connection.put(data)

    async def _read_on(self) -> bool:
        """Read more of the body. False where the client is gone, silent, or has sent none."""
        connection, requests = self._connection, self._requests
        if connection.over:
            return False
        if requests.fault is None:
            if self._request.expects and self._state == _NOTHING:
                self._request.expects = False
                await connection.put(CONTINUE)
            data = await connection.read_body()
            if data is None:
                await connection.refuse(REQUEST_TIMEOUT, begun=self._state > _HELD)
                return False
            requests.feed(data)
            if data and requests.fault is None:
                return True
        # Of a body that is not whole nothing that follows can be read either.
        await connection.refuse(BAD_REQUEST, begun=self._state > _HELD)
        return False

    async def _log(self, response: Any) -> None:
        if self._connection.logs:
            await self._connection.log(response)
