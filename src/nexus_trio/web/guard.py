"""Open mode's guard: no web page may speak for its visitor.

Without tokens whoever reaches the server is believed, so a page from elsewhere
that a browser on this machine shows must not reach it: not across sites
(`Origin`, RFC 6454; `Sec-Fetch-Site`, W3C Fetch Metadata), and not under a name
of its own that it points at loopback (DNS rebinding: then `Host` is that name).

It stands before the web framework, so that everything is guarded, what is not
found too, and no router sees a strange host.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Any

from nexus_trio.errors import Forbidden
from nexus_trio.web import problems

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Asgi = Callable[[Any, Receive, Send], Awaitable[None]]
"""An ASGI 3 application; its messages are plain dictionaries."""

_HOST = re.compile(
    r"(?:localhost|(?P<v4>[0-9.]{7,15})|\[(?P<v6>[0-9a-f:.]{3,45})\])(?::[0-9]{1,5})?",
    re.ASCII | re.IGNORECASE,
)

FOREIGN_HOST = "the Host must be localhost, 127.0.0.1 or [::1]; use one of them in the URL"
FOREIGN_ORIGIN = "this came from a page of another origin; call the server from its own pages"
FOREIGN_ADDRESS = "without tokens the server answers on loopback alone; bind it to 127.0.0.1"
FOREIGN_SITE = "a browser marks this as coming from another site; open the address directly"


def refusal(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why a request with these headers is refused, or None where it may pass. Pure.

    `headers` are name and value as they came, names in any case. Exactly one
    loopback `Host` (localhost, 127.0.0.0/8, [::1], the IPv4-mapped; any port);
    an `Origin`, if any, with that very host and port; a `Sec-Fetch-Site`, if
    any, of `same-origin` or `none`.
    """
    hosts, origins = [], []
    for raw_name, value in headers:
        name = raw_name.lower()
        if name == b"host":
            hosts.append(value)
        elif name == b"origin":
            origins.append(value)
        elif name == b"sec-fetch-site" and value.lower() not in (b"same-origin", b"none"):
            return FOREIGN_SITE
    if len(hosts) != 1 or not _is_loopback(hosts[0]):
        return FOREIGN_HOST
    if origins and not _is_own(origins, hosts[0]):
        return FOREIGN_ORIGIN
    return None


def arrived_elsewhere(server: Any) -> bool:
    """Whether a connection came in at another address than loopback. Pure.

    `server` is what ASGI says of the near end: host and port, or the path of a
    UNIX socket. However the application was started, and whatever it was told
    to bind, this is the address that the caller reached.
    """
    return isinstance(server, (tuple, list)) and server[1] is not None and _is_elsewhere(server[0])


# As few as the addresses that this machine has.
@lru_cache(maxsize=64)
def _is_elsewhere(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False  # a name: only a test's transport has one
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return not (mapped or address).is_loopback


def _is_own(origins: list[bytes], host: bytes) -> bool:
    scheme, separator, rest = origins[0].lower().partition(b"://")
    own = separator and scheme in (b"http", b"https") and rest == host.lower()
    return bool(own) and len(origins) == 1


# A server is called by a few names over and over; strangers' push them out at worst.
@lru_cache(maxsize=64)
def _is_loopback(host: bytes) -> bool:
    match = _HOST.fullmatch(host.decode("latin-1"))
    if match is None:
        return False
    try:
        if match["v4"]:
            return IPv4Address(match["v4"]).is_loopback
        if match["v6"]:
            address = IPv6Address(match["v6"])
            return (address.ipv4_mapped or address).is_loopback
    except AddressValueError:
        return False
    return True


class Guard:
    """ASGI middleware: answers what `refusal` refuses, passes on the rest."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection; the application's promise about cancellation holds.

        What is passed on costs no frame of the guard's own, as long as a connection is open.
        """
        if scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        elsewhere = arrived_elsewhere(scope.get("server"))
        detail = FOREIGN_ADDRESS if elsewhere else refusal(scope["headers"])
        if detail is None:
            return self._app(scope, receive, send)
        if scope["type"] == "websocket":
            # Closed before it was accepted: the server answers 403 (ASGI, WebSocket).
            return send({"type": "websocket.close", "code": 1008, "reason": None})
        return _refuse(detail, scope, send)


async def _refuse(detail: str, scope: Any, send: Send) -> None:
    status, headers, body = problems.raw(Forbidden(detail), scope.get("path", ""))
    length = (b"content-length", str(len(body)).encode())
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": [*lines, length]})
    content = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": content, "more_body": False})
