"""Every broker keeps what the seam promises; here stand their names, and how each is opened."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from nexus_trio.broker.base import Broker
from nexus_trio.broker.local import LocalBroker
from nexus_trio.store.patience import Patience
from nexus_trio.testing.contracts.brokers import BrokerContract
from nexus_trio.testing.contracts.values import NOW
from nexus_trio.testing.fakes import FaultyStore
from nexus_trio.testing.hubs import Names


class TestLocal(BrokerContract):
    @pytest.fixture
    def store(self) -> FaultyStore:
        return FaultyStore(Names())

    @pytest.fixture
    async def broker(self, store: FaultyStore, autojump_clock: MockClock) -> Broker:
        return LocalBroker(store, Patience(10), lambda: NOW)
