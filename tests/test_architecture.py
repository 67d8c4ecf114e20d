"""Data goes one way: who may import whom, read from the source."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "nexus_trio"

PURE = {"model", "crisis"}

# Folder or file -> what of this package it may import. `errors` is open to all.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "deadlines": set(),
    "model": {"model"},
    "crisis": {"crisis"},
    "settings": {"crisis/disclosure"},
    "store/base": {"model"},
    "store/patience": set(),
    "broker/base": {"model"},
    "responders/base": {"model"},
    "store": {"model", "store"},
    "broker": {"model", "broker", "store/base", "store/patience"},
    "responders": {"model", "responders", "crisis"},
    "alert/base": set(),
    # Its calls go over the connections that the `openai` responder has.
    "alert": {"alert", "crisis", "responders"},
    "runtime": {
        "model",
        "crisis",
        "settings",
        "runtime",
        "store/base",
        "store/patience",
        "broker/base",
        "responders/base",
        "alert/base",
        "deadlines",
    },
    "web": {"model", "crisis", "settings", "runtime", "store/base", "web", "__init__"},
    "lane": {"settings", "lane", "deadlines"},
    "control": {"model", "runtime", "store/base", "control"},
    "commands": {
        "model",
        "crisis",
        "settings",
        "runtime",
        "store",
        "control",
        "commands",
        "terminal",
    },
    # For other programs: it brings in nothing of the server.
    "client": {"model", "client"},
    "experiment": {"experiment", "client", "__init__"},
    "terminal/own_server": {"server", "settings"},
    "terminal": {"client", "model", "settings", "terminal"},
    "testing": {
        "testing",
        "alert/base",
        "model",
        "crisis",
        "store",
        "broker",
        "responders",
        "settings",
        "runtime",
        "__init__",
    },
    "server": {
        "model",
        "settings",
        "runtime",
        "store",
        "broker",
        "responders",
        "web",
        "lane",
        "control",
        "alert",
    },
    "asgi": {"settings", "runtime", "web", "lane", "server"},
    "cli": {"settings", "server", "web", "experiment", "commands", "__init__"},
    "__main__": {"cli"},
    "__init__": {"errors", "server", "settings", "web"},
}

# Third-party packages, and the only places that may import them.
THIRD_PARTY: dict[str, set[str]] = {
    "trio": {
        "store",
        "broker",
        "responders",
        "runtime",
        "web",
        "lane",
        "control",
        "client",
        "experiment",
        "terminal",
        "testing",
        "server",
        "asgi",
        "commands",
        "cli",
        "alert",
        "deadlines",
    },
    "quart": {"web"},
    "quart_trio": {"web", "asgi"},
    "quart_schema": {"web"},
    "werkzeug": {"web"},
    "markdown_it": {"web"},
    "msgspec": {"web"},
    "hypercorn": {"lane", "server", "asgi"},
    "h11": {"lane", "responders"},
    "httpx": {"responders", "client", "alert"},
    "httpx_sse": {"responders"},
    "h2": {"lane"},
    "wsproto": {"lane", "client", "experiment"},
    "apsw": {"store"},
    "httptools": {"lane", "experiment"},
    "prompt_toolkit": {"terminal"},
    "wcwidth": {"terminal"},
    "typer": {"commands", "cli"},
    "rich": {"commands", "cli", "experiment"},
    "outcome": {"testing"},
    "pytest": {"testing"},
    "sortedcontainers": {"testing"},
}


def rooms_of(name: str) -> list[str]:
    """`runtime/hub` -> `runtime/hub`, `runtime`: the most particular first."""
    return [name, name.split("/")[0]]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            # `from package import name`: the name may be a module of its own.
            module = node.module or ""
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    name = str(path.relative_to(ROOT).with_suffix(""))
    allowed = next(MAY_IMPORT[room] for room in rooms_of(name) if room in MAY_IMPORT)
    for module in imports(path):
        if not (module == "nexus_trio" or module.startswith("nexus_trio.")):
            continue
        target = module.removeprefix("nexus_trio").strip(".").replace(".", "/") or "__init__"
        if not ((ROOT / target).is_dir() or (ROOT / f"{target}.py").exists()):
            target = target.rpartition("/")[0] or "__init__"  # a name, not a module
        if target == "errors" or (target == "__init__" and name == "__main__"):
            continue
        assert any(room in allowed for room in rooms_of(target)), f"{name} imports {target}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_foreign_packages_stay_in_their_rooms(path: Path) -> None:
    name = str(path.relative_to(ROOT).with_suffix(""))
    top = name.split("/")[0]
    for module in imports(path):
        package = module.split(".")[0]
        if package in sys.stdlib_module_names or package == "nexus_trio":
            continue
        assert package in THIRD_PARTY, f"{name} imports {package}, which no rule names"
        assert top in THIRD_PARTY[package], f"{package} is not for {name}"


def test_the_pure_rooms_take_nothing_from_outside() -> None:
    for path in FILES:
        top = str(path.relative_to(ROOT)).split("/")[0]
        if top in PURE:
            foreign = {
                module
                for module in imports(path)
                if module.split(".")[0] not in sys.stdlib_module_names | {"nexus_trio"}
            }
            assert not foreign, f"{path}: {foreign}"


def test_every_room_has_a_rule() -> None:
    tops = {str(p.relative_to(ROOT).with_suffix("")).split("/")[0] for p in FILES}
    assert tops <= set(MAY_IMPORT)


def test_the_rules_see_a_breach(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from nexus_trio.web.app import create_app\nimport quart\n")
    assert {"nexus_trio.web.app.create_app", "quart"} <= imports(bad)
