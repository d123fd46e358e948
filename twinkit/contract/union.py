"""Several contracts in canonical form as one, for a service that publishes more than one document.

The first contract keeps every name it has; a schema or an operation id of a later one that clashes gets that
document's name as a prefix. A path that is there already stays the first one's, with a finding.
Imports: contract (finding).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from twinkit.contract.finding import Finding

REFERENCE = "#/components/schemas/"


def unite(contracts: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[dict[str, Any], list[Finding]]:
    """One contract from (document name, canonical contract) pairs, and what was remarked on the way."""
    name, first = contracts[0]
    merged: dict[str, Any] = {**first, "operations": list(first["operations"]), "schemas": dict(first["schemas"])}
    merged["security_schemes"] = dict(first.get("security_schemes") or {})
    findings: list[Finding] = []
    for name, contract in contracts[1:]:
        _add(merged, name, contract, findings)
    return merged, findings


def _add(merged: dict[str, Any], name: str, contract: Mapping[str, Any], findings: list[Finding]) -> None:
    prefix = _prefix(name)
    schemas: dict[str, Any] = merged["schemas"]
    renamed = {
        key: f"{prefix}{key}" for key, schema in contract["schemas"].items() if schemas.get(key, schema) != schema
    }
    while True:
        dependent = {
            key
            for key, schema in contract["schemas"].items()
            if key in schemas and key not in renamed and _mentions(schema, renamed)
        }
        if not dependent:
            break
        renamed.update({key: f"{prefix}{key}" for key in dependent})
    for key, schema in contract["schemas"].items():
        schemas[renamed.get(key, key)] = _renamed(schema, renamed)
    for key, scheme in (contract.get("security_schemes") or {}).items():
        merged["security_schemes"].setdefault(key, scheme)
    paths = {(each["method"], each["path"]) for each in merged["operations"]}
    ids = {each["id"] for each in merged["operations"]}
    for operation in contract["operations"]:
        where = f"{operation['method']} {operation['path']}"
        if (operation["method"], operation["path"]) in paths:
            findings.append(Finding("duplicate-path", where, f"is in {name} too; the first document's is kept"))
            continue
        added = _renamed(operation, renamed)
        added.setdefault("security", contract.get("security") or [])
        if added["id"] in ids:
            added["id"] = f"{prefix}{added['id'][:1].upper()}{added['id'][1:]}"
            findings.append(Finding("duplicate-operation", where, f"its id is taken; it is called {added['id']} here"))
        merged["operations"].append(added)
        ids.add(added["id"])


def _prefix(name: str) -> str:
    """`okta-oauth.json` gives `oauth`: the last word of the document's name."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name
    return re.split(r"[^A-Za-z0-9]+", stem)[-1]


def _mentions(node: Any, names: Mapping[str, str]) -> bool:
    if isinstance(node, Mapping):
        target = node.get("$ref")
        if isinstance(target, str) and target.removeprefix(REFERENCE) in names:
            return True
        return any(_mentions(value, names) for value in node.values())
    return isinstance(node, list) and any(_mentions(value, names) for value in node)


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    """A copy with its references (and the mapping of discriminators) under the new names."""
    if isinstance(node, Mapping):
        return {key: _renamed(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, names) for value in node]
    if isinstance(node, str) and node.startswith(REFERENCE):
        name = node.removeprefix(REFERENCE)
        return REFERENCE + names.get(name, name)
    return node
