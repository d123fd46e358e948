"""A small twin for tests of what stands around twins: the notes service with hosts, credentials and signatures.

Importable as `tests.twinkit.notes`; `installed` makes it an installed twin for child processes.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import yaml

from twinkit import testing
from twinkit.behaviour.twin import Twin

SOURCE = Path(__file__).parents[1] / "extension" / "notes"
OPTIONS = {
    "hosts": ["api.notes.example", "*.notes.example"],
    "live_credentials": ["live_"],
    "authorization": "Bearer {api_key}",
    "env": {"NOTES_URL": "{url}", "NOTES_KEY": "{api_key}"},
}


@cache
def notes() -> Twin:
    """The twin, compiled once."""
    folder = Path(mkdtemp(prefix="twinkit-notes-")) / "notes"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    overlay = yaml.safe_load((folder / "twin.yaml").read_text())
    overlay["options"] = OPTIONS
    (folder / "twin.yaml").write_text(yaml.safe_dump(overlay))
    made = Twin.load(folder)
    shutil.rmtree(folder.parent)

    @made.credentials
    def credentials(ctx: Any) -> dict[str, str]:
        return {"api_key": "key_test", "webhook_secret": "whsec_notes"}

    @made.sign
    def sign(body: bytes, secret: str, at: int, headers: dict[str, str]) -> dict[str, str]:
        digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Notes-Signature": f"t={at},v1={digest}"}

    @made.control("archive_all")
    def archive_all(ctx: Any, payload: dict[str, Any]) -> dict[str, int]:
        every = list(ctx.store.select("note"))
        for note in every:
            ctx.update("note", note["id"], {"archived": True})
        return {"archived": len(every)}

    return made


def installed(folder: Path) -> str:
    """Put a distribution that declares the twin into `folder`; returns the PYTHONPATH that a child process needs."""
    info = folder / "twinkit_notes-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twinkit-notes\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[twinkit.twins]\nnotes = twinkit_notes:twin\n")
    (folder / "twinkit_notes.py").write_text("from tests.twinkit.notes import notes\n\ntwin = notes()\n")
    return f"{folder}:{Path(__file__).parents[2]}"


@pytest.fixture(scope="module")
def server() -> Iterator[testing.TwinServer]:
    """A server of the notes twin."""
    with testing.TwinServer(notes()) as running:
        yield running


@pytest.fixture
def twin(server: testing.TwinServer) -> Iterator[testing.Twin]:
    """A private instance of it."""
    made = server.instance()
    yield made
    server.remove(made)
