"""Bounds of everything that a caller sends, checked in one place.

Each function takes what came in, of whatever type, and returns it or raises
`InvalidRequest` (`TooLarge` for a message over its bound) with a sentence that
names the field and the bound and never repeats the value.
"""

from __future__ import annotations

import re

from nexus_trio.errors import InvalidRequest, TooLarge

MAX_MESSAGE_BYTES = 16 * 1024
"""UTF-8 bytes of one message: some ten pages, and small enough to keep 10,000 in memory."""

USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
CLIENT_REF = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
LOCALE = re.compile(r"[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}", re.ASCII)


def user_id(value: object, name: str = "user_id") -> str:
    """1 to 64 of ASCII letters, digits, `.`, `_`, `-`, beginning with a letter or digit."""
    if not isinstance(value, str) or not USER_ID.fullmatch(value):
        raise InvalidRequest(
            f"{name} must be 1 to 64 ASCII letters, digits, '.', '_' or '-', "
            "beginning with a letter or digit"
        )
    return value


def message(value: object, name: str = "message") -> str:
    """1 character to 16 KiB of UTF-8, no lone surrogates."""
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"{name} must be a string of at least 1 character")
    # A character is 1 to 4 bytes, so most messages are decided by their length.
    if len(value) > MAX_MESSAGE_BYTES:
        raise TooLarge(f"{name} must be at most {MAX_MESSAGE_BYTES} bytes of UTF-8")
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        # `from None`: the codec's error quotes the words.
        raise InvalidRequest(f"{name} holds half of a surrogate pair; send UTF-8") from None
    if size > MAX_MESSAGE_BYTES:
        raise TooLarge(f"{name} must be at most {MAX_MESSAGE_BYTES} bytes of UTF-8")
    return value


def username(value: object, personas: frozenset[str]) -> str:
    """1 to 64 printable characters, not the name of a persona (`personas`, casefolded)."""
    if not isinstance(value, str) or not 1 <= len(value) <= 64 or not value.isprintable():
        raise InvalidRequest("username must be 1 to 64 characters without control characters")
    if not value.strip():
        raise InvalidRequest("username must hold more than spaces")
    if value.strip().casefold() in personas:
        raise InvalidRequest("username is the name of a persona here; choose another")
    return value


def client_ref(value: object) -> str:
    """1 to 64 printable ASCII characters without spaces."""
    if not isinstance(value, str) or not CLIENT_REF.fullmatch(value):
        raise InvalidRequest("client_ref must be 1 to 64 printable ASCII characters, no spaces")
    return value


def locale(value: object) -> str:
    """A language tag such as `en-US` (BCP 47), at most 44 characters."""
    if not isinstance(value, str) or not LOCALE.fullmatch(value):
        raise InvalidRequest("locale must be a language tag such as en-US")
    return value


def page_limit(value: object) -> int:
    """1 to 1,000 turns of a history page."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise InvalidRequest("limit must be a whole number from 1 to 1000")
    return value
