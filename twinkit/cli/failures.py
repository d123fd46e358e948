"""`twin failures`: list the failure profiles, show one, check a file. No logic. Imports: faults.profile."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from twinkit.faults.profile import check_profile, load_profile, profile_names, profile_path


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("failures", help="list and check failure profiles")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    actions.add_parser("list", help="the profiles that come with twinkit")
    show = actions.add_parser("show", help="print a profile, by name or file")
    show.add_argument("profile", help="its name or file")
    check = actions.add_parser("check", help="explain what is wrong in a profile's file")
    check.add_argument("file", type=Path, nargs="+", help="a profile in YAML or JSON")


def run(args: argparse.Namespace) -> int:
    """Run it; 1 when a checked file has a mistake."""
    if args.action == "list":
        return show_list()
    if args.action == "show":
        given = Path(args.profile)
        path = given if given.is_file() else profile_path(args.profile)
        print(path.read_text(encoding="utf-8"), end="")
        return 0
    return max(check(path) for path in args.file)


def show_list() -> int:
    """One line for each profile."""
    width = max((len(name) for name in profile_names()), default=0)
    for name in profile_names():
        print(f"{name:{width}}  {load_profile(name).description}")
    return 0


def check(path: Path) -> int:
    """Say what is wrong in a file, each mistake with its line."""
    profile, mistakes = check_profile(path)
    for mistake in mistakes:
        place = f":{mistake.line}" if mistake.line else ""
        where = f" {mistake.where}:" if mistake.where else ""
        print(f"{path}{place}:{where} {mistake.message}", file=sys.stderr)
    if mistakes or profile is None:
        return 1
    print(f"{path}: {profile.name}, {len(profile.rules)} rules, nothing wrong")
    for rule in profile.rules:
        print(f"  {rule.line}: {rule.name}: {rule.then.describe()}")
    return 0
