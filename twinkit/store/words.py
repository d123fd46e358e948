"""Search in texts without regard to case: what words and folds are, as functions for SQL. Imports nothing of the kit.

The words of a text are its parts between white space, case-folded; those of a list are those of its texts. The table
`word` holds them for the fields that are searched, kept by triggers which the first search of a field makes.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson


def texts(value: Any) -> list[str]:
    """The texts in a JSON value as people write them: booleans as `true` and `false`, lists item by item."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [] if value is None or isinstance(value, dict) else [str(value)]


def fold(text: str) -> str:
    """A text without regard to case."""
    return text.casefold()


def words(value: Any) -> list[str]:
    """The different words of a JSON value, longest first."""
    found = {word for text in texts(value) for word in fold(text).split()}
    return sorted(found, key=lambda word: (-len(word), word))


def words_json(json: str | None) -> str:
    """SQL function `words`: the words of a JSON text, as a JSON array."""
    return "[]" if json is None else orjson.dumps(words(orjson.loads(json))).decode()


def has_words(json: str | None, wanted: str) -> bool:
    """SQL function: whether a JSON text has every word of a JSON array."""
    return json not in (None, "null") and not set(orjson.loads(wanted)).difference(words(orjson.loads(str(json))))


def holds(json: str | None, wanted: str) -> bool:
    """SQL function: whether a text of a JSON value contains a folded text."""
    return json is not None and any(wanted in fold(text) for text in texts(orjson.loads(json)))


def starts(json: str | None, wanted: str) -> bool:
    """SQL function: whether a text of a JSON value begins with a folded text."""
    return json is not None and any(fold(text).startswith(wanted) for text in texts(orjson.loads(json)))


def ends(json: str | None, wanted: str) -> bool:
    """SQL function: whether a text of a JSON value ends with a folded text."""
    return json is not None and any(fold(text).endswith(wanted) for text in texts(orjson.loads(json)))


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    connection.create_function("words", 1, words_json, deterministic=True)
    connection.create_function("has_words", 2, has_words, deterministic=True)
    for function in (holds, starts, ends):
        connection.create_function(function.__name__, 2, function, deterministic=True)
