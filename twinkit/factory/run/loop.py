"""The retry loop: clean room, agent, change, leak scan, evaluation, feedback — until eligible or pointless.

Imports: agents.

Stops on success, when attempts or time are used up, when nothing changes, when a tree comes back, and at any leak.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.agents.base import Agent, Task, prompt
from twinkit.factory.agents.feedback import feedback
from twinkit.factory.errors import IntegrityError, Leak
from twinkit.factory.run.candidate import Candidate, open_candidate
from twinkit.factory.run.controller import Executor, resume, run
from twinkit.factory.run.options import Options
from twinkit.factory.run.storage import State, write_json
from twinkit.factory.scenarios.vault import Suite, load_vault
from twinkit.factory.specs.model import Specification
from twinkit.factory.steps.load import library
from twinkit.factory.wall import sandbox as sandboxes
from twinkit.factory.wall.cleanroom import Change, CleanRoom
from twinkit.factory.wall.scan import Scanner

EXIT = {
    "eligible": 0,
    "exhausted": 1,
    "no progress": 1,
    "oscillation": 1,
    "out of time": 1,
    "undetermined": 3,
    "invalid": 4,
}


@dataclass(slots=True)
class Loop:
    """One specification, one agent. `status` says how it ended; `attempts` what each one came to."""

    options: Options
    agent: Agent
    specification: Specification
    candidate: Candidate
    scanner: Scanner
    limit: int
    budget: float
    timeout: float
    sandbox: sandboxes.Sandbox
    worker: Executor | None = None
    keep: Callable[[list[dict[str, Any]]], None] = lambda attempts: None
    status: str = ""
    attempts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 only when the last change is eligible."""
        return EXIT.get(self.status, 3)


def scanner_for(suite: Suite, public: str) -> Scanner:
    """Sentences of a suite, without those that only built-in steps speak: they are documented, so everybody knows
    them.
    """
    registry = library()
    sentences: dict[str, list[str]] = {}
    for scenario in suite.scenarios:
        own = [step.text for step in scenario.steps if not registry.speaks(step)]
        docs = [line for step in scenario.steps if step.doc for line in step.doc.split("\n")]
        sentences[scenario.id] = [scenario.title, *own, *docs]
    return Scanner(sentences, suite.canaries, public)


def loop(
    options: Options, spec: str, agent: Agent, *, attempts: int, budget: float, timeout: float, wanted: str = "auto",
    worker: Executor | None = None,
    tell: Callable[[str], None] = lambda text: None,
    past: Sequence[dict[str, Any]] = (),
    keep: Callable[[list[dict[str, Any]]], None] = lambda attempts: None,
) -> Loop:  # fmt: skip
    """Run it. Raises UsageError, LintError, HarnessError.

    `keep` is given the attempts whenever one has a change or a decision; as `past` they make a stopped loop go on.
    """
    candidate = open_candidate(options.project, options.head, options.base or options.head)
    specification = _specification(candidate, spec)
    suite = load_vault(options.vault.resolve())
    scanner = scanner_for(suite, _public(candidate))
    hidden = [str(suite.root), str(State(options.state).root), str(candidate.repo)]
    sandbox = sandboxes.choose(hidden, agent.needs_network, wanted)
    it = Loop(options, agent, specification, candidate, scanner, attempts, budget, timeout, sandbox, worker, keep)
    it.attempts = [dict(each) for each in past]
    scratch = Path(tempfile.mkdtemp(prefix="factory-room-"))
    try:
        _attempts(it, scratch, tell)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return it


def base_scanner(options: Options) -> Scanner:
    """A scanner for which everything that is in the base commit is public. Raises UsageError, LintError."""
    candidate = open_candidate(options.project, options.head, options.base or options.head)
    return scanner_for(load_vault(options.vault.resolve()), _public(candidate))


def _public(candidate: Candidate) -> str:
    return "\n".join(content.decode("utf-8", "ignore") for content in _texts(candidate))


def _texts(candidate: Candidate) -> list[bytes]:
    """Everything of base that the coder can read anyway."""
    entries = [entry for entry in git.entries(candidate.repo, candidate.governor) if entry.mode.startswith("100")]
    contents = list(git.blobs(candidate.repo, [entry.id for entry in entries]))
    return [content for content in contents if len(content) < 1_000_000 and b"\0" not in content[:4000]]


def _specification(candidate: Candidate, spec: str) -> Specification:
    stem = Path(spec).stem
    for each in candidate.specifications:
        if spec in (each.path, each.id) or stem == each.id:
            return each
    known = ", ".join(each.path for each in candidate.specifications)
    raise UsageError(f"there is no specification {spec!r} in the commit (there are: {known or 'none'})")


