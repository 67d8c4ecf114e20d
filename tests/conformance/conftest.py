"""The servers of this room: the real program, once by each entry, and a bystander at each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_socket import RawSocket, welcomed

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))

from bridge_process import ENTRIES, Bridge, bridge


@pytest.fixture(scope="session", params=ENTRIES)
def server(request: pytest.FixtureRequest) -> Iterator[Bridge]:
    """In memory: what is asked here is how it speaks, not what it keeps."""
    with bridge(request.param, NEXUS_DURABILITY="memory", NEXUS_PACE_S="0.01") as running:
        yield running
        assert running.process.poll() is None, running.said()
        # What ends a connection is told to its client; nothing broke in the server.
        assert "contained" not in running.said()
        assert "Traceback" not in running.said()


@pytest.fixture(scope="session")
def witness(server: Bridge) -> Iterator[RawSocket]:
    """A connection of somebody else that stays open through all cases.

    So does one of the user whom the cases are of.
    """
    with welcomed(server.port) as resident, welcomed(server.port, "witness", "Library") as raw:
        for each in (resident, raw):
            assert each.answer()["event"] == "joined"
        yield raw


@pytest.fixture(scope="session", autouse=True)
def silent(server: Bridge) -> Iterator[RawSocket]:
    """A connection that has never said hello: it is asked for its end when its time is over."""
    with RawSocket(server.port) as raw:
        raw.upgrade()
        yield raw


@pytest.fixture(autouse=True)
def bystander(witness: RawSocket) -> Iterator[RawSocket]:
    """Whatever a case sends, the bystander is answered after it."""
    yield witness
    witness.say(type="ping", ref="still here")
    assert witness.answer() == {"type": "pong", "ref": "still here"}
