"""An export is everything of one moment, each once, whatever goes on meanwhile."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from control_wire import Heard
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.control import shapes
from nexus_trio.control.desk import answer
from nexus_trio.control.protocol import Part, Request, parse_part, part_line
from nexus_trio.errors import Conflict, NotFound
from nexus_trio.model.envelope import CrisisView, Notice, Position, Resource, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime import records
from nexus_trio.runtime.hub import Hub
from nexus_trio.runtime.records import Held
from nexus_trio.store.base import LoadedSession, PutRoomEvent, PutSession, SessionRecord, Store
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import Names, open_fake_hub

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
EXPORT = Request("export", "ada")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SESSIONS", "TURNS", "EVENTS"):
        monkeypatch.setattr(records, name, 3)


@pytest.fixture(params=["memory", "process"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store | None]:
    if request.param == "memory":
        yield None
        return
    async with open_store(tmp_path / "data", "process", Names()) as durable:
        yield durable


@asynccontextmanager
async def talking(store: Store | None) -> AsyncIterator[tuple[Hub, FakeResponder]]:
    responder = FakeResponder()
    async with open_fake_hub(responder, store) as hub:
        yield hub, responder


class Between(Heard):
    """Does something whenever parts were told: `acts` in turn, then nothing."""

    def __init__(self, *acts: Callable[[], Any]) -> None:
        super().__init__()
        self._acts = list(acts)

    async def take(self, parts: Sequence[Part]) -> None:
        await super().take(parts)
        if self._acts:
            await self._acts.pop(0)()


def numbers(got: Heard) -> list[tuple[int, str]]:
    return [(turn["turn"], turn["status"]) for turn in got.named("turn")]


async def until_it_hangs(hub: Hub, responder: FakeResponder) -> None:
    """Return once the message that it was given last is received and waits for its end."""
    while not responder.open_streams:
        await trio.lowlevel.checkpoint()
    # The responder is asked while the message is stored.
    while (await hub.session("ada")).session_messages < responder.prompts[-1].turn:
        await trio.lowlevel.checkpoint()


async def nothing() -> None:
    pass


# --- while the session talks ---


async def test_turns_that_come_meanwhile_are_not_in_it(store: Store | None) -> None:
    async with talking(store) as (hub, _):
        for number in range(7):
            await hub.ask("ada", f"message {number}")

        async def talk() -> None:
            await hub.ask("ada", "meanwhile")

        got = Between(*[talk] * 9)
        await answer(hub, EXPORT, got.take)
        assert numbers(got) == [(n, "answered") for n in range(1, 8)]
        assert [t["message"] for t in got.named("turn")] == [f"message {n}" for n in range(7)]
        assert (await hub.session("ada")).session_messages > 7


@pytest.mark.parametrize("before", [0, 1, 2, 3, 5, 6])
@pytest.mark.parametrize("at", range(6))
async def test_a_turn_that_ends_meanwhile_is_there_once(
    store: Store | None, before: int, at: int
) -> None:
    """Whenever it ends: before the page that would hold it, after it, or not at all."""
    async with talking(store) as (hub, responder), trio.open_nursery() as nursery:
        for number in range(before):
            await hub.ask("ada", f"message {number}")
        responder.mode = "hang"
        nursery.start_soon(hub.ask, "ada", "open")
        await until_it_hangs(hub, responder)

        async def end() -> None:
            responder.mode = "ready"
            responder.release.set()
            await hub.ask("ada", "and one more")

        got = Between(*[nothing] * at, end)
        await answer(hub, EXPORT, got.take)
        responder.release.set()
        *ended, (number, status) = numbers(got)
        assert ended == [(n, "answered") for n in range(1, before + 1)]
        assert number == before + 1
        assert status in ("received", "answered")
        last = got.named("turn")[-1]
        assert last["message"] == "open"
        assert (last["position"] is None) == (status == "received")


async def test_a_turn_without_an_end_comes_last_as_received(store: Store | None) -> None:
    async with talking(store) as (hub, responder), trio.open_nursery() as nursery:
        await hub.ask("ada", "hello")
        responder.mode = "hang"
        nursery.start_soon(hub.ask, "ada", "open")
        await until_it_hangs(hub, responder)
        got = Heard()
        await answer(hub, EXPORT, got.take)
        assert numbers(got) == [(1, "answered"), (2, "received")]
        responder.release.set()


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("back", [False, True])
async def test_an_erasure_meanwhile_ends_it(store: Store | None, at: int, back: bool) -> None:
    async with talking(store) as (hub, _):
        for number in range(7):
            await hub.ask("ada", f"message {number}")

        async def erase() -> None:
            await hub.erase("ada")
            if back:
                for _ in range(9):
                    await hub.ask("ada", "born again")

        got = Between(*[nothing] * at, erase)
        with pytest.raises(NotFound):
            await answer(hub, EXPORT, got.take)
        assert "born again" not in str(got.named("turn"))


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("taken", [5, 7])
async def test_turns_that_are_removed_meanwhile_leave_no_silent_gap(
    store: Store | None, at: int, taken: int
) -> None:
    """Retention takes the oldest ones: those that were not read yet, or those that were."""
    async with talking(store) as (hub, _):
        for number in range(7):
            await hub.ask("ada", f"message {number}")

        async def expire() -> None:
            store = hub._services.store
            hub.expired(await store.expire(datetime.now(UTC) + timedelta(days=99), taken))

        got = Between(*[nothing] * at, expire)
        if at == 2 and taken == 5:
            await answer(hub, EXPORT, got.take)
            assert [n for n, _ in numbers(got)] == [1, 2, 3, 4, 5, 6, 7]
        else:
            with pytest.raises(Conflict, match="ask again"):
                await answer(hub, EXPORT, got.take)
        got, left = Heard(), 7 - taken
        await answer(hub, EXPORT, got.take)
        assert [n for n, _ in numbers(got)] == list(range(taken + 1, 8))
        (head,) = got.named("head")
        assert (head["session"]["removed"], head["session"]["session_messages"]) == (taken, left)
        got = Heard()
        await answer(hub, Request("list"), got.take)
        assert [s["session_messages"] for s in got.named("session")] == [left]


@pytest.mark.parametrize("at", range(2, 7))
async def test_an_erasure_under_way_leaves_no_half_export(
    store: Store | None, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes some turns at a time, and the session's own row last."""
    monkeypatch.setattr("nexus_trio.store.sqlite.ERASED_AT_ONCE", 1)
    async with talking(store) as (hub, _), trio.open_nursery() as nursery:
        for number in range(9):
            await hub.ask("ada", f"message {number}")

        async def begin() -> None:
            nursery.start_soon(hub.erase, "ada")
            for _ in range(at):
                await trio.lowlevel.checkpoint()

        got = Between(begin)
        with pytest.raises((NotFound, Conflict)):
            await answer(hub, EXPORT, got.take)
        with pytest.raises(NotFound):
            await answer(hub, EXPORT, got.take)


