"""The vault: where scenarios, steps and states are, outside the project. Imports: parse, model, settings.

Layout: scenarios/*.md (and *.feature), steps/*.py, states/*.json, vault.toml.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError, nearest
from twinkit.factory.finding import Finding
from twinkit.factory.scenarios.importers import parse_feature
from twinkit.factory.scenarios.model import Scenario
from twinkit.factory.scenarios.parse import parse_file

KEYS = ("canaries", "evaluator")


@dataclass(slots=True)
class Suite:
    """Everything a vault holds. With an error among `findings` nothing may run."""

    root: Path
    scenarios: list[Scenario]
    findings: list[Finding]
    digest: str
    canaries: tuple[str, ...] = ()

    def select(self, sets: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> list[Scenario]:
        """Scenarios of these sets (all when empty) whose id is, or starts with, one of `only`. Raises UsageError."""
        chosen = [item for item in self.scenarios if not sets or item.settings.set in sets]
        for wanted in only:
            if not any(item.id == wanted or item.id.startswith(wanted) for item in chosen):
                hint = nearest(wanted, [item.id for item in self.scenarios])
                raise UsageError(f"no scenario {wanted!r} in {self.root}{hint}")
        if only:
            chosen = [item for item in chosen if any(item.id == each or item.id.startswith(each) for each in only)]
        return chosen


def load_vault(root: Path) -> Suite:
    """Read all scenario files. Raises UsageError when `root` is no vault."""
    folder = root / "scenarios"
    if not folder.is_dir():
        raise UsageError(f"{root} is no vault: it has no folder scenarios/")
    scenarios: list[Scenario] = []
    findings: list[Finding] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".md" and path.is_file():
            found, problems = parse_file(path, root)
        elif path.suffix == ".feature" and path.is_file():
            found, problems = parse_feature(path, root)
        else:
            continue
        scenarios.extend(found)
        findings.extend(problems)
    findings.extend(_duplicates(scenarios))
    if not scenarios and not findings:
        findings.append(Finding(str(folder), 0, "SCEN230", "add a scenario file; there is none"))
    config = _config(root, findings)
    canaries = tuple(dict.fromkeys([*config.get("canaries", []), *_canaries(scenarios)]))
    return Suite(root, scenarios, findings, vault_digest(root), canaries)


def _canaries(scenarios: list[Scenario]) -> Iterator[str]:
    for scenario in scenarios:
        if scenario.settings.canary:
            yield scenario.settings.canary


def _config(root: Path, findings: list[Finding]) -> dict[str, Any]:
    path = root / "vault.toml"
    if not path.is_file():
        return {}
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        findings.append(Finding("vault.toml", 0, "SCEN231", f"correct the TOML: {error}"))
        return {}
    for key in data:
        if key not in KEYS:
            findings.append(Finding("vault.toml", 0, "SCEN231", f"remove the key {key!r}{nearest(key, KEYS)}"))
    if not isinstance(data.get("canaries", []), list):
        findings.append(Finding("vault.toml", 0, "SCEN231", "make `canaries` a list of words"))
        return {}
    return data


def _duplicates(scenarios: list[Scenario]) -> Iterator[Finding]:
    places: dict[str, Scenario] = {}
    for scenario in scenarios:
        other = places.setdefault(scenario.id, scenario)
        if other is not scenario:
            message = f"rename the file or the scenario: {other.path}:{other.line} has the id {scenario.id!r} too"
            yield Finding(scenario.path, scenario.line, "SCEN232", message)


def vault_digest(root: Path) -> str:
    """SHA-256 over names and bytes of everything in the vault that decides verdicts."""
    digest = hashlib.sha256()
    for part in ("scenarios", "steps", "states"):
        for path in sorted((root / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(root)}\0{content}\n".encode())
    config = root / "vault.toml"
    if config.is_file():
        digest.update(config.read_bytes())
    return digest.hexdigest()


def steps_digest(root: Path) -> str:
    """SHA-256 over the vault's step definitions and states: part of every trial's id."""
    digest = hashlib.sha256()
    for part in ("steps", "states"):
        for path in sorted((root / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(root)}\0{content}\n".encode())
    return digest.hexdigest()
