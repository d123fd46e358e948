"""Ways to lay a change over a record: merge, JSON Merge Patch (RFC 7396), JSON Patch (RFC 6902). Pure functions."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def merge(current: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Top-level properties of `values` over `current`."""
    return {**current, **values}


def merge_patch(current: Any, patch: Any) -> Any:
    """RFC 7396: objects merge, null removes, anything else takes the place."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged[name] = None
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(current: dict[str, Any], operations: list[Any]) -> dict[str, Any]:
    """RFC 6902 on a copy; an operation that does not fit the record is passed over."""
    record = copy.deepcopy(current)
    for operation in operations:
        if isinstance(operation, Mapping):
            _apply(record, operation)
    return record


def _apply(record: dict[str, Any], operation: Mapping[str, Any]) -> None:
    verb = operation.get("op")
    found = _target(record, str(operation.get("path", "")))
    if found is None:
        return
    holder, key = found
    if verb in ("add", "replace"):
        _set(holder, key, copy.deepcopy(operation.get("value")), insert=verb == "add")
    elif verb == "remove":
        _remove(holder, key)
    elif verb in ("move", "copy"):
        source = _target(record, str(operation.get("from", "")))
        if source is None or (isinstance(source[0], dict) and source[1] not in source[0]):
            return
        value = copy.deepcopy(source[0][source[1]])
        if verb == "move":
            _remove(*source)
        _set(holder, key, value, insert=True)


def _target(record: Any, pointer: str) -> tuple[Any, Any] | None:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    if not parts:
        return None
    holder = record
    for part in parts[:-1]:
        if isinstance(holder, dict):
            holder = holder.get(part)
        elif isinstance(holder, list) and part.isdigit() and int(part) < len(holder):
            holder = holder[int(part)]
        else:
            return None
    last: Any = parts[-1]
    if isinstance(holder, list):
        if last == "-":
            return holder, len(holder)
        return (holder, int(last)) if last.isdigit() and int(last) <= len(holder) else None
    return (holder, last) if isinstance(holder, dict) else None


def _set(holder: Any, key: Any, value: Any, *, insert: bool) -> None:
    if isinstance(holder, list):
        if insert:
            holder.insert(key, value)
        elif key < len(holder):
            holder[key] = value
    else:
        holder[key] = value


def _remove(holder: Any, key: Any) -> None:
    if isinstance(holder, list):
        if key < len(holder):
            del holder[key]
    else:
        holder.pop(key, None)