async def test_it_holds_the_users_events_and_nobody_elses(store: Store | None) -> None:
    async with talking(store) as (hub, _):
        await hub.ask("ada", "hello", username="Ada")
        for room in ("Tower", "Garden", "Tower"):
            await hub.say("bob", room, f"bob in {room}")
            await hub.say("ada", room, f"ada in {room}")
        await hub.ask("bob", "bob's secret")
        got = Heard()
        await answer(hub, EXPORT, got.take)
        said = [e["text"] for e in got.named("event") if e["event"] == "said"]
        assert sorted(said) == ["ada in Garden", "ada in Tower", "ada in Tower"]
        assert {e["user_id"] for e in got.named("event")} == {"ada"}
        assert "bob" not in str(got.parts)
        (head,) = got.named("head")
        assert head["rooms"] == [{"room": "Tower", "username": "Ada"}]
        assert head["live"] == {"room": "Tower", "connections": 0}


async def test_no_more_than_a_page_is_held_at_a_time(store: Store | None) -> None:
    async with talking(store) as (hub, _):
        for number in range(10):
            await hub.ask("ada", f"message {number}")
            await hub.say("ada", "Tower", f"aloud {number}")
        got = Heard()
        await answer(hub, EXPORT, got.take)
        assert len(got.named("turn")) == 10
        assert len(got.named("event")) == 11
        assert max(got.sizes) <= 3


async def test_traces_in_rooms_alone_can_be_exported_and_erased(store: Store | None) -> None:
    """No session is held, and yet not nothing."""
    async with open_fake_hub(store=store) as hub:
        services = hub._services
        for room in ("Tower", "Garden"):
            tail = await services.store.room_tail(room)
            event = RoomEvent(room, "said", "ada", "Ada", "aloud", Position(tail.epoch, 1))
            await services.store.append([PutRoomEvent(event)])
        got = Heard()
        await answer(hub, EXPORT, got.take)
        assert got.named("head")[0]["session"] is None
        assert len(got.named("event")) == 2
        with pytest.raises(NotFound, match="only traces"):
            await answer(hub, Request("show", "ada"), got.take)
        assert (await hub.erase("ada")).events == 2
        with pytest.raises(NotFound, match="nothing"):
            await answer(hub, EXPORT, got.take)


