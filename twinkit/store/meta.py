"""Meta: what a store is and what its instance notes about itself, as text. Imports: core."""

from __future__ import annotations

from twinkit.store.core import Core


class Meta(Core):
    """Part of `Store`: `meta`, `set_meta`. The keys `format` and `service` are the store's own."""

    def meta(self, key: str) -> str | None:
        """The text kept under `key`."""
        row = self._execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def set_meta(self, key: str, value: str) -> None:
        """Keep a text under `key`."""
        self._put("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))
