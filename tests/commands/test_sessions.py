"""The commands on a folder without a server, and all their wrong uses."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
import trio
from trio.testing import MockClock

from nexus_trio.cli import main
from nexus_trio.commands import folder
from nexus_trio.commands.folder import Files, perform
from nexus_trio.control.place import listening
from nexus_trio.control.protocol import Request
from nexus_trio.errors import SettingsError, StoreUnavailable
from nexus_trio.model.envelope import NO_CRISIS, Erased, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import PutRoomEvent, PutSession, PutTurn, SessionRecord
from nexus_trio.store.folder import claim
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.hubs import Names

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEXUS_")]:
        monkeypatch.delenv(name)


async def fill(data: Path, users: dict[str, int]) -> None:
    """Sessions with so many turns each, and a word said aloud by each."""
    async with open_store(data, "power", Names()) as store:
        tail = await store.room_tail("Tower")
        for nth, (user, turns) in enumerate(users.items(), start=1):
            record = SessionRecord(user, f"session-{user}", "e1", NOW, NOW, user.title(), "Tower")
            await store.append([PutSession(record)])
            for number in range(1, turns + 1):
                turn = Turn(number, NOW, "Tower", f"{user} {number}", NO_CRISIS)
                ended = turn.ended("answer", f"to {user}", Position("e1", number))
                await store.append([PutTurn(user, ended)])
            position = Position(tail.epoch, nth)
            event = RoomEvent("Tower", "joined", user, user.title(), None, position)
            await store.append([PutRoomEvent(event)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    trio.run(fill, made, {"ada": 3, "bob": 1})
    return made


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """A command in this process: its exit status, and what it said on stdout and on stderr."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["sessions", *map(str, arguments)])
        said = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out.decode(), said.err.decode()

    return command


# --- what they show ---


def test_list_for_people_and_for_programs(run: Run, data: Path) -> None:
    status, shown, _ = run("list", "--data", data)
    assert status == 0
    assert shown.splitlines() == [
        "USER  STATE   ROOM  CONNECTIONS  MESSAGES  LAST ACTIVE",
        "ada   stored  -               0         3  2026-03-01 12:30:15 UTC",
        "bob   stored  -               0         1  2026-03-01 12:30:15 UTC",
        "2 sessions, 0 live",
    ]
    status, shown, _ = run("list", "--data", data, "--json")
    assert status == 0
    assert json.loads(shown) == {
        "count": 2,
        "sessions": [
            {
                "user_id": user,
                "session_id": f"session-{user}",
                "room": None,
                "session_messages": turns,
                "created_at": "2026-03-01T12:30:15.123456Z",
                "last_active": "2026-03-01T12:30:15.123456Z",
                "connections": 0,
                "live": False,
            }
            for user, turns in (("ada", 3), ("bob", 1))
        ],
    }


def test_show_for_people_and_for_programs(run: Run, data: Path) -> None:
    status, shown, _ = run("show", "ada", "--data", data)
    assert status == 0
    lines = dict(line.split(maxsplit=1) for line in shown.replace("st act", "st-act").splitlines())
    assert lines["user"] == "ada"
    assert lines["state"] == "stored"
    assert lines["messages"] == "3"
    status, shown, _ = run("show", "ada", "--data", data, "--json")
    assert status == 0
    found = json.loads(shown)
    assert found["position"] == "e1:3"
    assert found["username"] == "Ada"
    assert "ada 1" not in shown


def test_export_is_one_document_on_stdout_or_in_a_file(run: Run, data: Path) -> None:
    status, shown, _ = run("export", "ada", "--data", data)
    assert status == 0
    found = json.loads(shown)
    assert [t["message"] for t in found["turns"]] == ["ada 1", "ada 2", "ada 3"]
    assert [e["event"] for e in found["events"]] == ["joined"]
    assert found["rooms"] == [{"room": "Tower", "username": "Ada"}]
    assert "bob" not in shown
    file = data.parent / "ada.json"
    status, said, _ = run("export", "ada", "--data", data, "--output", file)
    assert (status, said) == (
        0,
        f"wrote everything held of ada to {file}: 3 turns, 1 event in rooms\n",
    )
    written = json.loads(file.read_text())
    assert written | {"exported_at": ""} == found | {"exported_at": ""}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    status, said, _ = run("export", "ada", "--data", data, "--output", file, "--json")
    assert json.loads(said) == {"written": str(file), "turns": 3, "events": 1}


