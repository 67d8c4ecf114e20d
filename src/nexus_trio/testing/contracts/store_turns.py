"""What a store promises of sessions and turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import trio

from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import (
    CrisisView,
    Notice,
    Position,
    Resource,
    RoomEvent,
)
from nexus_trio.store.base import (
    PutRoomEvent,
    PutSession,
    PutTurn,
    Store,
    StoredSession,
    Write,
)
from nexus_trio.testing.contracts.values import NOW, answered, fill, received, session


class StoreTurns:
    """Part of `StoreContract`."""

    async def test_nothing_is_held_of_a_stranger(self, store: Store) -> None:
        assert await store.load("nobody", 5) is None
        assert await store.history("nobody", None, 5) is None
        assert await store.reference("nobody", "r", NOW) is None
        assert (await store.erase("nobody")).turns == 0
        assert store.healthy

    async def test_what_says_that_it_never_waits_has_no_checkpoint(self, store: Store) -> None:
        writes: list[Write] = [PutSession(session()), PutTurn("ada", received(1))]
        with trio.CancelScope() as scope:
            scope.cancel()
            await store.append(writes)
        kept = await store.load("ada", 5)
        # Cancelled, a commit that waits may be there or not; one that does not is.
        assert kept is not None or not store.prompt
        assert not (store.prompt and scope.cancelled_caught)

    async def test_a_session_comes_back_as_it_was_put(self, store: Store) -> None:
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

    async def test_a_turn_comes_back_with_all_that_it_has(self, store: Store) -> None:
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

    async def test_a_turn_is_unfinished_until_it_ends(self, store: Store) -> None:
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
    async def test_the_window_holds_the_newest_turns(self, store: Store, window: int) -> None:
        await fill(store, 5)
        loaded = await store.load("ada", window)
        assert loaded is not None
        assert [t.number for t in loaded.window] == [1, 2, 3, 4, 5][-window:] if window else True
        assert len(loaded.window) == min(window, 5)
        assert (loaded.turns, loaded.offset) == (5, 5)

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
        self, store: Store, bad: PutTurn | PutRoomEvent
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

    async def test_callers_at_once_see_what_they_stored(self, store: Store) -> None:
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

    async def test_pages_follow_each_other_to_the_end(self, store: Store) -> None:
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
    async def test_a_page_begins_behind_any_position(self, store: Store, offset: int) -> None:
        await fill(store, 7)
        await fill(store, 3, "bob")
        page = await store.history("ada", Position("e1", offset), 50)
        assert page is not None
        assert [t.number for t in page.turns] == [n for n in range(1, 8) if n > offset]

    async def test_offsets_may_run_ahead_of_the_numbers(self, store: Store) -> None:
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

    async def test_a_page_of_another_epoch_is_not_found(self, store: Store) -> None:
        await fill(store, 1)
        with pytest.raises(NotFound):
            await store.history("ada", Position("e2", 0), 5)

    async def test_pages_of_sessions_are_by_user_id(self, store: Store) -> None:
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

    async def test_a_reference_names_its_newest_turn_for_its_time(self, store: Store) -> None:
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
