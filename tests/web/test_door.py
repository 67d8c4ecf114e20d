"""The hot door and the route behind it: whatever is sent, both answer the same, to the byte."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from quart_trio import QuartTrio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.errors import NotFound
from nexus_trio.runtime.hub import Hub
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names, open_fake_hub
from nexus_trio.web import door
from nexus_trio.web.app import create_app
from nexus_trio.web.body import MAX_BODY_BYTES
from nexus_trio.web.guard import Asgi, Guard
from nexus_trio.web.sse import Streams

WISH = "I want to die"
CONCERN = "I feel hopeless"
GOOD = {"user_id": "ada", "message": "hello"}
Headers = list[tuple[bytes, bytes]]
JSON: Headers = [(b"host", b"localhost:1"), (b"content-type", b"application/json")]


@dataclass(frozen=True)
class Call:
    """One call: its headers, its body in pieces, and whether the client stays."""

    pieces: tuple[bytes, ...]
    headers: tuple[tuple[bytes, bytes], ...] = tuple(JSON)
    method: str = "POST"
    path: str = door.PATH
    root: str = ""

    @classmethod
    def of(cls, *headers: tuple[bytes, bytes], **fields: Any) -> Call:
        """A call with these fields, and these headers more."""
        return cls((json.dumps(fields).encode(),), (*JSON, *headers))

    @property
    def scope(self) -> dict[str, Any]:
        """As a server gives it."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": self.root,
            "headers": list(self.headers),
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 1),
            "extensions": {},
        }


@dataclass(frozen=True)
class Answer:
    """All that was sent; `status` 0 where nothing was."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


async def answered(app: Asgi, call: Call, *, leaves: bool = False) -> Answer:
    """What `app` answers. With `leaves` the client goes, a second after it has sent everything."""
    events = [
        {"type": "http.request", "body": piece, "more_body": number < len(call.pieces)}
        for number, piece in enumerate(call.pieces, 1)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        await trio.lowlevel.checkpoint()
        if events:
            return events.pop(0)
        await trio.sleep(4 * door.SOON_S if leaves else math.inf)
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        await trio.lowlevel.checkpoint()
        sent.append(event)

    await app(call.scope, receive, send)
    if not sent:
        return Answer(0, (), b"")
    assert [event["type"] for event in sent[1:]] == ["http.response.body"] * (len(sent) - 1)
    assert not sent[-1].get("more_body", False)
    body = b"".join(event.get("body", b"") for event in sent[1:])
    return Answer(sent[0]["status"], tuple(sent[0]["headers"]), body)


class Counted:
    """Counts what goes on from the door to the route."""

    def __init__(self, app: Asgi) -> None:
        self.app = app
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        await self.app(scope, receive, send)


@dataclass
class Entrances:
    """Two hubs that are alike: one behind the door, one behind the route alone."""

    hubs: tuple[Hub, Hub]
    front: Asgi
    route: Asgi
    passed: Counted

    async def same(self, call: Call, *, leaves: bool = False) -> Answer:
        """The answer to this call, which is the same at both."""
        first = await answered(self.front, call, leaves=leaves)
        second = await answered(self.route, call, leaves=leaves)
        assert first == second
        return first


def bare(hub: Hub) -> Asgi:
    """The framework's application, with no door before it."""
    app = create_app(hub)
    return Streams(hub, partial(QuartTrio.asgi_app, app))


@asynccontextmanager
async def entrances(
    responder: Callable[[], FakeResponder] = FakeResponder,
    store: Callable[[Names], MemoryStore] = MemoryStore,
    **given: Any,
) -> AsyncIterator[Entrances]:
    """Both, for as long as the context."""
    names = Names(), Names()
    async with (
        open_fake_hub(responder(), store(names[0]), names=names[0], **given) as one,
        open_fake_hub(responder(), store(names[1]), names=names[1], **given) as other,
    ):
        passed = Counted(bare(one))
        yield Entrances((one, other), Guard(door.Door(one, passed)), Guard(bare(other)), passed)


# --- listed ---