def test_erase_says_what_it_took_and_leaves_no_byte(run: Run, data: Path) -> None:
    status, said, _ = run("erase", "ada", "--data", data)
    assert (status, said) == (0, "erased everything held of ada: 3 turns, 1 event in rooms\n")
    for each in data.iterdir():
        assert b"ada" not in each.read_bytes().lower()
    for verb in ("show", "export", "erase"):
        status, said, error = run(verb, "ada", "--data", data)
        assert (status, said) == (1, "")
        assert error.startswith("nexus-trio: ada: nothing is held of this user;")
    assert run("erase", "bob", "--data", data, "--json")[1] == (
        '{"erased": {"turns": 1, "events": 1}}\n'
    )
    assert run("list", "--data", data) == (0, "no sessions are held\n", "")
    assert json.loads(run("list", "--data", data, "--json")[1]) == {"sessions": [], "count": 0}


def everything(data: Path) -> dict[str, list[Any]]:
    connection = apsw.Connection(str(data / "nexus.db"), flags=apsw.SQLITE_OPEN_READONLY)
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    found = {t: connection.execute(f"SELECT * FROM {t}").fetchall() for (t,) in tables}
    connection.close()
    return found


def test_looking_changes_nothing(run: Run, data: Path) -> None:
    before = everything(data)
    modes = {each.name: each.stat().st_mode for each in data.iterdir()}
    for command in (["list"], ["show", "ada"], ["export", "ada"], ["show", "eve"]):
        run(*command, "--data", data)
    assert everything(data) == before
    assert {each.name: each.stat().st_mode for each in data.iterdir()} == modes


def test_an_erasure_leaves_the_others_as_they_were(run: Run, data: Path) -> None:
    before = everything(data)
    assert run("erase", "bob", "--data", data)[0] == 0
    after = everything(data)
    assert after["rooms"] == before["rooms"]
    assert after["sessions"] == [row for row in before["sessions"] if "bob" not in row]
    assert [t for t in before["turns"] if "ada" in str(t)] == after["turns"]
    assert len(after["room_events"]) == len(before["room_events"])


def test_a_name_can_not_give_the_terminal_orders(run: Run, data: Path) -> None:
    async def rename() -> None:
        async with open_store(data, "power", Names()) as store:
            turn = Turn(4, NOW, "Tower", "\x1b[31m \x9b31m [red]x[/red]", NO_CRISIS)
            record = SessionRecord("ada", "s", "e1", NOW, NOW, "[bold]Ada[/bold]")
            await store.append([PutSession(record), PutTurn("ada", turn)])

    trio.run(rename)
    assert "name          [bold]Ada[/bold]\n" in run("show", "ada", "--data", data)[1]
    shown = run("export", "ada", "--data", data)[1]
    assert not any(0x7F <= ord(c) < 0xA0 or (ord(c) < 0x20 and c != "\n") for c in shown)
    last = json.loads(shown)["turns"][-1]
    assert (last["message"], last["status"]) == ("\x1b[31m \x9b31m [red]x[/red]", "received")


def test_ten_thousand_sessions_come_in_pages(run: Run, tmp_path: Path) -> None:
    trio.run(fill, tmp_path, {"ada": 1})
    connection = apsw.Connection(str(tmp_path / "nexus.db"))
    with connection:
        connection.executemany(
            "INSERT INTO sessions (user_id, session_id, epoch, created_at, last_active)"
            " VALUES (?, 's', 'e', 1, 2)",
            ((f"user-{number:05}",) for number in range(10_000)),
        )
    connection.close()
    status, shown, _ = run("list", "--data", tmp_path)
    assert status == 0
    assert len(shown.splitlines()) == 10_003
    assert shown.endswith("\n10,001 sessions, 0 live\n")
    found = json.loads(run("list", "--data", tmp_path, "--json")[1])
    assert found["count"] == len({s["user_id"] for s in found["sessions"]}) == 10_001


