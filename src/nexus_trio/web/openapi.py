"""The API description (OpenAPI 3.1), made from the routes, their docstrings and the wire's types.

quart-schema walks the routes; three things are said here in its place. The
schemas that a type refers to come along (of msgspec's types it keeps only the
outermost, which leaves references to nowhere), errors are
`application/problem+json`, and bounds of the path's parts are stated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

import msgspec
from quart_schema import QuartSchema, document_querystring, document_request, document_response
from quart_schema import tag as quart_tag
from quart_schema.openapi import Info, OpenAPIProvider, Tag
from quart_schema.validation import DataSource
from quart_trio import QuartTrio
from werkzeug.routing import BaseConverter, Rule

from nexus_trio.web import wire
from nexus_trio.web.problems import INTERNAL, WEB_CODES

Handler = TypeVar("Handler", bound=Callable[..., Any])

_CODES_ATTRIBUTE = "_nexus_codes"
_MEDIA_ATTRIBUTE = "_nexus_media"
_STREAMED_ATTRIBUTE = "_nexus_streamed"
_ERRORS_ATTRIBUTE = "_nexus_errors"
_PROBLEM = "application/problem+json"
_EVERYWHERE = ("invalid_request", "forbidden", INTERNAL)
_REFS = "#/components/schemas/{name}"
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
}
_PATH_PARTS: dict[str, Any] = {"user_id": wire.UserId, "room": wire.RoomName}

DESCRIPTION = """\
People and AI personas in shared rooms, each session isolated. Every persona is an AI.

JSON in and out, UTF-8, a body of at most 128 KiB (8 MiB for a completion, which brings its
history). Fields that are not named here are ignored; of a
field that comes twice, the last one counts; null stands for an absent optional field. Times are
RFC 3339 in UTC. Every error is a problem (RFC 9457) with a `code`, below `/v1` in OpenAI's shape
with the same one; where `retry` is true, the same call may succeed after the seconds in
`Retry-After`.

The server believes whoever reaches it, and so it listens on loopback alone and refuses calls
that a browser makes for a page from elsewhere.
"""

TAGS = {
    "chat": "Private talk with the persona of a room.",
    "sessions": "What the server holds of a user.",
    "rooms": "Where people meet.",
    "openai": "The wire of OpenAI's clients: base URL `/v1`, any key.",
    "server": "Whether the server lives and takes work.",
    "description": "This description.",
}


def described(
    reply: type[msgspec.Struct] | str,
    codes: str,
    *,
    tag: str,
    body: type[msgspec.Struct] | None = None,
    query: type[msgspec.Struct] | None = None,
    streamed: bool = False,
    errors: type[msgspec.Struct] = wire.ProblemObject,
) -> Callable[[Handler], Handler]:
    """Say of a handler what it takes, what it answers, and with which codes it may refuse.

    `reply` is the JSON's type, or the media type of something else. `codes` are
    separated by spaces; those that any call may have are added. `streamed`: the
    answer may also come as events. `errors` is the shape of its refusals. It only
    describes: nothing is checked, and nothing runs, per request.
    """

    def describe(handler: Handler) -> Handler:
        if isinstance(reply, str):
            setattr(handler, _MEDIA_ATTRIBUTE, reply)
        else:
            handler = document_response(reply, 200)(handler)
        if body is not None:
            handler = document_request(body)(handler)
        if query is not None:
            handler = document_querystring(query)(handler)
        setattr(handler, _STREAMED_ATTRIBUTE, streamed)
        setattr(handler, _ERRORS_ATTRIBUTE, errors)
        setattr(handler, _CODES_ATTRIBUTE, (*_EVERYWHERE, *codes.split()))
        return quart_tag([tag])(handler)

    return describe


def document(app: QuartTrio) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `app`'s routes, as plain values."""
    # Given to the provider and not to the app: on an app it would also convert
    # every response, at a cost for each.
    schema = QuartSchema(
        info=Info(title="nexus-trio", version=version("nexus-trio"), description=DESCRIPTION),
        tags=[Tag(name, description) for name, description in TAGS.items()],
    )
    app.config["QUART_SCHEMA_CONVERSION_PREFERENCE"] = "msgspec"
    app.config["QUART_SCHEMA_CONVERT_CASING"] = False
    return _Provider(app, schema).schema()


def _schema(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of `model`, and those it refers to."""
    (schema,), components = msgspec.json.schema_components([model], ref_template=_REFS)
    return schema, components


class _Provider(OpenAPIProvider):
    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        handler = self._app.view_functions[rule.endpoint]
        errors = getattr(handler, _ERRORS_ATTRIBUTE)
        media_of_errors = _PROBLEM if errors is wire.ProblemObject else "application/json"
        refusal, more = _schema(errors)
        for operation in (operation for path in paths.values() for operation in path.values()):
            media = getattr(handler, _MEDIA_ATTRIBUTE, None)
            if media is not None:
                operation["responses"][200] = {"description": media, "content": {media: {}}}
            if getattr(handler, _STREAMED_ATTRIBUTE, False):
                operation["responses"][200]["content"]["text/event-stream"] = {}
            operation["responses"] |= _refusals(
                getattr(handler, _CODES_ATTRIBUTE), {media_of_errors: {"schema": refusal}}
            )
            # JSON's keys are strings; the document is the same before and after.
            operation["responses"] = {str(k): v for k, v in operation["responses"].items()}
        return paths, {**components, **more}

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        schema, _ = _schema(_PATH_PARTS[name])
        return {**super().build_path_parameter(name, converter), "schema": schema}

    def build_request_body(
        self, model: Any, source: DataSource
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, components = _schema(model)
        return {"required": True, "content": {"application/json": {"schema": schema}}}, components

    def build_response_object(
        self, model: Any, headers_model: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        schema, components = _schema(model)
        summary = inspect.getdoc(model) or ""
        return {
            "description": summary.partition("\n")[0],
            "content": {"application/json": {"schema": schema}},
        }, components


def _refusals(codes: tuple[str, ...], content: dict[str, Any]) -> dict[int, Any]:
    """The error responses by status; one status may stand for several codes."""
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(WEB_CODES[code].status, []).append(code)
    return {
        status: {
            "description": "; ".join(f"`{code}`: {WEB_CODES[code].title}" for code in names),
            "content": content,
            **({"headers": _RETRY_AFTER} if any(WEB_CODES[c].retry for c in names) else {}),
        }
        for status, names in sorted(by_status.items())
    }