def _attempts(it: Loop, scratch: Path, tell: Callable[[str], None]) -> None:
    room = CleanRoom(it.candidate.repo, it.candidate.head, scratch)
    room.make()
    guide = (git.read(it.candidate.repo, it.candidate.governor, "AGENTS.md") or b"").decode("utf-8", "replace")
    end = time.monotonic() + it.budget
    words = _go_on(it, room, tell)
    seen = {it.candidate.tree, *(each["tree"] for each in it.attempts if "tree" in each)}
    for attempt in range(len(it.attempts) + 1, it.limit + 1):
        if it.status:
            return
        if time.monotonic() >= end:
            it.status = "out of time"
            return
        told = prompt(it.specification, guide, words)
        task = Task(
            told, attempt, room, it.sandbox, scratch / f"agent-{attempt}.log", min(it.timeout, end - time.monotonic())
        )
        record: dict[str, Any] = {"attempt": attempt, "prompt": told}
        it.attempts.append(record)
        words = _attempt(it, task, record, seen, tell)
        record["status"] = it.status
        it.keep(it.attempts)
    it.status = it.status or "exhausted"


def _go_on(it: Loop, room: CleanRoom, tell: Callable[[str], None]) -> str:
    """Put the room as the last attempt left it, and evaluate what a stopped loop did not; returns the feedback."""
    if not it.attempts:
        return ""
    last = it.attempts[-1]
    left = next((each["head"] for each in reversed(it.attempts) if "head" in each), "")
    if left:
        room.lay(left)
    if "decision" not in last and "head" in last:
        _judged(it, last, tell, again=True)
        last["status"] = it.status
        it.keep(it.attempts)
    it.status = str(last.get("status", ""))
    return str(last.get("words", ""))


def _attempt(it: Loop, task: Task, record: dict[str, Any], seen: set[str], tell: Callable[[str], None]) -> str:
    """One attempt; returns what to say before the next one. Sets the status when there is none."""
    try:
        transcript = it.agent.work(task)
        change = task.room.take(f"Attempt {task.attempt} at {it.specification.id}")
        _scan(it, record, transcript, change)
    except IntegrityError as error:
        record["decision"] = "rejected"
        record["words"] = f"The change could not be taken: {_first_line(error)}\n"
        tell(f"attempt {task.attempt}: {error}")
        return str(record["words"])
    except Leak as error:
        _burn(it, record, error, tell)
        return ""
    idle = change.tree in seen and change.tree == _last_tree(it)
    if change.empty or change.tree in seen:
        record["decision"] = "nothing changed" if change.empty or idle else "a tree that was there before"
        it.status = "no progress" if change.empty or idle else "oscillation"
        tell(f"attempt {task.attempt}: {record['decision']}")
        return ""
    seen.add(change.tree)
    record["tree"] = change.tree
    it.keep(it.attempts)
    return _judged(it, record, tell)


def _judged(it: Loop, record: dict[str, Any], tell: Callable[[str], None], again: bool = False) -> str:
    try:
        record["words"] = _evaluate(it, record, tell, again)
    except Leak as error:
        _burn(it, record, error, tell)
    return str(record.get("words", ""))


def _burn(it: Loop, record: dict[str, Any], error: Leak, tell: Callable[[str], None]) -> None:
    """A scenario whose text got out is worthless from here on: written down for every later run to say."""
    record["decision"], it.status = f"invalid: {error}", "invalid"
    State(it.options.state).burn(error.scenario, str(error))
    tell(f"attempt {record['attempt']}: {error}; it is burnt: replace it")


def _last_tree(it: Loop) -> str:
    return next((each["tree"] for each in reversed(it.attempts) if "tree" in each), it.candidate.tree)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else "it is not safe to export"


def _scan(it: Loop, record: dict[str, Any], transcript: str, change: Change) -> None:
    record.update(head=change.head, paths=list(change.paths), transcript=transcript[-20_000:])
    it.scanner.check("change", change.patch)
    it.scanner.check("transcript", transcript)


def _found(options: Options, worker: Executor | None) -> dict[str, Any] | None:
    """The report of a run on this commit that was begun before; only what has no valid result is run."""
    state = State(options.state)
    for id in reversed(state.runs()):
        record = state.run(id).record
        if record.get("name") == options.head and record.get("base") == options.base and "options" in record:
            try:
                return resume(state, id, worker=worker)
            except IntegrityError:
                return None
    return None


def _evaluate(it: Loop, record: dict[str, Any], tell: Callable[[str], None], again: bool = False) -> str:
    """Evaluate the exact commit; returns feedback for the next attempt. `again`: a run may be under way already."""
    options = replace(it.options, head=record["head"], base=it.candidate.governor)
    report = (_found(options, it.worker) if again else None) or run(options, worker=it.worker)
    gate = report["gate"]
    record.update(run=report["run"], decision=gate["decision"], passed=gate["passed"], total=gate["total"])
    count = f"{gate['passed']} of {gate['total']} scenarios"
    tell(f"attempt {record['attempt']}: {gate['decision']}, {count} (run {report['run']})")
    if gate["decision"] == "eligible":
        it.status = "eligible"
        return ""
    if gate["decision"] == "undetermined":
        it.status = "undetermined"
        return ""
    if gate["decision"] == "integrity":
        protected = [text for text in report["integrity"] if "protected file" in text]
        words = "\n".join(f"- {text}" for text in protected) or "- The change could not be evaluated."
        words = f"The change was not evaluated:\n{words}\n"
    else:
        words = feedback(report["scenarios"], it.candidate.specifications, gate["decision"])
    it.scanner.check("feedback", words)
    record["feedback"] = words
    write_json(State(it.options.state).root / "runs" / report["run"] / "feedback.json", {"feedback": words})
    return words
