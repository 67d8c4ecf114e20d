"""The published page is the protocol of the settings in force, word for word."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from bridge_client import serving

from nexus_trio.crisis.protocol import markdown
from nexus_trio.runtime.care import Care


def words(text: str) -> list[str]:
    """The words of a text, without what marks it up."""
    return re.findall(r"\w+", text)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"locale": "en-GB", "jurisdictions": "us-ny", "minors": "yes"},
        {"locale": "de-AT", "crisis_patience_s": 2.5, "retention_days": 30},
    ],
    ids=lambda settings: settings.get("locale", "default"),
)
async def test_it_says_what_runs(settings: dict[str, Any]) -> None:
    async with serving(**settings) as bridge:
        shown = bridge.hub.protocol()["protocol"]
        version = re.search(r"nexus-trio ([\w.]+),", shown)
        assert version is not None
        assert shown == markdown(Care(bridge.hub.settings).configured(version[1]))
        page = (await bridge.get("/safety")).body.decode()
        body = unescape(re.sub("<[^>]+>", " ", page.partition("<main>")[2]))
        assert words(body) == words(shown)
        # Each notice's lines are items of a list, and what follows is none of them.
        for item in re.findall(r"<li>(.*?)</li>", page, re.DOTALL):
            assert "\n" not in item.strip()
