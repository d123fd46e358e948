"""`Store`: the state of one instance of a twin, put together from its parts. Imports: every part.

Each part is one noun in a module of its own; this module joins what happens at commit, rollback and restore.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinkit.errors import StoreError
from twinkit.store.core import connect_memory, empty
from twinkit.store.events import Events
from twinkit.store.exchanges import WAIT_FOR_FILE, Exchanges
from twinkit.store.file import connect_file
from twinkit.store.idempotency import Idempotency
from twinkit.store.meta import Meta
from twinkit.store.query import Query
from twinkit.store.snapshot import Snapshot
from twinkit.store.timers import Timers


class Store(Query, Timers, Events, Exchanges, Idempotency, Meta):
    """Records, counters, timers, events, deliveries, exchanges and changes of one instance.

    One thread at a time; every method returns with no cursor open.
    """

    _closed = False

    @classmethod
    def memory(cls, *, service: str = "") -> Store:
        """An empty store in memory."""
        connection = connect_memory()
        empty(service).backup(connection)
        return cls(connection)

    @classmethod
    def open(cls, path: Path, *, service: str) -> Store:
        """The store in a file, made when it does not exist. Raises UsageError when the file cannot be used."""
        store = cls(connect_file(path, service))
        store._in_memory = False
        return store

    def snapshot(self) -> Snapshot:
        """A frozen copy of everything, the logs included."""
        self._idle("take a snapshot")
        return Snapshot.of(self._connection)

    def restore(self, snapshot: Snapshot) -> None:
        """Become what the snapshot is. Raises StoreError when it is of another service."""
        self._idle("restore", save=False)
        if snapshot.service != self.meta("service"):
            raise StoreError(f"a snapshot of {snapshot.service!r} cannot become the state of {self.meta('service')!r}")
        indexes = snapshot.onto(self._connection, self._known_indexes())
        self._reload()
        self._indexes = indexes

    def fork(self) -> Store:
        """A copy of this store, in memory."""
        self._idle("fork")
        connection = connect_memory()
        self._connection.backup(connection)
        store = Store(connection)
        store._indexes = dict(self._known_indexes())
        return store

    @contextmanager
    def trial(self) -> Iterator[None]:
        """`with store.trial():` nothing of what the block writes or draws stays. Trials may stand inside each other.

        Raises StoreError outside a transaction.
        """
        if not self._depth:
            raise StoreError("a trial needs a transaction around it")
        pending, drawn = list(self._pending), dict(self._drawn)
        live = None if self._live is None else dict(self._live)
        taken, recent, stirred = self._taken, self._recent, self._stirred
        late, unread = [rows.state() for rows in self._late], set(self._unread)
        self._put("SAVEPOINT trial")
        try:
            yield
        finally:
            self._execute("ROLLBACK TO trial")
            self._execute("RELEASE trial")
            self._pending, self._drawn, self._live = pending, drawn, live
            self._taken, self._recent, self._stirred = taken, recent, stirred
            for rows, state in zip(self._late, late, strict=True):
                rows.back(state)
            self._unread = unread
            self._lately.clear()
            self._indexes = None
            self._earliest_known = False
            self._read.clear()

    def _flush(self) -> None:
        if self._drawn:
            self._settle_counters()
        if self._stirred:
            for rows in self._late:
                if rows.many or not self._in_memory:
                    self._put_late(rows)
        if self._noted:
            self._settle_exchanges()
        if not self._in_memory and (self._begun or len(self._waiting) >= WAIT_FOR_FILE):
            self._save()

    def _save(self) -> None:
        for rows in self._late:
            self._put_late(rows)
        self._flush_exchanges()
        self._flush_counters()

    def _commit(self) -> None:
        super()._commit()
        if self._stirred:
            self._settle_changes()
            self._settle_late()

    def close(self) -> None:
        """Close the store; an unfinished transaction is lost. A second time does nothing."""
        if not self._in_memory and not self._depth and not self._closed:
            self._save()
        self._closed = True
        super().close()

    def _forget(self) -> None:
        self._drawn.clear()
        if self._noted:
            self._forget_exchanges()
        if self._stirred:
            self._forget_counts()
            self._forget_changes()
            self._forget_late()
        if self._begun:
            self._earliest_known = False
            self._indexes = None
            self._read.clear()

    def _reload(self) -> None:
        self._large = False
        self._forget_changes()
        self._reload_late()
        self._noted.clear()
        self._drop_waiting()
        self._drawn.clear()
        self._unwritten.clear()
        self._positions.clear()
        self._many.clear()
        self._read.clear()
        self._recent = []
        self._live = None
        self._indexes = None
        self._earliest_known = False
