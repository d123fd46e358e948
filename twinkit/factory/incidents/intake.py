"""An alert comes in: counted, written as a specification, tied to a merge, its scenario tried. Imports: the others.

Every file is replaced at once, the record first: whoever is killed between finds everything again with the next alert.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.config import Config, parse_config
from twinkit.factory.errors import HarnessError, LintError
from twinkit.factory.finding import errors
from twinkit.factory.incidents import merges, prove, tell, write
from twinkit.factory.incidents.alert import Alert, slug
from twinkit.factory.incidents.record import Book, Incident
from twinkit.factory.ledger.chain import Ledger
from twinkit.factory.run.controller import Executor
from twinkit.factory.run.options import Options
from twinkit.factory.run.storage import State
from twinkit.factory.specs.lint import lint_specification
from twinkit.factory.specs.parse import parse_text
from twinkit.factory.trackers.base import Tracker
from twinkit.files import read_text

DAY = 86400.0
FOLDER = "bugs"
WROTE = 4


@dataclass(slots=True)
class Outcome:
    """What became of an alert: new, again, reopened, late, closed, flapping or nothing; `notes` say the rest."""

    what: str
    id: str = ""
    notes: list[str] = field(default_factory=list)
    todo: bool = False


@dataclass(slots=True)
class Desk:
    """Where incidents are taken in. Without a `vault` there are no scenarios. `base` is where a bug must show."""

    project: Path
    state: Path
    vault: Path | None = None
    base: str = ""
    window: float = DAY
    isolation: str = "auto"
    twin_command: tuple[str, ...] = ()
    trials: int = 0

    def __post_init__(self) -> None:
        self.project = self.project.resolve()
        if not (self.project / "factory.toml").is_file():
            raise UsageError(
                f"{self.project} has no factory.toml; run `factory init`, or name the project: --project DIR"
            )
        if self.vault is not None:
            self.vault = self.vault.resolve()
            if not (self.vault / "scenarios").is_dir():
                raise UsageError(f"{self.vault} is no vault: it has no folder scenarios/")
            if self.vault == self.project or self.vault.is_relative_to(self.project):
                raise UsageError(f"the vault {self.vault} is inside the project; move it out")

    @property
    def book(self) -> Book:
        """Every incident that is known."""
        return Book(State(self.state))

    @property
    def config(self) -> Config:
        """factory.toml as it is in the working tree."""
        return parse_config(read_text(self.project / "factory.toml"))

    def place(self, id: str) -> Path:
        """The file of a specification. Raises UsageError when it would lie outside the project."""
        folder = self.project / self.config.specs / FOLDER
        if not folder.resolve().is_relative_to(self.project):
            raise UsageError(f"{folder} leads out of the project; remove the link")
        return folder / f"{id}.md"

    def candidate(self, id: str) -> Path:
        """Where a scenario waits for its proof; nothing runs there."""
        assert self.vault is not None
        return self.vault / "candidates" / f"{id}.md"

    def holdout(self, id: str) -> Path:
        """Where a scenario is that failed on base."""
        assert self.vault is not None
        return self.vault / "scenarios" / FOLDER / f"{id}.md"

    # one alert

    def take(self, alert: Alert, now: float | None = None) -> Outcome:
        """Count and write down. `todo`: its scenario is to be tried on base. Raises UsageError, FactoryError."""
        now = time.time() if now is None else now
        with self.book.held():
            incident, what = self.book.note(alert, now)
            if incident is None:
                return Outcome(what, "", [f"nothing is known of “{alert.title}”, which was resolved"])
            outcome = Outcome(what, incident.id)
            incident.service = incident.service or slug(self.project.name) or "app"
            incident.spec = str(self.place(incident.id).relative_to(self.project))
            if alert.status == "firing":
                self._tie(incident, alert, now, outcome)
            richer = alert.status == "firing" and write.told_of(alert) > incident.told
            if richer:
                incident.told = write.told_of(alert)
            self._write(incident, self._specification(incident, alert) if richer else "", alert, outcome)
            if self.vault is not None and alert.status == "firing":
                outcome.todo = self._draft(incident, alert, richer)
                self.book.save(incident)
            return outcome

    def _tie(self, incident: Incident, alert: Alert, now: float, outcome: Outcome) -> None:
        ledger = Ledger(State(self.state).ledger)
        entries = ledger.entries()
        started = min(alert.started or now, now)
        head, how = merges.tied(self.project, entries, alert.release, started, self.window)
        if not head or (incident.merge and "before" in how):
            return
        incident.merge = head
        self.book.save(incident)
        if merges.demote(ledger, incident, head, how):
            outcome.notes.append(f"tied to the merge of {head[:12]}: {how}; in the ledger, counting starts anew")

    def _specification(self, incident: Incident, alert: Alert) -> str:
        text = write.specification(incident, alert, self._interfaces(incident))
        parsed, findings = parse_text(text, incident.spec)
        problems = errors([*findings, *lint_specification(parsed)])
        if problems:
            raise LintError(problems)
        return text

    def _interfaces(self, incident: Incident) -> list[str]:
        """Those of the service's other specifications, else none."""
        from twinkit.factory.specs.lint import load_specifications

        known, _ = load_specifications(self.project / self.config.specs)
        return [
            f"- `{each.method} {each.path} → {', '.join(each.codes)}`"
            for specification in known
            if specification.service == incident.service and specification.type != "bug"
            for each in specification.interfaces
        ][:8]

    def _write(self, incident: Incident, text: str, alert: Alert, outcome: Outcome) -> None:
        """The record, then the specification: `text`, else what is there with today's history; an edited one stays."""
        place = self.place(incident.id)
        there = place.read_text("utf-8", "replace") if place.is_file() and not place.is_symlink() else None
        own = there is None or _digest(there) in incident.written
        if not text and there is None and alert.status == "firing":
            text = self._specification(incident, alert)
        elif not text:
            text, own = write.restate(there or "", incident), own and there is not None
        if own:
            incident.written = [*incident.written, _digest(text)][-WROTE:]
        self.book.save(incident)
        if own:
            replace_text(place, text)
        elif there is not None:
            outcome.notes.append(f"{incident.spec} was edited and stays as it is")

    def _draft(self, incident: Incident, alert: Alert, richer: bool) -> bool:
        """Write the candidate, unless there is one already that says as much, or that somebody edited."""
        place = self.candidate(incident.id)
        if self.holdout(incident.id).exists():
            return False
        if place.exists() and not (richer and _digest(place.read_text("utf-8", "replace")) == incident.draft):
            return not incident.why
        text = write.scenario(incident, alert, f"canary-{secrets.token_hex(8)}")
        incident.draft, incident.why = _digest(text), ""
        replace_text(place, text)
        return True

    def report(self, id: str, tracker: Tracker) -> tuple[bool, str]:
        """Hand an incident to the tracker: whether that worked, and what to say of it."""
        incident, place = self.book.get(id), self.place(id)
        if not place.is_file():
            return False, f"{incident.spec} is gone: there is nothing to report"
        worked, note = tell.tried(tracker, incident, place.read_text("utf-8", "replace"))
        with self.book.held():
            self.book.save(replace(self.book.get(id), reported=incident.reported, again=incident.again))
        return worked, note

    # its scenario

    def prove(self, id: str, worker: Executor | None = None) -> tuple[bool, list[str]]:
        """Try an incident's candidate on base; a holdout from then on when it fails there. What happened, in lines."""
        incident = self.book.get(id)
        if self.vault is None:
            raise UsageError("say where the scenarios are: --vault DIR, or $FACTORY_VAULT")
        waiting, kept = self.candidate(id), self.holdout(id)
        if kept.exists() and not waiting.exists():
            return True, [f"{kept.relative_to(self.vault)} is a holdout already"]
        if not waiting.exists():
            raise UsageError(f"{waiting} is gone; write a scenario there, or send the alert again")
        base = self.base or _main(self.project)
        options = Options(
            self.project, self.vault, self.state, base=base, isolation=self.isolation, trials=self.trials,
            twin_command=self.twin_command,
        )  # fmt: skip
        proof = prove.prove(options, waiting, worker)
        with self.book.held():
            incident = self.book.get(id)
            incident.scenario, incident.why = ("holdout" if proof.holds else "candidate"), proof.why
            if proof.holds:
                kept.parent.mkdir(parents=True, exist_ok=True)
                waiting.replace(kept)
            self.book.save(incident)
        if proof.holds:
            return True, [f"scenarios/{FOLDER}/{id}.md is a holdout from now on: it {proof.why}"]
        lines = [f"candidates/{id}.md stays a candidate: {proof.why}"]
        if proof.snippets:
            lines += ["define in the vault's steps/, or say it in other words, then: factory incident --prove " + id]
            lines += [line for snippet in proof.snippets for line in ("", *snippet.splitlines())]
        return False, lines


def _main(project: Path) -> str:
    for name in ("main", "master"):
        try:
            return git.commit(project, name)
        except UsageError:
            continue
    return git.commit(project, "HEAD")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def replace_text(path: Path, text: str) -> None:
    """Write a file at once, under the lock; what a killed writer left of it goes. Raises HarnessError (disk)."""
    scratch = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.stem}.*"):
            left.unlink(missing_ok=True)
        with scratch.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise HarnessError("disk", f"{path} cannot be written: {error}") from None


def overridden(alert: Alert, service: str = "", request: str = "", body: object = None, expect: int = 0) -> Alert:
    """An alert with what the operator knows better. Raises UsageError for a request that is none."""
    from twinkit.factory.incidents.alert import probe

    found = alert.probe
    if request:
        method, _, target = request.strip().partition(" ")
        found = probe(method, target, body, found.seen if found else 500, expect)
        if found is None:
            raise UsageError(f"{request!r} is no request; write --request 'POST /path'")
    elif found is None and (body is not None or expect):
        raise UsageError("say which request: --request 'POST /path'")
    elif found is not None and (body is not None or expect):
        found = replace(found, body=found.body if body is None else body, wanted=expect or found.wanted)
    return replace(alert, probe=found, service=slug(service) or alert.service)
