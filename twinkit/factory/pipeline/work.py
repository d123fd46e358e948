"""The way of a ticket: claim → specification → lint → loop → gate → report → change or merge → deploy.

Imports: journal, specify, merge, deploy, trackers, run, ledger, report.

Each step is written down when it is done, and may be done again without harm when it was not: a claim, a comment and a
branch know their own names, an evaluation goes on with what has a valid result. Only a deploy is never repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from twinkit.errors import UsageError
from twinkit.factory import git
from twinkit.factory.agents.base import Agent
from twinkit.factory.config import Config
from twinkit.factory.ledger.chain import Ledger
from twinkit.factory.ledger.trust import may_merge, trust
from twinkit.factory.locks import locked
from twinkit.factory.pipeline.deploy import deploy
from twinkit.factory.pipeline.evidence import unproven
from twinkit.factory.pipeline.journal import Journal, begin, unfinished
from twinkit.factory.pipeline.merge import merge, publish, target_branch
from twinkit.factory.pipeline.specify import Mend, specify
from twinkit.factory.pipeline.words import back, failed, folded, interrupted, merged, proposed, refused
from twinkit.factory.report.check import recheck
from twinkit.factory.report.render import render
from twinkit.factory.run.candidate import open_candidate, read_specifications
from twinkit.factory.run.controller import Executor
from twinkit.factory.run.loop import EXIT, base_scanner, loop
from twinkit.factory.run.options import Options
from twinkit.factory.run.storage import State
from twinkit.factory.trackers.base import Proposal, Ticket, Tracker
from twinkit.factory.wall.scan import Scanner

MINIMUM = 30


@dataclass(slots=True)
class Desk:
    """Who works where: `options.head` names the branch that changes go into."""

    options: Options
    tracker: Tracker
    agent: Agent
    attempts: int
    budget: float
    wanted: str = "auto"
    worker: Executor | None = None
    tell: Callable[[str], None] = lambda text: None
    repo: Path = field(init=False)
    target: str = field(init=False)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        if self.options.base:
            raise UsageError("leave --base out: a ticket is judged by the rules of the branch it goes into")
        self.repo = Path(git.output(self.options.project, "rev-parse", "--show-toplevel"))
        self.target = target_branch(self.repo, self.options.head)
        self.state = State(self.options.state)


def work(desk: Desk, once: bool = False) -> list[int]:
    """Go on with what was begun, then take ready tickets, the most urgent first; an exit code for each."""
    codes: list[int] = []
    seen: set[str] = set()
    for journal in unfinished(desk.state, desk.tracker.name):
        if once and codes:
            return codes
        seen.add(journal.data["ticket"])
        with journal.alone() as mine:
            if mine and journal.read() and not journal.finished:
                codes += _begun(desk, journal)
    while not (once and codes):
        ticket = next((each for each in desk.tracker.ready() if each.id not in seen), None)
        if ticket is None:
            return codes
        seen.add(ticket.id)
        journal = begin(desk.state, desk.tracker.name, ticket)
        with journal.alone() as mine:
            if mine:
                journal.note()
                code = _go(desk, journal)
                codes += [] if code is None else [code]
    return codes


def _begun(desk: Desk, journal: Journal) -> list[int]:
    try:
        code = _go(desk, journal)
    except UsageError as error:
        begun = f"ticket {journal.data['ticket']} was begun; to forget what was done for it, remove {journal.path}"
        raise UsageError(f"{error}\n({begun})") from None
    return [] if code is None else [code]


def _go(desk: Desk, journal: Journal) -> int | None:
    """Every step that is not done yet; None when the ticket is somebody else's."""
    data = journal.data
    id = data["ticket"]
    if "ending" not in data:
        if not desk.tracker.claim(id, data["claim"]):
            desk.tell(f"ticket {id}: taken by somebody else")
            journal.note(finished=True)
            return None
        ticket = desk.tracker.get(id)
        desk.tell(f"ticket {id}: {ticket.title}")
        if "base" not in data:
            _specify(desk, journal, ticket)
        if "ending" not in data and "status" not in data:
            _loop(desk, journal)
        if "ending" not in data:
            _settle(desk, journal, ticket)
    ending = data["ending"]
    desk.tracker.comment(id, ending["text"], f"{data['claim']}-{ending['status'].replace(' ', '-')}")
    desk.tracker.transition(id, ending["status"])
    journal.note(finished=True)
    desk.tell(f"ticket {id}: {ending['status']}")
    return int(ending["code"])


def _end(journal: Journal, status: str, code: int, text: str) -> None:
    journal.note(ending={"status": status, "code": code, "text": text})


def _scanner(desk: Desk, base: str) -> Scanner:
    """Knows the text of the scenarios; what the commit `base` says itself is public."""
    return base_scanner(replace(desk.options, head=base, base=base))


def _config(desk: Desk, base: str) -> Config:
    return open_candidate(desk.options.project, base, base).config


def _specify(desk: Desk, journal: Journal, ticket: Ticket) -> None:
    target = git.commit(desk.repo, f"refs/heads/{desk.target}")
    found = specify(desk.repo, target, _config(desk, target), ticket, _scanner(desk, target))
    if isinstance(found, Mend):
        _end(journal, "rejected", 4 if found.leak else 2, back(found.problems))
        return
    git.output(desk.repo, "update-ref", f"refs/factory/ticket/{ticket.slug}", found.base)
    journal.note(target=desk.target, expected=target, base=found.base, spec=found.spec)