LISTED = {
    "a turn": (200, Call.of(**GOOD)),
    "in pieces": (200, Call((b'{"user_id":"ada",', b"", b'"message":"hi"}'))),
    "all fields": (
        200,
        Call.of(**GOOD, username="Ada", room="Garden", client_ref="r1", locale="en-GB"),
    ),
    "a command": (200, Call.of(user_id="ada", message="look")),
    "a crisis": (200, Call.of(user_id="ada", message=WISH)),
    "concern": (200, Call.of(user_id="ada", message=CONCERN)),
    "words": (200, Call.of(user_id="ada", message="gr\u00fc\u00df \U0001f600\u2028</script>")),
    "no type": (200, Call((json.dumps(GOOD).encode(),), (JSON[0],))),
    "two types": (200, Call.of((b"content-type", b"text/plain"), **GOOD)),
    "names in capitals": (
        400,
        Call((json.dumps(GOOD).encode(),), ((b"Host", b"localhost"), (b"Content-Type", b"text/x"))),
    ),
    "other query": (200, Call((json.dumps(GOOD).encode(),))),
    "nothing": (400, Call((b"",))),
    "no object": (400, Call((b"[1]",))),
    "no JSON": (400, Call((b'{"user_id": ada}',))),
    "no UTF-8": (400, Call((b'{"user_id":"ada","message":"\xff"}',))),
    "a mark before": (400, Call((b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),))),
    "too deep": (400, Call((b"[" * 100_000,))),
    "a number without bounds": (400, Call((b'{"user_id":1e999}',))),
    "no JSON in need": (400, Call((b'{"message": "I want to die",}',))),
    "wrong user": (400, Call.of(user_id=5, message=WISH)),
    "wrong message": (400, Call.of(user_id="ada", message=[WISH])),
    "wrong room": (400, Call.of(**GOOD, room="nowhere")),
    "too long": (413, Call.of(user_id="ada", message="x" * 16385)),
    "wrong type": (400, Call((json.dumps(GOOD).encode(),), (JSON[0], (b"content-type", b"a/b")))),
    "wrong charset": (
        400,
        Call((b"{}",), (JSON[0], (b"content-type", b"application/json; charset=latin-1"))),
    ),
    "type of no letters": (400, Call((b"{}",), (JSON[0], (b"content-type", b"\xff\xfe")))),
    "too large": (413, Call((b" " * (MAX_BODY_BYTES + 1),))),
    "too large in pieces": (413, Call((b" " * MAX_BODY_BYTES, b" ", b"{}"))),
    "said to be too large": (413, Call((b"{}",), (*JSON, (b"content-length", b"131073")))),
    "said to be as large": (400, Call((b"{}",), (*JSON, (b"content-length", b"131072")))),
    "no length": (400, Call((b"{}",), (*JSON, (b"content-length", b"many more than that")))),
    "chunked": (
        400,
        Call(
            (b"{}",),
            (*JSON, (b"content-length", b"999999"), (b"transfer-encoding", b"chunked")),
        ),
    ),
    "no host": (403, Call((b"{}",), (JSON[1],))),
    "another host": (403, Call((b"{}",), ((b"host", b"evil.example"), JSON[1]))),
    "two hosts": (403, Call((b"{}",), (*JSON, JSON[0]))),
    "another origin": (403, Call((b"{}",), (*JSON, (b"origin", b"http://evil.example")))),
    "its own origin": (200, Call.of((b"origin", b"http://localhost:1"), **GOOD)),
    "another site": (403, Call((b"{}",), (*JSON, (b"sec-fetch-site", b"cross-site")))),
}


@pytest.mark.parametrize("name", LISTED)
async def test_listed_calls(name: str, autojump_clock: MockClock) -> None:
    status, call = LISTED[name]
    async with entrances() as both:
        for _ in range(2):  # once more over the session that the first one made
            answer = await both.same(call)
            assert answer.status == status
        assert both.passed.calls == 0


@pytest.mark.parametrize(
    ("status", "call"),
    [
        (405, Call((b"",), method="GET")),
        (405, Call((b"",), method="HEAD")),
        (200, Call((b"",), method="OPTIONS")),
        (404, Call((b"{}",), path=f"{door.PATH}/")),
        (404, Call((b"{}",), path="/bridge//chat")),
        (404, Call((b"{}",), root="/elsewhere")),
        (200, Call((json.dumps(GOOD).encode(),), path=f"/under{door.PATH}", root="/under")),
        (200, Call.of((b"accept", b"text/event-stream"), **GOOD)),
        (200, Call.of((b"accept", b"application/json, Text/Event-Stream;q=0.1"), **GOOD)),
        (400, Call.of((b"accept", b"text/event-stream"), user_id=1, message=WISH)),
    ],
)
async def test_everything_else_goes_on(status: int, call: Call, autojump_clock: MockClock) -> None:
    async with entrances() as both:
        assert (await both.same(call)).status == status
        assert both.passed.calls == 1


# --- references, faults, refusals of the hub ---


