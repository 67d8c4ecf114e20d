"""The verdicts on sentences that were written first and the lexicon mended after."""

import pytest
import said_anew
import said_anew_quiet
from test_phenomena import sentences

from nexus_trio.crisis import screen
from nexus_trio.crisis.levels import at_least

FOUND = [name for name in vars(said_anew) if name.isupper()]
IMMINENT = [name for name in FOUND if name.startswith("IMMINENT_")]
QUIET = [name for name in vars(said_anew_quiet) if name.isupper()]
SILENT = [name for name in QUIET if not name.startswith("LOW_")]

WISHES = [
    *("I want to die", "I want to kill myself", "I'm suicidal", "I'm thinking about suicide"),
    *(
        "I'm going to end my life",
        "I wish I was dead",
    ),
]
BEHIND = [
    *("for the first time", "out of the blue", "back home", "without anyone knowing"),
    *(
        "before Christmas",
        "for all of this to stop",
        "because of work",
        "of course",
        "with no pain",
    ),
    *("like my brother did", "in my room", "when I see him", "from all this pain"),
]
BEFORE = [
    *("mum,", "dad", "honestly mate", "hey guys", "dude", "to whoever reads this"),
    *(
        "I told my wife",
        "I told my friend",
        "my friend doesn't know but",
        "no one knows",
    ),
    *("when I was a child I was hurt and today", "I'm clean for two years but"),
]


@pytest.mark.parametrize("text", sentences(said_anew, *FOUND))
def test_what_was_said_anew_is_found(text: str) -> None:
    assert at_least(screen(text).level, "crisis"), text


@pytest.mark.parametrize("text", sentences(said_anew, *IMMINENT))
def test_plans_means_acts_and_farewells_are_imminent(text: str) -> None:
    assert screen(text).level == "imminent", text


@pytest.mark.parametrize("text", sentences(said_anew_quiet, *QUIET))
def test_what_looks_like_it_brings_no_notice(text: str) -> None:
    assert not at_least(screen(text).level, "crisis"), text


@pytest.mark.parametrize("text", sentences(said_anew_quiet, *SILENT))
def test_most_of_it_says_nothing_at_all(text: str) -> None:
    assert screen(text).level == "none", text


@pytest.mark.parametrize("wish", WISHES)
def test_what_stands_around_a_wish_does_not_silence_it(wish: str) -> None:
    said = [f"{wish} {more}" for more in BEHIND] + [f"{first} {wish}" for first in BEFORE]
    silenced = [text for text in said if not at_least(screen(text).level, "crisis")]
    assert silenced == []


def test_there_are_enough_of_them() -> None:
    assert len(sentences(said_anew, *FOUND)) > 350
    assert len(sentences(said_anew_quiet, *QUIET)) > 600


@pytest.mark.parametrize(
    "frame",
    [
        *("how can I help {} with self-harm", "how do I talk to {} about suicide"),
        *("{} attempted suicide last year", "I worry about {} ending it all"),
        *("How can I get {} to stop thinking about suicide", "{} told me he wants to die"),
        *("I can't wait to join {} in Canada", "I want to be buried next to {}"),
        *("I lost {} to suicide", "{} keeps talking about wanting to die"),
    ],
)
def test_worry_about_somebody_else_brings_no_notice(frame: str) -> None:
    said = [frame.format(who) for who in ("my son", "my friend", "my sister", "my husband")]
    assert [text for text in said if at_least(screen(text).level, "crisis")] == []
