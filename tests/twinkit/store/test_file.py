"""The file behind `--db`: survival, identity, lock."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from twinkit.errors import UsageError
from twinkit.store import Filter, Store
from twinkit.store.ddl import APPLICATION

WRITER = """
import sys
from pathlib import Path
from twinkit.store import Store
store = Store.open(Path(sys.argv[1]), service="s")
number = store.count("thing")
while True:
    with store.transaction():
        store.insert("thing", {"id": str(number), "n": store.next("n")})
    print(number, flush=True)
    number += 1
"""


def test_state_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = Store.open(path, service="s")
    store.insert("thing", {"id": "a", "n": 1})
    store.list("thing", [Filter("n", "=", 1)])
    store.close()
    store = Store.open(path, service="s")
    assert store.list("thing", [Filter("n", "=", 1)]).ids == ["a"]
    store.close()
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    acknowledged = -1
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(100):
            acknowledged = int(child.stdout.readline())
        with pytest.raises(UsageError, match="in use"):
            Store.open(path, service="s")
        child.send_signal(signal.SIGKILL)
        acknowledged = _last(child, acknowledged)
    store = Store.open(path, service="s")
    numbers = [record["n"] for record in store.select("thing", order="oldest")]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) in (acknowledged + 1, acknowledged + 2)
    assert store.next("n") == len(numbers)
    store.close()


def _last(child: subprocess.Popen[str], acknowledged: int) -> int:
    assert child.stdout is not None
    whole = [line for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.stdout.close()
    child.wait()
    return int(whole[-1]) if whole else acknowledged


def test_one_file_has_one_user_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = Store.open(path, service="s")
    with pytest.raises(UsageError, match="in use"):
        Store.open(path, service="s")
    store.insert("thing", {"id": "a"})
    store.close()
    Store.open(path, service="s").close()


def test_another_service_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open(path, service="stripe").close()
    with pytest.raises(UsageError, match=r"holds the state of 'stripe', not of 'slack'"):
        Store.open(path, service="slack")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open(path, service="s").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    connection.close()
    with pytest.raises(UsageError, match="newer twinkit"):
        Store.open(path, service="s")


def test_what_is_no_store_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("something else entirely\n" * 100)
    with pytest.raises(UsageError, match="not a store file"):
        Store.open(text, service="s")
    assert text.read_text().startswith("something else")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE meta (a)")
    connection.close()
    with pytest.raises(UsageError, match="another program's database"):
        Store.open(foreign, service="s")
    with sqlite3.connect(foreign) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(UsageError, match="cannot use"):
        Store.open(foreign, service="s")
    assert foreign.read_bytes() == before
    with pytest.raises(UsageError, match="is a directory"):
        Store.open(tmp_path, service="s")
    with pytest.raises(UsageError, match="does not exist"):
        Store.open(tmp_path / "missing" / "a.db", service="s")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open(path, service="s").close()
    path.chmod(0o400)
    with pytest.raises(UsageError, match="cannot be written"):
        Store.open(path, service="s")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open(path, service="s").close()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UsageError, match="cannot use"):
        Store.open(path, service="s")


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    store = Store.open(path, service="s")
    assert store.meta("service") == "s"
    store.close()
