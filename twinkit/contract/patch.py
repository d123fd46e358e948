"""Patches: OAI Overlay 1.0 documents that correct a contract. Imports `load`, `finding` and `jsonpath`.

`{overlay: 1.0.0, info: {...}, actions: [{target: JSONPath, update: …} | {target: JSONPath, remove: true}]}`
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from twinkit.contract.finding import Finding
from twinkit.contract.jsonpath import Node, select
from twinkit.contract.load import Document, fetch, load, parse
from twinkit.errors import UsageError


def load_patched(source: str | Path) -> Document:
    """A document with `<name>.patch.yaml` beside it applied, when there is one (and the document is a file)."""
    document = load(source)
    patch = Path(str(source)).with_suffix(".patch.yaml")
    if patch.is_file():
        document.findings.extend(apply_patch(document.data, read_patch(patch)))
    return document


def read_patch(source: str | Path) -> dict[str, Any]:
    """A patch document. Raises UsageError when it cannot be read or is no Overlay document."""
    data = parse(fetch(str(source))[0], str(source))
    if not isinstance(data, dict) or not isinstance(data.get("actions"), list):
        raise UsageError(f"{source}: not a patch: an OAI Overlay 1.0 document with `actions` is expected")
    return data


def apply_patch(data: dict[str, Any], patch: dict[str, Any]) -> list[Finding]:
    """Apply every action in order, changing `data`. Findings name actions that did nothing. Raises UsageError on a
    target that is no JSONPath."""
    findings: list[Finding] = []
    actions = patch.get("actions")
    for at, action in enumerate(actions if isinstance(actions, list) else ()):
        where = f"/actions/{at}"
        target = action.get("target") if isinstance(action, dict) else None
        if not isinstance(target, str):
            findings.append(Finding("invalid-action", where, "an action needs `target`, a JSONPath"))
            continue
        nodes = select(data, target)
        if not nodes:
            findings.append(Finding("patch-without-target", where, f"{target!r} selects nothing"))
        elif action.get("remove") is True:
            _remove(nodes)
        elif "update" in action:
            for node in nodes:
                _update(node, action["update"])
        else:
            findings.append(Finding("invalid-action", where, "an action needs `update` or `remove: true`"))
    return findings


def _remove(nodes: list[Node]) -> None:
    for _, holder, key in sorted(nodes, key=lambda node: node[2] if isinstance(node[2], int) else -1, reverse=True):
        if holder is not None:
            del holder[key]


def _update(node: Node, update: Any) -> None:
    value, holder, key = node
    if isinstance(value, dict) and isinstance(update, dict):
        _merge(value, update)
    elif isinstance(value, list):
        value.extend(copy.deepcopy(update) if isinstance(update, list) else [copy.deepcopy(update)])
    elif holder is not None:
        holder[key] = copy.deepcopy(update)


def _merge(target: dict[str, Any], update: dict[str, Any]) -> None:
    """Mappings merge, lists are joined, anything else is replaced."""
    for key, value in update.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)
