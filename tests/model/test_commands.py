"""What is a command and what is a turn, and the texts that answer commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.model.commands import (
    Command,
    describe_room,
    help_text,
    list_people,
    parse_command,
    spoken,
)
from nexus_trio.model.world import Persona, Room, World

ROOMS = {
    name: Room(name, f"The {name}", "Walls.", exits, Persona(persona, "Someone."))
    for name, exits, persona in (
        ("Tower", {"down": "Garden"}, "Wyndal"),
        ("Garden", {}, "Fernby"),
    )
}
WORLD = World(ROOMS, "Tower")

COMMANDS = {
    "look": Command("look"),
    " LOOK \n": Command("look"),
    "/look": Command("look"),
    "/Who": Command("who"),
    "who": Command("who"),
    "HELP": Command("help"),
    "/help": Command("help"),
    "/go Tower": Command("go", "Tower"),
    "/go   nowhere at all ": Command("go", "nowhere at all"),
    "/GO\ttower": Command("go", "tower"),
    "/go": Command("go"),
    "/go ": Command("go"),
    "go Tower": Command("go", "Tower"),
    "Go  gARDEN": Command("go", "gARDEN"),
    "/say hello  all": Command("say", "hello  all"),
    "/say\nhello": Command("say", "hello"),
    "/say": Command("say"),
    "/say /go Tower": Command("say", "/go Tower"),
}
TURNS = (
    "", " ", "/", "look at that", "looking", "//look", "//who", "/ look", "who are you", "helpful",
    "help me", "/going", "/going Tower", "/sayonara", "/says hi", "go", "go away",
    "go to Tower", "go Towers",
    "going Tower", "say hello", "go Tower now", "/looks", "look!", "Tower", "let's go Tower", "\0",
)  # fmt: skip


@pytest.mark.parametrize("rooms", [WORLD, ["Tower", "Garden"]], ids=["world", "names"])
@pytest.mark.parametrize(("message", "command"), COMMANDS.items())
def test_commands(message: str, command: Command, rooms: World | list[str]) -> None:
    assert parse_command(message, rooms) == command


@pytest.mark.parametrize("rooms", [WORLD, ["Tower", "Garden"]], ids=["world", "names"])
@pytest.mark.parametrize("message", TURNS)
def test_turns(message: str, rooms: World | list[str]) -> None:
    assert parse_command(message, rooms) is None


@given(st.text())
def test_any_text_is_parsed_the_same_with_spaces_around_it(text: str) -> None:
    assert parse_command(text, WORLD) == parse_command(f" \n{text}\t ", WORLD)


@given(st.text())
def test_what_is_said_arrives_whole(text: str) -> None:
    assert parse_command(f"/say {text}", WORLD) == Command("say", text.strip())


def test_repr_hides_what_was_said() -> None:
    assert "secret" not in repr(parse_command("/say secret", WORLD))


def test_a_room_is_described_with_its_ways_persona_and_people() -> None:
    text = describe_room(ROOMS["Tower"], ["ada", "bob"])
    assert text.splitlines() == [
        "The Tower",
        "Walls.",
        "Ways out: down to Garden.",
        "Wyndal lives here, an AI.",
        "Here now: ada, bob.",
    ]
    assert "Ways out" not in describe_room(ROOMS["Garden"], [])


@pytest.mark.parametrize(
    ("count", "end"), [(1, "u00."), (20, "u19."), (21, "u19 and 1 more."), (50, "and 30 more.")]
)
def test_at_most_twenty_people_are_named(count: int, end: str) -> None:
    people = [f"u{number:02}" for number in range(count)]
    text = list_people(people)
    assert text.endswith(end)
    assert sum(person in text for person in people) == min(count, 20)


def test_nobody_is_said_plainly() -> None:
    assert list_people([]) == "Nobody is here."


def test_help_names_every_command_and_room() -> None:
    text = help_text(WORLD)
    for word in ("look", "who", "help", "/go ROOM", "/say TEXT", "Tower", "Garden"):
        assert word in text


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("/say hello all", "hello all"),
        (" /SAY\n hello", "hello"),
        ("/say", "/say"),
        ("say hello", "say hello"),
        ("/sayonara you", "/sayonara you"),
        ("hello /say x", "hello /say x"),
    ],
)
def test_the_words_of_a_person_are_those_behind_say(message: str, words: str) -> None:
    assert spoken(message) == words
