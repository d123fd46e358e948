"""Arguments of a call: texts, flags and numbers however they were sent, JSON inside forms. Imports: failing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from twins.slack.failing import fail, missing_argument

TRUE = frozenset({"true", "1", "yes", "on", "t"})


class Args:
    """The arguments of one call, from query, form or JSON."""

    __slots__ = ("data",)

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """An argument as text; `default` where it is not there, or is a file."""
        value = self.data.get(name)
        if isinstance(value, str):
            return value
        if value is None or not isinstance(value, int | float | list | dict):
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        return orjson.dumps(value).decode()

    def need(self, name: str) -> str:
        """A text that must be there. Raises `invalid_arguments`."""
        found = self.text(name)
        if not found:
            raise missing_argument(name)
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean: true, `true`, 1."""
        value = self.data.get(name)
        if value is None or value == "":
            return default
        return value if isinstance(value, bool) else str(value).lower() in TRUE

    def whole(self, name: str, default: int, error: str = "invalid_arguments") -> int:
        """An integer. Raises `error` for anything else."""
        value = self.data.get(name)
        if value is None or value == "":
            return default
        try:
            return int(float(value)) if not isinstance(value, bool) else int(value)
        except (TypeError, ValueError, OverflowError):
            raise fail(error) from None

    def json(self, name: str, error: str = "invalid_json") -> Any:
        """Structured data, or its JSON in a text; None where it is not there. Raises `error`."""
        value = self.data.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise fail(error) from None

    def names(self, name: str) -> list[str]:
        """A list, or a text with commas between its items (or JSON of a list)."""
        value = self.data.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str) and value.startswith("["):
            value = self.json(name)
        items = value if isinstance(value, list) else str(value).split(",")
        return [text for text in (str(item).strip() for item in items) if text]
