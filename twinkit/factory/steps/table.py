"""A step's data table, and the words of its cells as JSON values. Imports nothing of the kit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any


def value(text: str) -> Any:
    """`12`, `true`, `null`, `"x"`, `[1]` and `{…}` as JSON; everything else is the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class Table:
    """Rows of cells. Two columns read as pairs; more read as records under a header row."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows = [list(row) for row in rows]

    def pairs(self) -> dict[str, Any]:
        """`| name | value |` rows as a dict. Raises ValueError unless every row has two cells and names differ."""
        if any(len(row) != 2 for row in self.rows):
            raise ValueError("write the table with two columns: name and value")
        names = [row[0] for row in self.rows]
        if len(set(names)) != len(names):
            raise ValueError("give every name in the table once")
        return {name: value(cell) for name, cell in self.rows}

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
