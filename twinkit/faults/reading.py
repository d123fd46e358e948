"""Reading plain values out of a profile while remembering where each stands and what was wrong with it.

A `Place` is one node of the document: readers take a value from it and note a `Mistake` instead of raising, so that
one check shows everything. YAML is parsed here (PyYAML, imported on use). Imports: clock, errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from twinkit.clock import SECOND
from twinkit.errors import UsageError, nearest

DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d)?")
UNITS = {"us": 1, "ms": 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, None: SECOND}
Path = tuple[str | int, ...]


class Mistake(NamedTuple):
    """One thing wrong in a profile: its line (0 when there is no text), where, and what to do."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        line = f"line {self.line}: " if self.line else ""
        where = f"{self.where}: " if self.where else ""
        return f"{line}{where}{self.message}"


class Place:
    """A value of the document with its path; children share the list of mistakes and the table of lines."""

    def __init__(self, value: Any, path: Path = (), lines: Mapping[Path, int] | None = None) -> None:
        self.value = value
        self.path = path
        self.lines: Mapping[Path, int] = lines or {}
        self.mistakes: list[Mistake] = []

    def child(self, key: str | int, value: Any) -> Place:
        """The place of one member or item."""
        place = Place(value, (*self.path, key), self.lines)
        place.mistakes = self.mistakes
        return place

    @property
    def line(self) -> int:
        """The line of this node or of the nearest one around it; 0 without text."""
        path = self.path
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def wrong(self, message: str) -> None:
        """Note a mistake here."""
        words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        self.mistakes.append(Mistake(self.line, words.lstrip("."), message))

    def members(self, known: Iterable[str], what: str) -> dict[str, Place]:
        """The members of a mapping by key; unknown keys are mistakes that name the nearest known one."""
        known = list(known)
        if not isinstance(self.value, Mapping):
            self.wrong(f"{what} is a mapping of {', '.join(known)}; this is {kind(self.value)}")
            return {}
        found: dict[str, Place] = {}
        for key, value in self.value.items():
            place = self.child(str(key), value)
            if key not in known:
                hint = nearest(str(key), known) or f"; {what} knows {', '.join(known)}"
                place.wrong(f"unknown key {str(key)!r}{hint}")
            else:
                found[key] = place
        return found

    def items(self) -> Iterator[Place]:
        """The items of a list, or the value itself as the only one."""
        if isinstance(self.value, list | tuple):
            for number, value in enumerate(self.value):
                yield self.child(number, value)
        else:
            yield self

    def text(self) -> str:
        """A string; numbers are taken as text."""
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return str(self.value)
        self.wrong(f"a text is wanted; this is {kind(self.value)}")
        return ""

    def texts(self) -> tuple[str, ...]:
        """One string or a list of them."""
        return tuple(place.text() for place in self.items())

    def word(self, known: Iterable[str], what: str) -> str:
        """One of a closed set of words."""
        known = list(known)
        if self.value not in known:
            hint = nearest(str(self.value), known)
            self.wrong(f"{self.value!r} is no {what}{hint} (one of {', '.join(known)})")
            return known[0]
        return str(self.value)

    def whole(self, least: int = 0) -> int:
        """A whole number not below `least`."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and self.value >= least:
            return self.value
        self.wrong(f"a whole number from {least} is wanted; this is {kind(self.value)}")
        return least

    def share(self) -> float:
        """A number from 0 to 1."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool) and 0 <= self.value <= 1:
            return float(self.value)
        self.wrong(f"a number from 0 to 1 is wanted; this is {kind(self.value)}")
        return 0.0

    def truth(self) -> bool:
        """true or false."""
        if isinstance(self.value, bool):
            return self.value
        self.wrong(f"true or false is wanted; this is {kind(self.value)}")
        return False

    def mapping(self) -> dict[str, Any]:
        """Any mapping."""
        if isinstance(self.value, Mapping):
            return {str(key): value for key, value in self.value.items()}
        self.wrong(f"a mapping is wanted; this is {kind(self.value)}")
        return {}

    def duration(self) -> int:
        """Microseconds of `250ms`, `2s`, `1.5m`, `3h`, `1d`, or of a number of seconds."""
        match = DURATION.fullmatch(str(self.value)) if not isinstance(self.value, bool) else None
        if match is None:
            self.wrong(f"{self.value!r} is no duration; write 250ms, 2s, 5m, 1h or 1d")
            return 0
        return int(float(match[1]) * UNITS[match[2]])


def kind(value: Any) -> str:
    """What a value is, in words for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"{value!r}"


def read_yaml(text: str, label: str = "") -> tuple[Any, dict[Path, int], list[Mistake]]:
    """The data of a YAML (or JSON) text, the line of each node by its path, and keys given twice.

    Instants stay text. Raises UsageError, with the label of the text and the line, when it is no YAML.
    """
    import yaml

    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        twice: list[Mistake] = []
        return _build(node, (), lines, twice, loader), lines, twice
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        source = f"{label}: " if label else ""
        raise UsageError(f"{source}{place}not YAML: {getattr(error, 'problem', error)}") from None
    finally:
        loader.dispose()


def _build(node: Any, path: Path, lines: dict[Path, int], twice: list[Mistake], loader: Any) -> Any:
    import yaml

    if node is None:
        return None
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            lines[(*path, key)] = key_node.start_mark.line + 1
            if key in found:
                twice.append(Mistake(key_node.start_mark.line + 1, "", f"key {key!r} stands here twice"))
            found[key] = _build(value_node, (*path, key), lines, twice, loader)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, number), lines, twice, loader) for number, item in enumerate(node.value)]
    return node.value if node.tag.endswith(":timestamp") else loader.construct_object(node)
