"""What the tests of the Stripe twin's payments share: requests that are refused, in which words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

stripe = pytest.importorskip("stripe")


@contextmanager
def refusing(code: str | None = None, param: str | None = None, words: str = "") -> Iterator[None]:
    """What is done inside is refused with this code, parameter and part of the message, where they are given."""
    with pytest.raises(stripe.StripeError) as caught:
        yield
    error = caught.value.error
    assert code in (None, error.code)
    assert param in (None, error.param)
    assert words in error.message
