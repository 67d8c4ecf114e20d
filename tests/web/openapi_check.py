"""As much of JSON Schema as the API description uses, and stricter: an unknown word fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ANNOTATIONS = {"title", "description", "examples", "default"}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def problems(
    document: Mapping[str, Any], schema: Mapping[str, Any], value: object, at: str = "$"
) -> Iterator[str]:
    """What in `value` is not as `schema` says; a field that it does not name is a problem too."""
    if "$ref" in schema:
        yield from problems(document, resolve(document, schema["$ref"]), value, at)
        return
    if "anyOf" in schema:
        if not any(not list(problems(document, part, value, at)) for part in schema["anyOf"]):
            yield f"{at}: none of the alternatives"
        return
    unknown = schema.keys() - _ANNOTATIONS - _CHECKS.keys()
    assert not unknown, f"{at}: teach this file {unknown}"
    for word, check in _CHECKS.items():
        if word in schema and not check(schema[word], value):
            yield f"{at}: {word} {schema[word]!r}"
    if isinstance(value, dict) and schema.get("type") == "object":
        yield from _fields(document, schema, value, at)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from problems(document, schema["items"], item, f"{at}[{index}]")


def _fields(
    document: Mapping[str, Any], schema: Mapping[str, Any], value: dict[str, Any], at: str
) -> Iterator[str]:
    known = schema.get("properties", {})
    for name, item in value.items():
        part = known.get(name, schema.get("additionalProperties"))
        if part is None:
            yield f"{at}.{name}: not in the description"
        else:
            yield from problems(document, part, item, f"{at}.{name}")


def _is_type(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _sized(value: object, test: Any) -> bool:
    return not isinstance(value, str) or test(len(value))


def _numbered(value: object, test: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, (int, float)) or test(value)


_CHECKS: dict[str, Any] = {
    "type": _is_type,
    "enum": lambda allowed, value: value in allowed,
    "required": lambda names, value: not isinstance(value, dict) or set(names) <= value.keys(),
    "minLength": lambda least, value: _sized(value, lambda size: size >= least),
    "maxLength": lambda most, value: _sized(value, lambda size: size <= most),
    "minimum": lambda least, value: _numbered(value, lambda number: number >= least),
    "maximum": lambda most, value: _numbered(value, lambda number: number <= most),
    "pattern": lambda pattern, value: not isinstance(value, str) or re.search(pattern, value),
    "format": lambda name, value: (
        name == "date-time" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
    ),
    "properties": lambda parts, value: True,
    "additionalProperties": lambda part, value: True,
    "items": lambda part, value: True,
}


def resolve(document: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    """What `#/…` in the document refers to."""
    place: Any = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place  # type: ignore[no-any-return]  # JSON


def references(part: object) -> Iterator[str]:
    """Every `$ref` below `part`."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)
