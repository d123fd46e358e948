"""A step's data table, and the words of its cells as JSON values. Imports nothing of the kit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any


def value(text: str) -> Any:
    """`12`, `true`, `null`, `"x"`, `[1]`, `[${id}]` and `{…}` as JSON; everything else is the text itself."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return _with_references(text) if "${" in text and text[0] in "[{" else text


def _with_references(text: str) -> Any:
    """`[${id}]` as the list of what was kept: references outside of texts are values of their own."""
    try:
        return json.loads(_REFERENCE.sub(lambda found: found.group(1) or f'"{found.group(2)}"', text))
    except ValueError:
        return text


def _no_number(text: str) -> Any:
    raise ValueError(text)


def same(one: Any, other: Any) -> bool:
    """Equal and of the same kind: `1` is not `true`."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


_REFERENCE = re.compile(r'("(?:[^"\\]|\\.)*")|(\$\{[^}"]*\})')
HEADERS = {"field", "name", "key", "property", "parameter", "path", "column"}


class Table:
    """Rows of cells. Two columns read as pairs (a first row `| field | value |` is a heading); more read as records
    under a header row.
    """

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows = [list(row) for row in rows]

    def pairs(self) -> dict[str, Any]:
        """`| name | value |` rows as a dict. A header row with one row of three or more cells below it reads the same.

        Raises ValueError unless every row has two cells and names differ.
        """
        rows = self.rows
        if len(rows) == 2 and len(rows[0]) == len(rows[1]) > 2:
            rows = [[name, cell] for name, cell in zip(*rows, strict=True)]
        if any(len(row) != 2 for row in rows):
            raise ValueError("write the table with two columns: name and value")
        if len(rows) > 1 and rows[0][0].lower() in HEADERS and rows[0][1].lower() == "value":
            rows = rows[1:]
        names = [row[0] for row in rows]
        if len(set(names)) != len(names):
            raise ValueError("give every name in the table once")
        if not all(names):
            raise ValueError("give every value in the table a name")
        return {name: value(cell) for name, cell in rows}

    def records(self) -> list[dict[str, Any]]:
        """Rows below the header as dicts. Raises ValueError for a ragged table."""
        header, *rows = self.rows
        if any(len(row) != len(header) for row in rows):
            raise ValueError("give every row of the table as many cells as the header")
        return [{name: value(cell) for name, cell in zip(header, row, strict=True)} for row in rows]

    def nested(self) -> dict[str, Any]:
        """Pairs with dotted names unfolded: `address.city` becomes `{"address": {"city": …}}`."""
        result: dict[str, Any] = {}
        for name, cell in self.pairs().items():
            place = result
            *parents, last = name.split(".")
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = cell
        return result

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
