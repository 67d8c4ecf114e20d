"""When trio changes under the stepper, it says so, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio
from trio._core import _run

from nexus_trio.testing import Stepper, TrioChanged
from nexus_trio.testing.trio_internals import KNOWN_TO_WORK, check_trio


@pytest.fixture
def fresh_check() -> Iterator[None]:
    check_trio.cache_clear()
    yield
    check_trio.cache_clear()


def other_reschedule(self: object, task: object, next_send: object = None) -> None:
    """Stands for a trio that schedules in another way."""


@pytest.mark.usefixtures("fresh_check")
def test_this_trio_is_known() -> None:
    check_trio()
    assert trio.__version__ in KNOWN_TO_WORK, (
        f"trio {trio.__version__} still has every line that is relied on: where all of "
        "tests/testing passes, add it to KNOWN_TO_WORK and to the range in pyproject.toml"
    )


@pytest.mark.usefixtures("fresh_check")
def test_a_changed_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run.Runner, "reschedule", other_reschedule)
    with pytest.raises(
        TrioChanged, match=r"Runner\.reschedule the line 'self\.runq\.append"
    ) as err:
        Stepper()
    assert "Known to work: trio 0.35.0" in str(err.value)
    assert "pip install 'trio==0.35.0'" in str(err.value)
    assert not trio.lowlevel.in_trio_run()


@pytest.mark.usefixtures("fresh_check")
def test_a_missing_function_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_run.GuestState, "guest_tick")
    with pytest.raises(TrioChanged, match=r"GuestState\.guest_tick its source can't be read"):
        Stepper()