async def test_references(autojump_clock: MockClock) -> None:
    async with entrances() as both:
        first = await both.same(Call.of(**GOOD, client_ref="r1"))
        assert await both.same(Call.of(**GOOD, client_ref="r1")) == first
        other = await both.same(Call.of(user_id="ada", message=WISH, client_ref="r1"))
        assert other.status == 409
        assert json.loads(other.body)["crisis"]["detected"]


@pytest.mark.parametrize(
    ("mode", "message", "status"),
    [
        ("stream", "hello", 200),
        ("fail", "hello", 502),
        ("fail", WISH, 200),
        ("hang", "hello", 504),
        ("hang", WISH, 200),
        ("crash", "hello", 499),
        ("crash", WISH, 499),
    ],
)
async def test_moody_responders(
    mode: str, message: str, status: int, autojump_clock: MockClock
) -> None:
    async with entrances(partial(FakeResponder, mode=mode)) as both:
        answer = await both.same(Call.of(user_id="ada", message=message))
        assert answer.status == status


@pytest.mark.parametrize("fault", ["down", "hang", "slow", "late"])
async def test_faulty_stores(fault: str, autojump_clock: MockClock) -> None:
    async with entrances(store=FaultyStore) as both:
        await both.same(Call.of(**GOOD))
        for hub in both.hubs:
            hub._services.store.fault = fault  # type: ignore[attr-defined]  # a `FaultyStore`
        answer = await both.same(Call.of(user_id="ada", message=WISH))
        assert answer.status == (200 if fault == "slow" else 503)
        assert b"988" in answer.body


async def test_draining(autojump_clock: MockClock) -> None:
    async with entrances() as both:
        for hub in both.hubs:
            hub.refuse()
        answer = await both.same(Call.of(user_id="ada", message=WISH))
        assert answer.status == 503
        assert (b"retry-after", b"5") in answer.headers or b"Retry" not in answer.body


async def test_a_defect_is_told_without_words(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary-7f3a")

    monkeypatch.setattr(Hub, "take", broken)
    async with entrances() as both:
        answer = await both.same(Call.of(**GOOD))
        assert answer.status == 500
        assert b"canary" not in answer.body


async def test_a_body_that_never_comes(autojump_clock: MockClock) -> None:
    async def waits(app: Asgi) -> tuple[float, list[Any]]:
        sent: list[Any] = []

        async def send(event: Any) -> None:
            await trio.lowlevel.checkpoint()
            sent.append(event)

        began = trio.current_time()
        await app(Call(()).scope, trio.sleep_forever, send)
        return trio.current_time() - began, sent

    async with entrances(body_timeout_s=7) as both:
        took, sent = await waits(both.front)
        assert (took, sent[0]["status"]) == (7, 408)
        other = await waits(both.route)
        assert (sent[0], sent[1]["body"]) == (other[1][0], other[1][1]["body"])
        assert other[0] == 7


# --- clients that go away ---


async def test_who_goes_before_the_body_is_there_has_said_nothing(
    autojump_clock: MockClock,
) -> None:
    async with entrances() as both:
        assert (await both.same(Call(()), leaves=True)).status == 0
        assert both.hubs[0].sessions() == both.hubs[1].sessions() == ()


async def test_who_goes_while_the_turn_runs_changes_nothing_of_it(
    autojump_clock: MockClock,
) -> None:
    made: list[FakeResponder] = []

    def hanging() -> FakeResponder:
        made.append(FakeResponder(mode="hang"))
        return made[-1]

    async with entrances(hanging) as both:
        assert (await both.same(Call.of(**GOOD), leaves=True)).status == 0
        for responder in made:
            assert responder.open_streams == 1
            responder.release.set()
        await wait_all_tasks_blocked()
        stored = [await hub.history("ada") for hub in both.hubs]
        assert [[turn.status for turn in page.turns] for page in stored] == [["answered"]] * 2


async def test_an_answer_that_takes_its_time_is_waited_for(autojump_clock: MockClock) -> None:
    made = FakeResponder(mode="hang")
    async with entrances(lambda: made) as both, trio.open_nursery() as nursery:
        found: list[Answer] = []

        async def ask() -> None:
            found.append(await answered(both.front, Call.of(**GOOD)))

        nursery.start_soon(ask)
        await trio.sleep(4 * door.SOON_S)
        assert found == []
        made.release.set()
    assert [answer.status for answer in found] == [200]


async def test_a_message_that_was_not_taken_soon_is_taken_once(autojump_clock: MockClock) -> None:
    async with entrances() as both:
        hub = both.hubs[0]
        over = hub._roster.erasing["ada"] = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answered, both.front, Call.of(**GOOD))
            await trio.sleep(4 * door.SOON_S)
            assert hub.sessions() == ()
            del hub._roster.erasing["ada"]
            over.set()
        assert [turn.number for turn in (await hub.history("ada")).turns] == [1]


