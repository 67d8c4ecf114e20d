"""One suite that every store must pass: what `store/base.py` promises, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import trio

from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import (
    NO_CRISIS,
    CrisisView,
    Notice,
    Position,
    Resource,
    RoomEvent,
    RoomEventKind,
)
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import (
    Count,
    PutRoomEvent,
    PutSession,
    PutTurn,
    SessionRecord,
    Store,
    StoredSession,
)
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.hubs import Names

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
KINDS = ("memory", "process", "power")


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(request.param, tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[Store]:
    if kind == "memory":
        yield MemoryStore(Names())
        return
    async with open_store(folder / "data", kind, Names()) as durable:
        yield durable


def session(user: str = "ada", epoch: str = "e1") -> SessionRecord:
    return SessionRecord(user, f"session-of-{user}", epoch, NOW, NOW)


def received(number: int = 1, message: str = "hello", ref: str | None = None) -> Turn:
    return Turn(number, NOW, "Tower", message, NO_CRISIS, client_ref=ref)


def answered(number: int = 1, message: str = "hello", ref: str | None = None) -> Turn:
    position = Position("e1", number)
    return received(number, message, ref).ended("answer", f"reply {number}", position)


async def fill(store: Store, turns: int, user: str = "ada") -> None:
    await store.append([PutSession(session(user))])
    for number in range(1, turns + 1):
        await store.append([PutTurn(user, answered(number))])


async def tell(
    store: Store, kind: RoomEventKind, user: str, text: str | None = None, room: str = "Tower"
) -> Position:
    tail = await store.room_tail(room)
    position = Position(tail.epoch, tail.offset + 1)
    event = RoomEvent(room, kind, user, user.title(), text, position)
    await store.append([PutRoomEvent(event)])
    return position


# --- what was put comes back ---


async def test_nothing_is_held_of_a_stranger(store: Store) -> None:
    assert await store.load("nobody", 5) is None
    assert await store.history("nobody", None, 5) is None
    assert await store.reference("nobody", "r", NOW) is None
    assert (await store.erase("nobody")).turns == 0
    assert store.healthy


async def test_a_session_comes_back_as_it_was_put(store: Store) -> None:
    record = replace(
        session(),
        username="Ada Ünï",
        back="Garden",
        watch=(1.8000000000000003, 2, "concern", 1, 0),
        seen=7,
    )
    await store.append([PutSession(record)])
    loaded = await store.load("ada", 5)
    assert loaded is not None
    assert loaded.record == record
    assert (loaded.turns, loaded.offset, loaded.window, loaded.unfinished) == (0, 0, (), None)
    later = replace(record, last_active=NOW + timedelta(seconds=1), back=None, watch=None)
    await store.append([PutSession(later)])
    loaded = await store.load("ada", 5)
    assert loaded is not None
    assert loaded.record == later


async def test_a_turn_comes_back_with_all_that_it_has(store: Store) -> None:
    view = CrisisView(
        "crisis", True, 2, "call \N{BLACK HEART SUIT} 988", (Resource("a", "988", "u", "US"),)
    )
    turn = replace(
        answered(1, "words \N{GRINNING FACE}\x00\n", "ref"),
        crisis=view,
        notices=(Notice("disclosure", "an AI"), Notice("friend", "be kind")),
    )
    await store.append([PutSession(session()), PutTurn("ada", turn)])
    loaded = await store.load("ada", 5)
    assert loaded is not None
    assert loaded.window == (turn,)
    page = await store.history("ada", None, 5)
    assert page is not None
    assert page.turns == (turn,)
    assert await store.reference("ada", "ref", NOW) == turn


async def test_a_turn_is_unfinished_until_it_ends(store: Store) -> None:
    await fill(store, 2)
    await store.append([PutTurn("ada", received(3))])
    loaded = await store.load("ada", 5)
    assert loaded is not None
    assert loaded.unfinished == received(3)
    assert (loaded.turns, loaded.offset) == (3, 2)
    assert [t.number for t in loaded.window] == [1, 2]
    page = await store.history("ada", None, 5)
    assert page is not None
    assert [t.number for t in page.turns] == [1, 2]
    ended = received(3).ended("stop", "rep", Position("e1", 3))
    await store.append([PutTurn("ada", ended)])
    loaded = await store.load("ada", 5)
    assert loaded is not None
    assert (loaded.unfinished, loaded.offset, loaded.window[-1]) == (None, 3, ended)


@pytest.mark.parametrize("window", [0, 1, 3, 9])
async def test_the_window_holds_the_newest_turns(store: Store, window: int) -> None:
    await fill(store, 5)
    loaded = await store.load("ada", window)
    assert loaded is not None
    assert [t.number for t in loaded.window] == [1, 2, 3, 4, 5][-window:] if window else True
    assert len(loaded.window) == min(window, 5)
    assert (loaded.turns, loaded.offset) == (5, 5)


# --- one append is one ---


@pytest.mark.parametrize(
    "bad",
    [
        PutTurn("nobody", answered(1)),
        PutTurn("ada", answered(3)),
        PutTurn("ada", answered(1)),
        PutRoomEvent(RoomEvent("Tower", "said", "ada", None, "no position")),
    ],
    ids=["no session", "a gap", "ended before", "no position"],
)
async def test_an_append_that_can_not_be_stores_nothing(
    store: Store, bad: PutTurn | PutRoomEvent
) -> None:
    await fill(store, 1)
    new = PutSession(session("bob"))
    changed = PutSession(replace(session(), username="Changed"))
    with pytest.raises(ValueError, match=r"can't be|turn|position"):
        await store.append([new, changed, bad])
    assert await store.load("bob", 1) is None
    loaded = await store.load("ada", 5)
    assert loaded is not None
    assert loaded.record.username is None
    assert loaded.window == (answered(1),)
    await store.append([new, changed])
    assert await store.load("bob", 1) is not None


async def test_callers_at_once_see_what_they_stored(store: Store) -> None:
    """Each reads its own append at once, and bad ones beside them fail alone."""

    async def one(user: str) -> None:
        await store.append([PutSession(session(user))])
        for number in range(1, 6):
            await store.append([PutTurn(user, answered(number))])
            loaded = await store.load(user, 1)
            assert loaded is not None
            assert loaded.turns == number

    async def bad() -> None:
        for _ in range(5):
            with pytest.raises(ValueError, match=r"can't be|turn|position"):
                await store.append([PutTurn("nobody", answered(1))])

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(one, f"user-{number}")
                nursery.start_soon(bad)


# --- pages ---


async def test_pages_follow_each_other_to_the_end(store: Store) -> None:
    await fill(store, 7)
    await store.append([PutTurn("ada", received(8))])
    seen, after = [], None
    while True:
        page = await store.history("ada", after, 3)
        assert page is not None
        seen.append([t.number for t in page.turns])
        after = page.next
        if after is None:
            break
    assert seen == [[1, 2, 3], [4, 5, 6], [7]]
    exact = await store.history("ada", None, 7)
    assert exact is not None
    assert exact.next is None


@pytest.mark.parametrize("offset", [0, 1, 6, 7, 8, 10**6])
async def test_a_page_begins_behind_any_position(store: Store, offset: int) -> None:
    await fill(store, 7)
    await fill(store, 3, "bob")
    page = await store.history("ada", Position("e1", offset), 50)
    assert page is not None
    assert [t.number for t in page.turns] == [n for n in range(1, 8) if n > offset]


async def test_offsets_may_run_ahead_of_the_numbers(store: Store) -> None:
    await store.append([PutSession(session())])
    places = [2, 3, 7, 8, 15]
    for number, place in enumerate(places, start=1):
        turn = received(number).ended("answer", "", Position("e1", place))
        await store.append([PutTurn("ada", turn)])
    for offset in range(17):
        page = await store.history("ada", Position("e1", offset), 50)
        assert page is not None
        shown = [t.position.offset for t in page.turns if t.position]
        assert shown == [place for place in places if place > offset]
    loaded = await store.load("ada", 1)
    assert loaded is not None
    assert (loaded.turns, loaded.offset) == (5, 15)


async def test_a_page_of_another_epoch_is_not_found(store: Store) -> None:
    await fill(store, 1)
    with pytest.raises(NotFound):
        await store.history("ada", Position("e2", 0), 5)


async def test_pages_of_sessions_are_by_user_id(store: Store) -> None:
    assert await store.sessions(None, 5) == ()
    users = ["Zed", "a.b", "a-b", "ada", "b", "0"]
    for number, user in enumerate(users):
        await fill(store, number, user)
    await store.append([PutTurn("b", received(5))])
    expected = [
        StoredSession(session("0"), 5),
        StoredSession(session("Zed"), 0),
        StoredSession(session("a-b"), 2),
        StoredSession(session("a.b"), 1),
        StoredSession(session("ada"), 3),
        StoredSession(session("b"), 5),
    ]
    seen: list[StoredSession] = []
    while page := await store.sessions(seen[-1].record.user_id if seen else None, 4):
        assert len(page) == min(4, len(expected) - len(seen))
        seen += page
    assert seen == expected
    # What retention took is not counted; a turn without an end it never takes.
    assert await store.expire(NOW + timedelta(days=1), 99)
    kept = {s.record.user_id: s.messages for s in await store.sessions(None, 9)}
    assert kept == {"0": 0, "Zed": 0, "a-b": 0, "a.b": 0, "ada": 0, "b": 1}
    await store.append([PutTurn("ada", received(4))])
    assert {s.messages for s in await store.sessions("a.b", 9)} == {1}
    # A page goes on behind a user who is not there any more.
    await store.erase("a.b")
    assert [s.record.user_id for s in await store.sessions("a.b", 9)] == ["ada", "b"]


# --- references ---


async def test_a_reference_names_its_newest_turn_for_its_time(store: Store) -> None:
    await fill(store, 1)
    await fill(store, 1, "bob")
    first = replace(received(2, ref="r"), at=NOW).ended("fail", "", Position("e1", 2))
    second = replace(first, number=3, at=NOW + timedelta(hours=1), position=Position("e1", 3))
    await store.append([PutTurn("ada", first)])
    assert await store.reference("ada", "r", NOW) == first
    await store.append([PutTurn("ada", second)])
    assert await store.reference("ada", "r", NOW) == second
    assert await store.reference("ada", "r", second.at) == second
    assert await store.reference("ada", "r", second.at + timedelta(microseconds=1)) is None
    assert await store.reference("bob", "r", NOW) is None
    assert await store.reference("ada", "R", NOW) is None


# --- rooms ---


async def test_a_room_begins_at_nought_and_keeps_its_epoch(store: Store) -> None:
    tail = await store.room_tail("Tower")
    assert tail.offset == 0
    assert await store.room_tail("Tower") == tail
    assert (await store.room_tail("Garden")).epoch != tail.epoch
    assert await store.room_events("Tower", tail, 5) == ()


async def test_events_come_behind_a_position_in_order(store: Store) -> None:
    start = await store.room_tail("Tower")
    for text in ("a", "b", "c"):
        await tell(store, "said", "ada", text)
    await tell(store, "said", "bob", "elsewhere", "Garden")
    everything = await store.room_events("Tower", start, 10)
    assert [(e.text, e.position) for e in everything] == [
        ("a", Position(start.epoch, 1)),
        ("b", Position(start.epoch, 2)),
        ("c", Position(start.epoch, 3)),
    ]
    assert everything[0] == RoomEvent("Tower", "said", "ada", "Ada", "a", Position(start.epoch, 1))
    assert await store.room_events("Tower", start, 2) == everything[:2]
    assert await store.room_events("Tower", Position(start.epoch, 2), 10) == everything[2:]
    for gone in (Position("other", 0), Position(start.epoch, 4)):
        with pytest.raises(NotFound):
            await store.room_events("Tower", gone, 10)


async def test_occupants_are_those_who_joined_and_did_not_leave(store: Store) -> None:
    assert await store.occupants("Tower") == {}
    await tell(store, "joined", "ada")
    await tell(store, "joined", "bob")
    await tell(store, "said", "bob", "hello")
    await tell(store, "left", "ada")
    await tell(store, "joined", "cy", room="Garden")
    assert await store.occupants("Tower") == {"bob": "Bob"}
    assert await store.occupants("Garden") == {"cy": "Cy"}
    await store.erase("bob")
    assert await store.occupants("Tower") == {}


async def test_a_users_events_come_page_by_page_and_nobody_elses(store: Store) -> None:
    assert await store.events_of("ada", None, 5) == ()
    kinds: list[RoomEventKind] = ["joined", "said", "left"]
    told = []
    for room in ("Tower", "Garden", "Tower", "Chapel"):
        for kind in kinds:
            text = f"{kind} in {room}" if kind == "said" else None
            position = await tell(store, kind, "ada", text, room)
            told.append(RoomEvent(room, kind, "ada", "Ada", text, position))
            await tell(store, "said", "bob", "between", room)
    seen: list[RoomEvent] = []
    while page := await store.events_of("ada", seen[-1] if seen else None, 2):
        assert len(page) == min(2, len(told) - len(seen))
        seen += page
    assert sorted(map(place_of, seen)) == sorted(map(place_of, told))
    assert set(seen) == set(told)
    for room in ("Tower", "Garden", "Chapel"):
        mine = [at for name, at in map(place_of, seen) if name == room]
        assert mine == sorted(mine)
    assert await store.events_of("ada", None, 100) == tuple(seen)
    await store.erase("ada")
    assert await store.events_of("ada", None, 5) == ()
    assert len(await store.events_of("bob", None, 100)) == 12


def place_of(event: RoomEvent) -> tuple[str, int]:
    assert event.position is not None
    return event.room, event.position.offset


async def test_a_users_rooms_are_those_joined_and_not_left(store: Store) -> None:
    assert await store.rooms_of("ada") == {}
    await tell(store, "joined", "ada")
    await tell(store, "joined", "bob")
    await tell(store, "joined", "ada", room="Garden")
    assert await store.rooms_of("ada") == {"Tower": "Ada", "Garden": "Ada"}
    await tell(store, "left", "ada")
    assert await store.rooms_of("ada") == {"Garden": "Ada"}
    await store.erase("ada")
    assert await store.rooms_of("ada") == {}
    assert await store.rooms_of("bob") == {"Tower": "Bob"}


# --- erasing ---


async def test_erasing_takes_one_user_and_leaves_tombstones(store: Store) -> None:
    start = await store.room_tail("Tower")
    await fill(store, 3)
    await fill(store, 2, "bob")
    await tell(store, "joined", "ada")
    await tell(store, "joined", "bob")
    await tell(store, "said", "ada", "aloud")
    erased = await store.erase("ada")
    assert (erased.turns, erased.events) == (3, 2)
    assert await store.load("ada", 5) is None
    events = await store.room_events("Tower", start, 10)
    assert [(e.event, e.user_id, e.username, e.text) for e in events] == [
        ("erased", None, None, None),
        ("joined", "bob", "Bob", None),
        ("erased", None, None, None),
    ]
    assert [e.position.offset for e in events if e.position] == [1, 2, 3]
    bob = await store.load("bob", 5)
    assert bob is not None
    assert bob.turns == 2
    again = await store.erase("ada")
    assert (again.turns, again.events) == (0, 0)
    assert (await tell(store, "said", "bob", "still")).offset == 4
    await fill(store, 1)
    back = await store.load("ada", 5)
    assert back is not None
    assert back.turns == 1


async def test_erasing_takes_the_answers_that_a_user_was_given(store: Store) -> None:
    start = await store.room_tail("Tower")
    await fill(store, 1)
    for offset, about in enumerate(("ada", "bob", "ada"), start=1):
        position = Position(start.epoch, offset)
        answer = RoomEvent("Tower", "said", "persona:Iris", "Iris", "hm", position, NOW, about)
        await store.append([PutRoomEvent(answer)])
        assert (await store.room_events("Tower", start, 10))[-1] == answer
    assert (await store.erase("ada")).events == 2
    events = await store.room_events("Tower", start, 10)
    assert [(e.event, e.user_id, e.text, e.about) for e in events] == [
        ("erased", None, None, None),
        ("said", "persona:Iris", "hm", "bob"),
        ("erased", None, None, None),
    ]
    assert await store.occupants("Tower") == {}


async def answer(
    store: Store, about: str, *heard: str, room: str = "Tower", text: str = "hm", days: int = 0
) -> RoomEvent:
    """An answer aloud, stored so many days ago."""
    tail = await store.room_tail(room)
    event = RoomEvent(
        room,
        "said",
        "persona:Iris",
        "Iris",
        text,
        Position(tail.epoch, tail.offset + 1),
        NOW - timedelta(days=days),
        about,
        frozenset(heard),
    )
    await store.append([PutRoomEvent(event)])
    return event


async def test_erasing_takes_the_answers_that_were_made_of_a_users_words(store: Store) -> None:
    start = await store.room_tail("Tower")
    told = [
        await answer(store, "ada"),
        await answer(store, "ada", "bob", "cyd"),
        await answer(store, "bob", "ada"),
        await answer(store, "cyd", "dan"),
    ]
    elsewhere = await answer(store, "dan", "bob", "eve", room="Garden")
    assert await store.room_events("Tower", start, 10) == tuple(told)
    # What others were answered is theirs, whoever was heard for it.
    assert await store.events_of("bob", None, 10) == (told[2],)
    assert await store.events_of("ada", None, 10) == tuple(told[:2])
    assert (await store.erase("bob")).events == 3
    assert await store.room_events("Tower", start, 10) == (
        told[0], told[1].buried(), told[2].buried(), told[3],
    )  # fmt: skip
    assert await store.room_events("Garden", await beginning(store, "Garden"), 10) == (
        elsewhere.buried(),
    )
    # Of whom else they were made is forgotten with them.
    for user, events in (("eve", 0), ("cyd", 1), ("dan", 0), ("ada", 1)):
        assert await store.traces(user) == bool(events)
        assert (await store.erase(user)).events == events


async def beginning(store: Store, room: str) -> Position:
    return Position((await store.room_tail(room)).epoch, 0)


async def test_traces_are_a_users_events_and_what_was_made_of_its_words(store: Store) -> None:
    await tell(store, "said", "ada", "hello")
    await answer(store, "bob", "cyd")
    assert [await store.traces(user) for user in ("ada", "bob", "cyd", "dan")] == [
        True, True, True, False,
    ]  # fmt: skip
    await store.erase("cyd")
    assert [await store.traces(user) for user in ("ada", "bob", "cyd")] == [True, False, False]


async def test_what_an_answer_was_made_of_goes_when_it_is_old(store: Store) -> None:
    await answer(store, "ada", "bob", days=9)
    await answer(store, "ada", "cyd", days=8)
    young = await answer(store, "ada", "dan", days=1)
    expired = await store.expire(NOW - timedelta(days=5), 9)
    assert dict(expired.rooms) == {"Tower": 2}
    users = ("ada", "bob", "cyd", "dan")
    assert [await store.traces(user) for user in users] == [True, False, False, True]
    assert await store.events_of("ada", None, 9) == (young,)


async def test_erasing_somebody_who_was_heard_much_takes_all_of_it(store: Store) -> None:
    start = await store.room_tail("Tower")
    others = [f"user{number}" for number in range(9)]
    for number in range(900):
        await answer(store, "ada" if number % 2 else "ben", "cleo", *others)
    assert (await store.erase("cleo")).events == 900
    assert {e.event for e in await store.room_events("Tower", start, 2000)} == {"erased"}
    for user in ("ada", "ben", "cleo", *others):
        assert not await store.traces(user)


# --- what only the durable ones promise: another opening finds the same ---


async def test_erasing_much_takes_all_of_it(store: Store) -> None:
    await fill(store, 1203)
    await fill(store, 3, "ben")
    tail = await store.room_tail("Tower")
    for offset in range(1, 1102):
        user = "ben" if offset % 2 else "ada"
        event = RoomEvent("Tower", "said", user, user, "hi", Position(tail.epoch, offset))
        await store.append([PutRoomEvent(event)])
    erased = await store.erase("ada")
    # The memory store keeps the newest 1,000 events of a room.
    assert (erased.turns, erased.events) in ((1203, 550), (1203, 500))
    assert await store.load("ada", 1) is None
    ben = await store.load("ben", 1)
    assert ben is not None
    assert ben.turns == 3
    events = await store.room_events("Tower", Position(tail.epoch, 200), 2000)
    assert {event.user_id for event in events} == {"ben", None}


async def test_answers_given_aloud_are_among_the_events_of_whom_they_answer(store: Store) -> None:
    await store.append([PutSession(session()), PutTurn("ada", answered())])
    said = await tell(store, "said", "ada", "what is this?")
    answer = RoomEvent(
        "Tower", "said", "persona:Iris", "Iris", "a tower", Position(said.epoch, 2), NOW, "ada"
    )
    await store.append([PutRoomEvent(answer)])
    await tell(store, "said", "ben", "hm")
    found = await store.events_of("ada", None, 9)
    assert [event.text for event in found] == ["what is this?", "a tower"]
    assert found[1] == answer
    assert await store.events_of("ada", found[0], 9) == (answer,)
    assert (await store.erase("ada")).events == 2
    assert await store.events_of("ada", None, 9) == ()


# --- what is old ---


def aged(number: int, days: int, user: str = "ada") -> list[PutSession | PutTurn]:
    at = NOW - timedelta(days=days)
    turn = replace(answered(number, f"{user} {number}", f"r{number}"), at=at)
    return [PutSession(replace(session(user), last_active=at)), PutTurn(user, turn)]


async def test_old_turns_go_and_numbers_and_offsets_go_on(store: Store) -> None:
    await store.append([PutSession(session("idle")), PutTurn("idle", received())])
    for number, days in enumerate((9, 8, 7, 1), start=1):
        await store.append(aged(number, days))
    week = NOW - timedelta(days=5)
    taken = [await store.expire(week, 2) for _ in range(3)]
    assert [dict(t.turns) for t in taken] == [{"ada": 2}, {"ada": 3}, {}]
    assert not taken[2]
    await store.sweep()
    loaded = await store.load("ada", 9)
    assert loaded is not None
    assert (loaded.turns, loaded.offset, loaded.removed) == (4, 4, 3)
    assert [turn.number for turn in loaded.window] == [4]
    assert await store.reference("ada", "r1", NOW - timedelta(days=99)) is None
    for after in (None, Position("e1", 0), Position("e1", 2), Position("e1", 3)):
        page = await store.history("ada", after, 5)
        assert page is not None
        assert [turn.number for turn in page.turns] == [4]
    # All of them, and the next one is still the fifth.
    assert dict((await store.expire(NOW, 9)).turns) == {"ada": 4}
    loaded = await store.load("ada", 9)
    assert loaded is not None
    assert (loaded.turns, loaded.offset, loaded.window) == (4, 4, ())
    with pytest.raises(ValueError, match=r".*"):
        await store.append([PutTurn("ada", answered(4))])
    await store.append([PutTurn("ada", received(5))])
    await store.append([PutTurn("ada", answered(5))])
    page = await store.history("ada", Position("e1", 4), 5)
    assert page is not None
    assert [turn.number for turn in page.turns] == [5]
    idle = await store.load("idle", 1)
    assert idle is not None
    assert idle.unfinished == received(), "a turn without an end is never too old"


async def test_old_events_become_tombstones_in_place(store: Store) -> None:
    tail = await store.room_tail("Tower")
    for offset, days in enumerate((9, 8, 1), start=1):
        at = NOW - timedelta(days=days)
        event = RoomEvent("Tower", "said", "ada", "Ada", "words", Position(tail.epoch, offset), at)
        await store.append([PutRoomEvent(event)])
    expired = await store.expire(NOW - timedelta(days=5), 9)
    assert (dict(expired.turns), dict(expired.rooms)) == ({}, {"Tower": 2})
    events = await store.room_events("Tower", Position(tail.epoch, 0), 9)
    assert [(e.event, e.user_id, e.text) for e in events] == [
        ("erased", None, None),
        ("erased", None, None),
        ("said", "ada", "words"),
    ]
    assert events[2].at == NOW - timedelta(days=1)
    assert not await store.expire(NOW - timedelta(days=5), 9)
    assert (await store.room_tail("Tower")).offset == 3


async def test_who_was_not_active_is_named_in_order(store: Store) -> None:
    for user, days in (("cleo", 9), ("ada", 8), ("ben", 1), ("dan", 7)):
        await store.append(aged(1, days, user))
    week = NOW - timedelta(days=5)
    assert await store.inactive(week, "", 2) == ("ada", "cleo")
    assert await store.inactive(week, "cleo", 2) == ("dan",)
    assert await store.inactive(week, "dan", 2) == ()


# --- the crisis ledger ---


async def test_the_ledger_adds_up_by_day_level_and_action(store: Store) -> None:
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    await store.append([PutSession(session()), Count(first, "crisis", "detected")])
    await store.append([Count(first, "crisis", "issued"), Count(first, "crisis", "issued", 2)])
    await store.append([Count(second, "imminent", "seen"), Count(second, "concern", "detected")])
    of_the_first = (Count(first, "crisis", "detected"), Count(first, "crisis", "issued", 3))
    of_the_second = (Count(second, "concern", "detected"), Count(second, "imminent", "seen"))
    assert await store.ledger(first, first) == of_the_first
    assert await store.ledger(date(2026, 1, 1), date(2026, 12, 31)) == of_the_first + of_the_second
    assert await store.ledger(date(2026, 3, 3), date(2026, 12, 31)) == ()


async def test_the_ledger_keeps_countries_and_lexicons_apart(store: Store) -> None:
    day = date(2026, 3, 1)
    counts = [
        Count(day, "crisis", "issued", 2, "AT", "b"),
        Count(day, "crisis", "issued", 1, "US", "a"),
        Count(day, "crisis", "issued", 3, "US", "b"),
        Count(day, "none", "withheld", 1, "US", "b"),
    ]
    for _ in range(2):
        await store.append(counts)
    assert await store.ledger(day, day) == tuple(replace(c, number=2 * c.number) for c in counts)


async def test_what_is_refused_is_not_counted_and_an_erasure_leaves_the_counts(
    store: Store,
) -> None:
    day = date(2026, 3, 1)
    await store.append([PutSession(session()), PutTurn("ada", answered())])
    with pytest.raises(ValueError, match=r".*"):
        await store.append([Count(day, "crisis", "issued"), PutTurn("ada", answered(5))])
    assert await store.ledger(day, day) == ()
    await store.append([Count(day, "crisis", "issued")])
    await store.erase("ada")
    assert await store.ledger(day, day) == (Count(day, "crisis", "issued"),)


@pytest.mark.parametrize("kind", ["process", "power"])
async def test_all_of_it_is_there_again_after_a_reopening(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as store:
        await fill(store, 3)
        await store.append([PutTurn("ada", received(4, ref="r"))])
        await tell(store, "joined", "ada")
        said = await answer(store, "ada", "bob", "cyd")
        tail = await store.room_tail("Tower")
        before = await store.load("ada", 9)
    async with opened(kind, tmp_path) as store:
        assert await store.load("ada", 9) == before
        assert await store.room_tail("Tower") == tail
        assert await store.occupants("Tower") == {"ada": "Ada"}
        assert await store.reference("ada", "r", NOW) == received(4, ref="r")
        assert (await store.room_events("Tower", Position(tail.epoch, 1), 9)) == (said,)
