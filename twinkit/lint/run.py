"""Running the rules: load the twin, hand it and its sources to each rule.

Imports: rules, behaviour."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from twinkit.behaviour.twin import Twin
from twinkit.contract.finding import Finding
from twinkit.errors import AuthorError
from twinkit.lint import code, package


@dataclass(slots=True)
class Subject:
    """What is linted: the twin, its folder (None for a document) and its modules."""

    twin: Twin
    folder: Path | None = None
    modules: dict[str, ast.Module] = field(default_factory=dict)
    """Path below the folder → syntax tree."""


def lint(name: str, load: Callable[[str], Twin]) -> list[Finding]:
    """Findings of the twin that `load` finds by name; `overlay` or `import` when it does not load."""
    try:
        twin = load(name)
    except AuthorError as error:
        return [Finding("overlay", name, line) for line in str(error).splitlines()]
    except (ImportError, SyntaxError, NameError, AttributeError, TypeError) as error:
        return [Finding("import", name, f"the package does not import: {type(error).__name__}: {error}")]
    return check(twin, folder_of(twin))


def check(twin: Twin, folder: Path | None = None) -> list[Finding]:
    """Findings of a loaded twin; rules about its files are left out without a folder."""
    subject = Subject(twin, folder)
    found: list[Finding] = []
    if folder is not None:
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder).as_posix()
            try:
                subject.modules[place] = ast.parse(path.read_text(encoding="utf-8"))
            except SyntaxError as error:
                found.append(Finding("syntax", f"{place}:{error.lineno}", str(error.msg)))
    for rule in (*package.RULES, *code.RULES):
        found.extend(rule(subject))
    return found


def folder_of(twin: Twin) -> Path | None:
    """The folder of the package that holds a twin, by its handlers or by the module that exports it."""
    for module in list(sys.modules.values()):
        if getattr(module, "twin", None) is twin and getattr(module, "__file__", None):
            folder = Path(str(module.__file__)).parent
            if (folder / "twin.yaml").is_file():
                return folder
    return None
