"""The DDL of a store as the serve plane runs it, and the version of its format. Imports nothing of the kit.

`ddl.sql` is generated from `tables.py` (`python -m twinkit.store.tables > twinkit/store/ddl.sql`); a change of it
is a new `FORMAT`.
"""

from __future__ import annotations

from pathlib import Path

FORMAT = 1
"""Version of the tables; a file of a newer one is refused."""

APPLICATION = 0x7477_6E6B
"""SQLite application id of a store file (`twnk`), so that other programs' databases are told apart."""

SCRIPT = Path(__file__).with_name("ddl.sql").read_text(encoding="utf-8")
