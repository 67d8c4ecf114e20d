"""Disclosures as clients get them, with the settings that a new server has."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bridge_process import ENTRIES, GUARD, bridge

DEFAULT = "us-ca,us-ny,us-wa,eu"


def kinds(reply: dict[str, object]) -> list[str]:
    notices = reply["notices"]
    assert isinstance(notices, list)
    return [notice["kind"] for notice in notices]


@pytest.mark.parametrize("entry", ENTRIES)
def test_once_at_the_start_and_not_again_after_a_restart(entry: str, tmp_path: Path) -> None:
    for first in (True, False):
        with bridge(entry, data=tmp_path, NEXUS_JURISDICTIONS=DEFAULT) as server:
            status, reply = server.call(
                "POST", "/bridge/chat", {"user_id": "ada", "message": "hello"}
            )
            assert status == 200
            assert kinds(reply) == (["disclosure"] if first else [])


@pytest.mark.parametrize("transport", ["http", "ws"])
def test_the_experiment_holds_with_them(transport: str) -> None:
    with bridge("serve", NEXUS_JURISDICTIONS=DEFAULT) as server:
        done = subprocess.run(
            [
                sys.executable, "-m", "nexus_trio", "experiment", "--url", f"http://127.0.0.1:{server.port}",
                "--messages", "2", "--transport", transport,
            ],
            capture_output=True, text=True, timeout=GUARD, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_the_page_says_what_is_kept() -> None:
    with bridge("serve", NEXUS_JURISDICTIONS="us-wa", NEXUS_MINORS="yes") as server:
        status, page = server.call("GET", "/safety")
        assert status == 200
        assert re.search("once 1 hour has passed", json.dumps(str(page)))
