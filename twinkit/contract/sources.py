"""`SOURCES.toml`: where each contract came from, under which licence, and the hashes that prove it.

Imports `load` and `strip`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkit.contract.load import Document
from twinkit.contract.strip import dumps, strip
from twinkit.errors import UsageError, nearest

FILE = "SOURCES.toml"
_HEAD = "# Where the contracts of this folder come from. Written by `twin openapi add` and `twin openapi update`.\n"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "subscribe", "publish")


@dataclass(frozen=True, slots=True)
class Source:
    """One row: a contract and the document it was made from."""

    name: str
    source: str
    """URL of the document, or the name of its file."""
    version: str
    """`info.version` of the document."""
    format: str
    """Such as `OpenAPI 3.0.0` or `AsyncAPI 1.2.0`."""
    licence: str
    operations: int
    original_sha256: str
    contract_sha256: str


def make(name: str, document: Document, *, source: str = "", licence: str = "") -> tuple[bytes, Source]:
    """The contract file and the row for a document; the same document gives the same bytes."""
    text = dumps(strip(document.data))
    info = document.data.get("info")
    info = info if isinstance(info, dict) else {}
    declared = info.get("license")
    named = declared.get("identifier", declared.get("name")) if isinstance(declared, dict) else None
    row = Source(
        name=name,
        source=source or _public(document.source),
        version=str(info.get("version", "")),
        format=_format(document.data),
        licence=licence or (named if isinstance(named, str) else "unknown"),
        operations=_count(document.data),
        original_sha256=document.sha256,
        contract_sha256=hashlib.sha256(text).hexdigest(),
    )
    return text, row


def _public(source: str) -> str:
    return source if re.match(r"^https?://", source) else Path(source).name


def _format(data: dict[str, Any]) -> str:
    for key, word in (("openapi", "OpenAPI"), ("swagger", "OpenAPI"), ("asyncapi", "AsyncAPI")):
        if key in data:
            return f"{word} {data[key]}"
    return "OpenAPI"


def _count(data: dict[str, Any]) -> int:
    found = 0
    for home in ("paths", "topics", "channels"):
        items = data.get(home)
        for item in items.values() if isinstance(items, dict) else ():
            found += sum(1 for method in _METHODS if method in item) if isinstance(item, dict) else 0
    return found


def read_sources(folder: Path) -> dict[str, Source]:
    """The rows of a folder by name; empty when it has none. Raises UsageError on a file that is not ours."""
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        return {name: Source(name=name, **row) for name, row in data.items()}
    except (tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error


def sources_text(rows: Mapping[str, Source]) -> str:
    """Every row, sorted by name."""
    parts = [_HEAD]
    for name in sorted(rows):
        row = rows[name]
        parts.append(f"\n[{name if re.fullmatch(r'[A-Za-z0-9_-]+', name) else json.dumps(name)}]\n")
        for field in Source.__dataclass_fields__:
            if field != "name":
                parts.append(f"{field} = {json.dumps(getattr(row, field), ensure_ascii=False)}\n")
    return "".join(parts)


def save(folder: Path, name: str, document: Document, *, source: str = "", licence: str = "") -> Source:
    """Write `<name>.json` and its row. Raises UsageError when the name or the folder will not do."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(f"{name!r} will not do as a name: letters, digits, `-`, `_` and `.`")
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    rows = read_sources(folder)
    text, row = make(name, document, source=source, licence=licence)
    try:
        _replace({folder / f"{name}.json": text, folder / FILE: sources_text({**rows, name: row}).encode()})
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error}") from error
    return row


def _replace(files: Mapping[Path, bytes]) -> None:
    """Write all files beside their places first and then move them there, so that a full disk loses nothing."""
    halves = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in files}
    try:
        for path, content in files.items():
            halves[path].write_bytes(content)
        for path, half in halves.items():
            half.replace(path)
    finally:
        for half in halves.values():
            half.unlink(missing_ok=True)


def row_of(folder: Path, name: str) -> Source:
    """The row of a contract. Raises UsageError naming the nearest one."""
    rows = read_sources(folder)
    if name not in rows:
        raise UsageError(f"no contract {name!r} in {folder}{nearest(name, rows)}; add it with `twin openapi add`")
    return rows[name]


def same_kind(old: Document, new: Document) -> None:
    """Raises UsageError when a document cannot be a newer one: it is of another kind, or has no operations left."""
    kinds = [_format(document.data).partition(" ")[0] for document in (old, new)]
    if kinds[0] != kinds[1]:
        raise UsageError(f"{new.source}: {kinds[1]}, the contract is {kinds[0]}; nothing was changed")
    if not _count(new.data) and _count(old.data):
        raise UsageError(f"{new.source}: has no operation, the contract has {_count(old.data)}; nothing was changed")
