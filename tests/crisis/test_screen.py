"""The verdict on one message: our own sentences, by phenomenon."""

import dataclasses
import importlib

import pytest

import nexus_trio.crisis
from nexus_trio.crisis import Verdict, screen
from nexus_trio.crisis.levels import LEVELS, at_least, highest

WISH = [
    "I want to die",
    "I just really want to die right now",
    "i wanna be dead",
    "I wish I was dead",
    "I don't want to be here anymore",
    "I dont want to be alive",
    "I don't think I want to live",
    "I want to kill myself",
    "thinking about killing myself again",
    "I can't stop thinking about ending my life",
    "I've been having suicidal thoughts for weeks",
    "I feel suicidal",
    "I wish I had never been born",
    "everyone would be better off without me",
    "I just want to fall asleep and never wake up",
    "there is nothing left to live for",
    "I'm tired of being alive",
    "I can't stop cutting myself",
    "I hurt myself again yesterday",
    "death would be a relief, let me die",
    "my life is not worth living",
]
SLANG = [
    "kms",
    "I might kms fr",
    "I am going to off myself",
    "I wanna unalive myself",
    "ready to ctb",
    "kermit sewer slide",
    "thinking of sewerslide",
    "time to log off for good",
]
METHOD = [
    "how many pills would it take to die",
    "what is the most painless way to die",
    "how do I kill myself",
    "lethal dose of ibuprofen",
    "best way to commit suicide",
    "how to tie a noose",
    "how to self harm",
]
IMMINENT = [
    "I'm going to end my life",
    "I will kill myself tonight",
    "tonight I will end it all",
    "I have the pills in my hand",
    "I'm holding the gun to my head",
    "goodbye everyone, this is my last night",
    "by the time you read this it is done",
    "I just took all my pills",
    "I want to die. I have a plan",
    "I am standing on the bridge and I want to jump",
    "goodbye cruel world",
    "I wrote my suicide note",
]
LOW = [
    "I feel hopeless",
    "I feel so hopeless lately",
    "nothing matters anymore",
    "what's the point?",
    "what's the point anymore",
    "I can't go on like this",
    "I'm so tired of everything",
    "I feel like a burden",
    "I feel like such a burden to everyone",
    "nobody would notice if I was gone",
    "no one would miss me if I was gone",
    "I feel so alone",
    "I feel so alone tonight",
    "I feel empty",
    "I can't do this anymore",
    "everything is pointless",
    "I've been feeling really down",
    "I've been feeling really down lately",
    "I'm exhausted and don't see a way out",
    "I hate myself",
    "no one cares about me",
    "I feel worthless",
    "I'm overwhelmed",
    "I feel completely overwhelmed by everything",
    "I feel trapped",
    "I don't see the point of anything",
    "I don't know how to keep going",
    "I have no one to talk to",
    "I feel like giving up",
    "everything feels meaningless",
    "I'm a failure",
    "I feel numb inside",
    "I've lost all hope",
    "nothing will ever get better",
    "I can't cope anymore",
    "I'm at my breaking point",
    "everyone leaves",
    "in the end everyone leaves me",
]
QUIET = [
    "kill the process on port 80",
    "the daemon killed all its child processes",
    "execute children before parents",
    "I was dying of laughter",
    "I'm dying to see it",
    "hang the server and it reboots",
    "we watched Suicide Squad yesterday",
    "this homework is killing me",
    "I ran 5 kms this morning",
    "it is a few kms away",
    "I'm going to bomb this exam",
    "the deadline is killing us",
    "he committed political suicide with that vote",
    "my phone died, I am dead tired",
    "I'd kill for a coffee",
    "what's the point of this function?",
    "shoot me an email tonight",
    "let's jump on a call today",
    "I am proud of myself and take care of myself",
    "#proudofmyself",
    "I shot myself in the foot with that commit",
    "I want to take my life back",
    "suicide is a serious public health issue",
    "the battery is dead and I want to cry laughing",
    "Hello, what a beautiful tower!",
    "can you recommend a book about bridges?",
    "goodbye, see you tomorrow",
    "I took my pills this morning as the doctor said",
    "rope, knife and a lamp for the camping trip",
]
NEGATED = [
    "I don't want to die",
    "I'm not suicidal",
    "I would never kill myself",
    "I'm not going to kill myself",
    "I have no plans to kill myself",
]
IDIOM = ["I want to die of embarrassment", "I wanted to die laughing"]
OTHERS = [
    "my friend wants to kill himself",
    "I'm worried about my sister, she is suicidal",
    "my brother talks about suicide a lot",
    "someone in my class tried to hurt themselves",
    "what can I do, my girlfriend wants to die",
]


