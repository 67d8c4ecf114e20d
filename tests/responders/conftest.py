"""The model server that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nexus_trio.testing.model_server import Running, running


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    with running() as found:
        yield found
        assert found.process.poll() is None, "the model server has crashed"
