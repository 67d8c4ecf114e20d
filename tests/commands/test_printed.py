"""What commands print: valid JSON, tables without an end, nothing that gives orders."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_trio.commands.output import Columns, Document, dumps, output_checked
from nexus_trio.errors import SettingsError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from("abc"), JSON),
    st.lists(JSON, max_size=4),
    st.lists(JSON, max_size=4),
    st.dictionaries(st.sampled_from("xyz"), JSON),
)
def test_a_document_is_valid_json_once_it_has_ended(
    head: dict[str, Any], turns: list[Any], events: list[Any], tail: dict[str, Any]
) -> None:
    written: list[str] = []
    document = Document(written.append, ("turns", "events"))
    document.fields(head)
    for turn in turns:
        document.item("turns", turn)
    for event in events:
        document.item("events", event)
    with pytest.raises(ValueError, match=r"Expecting|delimiter"):
        json.loads("".join(written))
    document.end(tail)
    text = "".join(written)
    assert json.loads(text) == {**head, "turns": turns, "events": events, **tail}
    assert text.endswith("}\n")


@given(JSON)
def test_no_text_can_give_a_terminal_orders(value: Any) -> None:
    text = dumps(value)
    assert json.loads(text) == value
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text)


def test_a_table_is_as_wide_as_its_first_rows_and_cuts_nothing(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    table = Columns(("A", "B"), right=frozenset((1,)))
    table.rows([("x", "1")])
    table.rows([("a long one", "2" * 200)])
    assert capsysbinary.readouterr().out.decode().splitlines() == [
        "A  B",
        "x  1",
        f"a long one  {'2' * 200}",
    ]


def test_output_is_checked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.stdout, "flush", broken)
    with pytest.raises(SettingsError, match="No space"), output_checked():
        pass
