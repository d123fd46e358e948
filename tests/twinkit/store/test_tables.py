from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlmodel import Session, create_engine, select

from twinkit.store import Filter, Store
from twinkit.store.conditions import OPS
from twinkit.store.ddl import SCRIPT
from twinkit.store.tables import Record, Table, ddl


def test_the_ddl_is_that_of_the_tables() -> None:
    assert ddl() == SCRIPT, "run: python -m twinkit.store.tables > twinkit/store/ddl.sql"


def test_the_module_prints_the_ddl() -> None:
    command = [sys.executable, "-m", "twinkit.store.tables"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == SCRIPT


def test_the_store_has_exactly_these_tables(store: Store) -> None:
    found: dict[str, list[str]] = {}
    for (name,) in store._execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        found[name] = [row[1] for row in store._execute(f"PRAGMA table_info({name})").fetchall()]
    tables: dict[str, Any] = dict(Table.metadata.tables)
    assert found == {name: [column.name for column in table.columns] for name, table in tables.items()}


def test_running_a_store_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom twinkit.store import Filter, Store\nstore = Store.memory()\n"
        "store.insert('a', {'id': 'b'}); store.list('a', [Filter('x', '=', 1)]); store.snapshot()\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'sqlmodel', 'sqlalchemy', 'pydantic', 'httpx', 'yaml', 'asyncio'}))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_file_is_read_with_the_table_classes(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    store = Store.open(path, service="test")
    store.insert("customer", {"id": "cus_1", "name": "Jenny"})
    store.insert("customer", {"id": "cus_2"})
    store.delete("customer", "cus_2")
    store.list("customer", [Filter("name", "words", "jenny"), Filter("id", "=", "cus_1")])
    store.close()
    engine = create_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        found = session.exec(select(Record).where(Record.resource == "customer", Record.deleted == 0)).all()
        assert [(record.id, record.data) for record in found] == [("cus_1", '{"id":"cus_1","name":"Jenny"}')]
    engine.dispose()


def test_the_documentation_names_every_operator() -> None:
    text = (Path(__file__).parents[3] / "docs" / "store.md").read_text(encoding="utf-8")
    table = text.partition("| Operator |")[2]
    assert [op for op in OPS if f"`{op}`" not in table] == []
