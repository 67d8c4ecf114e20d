"""What every adapter of a seam must keep: classes of tests, to be inherited. They need pytest.

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def store(self) -> AsyncIterator[Store]:
            async with my_store() as made:
                yield made

`stores.StoreContract` (and `DurableStoreContract`), `brokers.BrokerContract` and
`responders.ResponderContract` say in their docstrings which fixtures they want. Have pytest
explain their assertions: `pytest.register_assert_rewrite("nexus_trio.testing.contracts")` in a
conftest.py, before they are imported. Async tests run under pytest-trio.
"""
