"""What `factory init` writes: a worked example in the project, and a vault beside it. Imports: paths, errors."""

from __future__ import annotations

import secrets
from pathlib import Path

from twinkit import paths
from twinkit.errors import UsageError

TEMPLATES = paths.PACKAGE / "templates" / "factory"


def init(project: Path, vault: Path) -> list[Path]:
    """Write what is missing, leave what is there; returns the files written. Raises UsageError."""
    inner, outer = vault.resolve(), project.resolve()
    if inner == outer or inner.is_relative_to(outer):
        raise UsageError(f"put the vault outside the project, for example {outer.parent / (outer.name + '-vault')}")
    written: list[Path] = []
    canary = f"canary-{secrets.token_hex(8)}"
    example = not (project / "factory.toml").exists() and not (project / "src").exists()
    for source, target in ((TEMPLATES / "project", project), (TEMPLATES / "vault", vault)):
        for path in sorted(source.rglob("*")):
            relative = path.relative_to(source)
            if not path.is_file() or "__pycache__" in path.parts or (relative.parts[0] == "src" and not example):
                continue
            place = target / relative
            if place.exists():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(path.read_text("utf-8").replace("@CANARY@", canary), "utf-8")
            written.append(place)
    (vault / "states").mkdir(parents=True, exist_ok=True)
    return written
