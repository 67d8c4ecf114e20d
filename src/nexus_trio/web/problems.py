"""Errors as RFC 9457 problem details, never HTML; below `/v1` in OpenAI's shape.

A problem says what to do and never repeats what was sent. What broke inside is
logged by its type and place alone, for its message may quote somebody's words
(I1).
"""

from __future__ import annotations

from http import HTTPStatus

from quart import has_request_context, has_websocket_context, request, websocket
from quart.wrappers import Response
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from nexus_trio.errors import CODES, Code, NexusError
from nexus_trio.model.envelope import CrisisView
from nexus_trio.runtime.crash import log_crash
from nexus_trio.web import codec, openai_errors, wire

INTERNAL = "internal"

WEB_CODES: dict[str, Code] = {**CODES, INTERNAL: Code(500, "Something broke in the server")}
"""Every code that a problem may carry: the shared table, and what should not happen."""

LATER = ("/metrics", "/operator")
"""Calls that clients may know of and that this version does not have."""

HEADERS = {
    "Content-Type": "application/problem+json",
    # A refusal may carry help, and names what it refuses: nobody else's to keep.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

_DETAILS = {
    400: "the request can't be read; compare it with /docs",
    404: "there is nothing at this address; /docs lists the calls",
    408: "the body did not arrive in time; send it again",
    413: "the body is larger than 128 KiB; send less",
    500: "something broke in the server; its log says where",
}

Raw = tuple[int, dict[str, str], bytes]


def raw(error: NexusError, path: str = "") -> Raw:
    """Status, headers and body of the answer to a refused call of `path`."""
    return written(problem(error), path, error)


def problem(error: NexusError) -> wire.ProblemObject:
    """The refusal of a call, as the wire has it."""
    found = _plain(error.code, error.detail)
    if error.crisis is not None:
        found.crisis = codec.crisis(error.crisis)
    if error.partial is not None:
        found.partial = error.partial
    return found


def defect(view: CrisisView | None = None) -> wire.ProblemObject:
    """What is said of a defect of ours; `view` is the help that the refused words deserve."""
    found = _plain(INTERNAL, _DETAILS[500])
    if view is not None:
        found.crisis = codec.crisis(view)
    return found


def written(found: wire.ProblemObject, path: str, error: NexusError | None = None) -> Raw:
    """A problem in the shape that clients of `path` read; `error` is what it was made of."""
    headers = dict(HEADERS)
    wait = WEB_CODES[found.code].retry_after
    if wait is not None:
        headers["Retry-After"] = str(wait)
    if not openai_errors.is_here(path):
        return found.status, headers, codec.encode(found)
    headers |= {"Content-Type": "application/json", **openai_errors.headers(found)}
    return found.status, headers, codec.encode(openai_errors.shaped(found, error))


def _plain(code: str, detail: str) -> wire.ProblemObject:
    row = WEB_CODES[code]
    return wire.ProblemObject(f"/docs#{code}", row.title, row.status, detail, code, row.retry)


async def refused(error: NexusError) -> Response:
    """A call that was refused, by us, with a reason."""
    status, headers, body = raw(error, _path())
    return TrioResponse(body, status, headers)


async def unroutable(error: HTTPException) -> Response:
    """What the framework refuses: no such path or method, a body too large or too slow."""
    status, headers, body = written(at(error.code or 500), _path())
    response = TrioResponse(body, status, headers)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def at(status: int) -> wire.ProblemObject:
    """The refusal that has this status of HTTP."""
    code = {404: "not_found", 413: "too_large"}.get(status)
    if code is None:
        code = "invalid_request" if status < 500 else INTERNAL
    found = _plain(code, _detail(status))
    if found.status != status:
        # A status that HTTP has and our table of codes hasn't (405, 408).
        found.status, found.title = status, HTTPStatus(status).phrase
    return found


def _detail(status: int) -> str:
    if status == 404 and _is_later(_path()):
        return "this version does not have this call yet; /docs lists those it has"
    if status == 404 and _path() == "/bridge/ws":
        return "this address takes WebSockets alone, with the subprotocol nexus.v1"
    if status == 405:
        return "this address does not take this method; the Allow header lists those it takes"
    return _DETAILS.get(status, _DETAILS[400])


def _path() -> str:
    if has_request_context():
        return request.path
    return websocket.path if has_websocket_context() else ""


def _is_later(path: str) -> bool:
    return any(path == call or path.startswith(f"{call}/") for call in LATER)


async def broken(error: Exception) -> Response:
    """A defect of ours: said plainly, without details, and logged without words."""
    log_defect(error)
    status, headers, body = written(defect(), _path())
    return TrioResponse(body, status, headers)


def log_defect(error: BaseException) -> None:
    """Log what broke and where, without its message."""
    log_crash("a call failed", error)
