"""Has pytest explain the assertions of the shipped contracts."""

import pytest

pytest.register_assert_rewrite("nexus_trio.testing.contracts")
