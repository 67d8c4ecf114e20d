"""The call to an operator's own system: what it carries, when it is made again, what it omits."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.alert import webhook as module
from nexus_trio.alert.webhook import WAITING, Webhook, signature
from nexus_trio.crisis import LEXICON
from nexus_trio.errors import MailboxFull, SettingsError, StoreUnavailable
from nexus_trio.server import open_hub
from nexus_trio.settings import Settings
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub

SECRET = "a-secret-of-some-length"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
PLAN = "I have the pills in my hand and I am going to kill myself tonight"
WISH = "I want to die"


class Receiver:
    """An operator's system: answers with the statuses that it is given, then with 204."""

    def __init__(self, *statuses: int | str) -> None:
        self.statuses = list(statuses)
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.came = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            data = b""
            while b"\r\n\r\n" not in data:
                data += await stream.receive_some()
            head, _, body = data.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")[1:]
            headers = {name.lower(): value for name, value in (x.split(": ", 1) for x in lines)}
            while len(body) < int(headers["content-length"]):
                body += await stream.receive_some()
            self.calls.append((headers, body))
            self.came.set()
            status = self.statuses.pop(0) if self.statuses else 204
            if status == "hang":
                await trio.sleep_forever()
            if status != "cut":
                answer = f"HTTP/1.1 {status} x\r\nContent-Length: 9\r\n\r\nour words"
                await stream.send_all(answer.encode())

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.calls]

    async def after(self, number: int) -> None:
        with trio.fail_after(10):
            while len(self.calls) < number:
                self.came = trio.Event()
                await self.came.wait()


@asynccontextmanager
async def receiving(*statuses: int | str) -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver(*statuses)
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, receiver.serve, [listener])
        yield receiver, f"http://127.0.0.1:{port}/hook?key=in-the-address"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Webhook]:
    ids = iter(range(10**6))
    hook = Webhook(url, SECRET, lambda: NOW, lambda: f"id-{next(ids)}")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hook.run)
        yield hook
        nursery.cancel_scope.cancel()
    await hook.aclose()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES_S", (0.01, 0.01, 0.01, 0.01))


async def test_what_it_carries_and_how_it_is_signed() -> None:
    async with receiving() as (receiver, url), running(url) as hook:
        hook.imminent("5e551on")
        await receiver.after(1)
        headers, body = receiver.calls[0]
        assert json.loads(body) == {
            "event": "imminent",
            "id": "id-0",
            "at": "2026-03-01T12:00:00.000+00:00",
            "session_id": "5e551on",
            "lexicon": LEXICON,
        }
        stamp = headers["x-nexus-timestamp"]
        assert stamp == str(int(NOW.timestamp()))
        # By the standard library, as a receiver would check it.
        expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        assert headers["x-nexus-signature"] == f"sha256={expected.hexdigest()}"
        assert headers["x-nexus-signature"] == signature(SECRET, stamp, body)
        assert signature("another secret", stamp, body) != signature(SECRET, stamp, body)


@pytest.mark.parametrize("trouble", [500, 404, 302, "cut"])
async def test_one_that_is_not_taken_is_made_again_and_is_the_same(trouble: int | str) -> None:
    async with receiving(trouble, trouble) as (receiver, url), running(url) as hook:
        hook.imminent("one")
        await receiver.after(3)
        assert receiver.told()[0] == receiver.told()[1] == receiver.told()[2]
        await trio.sleep(0.05)
        assert len(receiver.calls) == 3


async def test_one_that_is_never_taken_is_given_up_and_the_next_is_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiving(500, 500, 500, 500, 500) as (receiver, url), running(url) as hook:
        hook.imminent("one")
        await receiver.after(5)
        hook.imminent("two")
        await receiver.after(6)
        await wait_all_tasks_blocked()
        assert [told["session_id"] for told in receiver.told()] == ["one"] * 5 + ["two"]
        assert hook.lost == 1
    assert hook.delivered == 1
    (line,) = [r.getMessage() for r in caplog.records if r.name == "nexus_trio"]
    assert "one was given up; see to NEXUS_CRISIS_WEBHOOK_URL" in line
    for secret in (SECRET, "in-the-address", "our words", "127.0.0.1", 'one"', "two"):
        assert secret not in caplog.text.replace("one was given up", "")


async def test_a_receiver_that_hangs_holds_up_no_other_call_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ATTEMPT_S", 0.1)
    async with receiving("hang") as (receiver, url), running(url) as hook:
        hook.imminent("one")
        hook.imminent("two")
        await receiver.after(3)
        assert [told["session_id"] for told in receiver.told()] == ["one", "two", "one"]


