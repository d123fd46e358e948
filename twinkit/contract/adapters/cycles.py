"""Cutting schemas that contain themselves in place (circular allOf, alias of an alias). Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

PREFIX = "#/components/schemas/"
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


def cut(schemas: dict[str, Any], find: Callable[[str, str, str], None]) -> None:
    """Remove each reference by which a schema would have to be applied to a value in order to apply itself to it."""
    _part_bases(schemas)
    state: dict[str, int] = {}
    for start in list(schemas):
        if start in state:
            continue
        stack: list[tuple[str, Iterator[tuple[dict[str, Any], str]]]] = [(start, _in_place(schemas[start]))]
        state[start] = 1
        while stack:
            name, references = stack[-1]
            step = next(references, None)
            if step is None:
                state[name] = 2
                stack.pop()
                continue
            node, target = step
            if state.get(target) == 1:
                del node["$ref"]
                find(
                    "circular-schema", PREFIX + name, f"contains itself by way of {target}; that reference is left out"
                )
            elif target not in state and target in schemas:
                state[target] = 1
                stack.append((target, _in_place(schemas[target])))


def _part_bases(schemas: dict[str, Any]) -> None:
    """A base that lists its own heirs: heirs then extend `<base>.own`, the base without that list."""
    for name, schema in list(schemas.items()):
        for part in schema.get("allOf", ()) if isinstance(schema, dict) else ():
            reference = part.get("$ref") if isinstance(part, dict) else None
            base = reference[len(PREFIX) :] if isinstance(reference, str) else ""
            if base not in schemas or not _lists(schemas[base], name):
                continue
            own = base + ".own"
            kept = {
                key: value for key, value in schemas[base].items() if key not in ("oneOf", "anyOf", "discriminator")
            }
            schemas.setdefault(own, kept)
            part["$ref"] = PREFIX + own


def _lists(base: Any, heir: str) -> bool:
    if not isinstance(base, dict):
        return False
    branches = [*base.get("oneOf", ()), *base.get("anyOf", ())]
    return any(isinstance(branch, dict) and branch.get("$ref") == PREFIX + heir for branch in branches)


def _in_place(schema: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """References applied to the same value as the schema itself, with the node that holds each."""
    pending = [schema]
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield node, reference[len(PREFIX) :]
        for key in _LISTS:
            pending.extend(node.get(key, ()))
        pending.extend(node[key] for key in _SINGLE if key in node)