# --- wrong uses ---


def refused(answer: tuple[int, str, str], says: str, status: int = 2) -> None:
    """One plain line on stderr, nothing on stdout."""
    code, out, error = answer
    assert (code, out) == (status, ""), answer
    assert says in error
    assert error.startswith("nexus-trio: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error


@pytest.mark.parametrize("user", ["no space", "../ada", "", "x" * 65, "-", "\x1b[31m"])
@pytest.mark.parametrize("verb", ["show", "export", "erase"])
def test_a_bad_user_id_is_refused(run: Run, data: Path, verb: str, user: str) -> None:
    refused(run(verb, "--data", data, "--", user), "user_id must be")


@pytest.mark.parametrize("verb", [["list"], ["show", "ada"], ["export", "ada"], ["erase", "ada"]])
@pytest.mark.parametrize("where", ["missing", "empty", "file", "file/below", "x" * 300])
def test_what_is_no_data_folder_is_refused_and_not_made(
    run: Run, tmp_path: Path, verb: list[str], where: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    refused(run(*verb, "--data", tmp_path / where), "--data")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["empty", "file"]
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show"], "Missing argument 'USER'"),
        (["show", "ada", "bob"], "unexpected extra argument"),
        (["list", "ada"], "unexpected extra argument"),
        (["purge", "ada"], "No such command 'purge'"),
        (["list", "--all"], "No such option"),
        (["list", "--config", "/nowhere.toml"], "check --config"),
    ],
)
def test_a_wrong_command_line_is_refused(run: Run, arguments: list[str], says: str) -> None:
    refused(run(*arguments), says)


def test_without_a_verb_it_says_what_there_is(run: Run) -> None:
    status, _, error = run()
    assert status == 2
    for verb in ("list", "show", "export", "erase"):
        assert verb in error


