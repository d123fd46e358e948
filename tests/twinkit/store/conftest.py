from __future__ import annotations

from collections.abc import Iterator

import pytest

from twinkit.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.memory(service="test")
    yield store
    store.close()
