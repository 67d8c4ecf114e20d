"""The API description as one plain page: rendered here, so that it needs no script and no net."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from nexus_trio.web.problems import WEB_CODES

Schema = Mapping[str, Any]


def render(document: Mapping[str, Any]) -> str:
    """The inside of the page for this OpenAPI document: calls by tag, shapes, error codes.

    Every `type` of a problem leads to a place in it.
    """
    return "\n".join(
        [
            *_paragraphs(document["info"]["description"]),
            f"<p>Version {escape(document['info']['version'])}. The same as "
            '<a href="/openapi.json">OpenAPI 3.1</a>.</p>',
            *_calls(document),
            "<h2>Shapes</h2>",
            *_shapes(document["components"]["schemas"]),
            "<h2>Error codes</h2>",
            *_codes(),
        ]
    )


def _calls(document: Mapping[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'].capitalize())}</h2><p>{escape(tag['description'])}</p>"
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation["tags"]:
                    yield from _call(method, path, operation)


def _call(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    name = escape(operation["operationId"])
    address = f"<code>{method.upper()} {escape(path)}</code>"
    yield f'<h3 id="{name}" class="path">{address}</h3>'
    yield from _paragraphs(f"{operation['summary']}\n\n{operation.get('description', '')}")
    rows = [_parameter(parameter) for parameter in operation["parameters"]]
    if "requestBody" in operation:
        rows.append(("body", _content(operation["requestBody"])))
    rows += [(status, _content(reply)) for status, reply in operation["responses"].items()]
    yield _table(("Part", "What"), rows)


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str]:
    schema = parameter["schema"]
    said = parameter.get("description", schema.get("description", ""))
    return f"{parameter['name']} ({parameter['in']})", f"{_type(schema)}. {_text(said)}"


def _content(part: Mapping[str, Any]) -> str:
    kinds = [_type(media["schema"]) for media in part["content"].values() if "schema" in media]
    return ". ".join([*kinds, _text(part.get("description", ""))]).strip()


def _shapes(schemas: Mapping[str, Schema]) -> Iterator[str]:
    for name, schema in sorted(schemas.items()):
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
        yield from _paragraphs(schema.get("description", ""))
        required = schema.get("required", ())
        rows = [
            (field, _field(part, optional=field not in required))
            for field, part in schema["properties"].items()
        ]
        yield _table(("Field", "What"), rows)


def _field(schema: Schema, *, optional: bool) -> str:
    said = [_type(schema) + (", optional" if optional else "")]
    said += [_text(part["description"]) for part in _alternatives(schema) if "description" in part]
    return ". ".join(part.rstrip(".") for part in said) + "."


def _alternatives(schema: Schema) -> list[Schema]:
    return [schema, *schema.get("anyOf", ())]


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    return escape(schema.get("type", "any")) + _bounds(schema)


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if schema.get("type") == "string" else ""
    if low is not None and high is not None:
        return f" ({low} to {high}{unit})"
    if high is not None:
        return f" (at most {high}{unit})"
    return "" if low is None else f" (from {low})"


def _codes() -> Iterator[str]:
    yield "<dl>"
    for code, row in WEB_CODES.items():
        again = f" Try again after {row.retry_after} s." if row.retry else ""
        yield (
            f'<dt id="{code}"><code>{code}</code></dt>'
            f"<dd>{escape(row.title)}. Status {row.status}.{again}</dd>"
        )
    yield "</dl>"


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    """A table of two columns; the first is text, the second HTML."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "\n".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{what}</td></tr>" for name, what in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in filter(None, (part.strip() for part in text.split("\n\n"))):
        yield f"<p>{_text(paragraph)}</p>"


def _text(text: str) -> str:
    """Text as HTML, with what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