# --- everything ---


def filled(kind: type, **values: Any) -> Any:
    """A value with a mark of its own in every field that is a plain text or number."""
    for nth, spec in enumerate(dataclasses.fields(kind)):
        if spec.name not in values:
            values[spec.name] = 1000 + nth if spec.type == "int" else f"mark-{spec.name}"
    return kind(**values)


def marks(value: Any) -> set[Any]:
    found = set()
    for spec in dataclasses.fields(value):
        held = getattr(value, spec.name)
        if isinstance(held, str) and held.startswith("mark-"):
            found.add(held)
        elif isinstance(held, int) and held >= 1000:
            found.add(str(held))
    return found


def test_every_field_of_what_is_stored_is_in_the_export() -> None:
    resource = filled(Resource)
    crisis = filled(CrisisView, detected=True, resources=(resource,))
    notice = filled(Notice)
    turn = filled(
        Turn,
        at=NOW,
        crisis=crisis,
        status="answered",
        position=Position("epoch", 4321),
        notices=(notice,),
    )
    # Whom else an answer heard is nothing of the user's, and not the user's to see.
    event = filled(
        RoomEvent,
        position=Position("epoch", 4322),
        at=NOW + timedelta(days=1),
        heard=frozenset({"somebody-else"}),
    )
    record = filled(
        SessionRecord,
        created_at=NOW,
        last_active=NOW,
        watch=(1.5, 2001, "mark-level", 2002, 2003),
        disclosed_at=NOW + timedelta(days=2),
    )
    loaded = LoadedSession(record, 9323, 4324, (), turn, removed=5000)
    head = shapes.head(Held("mark-user_id", loaded, {"mark-room": "mark-name"}, None), NOW)
    shown = json.dumps([head, shapes.turn(turn), shapes.event(event)])
    for value in (resource, crisis, notice, turn, event, record):
        assert marks(value)
        for mark in marks(value):
            assert mark in shown, mark
    assert "somebody-else" not in shown
    for plain in (
        "epoch:4321", "epoch:4322", "4323", "5000", "mark-epoch:4324", "mark-room", "mark-name",
        "1.5", "2001", "mark-level", "2002", "2003",
        "2026-03-01T12:30:15.123456Z", "2026-03-02T12:30:15.123456Z", "2026-03-03T12:30:15.123456Z",
    ):  # fmt: skip
        assert plain in shown


async def test_what_was_put_is_what_is_exported(store: Store | None) -> None:
    crisis = {"level": "none", "detected": False, "turns": 0, "notice": None, "resources": []}
    async with talking(store) as (hub, _):
        reply = await hub.ask("ada", "words \N{GRINNING FACE}\x00\x9b", client_ref="r1")
        got = Heard()
        await answer(hub, EXPORT, got.take)
        (turn,) = got.named("turn")
        assert turn.pop("at").endswith("Z")
        assert turn == {
            "turn": 1,
            "position": str(reply.position),
            "room": "Tower",
            "message": "words \N{GRINNING FACE}\x00\x9b",
            "response": reply.text,
            "status": "answered",
            "crisis": crisis,
            "notices": [],
            "client_ref": "r1",
        }
        (head,) = got.named("head")
        assert head["export"] == 1
        assert head["session"]["session_id"] == reply.session_id
        assert head["session"]["position"] == str(reply.position)


async def test_a_user_with_nothing_is_not_found(store: Store | None) -> None:
    async with talking(store) as (hub, _):
        await hub.ask("ada2", "hello")
        for verb in ("show", "export", "erase"):
            with pytest.raises(NotFound):
                await answer(hub, Request(verb, "ada"), Heard().take)  # type: ignore[arg-type]


async def test_a_session_without_a_word_can_be_exported(store: Store | None) -> None:
    record = SessionRecord("ada", "s", "e", NOW, NOW)
    async with open_fake_hub(store=store) as hub:
        await hub._services.store.append([PutSession(record)])
        got = Heard()
        await answer(hub, EXPORT, got.take)
        assert [name for name, _ in got.parts] == ["head"]
        assert got.named("head")[0]["session"]["watch"] is None


# --- over the wire ---

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, min_size=0))
def test_a_part_comes_over_the_wire_as_it_was(value: dict[str, Any]) -> None:
    line = part_line(("turn", value))
    assert line.count(b"\n") == 1
    assert parse_part(line) == ("turn", value)
