"""Adapters: a document of any OpenAPI version → the one canonical form that the index stores.

`reader` owns what the versions share (paths, references, names), `schemas` converts schema nodes, `v20`, `v30` and
`v31` say what differs. Imports `load`, `finding` and the standard library only.
"""

from __future__ import annotations

from typing import Any

from twinkit.contract.adapters.reader import Reader
from twinkit.contract.adapters.v20 import V20
from twinkit.contract.adapters.v30 import V30
from twinkit.contract.adapters.v31 import V31
from twinkit.contract.load import Document

__all__ = ["canonical", "reader"]


def reader(document: Document) -> Reader:
    """The adapter for the version the document declares, or seems to be written in."""
    declared = document.data.get("openapi", document.data.get("swagger"))
    version = str(declared) if isinstance(declared, str | int | float) else ""
    if version.startswith(("3.1", "3.2")):
        newer: Reader = V31(document)
        if version.startswith("3.2"):
            newer.find("unknown-version", "", f"version {version!r}; read as 3.1")
        return newer
    if version.startswith("3"):
        return V30(document)
    if version.startswith("2"):
        return V20(document)
    looks_old = "definitions" in document.data or "swagger" in document.data
    chosen: Reader = V20(document) if looks_old else V30(document)
    chosen.find("unknown-version", "", f"version {version or 'missing'!r}; read as {'2.0' if looks_old else '3.0'}")
    return chosen


def canonical(document: Document) -> dict[str, Any]:
    """The canonical form; what was skipped or mended is appended to `document.findings`.

    `{"service", "title", "version", "base_path", "security", "security_schemes", "operations": [...],
    "schemas": {name: schema}}`, operations with the fields of `model.Operation` and its parts.
    Never raises on broken parts; UsageError only for a document too large to expand.
    """
    return reader(document).canonical()
