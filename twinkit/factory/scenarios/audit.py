"""The strict line audit: inside a scenario every line must have become something. Imports: finding.

A misspelt keyword would otherwise turn a step into prose that nobody runs, and the scenario into a false pass.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from twinkit.factory.finding import Finding

HEADING = re.compile(r"^#{1,6}(?!#)\s*(.*)$")
KEYWORDS = ("Given", "When", "Then", "And", "But")
HEADINGS = ("Scenario:", "Scenario Outline:", "Background:", "Rule:", "Examples:")
STEPLIKE = re.compile(r"^\s*(?:[-+*]\s+)?(Given|When|Then|And|But)\b", re.IGNORECASE)


def covered(tree: Any) -> set[int]:
    """Line numbers of the parsed document that became a heading, step, table row, tag or doc string delimiter."""
    lines: set[int] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "location" in node:
                lines.add(int(node["location"]["line"]))
            if isinstance(node.get("docString"), dict):
                first = int(node["docString"]["location"]["line"])
                lines.update(range(first, first + node["docString"]["content"].count("\n") + 3))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(tree)
    return lines


def audit(
    lines: list[str], offset: int, became: set[int], allowed: set[int], first: int, path: str
) -> Iterator[Finding]:
    """Findings for lines that became nothing. `first` is the line of the first scenario, or beyond the end."""
    titled = False
    for number, line in enumerate(lines, start=offset + 1):
        if not line.strip() or number in became or number in allowed:
            titled = titled or (number in became and line.startswith("# "))
            continue
        heading = HEADING.match(line.strip()) if line[:4].strip().startswith("#") else None
        if heading:
            if line.startswith("# ") and not titled and not _scenario_like(heading.group(1)):
                titled = True
                continue
            yield Finding(path, number, "SCEN202", _heading_advice(heading.group(1)))
        elif number > first:
            yield Finding(path, number, "SCEN201", _line_advice(line.strip()))
        elif STEPLIKE.match(line):
            yield Finding(path, number, "SCEN203", "put this step under a heading `## Scenario: …` or `## Background:`")


def advise(line: str) -> tuple[str, str]:
    """Code and message for a line that fits nowhere."""
    heading = HEADING.match(line.strip())
    return ("SCEN202", _heading_advice(heading.group(1))) if heading else ("SCEN201", _line_advice(line.strip()))


def _scenario_like(words: str) -> bool:
    first = words.split(":")[0].strip().lower()
    return bool(
        difflib.get_close_matches(first, ["scenario", "scenarios", "scenario outline", "example"], n=1, cutoff=0.75)
    )


def _heading_advice(words: str) -> str:
    first = words.split(":")[0].strip().title() + ":"
    close = difflib.get_close_matches(first, HEADINGS, n=1, cutoff=0.6)
    if close:
        return f"write the heading as `## {close[0]} …`"
    return "this heading became no scenario: write `## Scenario: …`, or quote it with `>`"


def _line_advice(line: str) -> str:
    word = re.sub(r"^[-+*]\s+", "", line).split(" ")[0].strip(":,")
    close = nearest_keyword(word)
    if close:
        return f"this line became no step; write `{close}` for `{word}`"
    return "this line became no step; start it with Given, When, Then, And or But, or quote it with `>`"


def nearest_keyword(word: str, keywords: Iterable[str] = KEYWORDS) -> str | None:
    """`Than` → `Then`; None when nothing is close."""
    close = difflib.get_close_matches(word.capitalize(), list(keywords), n=1, cutoff=0.5)
    return close[0] if close else None
