"""Everything a trial needs, as JSON: written by the run, read by the trial's process. Imports: scenarios.model.

The id hashes every input that can change the verdict, so a run that is resumed repeats nothing that is still valid.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from twinkit.factory.scenarios.model import Scenario, Step
from twinkit.factory.sealed import key as sealing_key

FORMAT = 1


@dataclass(slots=True)
class Plan:
    """One trial. Paths are absolute texts; `deadline` is seconds of wall time for everything."""

    id: str
    run: str
    scenario: str
    title: str
    steps: list[dict[str, Any]]
    index: int
    seed: int
    timeout: float
    app: dict[str, Any]
    build: dict[str, Any]
    vault: str
    twins: dict[str, dict[str, Any]]
    clock: str = ""
    database: str = ""
    isolate: bool = True
    attempt: int = 1
    twin_command: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    locks: str = ""
    state: str = ""
    evaluator: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """As `plan.json` in the trial's folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.json").write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """The plan in a trial's folder."""
        data = json.loads((folder / "plan.json").read_text("utf-8"))
        return cls(**data)

    def script(self) -> list[Step]:
        """The steps."""
        return [Step.of(data) for data in self.steps]

    def key(self) -> bytes:
        """What seals its result; empty for a trial outside of a state folder."""
        return sealing_key(Path(self.state)) if self.state else b""

    @property
    def deadline(self) -> float:
        """Seconds after which the watcher ends the trial whatever it does."""
        app = self.app
        return float(self.timeout + app["ready_timeout"] + app["stop_timeout"] + 45.0)


def trial_seed(run_seed: int, scenario: Scenario, index: int) -> int:
    """63 bits of SHA-256 over run seed, scenario and trial index; a scenario's own `seed:` stands for the run's."""
    base = run_seed if scenario.settings.seed is None else scenario.settings.seed
    text = f"{base}/{scenario.id}/{index}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def trial_id(inputs: dict[str, str], index: int, seed: int) -> str:
    """Hash of every input: tree, app settings, scenario, steps, twins, versions, index and seed."""
    text = json.dumps([FORMAT, inputs, index, seed], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
