"""Clients of twins cost next to nothing: what they trust is read once in a process."""

from __future__ import annotations

import ssl

import pytest

from tests.twinkit.notes import notes
from twinkit.testing import TwinServer
from twinkit.testing.plane import certificates


def test_certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    certificates()
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: pytest.fail("certificates are read again"))
    with TwinServer(notes()) as server:
        for _ in range(2):
            twin = server.instance()
            assert twin.client.get("/no/such/path").status_code == 404
            server.remove(twin)
