"""Every store keeps what the seam promises; here stand their names, and how each is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from nexus_trio.store.base import Store
from nexus_trio.store.memory import MemoryStore
from nexus_trio.store.sqlite import open_store
from nexus_trio.testing.contracts.stores import (
    DurableStoreContract,
    OpenAgain,
    StoreContract,
)
from nexus_trio.testing.hubs import Names


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore(Names())


def opened(folder: Path, kind: str) -> AbstractAsyncContextManager[Store]:
    return open_store(folder / "data", kind, Names())  # type: ignore[arg-type]  # one of KINDS


@pytest.mark.parametrize("kind", ["process", "power"])
class TestSqlite(StoreContract, DurableStoreContract):
    @pytest.fixture
    def open_again(self, kind: str, tmp_path: Path) -> OpenAgain:
        return partial(opened, tmp_path, kind)

    @pytest.fixture
    async def store(self, open_again: OpenAgain) -> AsyncIterator[Store]:
        async with open_again() as made:
            yield made
