"""`nexus-trio crisis eval`: the files it reads, what it prints, and how it refuses."""

from __future__ import annotations

import gzip
import json
import lzma
import stat
from pathlib import Path
from typing import Any

import pytest

from nexus_trio.cli import main
from nexus_trio.commands import crisis

ROWS: list[dict[str, Any]] = [
    {"id": "1", "source": "x", "label": "crisis", "text": "I want to kill myself"},
    {"id": "2", "source": "x", "label": "crisis", "text": "the tower, \u0085 it is \u2028tall"},
    {"id": "3", "label": "benign", "text": "kill the process on port 80"},
    {"id": "4", "label": "benign", "turns": ["hello", "I feel hopeless", "bye"]},
    {"id": "5", "label": "distress", "turns": ["I feel hopeless"] * 3},
]
PLAIN = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["crisis", *map(str, arguments)])
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.out, said.err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(PLAIN)
    return path


def test_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "eval", file, "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["files"] == [str(file)]
    assert set(found["sources"]) == {"x", "mine"}
    recall = found["all"]["recall"]
    assert (recall["hits"], recall["of"]) == (1, 2)
    assert 0 < recall["low"] < 0.5 < recall["high"] < 1
    assert found["all"]["false_alarms"]["hits"] == 0
    assert found["sources"]["mine"]["distress_fired"]["hits"] == 1


def test_dialogues_of_two_sides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the other side says is neither found nor a false alarm; turns are the person's."""
    low, wish = "I feel hopeless", "I want to die"
    other = {"role": "assistant", "text": f"some people say: {wish}"}
    told = [x for _ in range(3) for x in ({"role": "user", "text": low}, other)]
    rows = [
        {"id": "found", "source": "low", "label": "crisis", "turns": told},
        {"id": "missed", "source": "low", "label": "crisis", "turns": [*told[:4], other]},
        {"id": "quiet", "source": "calm", "label": "benign", "turns": [other, "thank you", other]},
        {"id": "false", "source": "calm", "label": "benign", "turns": ["hello", other, wish]},
    ]
    path, wrong = tmp_path / "dialogues.jsonl", tmp_path / "wrong.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    status, out, err = run(capsys, "eval", path, "--json", "--errors", wrong)
    assert (status, err) == (0, "")
    found = json.loads(out)["sources"]
    for source, key in (("low", "recall"), ("calm", "false_alarms")):
        cell = found[source][key]
        # Wilson's interval of 1 in 2, by hand.
        assert (cell["hits"], cell["of"], cell["low"], cell["high"]) == (1, 2, 0.0945, 0.9055)
    written = {row["id"]: row for row in map(json.loads, wrong.read_text().splitlines())}
    assert {name: row["error"] for name, row in written.items()} == {
        "missed": "miss",
        "false": "false_alarm",
    }
    assert (written["false"]["turn"], written["false"]["turns"]) == (2, ["hello", wish])
    assert (written["missed"]["turn"], written["missed"]["level"]) == (None, "concern")


def test_packed_files_are_read_as_they_are(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.jsonl.gz").write_bytes(gzip.compress(PLAIN))
    (tmp_path / "mine.jsonl.xz").write_bytes(lzma.compress(b"\xef\xbb\xbf" + PLAIN + b"\n\n"))
    for name in ("mine.jsonl.gz", "mine.jsonl.xz"):
        _, out, _ = run(capsys, "eval", tmp_path / name, "--json")
        _, plain, _ = run(capsys, "eval", file, "--json")
        assert json.loads(out)["sources"] == json.loads(plain)["sources"]
    files = [file, tmp_path / "mine.jsonl.gz", tmp_path / "mine.jsonl.xz"]
    _, out, _ = run(capsys, "eval", *files, "--json")
    assert json.loads(out)["all"]["rows"] == 3 * len(ROWS)


def test_the_table(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "eval", file)
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("source")
    assert [line.split()[0] for line in lines[1:]] == ["mine", "x", "all"]
    assert "1/2 0.5000 (" in lines[-1]


def test_errors_are_written_private_and_whole(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.jsonl"
    status, out, _ = run(capsys, "eval", file, "--errors", wrong)
    written = [json.loads(line) for line in wrong.read_text().split("\n")[:-1]]
    assert status == 0
    assert [(row["id"], row["error"], row["text"]) for row in written] == [
        ("2", "miss", ROWS[1]["text"])
    ]
    assert stat.S_IMODE(wrong.stat().st_mode) == 0o600
    assert "tower" not in out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"id": "9", "label": "benign"}', "either"),
        (b'{"id": "9", "label": "sad", "text": "canary"}', "label"),
        (b"canary", "JSON"),
        (b'{"id": "9", "label": "benign", "text": "canary \xff"}', "UTF-8"),
    ],
)
def test_a_bad_row_is_named_by_its_line(
    line: bytes, said: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(PLAIN + b"\n" + line + b"\n")
    wrong = tmp_path / "wrong.jsonl"
    status, out, err = run(capsys, "eval", file, "--errors", wrong)
    assert (status, out) == (2, "")
    assert f"{file}, line {len(ROWS) + 2}: " in err
    assert said in err
    assert err.count("\n") == 1
    assert "canary" not in err
    assert not wrong.exists()


def test_a_line_without_an_end_is_not_held(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(crisis, "LONGEST", 200)
    file.write_bytes(PLAIN + b"x" * 1000)
    status, _, err = run(capsys, "eval", file)
    assert status == 2
    assert f"line {len(ROWS) + 1}: longer than" in err


@pytest.mark.parametrize("name", ["cut.gz", "cut.xz", "not.gz", "not.xz"])
def test_a_packed_file_that_is_cut_or_is_none(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = {"gz": gzip.compress, "xz": lzma.compress}[name[-2:]](PLAIN)
    (tmp_path / name).write_bytes(packed[: len(packed) // 2] if name[:3] == "cut" else PLAIN)
    status, _, err = run(capsys, "eval", tmp_path / name)
    assert status == 2
    assert "whole" in err
    assert err.count("\n") == 1


def test_wrong_use(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (["eval"], "FILE"),
        (["eval", tmp_path / "none"], "No such file"),
        (["eval", tmp_path], "directory"),
        (["eval", file, "--errors", file], "replace"),
        (["eval", file, "--errors", tmp_path / "no" / "file"], "choose another file"),
        (["eval", file, "--errors", tmp_path], "choose another one with --errors"),
        (["nonsense"], "No such command"),
    ):
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (2, ""), arguments
        assert said in err
        assert err.count("\n") == 1
    assert file.read_bytes() == PLAIN
