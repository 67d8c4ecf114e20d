"""The pure parts: a reply that is told again and again, and events that wait for their reader."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.client import Delta, Gap, Notice, Position, Reset, RoomEvent
from nexus_trio.client.address import parse_address
from nexus_trio.client.calls import SayCall, encode
from nexus_trio.client.core import Core
from nexus_trio.client.notices import Notices
from nexus_trio.client.queue import EventQueue
from nexus_trio.client.telling import MOST_CHARS, BadTelling, Telling

TEXTS = st.text("ab", max_size=6)
TELLINGS = st.lists(st.tuples(st.lists(TEXTS, max_size=5), st.lists(st.booleans(), max_size=5)))


def read(telling: Telling, shown: list[str]) -> None:
    """A reader takes all that there is; `shown` is what stands on their screen."""
    while (part := telling.take()) is not None:
        if isinstance(part, Reset):
            shown.clear()
        else:
            assert isinstance(part, Delta)
            assert part.text
            shown.append(part.text)


@given(TELLINGS, TEXTS)
def test_a_reader_has_the_reply_in_the_end_and_on_the_way_what_was_told(
    tellings: list[tuple[list[str], list[bool]]], final: str
) -> None:
    telling, shown = Telling(), []
    for turn, (pieces, reads) in enumerate(tellings):
        for seq, piece in enumerate(pieces):
            telling.hear(turn, seq, piece)
            if seq < len(reads) and reads[seq]:
                read(telling, shown)
                told = "".join(pieces[: seq + 1])
                # What stands there is what was told, or more of it from an earlier telling.
                assert "".join(shown).startswith(told)
    telling.end(final)
    read(telling, shown)
    assert "".join(shown) == final
    assert telling.take() is None


@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(0, 5), st.lists(st.integers(0, 5)))
def test_the_same_words_told_again_never_reset(
    pieces: list[str], cut: int, cuts: list[int]
) -> None:
    telling, resets = Telling(), 0
    for upto in [cut, *cuts, len(pieces)]:
        for seq, piece in enumerate(pieces[:upto]):
            telling.hear(1, seq, piece)
            while (part := telling.take()) is not None:
                resets += isinstance(part, Reset)
    telling.end("".join(pieces))
    while (part := telling.take()) is not None:
        resets += isinstance(part, Reset)
    assert resets == 0


def test_a_piece_out_of_order_is_refused_and_so_is_a_reply_without_end() -> None:
    for turn, seq in ((1, 1), (1, 3), (2, 2)):
        telling = Telling()
        telling.hear(1, 0, "a")
        telling.hear(1, 1, "b")
        with pytest.raises(BadTelling):
            telling.hear(turn, seq, "x")
    telling = Telling()
    telling.hear(1, 0, "x" * MOST_CHARS)
    with pytest.raises(BadTelling):
        telling.hear(1, 1, "x")


def said(number: int) -> RoomEvent:
    return RoomEvent("Tower", "said", "bob", "bob", f"{number}", Position("r", number))


def crisis(number: int) -> Notice:
    return Notice("crisis", "Call 988.", (), Position("e", number))


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 8))
async def test_a_full_queue_gives_up_the_oldest_words_and_counts_them(
    notices: list[bool], most: int
) -> None:
    queue = EventQueue(most)
    for number, is_notice in enumerate(notices):
        queue.put(crisis(number) if is_notice else said(number))
    assert len(queue) <= most
    got = []
    while len(queue):
        got.append(await queue.get())
    missed = sum(event.missed or 0 for event in got if isinstance(event, Gap))
    kept = [event for event in got if not isinstance(event, Gap)]
    assert missed + len(kept) == len(notices)
    assert [type(e) for e in got].count(Gap) == (missed > 0) == isinstance(got[:1] and got[0], Gap)
    if sum(notices) < most:
        assert sum(isinstance(event, Notice) for event in kept) == sum(notices)
    numbers = [event.position.offset for event in kept]  # type: ignore[union-attr]  # all have one
    assert numbers == sorted(numbers)


async def test_a_reader_that_is_cancelled_takes_nothing() -> None:
    queue = EventQueue()
    queue.put(said(1))
    with trio.CancelScope() as scope:
        scope.cancel()
        await queue.get()
    assert await queue.get() == said(1)


def test_notices_are_known_again_within_their_bound() -> None:
    notices = Notices()
    for number in range(1024):
        assert notices.is_new(crisis(number))
    assert not any(notices.is_new(crisis(number)) for number in range(1024))
    assert notices.is_new(crisis(5000))
    assert notices.is_new(crisis(0))  # the oldest was forgotten


def test_an_answer_to_an_older_acknowledgement_leaves_the_newer_one_owed() -> None:
    notices = Notices()
    first, second = notices.owe(Position("e", 1)), notices.owe(Position("e", 2))
    notices.taken(first["ref"])
    assert notices.owed == Position("e", 2)
    notices.taken(second["ref"])
    assert notices.owed is None


def test_the_same_words_that_were_heard_before_ours_were_sent_are_not_ours() -> None:
    core = Core({"user_id": "ada"}, None, Position("r", 0))
    call = SayCall("c1", "hi")
    core.start(call)  # there is no connection yet
    for number, sent_on in ((1, 0), (2, 1)):
        call.first_on = sent_on
        core.take(
            {
                "type": "room", "room": "Tower", "position": f"r:{number}", "event": "said",
                "user_id": "ada", "username": None, "text": "hi",
            }
        )  # fmt: skip
        assert call.echo == (Position("r", 2) if sent_on else None)


def test_addresses() -> None:
    assert parse_address("http://127.0.0.1:4004/") == ("127.0.0.1", 4004, "", False)
    assert parse_address("wss://nexus.example/a/b/") == ("nexus.example", 443, "/a/b", True)
    assert parse_address("http://[::1]:7").where == "[::1]:7"
    assert parse_address("ws://x/y").url == "http://x:80/y"


def test_frames_are_small_where_words_are_not_ascii() -> None:
    text = encode({"type": "message", "ref": "c1", "message": "\U0001f600" * 4096})
    assert len(text.encode()) < 17_000
