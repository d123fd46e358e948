"""The lenient YAML reader for documents the 1.2 parser refuses: 1.1 syntax, 1.2 meaning of plain words.

Dates stay text, `on`, `yes` and `no` stay text, sexagesimal and octal numbers stay text. Imports PyYAML.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """PyYAML's safe loader with the core schema of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _regex, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+|[0-9]+[eE][-+]?[0-9]+)$",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_regex), [*_first] if _first != "~nN" else ["~", "n", "N", ""])


_INDENTED = re.compile(r"^ *\t[ \t]*", re.MULTILINE)
"""Lines indented by tabs, which YAML forbids and editors make."""


def _unknown(loader: Any, _suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        found[key if key.__hash__ is not None else str(key)] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_multi_constructor("!", _unknown)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
_Loader.add_constructor("tag:yaml.org,2002:binary", lambda loader, node: loader.construct_scalar(node))


def _depth(text: str) -> int:
    """How deep brackets nest at most, those in quotes counted too."""
    depth = deepest = 0
    for bracket in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if bracket.group() in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def parse_lenient(text: str) -> Any:
    """The first document of a YAML text. Raises ValueError with a one-line reason."""
    if _depth(text) > 1000:  # the parser recurses in native code: it must not see it
        raise ValueError("nested too deeply")
    clean = "".join(c if c in "\t\n\r\x85" or c.isprintable() or ord(c) > 0x9F else " " for c in text)
    try:
        return _read(clean)
    except ValueError:
        if not _INDENTED.search(clean):
            raise
        return _read(_INDENTED.sub(lambda match: match[0].expandtabs(4), clean))


def _read(clean: str) -> Any:
    loader = None
    try:
        loader = _Loader(clean)
        return loader.get_data() if loader.check_data() else None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error
    finally:
        if loader is not None:
            loader.dispose()
