"""The twins that come with the kit pass the lint that authors are asked to pass."""

from __future__ import annotations

import pytest

from twinkit.lint import lint
from twinkit.server.catalogue import installed_twin


@pytest.mark.parametrize("name", ["stripe", "slack", "okta", "mail"])
def test_a_shipped_twin_is_clean(name: str) -> None:
    assert [str(finding) for finding in lint(name, installed_twin)] == []