def test_settings_name_the_folder_too(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = data.parent / "nexus.toml"
    file.write_text(f'data = "{data}"\n')
    assert run("list", "--config", file)[1].endswith("2 sessions, 0 live\n")
    monkeypatch.setenv("NEXUS_DATA", str(data))
    assert run("list")[1].endswith("2 sessions, 0 live\n")


def test_durability_memory_has_nothing_to_show(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_DURABILITY", "memory")
    refused(run("list", "--data", data), "in the server's memory alone")


def test_a_damaged_database_is_refused(run: Run, data: Path) -> None:
    path = data / "nexus.db"
    harm = path.read_bytes()[:8192] + b"\xff" * 20_000
    path.write_bytes(harm)
    for command in (["list"], ["show", "ada"], ["export", "ada"], ["erase", "ada"]):
        refused(run(*command, "--data", data), "damaged")
    assert path.read_bytes() == harm


def test_a_database_that_breaks_while_it_is_read_is_told(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too large to be checked whole at the opening."""
    monkeypatch.setattr("nexus_trio.store.database.CHECKED", 0)
    path = data / "nexus.db"
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * (path.stat().st_size - 8192))
    refused(run("export", "ada", "--data", data), "CorruptError")


@contextmanager
def nobody() -> Iterator[None]:
    """Without root's right to open everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def shown_to_all() -> Iterator[Path]:
    """A data folder that others may look into, in a place where they come to it."""
    with tempfile.TemporaryDirectory(prefix="nexus-test-") as place:
        data = Path(place) / "data"
        trio.run(fill, data, {"ada": 1})
        for each in (Path(place), data):
            each.chmod(0o755)
        for each in data.iterdir():
            each.chmod(0o644)
        yield data


def test_somebody_elses_folder_is_refused(run: Run) -> None:
    with shown_to_all() as data:
        data.chmod(0o700)
        with nobody():
            refused(run("list", "--data", data), "run this as the user that the server runs as")


def test_a_folder_that_can_not_be_written_is_refused(run: Run) -> None:
    with shown_to_all() as data, nobody():
        refused(run("list", "--data", data), "give this user the right to")


def test_somebody_elses_server_is_not_spoken_with(run: Run) -> None:
    with shown_to_all() as data, listening(data), nobody():
        refused(run("list", "--data", data), "run this as the user that the server runs as")


# --- files ---


def test_an_export_that_fails_leaves_the_file_before_it(run: Run, data: Path) -> None:
    file = data.parent / "out.json"
    file.write_text("before")
    answer = run("export", "eve", "--data", data, "--output", file)
    refused(answer, "nothing is held", status=1)
    assert file.read_text() == "before"
    assert sorted(each.name for each in data.parent.iterdir()) == ["data", "out.json"]


@pytest.mark.parametrize("where", ["folder", "no/such/place.json", "pipe"])
def test_a_file_that_can_not_be_written_is_refused(run: Run, data: Path, where: str) -> None:
    (data.parent / "folder").mkdir()
    os.mkfifo(data.parent / "pipe")
    answer = run("export", "ada", "--data", data, "--output", data.parent / where)
    refused(answer, "choose another")
    assert sorted(each.name for each in data.parent.iterdir()) == ["data", "folder", "pipe"]


def test_a_link_is_followed_and_what_it_leads_to_is_replaced(run: Run, data: Path) -> None:
    (data.parent / "there").mkdir()
    link, file = data.parent / "link.json", data.parent / "there" / "file.json"
    link.symlink_to(file)
    assert run("export", "ada", "--data", data, "--output", link)[0] == 0
    assert link.is_symlink()
    assert json.loads(file.read_text())["user_id"] == "ada"


def test_a_full_disk_leaves_no_half_file(data: Path, run: Run) -> None:
    full = Path("/dev/full")
    with full.open("w") as stdout:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "nexus_trio", "sessions", "list"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"NEXUS_DATA": str(data)},
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        2,
        "nexus-trio: can't write the output: No space left on device\n",
    )


def test_a_reader_that_has_had_enough_ends_it_quietly(data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "nexus_trio", "sessions", "export", "ada"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"NEXUS_DATA": str(data)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


# --- two at once, and disks ---


async def test_a_folder_that_another_has_is_waited_for_and_then_refused(
    data: Path, autojump_clock: MockClock
) -> None:
    with claim(data):
        began = trio.current_time()
        with pytest.raises(SettingsError, match=f"process {os.getpid()} has the data folder"):
            await perform(data, Request("list"), take_nothing)
        assert trio.current_time() - began == pytest.approx(folder.TURNOVER_S, abs=1)


async def take_nothing(parts: Any) -> None:
    pass


async def test_two_commands_at_once_take_turns(tmp_path: Path) -> None:
    await fill(tmp_path, {"ada": 3, "bob": 1})
    got: list[int] = []

    async def take(parts: Any) -> None:
        got.append(len(parts))

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(perform, tmp_path, Request("list"), take)
    assert got == [2, 2, 2]


class StuckStore(MemoryStore):
    """Has erased, and can't say so: its disk takes no writes, or not those that clean up."""

    healthy = True

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        await trio.sleep_forever()
        raise AssertionError


@pytest.mark.parametrize(("healthy", "after"), [(False, 5), (True, 600)])
async def test_an_erasure_on_a_broken_disk_is_given_up(
    autojump_clock: MockClock, healthy: bool, after: int
) -> None:
    store = StuckStore(Names())
    store.healthy = healthy
    await store.append([PutSession(SessionRecord("ada", "s", "e1", NOW, NOW))])
    began = trio.current_time()
    with pytest.raises(StoreUnavailable, match="erase again"):
        await Files(store).erase("ada")
    assert trio.current_time() - began == pytest.approx(after, abs=1)


def test_ctrl_c_ends_it_without_a_traceback(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_: object) -> None:
        async with trio.open_nursery():
            raise KeyboardInterrupt

    monkeypatch.setattr("nexus_trio.commands.asking.perform", partial(interrupted))
    assert run("list", "--data", data) == (130, "", "")
