"""An operator's own lines, in the place of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from nexus_trio.crisis.guidance import HELPLINES, guidance
from nexus_trio.crisis.protocol import markdown
from nexus_trio.errors import SettingsError
from nexus_trio.runtime.care import Care
from nexus_trio.settings import Settings
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub

WISH = "I want to die"
OWN = """
[[resource]]
name = "The school's own line"
country = "GB"
contact = "020 7946 0000"
kind = "line"
verified_on = "2026-10-01"

[[resource]]
name = "Emergency services"
country = "GB"
contact = "999"
kind = "emergency"

[[resource]]
name = "Linha"
country = "XK"
contact = "1234"
kind = "line"
url = "https://lines.example"
"""


def test_a_country_that_is_named_has_its_own_lines_alone() -> None:
    own = HELPLINES.overridden(OWN)
    assert [row.contact for row in own.of("GB")] == ["020 7946 0000", "999"]
    assert [row.contact for row in own.of("XK")] == ["1234"]
    for country in ("US", "DE", "FR", "BR"):
        assert own.of(country) == HELPLINES.of(country)
    text = guidance("crisis", "en-GB", lines=own).text
    assert "The school's own line: 020 7946 0000" in text
    assert "116 123" not in text


ROW = '[[resource]]\nname = "n"\ncountry = "GB"\ncontact = "1"\nkind = "line"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "tables"),
        ("x = 1", "tables"),
        ("resource = 3", "tables"),
        ("resource = []", "tables"),
        ("[[resource", "not valid TOML"),
        (ROW + "more = 1\n", "resource 1 has name"),
        (ROW + ROW.replace('name = "n"\n', ""), "resource 2 has name"),
        (ROW.replace('"1"', "1"), "each a text"),
        (ROW.replace('"1"', '" "'), "contact is one line"),
        (ROW.replace('"1"', '"1\\n2"'), "contact is one line"),
        (ROW.replace('"1"', f'"{"9" * 201}"'), "contact is one line"),
        (ROW.replace('"n"', '"\\u001b[31m"'), "name is one line"),
        (ROW.replace("GB", "gb"), "two capitals"),
        (ROW.replace('"line"', '"directory"'), "line or emergency"),
        (ROW + 'url = "javascript:x"\n', "https://"),
    ],
)
def test_what_is_no_such_file_is_refused_and_says_why(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        HELPLINES.overridden(text)
    path = tmp_path / "lines.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match="NEXUS_CRISIS_RESOURCES"):
        Care(Settings(crisis_resources=str(path)))


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsError, match="check NEXUS_CRISIS_RESOURCES"):
        Care(Settings(crisis_resources="nowhere.toml"))


async def test_they_stand_in_every_kind_of_answer(tmp_path: Path) -> None:
    path = tmp_path / "lines.toml"
    path.write_text(OWN)
    harm = FakeResponder(lambda prompt: "Then kill yourself.")
    settings = {"crisis_resources": str(path), "locale": "en-GB"}
    async with open_fake_hub(harm, **settings) as hub:
        reply = await hub.ask("ada", WISH)
        assert [line.contact for line in reply.crisis.resources] == ["020 7946 0000", "999"]
        # In the notice and in the place of what was withheld.
        assert reply.response.count("020 7946 0000") == 2
        friend = await hub.ask("ben", "I think my friend wants to kill herself")
        assert "020 7946 0000" in friend.notices[0].text
        shown = markdown(Care(hub.settings).configured("1"))
        assert "| GB | The school's own line | 020 7946 0000 | 2026-10-01 |" in shown
        assert "| GB | Samaritans" not in shown


async def test_a_call_that_names_no_country_has_the_server_s() -> None:
    async with open_fake_hub(locale="en-GB") as hub:
        for locale in (None, "en", "xx"):
            crisis = (await hub.ask("ada", WISH, locale=locale)).crisis
            assert crisis.resources[0].country == "GB", locale
        assert (await hub.ask("ada", WISH, locale="en-US")).crisis.resources[0].country == "US"
