"""Servers that the tests of several modules share: one process each, private instances for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving import Served, serving


@pytest.fixture(scope="session")
def fixed_stripe() -> Iterator[Served]:
    """The Stripe twin on a clock that moves only when told."""
    with serving("stripe", "--seed", "7", "--clock", "fixed") as served:
        yield served["stripe"]


@pytest.fixture
def private_stripe(fixed_stripe: Served) -> Iterator[Served]:
    """A private instance of it."""
    with fixed_stripe.private() as private:
        yield private
