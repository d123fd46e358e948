"""The reference of every command and option, as Markdown made from the parsers: `python -m twinkit.cli.reference`.

`docs/cli.md` is its output; a test keeps the two equal. Imports: the programs' parsers.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Iterator

PROGRAMS = ("twin", "factory")


def markdown() -> str:
    """The whole document."""
    lines = ["# Commands", "", "Made from the parsers by `python -m twinkit.cli.reference`.", ""]
    for program in PROGRAMS:
        if importlib.util.find_spec(f"twinkit.cli.{program}") is None:
            continue
        lines += section(importlib.import_module(f"twinkit.cli.{program}").parser(), program)
    return "\n".join(lines).rstrip() + "\n"


def section(parser: argparse.ArgumentParser, words: str, level: int = 2, about: str = "") -> list[str]:
    """A heading, what the command does, its arguments, then its sub-commands."""
    lines = [f"{'#' * level} `{words}`", ""]
    described = parser.description or (about and f"{about[0].upper()}{about[1:].rstrip('.?')}.")
    if described:
        lines += [described, ""]
    rows = list(arguments(parser))
    if rows:
        lines += ["| argument | what it does |", "|---|---|", *rows, ""]
    if parser.epilog:
        lines += ["```", *parser.epilog.strip().splitlines(), "```", ""]
    for name, about, child in children(parser):
        lines += section(child, f"{words} {name}", level + 1, about)
    return lines


def arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    """One table row for each argument but --help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            continue
        shown = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        if action.option_strings and action.nargs != 0:
            shown += f" {action.metavar or action.dest.upper()}"
        text = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%").replace("|", "/")
        if action.choices and not all(str(choice) in text for choice in action.choices):
            text += f": {', '.join(map(str, action.choices))}"
        yield f"| `{shown}` | {text} |"


def children(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Sub-commands: name, what it is for in a line, parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            about = {each.dest: each.help or "" for each in action._choices_actions}
            yield from ((name, about.get(name, ""), child) for name, child in action.choices.items())


if __name__ == "__main__":
    sys.stdout.write(markdown())
