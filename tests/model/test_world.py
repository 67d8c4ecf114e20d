"""The world file: what is accepted, and that each refusal says where and what to do."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.model.world import MAX_ROOMS, World, parse_world

ROOM = """
[rooms.{name}]
title = "A room"
description = "It has walls."
[rooms.{name}.exits]
"north" = "{target}"
[rooms.{name}.persona]
name = "{persona}"
description = "Someone."
[rooms.{name}.persona.lines]
greeting = ["Hello{{,name}}."]
"""


def room(name: str = "Hall", target: str = "Hall", persona: str = "Bo") -> str:
    return ROOM.format(name=name, target=target, persona=persona)


def small() -> str:
    return 'default = "Hall"\n' + room()


@pytest.fixture
def shipped() -> World:
    text = (resources.files("nexus_trio") / "world" / "default.toml").read_text("utf-8")
    return parse_world(text, "default.toml")


def test_a_small_world_is_read() -> None:
    world = parse_world(small(), "w.toml")
    hall = world.rooms["Hall"]
    assert (world.default, hall.title, hall.exits) == ("Hall", "A room", {"north": "Hall"})
    assert hall.persona.lines == {"greeting": ("Hello{,name}.",)}


def test_rooms_are_found_in_any_case_and_persona_names_are_folded() -> None:
    world = parse_world(small(), "w.toml")
    assert world.find("hALL") is world.rooms["Hall"]
    assert world.find("cellar") is None
    assert world.persona_names == frozenset({"bo"})


def test_exits_and_lines_may_be_left_out() -> None:
    text = small().replace('[rooms.Hall.exits]\n"north" = "Hall"\n', "")
    text = text.replace('[rooms.Hall.persona.lines]\ngreeting = ["Hello{,name}."]\n', "")
    hall = parse_world(text, "w.toml").rooms["Hall"]
    assert (hall.exits, hall.persona.lines) == ({}, {})


REFUSED = {
    "not toml": ("default = ", "not valid TOML"),
    "no rooms": ('default = "Hall"', "'rooms' is missing"),
    "empty rooms": ('default = "Hall"\n[rooms]', "0 rooms"),
    "no default": (room(), "'default' is missing"),
    "unknown default": ('default = "Attic"\n' + room(), "'Attic' does not exist"),
    "default in another case": ('default = "hall"\n' + room(), "'hall' does not exist"),
    "unknown key on top": ("colour = 1\n" + small(), "unknown key 'colour'"),
    "unknown key in a room": (small().replace("title", "titel"), "unknown key 'titel'"),
    "unknown key in a persona": (
        small().replace('description = "Someone."', 'about = "Someone."'),
        "unknown key 'about'",
    ),
    "exit to nowhere": ('default = "Hall"\n' + room(target="Attic"), "'Attic', which is no room"),
    "no title": (small().replace('title = "A room"\n', ""), "'title' is missing"),
    "blank title": (small().replace("A room", "  "), "not blank"),
    "long title": (small().replace("A room", "x" * 81), "1 to 80 characters"),
    "long description": (small().replace("It has walls.", "x" * 1001), "1 to 1000 characters"),
    "control character": (small().replace("It has", "It\\u0007has"), "without control characters"),
    "number for a title": (small().replace('"A room"', "3"), "write a string"),
    "rooms no table": ('default = "Hall"\nrooms = 3', "'rooms' is missing or no table"),
    "persona missing": (small().split("[rooms.Hall.persona]")[0], "'persona' is missing"),
    "long persona name": (small().replace('"Bo"', '"' + "x" * 65 + '"'), "1 to 64 characters"),
    "lines no list": (small().replace('["Hello{,name}."]', '"Hi"'), "write an array"),
    "empty lines": (small().replace('["Hello{,name}."]', "[]"), "write an array"),
    "unknown slot": (small().replace("{,name}", "{nmae}"), "'{nmae}' is no slot"),
    "stray brace": (small().replace("{,name}", "{"), "'{' is no slot"),
    "riddle without answer": (small().replace("greeting", "riddle"), "question => answer"),
    "number as a line": (small().replace('["Hello{,name}."]', "[3]"), "write a string"),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_faulty_world_is_refused_with_its_source_and_the_remedy(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^w\.toml: ") as caught:
        parse_world(text, "w.toml")
    assert problem in str(caught.value)


@pytest.mark.parametrize("name", ["1st", "two words", "x" * 33, "", "Küche", "a.b", "-a", "a\n"])
def test_a_bad_room_name_is_refused(name: str) -> None:
    quoted = name.replace("\n", "\\n")
    text = f'default = "{quoted}"\n' + room(name=f'"{quoted}"', target=quoted)
    with pytest.raises(ValueError, match="a room's name is 1 to 32"):
        parse_world(text, "w.toml")


def test_room_names_may_not_differ_in_case_alone() -> None:
    text = small() + room("HALL", "Hall", "Cy")
    with pytest.raises(ValueError, match="differs from 'Hall' only in case"):
        parse_world(text, "w.toml")


def test_persona_names_are_unique_in_any_case() -> None:
    with pytest.raises(ValueError, match="lives in 'Hall' already"):
        parse_world(small() + room("Attic", "Hall", "BO"), "w.toml")


def test_there_are_at_most_64_rooms() -> None:
    rooms = [room(f"R{number}", "R0", f"P{number}") for number in range(MAX_ROOMS + 1)]
    start = 'default = "R0"\n'
    assert len(parse_world(start + "".join(rooms[:-1]), "w.toml").rooms) == MAX_ROOMS
    with pytest.raises(ValueError, match="65 rooms"):
        parse_world(start + "".join(rooms), "w.toml")


@given(st.text())
def test_any_text_is_a_world_or_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"^w\.toml: "):
        parse_world(text, "w.toml")


def test_the_shipped_world_has_its_five_rooms(shipped: World) -> None:
    assert list(shipped.rooms) == ["Tower", "Chapel", "Library", "Garden", "Dungeon"]
    assert shipped.default == "Tower"
    assert all(each.exits for each in shipped.rooms.values())


def test_shipped_personas_say_that_they_are_an_ai(shipped: World) -> None:
    for each in shipped.rooms.values():
        assert "AI" in each.persona.description
        for topic in ("intro", "arrive", "ai", "who"):
            assert all("AI" in line for line in each.persona.lines[topic]), (each.name, topic)


def test_no_shipped_line_stands_twice(shipped: World) -> None:
    lines = [
        line
        for each in shipped.rooms.values()
        for texts in each.persona.lines.values()
        for line in texts
    ]
    assert len(lines) == len(set(lines))


def test_no_shipped_text_speaks_of_dying_or_harm(shipped: World) -> None:
    harm = re.compile(r"\b(suicid|kill|die|dying|dead|death|blood|hang|knife|poison|cruel)")
    for each in shipped.rooms.values():
        texts = [each.description, *(line for part in each.persona.lines.values() for line in part)]
        for text in texts:
            assert not harm.search(text.lower()), text
