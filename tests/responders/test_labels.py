"""Labels such as `canary-3f9a12` are said back as they were written, in any reply."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from nexus_trio.model.world import Persona, Room, parse_world
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.responders.scripted import ScriptedResponder
from nexus_trio.responders.scripted.labels import SEEN_CHARS, labels, seen, sentence

WORLD = parse_world(
    (resources.files("nexus_trio") / "world" / "default.toml").read_text("utf-8"), "default.toml"
)


def hall(**lines: tuple[str, ...]) -> Room:
    return Room("Hall", "The Hall", "Walls.", {}, Persona("Bo", "Someone.", lines))


ROOMS = {
    **WORLD.rooms,
    "no lines": hall(),
    "the label first": hall(
        label=("{topic}, kept.", "{topic}: noted.", "{topic} is safe with me."),
        reflect=("{topic}? Go on.",),
        recall=("{fact}, I think.",),
        callback_live=("{fact}: what is it like?",),
        callback_called=("{fact} again?",),
    ),
    "the label forgotten": hall(label=("Noted.", "I'll keep that.")),
}
LABELS = (
    "canary-3f9a12",
    "canary-u1-3f9a12bc",
    "order_x-0123456789abcdef",
    "aB-abcdef",
    "b-000000",
)
FRAMES = (
    "{0}",
    "{0}.",
    "hello {0}",
    "{0} hello",
    "({0}) my dog is ill",
    "please keep {0}. My train was late.",
    "My train was late. Please say back {0}.",
    "{0}: are you real?",
    "{0} and {1}",
    "note {1}, then {0}!",
    "my name is {0}",
    "call me {0} please",
    "my dog is called {0}",
    "I have a cat named {0}, and {1} too",
    "I live in {0}",
    "I like {0}",
    "I like tea. My label is {0}, what is yours?",
    "what is 3 + 4? {0}",
    "tell me a riddle {0}",
    "what did I tell you? {0}",
    "I feel sad\n{0}\n",
    "what do you think about {0}?",
    "thanks {0}",
)

every_room = pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS.keys())


def said_otherwise(label: str, said: str) -> list[str]:
    """Where the reply says `label`, or its first word, in other letters, such as with a capital."""
    word = re.escape(label.split("-")[0])
    pattern = rf"\b{re.escape(label)}|\b{word}(?![\w'])" if len(word) > 2 else re.escape(label)
    return [each for each in re.findall(pattern, said, re.IGNORECASE) if not label.startswith(each)]


def check(message: str, said: str) -> None:
    for label in LABELS:
        if label in message:
            assert label in said, (message, said)
        assert not said_otherwise(label, said), (message, said)


@every_room
@pytest.mark.parametrize("level", ["none", "concern", "crisis", "imminent"])
def test_every_label_is_said_back_as_written(room: Room, level: str) -> None:
    """A conversation per label and seed, so that histories hold labels too."""
    for place, label in enumerate(LABELS):
        responder, history = ScriptedResponder(place), list[Exchange]()
        other = LABELS[place - 1]
        for turn, frame in enumerate(FRAMES, 1):
            message = frame.format(label, other)
            prompt = Prompt("ada", "Ada", room, turn, message, level, tuple(history[-20:]))
            said = responder.ready(prompt)
            assert said is not None
            check(message, said)
            history.append(Exchange(message, said))


@every_room
@pytest.mark.parametrize("told", [frame for frame in FRAMES if "{1}" not in frame])
def test_a_label_told_earlier_comes_back_as_written(room: Room, told: str) -> None:
    history = (Exchange(told.format("canary-3f9a12"), "Good."),)
    for turn, message in enumerate(("what did I tell you?", "ok", "thanks", "hi", "yes") * 4, 2):
        said = ScriptedResponder().ready(Prompt("ada", None, room, turn, message, "none", history))
        assert said is not None
        assert not said_otherwise("canary-3f9a12", said)


@pytest.mark.parametrize("before", range(SEEN_CHARS - 30, SEEN_CHARS + 1))
def test_a_label_is_never_cut_where_reading_ends(before: int) -> None:
    label = "canary-u1-3f9a12bc"
    message = "my train was late, and so on " * 20
    message = f"{message[: before - 1]} {label} and more words"
    said = ScriptedResponder().ready(Prompt("ada", None, hall(), 2, message))
    assert said is not None
    assert label in said or "canary-" not in said
    if before + len("canary-u1-") <= SEEN_CHARS:
        assert label in said


def test_the_longest_label_is_read_whole_wherever_it_stands() -> None:
    label = "a" * 64 + "-" + "0123456789" * 4
    for before in range(SEEN_CHARS - len(label) - 2, SEEN_CHARS - 64):
        message = " " * before + label + " " * 200
        assert labels(seen(message)) == [label]


def test_what_is_no_label_gets_its_capital() -> None:
    assert sentence("a towel: that was it.") == "A towel: that was it."
    assert sentence("well-known, that.") == "Well-known, that."
    assert sentence("your label is canary-3f9a12.") == "Your label is canary-3f9a12."
    assert sentence("canary-3f9a12, kept.") == "canary-3f9a12, kept."
