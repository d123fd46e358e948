"""Lint of a document: what was skipped or read otherwise than written, keys that come twice, what was not understood.

Imports: contract, overlay.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from twinkit.contract.finding import Finding
from twinkit.contract.load import decoded, fetch, unpacked
from twinkit.overlay.cache import document_sources
from twinkit.overlay.compile import compile_sources

LARGEST = 4_000_000
"""Characters of YAML up to which keys are looked at one by one."""


def lint_document(source: str) -> list[Finding]:
    """Findings about a document, the same thing once. Raises UsageError when it cannot be read."""
    built = compile_sources(document_sources(source))
    return list(dict.fromkeys([*repeated(source), *built.findings]))


def repeated(source: str) -> list[Finding]:
    """`repeated-key`: a mapping has a key twice, of which the last counts; `tabs`: YAML that is indented by tabs."""
    text = decoded(unpacked(fetch(source)[0], source))
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return list(_in_json(text))
    found = list(_in_yaml(text)) if len(text) <= LARGEST else []
    tabs = re.search(r"^ *\t\s*\S", text, re.MULTILINE)
    if tabs:
        line = text.count("\n", 0, tabs.start()) + 1
        found.append(Finding("tabs", f"line {line}", "indented by tabs, which YAML forbids; read as four blanks each"))
    return found


def _in_json(text: str) -> Iterator[Finding]:
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            counts = Counter(name for name, _ in items)
            twice.extend(sorted(name for name, count in counts.items() if count > 1))
        return found

    try:
        json.loads(text, object_pairs_hook=pairs, strict=False)
    except (ValueError, RecursionError):
        return
    for name in twice:
        yield Finding("repeated-key", json.dumps(name, ensure_ascii=False), "the key comes twice; the last one counts")


def _in_yaml(text: str) -> Iterator[Finding]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        pending = [yaml.compose(text, Loader=loader)]
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            names: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if isinstance(key, yaml.ScalarNode) and key.value in names and key.value != "<<":
                    first = names[key.value]
                    yield Finding(
                        "repeated-key", f"line {line}", f"{key.value!r} is in line {first} already; the last one counts"
                    )
                names.setdefault(str(key.value) if isinstance(key, yaml.ScalarNode) else f"line {line}", line)
                pending.append(value)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
