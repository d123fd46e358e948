"""A server of the notes twin for the tests here, and a private instance for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twinkit.notes import notes
from twinkit.testing import Twin, TwinServer


@pytest.fixture(scope="module")
def server() -> Iterator[TwinServer]:
    with TwinServer(notes()) as running:
        yield running


@pytest.fixture
def twin(server: TwinServer) -> Iterator[Twin]:
    made = server.instance()
    yield made
    server.remove(made)
