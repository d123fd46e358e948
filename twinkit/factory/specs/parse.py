"""Markdown → Specification, with findings for what could not be read. Imports: model, yamlsafe, finding."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from twinkit.errors import nearest
from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding
from twinkit.factory.specs.model import Constraint, Interface, Specification
from twinkit.factory.yamlsafe import clean_text, split_front_matter

SECTIONS = ("goal", "constraints", "interfaces", "non-goals", "user flow")
KEYS = ("type", "service", "priority", "id", "app", "protected", "depends", "title")
REQUIRED_KEYS = ("type", "service", "priority")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
LEVEL = re.compile(r"\b(MUST NOT|MUST|SHALL NOT|SHALL|SHOULD NOT|SHOULD|MAY)\b")
BULLET = re.compile(r"^\s{0,3}(?:[-*+]|\d+[.)])\s+(.*)$")
NAMED = re.compile(r"^\[([A-Z][A-Za-z]*-?\d+)\]\s*(.*)$", re.DOTALL)
INTERFACE = re.compile(
    r"^(?P<method>[A-Za-z]+)\s+(?P<path>\S+)(?:\s+\{(?P<fields>[^}]*)\})?\s*(?:→|->|=>)\s*(?P<codes>.+)$"
)
CODE = re.compile(r"^[1-5](?:\d\d|xx|XX)$")


def parse_specification(path: Path, root: Path | None = None) -> tuple[Specification, list[Finding]]:
    """Read one file; unreadable parts become findings. Raises LintError when there is nothing to read at all."""
    name = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LintError([Finding(name, 0, "SPEC100", f"make the file readable: {error.strerror}")]) from None
    return parse_text(clean_text(raw, name, "SPEC101"), name)


def parse_text(text: str, name: str) -> tuple[Specification, list[Finding]]:
    """Like `parse_specification` for text already read. Raises LintError for broken front matter."""
    findings: list[Finding] = []
    front = split_front_matter(text, name, "SPEC102")
    _check_keys(front.data, name, findings)
    sections, lines, title = _sections(front.body, front.lines, name, findings)
    constraints = _constraints(sections.get("constraints", ""), lines.get("constraints", 0), name, findings)
    interfaces = _interfaces(sections.get("interfaces", ""), lines.get("interfaces", 0), name, findings)
    data = front.data
    specification = Specification(
        path=name,
        id=str(data.get("id") or Path(name).stem),
        title=str(data.get("title") or title or Path(name).stem),
        type=str(data.get("type", "")),
        service=str(data.get("service", "")),
        priority=str(data.get("priority", "")),
        app=str(data.get("app", "")),
        protected=_words(data.get("protected"), "protected", name, findings),
        depends=_words(data.get("depends"), "depends", name, findings),
        constraints=tuple(constraints),
        interfaces=tuple(interfaces),
        sections=sections,
        lines=lines,
        text=text,
    )
    return specification, findings


def _check_keys(data: dict[str, Any], name: str, findings: list[Finding]) -> None:
    for key in data:
        if key not in KEYS:
            findings.append(Finding(name, 1, "SPEC103", f"remove the front matter key {key!r}{nearest(key, KEYS)}"))
    for key in REQUIRED_KEYS:
        if not data.get(key):
            findings.append(Finding(name, 1, "SPEC104", f"add `{key}:` to the front matter"))
        elif not isinstance(data[key], (str, int)):
            findings.append(Finding(name, 1, "SPEC104", f"make `{key}:` one word"))


def _words(value: Any, key: str, name: str, findings: list[Finding]) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    findings.append(Finding(name, 1, "SPEC105", f"make `{key}:` a list of words"))
    return ()


def _sections(body: str, offset: int, name: str, findings: list[Finding]) -> tuple[dict[str, str], dict[str, int], str]:
    texts: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    title, current, fenced = "", "", False
    for number, line in enumerate(body.split("\n"), start=offset + 1):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        heading = None if fenced else re.match(r"^(#{1,6})\s+(.*?)\s*#*\s*$", line)
        if heading is None:
            texts.setdefault(current, []).append(line)
            continue
        level, words = len(heading.group(1)), heading.group(2).strip()
        key = words.rstrip(":").lower().replace("non goals", "non-goals").replace("_", " ")
        if level == 1 and not title and key not in SECTIONS:
            title = words
            continue
        if level > 2 and key not in SECTIONS:
            texts.setdefault(current, []).append(line)
            continue
        if key in lines:
            findings.append(Finding(name, number, "SPEC106", f"merge the two sections {words!r} into one"))
        elif key not in SECTIONS:
            hint = nearest(key, SECTIONS) or f"; the sections are {', '.join(SECTIONS)}"
            findings.append(Finding(name, number, "SPEC107", f"rename the section {words!r}{hint}"))
        current = key
        lines.setdefault(key, number)
    return {key: "\n".join(value).strip("\n") for key, value in texts.items() if key}, lines, title


def _items(section: str, start: int) -> list[tuple[int, str]]:
    """Bullets of a section with their line; indented lines go on with the bullet above."""
    items: list[tuple[int, str]] = []
    lead = 0
    raw = section.split("\n")
    for index, line in enumerate(raw):
        bullet = BULLET.match(line)
        if bullet:
            items.append((start + 1 + lead + index, bullet.group(1).strip()))
        elif line.strip() and items and line.startswith((" ", "\t")):
            number, words = items[-1]
            items[-1] = (number, f"{words} {line.strip()}")
        elif line.strip():
            items.append((start + 1 + lead + index, line.strip()))
    return items


def _constraints(section: str, start: int, name: str, findings: list[Finding]) -> list[Constraint]:
    constraints: list[Constraint] = []
    seen: dict[str, int] = {}
    for position, (line, words) in enumerate(_items(section, start), start=1):
        named = NAMED.match(words)
        id, words = (named.group(1), named.group(2)) if named else (f"C{position}", words)
        if id in seen:
            findings.append(
                Finding(name, line, "SPEC108", f"give this constraint another id; {id} is on line {seen[id]}")
            )
        seen[id] = line
        level = LEVEL.search(words)
        constraints.append(Constraint(id, words, level.group(1) if level else "", line))
    return constraints


def _interfaces(section: str, start: int, name: str, findings: list[Finding]) -> list[Interface]:
    found: list[Interface] = []
    for line, words in _items(section, start):
        if words.lower().rstrip(".") == "none":
            continue
        match = INTERFACE.match(words.strip("`"))
        if match is None or match["method"].upper() not in METHODS or not match["path"].startswith("/"):
            findings.append(
                Finding(name, line, "SPEC109", "write the interface as `METHOD /path {field, field} → 200, 404`")
            )
            continue
        codes = tuple(code for code in re.split(r"[\s,|/]+", match["codes"].strip("` .")) if code)
        wrong = [code for code in codes if not CODE.match(code)]
        if wrong:
            findings.append(Finding(name, line, "SPEC110", f"write status codes such as 200 or 4xx, not {wrong[0]!r}"))
            continue
        fields = tuple(part.strip() for part in (match["fields"] or "").split(",") if part.strip())
        found.append(Interface(match["method"].upper(), match["path"], fields, codes, line))
    return found
