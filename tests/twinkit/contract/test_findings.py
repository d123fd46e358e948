"""Every code of a finding is documented, and every documented one exists."""

from __future__ import annotations

import re
from pathlib import Path

from twinkit import paths
from twinkit.contract.finding import Finding

MODULES = ("adapters/*.py", "bundle.py", "patch.py", "load.py")


def test_codes_are_documented() -> None:
    folder = paths.PACKAGE / "contract"
    used: set[str] = set()
    for pattern in MODULES:
        for file in folder.glob(pattern):
            used |= set(re.findall(r"""(?:\bfind|Finding)\(\s*"([a-z-]+)",""", file.read_text(encoding="utf-8")))
    text = (Path(paths.PACKAGE.parent) / "docs" / "contracts.md").read_text(encoding="utf-8")
    assert used == set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))


def test_a_finding_is_one_line() -> None:
    assert str(Finding("x", "/a\n/b", "c")) == "/a /b: c [x]"
