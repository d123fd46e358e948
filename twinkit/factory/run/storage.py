"""What is kept of runs, in the operator's state folder. Imports: trial, errors.

state/runs/<run>/run.json  report.json  trials/<trial id>/attempt-<n>/{plan,result}.json …
state/cache/  builds       state/locks/  ports       state/ledger.jsonl
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError, nearest
from twinkit.factory.errors import HarnessError
from twinkit.factory.trial import result as results
from twinkit.factory.trial.result import Result


def default_state(project: Path) -> Path:
    """`$XDG_STATE_HOME/twinkit/factory/<project>-<hash>`."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    mark = hashlib.sha256(str(project.resolve()).encode()).hexdigest()[:8]
    return home / "twinkit" / "factory" / f"{project.resolve().name}-{mark}"


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
        """Ids of all runs, oldest first."""
        folder = self.root / "runs"
        found = [path.parent for path in folder.glob("*/run.json")]
        return [
            path.name for path in sorted(found, key=lambda path: ((path / "run.json").stat().st_mtime_ns, path.name))
        ]

    def new_run(self, record: Mapping[str, Any]) -> RunFolder:
        """A folder for a run whose record is `record`; its id is new."""
        base = str(record["id"])
        for number in range(1, 10_000):
            folder = self.root / "runs" / (base if number == 1 else f"{base}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise HarnessError("disk", f"{folder} cannot be made: {error}") from None
            run = RunFolder(folder)
            write_json(folder / "run.json", {**record, "id": folder.name})
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

    @property
    def record(self) -> dict[str, Any]:
        """run.json. Raises UsageError when it cannot be read."""
        try:
            return dict(json.loads((self.folder / "run.json").read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise UsageError(f"run {self.id} cannot be read: {error}") from None

    def trial(self, id: str) -> Path:
        """A trial's folder."""
        return self.folder / "trials" / id

    def attempts(self, id: str) -> list[Result]:
        """All believable attempts at a trial, in order; one that changed its number counts for nothing."""
        found: list[Result] = []
        for folder in sorted(self.trial(id).glob("attempt-*"), key=lambda path: int(path.name.split("-")[1])):
            result = results.read(folder, id)
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
        write_json(self.folder / "report.json", report)

    def report(self) -> dict[str, Any]:
        """The canonical report. Raises UsageError when the run has none yet."""
        try:
            return dict(json.loads((self.folder / "report.json").read_text("utf-8")))
        except (OSError, ValueError):
            raise UsageError(f"run {self.id} has no report yet; finish it with `factory resume {self.id}`") from None
