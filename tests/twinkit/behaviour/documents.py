"""Twins of documents written in a test, over HTTP."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from twinkit.testing import TwinServer


@contextlib.contextmanager
def document_server(folder: Path, document: dict[str, Any] | str) -> Iterator[httpx.Client]:
    """A client of the twin of a document; what needs credentials has them."""
    file = folder / "service.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    with TwinServer(openapi=file) as server:
        twin = server.default()
        with httpx.Client(base_url=server.hosted["service"].url, timeout=30) as client:
            yield client
        twin.close()


def content(media: str, schema: Any) -> dict[str, Any]:
    """`content` of one media type."""
    return {"content": {media: {"schema": schema}}}
