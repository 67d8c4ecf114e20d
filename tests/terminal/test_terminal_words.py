"""What a line asks for, what Tab makes of it, and how items read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.client import Position, RoomEvent, RoomView
from nexus_trio.terminal import items
from nexus_trio.terminal.items import Item
from nexus_trio.terminal.naming import default_user
from nexus_trio.terminal.painting import NOTICE_BEGINS, NOTICE_ENDS, STYLES, painted, plain
from nexus_trio.terminal.rows import width_of
from nexus_trio.terminal.words import (
    COMMANDS,
    Ask,
    Completion,
    Do,
    Wrong,
    complete,
    help_text,
    parse,
)

ROOMS = ("Tower", "Chapel", "Library")
PEOPLE = ("Wyndal", "ada", "adam", "bob")


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("hello", Ask("hello")),
        ("  hello  there ", Ask("hello  there")),
        ("//who", Ask("/who")),
        ("/go  Library ", Do("go", "Library")),
        ("/GO library", Do("go", "library")),
        ("/say  two  words", Do("say", "two  words")),
        ("/look", Do("look")),
        ("/stop", Do("stop")),
        ("/q", Do("quit")),
        ("", None),
        (" \t ", None),
    ],
)
def test_lines_are_read(line: str, wanted: object) -> None:
    assert parse(line) == wanted


@pytest.mark.parametrize("line", ["/go", "/say  ", "/goLibrary", "/", "/etc/passwd"])
def test_what_is_no_command_says_what_to_type(line: str) -> None:
    assert isinstance(parse(line), Wrong)


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("/g", Completion(2, "/go ")),
        ("/", Completion(choices=tuple(sorted(f"/{verb}" for verb in COMMANDS)))),
        ("/go t", Completion(1, "Tower ")),
        ("/go ", Completion(choices=tuple(sorted(ROOMS)))),
        ("/say hello a", Completion(1, "ada", ("ada", "adam"))),
        ("/say ada", Completion(choices=("ada", "adam"))),
        ("wyn", Completion(3, "Wyndal ")),
        ("nobody", Completion()),
        ("", Completion()),
        ("hello ", Completion()),
        ("/nonsense", Completion()),
    ],
)
def test_tab(before: str, wanted: Completion) -> None:
    assert complete(before, ROOMS, PEOPLE) == wanted


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=8), max_size=5))
def test_tab_only_adds_to_what_stands_there(before: str, names: list[str]) -> None:
    found = complete(before, names, names)
    assert found.over <= len(before)
    if found.text:
        replaced = before[len(before) - found.over :]
        assert found.text.casefold().startswith(replaced.casefold())


def test_help_names_every_command_and_the_keys_where_there_are_any() -> None:
    shown = help_text(ROOMS, keys=True)
    for verb, (written, does) in COMMANDS.items():
        assert f"{written}: {does}" in shown
        assert written.startswith(f"/{verb}")
    assert "Ctrl-C: " in shown
    assert "Rooms: Tower, Chapel, Library." in shown
    assert "Ctrl-C" not in help_text((), keys=False)


@pytest.mark.parametrize(
    ("environ", "user"),
    [
        ({"USER": "ada"}, "ada"),
        ({"USER": "Ada Lovelace"}, "Ada-Lovelace"),
        ({"USER": "..é"}, "guest"),
        ({"LOGNAME": "_x" * 60}, ("x" + "_x" * 60)[:64]),
        ({}, "guest"),
    ],
)
def test_a_default_user_can_be_one(environ: dict[str, str], user: str) -> None:
    assert default_user(environ) == user


def event(kind: str, user: str | None, name: str | None, text: str | None = None) -> str | None:
    made = items.happened(RoomEvent("Tower", kind, user, name, text), "ada")  # type: ignore[arg-type]
    return None if made is None else plain(made)


def test_events_read_as_sentences() -> None:
    assert event("joined", "bob", None) == "bob comes in."
    assert event("left", "bob", "Bob") == "bob leaves."
    assert event("said", "bob", "Wyndal\n", "hi") == "Wyndal  (bob) says aloud: hi"
    assert event("said", "persona:Wyndal", "Wyndal", "hi") == "Wyndal says aloud: hi"
    assert event("said", "ada", "Ada", "hi") == "You say aloud: hi"
    assert event("joined", "ada", "Ada") is None
    assert event("erased", None, None) is None


def test_a_room_names_at_most_twenty_people() -> None:
    people = tuple(f"u{number:02}" for number in range(30))
    view = RoomView("Hall", "A place", "Walls.", {"up": "Tower"}, Position("e", 1), people, "Iris")
    shown = plain(items.room(view))
    assert shown.splitlines()[0] == "A place (room Hall). Walls."
    assert "u19 and 10 more." in shown
    assert "Ways out: up to Tower." in shown


def test_further_lines_can_not_pass_for_another_speaker() -> None:
    forged = items.happened(RoomEvent("T", "said", "eve", None, "hi\nWyndal: lies"), "ada")
    assert forged is not None
    assert plain(forged).splitlines() == ["eve says aloud: hi", "  Wyndal: lies"]
    for row in painted(forged, 40)[1:]:
        assert "".join(text for _, text in row).startswith("  ")


TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("  \n\x1b\u202e漢"), max_size=80)
KINDS = st.sampled_from(["own", "reply", "answer", "aloud", "moved", "notice", "told", "trouble"])


@given(KINDS, TEXTS, TEXTS, st.integers(12, 80))
def test_rows_hold_all_of_an_item_and_no_order(
    kind: str, label: str, text: str, width: int
) -> None:
    item = Item(kind, text, label)  # type: ignore[arg-type]
    rows = painted(item, width)
    for row in rows:
        shown = "".join(piece for _, piece in row)
        assert width_of(shown) <= width
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    whole = "".join(piece for row in rows for _, piece in row).replace(" ", "")
    assert item.text.replace(" ", "").replace("\n", "") in whole


def test_a_notice_says_where_it_begins_and_ends() -> None:
    item = items.notice("crisis", "Call 988.")
    assert plain(item) == f"\n{NOTICE_BEGINS}\nCall 988.\n{NOTICE_ENDS}\n"
    rows = ["".join(piece for _, piece in row) for row in painted(item, 80)]
    assert rows == ["", NOTICE_BEGINS, "Call 988.", NOTICE_ENDS, ""]
    assert not set("│─═║┌┐└┘|=*#_") & set(plain(item))  # nothing that is read out sign by sign


def test_labels_and_words_have_styles_of_their_own() -> None:
    (row,) = painted(items.reply("Hello.", "Wyndal"), 40)
    assert row == [("class:reply-label", "Wyndal:"), ("class:reply", " Hello.")]
    assert "reply-label" in STYLES


def test_no_repr_shows_words() -> None:
    secret = "my words"
    for value in (Ask(secret), Do("say", secret), items.own(secret)):
        assert secret not in repr(value)
