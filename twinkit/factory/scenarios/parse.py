"""Scenario files → scenarios, refusing everything that could be a false pass.

Imports: matcher, prepare, audit, model.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gherkin.dialect import Dialect
from gherkin.errors import CompositeParserException, ParserError, ParserException
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

from twinkit.errors import nearest
from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding
from twinkit.factory.scenarios.audit import advise, audit, covered
from twinkit.factory.scenarios.matcher import SYNTHETIC, PlainMatcher
from twinkit.factory.scenarios.model import KINDS, Scenario, Step
from twinkit.factory.scenarios.prepare import Prepared, prepare
from twinkit.factory.scenarios.settings import parse_settings
from twinkit.factory.yamlsafe import clean_text, split_front_matter

PLACEHOLDER = re.compile(r"<[A-Za-z_][\w -]*>")
PLACEHOLDER_NAME = re.compile(r"<([A-Za-z_][\w -]*)>")


def parse_file(path: Path, root: Path) -> tuple[list[Scenario], list[Finding]]:
    """Scenarios and findings of one file; with an error among the findings no scenario may run."""
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    try:
        return parse_text(clean_text(path.read_bytes(), name, "SCEN200"), name)
    except LintError as error:
        return [], error.findings
    except OSError as error:
        return [], [Finding(name, 0, "SCEN200", f"make the file readable: {error.strerror}")]


def parse_text(text: str, name: str) -> tuple[list[Scenario], list[Finding]]:
    """Like `parse_file` for text with Unix line ends. Raises LintError for broken front matter."""
    front = split_front_matter(text, name, "SCEN204")
    lines = front.body.split("\n")
    ready = prepare(lines, name, front.lines)
    findings = list(ready.findings)
    document = _gherkin(ready, name, front.lines, str(front.data.get("language", "en")), findings)
    if document is None:
        return [], findings
    feature = document["feature"]
    shift = front.lines - 1
    became = {line + shift for line in covered([feature, document["comments"]])} | ready.docs
    headings = list(_headings(feature, shift))
    first = min([line for line, _ in headings], default=10**9)
    findings.extend(audit(lines, front.lines, became, ready.allowed, first, name))
    if not any(kind == "scenario" for _, kind in headings):
        findings.append(Finding(name, 0, "SCEN205", "write at least one heading `## Scenario: …`"))
    scenarios = list(_scenarios(document, shift, name, front.data, ready, findings))
    findings.extend(_check_ast(feature, shift, name))
    return scenarios, findings


def _gherkin(ready: Prepared, name: str, offset: int, language: str, findings: list[Finding]) -> Any:
    source = SYNTHETIC + "\n" + "\n".join(ready.lines) + "\n"
    if Dialect.for_name(language) is None:
        findings.append(Finding(name, 1, "SCEN206", f"choose a Gherkin language, not {language!r}"))
        return None
    try:
        return {**Parser().parse(source, PlainMatcher(language)), "uri": name}
    except CompositeParserException as error:
        findings.extend(_parser_finding(each, name, offset) for each in error.errors)
    except ParserError as error:
        findings.append(_parser_finding(error, name, offset))
    return None


def _parser_finding(error: ParserError, name: str, offset: int) -> Finding:
    line = error.location["line"] + offset - 1 if isinstance(error, ParserException) else 0
    got = re.search(r", got '(.*)'$", str(error))
    if got and got.group(1):
        code, advice = advise(got.group(1))
        return Finding(name, line, code, advice)
    message = re.sub(r"^\(\d+:\d+\): ", "", str(error))
    message = re.sub(r"expected: (?:#\w+(?:, )?)+", "expected a step, table, doc string, tag or heading, ", message)
    return Finding(name, line, "SCEN207", f"correct this line: {message}")


def _headings(feature: dict[str, Any], shift: int) -> Iterator[tuple[int, str]]:
    for child in feature["children"]:
        for kind, node in child.items():
            if kind == "rule":
                yield from _headings(node, shift)
            else:
                yield node["location"]["line"] + shift, kind


def _nodes(feature: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for child in feature["children"]:
        for kind, node in child.items():
            if kind == "rule":
                yield from _nodes(node)
            else:
                yield kind, node


def _check_ast(feature: dict[str, Any], shift: int, name: str) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for kind, node in _nodes(feature):
        line = node["location"]["line"] + shift
        if kind != "scenario":
            continue
        if not node["name"].strip():
            yield Finding(name, line, "SCEN220", "give the scenario a title after `Scenario:`")
        other = seen.setdefault(slug(node["name"]), line)
        if other != line:
            yield Finding(name, line, "SCEN221", f"give the scenario another title; line {other} has the same")
        if not node["steps"]:
            yield Finding(name, line, "SCEN222", "add steps: Given …, When …, Then …")
        outline = "outline" in node["keyword"].lower() or "template" in node["keyword"].lower()
        rows = sum(len(table["tableBody"]) for table in node["examples"])
        if (outline or node["examples"]) and not rows:
            yield Finding(name, line, "SCEN223", "add an `Examples:` table with at least one row")
        yield from _unused_columns(node, shift, name)


def _unused_columns(node: dict[str, Any], shift: int, name: str) -> Iterator[Finding]:
    """A column that no step uses is a misspelt one, here or in the step."""
    used = json.dumps([node["name"], [_written(step) for step in node["steps"]]], ensure_ascii=False)
    for table in node["examples"]:
        for cell in table.get("tableHeader", {}).get("cells", ()):
            if json.dumps(f"<{cell['value']}>", ensure_ascii=False)[1:-1] not in used:
                line = table["tableHeader"]["location"]["line"] + shift
                hint = nearest(cell["value"], PLACEHOLDER_NAME.findall(used))
                yield Finding(name, line, "SCEN226", f"use the column <{cell['value']}> in a step, or remove it{hint}")


def _written(step: dict[str, Any]) -> list[Any]:
    """Everything of a step in which a placeholder may stand."""
    rows = step.get("dataTable", {}).get("rows", ())
    cells = [cell["value"] for row in rows for cell in row["cells"]]
    return [step["text"], cells, step.get("docString", {}).get("content", "")]


def _scenarios(
    document: Any, shift: int, name: str, file: dict[str, Any], ready: Prepared, findings: list[Finding]
) -> Iterator[Scenario]:
    places = _step_places(document["feature"])
    starts = sorted(
        node["location"]["line"] + shift for kind, node in _nodes(document["feature"]) if kind == "scenario"
    )
    fences = _fences_by_scenario(ready, starts, name, findings)
    lines = {node["id"]: node["location"]["line"] + shift for _, node in _nodes(document["feature"])}
    counts: dict[str, int] = {}
    for pickle in Compiler().compile(document):
        line = int(lines[pickle["astNodeIds"][0]])
        steps = tuple(_step(step, places, shift) for step in pickle["steps"])
        if steps and not any(step.kind == "then" for step in steps):
            findings.append(Finding(name, line, "SCEN224", "add a Then: a scenario without one proves nothing"))
        for step in steps:
            if len(pickle["astNodeIds"]) > 1 and PLACEHOLDER.search(step.text):
                findings.append(Finding(name, step.line, "SCEN225", "give every <placeholder> a column in Examples"))
        fence_line, fence = fences.get(line, (1, {}))
        try:
            settings = parse_settings(file, fence, name, fence_line)
        except LintError as error:
            findings.extend(finding for finding in error.findings if finding not in findings)
            continue
        base = f"{slug(Path(name).stem)}/{slug(pickle['name'])}"
        counts[base] = counts.get(base, 0) + 1
        id = base if len(pickle["astNodeIds"]) == 1 else f"{base}-{counts[base]}"
        tags = tuple(dict.fromkeys(tag["name"] for tag in pickle["tags"]))
        yield Scenario(id, pickle["name"], name, line, tags, steps, settings)


def _fences_by_scenario(
    ready: Prepared, starts: list[int], name: str, findings: list[Finding]
) -> dict[int, tuple[int, dict[str, Any]]]:
    """Heading line → its config fence. A fence before the first scenario belongs to none and is an error."""
    owners: dict[int, tuple[int, dict[str, Any]]] = {}
    for line, data in ready.fences:
        owner = max((start for start in starts if start < line), default=0)
        if not owner:
            findings.append(
                Finding(name, line, "SCEN217", "move the config fence under its scenario, or use front matter")
            )
        elif owner in owners:
            findings.append(Finding(name, line, "SCEN218", "merge the two config fences of this scenario"))
        else:
            owners[owner] = (line, data)
    return owners


def _step_places(feature: dict[str, Any]) -> dict[str, tuple[int, str]]:
    return {
        step["id"]: (step["location"]["line"], step["keyword"]) for _, node in _nodes(feature) for step in node["steps"]
    }


def _step(step: Any, places: dict[str, tuple[int, str]], shift: int) -> Step:
    line, word = places[step["astNodeIds"][0]]
    argument = step.get("argument", {})
    rows = argument.get("dataTable", {}).get("rows", [])
    table = tuple(tuple(cell["value"] for cell in row["cells"]) for row in rows)
    doc = argument["docString"]["content"] if "docString" in argument else None
    return Step(KINDS.get(step["type"], "given"), word.strip(), step["text"], line + shift, table, doc)


def slug(text: str) -> str:
    """Lower-case words joined by hyphens; other letters are kept as they are."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[^\w]+", "-", plain).strip("-_") or "unnamed"
