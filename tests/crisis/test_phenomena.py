"""The verdicts on our own sentences, table by table: what is found, and what stays quiet."""

import disclosures
import pytest
import quiet_talk

from nexus_trio.crisis import screen
from nexus_trio.crisis.levels import at_least

CRISIS = (
    "EXPLICIT",
    "BESIDE",
    "PASSIVE",
    "EUPHEMISM",
    "SLANG",
    "SELF_HARM",
    "METHOD",
    "OBFUSCATED",
    "TWO_CLAUSES",
    "LONG",
    "AFTERWARDS",
)
IMMINENT = ("PLAN", "MEANS", "ACT", "FAREWELL")
NONE = ("EVERYDAY", "IDIOM", "TRADE", "NEWS", "THIRD_PERSON")
CONCERN_AT_MOST = (
    "NEGATION",
    "PAST",
    "RECOVERY",
    "FICTION",
    "GAMES",
    "QUOTES",
    "AFTERWARDS",
)


def sentences(module: object, *tables: str) -> list[object]:
    """The lines of tables, each with its table's name in its id."""
    return [
        pytest.param(line, id=f"{table}-{number}")
        for table in tables
        for number, line in enumerate(getattr(module, table).strip().split("\n"), 1)
    ]


@pytest.mark.parametrize("text", sentences(disclosures, *CRISIS))
def test_a_disclosure_is_crisis_at_least(text: str) -> None:
    assert at_least(screen(text).level, "crisis"), text


@pytest.mark.parametrize("text", sentences(disclosures, *IMMINENT))
def test_intent_means_an_act_and_a_goodbye_are_imminent(text: str) -> None:
    assert screen(text).level == "imminent", text


@pytest.mark.parametrize("text", sentences(quiet_talk, *NONE))
def test_everyday_talk_idiom_trade_and_news_are_none(text: str) -> None:
    assert screen(text).level == "none", text


@pytest.mark.parametrize("text", sentences(quiet_talk, *CONCERN_AT_MOST))
def test_denied_past_told_and_played_bring_no_notice(text: str) -> None:
    assert not at_least(screen(text).level, "crisis"), text


@pytest.mark.parametrize("text", sentences(quiet_talk, "LOW"))
def test_distress_without_a_wish_to_die_is_concern(text: str) -> None:
    assert screen(text).level == "concern", text


@pytest.mark.parametrize(
    "text", ["I want to\ndie", "I\nwant\nto\ndie", "kill\r\nmyself", "I\tw a n t\tto die"]
)
def test_line_ends_do_not_hide(text: str) -> None:
    assert at_least(screen(text).level, "crisis")


def test_there_are_enough_of_them_and_none_twice() -> None:
    named = [*CRISIS, *IMMINENT], [*NONE, *CONCERN_AT_MOST, "LOW"]
    lines: list[str] = []
    for module, tables in zip((disclosures, quiet_talk), named, strict=True):
        assert set(tables) == {name for name in vars(module) if name.isupper()}
        for table in tables:
            lines += getattr(module, table).strip().split("\n")
    assert len(lines) > 1500
    assert len(lines) == len(set(lines))
