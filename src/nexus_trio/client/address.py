"""Where a server is, from its URL."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit


class Address(NamedTuple):
    """Host without brackets, port, a path prefix without a final `/`, and whether it is TLS."""

    host: str
    port: int
    prefix: str
    tls: bool

    @property
    def where(self) -> str:
        """`HOST:PORT`, as in a Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """As `http(s)://HOST:PORT/PREFIX`."""
        return f"{'https' if self.tls else 'http'}://{self.where}{self.prefix}"


PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def parse_address(url: str) -> Address:
    """`http(s)://HOST[:PORT][/PREFIX]` in parts (or `ws(s)://`); `ValueError` on anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"the URL can't be read: {error}; correct it") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("give a URL such as http://127.0.0.1:4004")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("leave user, query and fragment out of the URL")
    tls = PORTS[parts.scheme] == 443
    number = PORTS[parts.scheme] if port is None else port
    return Address(parts.hostname, number, parts.path.rstrip("/"), tls)
