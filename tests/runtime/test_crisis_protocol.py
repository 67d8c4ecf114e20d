"""The published protocol says what the program does, and changes with what is set."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from nexus_trio.crisis import LEXICON, RESOURCES
from nexus_trio.crisis.disclosure import RULES
from nexus_trio.crisis.guidance import for_friend, guidance, instead
from nexus_trio.crisis.protocol import LEVELS, markdown
from nexus_trio.crisis.watch import FADE_TURNS
from nexus_trio.runtime.care import Care
from nexus_trio.settings import Settings
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub

LOW = "I feel so hopeless"
WISH = "I want to die"
PLAN = "I have the pills in my hand and I am going to kill myself tonight"


def text(**settings: Any) -> str:
    return markdown(Care(Settings(**settings)).configured("9.9"))


def quoted(words: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in words.split("\n"))


@pytest.mark.parametrize(
    "changed",
    [
        {"locale": "en-GB"},
        {"crisis_patience_s": 2.5},
        {"jurisdictions": "us-ny"},
        {"jurisdictions": "none"},
        {"minors": "yes"},
        {"retention_days": 30},
        {"crisis_webhook_url": "http://127.0.0.1:9/hook", "crisis_webhook_secret": "s" * 16},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_each_setting_of_care_shows(changed: dict[str, Any]) -> None:
    assert text(**changed) != text()


def test_no_secret_and_no_address_is_published() -> None:
    shown = text(crisis_webhook_url="http://hook.example/x", crisis_webhook_secret="s" * 16)
    assert "hook.example" not in shown
    assert "ssss" not in shown


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "de-AT", "xx-ZZ"])
def test_the_words_are_the_ones_that_are_shown(locale: str) -> None:
    shown = text(locale=locale)
    for found in (
        guidance("crisis", locale),
        guidance("crisis", locale, 1),
        guidance("imminent", locale),
        for_friend(locale),
        instead(locale),
    ):
        assert quoted(found.text) in shown


def test_every_line_stands_there_with_the_day_it_was_verified() -> None:
    shown = text()
    for row in RESOURCES:
        assert f"| {row.name} | {row.contact} | {row.verified_on or 'not yet'} |" in shown
    assert LEXICON in shown
    assert "nexus-trio 9.9" in shown


@pytest.mark.parametrize("name", RULES)
def test_every_law_that_is_kept_is_named(name: str) -> None:
    assert RULES[name].law in text(jurisdictions=name)
    others = [rule.law for other, rule in RULES.items() if other != name]
    assert not [law for law in others if law in text(jurisdictions=name)]


# --- and what it says is so ---


async def test_the_third_low_message_brings_the_notice_and_nothing_explicit_waits() -> None:
    assert "the third low message in a row brings the notice" in text()
    async with open_fake_hub() as hub:
        seen = [(await hub.ask("ada", LOW)).crisis.detected for _ in range(3)]
        assert seen == [False, False, True]
        for level, message in (("crisis", WISH), ("imminent", PLAN)):
            reply = await hub.ask(f"user-{level}", message)
            assert reply.crisis.level == level
            assert reply.crisis.notice is not None
            assert reply.response.startswith(reply.crisis.notice)
            assert f"| `{level}` |" in text()
    assert [level for level, _, _ in LEVELS] == ["concern", "crisis", "imminent"]


async def test_what_was_reached_fades_by_messages_and_never_by_time(
    autojump_clock: MockClock,
) -> None:
    assert f"sinks by one level after {FADE_TURNS} messages below it" in text()
    async with open_fake_hub(session_idle_s=86400.0) as hub:
        await hub.ask("ada", WISH)
        await trio.sleep(40_000)
        for left in range(FADE_TURNS, 0, -1):
            assert (await hub.session("ada")).crisis_level == "crisis", left
            await hub.ask("ada", "hello")
        assert (await hub.session("ada")).crisis_level == "concern"


@pytest.mark.parametrize("patience", [1.0, 5.0])
async def test_a_responder_that_hangs_is_waited_for_as_long_as_it_says(
    patience: float, autojump_clock: MockClock
) -> None:
    assert f"takes longer than {patience:g} seconds" in text(crisis_patience_s=patience)

    async with open_fake_hub(FakeResponder(mode="hang"), crisis_patience_s=patience) as hub:
        began = trio.current_time()
        reply = await hub.ask("ada", WISH)
        assert reply.response == reply.crisis.notice
        assert trio.current_time() - began == pytest.approx(patience)
