"""The scenes, searched within a bounded budget; `nox -s prove` searches them for longer."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prove import EXPECTED, FUNCTIONS, named
from scenarios import SCENES

from nexus_trio.model.presence import Presence
from nexus_trio.runtime import resume, session
from nexus_trio.runtime.frames import Delta, Noticed
from nexus_trio.runtime.live import Live
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.runtime.place import Place
from nexus_trio.runtime.room import RoomActor
from nexus_trio.runtime.turn import run_turn
from nexus_trio.testing import replay
from nexus_trio.testing.cancel import missed
from nexus_trio.testing.explore import Tally, explore
from nexus_trio.testing.play import Place as Struck
from nexus_trio.testing.strategies import Exhaustive, PartialOrder, RandomWalk

FOUND = sorted((Path(__file__).parent / "found").glob("*.json"))
ROOT = Path(__file__).parents[2]

RUNS = 40
"""Of each scene, in the suite: half of them in order of their deviations, half by chance."""


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved failures name their program from there."""
    monkeypatch.chdir(ROOT)


@cache
def searched() -> dict[str, Tally]:
    """Every scene: few deviations first, and a run by chance in between."""
    return {
        name: explore(
            named(name), [Exhaustive(2), RandomWalk(1), PartialOrder(1)], runs=RUNS, failures=1
        )
        for name in SCENES
    }


@cache
def cancelled(name: str) -> Tally:
    """The scene with each task hit at each of its steps, one a run."""
    return explore(named(name), Exhaustive(0, cancellations=1))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_holds_under_every_schedule(name: str) -> None:
    tally = searched()[name]
    tally.check()
    assert tally.interleavings == RUNS
    assert tally.schedules > RUNS / 2
    assert tally.overlaps > tally.interleavings


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_holds_wherever_a_task_is_cancelled(name: str) -> None:
    tally = cancelled(name)
    tally.check()
    assert tally.spent


def test_every_invariant_is_evaluated() -> None:
    counts: Counter[str] = Counter()
    for tally in searched().values():
        counts += tally.counts
    assert not {number for number in EXPECTED if not counts[number]}


def test_a_task_is_cancelled_at_every_await() -> None:
    """Of a turn, a session's loop, a room and a resume."""
    struck: set[Struck] = set()
    for name in SCENES:
        struck |= cancelled(name).struck
    assert not missed(FUNCTIONS, struck)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_holds_now(path: Path) -> None:
    run = replay.read(path).play(any_version=True)
    assert run.error is None, run.error
    assert run.steps > 10


# --- planted defects: a scene that can't fail proves nothing ---


def forget_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resume gives nothing of what was missed, and says that it did."""

    async def nothing(*arguments: Any) -> list[Any]:
        return []

    monkeypatch.setattr(session, "missed_turns", nothing)


def tell_no_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outbox drops crisis notices."""
    offer, preload = Outbox.offer, Outbox.preload

    def without(self: Outbox, frame: Any) -> None:
        if not isinstance(frame, Noticed):
            offer(self, frame)

    def none_before(self: Outbox, frames: Any) -> None:
        preload(self, [frame for frame in frames if not isinstance(frame, Noticed)])

    monkeypatch.setattr(Outbox, "offer", without)
    monkeypatch.setattr(Outbox, "preload", none_before)


def retell_from_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that runs during a resume is told from where it is."""
    retell = Live.retell
    monkeypatch.setattr(Live, "retell", lambda self, outbox: retell(self, outbox)[1:])


def drop_a_delta(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full outbox drops a delta instead of evicting its consumer."""
    offer = Outbox.offer

    def lossy(self: Outbox, frame: Any) -> None:
        if not (isinstance(frame, Delta) and len(self._frames) >= self._limit):
            offer(self, frame)

    monkeypatch.setattr(Outbox, "offer", lossy)


def stay_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that ends leaves its user in the room."""

    async def stay(self: Place) -> None:
        self._state.presence = Presence()

    monkeypatch.setattr(Place, "vacate", stay)


def look_at_what_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look shows the room as it was at the look before."""
    view, last = RoomActor.view, dict[int, Any]()

    def late(self: RoomActor) -> Any:
        now = view(self)
        return last.setdefault(id(self), now) if now.occupants else now

    monkeypatch.setattr(RoomActor, "view", late)


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], str, set[str]]] = [
    (forget_missed, "away for a whole turn", {"I18"}),
    (tell_no_notice, "a crisis notice against stop and disconnect", {"I24", "I18"}),
    (retell_from_the_middle, "back while a turn runs", {"I9"}),
    (drop_a_delta, "a slow consumer comes back", {"I9"}),
    (stay_after_the_end, "erasure against a turn", {"I13", "I15", "I16", "I19"}),
    (look_at_what_was, "two users come, speak and go", {"I13"}),
]


@pytest.mark.parametrize(
    ("plant", "name", "numbers"), PLANTED, ids=[each[0].__name__ for each in PLANTED]
)
def test_a_planted_defect_is_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    name: str,
    numbers: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    tally = explore(named(name), [Exhaustive(2), RandomWalk(1)], runs=300)
    assert tally.failures, f"not found in {tally.interleavings} runs"
    error = tally.failures[0].error
    assert getattr(error, "number", "") in numbers, error


def test_the_functions_to_be_covered_are_those_of_the_runtime() -> None:
    assert run_turn in FUNCTIONS
    assert resume.missed_room in FUNCTIONS
    assert all(inspect.iscoroutinefunction(function) for function in FUNCTIONS)
    assert len(FUNCTIONS) > 25
