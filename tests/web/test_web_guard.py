"""Who may speak to an open server: a table of headers, and that the guard stands before all."""

from __future__ import annotations

import pytest
from bridge_client import refusals_of, serving

from nexus_trio.web.guard import (
    FOREIGN_HOST,
    FOREIGN_ORIGIN,
    FOREIGN_SITE,
    Guard,
    arrived_elsewhere,
    refusal,
)

OWN = ("Host", "127.0.0.1:4004")


def refused(*headers: tuple[str, str]) -> str | None:
    return refusal([(name.encode(), value.encode("latin-1")) for name, value in headers])


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:4004", "LocalHost:4004", "127.0.0.1", "127.0.0.1:80",
        "127.255.255.254:4004", "[::1]", "[::1]:4004", "[0:0:0:0:0:0:0:1]:4004",
        "[::ffff:127.0.0.1]:4004", "[::FFFF:7f00:1]:65535",
    ],
)  # fmt: skip
def test_loopback_hosts_pass(host: str) -> None:
    assert refused(("Host", host)) is None
    assert refused(("host", host), ("ORIGIN", f"http://{host}")) is None


@pytest.mark.parametrize(
    "host",
    [
        "", " ", "evil.example", "evil.example:4004", "localhost.evil.example", "a.localhost",
        "localhost.", "127.0.0.1.", "127.0.0.1.nip.io", "127.1", "127.0.0.1.1", "0.0.0.0",
        "0.0.0.0:4004", "10.0.0.1", "128.0.0.1", "127.0.0.256", "127.0.0.01", "2130706433",
        "0x7f.0.0.1", "[::]", "[::2]", "[::ffff:10.0.0.1]", "[fe80::1]", "[::1%25lo]", "[::1%lo]",
        "::1", "[::1", "::1]", "[127.0.0.1]", "user@localhost", "localhost@evil.example",
        "localhost:4004@evil.example", "localhost:", "localhost:x", "localhost:123456",
        "localhost:-1", "localhost :4004", " localhost", "localhost ", "localhost\t",
        "localhost%2eevil", "%6cocalhost", "localhost/", "localhost,evil.example", "localhost\x00",
        "loc\xe4lhost", "\u0660".encode().decode("latin-1"), "a" * 300,
    ],
)  # fmt: skip
def test_other_hosts_do_not(host: str) -> None:
    assert refused(("Host", host)) == FOREIGN_HOST


def test_exactly_one_host() -> None:
    assert refused() == FOREIGN_HOST
    assert refused(OWN, OWN) == FOREIGN_HOST
    assert refused(OWN, ("host", "evil.example")) == FOREIGN_HOST


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "http://evil.example", "http://localhost:4004", "http://127.0.0.1",
        "http://127.0.0.1:4005", "127.0.0.1:4004", "http://127.0.0.1:4004/", "file://",
        "http://127.0.0.1:4004 ", "http://127.0.0.1:4004.evil.example", "ftp://127.0.0.1:4004",
        "http://x@127.0.0.1:4004", "chrome-extension://127.0.0.1:4004", "http:127.0.0.1:4004",
    ],
)  # fmt: skip
def test_other_origins_do_not_pass(origin: str) -> None:
    assert refused(OWN, ("Origin", origin)) == FOREIGN_ORIGIN


def test_the_own_origin_passes_once() -> None:
    assert refused(OWN, ("Origin", "http://127.0.0.1:4004")) is None
    assert refused(OWN, ("Origin", "HTTPS://127.0.0.1:4004")) is None
    own = ("Origin", "http://127.0.0.1:4004")
    assert refused(OWN, own, own) == FOREIGN_ORIGIN
    assert refused(OWN, own, ("origin", "null")) == FOREIGN_ORIGIN


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "same-origin, none", "x"])
def test_what_a_browser_marks_as_foreign_does_not_pass(site: str) -> None:
    assert refused(OWN, ("Sec-Fetch-Site", site)) == FOREIGN_SITE
    assert refused(OWN, ("Sec-Fetch-Site", "none"), ("sec-fetch-site", site)) == FOREIGN_SITE


@pytest.mark.parametrize("site", ["same-origin", "none", "Same-Origin"])
def test_what_a_browser_marks_as_own_passes(site: str) -> None:
    assert refused(OWN, ("Sec-Fetch-Site", site)) is None


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/bridge/health", "/bridge/chat", "/nothing", "/v1/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "BREW"])
async def test_the_guard_stands_before_everything(path: str, method: str) -> None:
    async with serving() as bridge:
        for headers in ({"Host": "evil.example"}, {"Origin": "null"}, {"Host": "a" * 70}):
            client = bridge.app.test_client()
            answer = await client.open(path, method=method, headers=headers)
            assert answer.status_code == 403
            assert answer.headers["Content-Type"] == refusals_of(path)[1]
            assert "access-control-allow-origin" not in answer.headers
            if method != "HEAD":
                refusal = await answer.get_json(force=True)
                assert refusal.get("error", refusal)["code"] == "forbidden"


async def test_a_foreign_web_socket_is_closed_before_it_opens() -> None:
    sent = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message["type"])

    async def nothing() -> None:
        raise AssertionError

    async def app(*_: object) -> None:
        sent.append("passed")

    for host in (b"evil.example", b"localhost"):
        scope = {"type": "websocket", "headers": [(b"host", host)]}
        await Guard(app)(scope, nothing, send)
    assert sent == ["websocket.close", "passed"]


async def test_a_lifespan_has_no_headers_and_passes() -> None:
    async with serving() as bridge, bridge.app.test_app():
        assert (await bridge.get("/bridge/health")).status == 200


@pytest.mark.parametrize(
    ("server", "elsewhere"),
    [
        (("127.0.0.1", 4004), False), (("127.9.9.9", 1), False), (("::1", 4004), False),
        (("::ffff:127.0.0.1", 4004), False), (("/run/nexus.sock", None), False), (None, False),
        (("localhost", 80), False), (("10.0.0.1", 4004), True), (("0.0.0.0", 4004), True),
        (("::", 4004), True), (("fe80::1", 4004), True), (("::ffff:10.0.0.1", 4004), True),
    ],
)  # fmt: skip
def test_the_address_that_was_reached_counts(
    server: tuple[str, int | None] | None, elsewhere: bool
) -> None:
    assert arrived_elsewhere(server) == elsewhere


async def test_a_call_at_another_address_is_refused_whatever_it_says() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError("the guard let it through")

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> object:
        raise AssertionError("a refusal reads nothing")

    scope = {
        "type": "http",
        "method": "GET",
        "server": ("192.0.2.1", 4004),
        "headers": [(b"host", b"127.0.0.1:4004")],
    }
    await Guard(app)(scope, receive, send)
    assert sent[0]["status"] == 403
