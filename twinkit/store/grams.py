"""Parts of texts of three characters, by which a search for part of a text finds few records. Imports: words.

A text is folded and stands between two marks, so that its beginning and its end have parts of their own. SQLite's
full-text tables (FTS5) hold the parts and join their lists; what they find is looked at again.
"""

from __future__ import annotations

import sqlite3
from functools import cache

import orjson

from twinkit.store.words import fold, texts

BEGIN, END = "\x02", "\x03"
SIZE = 3
MOST = 12
"""How many parts of a text are looked for at most; twelve leave little to look at."""
TABLE = "fts5(text, content = '', columnsize = 0, detail = 'none', tokenize = 'trigram case_sensitive 1')"


def marked(json: str | None) -> str:
    """SQL function `marked`: the texts in a JSON value, folded, each between two marks."""
    found = () if json is None else texts(orjson.loads(json))
    return "".join(f"{BEGIN}{_clean(text)}{END}" for text in found)


def match(op: str, text: str) -> str:
    """What a full-text table is asked for, of a search for a text; empty when the text is too short for it."""
    whole = f"{BEGIN if op == 'starts' else ''}{_clean(text)}{END if op == 'ends' else ''}"
    parts = dict.fromkeys(whole[at : at + SIZE] for at in range(len(whole) - SIZE + 1))
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in list(parts)[:MOST])


def _clean(text: str) -> str:
    """A text as it is kept: a full-text table would end it at a NUL."""
    return fold(text).replace("\0", "\ufffd")


@cache
def available() -> bool:
    """Whether this Python's SQLite has full-text tables; without them such searches read every record."""
    connection = sqlite3.connect(":memory:")
    try:
        return bool(connection.execute("SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'").fetchone()[0])
    finally:
        connection.close()


def register(connection: sqlite3.Connection) -> None:
    """Make the function known to a connection."""
    connection.create_function("marked", 1, marked, deterministic=True)
