"""Plain words in all their forms: every wish with every act, every thought with every noun."""

import pytest

from nexus_trio.crisis import screen
from nexus_trio.crisis.levels import at_least

WISHES = [
    *("I want to", "i wanna", "I wish I could", "I need to", "I would rather", "I am ready to"),
    *("I'm going to", "i am gonna", "i might", "I should just", "I feel like I want to"),
    *("honestly I have decided to", "I am planning to", "I tried to", "i really think I will"),
]
# "I'm going to die" and its like are said of heat, of shame and of nothing at all.
LOOSE = {"I'm going to", "i am gonna", "i might", "i really think I will"}
ACTS = [
    *("kill myself", "end my life", "end it all", "commit suicide", "take my own life"),
    *("hang myself", "shoot myself", "overdose", "jump off a bridge", "jump in front of a train"),
    *("slit my wrists", "unalive myself", "off myself", "cut myself", "hurt myself"),
    *("harm myself", "self harm", "drown myself", "be dead", "disappear forever", "kms"),
    *("stop existing", "not wake up", "leave this world", "blow my brains out", "die"),
]
THOUGHTS = [
    *("I keep thinking about", "I've been thinking about", "I can't stop thinking about"),
    *("I think about", "I'm thinking of", "I've been considering", "I'm having thoughts of"),
    *("I fantasize about", "I dream about", "I've thought about"),
]
NOUNS = [
    *("killing myself", "suicide", "ending my life", "ending it all", "committing suicide"),
    *("taking my own life", "hanging myself", "hurting myself", "cutting myself", "overdosing"),
    *("jumping off a bridge", "shooting myself", "slitting my wrists", "being dead", "dying"),
]


@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_and_an_act(wish: str) -> None:
    acts = [act for act in ACTS if act != "die" or wish not in LOOSE]
    missed = [act for act in acts if not at_least(screen(f"{wish} {act}").level, "crisis")]
    assert missed == []


@pytest.mark.parametrize("thought", THOUGHTS)
def test_a_thought_and_what_it_is_of(thought: str) -> None:
    missed = [n for n in NOUNS if not at_least(screen(f"{thought} {n}").level, "crisis")]
    assert missed == []


@pytest.mark.parametrize(
    "text",
    ["suicide", "Suicide?", "overdose", "better off dead", "jump off a bridge", "s.u.i.c.i.d.e"],
)
def test_bare_words_that_are_all_of_a_message(text: str) -> None:
    assert at_least(screen(text).level, "crisis")


@pytest.mark.parametrize(
    "text",
    [
        "They spoke of murder, suicide, and grief",
        "the overdose figures",
        "what a jump off a bridge",
    ],
)
def test_bare_words_beside_others_are_not_enough(text: str) -> None:
    assert not at_least(screen(text).level, "crisis")
