"""docs/terminal.md and `--help` say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from captures import written
from rich.cells import cell_len

from nexus_trio.commands.chat import HELP as CHAT
from nexus_trio.terminal.painting import NOTICE_BEGINS, NOTICE_ENDS
from nexus_trio.terminal.talk import BACK_WITHOUT, LOST
from nexus_trio.terminal.words import COMMANDS, KEYS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "terminal.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
SCENES = ("conversation", "room", "notice", "reconnect")


def capture(name: str) -> str:
    found = re.search(rf"<!-- capture {name} -->\n```text\n(.+?)\n```", PAGE, re.DOTALL)
    assert found, f"no capture {name}: run tests/terminal/captures.py"
    return found[1]


def test_the_page_and_the_help_have_every_command_and_key() -> None:
    for written_so, does in COMMANDS.values():
        assert f"| `{written_so}` | {does}" in PAGE
        assert re.search(rf"^  {written_so} +\S", CHAT, re.MULTILINE)
    for key, does in KEYS.items():
        assert does in PAGE
        assert key.replace(" and", ",") in PAGE
    for key in ("Ctrl-C", "Ctrl-D", "Up, Down", "Tab"):
        assert re.search(rf"^  {key} +\S", CHAT, re.MULTILINE)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("width", [80, 40])
def test_a_capture_is_there_and_fits(scene: str, width: int) -> None:
    rows = capture(f"{scene} {width}").splitlines()
    assert max(map(cell_len, rows)) < width
    assert re.fullmatch(r"ada in \w+>", rows[-1])
    assert "ada in" not in "".join(rows[:-1])  # nothing of an old prompt is left behind


@pytest.mark.parametrize("scene", SCENES)
def test_a_narrow_capture_says_the_same(scene: str) -> None:
    wide, narrow = ("".join(capture(f"{scene} {width}").split()) for width in (80, 40))
    assert wide.endswith(narrow)  # as much as the screen holds


def test_the_captures_are_of_this_version() -> None:
    assert NOTICE_BEGINS in capture("notice 40")
    assert NOTICE_ENDS in capture("notice 40")
    assert LOST in capture("lost 80")
    assert BACK_WITHOUT.split(";")[0] in capture("reconnect 80")
    assert LOST not in capture("reconnect 80")


def test_the_readme_begins_with_the_product_in_one_line() -> None:
    first = re.search(r"```sh\n(.+?)\n```", README, re.DOTALL)
    assert first
    assert first[1].endswith("&& .venv/bin/nexus-trio demo")
    assert "\n" not in first[1]
    # The same installation as the line that continuous integration runs.
    install = first[1].rpartition(" && ")[0]
    assert f"{install} && .venv/bin/nexus-trio experiment" in README


def test_a_capture_without_its_place_is_refused() -> None:
    with pytest.raises(SystemExit, match="0 places"):
        written(PAGE, {"nonsense 80": "text"})
    page = "<!-- capture a 1 -->\n<!-- end -->\nrest <!-- end -->"
    block = "<!-- capture a 1 -->\n```text\n\\1x\n```\n<!-- end -->\nrest <!-- end -->"
    assert written(page, {"a 1": "\\1x"}) == block
