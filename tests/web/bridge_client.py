"""A client over the app of a fake hub, which holds every answer against the API description."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import openapi_check
from quart_trio import QuartTrio
from werkzeug.datastructures import Headers

from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.hubs import open_fake_hub
from nexus_trio.web.app import create_app
from nexus_trio.web.openapi import document


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Bridge:
    """Calls the app; `hub` is what it runs over."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.app = create_app(hub)
        self.document = _described_once(self.app)

    async def get(self, path: str, **headers: str) -> Answer:
        """GET; header names with `_` for `-`."""
        return await self.send("GET", path, headers=headers)

    async def post(self, path: str, **fields: Any) -> Answer:
        """POST these fields as a JSON object."""
        return await self.raw(path, json.dumps(fields).encode())

    async def chat(self, **fields: Any) -> Answer:
        """POST /bridge/chat."""
        return await self.post("/bridge/chat", **fields)

    async def raw(
        self, path: str, body: bytes, content_type: str | None = "application/json", **headers: str
    ) -> Answer:
        """POST these bytes."""
        if content_type is not None:
            headers["Content_Type"] = content_type
        return await self.send("POST", path, body, headers)

    async def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """One call, checked against the description."""
        lines = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        response = await self.app.test_client().open(
            path, method=method, data=body or None, headers=lines
        )
        data = await response.get_data(as_text=False)
        answer = Answer(response.status_code, response.headers, data)
        if method not in ("HEAD", "OPTIONS"):
            self._check(method, path.partition("?")[0], answer)
        return answer

    def _check(self, method: str, path: str, answer: Answer) -> None:
        media = answer.headers["Content-Type"].partition(";")[0]
        operation = self._operation(method, path)
        shape, expected = refusals_of(path)
        if operation is None or answer.status in (405, 408):
            # No call of the description, or a status that any call may have.
            schema = {"$ref": f"#/components/schemas/{shape}"}
            assert media == expected
        else:
            described = operation["responses"][str(answer.status)]["content"]
            schema = described[media].get("schema")
        if schema is not None:
            assert not list(openapi_check.problems(self.document, schema, answer.json))
        if answer.status >= 400:
            assert media == expected
            refusal = answer.json if shape == "ProblemObject" else answer.json["error"]
            assert refusal.get("status", answer.status) == answer.status
            assert ("Retry-After" in answer.headers) == refusal["retry"]
            assert answer.headers["Cache-Control"] == "no-store"

    def _operation(self, method: str, path: str) -> Any:
        for pattern, operations in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                return operations.get(method.lower())
        return None


def refusals_of(path: str) -> tuple[str, str]:
    """The shape of what is refused at `path`, and its media type."""
    if path == "/v1" or path.startswith("/v1/"):
        return "ErrorReply", "application/json"
    return "ProblemObject", "application/problem+json"


_described: dict[str, Any] = {}


def _described_once(app: QuartTrio) -> dict[str, Any]:
    """The description is the same for every hub, and takes longer than most tests."""
    if not _described:
        _described.update(json.loads(json.dumps(document(app))))
    return _described


@asynccontextmanager
async def serving(
    responder: Any = None, store: Any = None, **settings: Any
) -> AsyncIterator[Bridge]:
    """A bridge over a fake hub of these parts."""
    async with open_fake_hub(responder, store, **settings) as hub:
        yield Bridge(hub)
