"""Servers that several modules share: a process takes longer to start than most tests to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bridge_process import ENTRIES, Bridge
from live_clients import moody


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the moody servers note; each test has its own users."""
    return tmp_path_factory.mktemp("moody") / "log"


@pytest.fixture(scope="session")
def calm(log: Path) -> Iterator[Bridge]:
    """A moody server as it is set by default."""
    with moody(log=log) as running:
        yield running
        assert running.process.poll() is None, running.said()


@pytest.fixture(scope="session")
def hasty(log: Path) -> Iterator[Bridge]:
    """A moody server whose every patience is short and whose every queue is small."""
    with moody(
        log=log,
        wishes={"ping": 0.3, "silence": 1.5, "heartbeat": 0.2},
        NEXUS_PRESENCE_GRACE_S="0.3",
        NEXUS_SESSION_IDLE_S="1",
        NEXUS_TURN_TIMEOUT_S="1",
        NEXUS_CRISIS_PATIENCE_S="0.5",
        NEXUS_OUTBOX_FRAMES="16",
    ) as running:
        yield running
        assert running.process.poll() is None, running.said()


@pytest.fixture(scope="session", params=ENTRIES)
def aborting(request: pytest.FixtureRequest, log: Path) -> Iterator[Bridge]:
    """A moody server that ends a turn whose connection goes away."""
    with moody(request.param, log, NEXUS_ON_DISCONNECT="abort") as running:
        yield running
        assert running.process.poll() is None, running.said()
