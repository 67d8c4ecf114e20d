"""The same over TLS: cancelled in the handshake, and what lies behind an answer."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import trio
import trustme
from asking import GUARD, fails, prompt, reply

from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address
from nexus_trio.responders.openai.lines import Lines
from nexus_trio.testing.model_server import ModelServer


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a client and a server want for each other."""
    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.configure_trust(ours)
    authority.issue_cert("localhost").configure_cert(theirs)
    return ours, theirs


@dataclass
class Secured:
    """A model server behind TLS, and a responder that believes its certificate or not."""

    server: ModelServer
    port: int
    trust: ssl.SSLContext

    def responder(self, *, believes: bool = True) -> OpenAIResponder:
        address = parse_address(f"https://localhost:{self.port}")
        trust = self.trust if believes else None
        return OpenAIResponder(
            address, Terms("m", retries=0), Lines(address.url, 2.0, 4, trust), chance=lambda: 0.0
        )


@asynccontextmanager
async def secured() -> AsyncIterator[Secured]:
    ours, theirs = contexts()
    server = ModelServer()
    serve = partial(trio.serve_ssl_over_tcp, server.serve_stream, 0, theirs, host="127.0.0.1")
    with trio.fail_after(GUARD):
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(serve)
            port = listeners[0].transport_listener.socket.getsockname()[1]
            yield Secured(server, port, ours)
            nursery.cancel_scope.cancel()


async def test_a_connection_is_kept_and_used_again() -> None:
    async with secured() as found:
        bo = found.responder()
        for number in range(3):
            assert await reply(bo, f"hello-{number}") == f"echo hello-{number}"
        assert found.server.connections == 1
        await bo.aclose()


async def listening(nursery: trio.Nursery, handler: Any) -> int:
    """The port where `handler` has each connection."""
    listeners = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def test_a_certificate_that_nobody_vouches_for_is_not_believed() -> None:
    async with secured() as found:
        bo = found.responder(believes=False)
        await fails(bo, "hello")
        assert not found.server.records
        await bo.aclose()


@pytest.mark.parametrize("gap", ["", "!gap=0.001"])
async def test_a_second_answer_is_nobody_s_reply(gap: str) -> None:
    async with secured() as found:
        bo = found.responder()
        for number in range(3):
            assert await reply(bo, f"ada-{number} !mode=twice {gap}") == f"echo ada-{number}"
            await found.server.wait_for(f"ada-{number}", "ended")
            assert await reply(bo, prompt(f"eve-{number}", "eve")) == f"echo eve-{number}"
        await bo.aclose()


class Corked(trio.abc.Stream):
    """A socket that sends what it was given when it is told so, in one piece."""

    def __init__(self, plain: trio.SocketStream) -> None:
        self.plain = plain
        self.held: bytearray | None = None

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self.held is None:
            await self.plain.send_all(data)
        else:
            self.held += data

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.plain.receive_some(max_bytes)

    async def wait_send_all_might_not_block(self) -> None:
        await self.plain.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.plain.aclose()


async def test_a_second_answer_that_only_tls_has_read_is_nobody_s_reply() -> None:
    ours, theirs = contexts()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"

    async def answer_twice(plain: trio.SocketStream) -> None:
        below = Corked(plain)
        secure = trio.SSLStream(below, theirs, server_side=True, https_compatible=True)
        data = b""
        while more := await secure.receive_some():
            data += more
            if not data.endswith(b"}"):
                continue
            words = b"ada" if b"ada" in data else b"eve"
            content = b'data: {"choices": [{"delta": {"content": "%b"}}]}\n\n' % words
            content += b"data: [DONE]\n\n"
            below.held, data = bytearray(), b""
            for _ in range(2):  # each is a record of its own
                await secure.send_all(head % len(content) + content)
            held, below.held = below.held, None
            await plain.send_all(held)
        await secure.aclose()

    with trio.fail_after(GUARD):
        async with trio.open_nursery() as nursery:
            found = Secured(ModelServer(), await listening(nursery, answer_twice), ours)
            bo = found.responder()
            for _ in range(3):
                assert await reply(bo, "ada") == "ada"
                assert await reply(bo, prompt("eve", "eve")) == "eve"
            await bo.aclose()
            nursery.cancel_scope.cancel()


async def test_a_handshake_that_is_cut_leaves_no_socket() -> None:
    taken, gone = trio.Event(), trio.Event()

    async def silent(stream: trio.SocketStream) -> None:
        await stream.receive_some(1)  # the first byte of a handshake that is not answered
        taken.set()
        while await stream.receive_some(65_536):
            pass
        gone.set()

    with trio.fail_after(GUARD):
        async with trio.open_nursery() as nursery:
            port = await listening(nursery, silent)
            address = parse_address(f"https://127.0.0.1:{port}")
            bo = OpenAIResponder(address, Terms("m", connect_s=20))
            async with trio.open_nursery() as asking:
                asking.start_soon(reply, bo, "hello")
                await taken.wait()
                asking.cancel_scope.cancel()
            await gone.wait()
            nursery.cancel_scope.cancel()
    await bo.aclose()


async def test_a_handshake_that_is_not_answered_has_its_time() -> None:
    async def silent(stream: trio.SocketStream) -> None:
        while await stream.receive_some(65_536):
            pass

    async with trio.open_nursery() as nursery:
        port = await listening(nursery, silent)
        address = parse_address(f"https://127.0.0.1:{port}")
        bo = OpenAIResponder(address, Terms("m", connect_s=0.2, retries=0))
        with trio.fail_after(5):
            await fails(bo, "hello")
        await bo.aclose()
        nursery.cancel_scope.cancel()
