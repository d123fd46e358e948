"""`factory run | resume | report | gate | replay`: evaluating a change. Imports: factory, inside the functions."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twinkit.cli.arguments import natural

Common = Callable[..., None]
RUN = "the run: its id, or %(default)s"


def add(sub: Any, common: Common) -> None:
    """Declare the sub-commands."""
    run = sub.add_parser("run", help="evaluate a commit")
    common(run)
    arguments(run)
    run.set_defaults(run=run_run)
    resume = sub.add_parser("resume", help="go on with a run that was stopped")
    common(resume, vault=False)
    resume.add_argument("id", nargs="?", default="last", help=RUN)
    resume.add_argument("-j", "--jobs", type=natural, default=0, help="trials at a time (as before)")
    resume.set_defaults(run=run_resume)
    report = sub.add_parser("report", help="render the report of a run")
    common(report, vault=False)
    report.add_argument("id", nargs="?", default="last", help=RUN)
    report.add_argument(
        "--format",
        choices=("markdown", "html", "junit", "sarif", "json", "bugs"),
        default="markdown",
        help="bugs: what is wrong, without a word of the scenarios (%(default)s)",
    )
    report.add_argument(
        "--audience", choices=("operator", "public"), default="operator", help="public names no scenario"
    )
    report.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it here (standard output)")
    report.set_defaults(run=run_report)
    gate = sub.add_parser("gate", help="what the gate says of a run, or means for N scenarios")
    common(gate, vault=False)
    gate.add_argument("id", nargs="?", default="last", help=RUN)
    gate.add_argument(
        "--explain",
        nargs="?",
        type=natural,
        const=0,
        metavar="N",
        help="figures for N scenarios, or the run's",
    )
    gate.set_defaults(run=run_gate)
    replay = sub.add_parser("replay", help="run one trial again with its seed and compare")
    common(replay, vault=False)
    replay.add_argument("trial", help="id of a trial, or how it starts; `factory report` has them")
    replay.set_defaults(run=run_replay)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What decides how trials are run."""
    parser.add_argument("--head", default="HEAD", help="the commit to evaluate (%(default)s)")
    parser.add_argument("--base", default="", help="where rules are read from (where head left main)")
    parser.add_argument("-j", "--jobs", type=natural, default=2, help="trials at a time (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the twins of every trial (%(default)s)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        choices=("visible", "holdout", "final"),
        dest="sets",
        metavar="SET",
        help="only scenarios of this set: visible, holdout or final",
    )
    parser.add_argument("--only", action="append", default=[], metavar="SCENARIO", help="id, or how it starts")
    parser.add_argument("--trials", type=natural, default=0, help="instead of what the scenarios say")
    parser.add_argument("--isolation", choices=("auto", "require", "none"), default="auto", help="namespaces per trial")
    parser.add_argument("--executor", default="local", help="local, dask or dask:tcp://host:port")
    parser.add_argument("--quiet", action="store_true", help="no line per trial")


def options(args: argparse.Namespace) -> Any:
    """`Options` from arguments. Raises UsageError."""
    import os
    import shlex

    from twinkit.errors import UsageError
    from twinkit.factory.run.options import Options
    from twinkit.factory.run.storage import default_state

    if args.vault is None:
        raise UsageError("say where the scenarios are: --vault DIR, or $FACTORY_VAULT")
    return Options(
        args.project.resolve(), args.vault.resolve(), args.state or default_state(args.project), head=args.head,
        base=args.base, jobs=args.jobs, seed=args.seed, sets=tuple(args.sets), only=tuple(args.only),
        isolation=args.isolation, executor=args.executor, trials=args.trials,
        twin_command=tuple(shlex.split(os.environ.get("FACTORY_TWIN_COMMAND", ""))),
    )  # fmt: skip


def progress(args: argparse.Namespace) -> Any:
    """A line per trial on standard error, unless --quiet."""

    def show(result: Any, done: int, total: int) -> None:
        if not getattr(args, "quiet", False):
            what = f"{result.verdict} {result.kind}".rstrip()
            seconds = result.seconds.get("all", 0.0)
            print(f"[{done}/{total}] {what:18} {seconds:6.2f} s  {result.scenario} {result.trial[:8]}", file=sys.stderr)

    return show


def summary(report: dict[str, Any]) -> None:
    """The gate in a few lines."""
    from twinkit.factory.report.markdown import past

    gate = report["gate"]
    print(f"{gate['decision']}: {gate['passed']} of {gate['total']} scenarios passed (run {report['run']})")
    for row in report["scenarios"]:
        print(f"  {row['class']:12} {row['passes']}/{row['trials']}  {row['id']}{past(row)}")
        bad = next((each for each in row["attempts"] if each["verdict"] != "pass"), None)
        if (row["outcome"] != "pass" or row["class"] == "flaky-pass") and bad:
            first = bad["message"].split("\n")[0]
            print(f"{'':15}{bad['verdict']} {bad['kind']}: {first}")
    for reason in gate["reasons"]:
        print(f"- {reason}")
    for advisory in report["advisories"]:
        print(f"ADVISORY: {advisory}")


def run_run(args: argparse.Namespace) -> int:
    """Evaluate; the exit code is the gate's."""
    from twinkit.factory.run.controller import run

    report = run(options(args), progress(args))
    summary(report)
    return int(report["gate"]["exit_code"])


def _state(args: argparse.Namespace) -> Any:
    from twinkit.factory.run.storage import State, default_state

    return State(args.state or default_state(args.project))


def run_resume(args: argparse.Namespace) -> int:
    """Finish a run; the exit code is the gate's."""
    from twinkit.factory.run.controller import resume

    report = resume(_state(args), args.id, progress(args), args.jobs)
    summary(report)
    return int(report["gate"]["exit_code"])


def _bugs(args: argparse.Namespace, report: dict[str, Any]) -> str:
    """What a coder may be told of a run: constraints that do not hold and what was seen, nothing of the scenarios."""
    from twinkit.factory.agents.feedback import feedback
    from twinkit.factory.run.candidate import open_candidate

    candidate = open_candidate(args.project, report["head"], report["base"] or report["head"])
    return feedback(report["scenarios"], candidate.specifications, report["gate"]["decision"])


def run_report(args: argparse.Namespace) -> int:
    """Write a report."""
    from twinkit.factory.report.render import render

    report = _state(args).run(args.id).report()
    text = _bugs(args, report) if args.format == "bugs" else render(report, args.format, args.audience)
    if args.output:
        args.output.write_text(text, "utf-8")
    else:
        print(text)
    return 0


def run_gate(args: argparse.Namespace) -> int:
    """Decide again from what is stored, or explain."""
    from twinkit.factory.gate.explain import explain
    from twinkit.factory.report.check import recheck

    if args.explain:
        print(explain(args.explain, (9, 10)))
        return 0
    report = _state(args).run(args.id).report()
    gate = recheck(_state(args).run(args.id), report)
    print(f"{gate.decision}: {gate.passed} of {gate.total} scenarios passed")
    for reason in gate.reasons:
        print(f"- {reason}")
    if args.explain == 0:
        first = report["scenarios"][0]
        print("\n" + explain(gate.total, gate.share, first["trials"], first["need"]))
    return gate.exit_code


def run_replay(args: argparse.Namespace) -> int:
    """0 when the verdict is the same as before, 1 when it is not."""
    from twinkit.factory.run.replay import replay

    outcome = replay(_state(args), args.trial)
    print(json.dumps(outcome, indent=1))
    return 0 if outcome["same"] else 1