async def test_what_waits_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    hook = Webhook("http://127.0.0.1:9/", SECRET, lambda: NOW)
    for _ in range(WAITING + 3):
        hook.imminent("s")
    assert hook.lost == 3
    assert repr(hook) == f"<Webhook, {WAITING} waiting>"
    await hook.aclose()
    assert hook.lost == WAITING + 3


async def test_at_the_end_what_waits_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES_S", (100.0,))
    async with receiving(500) as (receiver, url):
        async with running(url) as hook:
            hook.imminent("one")
            await receiver.after(1)
            await wait_all_tasks_blocked()
        assert len(receiver.calls) == 2
        assert (hook.delivered, hook.lost) == (1, 0)


async def test_an_end_waits_for_a_dead_receiver_no_longer_than_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LAST_S", 0.2)
    async with receiving(*["hang"] * 9) as (_, url):
        hook = Webhook(url, SECRET, lambda: NOW)
        hook.imminent("one")
        with trio.fail_after(5):
            await hook.aclose()
        assert hook.lost == 1


# --- in the turn ---


class Told:
    def __init__(self) -> None:
        self.sessions: list[str] = []

    def imminent(self, session_id: str) -> None:
        self.sessions.append(session_id)


async def test_only_what_is_imminent_is_told_and_once() -> None:
    told = Told()
    async with open_fake_hub(FakeResponder(), alerts=told) as hub:
        for message in ("hello", WISH, "I feel so hopeless"):
            await hub.ask("ada", message)
        assert told.sessions == []
        reply = await hub.ask("ada", PLAN, client_ref="r")
        await hub.ask("ada", PLAN, client_ref="r")  # the same reply again
        assert told.sessions == [reply.session_id]
        await hub.say("ada", "Tower", PLAN)
        assert told.sessions == [reply.session_id] * 2
        await hub.ask("experiment-1", PLAN)
        await hub.stateless(PLAN).outcome()
        assert told.sessions == [reply.session_id] * 2


async def test_what_is_refused_is_told_as_well(autojump_clock: MockClock) -> None:
    told = Told()
    responder, store = FakeResponder(mode="hang"), FaultyStore(Names())
    async with open_fake_hub(responder, store, alerts=told, mailbox=1) as hub:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(hub.ask, "ada", "hello")
                await wait_all_tasks_blocked()
            for number, message in enumerate((PLAN, WISH, PLAN)):
                with pytest.raises(MailboxFull):
                    await hub.ask("ada", message)
                assert len(told.sessions) == (1, 1, 2)[number]
            responder.release.set()
        session = (await hub.session("ada")).session_id
        assert told.sessions == [session] * 2
        # A turn that can't be stored has told it when it began, and does not twice.
        store.fault = "down"
        with pytest.raises(StoreUnavailable):
            await hub.ask("ada", PLAN)
        assert told.sessions == [session] * 3
        with pytest.raises(StoreUnavailable):
            await hub.ask("nobody-yet", PLAN)  # who has no session that could be named
        assert told.sessions == [session] * 3


async def test_by_default_no_call_is_ever_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().crisis_webhook_url, Settings().crisis_webhook_secret) == ("", "")
    monkeypatch.setattr(module.Webhook, "__init__", None)  # so that making one is an error
    async with open_hub(Settings(durability="memory")) as hub:
        assert (await hub.ask("ada", PLAN)).crisis.level == "imminent"


async def test_a_server_tells_it_and_ends_in_good_order() -> None:
    async with receiving() as (receiver, url):
        settings = Settings(
            durability="memory", crisis_webhook_url=url, crisis_webhook_secret=SECRET
        )
        async with open_hub(settings) as hub:
            reply = await hub.ask("ada-the-user", PLAN)
        await receiver.after(1)
        # Cut in the middle of one attempt, it is made once more: the same call.
        told = receiver.told()
        assert {(each["id"], each["session_id"]) for each in told} == {
            (told[0]["id"], reply.session_id)
        }
        assert "ada-the-user" not in str(receiver.calls)
        assert "pills" not in str(receiver.calls)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https:///x"])
async def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    settings = Settings(durability="memory", crisis_webhook_url=url, crisis_webhook_secret=SECRET)
    with pytest.raises(SettingsError, match="NEXUS_CRISIS_WEBHOOK_URL") as refused:
        async with open_hub(settings):
            pass
    assert SECRET not in str(refused.value)
