"""A YAML file with the line of every key, so that a message can say where. Imports: errors; PyYAML.

Plain words keep their YAML 1.2 meaning (`on`, `off`, `yes` and dates stay text).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from twinkit.contract.yaml11 import parse_lenient
from twinkit.errors import AuthorError

Place = tuple[str | int, ...]


@dataclass(slots=True)
class YamlFile:
    """The content of a file, and line numbers (from 1) by the place of each key."""

    path: Path
    data: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)

    def where(self, place: Sequence[str | int]) -> str:
        """`twin.yaml:12: resources.note.id`, with the line of the nearest key that is in the file."""
        spot = tuple(place)
        while spot and spot not in self.lines:
            spot = spot[:-1]
        dotted = ".".join(str(part) for part in place)
        line = f":{self.lines[spot]}" if spot in self.lines else ""
        return f"{self.path.name}{line}: {dotted}" if dotted else f"{self.path.name}{line}"


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML mapping. Raises AuthorError when the file cannot be read or is none."""
    try:
        text = path.read_text(encoding="utf-8")
        data = parse_lenient(text)
    except (OSError, ValueError) as error:
        raise AuthorError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise AuthorError(f"{path}: a mapping is needed at the top, such as `twin: {path.parent.name}`")
    file = YamlFile(path, data)
    _lines(yaml.compose(text, Loader=yaml.SafeLoader), (), file.lines)
    return file


def _lines(node: Any, place: Place, out: dict[Place, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            out[below] = key.start_mark.line + 1
            _lines(value, below, out)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            out[(*place, number)] = value.start_mark.line + 1
            _lines(value, (*place, number), out)
