"""Blanks what is not Gherkin before parsing, keeping line numbers: config fences, comments, quotes. Imports: yamlsafe.

What is blanked here is known and allowed; everything else must become a step, table, doc string or tag (see audit).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding
from twinkit.factory.yamlsafe import load_mapping

CONFIG = re.compile(r"^\s{0,3}(`{3,}|~{3,})\s*ya?ml\s+config\s*$")
MISSPELT_CONFIG = re.compile(r"^\s{0,3}(`{3,}|~{3,})\s*(?:ya?ml\s*\w*|config)\s*$")
DOC = re.compile(r"^\s*(\"\"\"|`{3,4})")


@dataclass(slots=True)
class Prepared:
    """`lines` to parse, `allowed` line numbers that were blanked, `fences` as (line, settings), `inside` doc
    strings.
    """

    lines: list[str]
    allowed: set[int] = field(default_factory=set)
    fences: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    docs: set[int] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def prepare(lines: list[str], path: str, offset: int) -> Prepared:
    """Scan once, top to bottom. `offset` is the number of front matter lines before the first of `lines`."""
    result = Prepared(list(lines))
    index = 0
    while index < len(lines):
        number = offset + index + 1
        line = lines[index]
        fence = CONFIG.match(line)
        doc = DOC.match(line)
        if fence:
            index = _fence(result, lines, index, fence.group(1), path, offset)
        elif doc and not MISSPELT_CONFIG.match(line):
            index = _doc(result, lines, index, doc.group(1), path, offset)
        elif MISSPELT_CONFIG.match(line) or line.lstrip().startswith("~~~"):
            result.findings.append(Finding(path, number, "SCEN212", "open the fence with ```yaml config"))
            index = _skip(result, lines, index, line.strip()[:3], offset)
        elif line.lstrip().startswith("<!--"):
            index = _comment(result, lines, index, path, offset)
        elif line.lstrip().startswith(">"):
            result.lines[index] = ""
            result.allowed.add(number)
            index += 1
        else:
            index += 1
    return result


def _end(lines: list[str], start: int, mark: str) -> int | None:
    return next((at for at in range(start + 1, len(lines)) if lines[at].strip() == mark), None)


def _blank(result: Prepared, first: int, last: int, offset: int) -> None:
    for at in range(first, last + 1):
        result.lines[at] = ""
        result.allowed.add(offset + at + 1)


def _fence(result: Prepared, lines: list[str], start: int, mark: str, path: str, offset: int) -> int:
    end = _end(lines, start, mark)
    if end is None:
        result.findings.append(Finding(path, offset + start + 1, "SCEN213", f"close the config fence with {mark}"))
        _blank(result, start, len(lines) - 1, offset)
        return len(lines)
    try:
        text = "\n".join(lines[start + 1 : end])
        result.fences.append((offset + start + 1, load_mapping(text, path, offset + start + 2, "SCEN214")))
    except LintError as error:
        result.findings.extend(error.findings)
    _blank(result, start, end, offset)
    return end + 1


def _skip(result: Prepared, lines: list[str], start: int, mark: str, offset: int) -> int:
    end = _end(lines, start, mark)
    last = len(lines) - 1 if end is None else end
    _blank(result, start, last, offset)
    return last + 1


def _doc(result: Prepared, lines: list[str], start: int, mark: str, path: str, offset: int) -> int:
    end = _end(lines, start, mark)
    if end is None:
        result.findings.append(Finding(path, offset + start + 1, "SCEN215", f"close the doc string with {mark}"))
        _blank(result, start, len(lines) - 1, offset)
        return len(lines)
    result.docs.update(range(offset + start + 1, offset + end + 2))
    return end + 1


def _comment(result: Prepared, lines: list[str], start: int, path: str, offset: int) -> int:
    for at in range(start, len(lines)):
        if "-->" not in lines[at]:
            continue
        rest = lines[at].split("-->", 1)[1].strip()
        if rest:
            result.findings.append(
                Finding(path, offset + at + 1, "SCEN216", "start a new line after the comment's -->")
            )
        _blank(result, start, at, offset)
        return at + 1
    result.findings.append(Finding(path, offset + start + 1, "SCEN216", "close the comment with -->"))
    _blank(result, start, len(lines) - 1, offset)
    return len(lines)
