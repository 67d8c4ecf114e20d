"""The control socket over a hub: what it answers, and what nobody can do to it."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path

import pytest
import trio
from control_wire import LIST, Heard, ask, connect, open_control, parts, rest_of
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.control import listener, place
from nexus_trio.control.client import ask_server
from nexus_trio.control.listener import CONNECTIONS, serve_control
from nexus_trio.control.protocol import REQUEST_BYTES, Request
from nexus_trio.errors import InvalidRequest, NotFound, RateLimited, SettingsError
from nexus_trio.model.envelope import Erased
from nexus_trio.runtime.records import Records
from nexus_trio.server import open_hub
from nexus_trio.settings import Settings
from nexus_trio.store.base import StoredSession
from nexus_trio.testing.fakes import FakeResponder, FaultyStore
from nexus_trio.testing.hubs import Names

SHOW = b'{"control":1,"do":"show","user_id":"ada"}\n'
EXPORT = b'{"control":1,"do":"export","user_id":"ada"}\n'


async def heard(folder: Path, *request: str) -> Heard:
    got = Heard()
    assert await ask_server(folder, Request(*request), got.take)  # type: ignore[arg-type]
    return got


# --- what it answers ---


async def test_list_shows_stored_and_live_sessions_by_user_id(tmp_path: Path) -> None:
    store = FaultyStore(Names())
    async with open_control(tmp_path, store=store) as hub:
        await hub.ask("cy", "hello")
    async with open_control(tmp_path, store=store) as hub:
        await hub.ask("bob", "hello", room="Garden")
        async with hub.attach("ada"):
            got = (await heard(tmp_path, "list")).named("session")
    rows = [(s["user_id"], s["live"], s["room"], s["connections"]) for s in got]
    assert rows == [
        ("ada", True, "Tower", 1),
        ("bob", True, "Garden", 0),
        ("cy", False, None, 0),
    ]
    assert [s["session_messages"] for s in got] == [0, 1, 1]
    assert not any("crisis_level" in s for s in got)


async def test_the_ledger_is_told_with_what_has_just_been_counted(tmp_path: Path) -> None:
    async with open_control(tmp_path) as hub:
        await hub.ask("ada", "I want to die")
        await wait_all_tasks_blocked()
        heard = Heard()
        days = (date(2026, 1, 1), date(2026, 1, 1))
        assert await ask_server(tmp_path, Request("ledger", period=days), heard.take)
        assert {name for name, _ in heard.parts} == {"count"}
        found = {count["action"]: count["number"] for count in heard.named("count")}
        assert found == {"detected": 1, "issued": 1, "delivered": 1}
        heard = Heard()
        other = (date(2026, 1, 2), date(2026, 12, 31))
        assert await ask_server(tmp_path, Request("ledger", period=other), heard.take)
        assert heard.parts == []


@pytest.mark.parametrize(
    "more",
    ["", ',"since":"2026-01-01"', ',"since":"2026-01-02","until":"2026-01-01"', ',"since":1'],
)
async def test_a_period_that_is_none_is_refused(tmp_path: Path, more: str) -> None:
    async with open_control(tmp_path):
        reply = await ask(tmp_path, f'{{"control":1,"do":"ledger"{more}}}\n'.encode())
        assert reply[-1][0] == "end"
        assert reply[-1][1]["code"] == "invalid_request"


async def test_list_goes_through_all_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_trio.runtime.records.SESSIONS", 3)
    async with open_control(tmp_path) as hub:
        for number in range(8):
            await hub.ask(f"user-{number}", "hello")
        got = await heard(tmp_path, "list")
    assert [s["user_id"] for s in got.named("session")] == [f"user-{n}" for n in range(8)]


async def test_show_is_one_session_without_its_words(tmp_path: Path) -> None:
    async with open_control(tmp_path) as hub:
        await hub.ask("ada", "my secret words", username="Ada")
        await hub.ask("ada", "I want to die")
        got = await heard(tmp_path, "show", "ada")
        (shown,) = got.named("session")
        view = await hub.session("ada")
    assert shown["session_id"] == view.session_id
    assert (shown["live"], shown["username"], shown["room"]) == (True, "Ada", "Tower")
    assert (shown["crisis_level"], shown["session_messages"]) == ("crisis", 2)
    assert shown["unfinished"] is False
    for words in ("secret", "want to die", "reply 1"):
        assert words not in str(got.parts)


async def test_erase_says_what_it_took_and_then_nothing_is_found(tmp_path: Path) -> None:
    async with open_control(tmp_path) as hub:
        await hub.ask("ada", "hello")
        await hub.say("ada", "Tower", "aloud")
        got = await heard(tmp_path, "erase", "ada")
        assert got.parts == [("erased", {"turns": 1, "events": 3})]
        for verb in ("show", "export", "erase"):
            with pytest.raises(NotFound, match="nothing is held"):
                await heard(tmp_path, verb, "ada")
        assert (await heard(tmp_path, "list")).parts == []


async def test_asking_makes_nothing(tmp_path: Path) -> None:
    store = FaultyStore(Names())
    async with open_control(tmp_path, store=store) as hub:
        await hub.ask("ada", "hello")
    async with open_control(tmp_path, store=store) as hub:
        before = len(store.appends)
        for verb in ("show", "export"):
            await heard(tmp_path, verb, "ada")
            with pytest.raises(NotFound):
                await heard(tmp_path, verb, "eve")
        await heard(tmp_path, "list")
        assert hub.statistics().sessions == 0
        assert len(store.appends) == before


async def test_it_answers_while_the_hub_drains(tmp_path: Path) -> None:
    responder = FakeResponder(mode="hang")
    async with open_control(tmp_path, responder) as hub, trio.open_nursery() as nursery:
        nursery.start_soon(hub.ask, "ada", "hello")
        await wait_all_tasks_blocked()
        hub.refuse()
        (shown,) = (await heard(tmp_path, "show", "ada")).named("session")
        assert shown["unfinished"] is True
        assert len((await heard(tmp_path, "export", "ada")).named("turn")) == 1
        responder.release.set()
        await hub.wait_idle()
        assert (await heard(tmp_path, "erase", "ada")).parts[0][1]["turns"] == 1


async def test_a_store_that_hangs_is_told_in_time(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    store = FaultyStore(Names())
    async with open_control(tmp_path, store=store) as hub:
        await hub.ask("ada", "hello")
        store.fault = "hang"
        assert parts_end(await ask(tmp_path, EXPORT)) == "store_unavailable"
        store.fault = None
        await heard(tmp_path, "export", "ada")


# --- what nobody can do to it ---


def parts_end(found: list[tuple[str, dict[str, object]]]) -> object:
    """The code that a reply ended with; "ok" where it was whole, None where it was cut."""
    if not found or found[-1][0] != "end":
        return None
    end = found[-1][1]
    return "ok" if end["ok"] is True else end["code"]


BAD = {
    "nothing": b"\n",
    "no json": b"GET / HTTP/1.1\n",
    "no object": b'["control",1]\n',
    "no utf-8": b'{"control":1,"do":"\xff"}\n',
    "deep": b"[" * (REQUEST_BYTES - 1) + b"\n",
    "long": b'{"control":1,"do":"' + b"x" * REQUEST_BYTES + b'"}\n',
    "without an end": b"x" * (REQUEST_BYTES + 1),
    "two requests": LIST + LIST,
    "no version": b'{"do":"list"}\n',
    "another version": b'{"control":2,"do":"list"}\n',
    "no verb": b'{"control":1}\n',
    "another verb": b'{"control":1,"do":"grant"}\n',
    "a verb of another type": b'{"control":1,"do":["list"]}\n',
    "no user": b'{"control":1,"do":"erase"}\n',
    "a bad user": b'{"control":1,"do":"erase","user_id":"../ada"}\n',
    "a user of another type": b'{"control":1,"do":"erase","user_id":{"$ne":""}}\n',
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_request_is_refused_and_changes_nothing(tmp_path: Path, name: str) -> None:
    async with open_control(tmp_path) as hub:
        await hub.ask("ada", "hello")
        found = await ask(tmp_path, BAD[name])
        assert parts_end(found) == "invalid_request"
        assert len(found) == 1
        assert (await hub.ask("ada", "still there?")).turn == 2
        assert len((await heard(tmp_path, "list")).parts) == 1


@pytest.mark.parametrize("sent", [b"", LIST[:-1], b"\x00"])
async def test_a_request_that_is_torn_off_is_refused(tmp_path: Path, sent: bytes) -> None:
    async with open_control(tmp_path):
        assert parts_end(await ask(tmp_path, sent, end=True)) == "invalid_request"
        assert (await heard(tmp_path, "list")).parts == []


async def test_a_silent_client_is_sent_away(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_control(tmp_path), await connect(tmp_path) as stream:
        await stream.send_all(LIST[:5])
        began = trio.current_time()
        assert parts_end(await rest_of(stream)) == "invalid_request"
        assert trio.current_time() - began == pytest.approx(listener.REQUEST_S)


async def test_who_comes_when_all_places_are_taken_is_told_so(tmp_path: Path) -> None:
    async with open_control(tmp_path) as hub:
        silent = [await connect(tmp_path) for _ in range(CONNECTIONS)]
        await wait_all_tasks_blocked()
        with pytest.raises(RateLimited, match="try again"):
            await heard(tmp_path, "list")
        assert (await hub.ask("ada", "hello")).turn == 1
        for stream in silent[1:]:
            await stream.aclose()
        await wait_all_tasks_blocked()
        assert len((await heard(tmp_path, "list")).parts) == 1
        await silent[0].send_all(LIST)
        assert parts_end(await rest_of(silent[0])) == "ok"
        await silent[0].aclose()


class SlowStore(FaultyStore):
    """Takes its time for a page, so that commands overlap."""

    async def sessions(self, after: str | None, limit: int) -> tuple[StoredSession, ...]:
        for _ in range(20):
            await trio.lowlevel.checkpoint()
        return await super().sessions(after, limit)


async def test_a_flood_of_connections_is_answered_one_and_all(tmp_path: Path) -> None:
    ends: list[object] = []

    async def one(number: int) -> None:
        stream = await connect(tmp_path)
        async with stream:
            if number % 3 == 0:
                return  # gone before it said a word
            with suppress(trio.BrokenResourceError):  # sent away already
                await stream.send_all(BAD["no json"] if number % 3 == 1 else LIST)
            ends.append(parts_end(await rest_of(stream)))

    async with open_control(tmp_path, store=SlowStore(Names())) as hub:
        for _ in range(10):
            async with trio.open_nursery() as nursery:
                for number in range(50):
                    nursery.start_soon(one, number)
                assert (await hub.ask("ada", "meanwhile")).response
        await wait_all_tasks_blocked()
        assert set(ends) <= {"ok", "invalid_request", "rate_limited"}
        assert {"ok", "rate_limited"} <= set(ends)
        assert len((await heard(tmp_path, "list")).parts) == 1


async def long_history(store: FaultyStore, folder: Path, turns: int) -> None:
    async with open_control(folder, store=store) as hub:
        for number in range(turns):
            await hub.ask("ada", f"{number} " + "words " * 1000)


async def test_a_reader_that_goes_away_in_the_middle_leaves_its_place(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    store = FaultyStore(Names())
    await long_history(store, tmp_path, 300)
    async with open_control(tmp_path, store=store):
        for _ in range(3 * CONNECTIONS):
            async with await connect(tmp_path) as stream:
                await stream.send_all(EXPORT)
                first = bytes(await stream.receive_some(1000))
                assert parts(first)[:1] == [("hello", {"control": 1})]
            await trio.sleep(2 * listener.PAUSE_S)  # the server may be in one
        assert len((await heard(tmp_path, "export", "ada")).named("turn")) == 300


async def test_a_reader_that_takes_nothing_loses_its_place_at_last(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    store = FaultyStore(Names())
    await long_history(store, tmp_path, 300)
    async with open_control(tmp_path, store=store), await connect(tmp_path) as stream:
        began = trio.current_time()
        await stream.send_all(EXPORT)
        # Nothing else can happen but that the server gives up.
        await trio.sleep(2 * listener.STALLED_S)
        data = b""
        while piece := await stream.receive_some():
            data += piece
        assert b'"end"' not in data
        assert trio.current_time() - began == pytest.approx(2 * listener.STALLED_S)


async def test_two_at_once_have_what_each_asked_for(tmp_path: Path) -> None:
    store = FaultyStore(Names())
    await long_history(store, tmp_path, 120)
    exports = [Heard() for _ in range(3)]
    async with open_control(tmp_path, store=store) as hub:
        await hub.ask("bob", "hello")
        async with trio.open_nursery() as nursery:
            for got in exports:
                nursery.start_soon(ask_server, tmp_path, Request("export", "ada"), got.take)
            erased = await heard(tmp_path, "erase", "bob")
        assert erased.parts[0][1]["turns"] == 1
    for got in exports:
        assert [t["turn"] for t in got.named("turn")] == list(range(1, 121))


async def test_who_is_erased_while_being_exported_is_not_half_exported(tmp_path: Path) -> None:
    store = FaultyStore(Names())
    await long_history(store, tmp_path, 300)
    async with open_control(tmp_path, store=store), await connect(tmp_path) as stream:
        await stream.send_all(EXPORT)
        await wait_all_tasks_blocked()  # it waits for us to read on
        await heard(tmp_path, "erase", "ada")
        assert parts_end(await rest_of(stream)) == "not_found"


class BrokenDesk:
    """Has a defect."""

    def __init__(self, records: Records) -> None:
        self.records = records

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        raise ZeroDivisionError(f"words of {user_id}")


async def test_a_defect_cuts_one_reply_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a").mkdir()
    async with (
        open_control(tmp_path / "a") as hub,
        serve_control(tmp_path, BrokenDesk(hub.records)),
    ):
        found = await ask(tmp_path, b'{"control":1,"do":"erase","user_id":"ada"}\n')
        assert parts_end(found) is None
        with pytest.raises(SettingsError, match="ask again"):
            await heard(tmp_path, "erase", "ada")
        assert parts_end(await ask(tmp_path, LIST)) == "ok"
    assert "ZeroDivisionError" in caplog.text
    assert "words of" not in caplog.text


async def test_a_server_that_ends_cuts_what_is_under_way(tmp_path: Path) -> None:
    store = FaultyStore(Names())
    await long_history(store, tmp_path, 300)
    async with open_control(tmp_path, store=store):
        stream = await connect(tmp_path)
        await stream.send_all(EXPORT)
        await wait_all_tasks_blocked()
        idle = await connect(tmp_path)
    async with stream, idle:
        assert parts_end(await rest_of(stream)) is None
        assert await rest_of(idle) == []
    assert os.listdir(tmp_path) == []
    assert not await ask_server(tmp_path, Request("list"), Heard().take)


# --- wherever a hub is open on a folder ---


async def test_a_hub_in_ones_own_program_answers_too(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"), durability="process")
    for turns in (1, 2):
        async with open_hub(settings) as hub:
            await hub.ask("ada", "hello")
            (session,) = (await heard(tmp_path / "data", "list")).named("session")
            assert (session["live"], session["session_messages"]) == (True, turns)
        assert "control.sock" not in os.listdir(tmp_path / "data")


async def test_a_hub_that_breaks_takes_its_socket_along(tmp_path: Path) -> None:
    with pytest.RaisesGroup(ZeroDivisionError, allow_unwrapped=True, flatten_subgroups=True):
        async with open_hub(Settings(data=str(tmp_path), durability="process")):
            raise ZeroDivisionError
    assert "control.sock" not in os.listdir(tmp_path)


async def test_a_hub_in_memory_has_no_folder_and_no_socket(tmp_path: Path) -> None:
    async with open_hub(Settings(data=str(tmp_path / "data"), durability="memory")):
        assert os.listdir(tmp_path) == []


# --- the command's side: servers that are none ---


async def answered_by(folder: Path, reply: bytes, *, then_close: bool = True) -> Heard:
    """What a command makes of a server that says `reply` to anything."""
    got = Heard()
    with place.listening(folder) as sock:
        sock.setblocking(False)
        server = trio.SocketListener(trio.socket.from_stdlib_socket(sock))

        async def serve() -> None:
            async with server, await server.accept() as stream:
                await stream.send_all(reply)
                if not then_close:
                    await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            try:
                await ask_server(folder, Request("list"), got.take)
            finally:
                nursery.cancel_scope.cancel()
    return got


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (b"", "went away"),
        (b'{"hello":{"control":1}}\n{"session":{"user_id":"a"}}\n', "went away"),
        (b'{"hello":{"control":1}}\n{"end":{"ok":tr', "went away"),
    ],
    ids=["nothing", "no end", "torn"],
)
async def test_a_reply_without_its_end_was_cut(tmp_path: Path, reply: bytes, says: str) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(SettingsError, match=says)):
        await answered_by(tmp_path, reply)


@pytest.mark.parametrize("reply", [b"hello\n", b"[]\n", b'{"end":1}\n', b"\xff\n"])
async def test_what_is_no_reply_is_told(tmp_path: Path, reply: bytes) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(SettingsError, match="can't be read")):
        await answered_by(tmp_path, reply)


async def test_a_line_without_an_end_is_not_read_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexus_trio.control.client.LINE", 1000)
    with pytest.RaisesGroup(pytest.RaisesExc(SettingsError, match="went away")):
        await answered_by(tmp_path, b'{"turn":"' + b"x" * 100_000, then_close=False)


@pytest.mark.parametrize("reply", [b"", b'{"hello":{"control":1}}\n'])
async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, autojump_clock: MockClock, reply: bytes
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(SettingsError, match="does not answer")):
        await answered_by(tmp_path, reply, then_close=False)


async def test_a_server_that_takes_nobody_any_more_is_told(tmp_path: Path) -> None:
    """It hangs, and its queue of connections is full."""
    with place.listening(tmp_path) as sock, ExitStack() as crowd:
        sock.listen(0)
        for _ in range(3):
            waiting = crowd.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(str(tmp_path / "control.sock"))
        with pytest.raises(SettingsError, match="ask again"):
            await ask_server(tmp_path, Request("list"), Heard().take)


async def test_an_unknown_code_is_an_error_all_the_same(tmp_path: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(InvalidRequest, match="too new")):
        await answered_by(
            tmp_path, b'{"end":{"ok":false,"code":"invalid_request","detail":"too new"}}\n'
        )
    with pytest.RaisesGroup(pytest.RaisesExc(Exception, match="odd")):
        await answered_by(tmp_path, b'{"end":{"ok":false,"code":"of tomorrow","detail":"odd"}}\n')


# --- its place ---


async def test_only_its_own_user_can_reach_it_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    rename = os.rename

    def looked(old: str, new: str, **how: int) -> None:
        made = tmp_path / old
        seen.append((mode(made.parent), mode(made)))
        rename(old, new, **how)

    monkeypatch.setattr(os, "rename", looked)
    os.chmod(tmp_path, 0o755)
    before = os.umask(0)
    try:
        async with open_control(tmp_path):
            assert mode(tmp_path / "control.sock") == 0o600
            assert os.listdir(tmp_path) == ["control.sock"]
    finally:
        os.umask(before)
    assert seen == [(0o700, 0o600)]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("left", ["dead socket", "half-made", "file"])
async def test_what_a_dead_server_left_is_replaced(tmp_path: Path, left: str) -> None:
    path = tmp_path / "control.sock"
    if left == "file":
        path.write_text("not a socket")
    else:
        if left == "half-made":
            (tmp_path / "control.new").mkdir()
            path = tmp_path / "control.new" / "control.sock"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    async with open_control(tmp_path):
        assert (await heard(tmp_path, "list")).parts == []
    assert os.listdir(tmp_path) == []


async def test_a_path_may_be_longer_than_a_sockets_address(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    async with open_control(folder) as hub:
        await hub.ask("ada", "hello")
        assert len((await heard(folder, "list")).parts) == 1


async def test_a_folder_that_can_not_have_one_is_refused_plainly(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()
    (tmp_path / "control.sock" / "something").touch()
    refusal = pytest.raises(SettingsError, match="choose another folder with --data")
    with refusal, place.listening(tmp_path):
        pass
