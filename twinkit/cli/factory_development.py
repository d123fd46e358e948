"""`factory loop | audit | ledger`: coding agents, audits of the evaluator, trust.

Imports: factory, inside the functions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twinkit.cli.arguments import natural
from twinkit.cli.factory_evaluation import arguments, options

Common = Callable[..., None]


def add(sub: Any, common: Common) -> None:
    """Declare the sub-commands."""
    loop = sub.add_parser("loop", help="let a coding agent work on a specification until it is eligible")
    loop.add_argument("spec", help="specs/<name>.md, or its id")
    common(loop)
    arguments(loop)
    agent_arguments(loop)
    loop.set_defaults(run=run_loop)
    audit = sub.add_parser("audit", help="is the evaluator itself right?")
    audit.add_argument(
        "kind",
        choices=("lies", "witness", "determinism", "mutants"),
        help="lies and mutants of the code must be rejected, each constraint witnessed, a run the same again",
    )
    common(audit)
    arguments(audit)
    audit.add_argument("--limit", type=natural, default=20, help="mutants to try (%(default)s)")
    audit.set_defaults(run=run_audit)
    ledger = sub.add_parser("ledger", help="evaluations, decisions, blind judgements, and what they allow")
    ledger.add_argument(
        "action",
        choices=("record", "decide", "judge", "incident", "stats", "mode", "verify"),
        help="write a run, a decision, a blind judgement, an incident down; say what all of them allow",
    )
    common(ledger, vault=False)
    ledger.add_argument("head", nargs="?", default="", help="a run (record) or a commit")
    ledger.add_argument("--verdict", choices=("accept", "reject"), help="what was decided or judged")
    ledger.add_argument("--blind", action="store_true", help="the judge has not seen the evaluator's decision")
    ledger.add_argument("--confirmed", action="store_true", help="the rejection was confirmed: demotes")
    ledger.add_argument("--note", default="", help="why")
    ledger.add_argument("--minimum", type=natural, default=30, help="judgements before trust grows (%(default)s)")
    ledger.add_argument("--strict", action="store_true", help="ask the exact bound to be below 5 %%")
    ledger.set_defaults(run=run_ledger)


def agent_arguments(parser: argparse.ArgumentParser) -> None:
    """Who writes, and how long."""
    parser.add_argument(
        "--agent",
        choices=("command", "endpoint", "scripted"),
        default="command",
        help="who writes: a command of factory.toml, a model behind an endpoint, or patches (%(default)s)",
    )
    parser.add_argument("--script", type=Path, metavar="DIR", help="patches of the scripted agent")
    parser.add_argument("--attempts", type=natural, default=0, help="at most so many (as factory.toml says)")
    parser.add_argument("--budget", default="2h", help="time for all attempts (%(default)s)")
    parser.add_argument(
        "--sandbox",
        choices=("auto", "namespaces", "bubblewrap", "landlock", "none"),
        default="auto",
        help="what the agent runs in (%(default)s)",
    )


def tell(text: str) -> None:
    """A line of progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def agent(args: argparse.Namespace, config: Any) -> Any:
    """The agent that was asked for. Raises UsageError."""
    from twinkit.errors import UsageError

    settings = config.agent
    if args.agent == "scripted":
        from twinkit.factory.agents.scripted import PatchScriptAgent

        if args.script is None:
            raise UsageError("name the folder with the patches: --script DIR")
        return PatchScriptAgent(args.script)
    if args.agent == "endpoint":
        from twinkit.factory.agents.endpoint import OpenAICompatibleAgent

        return OpenAICompatibleAgent(settings.endpoint, settings.model, settings.key_variable)
    from twinkit.factory.agents.command import CommandAgent

    return CommandAgent(settings.command, settings.inherit, network=bool(settings.endpoint))


def run_loop(args: argparse.Namespace) -> int:
    """0 when the last change is eligible."""
    from twinkit.factory.durations import seconds
    from twinkit.factory.run.candidate import open_candidate
    from twinkit.factory.run.loop import loop

    chosen = options(args)
    config = open_candidate(chosen.project, chosen.head, chosen.base or chosen.head).config
    attempts = args.attempts or config.agent.attempts
    outcome = loop(
        chosen, args.spec, agent(args, config), attempts=attempts, budget=seconds(args.budget),
        timeout=config.agent.timeout, wanted=args.sandbox, tell=tell,
    )  # fmt: skip
    for advisory in outcome.sandbox.advisories:
        print(f"ADVISORY: {advisory}")
    last = next((each["head"] for each in reversed(outcome.attempts) if "head" in each), "")
    print(f"{outcome.status} after {len(outcome.attempts)} attempts" + (f": {last}" if last else ""))
    return outcome.exit_code


def run_audit(args: argparse.Namespace) -> int:
    """0 when the evaluator held, 1 when it did not."""
    from twinkit.factory.audits import behaviour, planted

    chosen = options(args)
    if args.kind == "lies":
        outcome = planted.audit_planted(chosen, planted.lies(chosen), tell)
    elif args.kind == "mutants":
        outcome = planted.audit_planted(chosen, planted.mutants(chosen, args.limit), tell)
    elif args.kind == "witness":
        outcome = behaviour.witness(chosen)
    else:
        outcome = behaviour.determinism(chosen)
    print(json.dumps(outcome, indent=1))
    return 0 if outcome["ok"] else 1


def run_ledger(args: argparse.Namespace) -> int:
    """Add an entry, or say what the entries allow."""
    from twinkit.errors import UsageError
    from twinkit.factory import git
    from twinkit.factory.ledger.chain import Ledger
    from twinkit.factory.ledger.trust import trust
    from twinkit.factory.report.check import recheck
    from twinkit.factory.run.storage import State, default_state

    state = State(args.state or default_state(args.project))
    ledger = Ledger(state.ledger)
    if args.action == "record":
        folder = state.run(args.head or "last")
        report = folder.report()
        decision = recheck(folder, report).decision
        data = {"run": folder.id, "head": report["head"], "decision": decision, "vault": report["vault"]}
        print(json.dumps(ledger.append("evaluation", data)))
    elif args.action in ("judge", "decide"):
        if not args.verdict:
            raise UsageError("say what was decided: --verdict accept or --verdict reject")
        head = git.commit(args.project, args.head or "HEAD")
        evaluated = {e["data"]["head"]: e["data"]["decision"] for e in ledger.entries() if e["kind"] == "evaluation"}
        if head not in evaluated:
            raise UsageError(f"{head[:12]} was not evaluated; record its run first")
        data = {"head": head, "verdict": args.verdict, "note": args.note}
        if args.action == "judge":
            ledger.append("judgement", {**data, "blind": args.blind, "confirmed": args.confirmed})
        else:
            override = (args.verdict == "accept") != (evaluated[head] == "eligible")
            ledger.append("decision", {**data, "override": override})
        print("recorded")
    elif args.action == "incident":
        ledger.append("incident", {"head": args.head, "note": args.note})
        print("recorded; counting starts anew")
    else:
        state_of_trust = trust(ledger.entries(), args.minimum, args.strict)
        print(state_of_trust.mode if args.action == "mode" else state_of_trust.text())
    return 0
