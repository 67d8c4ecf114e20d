"""The documents are true: examples run, tables match the code, links lead somewhere."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nexus_trio.settings import Settings
from nexus_trio.web import openai_request
from nexus_trio.web.problems import WEB_CODES

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,  # the default data folder is made where they run
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = EXPECTED[example.name]
    assert re.fullmatch(expected, done.stdout, re.DOTALL), done.stdout


EXPECTED = {
    "ask.py": r".*Ada.*\n1 none\n",
    "care.py": r"1: concern.*3: crisis, 988 named: True\n1: crisis, 988 named: True\n.*",
    "client.py": r".*Ada.*\nTrue\nnot_found False\n",
    "client_events.py": r"in Garden\nbob: Good evening\.\n",
    "openai_client.py": r".*Ada.*\n.*Ada.*\n",
    "own_server.py": r"listening: True\n",
    "year.py": r"# Crisis referrals from 2026-01-01 to 2026-12-31\n.*issued: \*\*100\*\*.*",
    "screen.py": r"none\nconcern\ncrisis\n",
    "search_schedules.py": (
        r"\{'operations': \[80, 30\]\} no debt: -10\n"
        r"1 in order, customer 1 takes 2 steps, and on in order\nno debt: -10\n"
    ),
}


def test_every_example_has_its_output_here() -> None:
    assert {e.name for e in EXAMPLES} == set(EXPECTED)


@pytest.mark.parametrize("name", ["care", "year"])
def test_the_page_on_care_shows_what_its_examples_print(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "docs" / "examples" / f"{name}.py")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    page = (ROOT / "docs" / "care.md").read_text()
    assert f"<!-- {name} -->\n```\n{done.stdout}```\n<!-- end -->" in page


def settings_table() -> str:
    """The table of docs/settings.md, from the settings themselves."""
    lines = ["| setting | variable | default | why |", "|---|---|---|---|"]
    for spec in dataclasses.fields(Settings):
        default = f"`{spec.default}`" if spec.default != "" else "(empty)"
        variable, reason = f"NEXUS_{spec.name.upper()}", spec.metadata["reason"]
        lines.append(f"| `{spec.name}` | `{variable}` | {default} | {reason} |")
    return "\n".join(lines)


def test_the_table_of_settings_is_the_settings() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    shown = page.partition("<!-- settings -->\n")[2].strip()
    assert shown == settings_table()


def test_the_page_of_the_openai_wire_has_every_field_and_every_code() -> None:
    page = (ROOT / "docs" / "openai-wire.md").read_text()
    for name in openai_request.FIELDS:
        assert re.search(rf"^\| .*`{name}`.* \|", page, re.MULTILINE), name
    shown = {
        (int(status), code)
        for statuses, codes in re.findall(r"^\| ([\d, ]+) \| (.+?) \|", page, re.MULTILINE)
        for status in statuses.split(", ")
        for code in re.findall(r"`(\w+)`", codes)
    }
    ours = {(row.status, code) for code, row in WEB_CODES.items() if code != "unauthenticated"}
    extra = {(404, "model_not_found"), (405, "invalid_request"), (408, "invalid_request")}
    assert shown == ours | extra


def test_the_page_on_models_has_all_settings_of_it_with_their_defaults() -> None:
    page = (ROOT / "docs" / "models.md").read_text()
    for spec in dataclasses.fields(Settings):
        if spec.name.startswith("openai_"):
            assert spec.name in page or f"NEXUS_{spec.name.upper()}" in page, spec.name
        if row := re.search(rf"\| `{spec.name}` \| (\S+) \|", page):
            assert float(row[1]) == spec.default, spec.name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


# Where the tests of each column stand: servers in processes of their own, or all in one process.
COLUMNS = {
    "real socket": ("e2e", "lane", "crash"),
    "virtual time": ("runtime", "web", "lane", "store", "stateful"),
}


def named_tests(*folders: str) -> dict[str, list[str]]:
    """The test functions under these folders of `tests`, and the files that have them."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.setdefault(node.name, []).append(path.name)
    return found


def rows_of_the_tables() -> list[tuple[str, str, str]]:
    """The rows of docs/tables.md: what happens, and the cell of each column."""
    lines = (ROOT / "docs" / "tables.md").read_text().splitlines()
    rows = [tuple(line.strip("| ").split(" | ")) for line in lines if line.startswith("| ")]
    assert {len(row) for row in rows} == {3}
    heads = [row for row in rows if row[0] == "row"]
    assert heads == [("row", *COLUMNS)] * 3
    return [row for row in rows if row not in heads]  # type: ignore[misc]  # three, as seen above


@pytest.mark.parametrize("column", COLUMNS)
def test_every_row_of_the_tables_names_tests_that_exist(column: str) -> None:
    at, known = 1 + list(COLUMNS).index(column), named_tests(*COLUMNS[column])
    rows = rows_of_the_tables()
    assert len(rows) > 45
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row[at])
        assert named or row[at].startswith("("), f"nothing shows in {column}: {row[0]}"
        for name in named:
            assert len(known.get(name, [])) == 1, f"{name}: in {known.get(name, 'no file')}"


def readme_block(name: str) -> str:
    """The command between two markers in the README: what CI runs, and newcomers paste."""
    found = re.search(
        rf"<!-- {name} -->\n```sh\n(.+?)\n```\n<!-- end -->", (ROOT / "README.md").read_text()
    )
    assert found, f"the README has no block {name}"
    return found[1]


def test_the_readme_has_two_lines_to_paste() -> None:
    assert "nexus-trio experiment" in readme_block("experiment")
    assert "pytest" in readme_block("tests")
    assert "\n" not in readme_block("experiment") + readme_block("tests")


def test_the_pages_name_paths_that_exist() -> None:
    for page in PAGES:
        for path in re.findall(r"`((?:src|tests|docs|benchmarks)/[\w/.-]+)`", page.read_text()):
            assert (ROOT / path).exists(), f"{page.name} names {path}"