@pytest.mark.parametrize("text", WISH + SLANG + METHOD)
def test_a_wish_to_die_or_a_method_is_crisis_at_least(text: str) -> None:
    assert at_least(screen(text).level, "crisis")


@pytest.mark.parametrize("text", IMMINENT)
def test_intent_means_time_and_goodbye_are_imminent(text: str) -> None:
    assert screen(text).level == "imminent"


@pytest.mark.parametrize("text", LOW)
def test_distress_is_concern_and_no_more(text: str) -> None:
    assert screen(text).level == "concern"


@pytest.mark.parametrize("text", QUIET)
def test_idiom_and_trade_talk_stay_quiet(text: str) -> None:
    assert screen(text) == Verdict("none", (), False)


@pytest.mark.parametrize("text", NEGATED + IDIOM)
def test_negation_and_idiom_lower(text: str) -> None:
    assert screen(text).level == "none"


@pytest.mark.parametrize("text", OTHERS)
def test_worry_about_somebody_else(text: str) -> None:
    verdict = screen(text)
    assert verdict.level == "none"
    assert verdict.about_other


@pytest.mark.parametrize(
    "text",
    [
        "I used to want to die when I was a teenager",
        "in the movie I want to die",
        "he told me to kill myself",
        "this homework makes me want to die",
        "my friend said: I want to die",
    ],
)
def test_past_fiction_report_and_trifle_lower_to_concern(text: str) -> None:
    assert screen(text).level == "concern"


@pytest.mark.parametrize(
    "text",
    [
        "he told me to kill myself, and honestly I want to",
        "they said I should kill myself, maybe they are right",
        "I used to want to die and now the feeling is back",
        "he told me to kill myself and I feel so hopeless",
        "my friend wants to die, and I want to die too",
        "I don't want to die, I don't want to live either",
        "I can't even kill myself",
        "I don't want to die of embarrassment. I want to kill myself.",
        "I'm not suicidal. I wish I was dead.",
    ],
)
def test_a_guard_gives_way_to_another_cue(text: str) -> None:
    assert at_least(screen(text).level, "crisis")


@pytest.mark.parametrize(
    "text",
    [
        "I wa\u200bnt to d\u200bie",
        "\uff29 \uff57\uff41\uff4e\uff54 \uff54\uff4f \uff44\uff49\uff45",
        "I w\u0430nt t\u043e d\u0456\u0435",
        "i want to \U0001d41d\U0001d422\U0001d41e",
        "I want\nto\ndie",
        "I WANT TO DIIIIIE",
        "k1ll mys3lf",
        "I w a n t t o d i e",
        "I want to d.i.e",
        "k i l l  m y s e l f",
        "iwanttodie",
        "#killmyself",
        "I w\u0301a\u0301n\u0301t\u0301 to die",
        "i want 2 die",
        "I wan't to k*ll my self",
    ],
)
def test_disguises_do_not_hide(text: str) -> None:
    assert at_least(screen(text).level, "crisis")


def test_someone_else_and_oneself_are_both_seen() -> None:
    verdict = screen("my friend wants to kill herself and I feel so overwhelmed")
    assert verdict.level == "concern"
    assert verdict.about_other
    assert verdict.because == ("overwhelmed", "other.at_risk")


def test_because_names_the_gravest_first() -> None:
    verdict = screen("I feel empty. I'm going to end my life")
    assert verdict.because[0] == "intent.plan"
    assert verdict.because[-1] == "empty"


def test_a_verdict_is_frozen_and_holds_no_text() -> None:
    verdict = screen("I want to die, said the zanzibar-canary")
    assert [field.name for field in dataclasses.fields(verdict)] == [
        "level",
        "because",
        "about_other",
    ]
    assert "zanzibar" not in repr(verdict)
    assert not hasattr(verdict, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.level = "none"  # type: ignore[misc]  # that it is refused is the point


def test_the_package_offers_the_function_under_its_name() -> None:
    module = importlib.import_module("nexus_trio.crisis.screen")
    assert nexus_trio.crisis.screen is module.screen
    assert nexus_trio.crisis.screen("hello").level == "none"


def test_the_order_of_levels() -> None:
    assert LEVELS == ("none", "concern", "crisis", "imminent")
    assert highest() == "none"
    assert highest("concern", "imminent", "none") == "imminent"
    assert at_least("crisis", "crisis")
    assert not at_least("concern", "crisis")
