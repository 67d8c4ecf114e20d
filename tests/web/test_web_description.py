"""The API description and the pages: whole, true, and readable without a net."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import openapi_check
import pytest
from bridge_client import refusals_of, serving

from nexus_trio.errors import CODES, NexusError
from nexus_trio.model import fields
from nexus_trio.model.envelope import Position
from nexus_trio.testing.hubs import small_world
from nexus_trio.web import problems, rest, wire


async def test_every_route_is_described_whole() -> None:
    async with serving() as bridge:
        document = (await bridge.get("/openapi.json")).json
        assert document == bridge.document
        assert document["openapi"].startswith("3.1.")
        assert document["info"]["version"] == rest.VERSION
        routes: dict[str, set[str]] = {}
        for rule in bridge.app.url_map.iter_rules():
            path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
            routes.setdefault(path, set()).update(method.lower() for method in rule.methods or ())
        assert routes.keys() == document["paths"].keys()
        for path, methods in routes.items():
            assert document["paths"][path].keys() == methods - {"head", "options"}
            for operation in document["paths"][path].values():
                check_operation(path, operation)


def check_operation(path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["tags"]
    assert "200" in operation["responses"]
    assert {"400", "403", "500"} <= operation["responses"].keys()
    for status, response in operation["responses"].items():
        assert response["description"]
        if status != "200":
            assert list(response["content"]) == [refusals_of(path)[1]]
    in_path = [part for part in operation["parameters"] if part["in"] == "path"]
    assert all(part["required"] and part["schema"]["maxLength"] <= 64 for part in in_path)
    assert {part["name"] for part in in_path} == set(re.findall(r"{(\w+)}", path))


async def test_every_reference_leads_somewhere_and_every_name_is_unique() -> None:
    async with serving() as bridge:
        for reference in openapi_check.references(bridge.document):
            assert openapi_check.resolve(bridge.document, reference)
        operations = [op for path in bridge.document["paths"].values() for op in path.values()]
        assert len({op["operationId"] for op in operations}) == len(operations)
        tags = {tag["name"] for tag in bridge.document["tags"]}
        assert {tag for op in operations for tag in op["tags"]} == tags


async def test_each_code_is_described_at_the_calls_that_may_have_it() -> None:
    async with serving() as bridge:
        chat = bridge.document["paths"]["/bridge/chat"]["post"]["responses"]
        said = "\n".join(response["description"] for response in chat.values())
        for code in CODES.keys() - {"unauthenticated"}:
            assert f"`{code}`" in said
        for status in ("429", "502", "503", "504"):
            assert "Retry-After" in chat[status]["headers"]


async def test_examples_keep_the_bounds_they_stand_in() -> None:
    async with serving() as bridge:
        for schema in schemas(bridge.document):
            for example in schema.get("examples", ()):
                assert not list(openapi_check.problems(bridge.document, schema, example))


def schemas(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [schema for item in part for schema in schemas(item)]
    if not isinstance(part, dict):
        return []
    below = [schema for item in part.values() for schema in schemas(item)]
    return [part, *below] if "type" in part and isinstance(part["type"], str) else below


WORDS = [
    "", "a", "0", "-a", ".a", "_", "a.b-c_d", "a b", "a\n", "ä", "x" * 44, "x" * 45, "x" * 64,
    "x" * 65, "en", "en-US", "en_US", "en-", "a-b-c-d-e", "a-b-c-d-e-f", "!~", "\x7f", "a/b", "٣",
]  # fmt: skip


@pytest.mark.parametrize(
    ("described", "check"),
    [
        (wire.UserId, fields.user_id),
        (wire.ClientRef, fields.client_ref),
        (wire.Locale, fields.locale),
        (wire.PositionText, Position.parse),
    ],
)
@pytest.mark.parametrize("word", [*WORDS, "e1:1", "e1:", ":1", "e1:1:1", "é:1", "e1:-1"])
def test_the_described_bounds_are_those_that_are_checked(
    described: Any, check: Any, word: str
) -> None:
    try:
        check(word)
        passes = True
    except NexusError:
        passes = False
    # `$` in Python also stands before a line's end; JSON Schema's does not.
    if not word.endswith("\n"):
        assert passes == is_valid(described, word)


def is_valid(described: Any, word: str) -> bool:
    try:
        msgspec.convert(word, described)
    except msgspec.ValidationError:
        return False
    return True


async def test_pages_need_no_script_and_no_net() -> None:
    async with serving() as bridge:
        for path in ("/", "/docs"):
            answer = await bridge.get(path)
            html = answer.body.decode()
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "script-src" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert not re.search(r"<script|<link|<img|@import|url\(|\son\w+=", html, re.I)
            # Addresses: its own, and on the front page that of the example call.
            assert set(re.findall(r"https?://[^/\s]+", html)) <= {"http://localhost"}
            assert all(link[0] in "/#" for link in re.findall(r'href="([^"]*)"', html))


async def test_the_front_page_says_what_lives_here() -> None:
    async with serving() as bridge:
        html = (await bridge.get("/")).body.decode()
        for room in small_world().rooms.values():
            assert f"<td>{room.name}</td>" in html
            assert f"{room.persona.name}, an AI" in html
        assert "curl -s http://localhost/bridge/chat" in html
        assert "Every persona is an AI" in html


async def test_the_page_of_the_description_has_every_call_shape_and_code() -> None:
    async with serving() as bridge:
        html = (await bridge.get("/docs")).body.decode()
        for path, operations in bridge.document["paths"].items():
            for method in operations:
                assert f"<code>{method.upper()} {path}</code>" in html
        for name in [*bridge.document["components"]["schemas"], *problems.WEB_CODES]:
            assert html.count(f'id="{name}"') == 1
        ids = re.findall(r'id="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        for target in re.findall(r'href="#([^"]+)"', html):
            assert target in ids
