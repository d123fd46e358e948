"""What is kept of runs, in the operator's state folder. Imports: trial, errors.

state/runs/<run>/number  run.json  report.json  trials/<trial id>/attempt-<n>/{plan,result}.json …
state/cache/  builds       state/locks/  ports, an empty database       state/ledger.jsonl
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError, nearest
from twinkit.factory.errors import HarnessError
from twinkit.factory.locks import locked
from twinkit.factory.sealed import key as sealing_key
from twinkit.factory.sealed import opened, sealed
from twinkit.factory.trial import result as results
from twinkit.factory.trial.result import Result


def default_state(project: Path) -> Path:
    """`$XDG_STATE_HOME/twinkit/factory/<project>-<hash>`."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    mark = hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:8]
    return home / "twinkit" / "factory" / f"{project.resolve().name}-{mark}"


def _begun(folder: Path) -> int:
    try:
        return int((folder / "number").read_text())
    except (OSError, ValueError):
        return 0


def write_json(path: Path, data: Any) -> None:
    """Atomically. Raises HarnessError (disk)."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("w") as handle:
            json.dump(data, handle, indent=1)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(scratch, path)  # noqa: PTH105
    except OSError as error:
        raise HarnessError("disk", f"{path} cannot be written: {error}") from None


class State:
    """The operator's state folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def cache(self) -> Path:
        """Builds, by content."""
        return self.root / "cache"

    @property
    def locks(self) -> Path:
        """One file per fixed port."""
        return self.root / "locks"

    @property
    def ledger(self) -> Path:
        """The hash-chained record of evaluations and judgements."""
        return self.root / "ledger.jsonl"

    def burn(self, scenario: str, why: str) -> None:
        """Write down that a scenario's text got out; the empty id stands for the vault as a whole."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "burned.jsonl").open("a") as handle:
            handle.write(json.dumps({"scenario": scenario, "why": why}) + "\n")

    def burned(self) -> set[str]:
        """Ids of burnt scenarios."""
        try:
            lines = (self.root / "burned.jsonl").read_text("utf-8").splitlines()
        except OSError:
            return set()
        return {str(json.loads(line)["scenario"]) for line in lines}

    def run(self, id: str) -> RunFolder:
        """An existing run; `last` is the newest. Raises UsageError with the nearest id."""
        known = self.runs()
        if id == "last" and known:
            return RunFolder(self.root / "runs" / known[-1])
        if id not in known:
            raise UsageError(f"there is no run {id!r} in {self.root}{nearest(id, known)}")
        return RunFolder(self.root / "runs" / id)

    def runs(self) -> list[str]:
        """Ids of all runs, in the order they were begun; no clock is asked, which may go backwards."""
        found = [path.parent for path in (self.root / "runs").glob("*/run.json")]
        return [path.name for path in sorted(found, key=lambda path: (_begun(path), path.name))]

    def new_run(self, record: Mapping[str, Any]) -> RunFolder:
        """A folder for a run whose record is `record`; its id is new."""
        with locked(self.locks / "runs"):
            return self._new_run(record)

    def _new_run(self, record: Mapping[str, Any]) -> RunFolder:
        base = str(record["id"])
        place = 1 + max((_begun(path) for path in (self.root / "runs").glob("*/")), default=0)
        for number in range(1, 10_000):
            folder = self.root / "runs" / (base if number == 1 else f"{base}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise HarnessError("disk", f"{folder} cannot be made: {error}") from None
            (folder / "number").write_text(f"{place}\n")
            run = RunFolder(folder)
            run.save_record({**record, "id": folder.name})
            return run
        raise HarnessError("disk", "no free run id")

    def trial(self, id: str) -> tuple[RunFolder, Path]:
        """The newest run with a trial whose id starts so, and its folder. Raises UsageError."""
        for name in reversed(self.runs()):
            found = sorted((self.root / "runs" / name / "trials").glob(f"{id}*"))
            if id and len(found) > 1:
                raise UsageError(f"{id!r} fits {len(found)} trials; give more of the id")
            if id and found:
                return RunFolder(self.root / "runs" / name), found[0]
        raise UsageError(f"there is no trial {id!r} in {self.root}")


class RunFolder:
    """One run on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self._key = b""

    @property
    def key(self) -> bytes:
        """What seals records, results and reports of this state folder."""
        self._key = self._key or sealing_key(self.folder.parents[1])
        return self._key

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No other process works on this run meanwhile. Raises UsageError when one does."""
        with (self.folder / "lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(f"run {self.id} is under way in another process; wait for it") from None
            yield

    @property
    def record(self) -> dict[str, Any]:
        """run.json. Raises UsageError when it cannot be read, IntegrityError when it was edited."""
        try:
            data = dict(json.loads((self.folder / "run.json").read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise UsageError(f"run {self.id} cannot be read: {error}") from None
        return opened(data, self.key, f"the record of run {self.id}")

    def save_record(self, record: Mapping[str, Any]) -> None:
        """run.json."""
        write_json(self.folder / "run.json", sealed(record, self.key))

    def trial(self, id: str) -> Path:
        """A trial's folder."""
        return self.folder / "trials" / id

    def attempts(self, id: str) -> list[Result]:
        """All believable attempts at a trial, in order; one that changed its number counts for nothing."""
        found: list[Result] = []
        for folder in sorted(self.trial(id).glob("attempt-*"), key=lambda path: int(path.name.split("-")[1])):
            result = results.read(folder, id, self.key)
            if result is not None and f"attempt-{result.attempt}" == folder.name:
                found.append(result)
        return found

    def final(self, id: str) -> Result | None:
        """The attempt that counts: the last one."""
        attempts = self.attempts(id)
        return attempts[-1] if attempts else None

    def results(self) -> Iterator[Result]:
        """The final result of every planned trial that has one."""
        for id in self.record["trials"]:
            result = self.final(id)
            if result is not None:
                yield result

    def save_report(self, report: Mapping[str, Any]) -> None:
        """report.json."""
        write_json(self.folder / "report.json", sealed(json.loads(json.dumps(report)), self.key))

    def report(self) -> dict[str, Any]:
        """The canonical report. Raises UsageError when the run has none yet, IntegrityError when it was edited."""
        try:
            data = dict(json.loads((self.folder / "report.json").read_text("utf-8")))
        except (OSError, ValueError):
            raise UsageError(f"run {self.id} has no report yet; finish it with `factory resume {self.id}`") from None
        return opened(data, self.key, f"the report of run {self.id}")
