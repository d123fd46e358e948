"""Lint: every rule has a code and a message that says what to do."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twinkit.behaviour.twin import Twin
from twinkit.contract.finding import Finding
from twinkit.lint import lint

NOTES = Path(__file__).parents[2] / "extension" / "notes"
HANDLER = """
@twin.handler("deleteNote")
def delete(ctx, request):
    {line}
"""
RULES = [
    ('raise ctx.error("conflikt", "no")', "unknown-error", "'conflict'"),
    ('ctx.create("nota", {})', "unknown-resource", "'note'"),
    ("import random", "ambient", "ctx.draw"),
    ("import datetime; datetime.datetime.now()", "ambient", "ctx.now"),
    ("\n".join(["x = 1", *["    x = 2"] * 70]), "too-long", "at most 60"),
]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "notes_under_lint"
    shutil.copytree(NOTES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "FIDELITY.md").write_text("Notes cannot be shared with other accounts; search is left out.\n")
    monkeypatch.setenv("TWINKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


def findings(package: Path, code: str = "") -> list[Finding]:
    file = package / "__init__.py"
    file.write_text(file.read_text() + code)
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]

    def load(name: str) -> Twin:
        importlib.invalidate_caches()
        found: Twin = importlib.import_module(name).twin
        return found

    return lint(package.name, load)


def test_the_smallest_twin_is_clean(package: Path) -> None:
    assert findings(package) == []


@pytest.mark.parametrize(("line", "code", "hint"), RULES)
def test_a_rule(package: Path, line: str, code: str, hint: str) -> None:
    found = findings(package, HANDLER.format(line=line))
    assert [finding.code for finding in found] == [code]
    assert hint in found[0].message
    assert "__init__.py:" in found[0].where


CHANGES: list[tuple[Callable[[str], str], str, str]] = [
    (
        lambda text: text.replace("unimplemented: {shareNote:", "operations: {shareNote: {kind: shape}}\noptions: {x:"),
        "keeps-nothing",
        "shareNote",
    ),
    (lambda text: text.replace("getNote,", "getNotes,"), "overlay", "'getNote'"),
    (lambda text: text.replace("shareNote:", "archiveNote:"), "both", "take the line out"),
]


@pytest.mark.parametrize(("change", "code", "hint"), CHANGES)
def test_a_rule_about_the_overlay(package: Path, change: Callable[[str], str], code: str, hint: str) -> None:
    file = package / "twin.yaml"
    file.write_text(change(file.read_text()))
    found = [finding for finding in findings(package) if finding.code == code]
    assert len(found) == 1
    assert hint in str(found[0])


def test_fidelity_and_modules_that_nothing_imports(package: Path) -> None:
    (package / "FIDELITY.md").unlink()
    (package / "handlers.py").write_text("from notes import twin\n\n@twin.handler('getNote')\ndef get(c, r): ...\n")
    assert [finding.code for finding in findings(package)] == ["no-fidelity", "not-loaded"]


def test_a_package_that_does_not_import(package: Path) -> None:
    found = findings(package, "\nimport no_such_module_anywhere\n")
    assert [finding.code for finding in found] == ["import"]
