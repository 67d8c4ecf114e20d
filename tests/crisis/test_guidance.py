"""The words that are shown: what they must hold, at every level, place and repetition."""

import datetime
import itertools
import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nexus_trio.crisis import RESOURCES, Level, for_friend, guidance, screen
from nexus_trio.crisis.disclosure import Kind, words
from nexus_trio.crisis.guidance import HELPLINES, instead

FIRING: tuple[Level, ...] = ("crisis", "imminent")
KINDS: tuple[Kind, ...] = ("start", "again")
COUNTRIES = sorted({row.country for row in RESOURCES} - {"", "EU"})
EVERY = list(itertools.product(FIRING, ["en-US", "", "de-AT", "it-IT", "xx-YY", "ja"], [0, 1, 5]))


@pytest.mark.parametrize("repeat", [0, 1, 2, 50])
@pytest.mark.parametrize("level", FIRING)
@pytest.mark.parametrize(
    "locale", ["en-US", "en_US", "EN-us", "es-US", "en", "", "junk!", "\ud800", "12"]
)
def test_the_notice_for_the_united_states(level: Level, locale: str, repeat: int) -> None:
    text = guidance(level, locale, repeat).text
    assert "call or text 988 at any time" in text
    assert "988lifeline.org" in text
    assert "call 911" in text
    assert "immediate danger" in text
    assert "already hurt" in text
    assert "AI" in text
    assert re.search(r"you trust", text)
    assert re.search(r"move away|stay away", text)


@pytest.mark.parametrize(("level", "locale", "repeat"), EVERY)
def test_no_text_scolds_promises_or_names_a_method(level: Level, locale: str, repeat: int) -> None:
    for text in (
        guidance(level, locale, repeat).text,
        for_friend(locale).text,
        instead(locale).text,
        *(words(kind, minors=minors) for kind in KINDS for minors in (False, True)),
    ):
        assert "commit suicide" not in text.lower()
        assert not re.search(
            r"\b(pills?|gun|rope|bridge|knife|overdose|hang|secret|selfish|should have|must not)\b",
            text.lower(),
        )


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "it-IT", "en-GB"])
@pytest.mark.parametrize("level", FIRING)
def test_a_second_notice_is_shorter_and_worded_otherwise(level: Level, locale: str) -> None:
    first, second = guidance(level, locale, 0), guidance(level, locale, 1)
    assert len(second.text) < len(first.text)
    assert first.resources == second.resources
    named = set(first.text.split("\n")) & set(second.text.split("\n")) - {""}
    assert named
    assert all(line.startswith("- ") for line in named)


@pytest.mark.parametrize("locale", ["en-US", "it-IT"])
def test_the_lines_stand_by_themselves_where_markdown_is_shown(locale: str) -> None:
    """Else the words behind the last line are a part of it, for the eye and for a screen reader."""
    texts = [for_friend(locale).text, instead(locale).text]
    texts += [guidance(level, locale, repeat).text for level in FIRING for repeat in (0, 1)]
    for text in texts:
        shown = MarkdownIt("commonmark").parse(text)
        items = [i for i, token in enumerate(shown) if token.type == "list_item_open"]
        assert len(items) == text.count("\n- ")
        assert all("\n" not in shown[i + 2].content for i in items)
        assert (shown[-1].type == "paragraph_close") == (text != for_friend(locale).text)


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "fr-FR", "en-AU", "it-IT", "ko", "pt-BR"])
def test_at_imminent_the_emergency_number_stands_first(locale: str) -> None:
    given_ = guidance("imminent", locale)
    assert given_.resources[0].kind == "emergency"
    lines = [line for line in given_.text.split("\n") if line.startswith("- ")]
    assert given_.resources[0].contact in lines[0]
    assert guidance("crisis", locale).resources[0].kind == "line"


@pytest.mark.parametrize("country", COUNTRIES)
def test_each_country_is_shown_its_own_lines(country: str) -> None:
    for level in FIRING:
        shown = guidance(level, f"en-{country}")
        own = [row for row in RESOURCES if row.country == country]
        assert own
        assert {row.country for row in shown.resources} <= {country, "EU"}
        assert any(row.kind == "emergency" for row in shown.resources)
        assert all(row.contact in shown.text for row in own)


@pytest.mark.parametrize("level", FIRING)
def test_where_we_know_no_line_the_directory_and_the_default_are_shown(level: Level) -> None:
    text = guidance(level, "en-KE").text
    assert "findahelpline.com" in text
    assert "988 at any time, or chat at 988lifeline.org (US)" in text
    assert "112" in guidance(level, "it-IT").text
    assert "13 11 14" in guidance(level, "en-KE", default_country="AU").text


def test_the_default_country_is_a_setting() -> None:
    assert "116 123" in guidance("crisis", "", default_country="GB").text
    assert "988" not in guidance("crisis", "", default_country="GB").text


@pytest.mark.parametrize(
    ("locale", "country"),
    [
        ("en-US", "US"),
        ("de-AT", "AT"),
        ("en_GB", "GB"),
        ("en-UK", "GB"),
        ("fr", "FR"),
        ("fr-CA", "CA"),
        ("zh-Hant-SG", "SG"),
        ("en-US.UTF-8", "US"),
        ("en", "US"),
        ("", "US"),
        ("C", "US"),
        ("!!!", "US"),
        ("e" * 100_000, "US"),
        ("en-USA", "US"),
    ],
)
def test_the_country_of_a_locale(locale: str, country: str) -> None:
    assert HELPLINES.country_of(locale) == country


@given(st.text(st.characters(), max_size=80), st.sampled_from(FIRING), st.integers(0, 10**9))
def test_any_locale_is_safe(locale: str, level: Level, repeat: int) -> None:
    shown = guidance(level, locale, repeat)
    assert shown.resources
    assert len(shown.text) < 2000
    assert for_friend(locale).resources == guidance("crisis", locale).resources


@pytest.mark.parametrize("level", ["none", "concern"])
def test_below_crisis_there_is_no_notice(level: Level) -> None:
    with pytest.raises(ValueError, match="no notice"):
        guidance(level)


def test_how_to_help_a_friend() -> None:
    text = for_friend("en-US").text
    assert "ask them directly" in text
    assert "988" in text
    assert "if they are already hurt" in text


def test_our_own_words_do_not_set_off_a_crisis() -> None:
    for text in (guidance("crisis").text, guidance("imminent", "", 1).text):
        assert screen(text).level in ("none", "concern")


def test_every_row_is_well_formed() -> None:
    for row in RESOURCES:
        assert re.fullmatch(r"[A-Z]{2}|", row.country), row
        assert row.kind in ("line", "emergency", "directory"), row
        assert row.name, row
        assert row.contact, row
        assert row.url == "" or row.url.startswith("https://"), row
        if row.verified_on:
            assert datetime.date.fromisoformat(row.verified_on) <= datetime.date(2026, 11, 1)
    assert len({(row.country, row.kind, row.contact) for row in RESOURCES}) == len(RESOURCES)


def test_a_row_that_is_not_verified_says_so() -> None:
    path = resources.files("nexus_trio.crisis") / "resources.toml"
    for row in tomllib.loads(path.read_text("utf-8"))["resource"]:
        assert (row["verified_on"] == "") == (row.get("note") == "to be verified"), row
