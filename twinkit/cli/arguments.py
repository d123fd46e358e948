"""The parser of both commands: argparse's, whose complaints name the command's own usage and the nearest valid word.

Imports: errors.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from twinkit.errors import nearest

CHOICE = re.compile(r"invalid choice: '([^']*)'.* \(choose from (.*)\)")


def any_terminal() -> None:
    """Let what a terminal's encoding lacks be shown as `?`; where there is no standard output, say nothing there."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # for as long as the process lives
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.encoding.lower() != "utf-8":
        sys.stdout.reconfigure(errors="replace")


def natural(text: str) -> int:
    """A number of at least 1, as an argument's type. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of at least 1 is needed, not {text!r}")
    return int(text)


class Parser(argparse.ArgumentParser):
    """A parser for a command with sub-commands; they get parsers of the same class."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Like argparse's; what is left over is refused by the sub-command it was given to."""
        args = sys.argv[1:] if args is None else args
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            chosen = self.chosen(args)
            known = [
                option for option in chosen._option_string_actions if option.startswith("--") and option != "--help"
            ]
            word = next((word for word in rest if word.startswith("-")), rest[0]).partition("=")[0]
            hint = nearest(word, known) if word.startswith("--") else ""
            chosen.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
        return found

    def chosen(self, words: Sequence[str]) -> argparse.ArgumentParser:
        """The parser of the innermost sub-command that the words name."""
        found: argparse.ArgumentParser = self
        for word in words:
            for action in found._actions:
                if isinstance(action, argparse._SubParsersAction) and word in action.choices:
                    found = action.choices[word]
                    break
        return found

    def error(self, message: str) -> NoReturn:
        """Exit 2 with the usage and the message."""
        wrong = CHOICE.search(message)
        if wrong:
            choices = [choice.strip(" '") for choice in wrong[2].split(",")]
            message += nearest(wrong[1], choices)
        super().error(message)
