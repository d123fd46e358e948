"""Other tools' scenario forms → ours: `.feature` files and Given/When/Then lists in specifications. Imports: parse.

Conversion is text to text, so that what was imported goes through the same strict parser as what was written by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from twinkit.factory.errors import LintError
from twinkit.factory.finding import Finding
from twinkit.factory.scenarios.model import Scenario
from twinkit.factory.yamlsafe import clean_text

FEATURE_HEADING = re.compile(
    r"^\s*(Feature|Background|Rule|Scenario Outline|Scenario Template|Scenario|Example|Examples|Scenarios):\s*(.*)$"
)
HEADING_LEVEL = {"Feature": "#", "Rule": "##", "Examples": "###", "Scenarios": "###"}
NUMBERED = re.compile(r"^\s*(?:\d+[.)]|[-*+])\s+\*\*Given\*\*\s+(.*)$", re.IGNORECASE)
BOLD = re.compile(r"\*\*(Given|When|Then|And|But)\*\*[,:]?\s*", re.IGNORECASE)


def feature_to_markdown(text: str) -> str:
    """A classic `.feature` file as Markdown with the same line numbers; `#` comments become HTML comments."""
    lines: list[str] = []
    doc = ""
    for line in text.split("\n"):
        stripped = line.strip()
        if doc:
            lines.append(line)
            doc = "" if stripped == doc else doc
            continue
        if stripped.startswith(('"""', "```")):
            doc = stripped[:3]
            lines.append(line)
            continue
        heading = FEATURE_HEADING.match(line)
        if heading:
            word, title = heading.groups()
            keyword = {"Feature": "", "Example": "Scenario: ", "Scenarios": "Examples: "}.get(word, f"{word}: ")
            lines.append(f"{HEADING_LEVEL.get(word, '##')} {keyword}{title}".rstrip())
        elif stripped.startswith("#"):
            lines.append(f"<!-- {stripped.lstrip('# ').replace('-->', '')} -->")
        else:
            lines.append(line)
    return "\n".join(lines)


def spec_to_markdown(text: str) -> str:
    """Acceptance scenarios of the common spec tools as ours.

    Two forms are known: numbered lines `1. **Given** a, **When** b, **Then** c` (each becomes a scenario named after
    its heading and number), and `#### Scenario: title` with bullets `- **WHEN** …`.
    """
    lines: list[str] = []
    story, count = "Story", 0
    for line in text.split("\n"):
        heading = re.match(r"^(#{1,6})\s+(.*)$", line)
        if heading and re.match(r"Scenario:", heading.group(2), re.IGNORECASE):
            lines.append(f"\n## Scenario: {heading.group(2).split(':', 1)[1].strip()}")
        elif heading:
            story, count = heading.group(2).strip(), 0
        elif NUMBERED.match(line):
            count += 1
            steps = BOLD.split(line.strip())[1:]
            lines.append(f"\n## Scenario: {story} {count}")
            for word, words in zip(steps[::2], steps[1::2], strict=True):
                lines.append(f"{word.capitalize()} {words.strip().rstrip(',.')}")
        elif BOLD.search(line) and lines:
            word, words = BOLD.split(re.sub(r"^[-+*]\s+", "", line.strip()))[1:3]
            lines.append(f"{word.capitalize()} {words.strip()}")
    return "\n".join(lines).strip() + "\n"


def parse_feature(path: Path, root: Path) -> tuple[list[Scenario], list[Finding]]:
    """Scenarios and findings of a `.feature` file, with its own line numbers."""
    from twinkit.factory.scenarios.parse import parse_text

    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    try:
        return parse_text(feature_to_markdown(clean_text(path.read_bytes(), name, "SCEN200")), name)
    except LintError as error:
        return [], error.findings
    except OSError as error:
        return [], [Finding(name, 0, "SCEN200", f"make the file readable: {error.strerror}")]