async def test_who_goes_while_their_erasure_runs_has_said_nothing(
    autojump_clock: MockClock,
) -> None:
    """Else the words of one who has gone would be held of a user who was just erased."""
    async with entrances() as both:
        hub = both.hubs[0]
        over = hub._roster.erasing["ada"] = trio.Event()
        with trio.fail_after(60):
            answer = await answered(both.front, Call.of(**GOOD), leaves=True)
        assert answer.status == 0
        del hub._roster.erasing["ada"]
        over.set()
        await wait_all_tasks_blocked()
        assert hub.sessions() == ()
        with pytest.raises(NotFound):
            await hub.history("ada")


class Come:
    """A server's side of a call whose body has come with its head."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.sent: list[Any] = []

    def whole_body(self) -> bytes:
        return self.body

    async def receive(self) -> Any:
        raise AssertionError("nothing more is to be waited for")

    async def send(self, event: Any) -> None:
        self.sent.append(event)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps(GOOD).encode(), 200),
        (b"", 400),
        (b" " * MAX_BODY_BYTES, 400),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
    ids=["good", "empty", "as large as may be", "too large"],
)
async def test_a_body_that_has_come_is_not_waited_for(
    autojump_clock: MockClock, body: bytes, status: int
) -> None:
    async with entrances() as both:
        await wait_all_tasks_blocked()
        come, call = Come(body), Call((body,))
        await both.front(call.scope, come.receive, come.send)
        assert come.sent[0]["status"] == status
        expected = await answered(both.route, call)
        assert (status, b"".join(event.get("body", b"") for event in come.sent[1:])) == (
            expected.status,
            expected.body,
        )


# --- drawn ---

VALUES = st.sampled_from(
    ["ada", "hello", WISH, CONCERN, "look", "/go Garden", "/say hi", "", "\x00", "x" * 70, "Tower"]
) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(["user_id", "message", "username", "room", "client_ref", "locale", "more"])
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=7) | st.builds(
    dict,
    user_id=st.sampled_from(["ada", "bob"]),
    message=st.sampled_from(["hello", WISH, CONCERN, "look", "go Garden", "who"]),
    client_ref=st.none() | st.sampled_from(["r1", "r2"]),
)
BODIES = OBJECTS.map(lambda found: json.dumps(found).encode()) | st.binary(max_size=60)
# No header that comes over HTTP has any of these in it (RFC 9110, 5.5).
SENDABLE = st.binary(max_size=12).filter(lambda value: not set(value) & set(b"\r\n\0"))
TYPES = (
    st.sampled_from(
        [
            b"application/json",
            b"Application/JSON; charset=UTF-8",
            b"application/json;charset=latin-1",
            b"text/plain",
            b"",
            b";",
            b"application/json; charset*=utf-8''x",
        ]
    )
    | SENDABLE
)
HEADER = st.one_of(
    st.tuples(st.just(b"content-type"), TYPES),
    st.tuples(
        st.just(b"accept"), st.sampled_from([b"*/*", b"text/event-stream", b"text/html", b"\xff"])
    ),
    st.tuples(st.just(b"content-length"), st.sampled_from([b"5", b"-1", b"1_000_000", b"999999"])),
    st.tuples(
        st.just(b"origin"), st.sampled_from([b"http://localhost:1", b"null", b"http://a.example"])
    ),
    st.tuples(st.just(b"sec-fetch-site"), st.sampled_from([b"none", b"same-site", b"SAME-ORIGIN"])),
    st.tuples(st.sampled_from([b"x-more", b"cookie"]), SENDABLE),
)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    body = draw(BODIES)
    cut = draw(st.integers(0, len(body)))
    headers = draw(st.lists(HEADER, max_size=4))
    usual = draw(st.booleans())
    host = draw(st.sampled_from([b"localhost:1", b"127.0.0.1", b"[::1]:80", b"example.org"]))
    lines = [(b"host", host if not usual else b"localhost:1"), *(JSON[1:] if usual else headers)]
    return Call(draw(st.sampled_from([(body,), (body[:cut], body[cut:])])), tuple(lines))


@given(st.lists(calls(), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_drawn_calls(drawn: list[Call]) -> None:
    async def both_ways() -> None:
        async with entrances() as both:
            for call in drawn:
                await both.same(call)

    run: Callable[[], Awaitable[None]] = both_ways
    trio.run(run, clock=MockClock(autojump_threshold=0))
