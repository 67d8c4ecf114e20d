"""The bounds of everything that comes in, at the edge and one beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.errors import CODES, InvalidRequest, NexusError, TooLarge
from nexus_trio.model import fields
from nexus_trio.model.envelope import MAX_OFFSET, CrisisView, Position, Post, Reply, RoomEvent

PERSONAS = frozenset({"iris"})


@pytest.mark.parametrize("good", ["a", "0", "A.b_c-9", "x" * 64])
def test_user_ids_that_pass(good: str) -> None:
    assert fields.user_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", ".a", "-a", "_a", "x" * 65, "ä", "a b", "a\n", "٣", "a/b", None, 3, ["a"]]
)
def test_user_ids_that_do_not(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="user_id"):
        fields.user_id(bad)


def test_messages_at_their_bounds() -> None:
    assert fields.message("x") == "x"
    assert len(fields.message("x" * 16384)) == 16384
    assert fields.message("ä" * 8192)
    for too_large in ("x" * 16385, "ä" * 8193, "\U0001f600" * 4097):
        with pytest.raises(TooLarge):
            fields.message(too_large)
    for bad in ("", None, 1, b"x", "\ud800", "a\udfffb"):
        with pytest.raises(InvalidRequest, match="message"):
            fields.message(bad)


@pytest.mark.parametrize("good", ["Ada", "x" * 64, "Ada Lovelace", "Ädä", "😀"])
def test_usernames_that_pass(good: str) -> None:
    assert fields.username(good, PERSONAS) == good


@pytest.mark.parametrize("bad", ["", "x" * 65, "a\tb", "a\x00", "Iris", " IRIS ", "  ", None, 7])
def test_usernames_that_do_not(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="username"):
        fields.username(bad, PERSONAS)


@pytest.mark.parametrize("bad", ["", "x" * 65, "a b", "ä", "\x7f", None, 5])
def test_client_refs_that_do_not_pass(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="client_ref"):
        fields.client_ref(bad)
    assert fields.client_ref("x" * 64)


@pytest.mark.parametrize("bad", ["", "en us", "en-", "x" * 60, "ä", None, 5])
def test_locales_that_do_not_pass(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="locale"):
        fields.locale(bad)
    assert fields.locale("de-AT") == "de-AT"


@pytest.mark.parametrize("bad", [0, 1001, -1, True, 1.5, "5", None])
def test_limits_that_do_not_pass(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        fields.page_limit(bad)
    assert fields.page_limit(1) == 1
    assert fields.page_limit(1000) == 1000


@pytest.mark.parametrize(
    "bad", ["", ":", "e", "e:", ":1", "e:-1", "e:1.0", "e:٣", "e:x", "a:b:1", f"e:{2**63}", "é:1"]
)
def test_positions_that_are_none(bad: str) -> None:
    with pytest.raises(InvalidRequest, match="after"):
        Position.parse(bad)


@given(st.from_regex(r"[0-9a-f]{1,64}", fullmatch=True), st.integers(0, MAX_OFFSET))
def test_a_position_is_read_back(epoch: str, offset: int) -> None:
    assert Position.parse(str(Position(epoch, offset))) == Position(epoch, offset)


def test_no_repr_shows_words() -> None:
    secret = "my-secret-words"
    post = Post("ada", secret, username=secret, client_ref=secret)
    event = RoomEvent("Tower", "said", "ada", secret, secret)
    error = NexusError("plain", partial=secret)
    view = CrisisView("crisis", True, 1, secret)
    reply = Reply("ada", "s", "Tower", 1, secret, view, 1, Position("e", 1))
    for value in (post, event, error, reply):
        assert secret not in repr(value)


def test_every_error_has_a_row() -> None:
    kinds = {kind.code for kind in NexusError.__subclasses__()}
    assert kinds == set(CODES)
    for code in CODES.values():
        assert code.retry == (code.retry_after is not None)
