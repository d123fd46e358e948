"""`factory work`: from ready tickets to merged and deployed changes. Imports: factory, inside the functions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from twinkit.cli.factory_development import agent, agent_arguments, tell
from twinkit.cli.factory_evaluation import arguments, options

Common = Callable[..., None]


def add(sub: Any, common: Common) -> None:
    """Declare the sub-commands."""
    work = sub.add_parser("work", help="take ready tickets, let the agent work, evaluate, propose or merge, deploy")
    common(work)
    arguments(work)
    agent_arguments(work)
    work.add_argument("--once", action="store_true", help="one ticket, instead of all that are ready")
    work.add_argument(
        "--tracker",
        choices=("directory", "github", "jira", "linear"),
        help="where tickets are, instead of what `[tracker] kind` in factory.toml says",
    )
    work.set_defaults(run=run_work)


def run_work(args: argparse.Namespace) -> int:
    """0 when every ticket that was taken came to an eligible change, else the gravest code."""
    from twinkit.factory.durations import seconds
    from twinkit.factory.pipeline.work import Desk, exit_code, work
    from twinkit.factory.run.candidate import open_candidate
    from twinkit.factory.trackers.build import tracker

    chosen = options(args)
    candidate = open_candidate(chosen.project, chosen.head, chosen.base or chosen.head)
    config = candidate.config
    desk = Desk(
        chosen, tracker(config.tracker, candidate.repo, args.tracker or ""), agent(args, config),
        attempts=args.attempts or config.agent.attempts, budget=seconds(args.budget), wanted=args.sandbox, tell=tell,
    )  # fmt: skip
    codes = work(desk, args.once)
    print(f"{len(codes)} tickets" if codes else "no ticket is ready")
    return exit_code(codes)
