"""Settings: who wins, what is refused, and that secrets stay masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from nexus_trio.errors import SettingsError
from nexus_trio.settings import Settings, load, rows


def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "nexus.toml"
    file.write_text('port = 1\nmailbox = 2\nlocale = "fr"\npace_s = 1\n')
    environ = {"NEXUS_PORT": "3", "NEXUS_MAILBOX": "4", "OTHER": "x"}
    loaded = load({"port": 5, "host": None}, environ, file)
    found = loaded.settings
    assert (found.port, found.mailbox, found.locale, found.pace_s) == (5, 4, "fr", 1.0)
    assert [loaded.sources[n] for n in ("port", "mailbox", "locale", "host")] == [
        "flag",
        "environment",
        "file",
        "default",
    ]


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"NEXUS_PORT": "x"}, "port must be a number"),
        ({"NEXUS_PORT": "65536"}, "port must be from 0 to 65535"),
        ({"NEXUS_PORT": "-1"}, "port must be from"),
        ({"NEXUS_GRACE_S": "nan"}, "grace_s must be from"),
        ({"NEXUS_GRACE_S": "0"}, "grace_s must be from"),
        ({"NEXUS_DURABILITY": "forever"}, "durability must be power or process or memory"),
        ({"NEXUS_RESPONDER": "magic"}, "responder must be scripted or openai"),
        ({"NEXUS_RESPONDER": "openai"}, "needs openai_base_url; set it .NEXUS_OPENAI_BASE_URL"),
        (
            {"NEXUS_RESPONDER": "openai", "NEXUS_OPENAI_BASE_URL": "http://h"},
            "needs openai_model; set it .NEXUS_OPENAI_MODEL",
        ),
        ({"NEXUS_OPENAI_CONCURRENCY": "0"}, "openai_concurrency must be from 1"),
        ({"NEXUS_OPENAI_FIRST_TOKEN_S": "inf"}, "openai_first_token_s must be from"),
        ({"NEXUS_BROKER": "redis://localhost:6379/0"}, "broker redis is not built yet"),
        ({"NEXUS_AUTH": "tokens"}, "auth tokens is not built yet"),
    ],
)
def test_what_can_not_be_used_is_refused(environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load({}, environ)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = [", "not valid TOML"),
        ('port = "4004"', "port must be a number"),
        ("port = true", "port must be a number"),
        ("host = 1", "host must be text"),
        ("no_such = 1", "unknown settings: no_such"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "nexus.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=says):
        load({}, {}, file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="check --config"):
        load({}, {}, tmp_path / "none.toml")


def test_secrets_are_masked_and_never_in_a_repr() -> None:
    loaded = load({}, {"NEXUS_OPENAI_API_KEY": "very-secret"})
    shown = {row["name"]: row["value"] for row in rows(loaded)}
    assert shown["openai_api_key"] == "********"
    assert "very-secret" not in repr(loaded)
    assert loaded.settings.openai_api_key == "very-secret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:8000/v1", "http://h:8000/v1"),
        ("https://bo:s3cret@h/v1", "https://********@h/v1"),
        ("https://h/v1?version=1&key=s3cret", "https://h/v1?********"),
        ("http://[s3cret", "********"),
    ],
)
def test_what_may_be_secret_in_an_address_is_not_shown(url: str, shown: str) -> None:
    loaded = load({}, {"NEXUS_OPENAI_BASE_URL": url})
    assert {row["name"]: row["value"] for row in rows(loaded)}["openai_base_url"] == shown
    assert "s3cret" not in repr(loaded)


def test_every_setting_has_a_reason() -> None:
    for row in rows(load({}, {})):
        assert len(row["reason"]) > 10
    assert Settings() == load({}, {}).settings
