"""The network is pulled every second, for a while; for longer there is the script itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bridge_process import Bridge, bridge
from cut_network import cut_network, report


@pytest.fixture(scope="module")
def slow_writer() -> Iterator[Bridge]:
    """A server whose turns last about as long as a connection does here."""
    with bridge("serve", NEXUS_PACE_S="0.03", NEXUS_DURABILITY="process") as running:
        yield running


@pytest.mark.parametrize("every", [1.0, 0.2], ids=["every second", "five times a second"])
async def test_a_pulled_network_costs_no_reply_and_no_event(
    slow_writer: Bridge, every: float
) -> None:
    run = await cut_network(slow_writer.port, 8.0, every, seed=int(every * 10))
    assert run.wrong == [], report(run)
    # How much got through is chance and the machine's; that it was put to the test is not.
    assert run.replies
    assert run.murmured
    assert run.cuts > 1
    assert run.welcomes > 1
