"""Is a specification fit to work from? Every message says what to do. Imports: parse, model, finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from twinkit.errors import nearest
from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding
from twinkit.factory.specs.model import Constraint, Specification
from twinkit.factory.specs.parse import parse_specification

VAGUE = (
    "fast", "quickly", "quick", "slow", "easy", "easily", "simple", "simply", "user-friendly", "intuitive",
    "appropriate", "appropriately", "properly", "correctly", "gracefully", "robust", "robustly", "secure",
    "securely", "efficient", "efficiently", "reasonable", "reasonably", "some", "several", "various", "etc",
    "and so on", "as needed", "if possible", "where possible", "soon", "recent", "adequate", "sufficient",
    "good", "nice", "better", "best effort", "flexible", "scalable", "modern", "seamless", "seamlessly",
    "tbd", "todo",
)  # fmt: skip
VAGUE_PATTERN = re.compile(r"\b(" + "|".join(re.escape(word) for word in VAGUE) + r")\b", re.IGNORECASE)
QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|“[^”]*”")
MAX_CONSTRAINTS = 12
MAX_BYTES = 8 * 1024
REQUIRED = ("goal", "constraints", "interfaces", "non-goals")


def lint_specification(specification: Specification) -> list[Finding]:
    """Findings about one specification that was parsed."""
    findings = [*_structure(specification), *_size(specification)]
    for constraint in specification.constraints:
        findings.extend(_constraint(specification, constraint))
    findings.extend(_vague(specification, "goal"))
    seen: dict[tuple[str, str], int] = {}
    for interface in specification.interfaces:
        first = seen.setdefault((interface.method, interface.path), interface.line)
        if first != interface.line:
            message = f"merge with line {first}: {interface.method} {interface.path} is described twice"
            findings.append(Finding(specification.path, interface.line, "SPEC127", message))
    return findings


def _structure(specification: Specification) -> Iterable[Finding]:
    for section in REQUIRED:
        if section not in specification.lines:
            message = f"add a section `## {section.capitalize()}`"
            yield Finding(specification.path, 0, "SPEC120", message)
        elif not specification.sections.get(section, "").strip():
            line = specification.lines[section]
            yield Finding(
                specification.path, line, "SPEC121", f"fill the section {section!r}; write `- none` if it is empty"
            )
    if specification.priority and specification.priority.lower() not in ("low", "medium", "high", "critical"):
        yield Finding(specification.path, 1, "SPEC122", "make `priority:` low, medium, high or critical")


def _size(specification: Specification) -> Iterable[Finding]:
    if len(specification.constraints) > MAX_CONSTRAINTS:
        yield Finding(
            specification.path, specification.lines.get("constraints", 0), "SPEC123",
            f"monolithic: split it, one feature per specification ({len(specification.constraints)} constraints, "
            f"at most {MAX_CONSTRAINTS})",
        )  # fmt: skip
    size = len(specification.text.encode())
    if size > MAX_BYTES:
        yield Finding(specification.path, 0, "SPEC124", f"shorten to {MAX_BYTES} bytes or split ({size} now)")


def _constraint(specification: Specification, constraint: Constraint) -> Iterable[Finding]:
    if not constraint.level:
        message = f"say MUST, MUST NOT or SHOULD in {constraint.id}"
        yield Finding(specification.path, constraint.line, "SPEC125", message)
    for word in VAGUE_PATTERN.findall(QUOTED.sub("", constraint.text)):
        message = f"replace {word!r} in {constraint.id} by something a test can measure"
        yield Finding(specification.path, constraint.line, "SPEC126", message)
    if len(re.findall(r"\bMUST\b|\bSHOULD\b|\bSHALL\b", constraint.text)) > 2:
        message = f"split {constraint.id}: one rule per constraint"
        yield Finding(specification.path, constraint.line, "SPEC128", message, "warning")


def _vague(specification: Specification, section: str) -> Iterable[Finding]:
    start = specification.lines.get(section, 0)
    for offset, line in enumerate(specification.sections.get(section, "").split("\n")):
        for word in VAGUE_PATTERN.findall(QUOTED.sub("", line)):
            message = f"replace {word!r} by something a test can measure"
            yield Finding(specification.path, start + 1 + offset, "SPEC126", message, "warning")


def load_specifications(folder: Path) -> tuple[list[Specification], list[Finding]]:
    """Every `*.md` under `folder`, in path order, with all findings including those across files."""
    specifications: list[Specification] = []
    findings: list[Finding] = []
    for path in sorted(folder.rglob("*.md")):
        try:
            specification, found = parse_specification(path, folder.parent)
        except LintError as error:
            findings.extend(error.findings)
            continue
        findings.extend(found)
        findings.extend(lint_specification(specification))
        specifications.append(specification)
    findings.extend(_across(specifications))
    return specifications, findings


def _across(specifications: list[Specification]) -> Iterable[Finding]:
    ids: dict[str, str] = {}
    for specification in specifications:
        other = ids.setdefault(specification.id, specification.path)
        if other != specification.path:
            yield Finding(
                specification.path, 1, "SPEC129", f"give it another `id:`; {other} has {specification.id!r} too"
            )
    for specification in specifications:
        for needed in specification.depends:
            if needed not in ids:
                message = f"`depends:` names no specification {needed!r}{nearest(needed, ids)}"
                yield Finding(specification.path, 1, "SPEC130", message)
