"""A request's body, read and checked as a whole, before any of its fields is looked at.

What is asked of a chat is made of it here, for both of that call's entrances.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quart import request
from werkzeug.http import parse_options_header

from nexus_trio import crisis
from nexus_trio.errors import InvalidRequest, NexusError
from nexus_trio.model.envelope import CrisisView
from nexus_trio.runtime.care import Care
from nexus_trio.web import codec

_CHAT = ("user_id", "message", "username", "room", "client_ref", "locale")

MAX_BODY_BYTES = 128 * 1024
"""A message is at most 16 KiB, and at most six bytes of JSON for each of its own; and the rest."""


async def read_fields(care: Care) -> Callable[[str], Any]:
    """`fields_of` the request that Quart serves."""
    body = await request.get_data(cache=False, as_text=False, parse_form_data=False)
    return fields_of(body, request.headers.get("Content-Type"), care)


def fields_of(body: bytes, content_type: str | None, care: Care) -> Callable[[str], Any]:
    """What gives a field of the request's JSON object: of whatever type it is, None if absent.

    Raises `InvalidRequest`, with `crisis` in it where the words deserve help.
    """
    try:
        check_type(content_type)
        return codec.decode_fields(body).get
    except NexusError as error:
        error.crisis = _help_for(body, care)
        raise


def chat_of(sent: Callable[[str], Any]) -> dict[str, Any]:
    """What the hub is asked for, of any type at all: it screens the message first, then checks."""
    return {name: sent(name) for name in _CHAT}


def _help_for(body: bytes, care: Care) -> CrisisView | None:
    words, locale = codec.words_in(body)
    # Where no field can be found, the words still stand somewhere in the bytes.
    said = words or body.decode("utf-8", "replace")
    return care.help_for(None, crisis.screen(said), locale)


def check_type(value: str | None) -> None:
    """Raises `InvalidRequest` for a `Content-Type` that is not JSON in UTF-8; None passes."""
    if value is None or value == "application/json":
        return
    kind, options = parse_options_header(value)
    if kind.lower() != "application/json":
        raise InvalidRequest("the Content-Type must be application/json")
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise InvalidRequest("the body must be UTF-8: leave the charset out of the Content-Type")


def wants_stream() -> bool:
    """Whether the call would rather have an event stream than JSON; on a tie JSON will do."""
    if "event-stream" not in request.headers.get("Accept", "").lower():
        return False
    accepted = request.accept_mimetypes
    return accepted["text/event-stream"] > accepted["application/json"]
