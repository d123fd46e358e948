"""The tutorial runs: its blocks are carried out in order in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def install(site: Path, package: Path) -> None:
    """What `pip install -e` leaves behind, without building anything."""
    info = site / "baskets-0.1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: baskets\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[twinkit.twins]\nbaskets = baskets_twin:twin\n")
    (site / "baskets.pth").write_text(f"{package}\n")


def carry_out(kind: str, text: str, folder: Path, site: Path) -> None:
    """Run a block; `pip install` is done by hand."""
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (site, folder / "baskets-twin", ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TWINKIT_CACHE": str(folder / ".cache"),
    }
    if kind == "python":
        commands = [[sys.executable, "-W", "error", "-c", text]]
    else:
        commands = [command_of(line, folder, site) for line in text.splitlines() if line]
    for command in filter(None, commands):
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def command_of(line: str, folder: Path, site: Path) -> list[str]:
    """A line of a shell block as a command; empty when it is done already."""
    word, *rest = line.split()
    if word == "pip":
        install(site, folder / rest[-1])
        return []
    modules = {"twin": "twinkit.cli.twin", "pytest": "pytest"}
    extra = ["-p", "no:cacheprovider"] if word == "pytest" else []
    return [sys.executable, "-m", modules[word], *rest, *extra] if word in modules else [word, *rest]


def test_the_tutorial(tmp_path: Path) -> None:
    shutil.copy(ROOT / "docs" / "tutorial" / "baskets.json", tmp_path)
    site = tmp_path / ".site"
    done = 0
    for kind, place, text in BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")):
        if place:
            file = tmp_path / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        else:
            carry_out(kind, text, tmp_path, site)
        done += 1
    assert done >= 14