def _loop(desk: Desk, journal: Journal) -> None:
    data = journal.data
    outcome = loop(
        replace(desk.options, head=data["base"], base=""), data["spec"], desk.agent, attempts=desk.attempts,
        budget=desk.budget, timeout=_config(desk, data["base"]).agent.timeout, wanted=desk.wanted, worker=desk.worker,
        tell=desk.tell, past=data.get("attempts", ()), keep=lambda attempts: journal.note(attempts=attempts),
    )  # fmt: skip
    last: dict[str, Any] = next((each for each in reversed(outcome.attempts) if "run" in each), {})
    journal.note(
        attempts=outcome.attempts, status=outcome.status, run=last.get("run", ""), head=last.get("head", ""),
        advisories=outcome.sandbox.advisories,
    )  # fmt: skip


def _settle(desk: Desk, journal: Journal, ticket: Ticket) -> None:
    """What the loop came to, to the ticket's end."""
    data = journal.data
    report = _public(desk, data)
    if data["status"] != "eligible":
        words = str(data["attempts"][-1].get("words", "")) if data["attempts"] else ""
        _end(journal, "rejected", EXIT.get(data["status"], 3), failed(data["status"], report, words))
        return
    folder = desk.state.run(data["run"])
    full = folder.report()
    gate = recheck(folder, full)
    if gate.decision != "eligible" or full["head"] != data["head"]:
        _end(journal, "rejected", gate.exit_code or 4, failed(gate.decision, "", "\n".join(gate.reasons)))
        return
    _record(desk, full)
    standing = trust(Ledger(desk.state.ledger).entries(), MINIMUM)
    allowed, why = may_merge(standing, full, data["head"])
    if allowed:
        why = next(iter(data["advisories"]), "") or _unproven(desk, data, full)
        allowed = not why
    if "merged" not in data and "proposal" not in data:
        _propose(desk, journal, ticket, report, standing.mode)
    if "merged" not in data and allowed:
        remote = _config(desk, data["base"]).tracker.remote
        with locked(desk.state.locks / "merge"):
            why = merge(desk.repo, data["target"], data["expected"], data["head"], remote)
        if not why:
            journal.note(merged=True)
    if "merged" not in data:
        _end(journal, "in review", 0, proposed(data["proposal"], data["head"], standing.mode, why, report))
        return
    _deploy(desk, journal, report)


def _unproven(desk: Desk, data: dict[str, Any], report: dict[str, Any]) -> str:
    known = read_specifications(desk.repo, data["base"], _config(desk, data["base"]).specs)
    return unproven(next(each for each in known if each.path == data["spec"]), report["scenarios"])


def _public(desk: Desk, data: dict[str, Any]) -> str:
    """The report as anybody may read it. Raises Leak when it says a word of a scenario all the same."""
    if not data["run"]:
        return ""
    text = render(desk.state.run(data["run"]).report(), "markdown", "public")
    _scanner(desk, data["base"]).check("report for the ticket", text)
    return text


def _record(desk: Desk, report: dict[str, Any]) -> None:
    """The evaluation in the ledger, once."""
    found = {"run": report["run"], "head": report["head"], "decision": report["gate"]["decision"]}
    _note(desk, "evaluation", {**found, "vault": report["vault"]}, by="run")


def _propose(desk: Desk, journal: Journal, ticket: Ticket, report: str, mode: str) -> None:
    data = journal.data
    branch = f"factory/{ticket.slug}-{data['head'][:8]}"
    publish(desk.repo, branch, data["head"], _config(desk, data["base"]).tracker.remote)
    text = f"For {ticket.url or ticket.id}. Commit `{data['head']}`. Mode: {mode}.\n\n{folded(report, mode)}"
    proposal = Proposal(branch, data["head"], data["target"], f"{ticket.title} ({ticket.id})", text)
    journal.note(proposal=desk.tracker.open_change(ticket.id, proposal))


def _deploy(desk: Desk, journal: Journal, report: str) -> None:
    """Once: what was begun and has no outcome is never begun again."""
    data = journal.data
    _note(desk, "merge", {"head": data["head"], "run": data["run"]})
    settings = _config(desk, data["base"]).deploy
    if not settings.command:
        _end(journal, "done", 0, merged(data["head"], data["target"], "", report))
        return
    if "deploying" not in data:
        journal.note(deploying=True)
        with locked(desk.state.locks / "deploy"):
            outcome = deploy(desk.repo, data["head"], settings, journal.path.with_suffix(".deploy.log"))
        journal.note(deployed={"problem": outcome.problem, "seconds": outcome.seconds})
    if "deployed" not in data:
        _end(journal, "rejected", 3, interrupted(data["head"], data["target"]))
        return
    problem = data["deployed"]["problem"]
    if not problem:
        said = f"Deployed in {data['deployed']['seconds']:.1f} s."
        _end(journal, "done", 0, merged(data["head"], data["target"], said, report))
        return
    _note(desk, "incident", {"head": data["head"], "note": f"deploy failed: {problem}"})
    _end(journal, "rejected", 1, refused(data["head"], data["target"], problem))


def _note(desk: Desk, kind: str, entry: dict[str, Any], by: str = "head") -> None:
    """Something about a change in the ledger, once for each head, or whatever else it goes `by`."""
    ledger = Ledger(desk.state.ledger)
    if not any(each["kind"] == kind and each["data"].get(by) == entry[by] for each in ledger.entries()):
        ledger.append(kind, entry)


def exit_code(codes: list[int]) -> int:
    """The gravest of all tickets: integrity, then undetermined, lint, not eligible; 0 when there was none."""
    return max(codes, default=0)
