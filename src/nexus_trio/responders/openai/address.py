"""Where the model server is, and how a call shows that it may: read once, at the start."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final

import httpx

_KEY: Final = re.compile(r"[!-~]*")
"""What may stand in an `Authorization` line (RFC 6750) without ending it."""

_COMPLETIONS: Final = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of the calls, without a user name, and the `Authorization` that they carry.

    Neither is in the `repr`: the one may hold a key in its query, the other does.
    """

    url: httpx.URL = field(repr=False)
    authorization: str | None = field(default=None, repr=False)


def parse_address(base_url: str, api_key: str = "") -> Address:
    """The address of the chat completions under `base_url`.

    An address that is a host alone means that host's `/v1`; one with a path is
    taken as it is written, with or without a slash at its end. A user name and
    password in it become basic authorization, a query goes along with each call.
    Raises `ValueError` with one line that says what to do, and never quotes.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ValueError("it is no URL; write http://HOST:PORT/v1") from None
    if url.scheme not in ("http", "https") or not url.host or (url.port or 80) > 65535:
        raise ValueError("it is no address of a server; write http://HOST:PORT/v1")
    if url.fragment:
        raise ValueError("it has a part behind '#', which no server is sent; leave that out")
    if not _KEY.fullmatch(api_key):
        raise ValueError("the key with it has spaces or other characters that no key has")
    path = url.path.rstrip("/").removesuffix(_COMPLETIONS) or "/v1"
    return Address(
        url.copy_with(path=path + _COMPLETIONS, username=None, password=None),
        _authorization(url, api_key),
    )


def _authorization(url: httpx.URL, api_key: str) -> str | None:
    if not url.userinfo:
        return f"Bearer {api_key}" if api_key else None
    if api_key:
        raise ValueError("it holds a user name, and there is a key as well; give one of the two")
    pair = f"{url.username}:{url.password}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"
