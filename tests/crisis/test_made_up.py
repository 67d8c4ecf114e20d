"""The verdicts on sentences that were made up afresh: most of what they say is found since."""

import made_up
import made_up_quiet
import pytest
from test_phenomena import sentences

from nexus_trio.crisis import screen
from nexus_trio.crisis.levels import at_least

FOUND = [name for name in vars(made_up) if name.isupper()]
QUIET = [name for name in vars(made_up_quiet) if name.isupper()]


@pytest.mark.parametrize("text", sentences(made_up, *FOUND))
def test_what_was_said_in_other_words_is_found(text: str) -> None:
    assert at_least(screen(text).level, "crisis"), text


@pytest.mark.parametrize("text", sentences(made_up_quiet, *QUIET))
def test_what_only_looks_like_it_brings_no_notice(text: str) -> None:
    assert not at_least(screen(text).level, "crisis"), text


def test_there_are_enough_of_them() -> None:
    assert {"EXPLICIT", "PASSIVE", "METHOD", "PLAN", "FAREWELL", "SELF_HARM"} <= set(FOUND)
    assert {"IDIOM", "TRADE", "MEDICINE", "PETS", "HISTORY", "EVERYDAY"} <= set(QUIET)
    assert len(sentences(made_up, *FOUND)) > 500
    assert len(sentences(made_up_quiet, *QUIET)) > 350
