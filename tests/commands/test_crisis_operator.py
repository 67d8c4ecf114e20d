"""`crisis report` and `crisis protocol`: a simulated year, periods, and wrong uses."""

from __future__ import annotations

import importlib.metadata
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from nexus_trio.cli import main
from nexus_trio.crisis import LEXICON
from nexus_trio.crisis.protocol import markdown
from nexus_trio.runtime.care import Care
from nexus_trio.runtime.frames import Answered, Noticed
from nexus_trio.server import open_hub
from nexus_trio.settings import Settings
from nexus_trio.store.base import Count, PutSession, SessionRecord
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.hubs import Names, open_fake_hub

WORDS = {
    "none": "the kettle is on",
    "concern": "I feel so hopeless",
    "crisis": "I want to die",
    "imminent": "I have the pills in my hand and I am going to kill myself tonight",
}
LOCALES = {"en-US": "US", "en-GB": "GB", "de-AT": "AT"}
MESSAGES = 700
YEAR_S = 365 * 86400.0

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NEXUS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """A command in this process: its exit status, and what it said on stdout and on stderr."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["crisis", *map(str, arguments)])
        said = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out.decode(), said.err.decode()

    return command


Tally = Counter[tuple[str, str, str, str]]
"""What was seen from outside: month, level, action and country, and how often."""


async def simulated_year() -> tuple[tuple[Count, ...], Tally]:
    """A year of some people's messages, in virtual time: the ledger, and what replies said.

    The server is started anew each month. The year ends, and the next begins, by UTC:
    somebody writes in the last second of the one, and in the first of the other.
    """
    random, store, tally, names = Random(7), MemoryStore(Names()), Tally(), Names()
    moments = [random.uniform(0, YEAR_S - 1) for _ in range(MESSAGES)]
    left = sorted([*moments, YEAR_S - 0.5, YEAR_S])
    while left:
        ends = left[0] + YEAR_S / 12
        async with open_fake_hub(store=store, names=names, since=0) as hub:
            while left and left[0] < ends:
                await one_of_them(hub, left.pop(0), random, tally)
    return await store.ledger(date(2026, 1, 1), date(2027, 1, 1)), tally


async def one_of_them(hub: Any, at: float, random: Random, tally: Tally) -> None:
    """A message at that moment: over a call, a connection, or one that nobody reads."""
    await trio.sleep_until(at)
    month = f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=at):%Y-%m}"
    user = f"user-{random.randrange(40)}"
    locale = random.choice(list(LOCALES))
    level = random.choices(list(WORDS), (60, 30, 8, 2))[0]
    way = random.random()
    if at >= YEAR_S - 0.5:
        level, way = "crisis", 1
    if way < 0.2:
        await with_acknowledgement(hub, user, WORDS[level], locale, month, tally)
    elif way < 0.25:
        await unread(hub, f"{user}-gone-{at}"[:64], WORDS[level], locale, month, tally)
    else:
        reply = await hub.ask(user, WORDS[level], locale=locale)
        note(tally, reply.crisis, LOCALES[locale], month)


async def unread(hub: Any, user: str, words: str, locale: str, month: str, tally: Tally) -> None:
    """Over a connection that is gone before it has read anything, and does not come back."""
    async with hub.connect(user) as one:
        one.message("m", words, locale=locale)
    await hub.wait_idle()
    (turn,) = (await hub.history(user)).turns
    note(tally, turn.crisis, LOCALES[locale], month, delivered=False)


def note(tally: Tally, view: Any, country: str, month: str, *, delivered: bool = True) -> None:
    if view.level != "none":
        tally[month, view.level, "detected", country] += 1
    if view.detected:
        tally[month, view.level, "issued", country] += 1
        tally[month, view.level, "delivered", country] += delivered


async def with_acknowledgement(
    hub: Any, user: str, words: str, locale: str, month: str, tally: Tally
) -> None:
    """Over a connection that acknowledges what it was shown."""
    async with hub.connect(user) as one:
        one.message("m", words, locale=locale)
        # One that nobody could acknowledge may come again before it.
        shown = []
        while not isinstance(frame := await one.outbox.receive(), Answered):
            shown += [frame] if isinstance(frame, Noticed) and frame.kind == "crisis" else []
        note(tally, frame.reply.crisis, LOCALES[locale], month)
        if shown:
            await one.acknowledge(frame.reply.position)
        for notice in shown:
            tally[month, notice.level, "seen", notice.country] += 1


async def keep(data: Path, counts: tuple[Count, ...]) -> None:
    async with open_store(data, "power", Names()) as store:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        await store.append([PutSession(SessionRecord("ada", "s", "e", now, now)), *counts])


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tally]:
    data = tmp_path_factory.mktemp("year")
    counts, tally = trio.run(simulated_year, clock=MockClock(autojump_threshold=0))
    trio.run(keep, data, counts)
    return data, tally


def total(
    tally: Tally, action: str, place: int = 2, value: str | None = None, year: str = "2026"
) -> int:
    return sum(
        n
        for key, n in tally.items()
        if key[0].startswith(year) and key[2] == action and value in (None, key[place])
    )


# --- the report ---


def test_a_year_s_report_is_what_was_seen_from_outside(run: Run, year: tuple[Path, Tally]) -> None:
    data, tally = year
    period = ("--data", data, "--since", "2026-01-01", "--until", "2026-12-31")
    status, shown, _ = run("report", *period, "--json")
    assert status == 0
    found = json.loads(shown)
    assert found["referrals"] == {
        action: total(tally, action) for action in ("issued", "delivered", "seen")
    }
    referrals = found["referrals"]
    assert referrals["issued"] > referrals["delivered"] > referrals["seen"] > 10
    assert referrals["issued"] > 60
    for action in ("detected", "issued", "delivered", "seen"):
        for level in ("concern", "crisis", "imminent"):
            assert found["by_level"][level][action] == total(tally, action, 1, level)
        for country in LOCALES.values():
            assert found["by_jurisdiction"][country][action] == total(tally, action, 3, country)
        for month in found["by_month"]:
            assert found["by_month"][month][action] == total(tally, action, 0, month)
    assert len(found["by_month"]) == 12
    assert list(found["by_lexicon"]) == [LEXICON]
    status, text, _ = run("report", *period)
    assert status == 0
    assert text.startswith("# Crisis referrals from 2026-01-01 to 2026-12-31\n")
    assert f"issued: **{found['referrals']['issued']}**" in text


def test_two_halves_are_the_whole(run: Run, year: tuple[Path, Tally]) -> None:
    data, _ = year
    issued = []
    for since, until in (
        ("2026-01-01", "2026-06-30"), ("2026-07-01", "2026-12-31"), ("2026-01-01", "2026-12-31"),
    ):  # fmt: skip
        _, shown, _ = run("report", "--data", data, "--since", since, "--until", until, "--json")
        issued.append(json.loads(shown)["referrals"]["issued"])
    assert issued[0] + issued[1] == issued[2]
    assert min(issued) > 0


def test_a_year_ends_where_it_ends_by_utc(run: Run, year: tuple[Path, Tally]) -> None:
    """One wrote in its last second, one in the first second of the next."""
    data, tally = year
    for first, issued in (("2026-12-31", None), ("2027-01-01", 1)):
        period = ("--since", first, "--until", first)
        _, shown, _ = run("report", "--data", data, *period, "--json")
        found = json.loads(shown)
        assert list(found["by_month"]) == [first[:7]]
        assert found["referrals"]["issued"] == (issued or found["referrals"]["issued"]) > 0
    assert total(tally, "issued", year="2027") == 1


def test_no_user_and_no_word_is_in_it(run: Run, year: tuple[Path, Tally]) -> None:
    data, _ = year
    for more in ([], ["--json"]):
        _, shown, _ = run("report", "--data", data, *more)
        assert "user-" not in shown
        assert not [words for words in WORDS.values() if words in shown]


def test_what_is_counted_survives_an_erasure_of_everyone(
    run: Run, year: tuple[Path, Tally]
) -> None:
    data, tally = year
    with pytest.raises(SystemExit):
        main(["sessions", "erase", "ada", "--data", str(data)])
    _, shown, _ = run(
        "report", "--data", data, "--since", "2026-01-01", "--until", "2026-12-31", "--json"
    )
    assert shown.index("{") >= 0
    found = json.loads(shown[shown.index("{") :])
    assert found["referrals"]["issued"] == total(tally, "issued")


@pytest.mark.parametrize("since", ["0001-01-01", "2026-01-01"])
def test_a_period_of_any_length(run: Run, year: tuple[Path, Tally], since: str) -> None:
    data, tally = year
    status, shown, _ = run(
        "report", "--data", data, "--since", since, "--until", "9999-12-31", "--json"
    )
    assert status == 0
    assert json.loads(shown)["referrals"]["issued"] == total(tally, "issued", year="")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "last week"], "--since must be a day, written YYYY-MM-DD"),
        (["--until", "2026-02-30"], "--until must be a day, written YYYY-MM-DD"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "is behind --until"),
        (["--since", "9999-01-01"], "is behind today"),
        (["--data", "nowhere"], "no data folder"),
    ],
)
def test_a_wrong_use_is_told_in_one_line(run: Run, arguments: list[str], said: str) -> None:
    status, shown, told = run("report", *arguments)
    assert (status, shown, told.count("\n")) == (2, "", 1)
    assert said in told


# --- the protocol ---


def test_the_protocol_is_that_of_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_JURISDICTIONS", "us-wa")
    monkeypatch.setenv("NEXUS_MINORS", "yes")
    monkeypatch.setenv("NEXUS_LOCALE", "en-GB")
    expected = markdown(
        Care(Settings(jurisdictions="us-wa", minors="yes", locale="en-GB")).configured("0.1.0")
    )
    status, shown, _ = run("protocol")
    assert (status, shown) == (0, expected)
    assert "once 1 hour has passed" in shown
    status, shown, _ = run("protocol", "--json")
    assert json.loads(shown) == {"protocol": expected, "lexicon": LEXICON, "running": False}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEXUS_JURISDICTIONS", "atlantis"),
        ("NEXUS_MINORS", "maybe"),
        ("NEXUS_LOCALE", "english"),
        ("NEXUS_LOCALE", "!!"),
        ("NEXUS_CRISIS_WEBHOOK_URL", "ftp://x"),
        ("NEXUS_CRISIS_WEBHOOK_URL", "http://127.0.0.1:1/"),  # without a secret
    ],
)
def test_a_setting_that_can_not_be_kept_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    status, _, told = run("protocol")
    assert (status, told.count("\n")) == (2, 1)
    assert "NEXUS_" in told


def test_the_protocol_of_a_running_server_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Whatever the command itself is set to: its reader publishes what runs."""
    theirs = Settings(data=str(tmp_path), locale="en-GB", jurisdictions="us-wa", minors="yes")
    ready, over = threading.Event(), threading.Event()

    async def server() -> None:
        async with open_hub(theirs):
            ready.set()
            await trio.to_thread.run_sync(over.wait)

    thread = threading.Thread(target=trio.run, args=(server,))
    thread.start()
    try:
        assert ready.wait(30)
        monkeypatch.setenv("NEXUS_LOCALE", "de-AT")
        shown = [run("protocol", "--data", tmp_path), run("protocol", "--data", tmp_path, "--json")]
    finally:
        over.set()
        thread.join()
    version = importlib.metadata.version("nexus-trio")
    expected = markdown(Care(theirs).configured(version))
    assert shown[0] == (0, expected, "")
    found = json.loads(shown[1][1])
    assert found == {"protocol": expected, "lexicon": LEXICON, "running": True}
    _, after, _ = run("protocol", "--data", tmp_path)
    assert after == markdown(Care(Settings(locale="de-AT")).configured(version))
