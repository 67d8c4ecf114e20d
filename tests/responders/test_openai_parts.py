"""The pure parts: addresses, prompts, chunks, pauses."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from asking import exchanges, prompt
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.crisis.levels import LEVELS
from nexus_trio.responders.openai import parse_address, retry
from nexus_trio.responders.openai.chunks import Chunk, Garbled, Mender, Reported, read_chunk
from nexus_trio.responders.openai.prompt import messages, system_prompt, tokens

# --- addresses ---


@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("http://h:8000", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/v1", "http://h:8000/v1/chat/completions"),
        ("https://h/v1/", "https://h/v1/chat/completions"),
        ("https://h/v1beta/openai/", "https://h/v1beta/openai/chat/completions"),
        ("http://h/v1/chat/completions", "http://h/v1/chat/completions"),
        ("https://h/deploy/x?api-version=1", "https://h/deploy/x/chat/completions?api-version=1"),
        ("http://[::1]:11434", "http://[::1]:11434/v1/chat/completions"),
    ],
)
def test_an_address_may_be_written_in_several_ways(written: str, called: str) -> None:
    assert str(parse_address(written).url) == called


def test_a_name_and_password_in_an_address_are_authorization_and_no_part_of_it() -> None:
    address = parse_address("http://bo:s3cret%40@h/v1?key=k3y")
    assert address.authorization == "Basic Ym86czNjcmV0QA=="
    assert "s3cret" not in str(address.url)
    assert "s3cret" not in repr(address)
    assert "k3y" not in repr(address)
    assert parse_address("http://h", "sk-1").authorization == "Bearer sk-1"
    assert parse_address("http://h").authorization is None


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("", ""),
        ("h:8000", ""),
        ("ftp://h", ""),
        ("http://", ""),
        ("http://h:x3y", ""),
        ("http://h:99999", ""),
        ("http://h/#x3y", ""),
        ("http://h\nx3y", ""),
        ("http://h", "x3y\r\nHost: evil"),
        ("http://h", "x3y "),
        ("http://bo:x3y@h", "sk-1"),
    ],
)
def test_a_bad_address_is_refused_and_not_quoted(written: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"^it |^the key ") as refused:
        parse_address(written, key)
    assert "x3y" not in str(refused.value)
    assert "\n" not in str(refused.value)


# --- prompts ---


def test_the_persona_the_room_and_the_name_are_told() -> None:
    system = system_prompt(prompt("hello", username="Ada L."))
    for part in ("You are Bo, an AI persona.", "Bo keeps the hall.", "The Hall", "High walls."):
        assert part in system
    assert "Ada L." in system
    assert "None" not in system_prompt(prompt("hello"))


def test_each_level_has_words_of_its_own_and_none_has_none() -> None:
    told = {level: system_prompt(prompt("hello", crisis_level=level)) for level in LEVELS}
    assert len(set(told.values())) == len(LEVELS)
    assert all(told[level].startswith(told["none"]) for level in LEVELS)
    for level in ("crisis", "imminent"):
        assert "Never name or compare ways" in told[level]
        assert "Step out of any story" in told[level]
    assert "emergency number" in told["imminent"]


def test_no_id_of_the_user_is_sent() -> None:
    assert "secret-id" not in json.dumps(messages(prompt("hello", user="secret-id"), 3000))


def test_a_conversation_is_told_in_its_order() -> None:
    found = messages(prompt("now", history=exchanges(2)), 3000)
    assert [m["role"] for m in found] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert [m["content"] for m in found[1:]] == ["q0", "a0", "q1", "a1", "now"]


def test_the_window_keeps_the_newest_turns_whole() -> None:
    history = exchanges(50, "word " * 20, "word " * 20)
    found = messages(prompt("now", history=history), 600)
    kept = [m["content"] for m in found[1:-1]]
    assert 2 <= len(kept) < 100
    assert len(kept) % 2 == 0
    everything = [part for each in history for part in (each.message, each.response)]
    assert kept == everything[-len(kept) :]
    assert sum(tokens(m["content"]) for m in found) <= 600


def test_the_system_prompt_and_the_message_go_along_whatever_their_length() -> None:
    found = messages(prompt("x" * 16_384, history=exchanges(3)), 0)
    assert [m["role"] for m in found] == ["system", "user"]


@given(st.text(max_size=200), st.text(max_size=200))
def test_tokens_are_counted_by_bytes_and_more_text_is_never_less(one: str, other: str) -> None:
    assert tokens(one) >= 4 + len(one.encode("utf-8", "replace")) // 4
    assert tokens(one + other) >= max(tokens(one), tokens(other))


def test_scripts_with_fewer_bytes_in_a_token_are_counted_for_more() -> None:
    assert tokens("a" * 400) == 104
    assert tokens("\u4f60" * 400) == 604
    assert tokens("\U0001f600" * 400) == 804


# --- chunks ---


def chunk(**choice: object) -> str:
    return json.dumps({"choices": [{"index": 0, **choice}]})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (chunk(delta={"role": "assistant"}), Chunk()),
        (chunk(delta={"content": "hi"}, finish_reason=None), Chunk("hi")),
        (chunk(delta={"content": "hi"}, finish_reason="length"), Chunk("hi", ended=True)),
        (chunk(delta={}, finish_reason="stop"), Chunk(ended=True)),
        (chunk(delta=None, finish_reason="stop"), Chunk(ended=True)),
        (chunk(finish_reason="stop"), Chunk(ended=True)),
        (chunk(delta={"content": None, "refusal": "no"}), Chunk("no")),
        (chunk(delta={"reasoning_content": "hm"}), Chunk(thought=2)),
        (chunk(delta={"reasoning": "hmm", "content": ""}), Chunk(thought=3)),
        ('{"choices": []}', Chunk()),
        ('{"choices": [], "error": null}', Chunk()),
        (
            '{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}',
            Chunk(usage=(3, 4)),
        ),
        (
            '{"choices": [], "usage": {"prompt_tokens": "3", "completion_tokens": -4}}',
            Chunk(usage=(0, 0)),
        ),
    ],
)
def test_chunks(data: str, found: Chunk) -> None:
    assert read_chunk(data) == found


@pytest.mark.parametrize(
    "data",
    [
        "", "{", "[1]", '"x"', "null", "{}", '{"choices": {}}', '{"choices": [3]}', "[" * 100_000,
        chunk(delta=3), chunk(delta={"content": 3}), chunk(delta={"content": ["x"]}),
        '{"choices": ' + "9" * 10_000 + "}",
    ],
)  # fmt: skip
def test_what_is_no_chunk(data: str) -> None:
    with pytest.raises(Garbled):
        read_chunk(data)


@pytest.mark.parametrize("data", ['{"error": {"message": "x"}}', '{"object": "error"}'])
def test_an_error_in_place_of_a_chunk(data: str) -> None:
    with pytest.raises(Reported):
        read_chunk(data)


@given(st.text(st.characters(), max_size=30), st.lists(st.integers(1, 5)))
def test_mended_text_is_what_it_was_however_it_is_cut(text: str, cuts: list[int]) -> None:
    # As UTF-16 units, so that cuts fall between the halves of a pair too.
    raw = text.encode("utf-16-le", "surrogatepass")
    units = [raw[n : n + 2].decode("utf-16-le", "surrogatepass") for n in range(0, len(raw), 2)]
    mender, found = Mender(), ""
    while units:
        size = cuts.pop() if cuts else len(units)
        found += mender.mend("".join(units[:size]))
        del units[:size]
    found += mender.rest()
    found.encode()  # nothing is left that UTF-8 can't say
    assert found == raw.decode("utf-16-le", "replace")


# --- pauses ---


def test_what_may_be_tried_again() -> None:
    assert [status for status in range(100, 700) if retry.may_retry(status)] == [
        429,
        *range(500, 600),
    ]


@given(st.integers(0, 10), st.floats(0, 1), st.none() | st.floats(0, 30))
def test_a_pause_is_bounded_and_never_before_the_server_says(
    attempt: int, chance: float, after: float | None
) -> None:
    wait = retry.pause(attempt, chance, after)
    if after is not None and after > retry.WAITS_S:
        assert wait is None
        return
    assert wait is not None
    assert max(after or 0, retry.FIRST_S / 2) <= wait <= max(after or 0, retry.LONGEST_S)


NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("-1", None),
        ("1e9", None),
        ("9" * 400, None),
        ("soon", None),
        ("Thu, 01 Jan 2026 12:00:05 GMT", 5.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 12:00:05 -0000", 5.0),
        ("Thu, 99 Jan 2026 12:00:05 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry.retry_after(value, NOW) == seconds
