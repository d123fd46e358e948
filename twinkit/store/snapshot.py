"""Snapshots: frozen copies of a whole store, in memory or in a file. Imports: errors, core, file.

Copies are made page by page by SQLite's own backup, never by deserializing bytes into a live connection.
"""

from __future__ import annotations

import sqlite3

from twinkit.store.core import connect_memory


class Snapshot:
    """A frozen copy of a store; any number of stores can be restored from it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Snapshot:
        """A copy of the database behind a connection."""
        copy = connect_memory()
        connection.backup(copy)
        return cls(copy)

    def onto(self, connection: sqlite3.Connection) -> None:
        """Put the copy in the place of everything in the database behind a connection."""
        self._connection.backup(connection)

    def close(self) -> None:
        """Free the copy."""
        self._connection.close()

    def __del__(self) -> None:
        self._connection.close()
