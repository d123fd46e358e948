"""Bundling: other documents that a document refers to are put under `x-external`, references stay references.

Imports `load` (to fetch and parse) and the standard library.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from twinkit.contract.finding import Finding
from twinkit.contract.load import EXTERNAL, Unreachable, fetch, parse
from twinkit.errors import UsageError

MAX_DOCUMENTS = 500
_DATA = frozenset({"example", "examples", "default", "enum", "const", "x-examples"})
_NAMES = frozenset({"properties", "patternProperties", "schemas", "definitions", "$defs", "parameters", "responses"})
_REMOTE = re.compile(r"^https?://", re.IGNORECASE)


class _Bundle:
    def __init__(self, data: dict[str, Any], name: str) -> None:
        self.findings: list[Finding] = []
        self.data = data
        self.keys: dict[str, str] = {name: ""}
        self.failed: dict[str, str] = {}
        self.dead_hosts: set[str] = set()
        self.local = {node["$id"].partition("#")[0] for node, _ in _nodes(data) if isinstance(node.get("$id"), str)}
        home = "definitions" if "swagger" in data else "components"
        schemas = data.get(home)
        schemas = schemas.get("schemas") if home == "components" and isinstance(schemas, dict) else schemas
        self.schemas = frozenset(schemas) if isinstance(schemas, dict) else frozenset()

    def rewrite(self, data: Any, name: str) -> None:
        """Point every reference of the document `name` at the bundle."""
        prefix = f"#/{EXTERNAL}/{self.keys[name]}" if self.keys[name] else "#"
        for node, where in _nodes(data):
            reference = node.get("$ref")
            if not isinstance(reference, str) or not reference:
                continue
            place, _, fragment = reference.partition("#")
            if not place:
                if prefix != "#" and (not fragment or fragment.startswith("/")):
                    node["$ref"] = prefix + fragment
            elif place not in self.local and reference not in self.schemas:
                key = self._key(_join(name, place), where, reference)
                if key is not None:
                    node["$ref"] = (f"#/{EXTERNAL}/{key}" if key else "#") + fragment

    def _key(self, target: str, where: str, reference: str) -> str | None:
        """The key of another document, fetched on first use; None when it cannot be had."""
        if target in self.keys:
            return self.keys[target]
        if target not in self.failed:
            found = self._fetch(target)
            if isinstance(found, tuple):
                key = self.keys[target] = self._name(target)
                self.data.setdefault(EXTERNAL, {})[key] = found[0]
                self.rewrite(found[0], target)
                return key
            self.failed[target] = found
        self.findings.append(Finding("unreadable-reference", where, f"{reference!r}: {self.failed[target]}"))
        return None

    def _fetch(self, target: str) -> tuple[Any] | str:
        host = urlsplit(target).netloc if _REMOTE.match(target) else ""
        if len(self.keys) > MAX_DOCUMENTS:
            return f"more than {MAX_DOCUMENTS} documents"
        if host and host in self.dead_hosts:
            return f"{host} does not answer"
        try:
            raw, _ = fetch(target)
            return (parse(raw, target),)
        except UsageError as error:
            if isinstance(error, Unreachable):
                self.dead_hosts.add(host)
            return str(error)

    def _name(self, target: str) -> str:
        stem = posixpath.basename(target).partition(".")[0]
        wanted = re.sub(r"[^A-Za-z0-9_-]+", "_", stem) or "document"
        key, number = wanted, 2
        while key in self.keys.values():
            key, number = f"{wanted}_{number}", number + 1
        return key


def bundle(data: dict[str, Any], name: str) -> tuple[list[Finding], list[str]]:
    """Fetch what `data` (a document from `name`, a path or URL) refers to; changes `data`.

    Returns what was skipped and the files that were asked for, those that are not there too.
    """
    work = _Bundle(data, name)
    work.rewrite(data, name)
    asked = [target for target in (*work.keys, *work.failed) if target != name]
    return work.findings, [target for target in asked if "://" not in target]


def _join(base: str, place: str) -> str:
    if _REMOTE.match(place) or place.startswith("python://"):
        return place
    if _REMOTE.match(base) or base.startswith("python://"):
        scheme, _, rest = base.partition("://")
        return urljoin("http://" + rest, place).replace("http://", scheme + "://", 1)
    path = unquote(place.removeprefix("file://"))
    return posixpath.normpath(str(Path(base).parent / path))


def _nodes(root: Any) -> list[tuple[dict[str, Any], str]]:
    """Every mapping that can hold a reference, with its place; plain data such as examples is left alone."""
    found: list[tuple[dict[str, Any], str]] = []
    pending: list[tuple[Any, str, bool]] = [(root, "", False)]
    seen: set[int] = set()
    while pending:
        node, where, names = pending.pop()
        if id(node) in seen:
            continue
        if isinstance(node, dict):
            seen.add(id(node))
            if not names:
                found.append((node, where))
            for key, value in node.items():
                if (names or key not in _DATA) and key != EXTERNAL:
                    pending.append((value, f"{where}/{key}", not names and key in _NAMES))
        elif isinstance(node, list):
            seen.add(id(node))
            pending.extend((value, f"{where}/{at}", False) for at, value in enumerate(node))
    return found
