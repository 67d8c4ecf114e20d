"""What nobody may read in a log line, an error or a repr, and what one call must not bring
into the next."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from asking import FAILURES, exchanges, fails, prompt, reply, responder

from nexus_trio.errors import ResponderFailed
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.testing.model_server import Running


async def test_no_cookie_of_one_answer_goes_with_the_next_call(server: Running) -> None:
    async with responder(server.url) as bo:
        await reply(bo, "cookie-of-ada !mode=cookie")
        await reply(bo, prompt("no-cookie-for-eve", "eve"))
    (call,) = server.calls("no-cookie-for-eve")
    assert "cookie" not in call["headers"]
    assert "cookie-of-ada" not in str(call)


async def test_the_address_alone_is_called_whatever_the_environment_says(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with responder(server.url) as bo:
        assert await reply(bo, "straight") == "echo straight"


async def test_a_redirect_is_not_followed(server: Running) -> None:
    async with responder(server.url) as bo:
        await fails(bo, "moved !mode=redirect")
    assert len(server.calls("moved")) == 1


SECRETS = ("k3y-s3cret", "us3r-pass", "qu3ry-s3cret", "pr0mpt-s3cret", "hist0ry-s3cret", "n4me")


@pytest.mark.parametrize("orders", [orders for orders, _ in FAILURES.values()], ids=FAILURES)
async def test_no_secret_is_in_a_log_line_an_error_or_a_repr(
    server: Running, orders: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # of every library too
    terms = Terms("m", first_token_s=0.3, between_tokens_s=0.2, retries=1)
    history = exchanges(2, "hist0ry-s3cret", "hist0ry-s3cret")
    said: list[str] = []

    async def listen(stream: Any) -> None:
        async with stream as pieces:
            said.extend([repr(stream) async for _ in pieces])

    for url, key in (
        (f"{server.url}?key=qu3ry-s3cret", "k3y-s3cret"),
        (server.url.replace("//", "//us3r-pass:us3r-pass@"), ""),
    ):
        address = parse_address(url, key)
        bo = OpenAIResponder(address, terms, chance=lambda: 0.0)
        asked = prompt(f"pr0mpt-s3cret {orders}", username="n4me", history=history)
        stream = bo.stream(asked)
        with pytest.raises(ResponderFailed) as failed:
            await listen(stream)
        said += [repr(each) for each in (address, terms, bo, stream, asked, failed.value)]
        said += [repr(bo.statistics()), str(failed.value), failed.value.detail]
        await bo.aclose()
    for record in caplog.records:
        said += [record.getMessage(), str(record.args), str(record.exc_info)]
    assert not [line for line in said for secret in SECRETS if secret in line]


async def test_an_operator_is_told_each_kind_once_and_how_often(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with responder(server.url, retries=0) as bo:
        for _ in range(50):
            await fails(bo, "x !mode=status !status=401")
        for _ in range(3):
            await fails(bo, "x !mode=cut")
        assert bo.statistics().failures == 53
    assert caplog.messages == [
        "the model server failed a reply: it answered 401; check NEXUS_OPENAI_API_KEY",
        "the model server failed a reply: the connection broke before the reply was whole",
    ]
